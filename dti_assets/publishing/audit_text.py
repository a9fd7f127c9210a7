"""The measurement audit in plain words: sentences from table measurement_audit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dti_assets.publishing.influence_text import plain_number
from dti_assets.tables import records

if TYPE_CHECKING:
    import pandas as pd

Rows = list[dict[str, Any]]
# Krippendorff's conventions, held against the lower end of the interval
_GOOD, _TENTATIVE = 0.800, 0.667
# the scope of what is said of all, by source
ALL = {"reports": "all", "patents": "digital"}
_RIGHT = {
    "reports": "of the keyword hits are digital policy",
    "patents": "of the applications classified digital are digital",
}


def audit_sentences(frame: pd.DataFrame) -> list[str]:
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
        found = [*_agreement(mine), *_precision(source, mine), *_correction(mine)]
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


def _correction(rows: Rows) -> list[str]:
    """What becomes of the variable, then of the estimates with it."""
    found = []
    changed = [row for row in rows if row["part"] == "correction" and row["change"] is not None]
    for name in dict.fromkeys(row["measure"] for row in changed):
        mine = [row for row in changed if row["measure"] == name and row["uncorrected"]]
        if mine:
            ratios = sorted(100 * row["estimate"] / row["uncorrected"] for row in mine)
            found.append(
                f"corrected {name}: {ratios[0]:.0f} to {ratios[-1]:.0f} % of what was counted, "
                f"median {ratios[len(ratios) // 2]:.0f} %, over {len(mine)} province-years."
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
