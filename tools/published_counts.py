"""Recount the figures that ship with the package, from a run of a study over real reports.

    python tools/published_counts.py STUDY

writes keyword_counts.csv and section_words.csv among the figures of the study's level, for example
dti_assets/reference/provinces, from the study's stored tables. To be run when the shipped
dictionary or the counting changes.
"""

import csv
import sys
from pathlib import Path

from dti_assets.pipeline.resources import Workspace
from dti_assets.study.config import load_study
from dti_assets.text.published import figures
from dti_assets.text.tables import KEYWORD_COUNTS, SECTION_WORDS

REFERENCE = Path(__file__).resolve().parents[1] / "dti_assets" / "reference"
SOURCES = Path(__file__).resolve().parents[1] / "reports_raw" / "sources.csv"


def main() -> None:
    workspace = Workspace(load_study(sys.argv[1]))
    level = workspace.level
    if level.figures is None:
        raise SystemExit(f"no figures ship for a {level.noun}")
    if not workspace.dictionary().is_shipped:
        raise SystemExit("the study's dictionary is not the shipped one")
    years = workspace.study.all_years
    keywords = workspace.store.read(workspace.tables[KEYWORD_COUNTS.name], years)
    words = workspace.store.read(workspace.tables[SECTION_WORDS.name], years)
    if set(words["origin"]) != {"text"}:
        raise SystemExit("some counts of the study are published ones themselves")
    with SOURCES.open(encoding="utf-8", newline="") as handle:
        urls = {(r[level.name], int(r["year"])): r["url"] for r in csv.DictReader(handle)}
    for name, content in figures(keywords, words, urls, level).items():
        (REFERENCE / level.figures / name).write_text(content, encoding="utf-8")
        print(f"{name}: {len(content):,} bytes")


if __name__ == "__main__":
    main()
