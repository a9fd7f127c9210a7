"""The facts of a study for the README of its package, read from the stored tables."""

from collections.abc import Sequence
from typing import Any

from dti_assets.panel.official import membership_sources
from dti_assets.pipeline.execution.freshness import FILE_TABLES, listed_files
from dti_assets.pipeline.packages.labels import audited
from dti_assets.pipeline.resources import Workspace
from dti_assets.publishing.tables import TABLE_FILES
from dti_assets.replication.manifest import Code
from dti_assets.replication.readme import NOT_USED, Facts, Printed, Source, readme
from dti_assets.store.schema import records
from dti_assets.study.specifications import study_tables

WEAK = "weak_instrument_inference"


def package_readme(
    workspace: Workspace,
    code: Code,
    inputs: Sequence[str],
    given: Sequence[str],
    withheld: dict[str, int],
    included: Sequence[str],
) -> str:
    """The page for the study's package."""
    study = workspace.study
    return readme(
        Facts(
            study=study.title,
            study_file=study.file.name,
            outputs=study.outputs.rstrip("/").removeprefix("./"),
            years=study.years,
            noun=workspace.level.noun,
            code=code,
            sources=_sources(workspace, withheld, included),
            inputs=inputs,
            tables=_tables(workspace),
            files=[
                (path, table.name)
                for table in FILE_TABLES
                if table is not TABLE_FILES
                for path in listed_files(workspace, table)["path"]
            ],
            seeds={"estimates.seed": study.estimates.seed},
            given=given,
            withheld=withheld,
            not_reproduced=_not_reproduced(workspace),
        )
    )


def _sources(
    workspace: Workspace, withheld: dict[str, int], included: Sequence[str]
) -> list[Source]:
    study, level = workspace.study, workspace.level
    words = workspace.stored("section_words")
    origins = words.drop_duplicates(list(level.when))["origin"].value_counts()
    counted = ", ".join(f"{n} {origin}" for origin, n in sorted(origins.items()))
    registry = f"addresses in {study.inputs.reports.rstrip('/')}/sources.csv"
    found = [
        Source(
            f"Government work reports of the {level.plural}, official texts",
            f"keyword and word counts by report (origin of the counts: {counted or 'none'})",
            "counts yes, texts no" if withheld.get("reports") or not counted else "counts yes",
            registry,
        )
    ]
    found.append(_patents(workspace, withheld))
    found += _labels(workspace, included)
    rows = records(workspace.stored("series_coverage"))
    sources: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        if row["figures"]:
            origin = str(row["origin"])
            key = (str(row["source"] or "the user's panel folder"), origin)
            sources.setdefault(key, []).append(str(row["label"]))
    for (source, origin), labels in sources.items():
        provided = "yes, with dti-assets" if origin.startswith("official") else "yes"
        found.append(Source(source, "; ".join(labels), provided, "published yearly"))
    found += [
        Source(source, f"membership: {name}", "yes, with dti-assets", "public")
        for name, source in membership_sources(level=level).items()
    ]
    return found


def _patents(workspace: Workspace, withheld: dict[str, int]) -> Source:
    counts = workspace.stored("patent_counts")
    basis = ", ".join(sorted(set(counts["basis"].dropna()))) if len(counts) else ""
    if not basis:
        return Source("Patent extract", "nothing: the study has none", NOT_USED)
    noun = workspace.level.noun
    kept = "counts yes, records no" if withheld.get("patents") else "yes"
    return Source(
        "The user's patent data", f"digital patents by {noun} and year ({basis})", kept,
        "from the provider of the extract, under its licence",
    )  # fmt: skip


def _labels(workspace: Workspace, included: Sequence[str]) -> list[Source]:
    """Sheets of human coders, where a sample was drawn."""
    return [
        Source(
            f"Labels of human coders, {source}",
            f"measurement audit ({len(sheets)} sheets in {study_folder})",
            "yes" if source in included else "labels yes, what was labelled no",
            "made by the authors with dti audit",
        )
        for source, study_folder in workspace.study.audit.model_dump().items()
        if (sheets := audited(workspace.study, source))
    ]


def _tables(workspace: Workspace) -> list[Printed]:
    coverage = {row["table"]: row for row in records(workspace.stored("table_coverage"))}
    found = []
    for name, spec in study_tables(workspace.study).items():
        label = str(workspace.stored(name)["label"].iloc[0])
        row: dict[str, Any] = coverage.get(name, {})
        remark = "; ".join(str(row[k]) for k in ("note", "columns_that_cannot") if row.get(k))
        found.append(Printed(label, spec.title, name, remark))
    return [*found, Printed("", "Appendix. Weak-instrument inference", WEAK)]


def _not_reproduced(workspace: Workspace) -> list[str]:
    """What is absent and how to supply it, then what was left to chance of the sources."""
    out = []
    for row in records(workspace.stored("panel_coverage")):
        if row["state"] == "absent":
            supply = f" To supply it: {row['how_to_supply']}." if row["how_to_supply"] else ""
            out.append(f"{row['variable']} ({row['label']}) is absent.{supply}")
    for name in study_tables(workspace.study):
        frame = workspace.stored(name)
        label = str(frame["label"].iloc[0])
        if "not a replication" in label:
            out.append(f"{name}: {label}; its note names proxies and absent controls.")
    return out
