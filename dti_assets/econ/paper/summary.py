"""An estimated table in one sentence, and as the regression table an economist expects.

Presentation for people at work; what is printed in a paper is made elsewhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dti_assets.econ.paper.resolution import ABSENT
from dti_assets.store.schema import records

if TYPE_CHECKING:
    import pandas as pd


def table_sentence(frame: pd.DataFrame) -> str:
    """Which columns ran, on what sample, with what in whose place.

    `frame` is as declared in `tables.ESTIMATES` or `tables.DESCRIPTIVES`.
    """
    rows = records(frame)
    if not rows:
        return "no column"
    label = str(rows[0]["label"])
    if "variable" in rows[0]:
        there = [row for row in rows if row["mean"] is not None]
        absent = [row["variable"] for row in rows if row["mean"] is None]
        without = f"; absent: {', '.join(absent)}" if absent else ""
        return f"{label}: {len(there)} of {len(rows)} variables{without}"
    columns = list(dict.fromkeys(row["column"] for row in rows))
    ran = {row["column"]: row for row in rows if row["estimate"] is not None}
    if not ran:
        return f"{label}: not estimated ({_why(rows)})"
    parts = [f"{label}: {len(ran)} of {len(columns)} columns"]
    sizes = sorted({row["n_obs"] for row in ran.values()})
    parts.append(f"N {sizes[0]}" if len(sizes) == 1 else f"N {sizes[0]} to {sizes[-1]}")
    for name, word in (("years", ""), ("proxies", ""), ("controls_absent", "without ")):
        values = dict.fromkeys(row[name] for row in ran.values() if row[name])
        if values:
            parts.append(word + " and ".join(values))
    return ", ".join(parts)


def _why(rows: list[dict[str, Any]]) -> str:
    """The reasons, each once; what is absent in one list."""
    absent: dict[str, None] = {}
    others: dict[str, None] = {}
    for reason in (row["reason"] for row in rows if row["reason"]):
        names = reason.removeprefix(ABSENT)
        (others if names == reason else absent).update(
            dict.fromkeys([reason] if names == reason else names.split(", "))
        )
    listed = [ABSENT + ", ".join(absent)] if absent else []
    return "; ".join([*listed, *others])


def regression_table(frame: pd.DataFrame) -> str:
    """Columns beside each other in Markdown: coefficient with stars, standard error in
    parentheses (HC1 in braces where too few clusters leave no other), wild bootstrap p-value in
    brackets; below N, clusters, effects, R2 and reasons."""
    rows = records(frame)
    columns = list(dict.fromkeys(row["column"] for row in rows))
    order = {"endogenous": 0, "key": 0, "control": 1, "constant": 2}
    ordered = sorted(rows, key=lambda row: order[row["role"]])
    terms = list(dict.fromkeys(row["term"] for row in ordered))
    cells = {(row["column"], row["term"]): row for row in rows}
    first = {name: next(row for row in rows if row["column"] == name) for name in columns}
    lines = [_line(["", *(f"({name})" for name in columns)]), "|" + " --- |" * (len(columns) + 1)]
    lines.append(_line(["outcome", *(first[name]["outcome"] for name in columns)]))
    for term in terms:
        lines.append(_line([term, *(_coefficient(cells.get((name, term))) for name in columns)]))
    for label, key in (
        ("N", "n_obs"),
        ("clusters", "n_clusters"),
        ("fixed effects", "fixed_effects"),
        ("errors", "errors"),
        ("R2", "r2"),
        ("first-stage F", "first_stage_f"),
        ("sample", "sample"),
    ):
        values = [first[name][key] for name in columns]
        if any(value is not None for value in values):
            lines.append(_line([label, *map(_text, values)]))
    ran = {row["column"] for row in rows if row["estimate"] is not None}
    reasons = [
        f"({row['column']}) {row['reason']}"
        for row in rows
        if row["reason"] and (row["estimate"] is not None or row["column"] not in ran)
    ]
    why = list(dict.fromkeys(reasons))
    label = str(rows[0]["label"]) if rows else ""
    return "\n".join([f"**{label}**", "", *lines, "", *why])


def _coefficient(row: dict[str, Any] | None) -> str:
    if row is None:
        return ""
    if row["estimate"] is None:
        return "absorbed" if str(row["reason"]).startswith("absorbed") else ""
    stars = (row["stars"] or "").replace("*", "\\*")
    text = f"{row['estimate']:.4g}{stars}"
    if row["std_error"] is not None:
        text += f" ({row['std_error']:.3g})"
    elif row["se_hc1"] is not None:
        text += f" {{{row['se_hc1']:.3g}}}"
    if row["p_wild"] is not None:
        # no p-value is 0.000
        text += " [<0.001]" if row["p_wild"] < 0.001 else f" [{row['p_wild']:.3f}]"
    return text


def _text(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"
