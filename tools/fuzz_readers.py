"""Read mutated copies of real files for a while, and list what a reader got wrong.

    python tools/fuzz_readers.py SHARED [--minutes 30] [--seed 0]

SHARED is the folder of real reports, figures and patents. A file is at fault where a reader
raises anything but its own sentence, goes beyond its limits, or where a report of a format that
protects its text (DOCX, PDF) ends as `ok`, without a word, with another count of keywords. In
plain text a changed character is another text: there such counts are listed apart.
"""

from __future__ import annotations

import argparse
import importlib
import io
import os
import random
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from dti_assets.compute.workers import Failure, Limits, run_limited
from dti_assets.errors import DtiError
from dti_assets.panel.yearbooks.figures import read_panel_folder
from dti_assets.patents.extract import classify_extract
from dti_assets.patents.terms import load_terms
from dti_assets.text.dictionary import load_dictionary
from dti_assets.text.matching import Matcher, matcher
from dti_assets.text.readers.reading import Reading, read_bytes
from dti_assets.units.lists import shipped_units

ROOT = Path(__file__).resolve().parents[1]
LIMITS = Limits(120.0, 3 * 2**30)
REPORT_FOLDERS = ("reports_raw", "reports_2023_2025", "city_reports")
# what formats trip over: magic bytes, entities, references in a circle, surrogates, huge numbers
PIECES = [
    b"%PDF-", b"PK\x03\x04", b"<html>", b"</body>", b"\x00" * 50, b"\xff\xfe", b"\xed\xa0\x80",
    b"/Kids[3 0 R]", b"endobj", b"stream", b"xref", b"9" * 30, b"-1", b"&#x110000;",
    b'<!DOCTYPE x [<!ENTITY a "aaaa">]>', b'<div id="zoom">' * 200, b"<w:p>" * 50, b'"', b"\r",
]  # fmt: skip


def mutated(chance: random.Random, content: bytes, donors: list[bytes]) -> bytes:
    """Return the content with one to eight bytes changed, pieces put in, cut out or repeated."""
    out = bytearray(content)
    for _ in range(chance.choice((1, 1, 1, 2, 8))):
        at = chance.randrange(len(out)) if out else 0
        what = chance.random()
        if what < 0.3 and out:
            out[at] = chance.randrange(256)
        elif what < 0.5:
            out[at:at] = chance.choice(PIECES)
        elif what < 0.65:
            del out[at : at + chance.randint(1, 400)]
        elif what < 0.75:
            del out[at:]
        elif what < 0.9:
            out[at:at] = out[at : at + chance.randint(1, 300)] * chance.randint(1, 20)
        else:
            other = chance.choice(donors)
            start = chance.randrange(len(other))
            out[at:at] = other[start : start + 500]
    return bytes(out)


