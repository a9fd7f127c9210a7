"""The answers to a referee against the run whose tables they are read from.

    python benchmarks/referee.py [--draws 199] [--study STUDY.YAML]

Runs the shipped study once in a temporary folder with few draws (or takes a study that has been
run) and times each step of the appendix on its stored tables, best of three: sentences, figure,
page, Word file. The baseline is that run itself, which few draws make shorter than a usual one: the
share is an upper bound. Exit code 1 over 10 s, over a tenth of the run, or where a number's cell is
not what is stored.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path

from dti_assets.cli.new import new_study
from dti_assets.pipeline.execution.run import run
from dti_assets.pipeline.resources import Workspace
from dti_assets.publishing.figures.remedies import remedies
from dti_assets.publishing.needs import REFEREE, REMEDIES
from dti_assets.publishing.referee.answers import response_rows
from dti_assets.publishing.referee.citing import Stored
from dti_assets.publishing.referee.documents import referee_document, referee_page
from dti_assets.publishing.tables import REFEREE_RESPONSE
from dti_assets.store.schema import records
from dti_assets.study.config import load_study

LIMIT_SECONDS, LIMIT_SHARE = 10.0, 0.10


def best(work, times: int = 3) -> tuple[float, object]:
    seconds = []
    for _ in range(times):
        started = time.perf_counter()
        result = work()
        seconds.append(time.perf_counter() - started)
    return min(seconds), result


def wrong_cells(response, stored: Workspace) -> int:
    """Numbers whose stored cell, looked up by its key, holds another value."""
    wrong = 0
    for name, rows in response[response["number"] > 0].groupby("source_asset"):
        key = stored.tables[str(name)].key
        cells = {tuple(row[k] for k in key): row for row in records(stored.stored(str(name)))}
        for row in records(rows):
            cell = cells[tuple(json.loads(row["source_row"]).values())][row["source_column"]]
            wrong += cell != (row["text"] if row["value"] is None else row["value"])
    return wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=199)
    parser.add_argument("--study")
    chosen = parser.parse_args()
    for name in ("docx", "jinja2", "matplotlib.figure"):
        import_module(name)  # paid before the clock starts
    with tempfile.TemporaryDirectory() as folder:
        whole = None
        if chosen.study is None:
            new_study(Path(folder) / "study")
            study = load_study(Path(folder) / "study" / "study.yaml")
            few = {"draws": chosen.draws, "bootstrap_draws": chosen.draws}
            estimates = study.estimates.model_copy(update=few)
            study = study.model_copy(update={"estimates": estimates})
            started = time.perf_counter()
            assert run(study).success
            whole = time.perf_counter() - started
        else:
            study = load_study(Path(chosen.study))
        stored = Workspace(study)
        frames = {name: stored.stored(name) for name in (*REFEREE, *REMEDIES)}
        keys = {name: stored.tables[name].key for name in (*REFEREE, *REMEDIES)}

        seconds = {}
        seconds["sentences"], response = best(
            lambda: REFEREE_RESPONSE.frame(response_rows(Stored(frames, keys, stored.units)))
        )
        seconds["figure"], figure = best(
            lambda: remedies(stored.units, *(frames[n] for n in REMEDIES))
        )
        inputs = (study.name, study.all_years, response, figure)
        seconds["page"], page = best(lambda: referee_page(*inputs))
        seconds["Word file"], document = best(lambda: referee_document(*inputs))
        wrong = wrong_cells(response, stored)

    numbers = int((response["number"] > 0).sum())
    for step, spent in seconds.items():
        print(f"{step:10s} {spent:6.2f} s")
    total = sum(seconds.values())
    print(f"{numbers} numbers, {wrong} of them not the stored ones; page {len(page):,} characters, "
          f"Word file {len(document):,} bytes")  # fmt: skip
    print(f"together {total:.2f} s (limit {LIMIT_SECONDS:.0f})")
    slow = total > LIMIT_SECONDS
    if whole is not None:
        print(f"the run: {whole:.1f} s; share {total / whole:.3f} (limit {LIMIT_SHARE})")
        slow = slow or total > LIMIT_SHARE * whole
    return int(slow or wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
