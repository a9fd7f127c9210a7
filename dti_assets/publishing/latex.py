"""A printed table as LaTeX: booktabs and threeparttable, plain ASCII, any engine compiles it."""

from __future__ import annotations

import re
import unicodedata

from dti_assets.publishing.regression_table import Cell, PrintedTable, Row
from dti_assets.publishing.typesetting import MINUS, with_minus

_WIDE = 5
# a cell with more characters is broken into lines
_LONG = 20
_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    MINUS: "$-$",
    "∞": r"$\infty$",
    "∪": r"$\cup$",
    "²": r"\textsuperscript{2}",
    "×": r"$\times$",
    "≤": r"$\le$",
    "≥": r"$\ge$",
    "–": "--",
    "—": "---",
    "…": r"\dots{}",
    "’": "'",
    "‘": "`",
    "“": "``",
    "”": "''",
    "\N{NO-BREAK SPACE}": "~",
}
# T1 and textcomp are in every LaTeX; \textquotedbl needs T1
_HEAD = r"""% Needs \usepackage[T1]{fontenc}, \usepackage{booktabs} and \usepackage{threeparttable}
"""


def escape(text: str) -> str:
    """Text that LaTeX prints as it stands; line breaks and control characters become spaces.

    A character that the engines do not all have is decomposed where that leaves ASCII, and
    otherwise named by its code point, so that nothing is lost and nothing fails to compile.
    """
    return "".join(map(_character, text))


def _character(char: str) -> str:
    if char in _SPECIAL:
        return _SPECIAL[char]
    if unicodedata.category(char) in ("Cc", "Cf", "Zl", "Zp"):
        return " "
    if char.isascii():
        return char
    plain = "".join(c for c in unicodedata.normalize("NFKD", char) if c.isascii())
    return "".join(_SPECIAL.get(c, c) for c in plain) or f"U+{ord(char):04X}"


def latex_table(table: PrintedTable) -> str:
    """The table environment, to be taken in with \\input."""
    size = r"\scriptsize" if table.width > _WIDE else r"\small"
    lines = [
        r"\begin{table}[htbp]",
        r"\centering" + size,
        r"\begin{threeparttable}",
        rf"\caption{{{escape(table.title)}}}",
        rf"\label{{tab:{re.sub('[^A-Za-z0-9:-]', '-', table.name)}}}",
    ]
    if table.headings:
        if table.width > _WIDE:
            lines.append(r"\setlength{\tabcolsep}{3pt}")
        lines += [rf"\begin{{tabular}}{{l*{{{table.width}}}{{c}}}}", r"\toprule"]
        last = len(table.headings) - 1
        for place, heading in enumerate(table.headings):
            stub = table.stub if place == last else ""
            lines.append(_line([escape(stub), *map(_heading, heading)]))
        lines.append(r"\midrule")
        lines += map(_row, table.body)
        if table.footer:
            lines += [r"\midrule", *map(_row, table.footer)]
        lines += [r"\bottomrule", r"\end{tabular}"]
    lines.append(r"\begin{tablenotes}[flushleft]\footnotesize")
    lines += [rf"\item {{}}{escape(with_minus(note))}" for note in table.notes]
    lines += [r"\end{tablenotes}", r"\end{threeparttable}", r"\end{table}"]
    return _HEAD + "\n".join(lines) + "\n"


def _heading(text: str) -> str:
    """A long heading is broken after its commas."""
    return _stacked(text.split(", "), ",")


def _stacked(parts: list[str], end: str) -> str:
    # braces keep a bracket at the start of a line from being read as the argument of \\
    plain = [escape(part) for part in parts]
    broken = rf"{end}\\ ".join(f"{{{part}}}" for part in plain)
    return plain[0] if len(plain) == 1 else rf"\shortstack{{{broken}}}"


def _row(row: Row) -> str:
    return _line([escape(row.label if row.shown else ""), *map(_cell, row.cells)])


def _cell(cell: Cell) -> str:
    text = with_minus(cell.text)
    if len(text) > _LONG and " and " in text:
        return _stacked(text.split(" and "), " and")
    if len(text) > _LONG and text[0].isalpha() and ", " in text:
        return _heading(text)
    text = escape(text)
    # a bracket that opens a line would be read as the argument of the \\ before it
    text = f"{{{text}}}" if text.startswith("[") else text
    return text + (rf"\textsuperscript{{{cell.stars}}}" if cell.stars else "")


def _line(cells: list[str]) -> str:
    first = f"{{{cells[0]}}}" if cells[0][:1] in ("[", "*") else cells[0]
    return " & ".join([first, *cells[1:]]) + r" \\"
