"""A printed table as Markdown and as HTML, and the pages that are templates."""

from __future__ import annotations

import re
from html import escape
from importlib.resources import files
from typing import Any

from dti_assets.publishing.regression_table import Cell, PrintedTable, Row
from dti_assets.publishing.typesetting import with_minus

# what Markdown and the HTML inside it would read as more than itself
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#|~&])")
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font-family: "Times New Roman", Times, serif; margin: 1rem; color: #111; background: #fff }}
{style}
</style>
</head>
<body>
<main>
<h1>{title}</h1>
{table}
</main>
</body>
</html>
"""
# the three lines of a printed table; the report uses the same
STYLE = """.scroll { overflow-x: auto; max-width: 100%; position: relative }
table.printed { border-collapse: collapse; border-bottom: 2px solid; font-size: .95rem }
table.printed caption { text-align: left; font-weight: bold; padding-bottom: .4rem }
table.printed th, table.printed td { padding: .15rem .7rem; text-align: center; font-weight: normal;
  white-space: nowrap }
table.printed tbody th, table.printed tfoot th, table.printed .stub { text-align: left }
table.printed thead tr:first-child > * { border-top: 2px solid }
table.printed thead tr:last-child > *, table.printed tfoot tr:first-child > * {
  border-bottom: 1px solid }
table.printed tfoot tr:first-child > * { border-bottom: 0; border-top: 1px solid }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
  white-space: nowrap }
.notes { font-size: .88rem; max-width: 60rem }
.notes p { margin: .2rem 0; overflow-wrap: anywhere }
@media print { .scroll { overflow: visible } table.printed { font-size: 8pt }
  table.printed th, table.printed td { padding: .1rem .3rem; white-space: normal } }"""


def markdown_table(table: PrintedTable) -> str:
    """A pipe table below its title, notes after it."""
    lines = [f"**{_md(table.title)}**", ""]
    if table.headings:
        first, *more = table.headings
        lines.append(_md_line([table.stub if not more else "", *first]))
        lines.append("|:---|" + ":---:|" * table.width)
        for place, heading in enumerate(more, start=1):
            stub = table.stub if place == len(more) else ""
            lines.append(_md_line([stub, *heading]))
        for row in table.rows:
            cells = [cell.text + cell.stars for cell in row.cells]
            lines.append(_md_line([row.label if row.shown else "", *cells]))
        lines.append("")
    for note in table.notes:
        lines += [_md(note), ""]
    return "\n".join(lines[:-1]) + "\n"


def _md(text: str) -> str:
    return _MARKDOWN.sub(r"\\\1", re.sub(r"\s+", " ", text))


def _md_line(cells: list[str]) -> str:
    return "| " + " | ".join(map(_md, cells)) + " |"


def html_table(table: PrintedTable) -> str:
    """A captioned table in a box that scrolls by itself, and its notes."""
    if not table.headings:
        return f'<div class="notes">{_html_notes(table)}</div>\n'
    out = [
        f'<div class="scroll" role="region" aria-label="{escape(table.title)}" tabindex="0">',
        f'<table class="printed" id="{escape(table.name)}">',
        f"<caption>{escape(table.title)}</caption>",
        "<thead>",
    ]
    last = len(table.headings) - 1
    for place, heading in enumerate(table.headings):
        stub = f'<th scope="col" class="stub">{escape(table.stub)}</th>'
        empty = '<td class="stub"></td>'
        cells = "".join(f'<th scope="col">{escape(text)}</th>' for text in heading)
        out.append(f"<tr>{stub if place == last else empty}{cells}</tr>")
    out += ["</thead>", "<tbody>", *map(_html_row, table.body), "</tbody>"]
    if table.footer:
        out += ["<tfoot>", *map(_html_row, table.footer), "</tfoot>"]
    out += ["</table>", "</div>", f'<div class="notes">{_html_notes(table)}</div>']
    return "\n".join(out) + "\n"


def _html_notes(table: PrintedTable) -> str:
    return "".join(f"<p>{escape(with_minus(note))}</p>" for note in table.notes)


def _html_row(row: Row) -> str:
    label = escape(row.label)
    head = label if row.shown else f'<span class="unseen">{label}</span>'
    return f'<tr><th scope="row">{head}</th>{"".join(map(_html_cell, row.cells))}</tr>'


def _html_cell(cell: Cell) -> str:
    stars = f"<sup>{cell.stars}</sup>" if cell.stars else ""
    return f"<td>{escape(with_minus(cell.text))}{stars}</td>"


def html_page(table: PrintedTable) -> str:
    """The table as a page of its own."""
    return _PAGE.format(title=escape(table.title), style=STYLE, table=html_table(table))


def rendered(template: str, **values: Any) -> str:
    """Return a page of reference/report; every text in it that is not the template's own is
    escaped."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    source = files("dti_assets.reference") / "report" / template
    return environment.from_string(source.read_text(encoding="utf-8")).render(values)
