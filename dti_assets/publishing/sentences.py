"""Influence and the permutation of the dictionary in plain words: sentences from stored tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dti_assets.store.schema import records
from dti_assets.units.levels import Level

if TYPE_CHECKING:
    import pandas as pd

_LARGE = 1.0  # standard errors
# below it a 2SLS coefficient is a ratio whose denominator may as well be zero
_WEAK = 10.0


def influence_sentences(frame: pd.DataFrame, level: Level, coefficient: str = "2SLS") -> list[str]:
    """What moves a coefficient most, one sentence per kind of unit, from table influence; the
    reason alone where there is no coefficient."""
    rows = [row for row in records(frame) if row["coefficient"] == coefficient]
    known = [row for row in rows if row["change"] is not None]
    if not known:
        reasons = {row["reason"] for row in rows if row["reason"]}
        return [f"No influence on {coefficient}: {'; '.join(sorted(reasons))}."] if reasons else []
    whole = known[0]
    found = [_headline(whole, rows)]
    for kind in ("term", "report", level.noun, "year"):
        mine = [row for row in known if row["kind"] == kind]
        moving = sorted(mine, key=lambda row: -abs(row["change"]))
        if moving and moving[0]["change"]:
            plural = level.plural if kind == level.noun else f"{kind}s"
            of = f"1 {kind}" if len(mine) == 1 else f"{len(mine)} {plural}"
            found.append(_most(kind, moving, of))
    f = whole["first_stage_f_with"]
    if coefficient == "2SLS" and f is not None and f < _WEAK:
        found.append(
            f"With a first-stage F of {plain_number(f)} this coefficient divides by a number close "
            "to zero: what a unit does is better read from the first stage and the reduced form."
        )
    lost = [row["unit"] for row in rows if row["change"] is None]
    if lost:
        found.append(f"Without {_listed(lost)} nothing is identified.")
    if whole["equation"]:
        found.append(f"The equation: {whole['equation']}.")
    return found


def _headline(whole: dict[str, Any], rows: list[dict[str, Any]]) -> str:
    """Of all units, which moves the coefficient most, and how many change its sign."""
    known = [row for row in rows if row["change"] is not None]
    top = max(known, key=lambda row: abs(row["change"]))
    flips = [row for row in known if row["estimate_without"] * row["estimate_with"] < 0]
    units = _listed([row["unit"] for row in flips])
    sign = (
        f"each of {len(flips)} units left out alone turns its sign ({units})"
        if len(flips) > 1
        else f"{units or 'no unit'} left out turns its sign"
    )
    return (
        f"The {_name(whole)} is {plain_number(whole['estimate_with'])}; it moves most without "
        f"{top['kind']} {top['unit']} (to {plain_number(top['estimate_without'])}), and {sign}."
    )


def _most(kind: str, moving: list[dict[str, Any]], of: str) -> str:
    top = moving[0]
    large = sum(abs(row["change_in_se"] or 0.0) > _LARGE for row in moving)
    how_many = {0: "none moves", 1: "1 moves"}.get(large, f"{large} move")
    f = ""
    if top["first_stage_f_without"] is not None and top["first_stage_f_with"] is not None:
        f = (
            f", the first-stage F from {plain_number(top['first_stage_f_with'])} to "
            f"{plain_number(top['first_stage_f_without'])}"
        )
    moved = f" ({top['change_in_se']:+.2f} standard errors)" if top["change_in_se"] else ""
    return (
        f"Without {kind} {top['unit']} the coefficient goes from "
        f"{plain_number(top['estimate_with'])} to {plain_number(top['estimate_without'])}"
        f"{moved}{f}; of {of} {how_many} it by more than one standard error."
    )


def permutation_sentences(frame: pd.DataFrame) -> list[str]:
    """Where the real dictionary lies among random ones, a sentence per sample, then how the draws
    were made; from table dictionary_permutation."""
    rows = records(frame)
    found = []
    for sample in dict.fromkeys(row["sample"] for row in rows):
        by_name = {row["statistic"]: row for row in rows if row["sample"] == sample}
        first, reduced = by_name.get("first_stage_f"), by_name.get("reduced_form_t")
        if first is None or first["p_value"] is None:
            reasons = {row["reason"] for row in by_name.values() if row["reason"]}
            found += [f"No random dictionaries: {'; '.join(sorted(reasons))}."] if reasons else []
            continue
        as_strong = round(first["p_value"] * (first["draws"] + 1)) - 1
        text = (
            f"On {sample} (N = {first['n_obs']}), {as_strong} of {first['draws']} random "
            f"dictionaries have a first-stage F at least the {plain_number(first['real'])} of the "
            f"real one (p = {first['p_value']:.3f}; median of the draws "
            f"{plain_number(first['draws_median'])}; as studied "
            f"{plain_number(first['as_studied'])})"
        )
        if reduced is not None and reduced["p_value"] is not None:
            text += (
                f"; the reduced form's t of {plain_number(reduced['real'])} has p = "
                f"{reduced['p_value']:.3f}"
            )
        verdict = (
            "the dictionary is stronger than other policy vocabulary of the same frequency and "
            "growth"
            if first["p_value"] <= 0.05
            else "the dictionary does no better than other policy vocabulary of the same frequency "
            "and growth"
        )
        found.append(f"{text}: {verdict}.")
        if first["equation"]:
            found.append(f"The rows: {first['equation']}.")
    told = next((row for row in rows if row.get("rule")), None)
    if told is not None:
        found.append(f"Random dictionaries: {told['rule']}; seed {told['seed']}.")
        found.append(f"Match: {told['note']}.")
    return found


def influence_in_short(frame: pd.DataFrame, coefficient: str = "2SLS") -> str:
    """The term and the report that move a coefficient most, in one line."""
    known = [
        row
        for row in records(frame)
        if row["coefficient"] == coefficient and row["change"] is not None
    ]
    parts = []
    for kind in ("term", "report"):
        mine = [row for row in known if row["kind"] == kind]
        if mine:
            top = max(mine, key=lambda row: abs(row["change"]))
            without = plain_number(top["estimate_without"])
            parts.append(f"{without} without the {kind} {top['unit']}")
    if not parts:
        return f"no {coefficient} coefficient"
    real = plain_number(known[0]["estimate_with"])
    return f"the {coefficient} coefficient is {real}; {' and '.join(parts)}, which move it most"


def permutation_in_short(frame: pd.DataFrame) -> str:
    """The p-value of the first-stage F in one line."""
    for row in records(frame):
        if row["statistic"] == "first_stage_f" and row["p_value"] is not None:
            return (
                f"first-stage F {plain_number(row['real'])}: p = {row['p_value']:.3f} among "
                f"{row['draws']} random dictionaries"
            )
    return "no random dictionaries"


def _name(row: dict[str, Any]) -> str:
    return f"{row['coefficient']} coefficient of {row['regressor']} on {row['outcome']}"


def _listed(units: list[str], shown: int = 5) -> str:
    units = list(dict.fromkeys(units))
    more = f" and {len(units) - shown} more" if len(units) > shown else ""
    return ", ".join(units[:shown]) + more


def plain_number(value: float) -> str:
    """Three significant digits below a thousand; whole numbers beyond."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


