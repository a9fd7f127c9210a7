"""Reading and counting 430 real reports, against a loop written by hand; ratios in one run.

    python benchmarks/reports.py REPORTS_FOLDER [--tokenizer rjieba] [--rounds 1]

Baseline: pdfplumber, python-docx, tag stripping and jieba.lcut, one file after another, as a script
of an afternoon would do it. Ours: `read_folder` and `count_reports` with an empty cache (cold) and
again with nothing changed (warm). Imports are counted for neither; worker start-up is ours.
"""

import argparse
import io
import re
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from dti_assets.store.cache import Cache
from dti_assets.text.attention import CountingRules, count_reports
from dti_assets.text.dictionary import shipped_dictionary
from dti_assets.text.folder import list_reports, read_folder, report_texts
from dti_assets.units.lists import shipped_units


def baseline_text(path: Path) -> str:
    import docx
    import pdfplumber

    content = path.read_bytes()
    if path.suffix == ".pdf":
        with pdfplumber.open(io.BytesIO(content)) as pdf:
            return "".join(page.extract_text() or "" for page in pdf.pages)
    if path.suffix == ".docx":
        return "".join(p.text for p in docx.Document(io.BytesIO(content)).paragraphs)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("gb18030")
    return re.sub(r"<[^>]+>", "", text) if path.suffix == ".html" else text


def baseline(folder: Path, names: list[str]) -> int:
    import jieba

    terms = {term.term for term in shipped_dictionary().terms}
    hits = 0
    for name in names:
        hits += sum(token in terms for token in jieba.lcut(baseline_text(folder / name)))
    return hits


def ours(folder: Path, cache: Cache, tokenizer: str) -> int:
    units = shipped_units("provinces")
    read = read_folder(folder, cache, units=units)
    years = sorted({int(year) for year in read.files["year"].dropna()})
    texts = report_texts(read.files, years, folder, cache, units=units)
    rules = CountingRules(tokenizer=tokenizer)
    counts = count_reports(texts, years, shipped_dictionary(), rules, cache, units=units)
    return int(counts.keywords["hits_longest"].sum())


def timed(function: Callable[..., int], *arguments: object) -> tuple[float, int]:
    started = time.perf_counter()
    hits = function(*arguments)
    return time.perf_counter() - started, hits


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path, nargs="?", default=Path("../shared/reports_raw"))
    parser.add_argument("--tokenizer", choices=["jieba", "rjieba"], default=None)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--memory", action="store_true", help="only ours, and its peak memory")
    options = parser.parse_args()
    names = list_reports(options.folder) if options.folder.is_dir() else []
    if not names:
        print(f"no reports in {options.folder}: nothing to measure")
        return
    if options.memory:
        peak_memory(options.folder, options.tokenizer or "jieba")
        return
    # in a process of its own, and first: a child inherits the peak of the process it is born from
    subprocess.run([sys.executable, __file__, str(options.folder), "--memory"], check=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import jieba

        jieba.setLogLevel(60)
        jieba.initialize()
    for name in ("docx", "pandas", "pdfplumber"):
        import_module(name)  # paid before the clock starts

    for _ in range(options.rounds):
        hand, hand_hits = timed(baseline, options.folder, names)
        print(f"{len(names)} reports by hand: {hand:.1f} s, {hand_hits} hits")
        for tokenizer in [options.tokenizer] if options.tokenizer else ["jieba", "rjieba"]:
            with tempfile.TemporaryDirectory() as folder:
                cache = Cache(Path(folder))
                cold, hits = timed(ours, options.folder, cache, tokenizer)
                warm, again = timed(ours, options.folder, cache, tokenizer)
            assert hits == again
            print(
                f"ours with {tokenizer}: cold {cold:.1f} s ({hand / cold:.1f} times as fast), "
                f"unchanged {warm:.2f} s ({cold / warm:.1f} times as fast as cold), {hits} hits"
            )


def peak_memory(folder: Path, tokenizer: str) -> None:
    with tempfile.TemporaryDirectory() as cache:
        ours(folder, Cache(Path(cache)), tokenizer)
    this, workers = (
        resource.getrusage(who).ru_maxrss / 1024
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    print(f"peak memory: this process {this:.0f} MiB, the largest worker {workers:.0f} MiB")


if __name__ == "__main__":
    main()
