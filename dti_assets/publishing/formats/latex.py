"""A printed table as LaTeX: booktabs and graphicx, plain ASCII, any engine compiles it."""

from __future__ import annotations

import re
import unicodedata
from itertools import groupby

from dti_assets.publishing.regression_table import Cell, PrintedTable, Row
from dti_assets.publishing.typesetting import MINUS, with_minus

_WIDE = 5
# characters beside each other that would be scaled down beyond reading on an upright page
_SIDEWAYS = 120
# characters of notes that still fit on a page with their table
_LONG_NOTES = 2500
# more characters in a row that not all engines have are left to the other formats
_LONGEST_NAMED = 3
_ELSEWHERE = "[Chinese, see the other formats]"
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
    "÷": r"$\div$",
    "±": r"$\pm$",
    "·": r"$\cdot$",
    "°": r"$^{\circ}$",
    "→": r"$\to$",
    "≈": r"$\approx$",
    "≠": r"$\neq$",
    "§": r"\S{}",
    "⁄": "/",
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
_GREEK = (
    *("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa"),
    *("lambda", "mu", "nu", "xi", "omicron", "pi", "rho", "varsigma", "sigma", "tau"),
    *("upsilon", "phi", "chi", "psi", "omega"),
)
# capitals without a command of their own look like Latin ones
_SPECIAL |= {chr(0x3B1 + n): rf"$\{name}$" for n, name in enumerate(_GREEK) if name != "omicron"}
_SPECIAL |= dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΧο", "ABEZHIKMNOPTXo", strict=True))
_SPECIAL |= {
    c: rf"$\{unicodedata.name(c).split()[-1].capitalize().replace('Lamda', 'Lambda')}$"
    for c in "ΓΔΘΛΞΠΣΥΦΨΩ"
}
# T1 and textcomp are in every LaTeX; \textquotedbl needs T1
_HEAD = r"""% Needs \usepackage[T1]{fontenc}, \usepackage{booktabs,graphicx} and, where it says
% sidewaystable, \usepackage{rotating}
"""


def escape(text: str) -> str:
    """Text that LaTeX prints as it stands; line breaks and control characters become spaces.

    A character that the engines do not all have is decomposed where that leaves what they have,
    raised and lowered ones as such, and otherwise named by its code point, so that nothing fails
    to compile; of a longer run it is said that the other formats have it.
    """
    parts = []
    for is_foreign, run in groupby(map(_character, text), lambda part: part.startswith("U+")):
        named = list(run)
        parts += [_ELSEWHERE] if is_foreign and len(named) > _LONGEST_NAMED else named
    return "".join(parts)


def _character(char: str) -> str:
    if char in _SPECIAL:
        return _SPECIAL[char]
    if unicodedata.category(char) in ("Cc", "Cf", "Zl", "Zp"):
        return " "
    if char.isascii():
        return char
    known = [c for c in unicodedata.normalize("NFKD", char) if c.isascii() or c in _SPECIAL]
    plain = "".join(_SPECIAL.get(c, c) for c in known)
    form = unicodedata.decomposition(char).partition(" ")[0]
    if plain and form == "<super>":
        return rf"\textsuperscript{{{plain}}}"
    if plain and form == "<sub>":
        return f"$_{{{plain.replace('$', '')}}}$"
    if form == "<fraction>":
        # a digit before it must not join its first one
        top, _, bottom = plain.partition("/")
        return f"$^{{{top}}}/_{{{bottom}}}$"
    return plain or f"U+{ord(char):04X}"


def latex_table(table: PrintedTable) -> str:
    """The table environment, to be taken in with \\input.

    A table that is wider than the line is scaled down to it; one of many columns lies on its
    side. Notes too long for a page beside the table follow it as text that may be broken.
    """
    sideways = _characters(table) > _SIDEWAYS
    notes = [rf"\noindent {escape(with_minus(note))}\par" for note in table.notes]
    apart = sideways or sum(map(len, table.notes)) > _LONG_NOTES
    environment = "sidewaystable" if sideways else "table"
    label = f"tab:{re.sub('[^A-Za-z0-9:-]', '-', table.name)}"
    lines = [
        rf"\begin{{{environment}}}[htbp]",
        r"\centering",
        rf"\caption{{{escape(table.title)}}}\label{{{label}}}",
    ]
    if table.headings:
        lines += [*_tabular(table), r"\par\smallskip"]
    note_block = [r"\begingroup\footnotesize\raggedright", *notes, r"\endgroup"]
    if apart:
        reference = rf"\noindent Notes to Table~\ref{{{label}}}.\par"
        note_block.insert(1, reference)
    else:
        lines += note_block
    lines.append(rf"\end{{{environment}}}")
    return _HEAD + "\n".join([*lines, *(note_block if apart else [])]) + "\n"


def _characters(table: PrintedTable) -> int:
    """Characters of the widest line, were every column as wide as its widest cell."""
    if not table.headings:
        return 0
    columns = zip(*([cell.text for cell in row.cells] for row in table.rows), strict=True)
    cells = sum(max(len(part) for text in column for part in _parts(text)) for column in columns)
    return cells + 2 * table.width + max(len(row.label) for row in table.rows if row.shown)


def _tabular(table: PrintedTable) -> list[str]:
    """The tabular in a box, which is scaled only where it is too wide."""
    lines = [r"\scriptsize\setlength{\tabcolsep}{3pt}" if table.width > _WIDE else r"\small"]
    lines += [rf"\setbox0=\hbox{{\begin{{tabular}}{{l*{{{table.width}}}{{c}}}}", r"\toprule"]
    last = len(table.headings) - 1
    for place, heading in enumerate(table.headings):
        stub = table.stub if place == last else ""
        lines.append(_line([escape(stub), *map(_heading, heading)]))
    lines.append(r"\midrule")
    lines += map(_row, table.body)
    if table.footer:
        lines += [r"\midrule", *map(_row, table.footer)]
    lines += [r"\bottomrule", r"\end{tabular}}"]
    return [*lines, r"\ifdim\wd0>\linewidth\resizebox{\linewidth}{!}{\box0}\else\box0\fi"]


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
    parts = _parts(text)
    if len(parts) > 1:
        return _stacked(parts, "," if " and " not in text else " and")
    text = escape(text)
    # a bracket that opens a line would be read as the argument of the \\ before it
    text = f"{{{text}}}" if text.startswith("[") else text
    return text + (rf"\textsuperscript{{{cell.stars}}}" if cell.stars else "")


def _parts(text: str) -> list[str]:
    """The lines a long cell is broken into."""
    if len(text) > _LONG and " and " in text:
        return text.split(" and ")
    if len(text) > _LONG and text[0].isalpha() and ", " in text:
        return text.split(", ")
    return [text]


def _line(cells: list[str]) -> str:
    first = f"{{{cells[0]}}}" if cells[0][:1] in ("[", "*") else cells[0]
    return " & ".join([first, *cells[1:]]) + r" \\"