Rows = list[dict[str, Any]]
# Krippendorff's conventions, held against the lower end of the interval
_GOOD, _TENTATIVE = 0.800, 0.667
# the scope of what is said of all, by source
ALL = {"reports": "all", "patents": "digital"}
_RIGHT = {
    "reports": "of the keyword hits are digital policy",
    "patents": "of the applications classified digital are digital",
}


def audit_sentences(frame: pd.DataFrame, level: Level) -> list[str]:
    """Agreement, precision and what the correction does, sentence by sentence; of a source without
    a result why, and where none has one a single sentence that names the commands."""
    said: list[str] = []
    why: list[str] = []
    rows = records(frame)
    for source in dict.fromkeys(row["source"] for row in rows):
        mine = [row for row in rows if row["source"] == source]
        if all(row["estimate"] is None for row in mine):
            reasons = dict.fromkeys(row["reason"] for row in mine if row["reason"])
            why.append(f"{source}: {'; '.join(reasons) or 'no result'}")
            continue
        title = source.capitalize()
        found = [*_agreement(mine), *_precision(source, mine), *_correction(mine, level)]
        said += [f"{title}: {sentence}" for sentence in found]
    if why and not said:
        return [f"No audit was made ({'; '.join(why)})."]
    if any(row["part"] == "estimate" and row["change"] is not None for row in rows):
        said.append("The intervals of changes hold the uncertainty of the labels alone.")
    return said + [f"No audit was made of {one}." for one in why]


