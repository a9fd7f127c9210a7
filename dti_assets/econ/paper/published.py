"""What was published: ours against it, and what its printed stars imply.

Published facts are beside our numbers with same sign, same stars, difference, or why they cannot be
compared; of simulated data the known coefficients take their place. From a published 2SLS table
alone follows the range of its first-stage F: a first stage significant at 10 % but not at 5 % pins
F to a narrow range; a second stage with more stars than that is possible only if the errors are
correlated enough.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dti_assets.econ.model.weak_instruments import NORMAL_95, tf_critical_value
from dti_assets.econ.tables import FORENSICS, PAPER_COMPARISON
from dti_assets.errors import EconError, SpecificationError
from dti_assets.store.schema import records

if TYPE_CHECKING:
    import pandas as pd

_FACT_KEYS = {"fact", "table", "column", "term", "published", "where"}
_MORE_KEYS = {"sign", "stars", "value", "larger", "smaller", "statistic"}
# p-value ranges behind stars: at least, below
STARS = {"***": (0.0, 0.01), "**": (0.01, 0.05), "*": (0.05, 0.10), "": (0.10, 1.0)}
INFINITY = float("inf")
# the rows of all tables, by the table's number
Rows = Mapping[str, list[dict[str, Any]]]


def load_published(path: Path | str | None = None) -> dict[str, Any]:
    """Published facts: {"source": ..., "facts": [...], "forensics": [...]}; default: the paper's.

    Raises
    ------
    EconError for unknown or missing keys.
    """
    import yaml

    if path is None:
        path = Path(str(files("dti_assets.reference") / "published.yaml"))
    content = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    if not isinstance(content, Mapping) or not isinstance(content.get("facts"), list):
        raise EconError(f"{Path(path).name}: expected a list under facts")
    for i, fact in enumerate(content["facts"], start=1):
        name = fact.get("fact", f"number {i}")
        missing, unknown = _FACT_KEYS - set(fact), set(fact) - _FACT_KEYS - _MORE_KEYS
        if missing or unknown:
            which = f"lacks {min(missing)}" if missing else f"has an unknown key {min(unknown)}"
            raise EconError(f"{Path(path).name}: fact {name} {which}")
    return dict(content)


def load_claims(path: Path | str | None = None) -> list[dict[str, Any]]:
    """Published results for `published_forensics`: the list under `forensics` of a YAML file;
    default: the paper's.

    Raises
    ------
    EconError where the file is no such list, or an entry lacks source or stars.
    """
    import yaml

    if path is None:
        return [dict(claim) for claim in load_published()["forensics"]]
    try:
        content = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise EconError(f"{path}: no such file of published results") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        reason = str(error).splitlines()[0]
        raise EconError(f"{path}: not readable as YAML ({reason})") from error
    claims = content.get("forensics") if isinstance(content, Mapping) else None
    if not isinstance(claims, list) or not all(isinstance(claim, Mapping) for claim in claims):
        raise EconError(
            f"{path}: expected a list under forensics, each entry with source, "
            "first_stage_stars and second_stage_stars"
        )
    for i, claim in enumerate(claims, start=1):
        for key in ("source", "first_stage_stars", "second_stage_stars"):
            if key not in claim:
                raise EconError(f"{path}: entry {i} lacks {key}")
        for key in ("first_stage_stars", "second_stage_stars"):
            if str(claim[key]) not in STARS:
                raise EconError(f"{path}: entry {i}: {key} {claim[key]!r} are not '', *, ** or ***")
    return [dict(claim) for claim in claims]


def paper_comparison(
    published: Mapping[str, Any],
    estimates: pd.DataFrame,
    descriptives: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Each published fact beside our number.

    Parameters
    ----------
    published : as from `load_published`.
    estimates : all tables stacked, as declared in `tables.ESTIMATES`.
    descriptives : Table 1, as declared in `tables.DESCRIPTIVES`.

    Returns
    -------
    Frame as declared in `tables.PAPER_COMPARISON`. "agrees" means same sign, same stars and,
    where the paper prints a number, the same number at its digits. A fact about a table that
    rests on proxies, on part of the sample, or that could not be estimated is "not comparable":
    our number stands beside it, without a difference.
    """
    estimated, described = _by_table(estimates), _by_table(descriptives)
    rows = [_compare(fact, estimated, described) for fact in published["facts"]]
    return PAPER_COMPARISON.frame(rows)


