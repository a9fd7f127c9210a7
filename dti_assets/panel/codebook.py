"""The codebook of the panel, in Markdown and HTML, from the declarations and the coverage.

Belongs here: text made from `variables`, `tables` and a coverage table. Does not belong here:
any definition of its own, writing of data files (export).
"""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

from dti_assets.panel.official import membership_sources, series_breaks
from dti_assets.panel.series import catalogue
from dti_assets.panel.tables import panel_table
from dti_assets.panel.variables import Variable, variables
from dti_assets.units.levels import Level

if TYPE_CHECKING:
    import pandas as pd

TITLE = "Codebook of the panel"
_VARIABLES = ("variable", "label", "unit", "definition", "formula", "rules", "source", "coverage")
_SERIES = ("series", "label", "Chinese name", "unit", "shipped from")
_BREAKS = ("series", "year", "kind", "what", "evidence", "status")


def codebook_rows(coverage: pd.DataFrame | None = None, *, level: Level) -> list[dict[str, str]]:
    """One row per variable: name, label, unit, definition, formula, rules, source, coverage.

    `coverage` is table panel_coverage; without it the last two columns say what is declared only.
    """
    covered: dict[str, Any] = {}
    if coverage is not None:
        covered = {str(row["variable"]): row for row in coverage.to_dict("records")}
    rows = []
    for one in variables(level):
        found = covered.get(one.name, {})
        rows.append(
            {
                "variable": one.name,
                "label": one.label,
                "unit": one.unit,
                "definition": f"{one.definition}. {one.remark}".strip(),
                "formula": one.formula or declared_source(one, level),
                "rules": panel_table(level)[one.name].rule,
                "source": _text(found.get("sources")) or declared_source(one, level),
                "coverage": _coverage(found),
            }
        )
    return rows


def declared_source(one: Variable, level: Level) -> str:
    """Where a variable comes from by its declaration."""
    if one.origin == "membership":
        return membership_sources(level).get(one.name, "")
    if one.origin == "series":
        return "; ".join(f"{n}: {catalogue()[n].shipped_from(level) or 'user'}" for n in one.series)
    return f"table {one.origin}"


def codebook_markdown(
    coverage: pd.DataFrame | None = None, log_of_zero: str = "drop", *, level: Level
) -> str:
    """The codebook as one Markdown page."""
    out = [f"# {TITLE}", "", _preface(log_of_zero, level), ""]
    for heading, names, rows in _sections(coverage, level):
        out += [f"## {heading}", "", _markdown_row(names), _markdown_row(["---"] * len(names))]
        out += [_markdown_row([row[name] for name in names]) for row in rows]
        out.append("")
    return "\n".join(out)


def codebook_html(
    coverage: pd.DataFrame | None = None, log_of_zero: str = "drop", *, level: Level
) -> str:
    """The codebook as one self-contained HTML page."""
    body = [f"<h1>{TITLE}</h1>", f"<p>{html.escape(_preface(log_of_zero, level))}</p>"]
    for heading, names, rows in _sections(coverage, level):
        head = "".join(f'<th scope="col">{html.escape(name)}</th>' for name in names)
        lines = [
            "<tr>" + "".join(f"<td>{html.escape(row[name])}</td>" for name in names) + "</tr>"
            for row in rows
        ]
        body.append(
            f"<h2>{heading}</h2>\n<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n"
            + "\n".join(lines)
            + "\n</tbody>\n</table>"
        )
    style = (
        "body{font-family:system-ui,sans-serif;margin:2rem;line-height:1.4}"
        "table{border-collapse:collapse;font-size:.9rem}"
        "th,td{border:1px solid #ccc;padding:.3rem .5rem;text-align:left;vertical-align:top}"
    )
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f"<title>{TITLE}</title>\n<style>{style}</style>\n</head>\n<body>\n"
        + "\n".join(body)
        + "\n</body>\n</html>\n"
    )


def _sections(
    coverage: pd.DataFrame | None, level: Level
) -> list[tuple[str, tuple[str, ...], list[Any]]]:
    series = [
        {
            "series": one.name,
            "label": one.label,
            "Chinese name": one.label_zh,
            "unit": str(one.unit),
            "shipped from": one.shipped_from(level) or "not shipped: " + one.supply(level),
        }
        for one in catalogue().values()
    ]
    sections: list[tuple[str, tuple[str, ...], list[Any]]] = [
        ("Variables", _VARIABLES, codebook_rows(coverage, level=level)),
        ("Series", _SERIES, series),
    ]
    breaks = series_breaks(level)
    return [*sections, ("Known breaks", _BREAKS, breaks)] if breaks else sections


def _preface(log_of_zero: str, level: Level) -> str:
    table = panel_table(level)
    return (
        f"{table.row}, key {' and '.join(table.key)}; money in 10k CNY before the logarithm; "
        f"logarithm of zero: {log_of_zero}. A missing value is empty, and the column reason says "
        "why. RD is the paper's R&D."
    )


def _coverage(found: dict[str, Any]) -> str:
    if not found:
        return ""
    years = f" ({found['years']})" if _text(found["years"]) else ""
    return f"{found['state']}: {found['cells']} of {found['of']}{years}"


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _markdown_row(cells: Any) -> str:
    return "| " + " | ".join(str(c).replace("|", "\\|").replace("\n", " ") for c in cells) + " |"