def mutated_parts(chance: random.Random, archive: bytes, donors: list[bytes]) -> bytes:
    """Return a container whose parts are mutated or missing while the container is whole."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            part = old.read(name)
            if chance.random() < 0.95:
                new.writestr(name, mutated(chance, part, donors) if chance.random() < 0.4 else part)
    return out.getvalue()


def files(shared: Path, folders: tuple[str, ...], suffixes: tuple[str, ...]) -> list[Path]:
    """Return the files of these folders with one of these suffixes, in order of their names."""
    found = (path for folder in folders for path in (shared / folder).rglob("*"))
    return sorted(path for path in found if path.suffix.lower() in suffixes)


def report_mutants(
    paths: list[Path], chance: random.Random, until: float, kept: dict[int, tuple[Path, bytes]]
) -> Iterator[tuple[bytes]]:
    """Yield mutants of reports as arguments of `read_bytes`; `kept` takes them by number."""
    donors = [chance.choice(paths).read_bytes() for _ in range(5)]
    while time.monotonic() < until:
        path = chance.choice(paths)
        content = path.read_bytes()
        whole = zipfile.is_zipfile(path) and chance.random() < 0.3
        content = (mutated_parts if whole else mutated)(chance, content, donors)
        # a part that was changed with its checksum made right again is another document
        kept[len(kept)] = (path, b"" if whole else content)
        yield (content,)


def fuzz_reports(shared: Path, chance: random.Random, minutes: float, save: Path) -> Counter[str]:
    """Read mutated reports for some minutes; return how many ended how."""
    terms = load_dictionary(ROOT / "dictionaries" / "digital_economy_policy.csv")
    counter = matcher(terms)
    paths = files(shared, REPORT_FOLDERS, (".pdf", ".docx", ".html", ".txt"))
    paths = chance.sample(paths, min(len(paths), 150))
    known: dict[Path, int] = {}
    for number, outcome in run_limited(
        read_bytes, ((path.read_bytes(),) for path in paths), 2, LIMITS
    ):
        if isinstance(outcome, Reading) and outcome.status == "ok":
            known[paths[number]] = hits(counter, outcome)
    kept: dict[int, tuple[Path, bytes]] = {}
    ends: Counter[str] = Counter()
    until = time.monotonic() + 60 * minutes
    mutants = report_mutants(sorted(known), chance, until, kept)
    for number, outcome in run_limited(read_bytes, mutants, 2, LIMITS):
        path, content = kept[number]
        kept[number] = (path, b"")
        if isinstance(outcome, Failure):
            end = f"{outcome.kind}: {outcome.reason}"
        elif outcome.status == "ok" and hits(counter, outcome) != known[path]:
            told = "told" if outcome.reason else "untold"
            end = f"ok, another count, {told}, {path.suffix}"
        else:
            end = outcome.status
        ends[f"report: {end}"] += 1
        protected = content and path.suffix in (".docx", ".pdf")
        if isinstance(outcome, Failure) or (protected and "untold" in end):
            (save / f"{number}_{path.name}").write_bytes(content)
    return ends


def hits(counter: Matcher, reading: Reading) -> int:
    """Return the number of keyword hits in the text of a report."""
    return sum(sum(counter.longest(paragraph).values()) for paragraph in reading.paragraphs)


def read_figures(folder: Path) -> None:
    """Read a folder of figures."""
    read_panel_folder(folder, (2009, 2022), units=shipped_units("provinces"))


def read_patents(folder: Path) -> None:
    """Read and classify a folder of patents."""
    terms = load_terms(ROOT / "dictionaries")
    classify_extract(folder, terms, folder / "work", units=shipped_units("provinces"))


def read_mutant(name: str, suffix: str, content: bytes) -> str:
    """Read one mutated file of `figures` or `patents` and return how it ended."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / f"mutant{suffix}").write_bytes(content)
        try:
            (read_figures if name == "figures" else read_patents)(Path(folder))
        except DtiError as error:
            return "refused" if folder in str(error) or "mutant" in str(error) else str(error)
    return "read"


def fuzz_tables(
    name: str, paths: list[Path], chance: random.Random, minutes: float, save: Path
) -> Counter[str]:
    """Read mutated tables for some minutes; return how many ended how."""
    donors = [chance.choice(paths).read_bytes() for _ in range(5)]
    until = time.monotonic() + 60 * minutes
    kept: list[tuple[Path, bytes]] = []

    def mutants() -> Iterator[tuple[str, str, bytes]]:
        while time.monotonic() < until:
            path = chance.choice(paths)
            whole = zipfile.is_zipfile(path) and chance.random() < 0.5
            content = path.read_bytes()[: 2 << 20] if not whole else path.read_bytes()
            kept.append((path, (mutated_parts if whole else mutated)(chance, content, donors)))
            yield name, path.suffix, kept[-1][1]

    ends: Counter[str] = Counter()
    # worker processes import the function from a module of this name
    os.environ["PYTHONPATH"] = str(Path(__file__).parent)
    reader = importlib.import_module("fuzz_readers").read_mutant
    for number, outcome in run_limited(reader, mutants(), 2, LIMITS):
        path, content = kept[number]
        kept[number] = (path, b"")
        end = f"{outcome.kind}: {outcome.reason}" if isinstance(outcome, Failure) else outcome
        ends[f"{name}: {end}"] += 1
        if end not in ("read", "refused"):
            (save / f"{name}_{number}{path.suffix}").write_bytes(content)
    return ends


def main() -> None:
    """Read the arguments, fuzz the readers in turn, and print how the mutants ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("shared", type=Path)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    save = Path(tempfile.mkdtemp(prefix="fuzzed"))
    sheets = (".csv", ".tsv", ".xlsx", ".xls", ".ods", ".dta")
    figures = [
        path
        for path in files(options.shared, ("official_statistics", "user_files", "cases"), sheets)
        if path.stat().st_size < 4 << 20 and "patents" not in str(path)
    ]
    patents = [path for path in files(options.shared, ("cases", "patents"), sheets)
               if "patents" in str(path)]  # fmt: skip
    ends = fuzz_reports(options.shared, chance, options.minutes / 2, save)
    ends += fuzz_tables("figures", figures, chance, options.minutes / 4, save)
    ends += fuzz_tables("patents", patents, chance, options.minutes / 4, save)
    for end, number in sorted(ends.items()):
        print(f"{number:8,} {end}")
    print(f"files at fault: {save}")


if __name__ == "__main__":
    sys.exit(main())
