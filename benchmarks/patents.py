"""How fast patents are classified, as ratios within one run, and what memory it takes.

    python benchmarks/patents.py [--rows 2000000] [--large 8000000] [--folder DIR]

On generated rows (title and abstract of about 210 characters, 15 % digital), every measurement
in a process of its own with the same number of threads:

    decode      read the Parquet file, nothing else
    baseline    read, NFKC of title and abstract, one polars contains_any over all terms
    classify    read and classify (dti_assets.patents.classify)
    python re   the same rule with Python's re, on a part of the rows, one core
    extract     classify_extract and combine: places, dates, storing and counting included

The bar: classify <= 2 x baseline, >= 30 x as fast as python re, peak memory of the large file
<= 1.2 x that of the small one and < 1.5 GB. What was tried is in docs/patents.md.
"""

from __future__ import annotations

import argparse
import importlib
import json
import resource
import subprocess
import sys
import tempfile
import time
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
SLICE = 50_000
RE_ROWS = 20_000
TITLE, ABSTRACT = "名称", "摘要"


def slices(path: Path) -> Iterator[Any]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    with pq.ParquetFile(path, pre_buffer=False, buffer_size=1 << 20) as file:
        for batch in file.iter_batches(SLICE, columns=[TITLE, ABSTRACT]):
            yield pa.table([batch[TITLE], batch[ABSTRACT]], names=["title", "abstract"])


def over(path: Path, function: Callable[[Any], int], workers: int) -> int:
    from dti_assets.patents.extract import threads

    jobs = enumerate(slices(path))
    return sum(found for _, found in threads(workers)(jobs, function))


def terms() -> Any:
    from dti_assets.patents.terms import load_terms

    return load_terms(ROOT / "dictionaries")


def decode(path: Path, workers: int) -> int:
    return over(path, lambda table: table.num_rows, workers)


def baseline(path: Path, workers: int) -> int:
    import polars as pl

    every = sorted({t for ts in terms().terms.values() for t in ts}, key=lambda t: (-len(t), t))

    def one(table: Any) -> int:
        text = pl.concat_str(["title", "abstract"], separator="\x1f", ignore_nulls=True)
        found = text.str.normalize("NFKC").str.contains_any(every, ascii_case_insensitive=True)
        return int(pl.from_arrow(table).select(found.sum()).item())

    return over(path, one, workers)


def classify(path: Path, workers: int) -> int:
    import pyarrow.compute as pc

    from dti_assets.patents.classify import classify as run

    dictionary = terms()
    return over(path, lambda t: pc.sum(run(t, dictionary)["digital"]).as_py() or 0, workers)


def python_re(path: Path, workers: int) -> int:
    from dti_assets.patents.classify import lookaround

    dictionary = terms()
    patterns = [
        [lookaround(term) for term in dictionary.terms[technology]]
        for technology in dictionary.terms
    ]
    table = next(slices(path)).slice(0, RE_ROWS)
    digital = 0
    rows = zip(table["title"].to_pylist(), table["abstract"].to_pylist(), strict=True)
    for title, abstract in rows:
        text = unicodedata.normalize("NFKC", f"{title}\x1f{abstract}")
        # every technology is looked for, whatever the others matched
        flags = [any(p.search(text) for p in of_one) for of_one in patterns]
        digital += any(flags)
    return digital


def extract(path: Path, workers: int) -> int:
    from dti_assets.patents.combine import combine
    from dti_assets.patents.counting import count_patents
    from dti_assets.patents.extract import classify_extract, threads
    from dti_assets.units.lists import shipped_units

    units = shipped_units("provinces")
    with tempfile.TemporaryDirectory(dir=path.parent) as work:
        found = classify_extract(path, terms(), Path(work), engine=threads(workers), units=units)
        patents = combine(found, Path(work) / "patents.parquet", level=units.level)
        return int(count_patents(patents, units=units)["applications"].sum())


MEASURES = {f.__name__: f for f in (decode, baseline, classify, python_re, extract)}


def measure(name: str, path: Path, workers: int) -> dict[str, float]:
    """Seconds, result and peak memory (MB) of one measurement in a process of its own."""
    command = [sys.executable, __file__, "--one", name, "--folder", str(path)]
    command += ["--workers", str(workers)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
    return json.loads(done.stdout.splitlines()[-1])


def one(name: str, path: Path, workers: int) -> None:
    # imports are not what is measured
    importlib.import_module("dti_assets.patents.classify")
    start = time.perf_counter()
    found = MEASURES[name](path, workers)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "found": found, "megabytes": peak}))


def generate(folder: Path, rows: int) -> Path:
    from dti_assets.simulation.patents import write_patents
    from dti_assets.units.lists import shipped_units

    path = folder / f"patents-{rows}.parquet"
    if not path.exists():
        write_patents(path, rows, seed=1, labels=False, units=shipped_units("provinces"))
    return path


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--large", type=int, default=8_000_000, help="0: no memory comparison")
    parser.add_argument("--folder", type=Path, help="where generated files are kept")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--one", choices=MEASURES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        one(options.one, options.folder, options.workers)
        return 0
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        return report(folder, options.rows, options.large, options.workers)


def report(folder: Path, rows: int, large: int, workers: int) -> int:
    small = generate(folder, rows)
    results = {name: measure(name, small, workers) for name in MEASURES}
    re_rows = min(RE_ROWS, rows)
    speed = {
        name: (re_rows if name == "python_re" else rows) / result["seconds"]
        for name, result in results.items()
    }
    print(f"{rows} rows, {workers} threads")
    for name, result in results.items():
        print(
            f"  {name:10} {result['seconds']:8.2f} s {speed[name] / 1000:8.1f} thousand rows/s "
            f"{result['megabytes']:7.0f} MB peak"
        )
    to_baseline = results["classify"]["seconds"] / results["baseline"]["seconds"]
    to_re = speed["classify"] / speed["python_re"]
    passed = [to_baseline <= 2, to_re >= 30]
    print(f"classify / baseline     {to_baseline:6.2f}  (bar: at most 2)")
    to_decode = results["classify"]["seconds"] / results["decode"]["seconds"]
    print(f"classify / decode       {to_decode:6.2f}")
    print(f"speed over python re    {to_re:6.1f}  (bar: at least 30)")
    if large:
        big = generate(folder, large)
        for name in ("classify", "extract"):
            peak = measure(name, big, workers)["megabytes"]
            ratio = peak / results[name]["megabytes"]
            passed += [ratio <= 1.2, peak < 1500]
            print(
                f"peak memory, {name:9} {peak:7.0f} MB at {large} rows, {ratio:.2f} times that at "
                f"{rows}  (bar: at most 1.2, under 1500 MB)"
            )
    print("bar met" if all(passed) else "bar NOT met")
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
