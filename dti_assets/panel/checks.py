"""Checks of the panel and of the figures behind it, as pure functions that return rows.

A row says check, passed, severity and message. Only a broken schema or a duplicate key is an
error; everything else warns or informs. Nothing is repaired here.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from dti_assets.panel.official import memberships, series_breaks
from dti_assets.panel.series import catalogue
from dti_assets.panel.tables import CHECKS, panel_table
from dti_assets.panel.units import convert, parse_unit
from dti_assets.units.levels import Level
from dti_assets.units.lists import Units

if TYPE_CHECKING:
    import pandas as pd

    from dti_assets.panel.build import PanelTables

_SUM_TOLERANCE = 0.02
_SHOWN = 3
Row = dict[str, Any]
# what the checks below are about, in the order a reader asks: description, for any level, and
# names of checks
TOPICS: dict[str, tuple[str, tuple[str, ...]]] = {
    "complete_grid": (
        "Every {unit} in every year, under declared names, with the published memberships.",
        ("unique keys", "balanced", "schema", "names", "memberships"),
    ),
    "plausible_values": (
        "Every figure is within what its series can be; no user's unit is off by a power of ten.",
        ("ranges", "units off by 10^k"),
    ),
    "jumps_and_breaks": (
        "No series jumps out of its own habit, or falls, in a year that is no known break.",
        ("year-on-year jumps", "unknown breaks"),
    ),
    "national_totals": (
        "The {units} sum to the nation, to 2 %.",
        ("national totals",),
    ),
    "one_source_a_series": (
        "No series joins two sources, and no official figure is displaced unasked.",
        ("mixed vintages", "official figures displaced"),
    ),
    "verified_figures": (
        "No cell rests on a figure still to be verified.",
        ("unverified figures",),
    ),
}


def findings(table: pd.DataFrame, checks: Collection[str]) -> list[str]:
    """The messages of those checks that found something, from table panel_checks."""
    chosen = table[table["check"].isin(list(checks)) & ~table["passed"].astype(bool)]
    return chosen["message"].tolist()


def left_out(skipped: pd.DataFrame) -> list[str]:
    """What of the user's files is not used though it may hold figures, from table
    figures_left_out."""
    return [row["message"] for row in check_skipped(skipped) if not row["passed"]]


def absent_variables(coverage: pd.DataFrame) -> list[str]:
    """Variables without a value, each with how to supply it, from table panel_coverage; not those
    that nobody can supply."""
    absent = coverage[(coverage["state"] == "absent") & coverage["how_to_supply"].notna()]
    pairs = zip(absent["variable"], absent["how_to_supply"], strict=True)
    return [f"{name} is absent: {how}" for name, how in pairs]


def panel_checks(
    built: PanelTables,
    totals: pd.DataFrame | None = None,
    skipped: pd.DataFrame | None = None,
    official: pd.DataFrame | None = None,
    *,
    units: Units,
) -> pd.DataFrame:
    """Every check of this module (table panel_checks).

    `totals` is table national_totals (shipped and the user's 全国 rows), `skipped` table
    figures_left_out, `official` the figures of official_figures() to hold a user's series against.
    """
    level = units.level
    levels = in_series_unit(built.figures)
    rows = [
        *check_keys(built.panel, level),
        *check_schema(built.panel, level),
        *check_memberships(built.panel, level),
        *check_names(built.panel, built.figures, units),
        *check_ranges(levels, level),
        *check_jumps(levels, level),
        *check_breaks(levels, level),
        *check_sources(built.figures, built.given_up),
        *check_unverified(built.sources),
    ]
    if totals is not None:
        rows += check_totals(levels, totals, units)
    if official is not None:
        rows += check_powers_of_ten(levels, in_series_unit(official), level)
    if skipped is not None:
        rows += check_skipped(skipped)
    return CHECKS.frame(rows)


def in_series_unit(figures: pd.DataFrame) -> pd.DataFrame:
    """Figures with a value, each in the unit of its series; money across currencies at 6.5, which
    is enough to judge sizes and jumps."""
    out = figures[figures["value"].notna()].copy()
    pairs = out[["series", "unit"]].drop_duplicates().itertuples(index=False)
    for series, unit in pairs:
        target = catalogue()[str(series)].unit
        if target.dimension != "any":
            here = (out["series"] == series) & (out["unit"] == unit)
            values = out.loc[here, "value"]
            out.loc[here, "value"] = convert(values, parse_unit(str(unit)), target, 6.5)
    return out.reset_index(drop=True)


def check_keys(panel: pd.DataFrame, level: Level) -> list[Row]:
    """One row per unit and year; every unit in every year."""
    twice = panel[panel.duplicated(list(level.when), keep=False)]
    found = [f"{r[level.name]} {r['year']}" for r in twice.to_dict("records")]
    full = panel[level.code].nunique() * panel["year"].nunique()
    balanced = len(panel) == full
    return [
        _row("unique keys", not found, "error", _listed("stands twice", found, "no key twice")),
        _row("balanced", balanced, "warning", f"{len(panel)} rows of {full} {level.noun}-years"),
    ]


def check_schema(panel: pd.DataFrame, level: Level) -> list[Row]:
    """The panel against its declaration."""
    broken = panel_table(level).violations(panel)
    return [_row("schema", not broken, "error", "; ".join(broken) or "as declared")]


def check_memberships(panel: pd.DataFrame, level: Level) -> list[Row]:
    """Counts of units by region, of BRI and of municipalities, against the shipped ones."""
    import pandas as pd

    shipped = memberships(level)
    if not shipped:
        return []
    counts = _members(panel.drop_duplicates(level.code))
    expected = _members(pd.DataFrame(shipped))
    wrong = [f"{k}: {counts.get(k, 0)}, not {n}" for k, n in expected.items() if counts.get(k) != n]
    return [_row("memberships", not wrong, "warning", "; ".join(wrong) or "as published")]


def check_names(panel: pd.DataFrame, figures: pd.DataFrame, units: Units) -> list[Row]:
    """No column, series or unit that nobody declared."""
    level = units.level
    known = {unit.name for unit in units}
    odd = [f"column {n}" for n in panel.columns if n not in panel_table(level).column_names]
    odd += [f"series {n}" for n in figures["series"].unique() if n not in catalogue()]
    strange = sorted(set(panel[level.name]) | set(figures[level.name]))
    odd += [f"{level.noun} {n}" for n in strange if n not in known]
    return [_row("names", not odd, "error", _listed("unknown", odd, "every name is declared"))]


def check_ranges(levels: pd.DataFrame, level: Level) -> list[Row]:
    """Every figure within what its series can be (plausible_min and plausible_max)."""
    found = []
    for name, part in levels.groupby("series", sort=False):
        low, high = catalogue()[str(name)].plausible(level)
        outside = part[(part["value"] < low) | (part["value"] > high)]
        found += [
            f"{name} {r[level.name]} {r['year']} = {r['value']:g}"
            for r in outside.to_dict("records")
        ]
    return [_row("ranges", not found, "warning", _listed("implausible", found, "all plausible"))]


def check_jumps(levels: pd.DataFrame, level: Level) -> list[Row]:
    """Year-on-year changes far out of the series' own habit, beside the known breaks.

    A change is out of habit where ln(x_t / x_{t-1}) lies more than ten median absolute
    deviations, and more than ln 2, from the series' median change.
    """
    known = {(b["series"], int(b["year"])) for b in series_breaks(level)}
    found, expected = [], 0
    for name, part in levels.groupby("series", sort=False):
        changes = _changes(part, level)
        if len(changes) < 10:
            continue
        centre = changes["change"].median()
        spread = (changes["change"] - centre).abs().median()
        far = (changes["change"] - centre).abs()
        out = changes[(far > 10 * spread) & (far > math.log(2))]
        for row in out.to_dict("records"):
            if (name, row["year"]) in known:
                expected += 1
            else:
                factor = math.exp(row["change"])
                found.append(f"{name} {row[level.name]} {row['year']}: x {factor:.2g}")
    message = _listed("jump", found, "no jump")
    message += f"; {expected} more in years of known breaks" if expected else ""
    return [_row("year-on-year jumps", not found, "warning", message)]


def check_breaks(levels: pd.DataFrame, level: Level) -> list[Row]:
    """Sums over units that change by more than 20 % and fall, or stand in breaks.csv."""
    known = {
        (b["series"], int(b["year"])): b["what"]
        + ("" if b["status"] == "published" else f" ({b['status']})")
        for b in series_breaks(level)
    }
    rows = []
    for name, part in levels.groupby("series", sort=False):
        if not catalogue()[str(name)].summed:
            continue
        sums = part.groupby("year")["value"].agg(["sum", "size"])
        for year in sums.index:
            if year - 1 not in sums.index or sums.loc[year, "size"] != sums.loc[year - 1, "size"]:
                continue
            change = sums.loc[year, "sum"] / sums.loc[year - 1, "sum"] - 1
            what = known.get((str(name), int(year)))
            if what:
                text = f"{name} {year}: {100 * change:+.1f} %; {what}"
                rows.append(_row("known breaks", True, "info", text))
            elif change < -0.2:
                text = f"{name} {year}: sum of {level.plural} falls by {-100 * change:.1f} %"
                rows.append(_row("unknown breaks", False, "warning", text))
    return rows


def check_sources(figures: pd.DataFrame, given_up: Mapping[str, int]) -> list[Row]:
    """Series put together from official and user's figures, and official figures displaced."""
    rows = []
    for name, part in figures[figures["value"].notna()].groupby("series", sort=False):
        if part["origin"].nunique() > 1:
            years = part.groupby("origin")["year"].agg(["min", "max"])
            spans = "; ".join(f"{o} {r['min']}-{r['max']}" for o, r in years.iterrows())
            text = f"{name} joins two sources, whose vintages may differ: {spans}"
            rows.append(_row("mixed vintages", False, "warning", text))
    for name, n in given_up.items():
        text = (
            f"{name}: the user's series replaces the official one, and {n} official figures have "
            f"no counterpart in it; panel.fill_gaps: [{name}] would keep them"
        )
        rows.append(_row("official figures displaced", False, "warning", text))
    return rows or [_row("mixed vintages", True, "warning", "every series has one source")]


def check_unverified(sources: pd.DataFrame) -> list[Row]:
    """Cells that rest on a figure marked `to be verified`."""
    found = sources[sources["status"] == "to be verified"]
    counts = [f"{v}: {n} cells" for v, n in found["variable"].value_counts(sort=False).items()]
    message = _listed("to be verified", counts, "none")
    return [_row("unverified figures", not counts, "warning", message)]


def check_totals(levels: pd.DataFrame, totals: pd.DataFrame, units: Units) -> list[Row]:
    """Sums of all units against national figures of the same unit, to 2 %.

    Shares, indices and rates are not summed, nor a year in which a unit is missing.
    """
    rows: list[Row] = []
    sums = levels.groupby(["series", "year"])["value"].agg(["sum", "size"])
    for total in totals.to_dict("records"):
        key = (total["series"], total["year"])
        series = catalogue()[total["series"]]
        unit = series.unit
        if not series.summed or key not in sums.index or sums.loc[key, "size"] != len(units):
            continue
        nation = float(convert(total["value"], parse_unit(total["unit"]), unit, 6.5))
        gap = sums.loc[key, "sum"] / nation - 1 if nation else math.inf
        text = (
            f"{key[0]} {key[1]}: {units.level.plural} sum to {sums.loc[key, 'sum']:g}, the "
            f"nation has {nation:g} {unit} ({100 * gap:+.2f} %; {total['source']})"
        )
        rows.append(_row("national totals", abs(gap) <= _SUM_TOLERANCE, "warning", text))
    return rows


def check_powers_of_ten(levels: pd.DataFrame, official: pd.DataFrame, level: Level) -> list[Row]:
    """A user's series that differs from the official one, or one of its years from the others, by
    10^k: the mark of a wrong unit."""
    rows = []
    mine = levels[levels["origin"] == "user"]
    key = ["series", *level.when]
    both = mine.merge(official, on=key, suffixes=("", "_official"))
    both = both[(both["value"] > 0) & (both["value_official"] > 0)]
    for name, part in both.groupby("series", sort=False):
        k = _power((part["value"] / part["value_official"]).map(math.log10).median())
        if k:
            text = f"{name}: the user's figures are 10^{k} times the official ones; wrong unit?"
            rows.append(_row("units off by 10^k", False, "warning", text))
    for name, part in mine.groupby("series", sort=False):
        changes = _changes(part, level)
        for year, change in changes.groupby("year")["change"].median().items():
            k = _power(change / math.log(10))
            if k:
                text = f"{name}: {year} is 10^{k} times the year before; wrong unit in one file?"
                rows.append(_row("units off by 10^k", False, "warning", text))
    return rows or [_row("units off by 10^k", True, "warning", "no series is off by a power of 10")]


def check_skipped(skipped: pd.DataFrame) -> list[Row]:
    """What of the user's files was left out, by reason."""
    rows = []
    for reason, part in skipped.groupby("reason", sort=False):
        texts = part["text"].fillna("")
        places = [f"{f} {t}".strip() for f, t in zip(part["file"], texts, strict=True)]
        text = f"{len(part)} left out, {reason}: {_some(places)}"
        harmless = "figure of" in str(reason) or reason in ("footnote", "national figure")
        rows.append(_row("left out", harmless, "info" if harmless else "warning", text))
    return rows


def _members(places: pd.DataFrame) -> dict[str, int]:
    """How many units are of each region, of BRI and municipalities."""
    counts = {str(k): int(v) for k, v in places["region"].value_counts(sort=False).items()}
    return counts | {name: int(places[name].sum()) for name in ("bri", "municipality")}


def _changes(part: pd.DataFrame, level: Level) -> pd.DataFrame:
    """ln(x_t / x_{t-1}) of positive figures of consecutive years."""
    import numpy as np

    ordered = part[part["value"] > 0].sort_values(list(level.when))
    group = ordered.groupby(level.code)
    follows = group["year"].diff() == 1
    logs = ordered.assign(change=np.log(ordered["value"].to_numpy(dtype=float)))
    logs["change"] = logs.groupby(level.code)["change"].diff()
    return logs[follows.fillna(False).astype(bool)]


def _power(exponent: float) -> int:
    """The whole power of ten a ratio stands for, 0 where it is none."""
    k = round(exponent) if math.isfinite(exponent) else 0
    return k if abs(exponent - k) < 0.15 else 0


def _listed(what: str, found: list[str], fine: str) -> str:
    return f"{what}: {_some(found)}" if found else fine


def _some(found: list[str]) -> str:
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return ", ".join(found[:_SHOWN]) + more


def _row(check: str, passed: bool, severity: str, message: str) -> Row:
    return {"check": check, "passed": bool(passed), "severity": severity, "message": message}
