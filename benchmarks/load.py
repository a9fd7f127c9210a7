"""Ten times the input: time in proportion to it, and memory that stays.

    python benchmarks/load.py [--full] [--reports-only | --patents-only] [--folder DIR]

Baseline: the same work on a tenth of the input, in the same run. Reports: ten simulated studies
of 31 provinces in one folder against one of them, read with an empty cache, then counted and
stored year by year, a year of one study at a time, as `dti run` does (the ten contradict each
other; each is counted all the same).
Patents: a simulated extract classified, put together, counted and checked, with two threads. Each
measurement is a process of its own. Time ratio: seconds of all processors, workers included, over
seconds of the baseline, over the ratio of inputs; processor time is what the work takes whatever
else the machine does (wall-clock seconds stand beside it). Memory ratio: peak resident memory of
the driving process, and of its largest worker, over the baseline's.

The bar: time ratio <= 1.15, memory ratio <= 1.2. Sizes: 124 and 1,240 reports, 0.2 and 2 million
patents; with --full 434 and 4,340 reports, 1 and 10 million patents (0.6 GB of files).
"""

from __future__ import annotations

import argparse
import contextlib
import json
import re
import resource
import subprocess
import sys
import tempfile
import threading
import time
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TIMES = 10
TIME_BAR, MEMORY_BAR = 1.15, 1.2
LAST = 2022


def write_study(folder: Path, years: int, seed: int) -> None:
    from dti_assets.simulation.report_files import write_reports
    from dti_assets.text.dictionary import shipped_dictionary
    from dti_assets.units.lists import shipped_units

    units = shipped_units("provinces")
    if not folder.exists():
        making = folder.with_name(f"{folder.name}.part")
        making.mkdir(parents=True)
        span = (LAST - years + 1, LAST)
        write_reports(making, shipped_dictionary(), span, seed, units=units, n_units=len(units))
        making.rename(folder)


def reports(source: Path, work: Path) -> int:
    """Read, count and store every report below `source`; how many were counted."""
    from dti_assets.compute.engines import LocalWorkers
    from dti_assets.store.cache import Cache
    from dti_assets.store.parquet import Store
    from dti_assets.text import tables
    from dti_assets.text.attention import CountingRules, count_reports, policy_attention
    from dti_assets.text.dictionary import shipped_dictionary
    from dti_assets.text.folder import read_folder, report_texts
    from dti_assets.units.lists import shipped_units

    cache, rules = Cache(work / "cache"), CountingRules()
    units = shipped_units("provinces")
    level = units.level
    dictionary = shipped_dictionary()
    counted = 0
    with LocalWorkers() as engine:
        files = read_folder(source, cache, engine=engine, units=units).files
        Store(str(work)).write(level.table(tables.REPORT_FILES), files)
        # ten reports of one province and year are a conflict; here all are to be counted
        files["status"] = files["status"].replace("conflict", "ok")
        study = files["path"].str.extract(r"^(\d/)?", expand=False).fillna("")
        for (name, year), part in files.groupby([study, "year"]):
            store = Store(str(work / "studies" / name))
            texts = report_texts(part, [int(year)], source, cache, units=units)
            store.write(level.table(tables.REPORT_TEXTS), texts, [int(year)])
            counts = count_reports(
                texts, [int(year)], dictionary, rules, cache, engine=engine, units=units
            )
            store.write(level.table(tables.KEYWORD_COUNTS), counts.keywords, [int(year)])
            store.write(level.table(tables.SECTION_WORDS), counts.words, [int(year)])
            policy_attention(
                counts.keywords, counts.words, [int(year)], dictionary, rules, units=units
            )
            counted += counts.counted
    return counted


def patents(source: Path, work: Path) -> int:
    """Classify, put together, count and check an extract; how many applications it has."""
    from dti_assets.patents.checks import broken_records
    from dti_assets.patents.extract import threads
    from dti_assets.patents.folder import read_patent_folder
    from dti_assets.patents.terms import load_terms
    from dti_assets.units.lists import shipped_units

    units = shipped_units("provinces")
    terms = load_terms(ROOT / "dictionaries")
    found = read_patent_folder(source, terms, work, engine=threads(2), units=units)
    assert found.patents is not None and broken_records(found.patents.path, level=units.level) == []
    return found.patents.applications


WORK = {"reports": reports, "patents": patents}


