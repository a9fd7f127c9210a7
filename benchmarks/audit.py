"""The measurement audit against what it rests on; and what the evidence on the instrument costs.

    python benchmarks/audit.py [--n 200] [--slice 10]

On the study that ships, with 430 invented reports that hold the published hits, 20,000 characters
each, and two coders who say no to every fifth item. Ratios are of one run:

    drawing     occurrences found, sampled, blinded, written; baseline: str.count of every term
    reading     labels of both sheets read and checked; baseline: openpyxl reads the same cells
    correcting  the first 2SLS column under 200 draws of the labels, with and without the hub's
                province; baseline: `estimate` and its first stage for a slice of the draws

The bar: influence, random dictionaries and the labelled audit take at most 60 s together inside a
run (`dti run --select`, upstream made). Exit code 1 above it, or where correcting is less than 20
times as fast as estimating again.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from dti_assets.audit.report_results import DRAWS, ReportAudit
from dti_assets.audit.report_sample import QUESTION, sample_reports
from dti_assets.audit.sheets import read_sheets
from dti_assets.audit.tables import REPORT_KEY
from dti_assets.cli.new import new_study
from dti_assets.pipeline import audits as auditing
from dti_assets.pipeline.execution.run import run
from dti_assets.pipeline.resources import Workspace
from dti_assets.study.config import load_study
from dti_assets.text.concordance import counted_occurrences
from dti_assets.units.levels import Level

LIMIT_SECONDS, LIMIT_RATIO = 60.0, 20.0
CHARACTERS = 20_000
EVIDENCE = {
    "influence": "influence",
    "random dictionaries": "dictionary_permutation,dictionary_permutation_draws",
    "audit": "measurement_audit",
}


def seconds(work: Callable[[], Any]) -> tuple[float, Any]:
    started = time.perf_counter()
    result = work()
    return time.perf_counter() - started, result


def invented_texts(counts: pd.DataFrame, candidates: list[str], level: Level) -> pd.DataFrame:
    """Reports in which every term stands as often as it was counted, among other policy words."""
    rng = np.random.default_rng(0)
    rows = []
    for (code, name, year), part in counts.groupby([*level.keys, "year"]):
        words = list(part["term"].repeat(part["hits_longest"]))
        words += list(rng.choice(candidates, CHARACTERS // 5))
        rng.shuffle(words)
        lines = ["，".join(words[at : at + 40]) + "。" for at in range(0, len(words), 40)]
        path = f"{name}{year}.txt"
        rows.append((path, code, name, year, "\n".join(lines)))
    return pd.DataFrame(rows, columns=["path", *level.keys, "year", "text"])


def label(folder: Path) -> None:
    """Two coders: every fifth item is none."""
    import openpyxl

    for path in sorted(folder.glob("*.xlsx")):
        book = openpyxl.load_workbook(path)
        page = book["items"]
        column = [cell.value for cell in page[1]].index(QUESTION)
        for row in page.iter_rows(min_row=2):
            row[column].value = int(int(str(row[0].value)[1:], 16) % 5 > 0)
        book.save(path)


def cells(folder: Path) -> int:
    import openpyxl

    read = 0
    for path in sorted(folder.glob("*.xlsx")):
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        read += sum(len(line) for line in book["items"].iter_rows(values_only=True))
        book.close()
    return read


def estimated_again(workspace: Workspace, stored: dict[str, Any], drawn: Any, slice_: int) -> float:
    """Seconds of `estimate` and its first stage for one draw of the instrument."""
    from dti_assets.econ import estimate
    from dti_assets.econ.paper.resolution import resolve
    from dti_assets.econ.paper.specifications import first_two_stage_column
    from dti_assets.pipeline.estimate_inputs import table_options
    from dti_assets.study.specifications import INSTRUMENT, shipped_tables

    table, column = first_two_stage_column(shipped_tables(workspace.level).values(), INSTRUMENT)
    options = table_options(workspace, stored["frozen_instrument"])
    keys = list(workspace.level.when)
    panels = [
        stored["panel"]
        .drop(columns=INSTRUMENT)
        .merge(drawn.place.assign(**{INSTRUMENT: drawn.draws[:, at]}), on=keys)
        for at in range(slice_)
    ]

    def every() -> None:
        for panel in panels:
            resolved = resolve(table, column, panel, options)
            # worked out when asked for
            assert estimate(resolved.spec, resolved.frame).first_stage is not None

    every()  # imports are paid before the clock starts
    return seconds(every)[0] / slice_


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, default=200)
    parser.add_argument("--slice", type=int, default=10)
    chosen = parser.parse_args()
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as temporary:
        new_study(Path(temporary) / "study")
        study = load_study(Path(temporary) / "study" / "study.yaml")
        made = run(study, ",".join(f"+{name}" for name in ",".join(EVIDENCE.values()).split(",")))
        if not made.success:
            raise SystemExit(f"the study did not run: {made.failures}")
        workspace = Workspace(study)
        stored = {name: workspace.stored(name) for name in auditing.NEEDED}
        rules, dictionary = workspace.counting_rules(), workspace.dictionary()
        counts = stored["keyword_counts"]
        counts = counts[counts["section"].isin(rules.sections)]
        candidates = sorted(workspace.stored("candidate_counts")["term"].unique())
        texts = invented_texts(counts, candidates, workspace.level)
        folder = study.path(study.audit.reports)

        def by_hand() -> int:
            return sum(text.count(term.term) for text in texts["text"] for term in dictionary.terms)

        def drawing() -> tuple[str, pd.DataFrame]:
            found = list(counted_occurrences(texts, dictionary, rules, level=workspace.level))
            return sample_reports(found, dictionary, folder, chosen.n, 2, 1, units=workspace.units)

        hand, _ = seconds(by_hand)
        ours, (sample, key) = seconds(drawing)
        hits = int(key.drop_duplicates("stratum")["population"].sum())
        print(
            f"drawing: {len(key)} of {hits} hits in {len(texts)} reports, two sheets: {ours:.2f} s"
        )
        print(
            f"  str.count of {len(dictionary.terms)} terms: {hand:.2f} s; ratio {ours / hand:.1f}"
        )

        workspace.store.write(auditing.kept_key(REPORT_KEY, sample, level=workspace.level), key)
        label(folder)
        hand, _ = seconds(lambda: cells(folder))
        items = key["item"].tolist()
        ours, labels = seconds(lambda: read_sheets(folder, items, (QUESTION,)))
        print(f"reading: {labels.given()} labels: {ours:.2f} s")
        print(f"  openpyxl alone: {hand:.2f} s; ratio {ours / hand:.1f}")

        renamed = counts.rename(columns={"hits_longest": "hits"})
        audit = ReportAudit(labels, key, study.estimates.seed)
        drawn = audit.corrected_instrument(renamed, stored["dti_iv"], level=workspace.level)
        again = estimated_again(workspace, stored, drawn, chosen.slice)
        ours, _ = seconds(lambda: auditing.effects(workspace, drawn, stored))
        ratio = again / (ours / (2 * DRAWS))
        print(f"correcting: two columns under {DRAWS} draws: {ours:.2f} s")
        print(f"  estimating again: {again:.3f} s a draw; ratio {ratio:.0f}")

        spent = {}
        for name, selection in EVIDENCE.items():
            spent[name], outcome = seconds(lambda names=selection: run(study, names, force=True))
            if not outcome.success:
                raise SystemExit(f"{name} did not run: {outcome.failures}")
        measured = workspace.stored("measurement_audit")["estimate"].notna().sum()
    each = ", ".join(f"{name} {value:.1f} s" for name, value in spent.items())
    total = sum(spent.values())
    print(f"inside a run: {each} ({measured} rows with a number)")
    print(f"together: {total:.1f} s (limit {LIMIT_SECONDS:.0f})")
    return int(total > LIMIT_SECONDS or ratio < LIMIT_RATIO)


if __name__ == "__main__":
    sys.exit(main())
