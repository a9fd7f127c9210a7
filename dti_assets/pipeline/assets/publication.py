"""Group publication: tables in every format, and the report."""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from dti_assets.econ.table_specifications import TableSpec
from dti_assets.pipeline.metadata import describe, table_schema
from dti_assets.pipeline.resources import Workspace
from dti_assets.publishing.tables import REPORT_PAGE, TABLE_FILES
from dti_assets.tables import Table

GROUP = "publication"
WEAK = "weak_instrument_inference"
# what the report shows besides the tables
REPORTED = (
    *(WEAK, "indirect_effects", "published_forensics", "paper_comparison"),
    *("policy_attention", "dti_iv", "capital_distances", "frozen_instrument"),
    *("report_files", "user_files", "panel_coverage", "table_coverage"),
)


def publication_assets(specifications: Mapping[str, TableSpec]) -> list[dg.AssetsDefinition]:
    """What is made of the estimates of these tables."""
    names = list(specifications)

    @_asset(TABLE_FILES, {"latex", "word"}, [*names, WEAK])
    def tables(
        workspace: dg.ResourceParam[Workspace], panel_coverage: Any, **stored: Any
    ) -> dg.MaterializeResult[Any]:
        """Every table, and weak-instrument inference as an appendix, as CSV (full precision),
        LaTeX, Word, HTML and Markdown in outputs/tables. One that cannot be estimated holds the
        note saying what is missing and how to supply it."""
        import tempfile
        from pathlib import Path

        from dti_assets.publishing.table_files import write_table

        printed = _printed(specifications, stored, panel_coverage)
        with tempfile.TemporaryDirectory() as folder:
            for name, table in printed.items():
                write_table(Path(folder), table, stored[name])
            files = TABLE_FILES.frame(workspace.store.keep(Path(folder), "tables"))
        estimated = sum(1 for table in printed.values() if table.headings)
        sentence = f"{len(printed)} tables in tables/, {estimated} with numbers"
        return _done(workspace, TABLE_FILES, files, sentence)

    @_asset(REPORT_PAGE, {"html"}, [*names, *REPORTED, TABLE_FILES.name])
    def replication_report(
        workspace: dg.ResourceParam[Workspace], **stored: Any
    ) -> dg.MaterializeResult[Any]:
        """The whole study on one self-contained page, outputs/report.html: data and coverage, the
        instrument, tables, diagnostics in plain words, comparison with the paper, provenance, and
        what could not be run and why."""
        import tempfile
        from pathlib import Path

        from dti_assets.geography.instrument import within_shares
        from dti_assets.publishing.report import ReportInputs, report_page

        study = workspace.study
        chosen = study.instrument
        page = report_page(
            ReportInputs(
                study_name=study.name,
                years=study.all_years,
                study_yaml=study.shown_text,
                settings=study.instrument_settings(),
                seeds={"estimates.seed": study.estimates.seed},
                rule=str(chosen.rule),
                hub=chosen.hub,
                shares=within_shares(stored["policy_attention"], chosen.hub, chosen.distance),
                frames=stored,
                printed=_printed(specifications, stored, stored["panel_coverage"]),
            )
        )
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "report.html").write_text(page, encoding="utf-8")
            files = REPORT_PAGE.frame(workspace.store.keep(Path(folder), ""))
        return _done(workspace, REPORT_PAGE, files, "report.html")

    return [tables, replication_report]


def _asset(table: Table, kinds: set[str], inputs: list[str]) -> Any:
    """The decorator both assets share."""
    return dg.asset(
        name=table.name,
        group_name=GROUP,
        kinds={"python", *kinds},
        ins={name: dg.AssetIn() for name in inputs},
        metadata={"dagster/column_schema": table_schema(table)},
    )


def _printed(
    specifications: Mapping[str, TableSpec], stored: Mapping[str, Any], coverage: Any
) -> dict[str, Any]:
    """Every table as printed, by name, in the order of the specifications."""
    from dti_assets.publishing.other_tables import descriptive_table, weak_instrument_table
    from dti_assets.publishing.regression_table import TableText, regression_table

    known = coverage.dropna(subset=["how_to_supply"])
    supply = dict(zip(known["variable"], known["how_to_supply"], strict=True))
    printed = {}
    for name, spec in specifications.items():
        text = TableText(name, spec.title, spec.source, spec.notes)
        make = descriptive_table if spec.kind == "descriptives" else regression_table
        printed[name] = make(stored[name], text, supply)
    appendix = TableText(WEAK, "Appendix. Weak-instrument inference")
    printed[WEAK] = weak_instrument_table(stored[WEAK], appendix)
    return printed


def _done(
    workspace: Workspace, table: Table, files: Any, sentence: str
) -> dg.MaterializeResult[Any]:
    workspace.progress.summary(table.name, sentence)
    return dg.MaterializeResult(value=files, metadata=describe(table, files, result=sentence))