def one(name: str, source: Path) -> None:
    """Do the work once and print what it cost, as JSON."""
    # imports are not what is measured
    for module in ("pandas", "polars", "pandera.pandas", "dti_assets.patents.classify"):
        import_module(module)
    whom = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)

    def processors() -> float:
        return sum(u.ru_utime + u.ru_stime for u in map(resource.getrusage, whom))

    peaks = [0.0]
    threading.Thread(target=watch_children, args=(peaks,), daemon=True).start()
    wall, busy = time.perf_counter(), processors()
    with tempfile.TemporaryDirectory(dir=source.parent) as work:
        found = WORK[name](source, Path(work))
    seconds = {"wall": time.perf_counter() - wall, "processors": processors() - busy}
    driver = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"found": found, "driver": driver, "worker": max(peaks), **seconds}))


def watch_children(peaks: list[float]) -> None:
    """Note the peak memory in MB of the largest child so far, for ever. What the system says of
    children at their end would count the memory of this process, of which they are born."""
    while True:
        for listed in Path("/proc/self/task").glob("*/children"):
            # a thread or a child may be gone meanwhile
            with contextlib.suppress(OSError):
                for child in listed.read_text().split():
                    status = Path(f"/proc/{child}/status").read_text()
                    command = Path(f"/proc/{child}/cmdline").read_bytes()
                    found = re.search(r"VmHWM:\s+(\d+) kB", status)
                    if found and b"worker_main" in command:
                        peaks[0] = max(peaks[0], int(found[1]) / 1024)
        time.sleep(0.2)


def measure(name: str, source: Path) -> dict[str, float]:
    command = [sys.executable, __file__, "--one", name, "--source", str(source)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    return json.loads(done.stdout.splitlines()[-1])


def compare(name: str, small: Path, large: Path) -> bool:
    """Measure both and print the ratios; whether the bar is met."""
    base, ten = measure(name, small), measure(name, large)
    for cost in (base, ten):
        worker = f", largest worker {cost['worker']:.0f} MB" if name == "reports" else ""
        print(
            f"  {cost['found']:>10,} {name}: {cost['wall']:6.1f} s, processors "
            f"{cost['processors']:6.1f} s; driver {cost['driver']:.0f} MB{worker}",
            flush=True,
        )
    more = ten["found"] / base["found"]
    slower = ten["processors"] / base["processors"] / more
    wall = ten["wall"] / base["wall"] / more
    # patents are classified in threads
    who = ("driver", "worker") if name == "reports" else ("driver",)
    larger = {process: ten[process] / base[process] for process in who}
    print(f"  time ratio {slower:.2f} (wall clock {wall:.2f}; bar: at most {TIME_BAR})")
    for process, ratio in larger.items():
        print(f"  memory ratio, {process} {ratio:.2f} (bar: at most {MEMORY_BAR})", flush=True)
    return slower <= TIME_BAR and max(larger.values()) <= MEMORY_BAR


def report_load(folder: Path, years: int) -> bool:
    whole = folder / f"reports-{years}"
    for seed in range(TIMES):
        write_study(whole / str(seed), years, seed)
    return compare("reports", whole / "0", whole)


def patent_load(folder: Path, rows: int) -> bool:
    from dti_assets.simulation.patents import write_patents
    from dti_assets.units.lists import shipped_units

    units = shipped_units("provinces")
    sources = []
    for size in (rows, rows * TIMES):
        source = folder / f"patents-{size}" / "patents.parquet"
        if not source.exists():
            source.parent.mkdir(parents=True, exist_ok=True)
            write_patents(source, size, seed=1, labels=False, units=units)
        sources.append(source.parent)
    return compare("patents", *sources)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--full", action="store_true", help="434 to 4,340; 1 to 10 million")
    parser.add_argument("--reports-only", action="store_true")
    parser.add_argument("--patents-only", action="store_true")
    parser.add_argument("--folder", type=Path, help="where generated files are kept")
    parser.add_argument("--one", choices=WORK, help=argparse.SUPPRESS)
    parser.add_argument("--source", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        one(options.one, options.source)
        return 0
    passed = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        if not options.patents_only:
            passed.append(report_load(folder, 14 if options.full else 4))
        if not options.reports_only:
            passed.append(patent_load(folder, 1_000_000 if options.full else 200_000))
    print("bar met" if all(passed) else "bar NOT met")
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