def _by_table(frame: pd.DataFrame | None) -> Rows:
    found: dict[str, list[dict[str, Any]]] = {}
    for row in records(frame) if frame is not None else ():
        found.setdefault(row["table"], []).append(row)
    return found


def _compare(fact: Mapping[str, Any], estimates: Rows, descriptives: Rows) -> dict[str, Any]:
    row: dict[str, Any] = {
        "fact": fact["fact"],
        "table": str(fact["table"]),
        "column": str(fact["column"]),
        "term": fact["term"],
        "published": str(fact["published"]),
        "published_value": fact.get("value"),
        "published_sign": fact.get("sign"),
        "published_stars": _printed_stars(fact.get("stars")),
        "source": fact["where"],
        "verdict": "not comparable",
    }
    if fact.get("statistic") == "mean":
        found, name = descriptives, "variable"
    else:
        found, name = estimates, "term"
    ours = _find(found, fact, name, str(fact["column"]))
    if ours is None:
        return row | {"reason": _why_absent(found, fact)}
    statistic = str(fact.get("statistic", "estimate"))
    value = ours.get(statistic)
    if value is None or value != value:
        return row | {"reason": _text(ours.get("reason")) or "no number of ours"}
    row["estimate"] = float(value)
    row["stars"] = _text(ours.get("stars")) if statistic == "estimate" else None
    if not str(ours["label"]).startswith("Table "):
        note = _text(ours.get("note"))
        return row | {"reason": f"{ours['label']}" + (f" ({note})" if note else "")}
    judged: list[bool] = []
    if "sign" in fact:
        row["same_sign"] = (row["estimate"] > 0) == (fact["sign"] == "positive")
        judged.append(row["same_sign"])
    if "stars" in fact:
        if row["stars"] is None:
            row["reason"] = _text(ours.get("reason")) or "no valid inference, hence no stars"
            return row
        stars = row["stars"]
        row["same_stars"] = bool(stars) if fact["stars"] == "any" else stars == fact["stars"]
        judged.append(row["same_stars"])
    if fact.get("value") is not None:
        row["difference"] = row["estimate"] - float(fact["value"])
        judged.append(abs(row["difference"]) <= 0.0005)
    for relation, sign in (("larger", 1), ("smaller", -1)):
        if relation in fact:
            other = _find(found, fact, name, str(fact[relation]))
            if other is None or other["estimate"] is None:
                return row | {"reason": f"column {fact[relation]} has no estimate"}
            judged.append(sign * (row["estimate"] - float(other["estimate"])) > 0)
    row["verdict"] = "agrees" if all(judged) else "differs"
    return row


def _find(found: Rows, fact: Mapping[str, Any], name: str, column: str) -> dict[str, Any] | None:
    chosen = found.get(str(fact["table"]), [])
    if name == "term":
        chosen = [row for row in chosen if row["column"] == column]
    exact = [row for row in chosen if row[name] == fact["term"]]
    if not exact and name == "term":  # a proxy stands under its own name
        exact = [
            row
            for row in chosen
            if f"for {fact['term']}" in (row["proxies"] or "")
            and row["role"] in ("key", "endogenous")
        ]
    return exact[0] if exact else None


def _why_absent(found: Rows, fact: Mapping[str, Any]) -> str:
    if str(fact["table"]) not in found:
        return f"table {fact['table']} was not estimated"
    return f"table {fact['table']} has no {fact['term']} in column {fact['column']}"


def _printed_stars(stars: Any) -> str | None:
    if stars is None:
        return None
    return {"any": "significant", "": "not significant"}.get(str(stars), str(stars))