def _agreement(rows: Rows) -> list[str]:
    """Of all items; where only parts have a figure, of the worst of them."""
    alphas = [row for row in rows if row["measure"] == "alpha"]
    whole = [row for row in alphas if row["scope"] == "all"]
    parts = whole or alphas
    known = [row for row in parts if row["estimate"] is not None]
    if not known:
        reasons = dict.fromkeys(row["reason"] for row in parts if row["reason"])
        return [f"no alpha of the coders' agreement: {'; '.join(reasons)}."] if reasons else []
    worst = min(known, key=lambda row: row["estimate"])
    of = "" if whole else f" of {worst['scope']}, the lowest,"
    percent = next(
        (
            f", {100 * row['estimate']:.0f} % of the pairs of labels agree"
            for row in rows
            if row["measure"] == "percent agreement"
            and row["scope"] == worst["scope"]
            and row["estimate"] is not None
        ),
        "",
    )
    low = worst["conf_low"]
    enough = (
        "the lower end meets 0.800, the convention for conclusions"
        if low >= _GOOD
        else "the lower end is above 0.667 and below 0.800: conclusions are tentative"
        if low >= _TENTATIVE
        else "the lower end is below 0.667: the labels do not support conclusions"
    )
    return [
        f"Krippendorff's alpha{of} is {_held(worst)} on {worst['labelled']} items with two labels "
        f"or more{percent}; {enough}."
    ]


def _precision(source: str, rows: Rows) -> list[str]:
    found = []
    chosen = {row["measure"]: row for row in rows if row["scope"] == ALL[source]}
    whole = chosen.get("precision")
    if whole is not None and whole["estimate"] is not None:
        text = f"{_percent(whole)} {_RIGHT[source]} ({whole['labelled']} labelled"
        text += f", {whole['disputed']} disputed)" if whole["disputed"] else ")"
        recall = chosen.get("recall")
        if recall is not None and recall["estimate"] is not None:
            text += f"; recall is {_percent(recall)}"
        found.append(f"{text}.")
    terms = [row for row in rows if row["measure"] == "shrunk precision"]
    if len(terms) > 1:
        least = sorted(terms, key=lambda row: row["estimate"])[:3]
        named = ", ".join(f"{row['scope']} {_percent(row)}" for row in least)
        found.append(f"least precise of {len(terms)} sampled terms: {named}.")
    elif source == "reports" and not terms:
        found.append("no precision of a term.")
    return found


def _correction(rows: Rows, level: Level) -> list[str]:
    """What becomes of the variable, then of the estimates with it."""
    found = []
    changed = [row for row in rows if row["part"] == "correction" and row["change"] is not None]
    for name in dict.fromkeys(row["measure"] for row in changed):
        mine = [row for row in changed if row["measure"] == name and row["uncorrected"]]
        if mine:
            ratios = sorted(100 * row["estimate"] / row["uncorrected"] for row in mine)
            found.append(
                f"corrected {name}: {ratios[0]:.0f} to {ratios[-1]:.0f} % of what was counted, "
                f"median {ratios[len(ratios) // 2]:.0f} %, over {len(mine)} {level.noun}-years."
            )
    effects = [row for row in rows if row["part"] == "estimate"]
    for scope in dict.fromkeys(row["scope"] for row in effects):
        mine = [row for row in effects if row["scope"] == scope]
        told = [
            f"{row['measure']} {plain_number(row['estimate'])} instead of "
            f"{plain_number(row['uncorrected'])}, changed by {plain_number(row['change'])} "
            f"[{plain_number(row['change_low'])}, {plain_number(row['change_high'])}]"
            for row in mine
            if row["estimate"] is not None
        ]
        reasons = dict.fromkeys(row["reason"] for row in mine if row["reason"])
        note = f" ({mine[0]['note']})" if mine[0]["note"] else ""
        found.append(f"{scope}{note}: {'; '.join(told or reasons) or 'no estimate'}.")
    return found


def _held(row: dict[str, Any]) -> str:
    return f"{row['estimate']:.3f} [{row['conf_low']:.3f}, {row['conf_high']:.3f}]"


def _percent(row: dict[str, Any]) -> str:
    low, high = 100 * row["conf_low"], 100 * row["conf_high"]
    return f"{100 * row['estimate']:.0f} % [{low:.0f}, {high:.0f}]"
