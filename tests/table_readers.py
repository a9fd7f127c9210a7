"""Readers of printed tables, one a format, that know nothing of the code that writes them."""

import io
import math
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import docx
import lxml.html

_SIGNS = {
    "$-$": "-", "{[": "[", "]}": "]", r"\textless{}": "<", r"\{": "{", r"\}": "}",
    r"$\infty$": "∞", r"\_": "_", r"\%": "%", r"$\cup$": "∪", "R2": "R²",
}  # fmt: skip


def _latex(content: bytes) -> list[list[str]]:
    source = content.decode("ascii")
    if r"\begin{tabular}" not in source:
        return []
    tabular = source.split(r"\begin{tabular}")[1].split(r"\end{tabular}")[0]
    lines = [line[:-3] for line in tabular.splitlines() if line.endswith(r" \\")]
    plain = [re.sub(r"\\shortstack\{(.*?)\}(?= &|$)", _unstacked, line) for line in lines]
    plain = [re.sub(r"\\textsuperscript\{([*2]+)\}", r"\1", line) for line in plain]
    for sign, text in _SIGNS.items():
        plain = [line.replace(sign, text) for line in plain]
    return [[cell.strip() for cell in line.split(" & ")] for line in plain]


def _unstacked(found: re.Match[str]) -> str:
    return found[1].replace(r"\\ ", " ").replace("{", "").replace("}", "")


def _word(content: bytes) -> list[list[str]]:
    tables = docx.Document(io.BytesIO(content)).tables
    return [[_ascii(cell.text) for cell in row.cells] for row in tables[0].rows] if tables else []


def _html(content: bytes) -> list[list[str]]:
    page = lxml.html.fromstring(content)
    return [
        ["" if cell.find("span") is not None else _ascii(cell.text_content()) for cell in row]
        for row in page.xpath("//table//tr")
    ]


def _markdown(content: bytes) -> list[list[str]]:
    lines = [line for line in content.decode().splitlines() if line.startswith("|")]
    cells = [re.split(r"(?<!\\)\|", line)[1:-1] for line in lines if "---" not in line]
    return [[re.sub(r"\\(.)", r"\1", cell).strip() for cell in row] for row in cells]


def _ascii(text: str) -> str:
    return text.replace("\N{MINUS SIGN}", "-")


READERS: dict[str, Callable[[bytes], list[list[str]]]] = {
    "tex": _latex,
    "docx": _word,
    "html": _html,
    "md": _markdown,
}


def latex_engine() -> str | None:
    return shutil.which("pdflatex") or shutil.which("xelatex")


def compile_latex(engine: str, folder: Path, names: list[str]) -> str:
    """One document of the tables of these names in `folder`; the log. Fails where it fails."""
    packages = r"\usepackage[T1]{fontenc}\usepackage{booktabs,graphicx,rotating}"
    inputs = "\n".join(rf"\input{{{name}}}\clearpage" for name in names)
    body = rf"\documentclass{{article}}{packages}\begin{{document}}{inputs}\end{{document}}"
    (folder / "paper.tex").write_text(body, encoding="ascii")
    command = [engine, "-interaction=nonstopmode", "-halt-on-error", "paper.tex"]
    for _ in range(2):  # the second run knows the numbers of the tables
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stdout[-2000:]
    return done.stdout


def is_stored(text: str, value: Any) -> bool:
    """Whether a printed number is the stored one, as far as it is printed."""
    if value is None:
        return text == ""
    if text.startswith("<"):
        return 0 <= value < float(text[1:])
    shown = float(text.replace("∞", "inf"))
    if math.isinf(value) or math.isinf(shown):
        return bool(shown == value)
    digits = re.sub(r"[-+]?0*\.?0*", "", text.partition("e")[0], count=1)
    if "e" in text:
        return math.isclose(shown, value, rel_tol=0.005) and len(digits) >= 3
    decimals = len(text.partition(".")[2])
    return abs(shown - value) <= 0.5 * 10**-decimals * (1 + 1e-9)