def _text(value: Any) -> str | None:
    return None if value is None or value != value else str(value)


def load_truth(path: Path | str) -> dict[str, float]:
    """The known coefficients by name, from the truth.json of a simulated study.

    Raises
    ------
    EconError where there is no such file, or no number under `coefficients`.
    """
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise EconError(f"{path}: no such file of known coefficients") from error
    except ValueError as error:
        raise EconError(f"{path}: not readable as JSON ({error})") from error
    stated = content.get("coefficients") if isinstance(content, Mapping) else None
    known = {
        str(name): float(value)
        for name, value in (stated.items() if isinstance(stated, Mapping) else ())
        if isinstance(value, int | float) and not isinstance(value, bool)
    }
    if not known:
        raise EconError(f"{path}: expected numbers under coefficients, as dti simulate writes")
    return known


def truth_comparison(known: Mapping[str, float], estimates: pd.DataFrame) -> pd.DataFrame:
    """Each known coefficient beside the estimates of it.

    Parameters
    ----------
    known : as from `load_truth`.
    estimates : all tables stacked, as declared in `tables.ESTIMATES`.

    Returns
    -------
    Frame as declared in `tables.PAPER_COMPARISON`, the truth in the place of what is published.
    "agrees" means that the 95 % interval of the estimate holds the truth, which one in twenty
    should not. A proxy estimates something else: "not comparable", as is what was not estimated.
    """
    rows = {(row["table"], row["column"], row["term"]): row for row in records(estimates)}
    source = files("dti_assets.reference") / "known_coefficients.csv"
    listed = csv.DictReader(source.read_text(encoding="utf-8").splitlines())
    wanted = [one for one in listed if one["coefficient"] in known]
    return PAPER_COMPARISON.frame(
        [
            _beside_truth(
                one, known[one["coefficient"]], rows.get((one["table"], one["column"], one["term"]))
            )
            for one in wanted
        ]
    )


def _beside_truth(one: dict[str, str], truth: float, ours: dict[str, Any] | None) -> dict[str, Any]:
    row: dict[str, Any] = {
        **{name: one[name] for name in ("fact", "table", "column", "term")},
        "published": f"{truth:.6g}",
        "published_value": truth,
        "published_sign": "positive" if truth > 0 else "negative" if truth < 0 else None,
        "source": f"truth of the simulation: {one['coefficient']}",
        "verdict": "not comparable",
    }
    if ours is None or ours["estimate"] is None:
        why = ours["reason"] if ours else None
        return row | {"reason": why or f"table {one['table']} has no estimate of {one['term']}"}
    row |= {"estimate": ours["estimate"], "stars": ours["stars"]}
    row |= {"difference": ours["estimate"] - truth, "same_sign": ours["estimate"] * truth > 0}
    low, high = ours["conf_low"], ours["conf_high"]
    if low is None or high is None:
        return row | {"reason": ours["reason"] or "no interval"}
    row |= {"conf_low": low, "conf_high": high}
    return row | {"verdict": "agrees" if low <= truth <= high else "differs"}


