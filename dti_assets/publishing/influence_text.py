"""Influence and the permutation of the dictionary in plain words: sentences from stored tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dti_assets.tables import records

if TYPE_CHECKING:
    import pandas as pd

_KINDS = ("term", "report", "province", "year")
_LARGE = 1.0  # standard errors
# below it a 2SLS coefficient is a ratio whose denominator may as well be zero
_WEAK = 10.0


def influence_sentences(frame: pd.DataFrame, coefficient: str = "2SLS") -> list[str]:
    """What moves a coefficient most, one sentence per kind of unit, from table influence; the
    reason alone where there is no coefficient."""
    rows = [row for row in records(frame) if row["coefficient"] == coefficient]
    known = [row for row in rows if row["change"] is not None]
    if not known:
        reasons = {row["reason"] for row in rows if row["reason"]}
        return [f"No influence on {coefficient}: {'; '.join(sorted(reasons))}."] if reasons else []
    whole = known[0]
    found = [_headline(whole, rows)]
    for kind in _KINDS:
        mine = [row for row in known if row["kind"] == kind]
        moving = sorted(mine, key=lambda row: -abs(row["change"]))
        if moving and moving[0]["change"]:
            found.append(_most(kind, moving, len(mine)))
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


def _most(kind: str, moving: list[dict[str, Any]], count: int) -> str:
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
        f"{moved}{f}; of {count} {kind}{'' if count == 1 else 's'} {how_many} it by more than one "
        "standard error."
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