def published_forensics(claims: Iterable[Mapping[str, Any]], clusters: int | None) -> pd.DataFrame:
    """Implications of the stars of published instrumental-variable results.

    Parameters
    ----------
    claims : as from `load_claims`, one mapping per result with `source`, `first_stage_stars` and
        `second_stage_stars` ("***" 1 %, "**" 5 %, "*" 10 %, "" none), optionally `clusters` and
        `estimate`, the second-stage coefficient. One endogenous regressor, one instrument.
    clusters : clusters where a claim names none; None: normal reference distribution only.

    Returns
    -------
    Frame as declared in `tables.FORENSICS`: a row for each reference distribution a program may
    have used: normal; t(G - 1) for both stages; t(G - 1) first, normal second (Stata's habit).

    Notes
    -----
    F = t^2 of the first stage. |t| <= sqrt(F / (1 - rho^2)) whatever the truth, hence
    |rho| >= sqrt(1 - F_high / t_low^2), rho the correlation of first-stage and outcome errors as
    estimated (Lee, McCrary, Moreira and Porter 2022; Angrist and Kolesar 2024). The CRV1
    Anderson-Rubin 95 % set with the table's own variance is bounded exactly when F exceeds the
    5 % critical value, and the tF interval finite exactly when F > 3.84.
    """
    rows = []
    for claim in claims:
        source = str(claim["source"])
        first, second = str(claim["first_stage_stars"]), str(claim["second_stage_stars"])
        g = claim.get("clusters", clusters)
        references: dict[str, tuple[int | None, int | None]] = {"normal": (None, None)}
        if g is not None:
            if int(g) < 2:
                raise SpecificationError(f"{source}: clusters must be at least 2, not {g}")
            df = int(g) - 1
            references[f"t({df})"] = (df, df)
            references[f"t({df}) first stage, normal second"] = (df, None)
        for name, dfs in references.items():
            row = _implied(source, first, second, name, *dfs)
            rows.append(row | _implied_error(claim.get("estimate"), second, dfs[1]))
    return FORENSICS.frame(rows)


def _implied(
    source: str, first: str, second: str, name: str, df_first: int | None, df_second: int | None
) -> dict[str, Any]:
    least_p, below_p = STARS[first]
    f_low, f_high = _critical(below_p, df_first) ** 2, _critical(least_p, df_first) ** 2
    t_low = _critical(STARS[second][1], df_second)
    rho = 0.0
    if t_low > 0 and f_high < t_low**2:
        rho = (1 - f_high / t_low**2) ** 0.5
    bounded = _verdict(f_low, f_high, _critical(0.05, df_first) ** 2)
    finite = _verdict(f_low, f_high, NORMAL_95**2)
    words = {
        "never": "the data cannot bound the effect: the 95 % Anderson-Rubin set is unbounded",
        "always": "the 95 % Anderson-Rubin set is bounded",
        "depends": "whether the 95 % Anderson-Rubin set is bounded cannot be told from the stars",
    }
    upper = "any size" if f_high == INFINITY else f"{f_high:.2f}"
    sentence = f"F lies between {f_low:.2f} and {upper}; {words[bounded]}"
    if rho > 0:
        sentence += f"; a second stage with {second} then needs |rho| of at least {rho:.2f}"
    if finite == "depends" and f_high < INFINITY:
        times = tf_critical_value(f_high) / NORMAL_95
        sentence += f"; tF multiplies the standard error by at least {times:.1f}"
    return {
        "source": source,
        "first_stage_stars": first,
        "second_stage_stars": second,
        "distribution": name,
        "f_low": f_low,
        "f_high": f_high,
        "smallest_abs_rho": rho,
        "ar_bounded": bounded,
        "tf_finite": finite,
        "sentence": sentence + ".",
    }


def _implied_error(estimate: Any, stars: str, df: int | None) -> dict[str, float]:
    """Range of |b| / t: what coefficient and stars say about the standard error."""
    if estimate is None:
        return {}
    least_p, below_p = STARS[stars]
    low_t, high_t = _critical(below_p, df), _critical(least_p, df)
    size = abs(float(estimate))
    return {
        "estimate": float(estimate),
        "se_low": 0.0 if high_t == INFINITY else size / high_t,
        "se_high": INFINITY if low_t == 0 else size / low_t,
    }


def _critical(p: float, df: int | None) -> float:
    """|t| at which a two-sided p-value is p; infinite for p = 0."""
    from scipy import stats

    if p <= 0:
        return INFINITY
    return float(stats.norm.isf(p / 2) if df is None else stats.t.isf(p / 2, df))


def _verdict(low: float, high: float, critical: float) -> str:
    # stars put p strictly below the upper end of their range: F > low, F <= high
    if low >= critical - 1e-9:
        return "always"
    return "never" if high <= critical + 1e-9 else "depends"
