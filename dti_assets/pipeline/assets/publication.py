"""Group publication: tables in every format, figures, the report, and the answers to a referee."""

import base64
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import dagster as dg

from dti_assets.econ.paper.specifications import TableSpec
from dti_assets.instrument.distances import only_the_hub_moves
from dti_assets.instrument.values import within_shares
from dti_assets.pipeline.metadata import finished
from dti_assets.pipeline.resources import Workspace
from dti_assets.pipeline.stored_asset import stored_asset
from dti_assets.publishing.needs import FIGURES, FOLDER, REFEREE, REMEDIES
from dti_assets.publishing.tables import (
    FIGURE_FILES,
    REFEREE_DOCUMENTS,
    REFEREE_RESPONSE,
    REPORT_PAGE,
    TABLE_FILES,
)
from dti_assets.store.schema import Table, records
from dti_assets.study.catalogue import COMMON, FETCHED, TRANSCRIPTS

# what draws and writes is imported where it runs: defining the assets needs none of it
GROUP = "publication"
WEAK = "weak_instrument_inference"
# what the report shows besides the tables and the figures
REPORTED = (
    *(WEAK, "influence", "dictionary_permutation", "indirect_effects"),
    "referee_response",
    *("published_forensics", "paper_comparison"),
    *("policy_attention", "dti_iv", "capital_distances", "frozen_instrument", "keyword_counts"),
    *("report_files", "keyword_contexts", "user_files", "panel_coverage", "table_coverage"),
    "measurement_audit",
)
# in pixels; shown beside the asset unless it is heavy, for a browser loads all of them at once
PREVIEW_WIDTH, PREVIEW_BYTES = 450, 100_000


def _asset(
    table: Table, kinds: set[str], inputs: Iterable[str], made_before: list[str] | None = None
) -> Any:
    """The decorator the assets share."""
    return stored_asset(
        table,
        group_name=GROUP,
        kinds={"python", *kinds},
        ins={name: dg.AssetIn() for name in inputs},
        deps=made_before,
    )


def publication_assets(specifications: Mapping[str, TableSpec]) -> list[dg.AssetsDefinition]:
    """What is made of the estimates of these tables."""
    names = list(specifications)

    @_asset(TABLE_FILES, {"latex", "word"}, [*names, WEAK])
    def tables(
        workspace: dg.ResourceParam[Workspace], panel_coverage: Any, **stored: Any
    ) -> dg.MaterializeResult[Any]:
        """Every table, and weak-instrument inference as an appendix, as CSV (full precision),
        LaTeX, Word, HTML and Markdown in outputs/tables, with the equivalent Stata and R scripts
        on the exported panel. One that cannot be estimated holds the note saying what is missing
        and how to supply it."""
        from dti_assets.publishing.formats.write import write_table

        printed = _printed(workspace, specifications, stored, panel_coverage)
        scripts = _scripts(specifications, stored, workspace)
        with tempfile.TemporaryDirectory() as folder:
            for name, table in printed.items():
                write_table(Path(folder), table, stored[name], scripts[name])
            former = workspace.store.recorded(TABLE_FILES)
            files = TABLE_FILES.frame(workspace.store.keep(Path(folder), "tables", former))
        estimated = sum(1 for table in printed.values() if table.headings)
        sentence = f"{len(printed)} tables in tables/, {estimated} with numbers"
        return finished(workspace, TABLE_FILES, files, sentence)

    estimated = [name for name, spec in specifications.items() if spec.kind != "descriptives"]

    @_asset(FIGURE_FILES, {"matplotlib"}, [*estimated, *FIGURES])
    def figures(workspace: dg.ResourceParam[Workspace], **stored: Any) -> dg.MaterializeResult[Any]:
        """Every figure as PDF, PNG and SVG in outputs/figures, with a text that says what it shows.
        One whose data are absent is not drawn; its row says why."""
        from dti_assets.publishing.figures.all_figures import (
            FigureInputs,
            all_figures,
            figure_rows,
            write_figure,
        )

        chosen = workspace.study.instrument
        drawn = all_figures(
            FigureInputs(
                units=workspace.units,
                years=workspace.study.all_years,
                frames=stored,
                estimates={name: stored[name] for name in estimated},
                shares=within_shares(
                    stored["policy_attention"],
                    chosen.hub,
                    chosen.distance,
                    chosen.rule,
                    units=workspace.units,
                ),
                rule=str(chosen.rule),
            )
        )
        with tempfile.TemporaryDirectory() as folder:
            for figure in drawn:
                write_figure(Path(folder), figure)
            previews = {
                figure.name: _preview(figure, (Path(folder) / f"{figure.name}.png").read_bytes())
                for figure in drawn
                if figure.figure is not None
            }
            former = workspace.store.recorded(FIGURE_FILES)
            written = workspace.store.keep(Path(folder), "figures", former)
        files = FIGURE_FILES.frame(figure_rows(drawn, written))
        without = len(drawn) - len(previews)
        sentence = f"{len(previews)} figures in figures/, {without} without data"
        return finished(workspace, FIGURE_FILES, files, sentence, **previews)

    read = [*dict.fromkeys([*names, *REPORTED, TABLE_FILES.name, FIGURE_FILES.name])]
    # not read, but their checksums stand in the report: made before it
    apart = {*read, REPORT_PAGE.name, *FETCHED, *TRANSCRIPTS.values()}
    others = [name for name in COMMON if name not in apart]

    @_asset(REPORT_PAGE, {"html"}, read, others)
    def replication_report(
        workspace: dg.ResourceParam[Workspace], **stored: Any
    ) -> dg.MaterializeResult[Any]:
        """The whole study on one self-contained page, outputs/report.html: data and coverage, the
        instrument with keywords in context, tables, figures, diagnostics in plain words,
        comparison with the paper, provenance, and what could not be run and why."""
        from dti_assets.publishing.report import ReportInputs, report_page

        study = workspace.study
        page = report_page(
            ReportInputs(
                units=workspace.units,
                study_name=study.title,
                simulated=study.simulated is not None,
                years=study.all_years,
                study_yaml=study.shown_text,
                settings=study.instrument_settings(),
                seeds={"estimates.seed": study.estimates.seed},
                rule=str(study.instrument.rule),
                hub=study.instrument.hub,
                frames=stored,
                printed=_printed(workspace, specifications, stored, stored["panel_coverage"]),
                figures=_drawn(workspace, stored[FIGURE_FILES.name]),
                contexts=records(stored["keyword_contexts"]),
                checksums=_checksums(workspace),
            )
        )
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "report.html").write_text(page, encoding="utf-8")
            files = REPORT_PAGE.frame(workspace.store.keep(Path(folder), ""))
        return finished(workspace, REPORT_PAGE, files, "report.html")

    return [referee_response, referee_documents, tables, figures, replication_report]


@_asset(REFEREE_RESPONSE, {"parquet"}, REFEREE)
def referee_response(
    workspace: dg.ResourceParam[Workspace], **stored: Any
) -> dg.MaterializeResult[Any]:
    """The standard objections to the design one by one (weak instrument, leverage, exclusion, ...),
    answered from the stored tables: every sentence, and for every number in it the cell it is
    read from. What is not stored is said to be not tested, and why."""
    from dti_assets.publishing.referee.answers import response_rows
    from dti_assets.publishing.referee.citing import Stored
    from dti_assets.publishing.referee.sections import in_short

    keys = {name: workspace.tables[name].key for name in REFEREE}
    frame = REFEREE_RESPONSE.frame(response_rows(Stored(stored, keys, workspace.units)))
    return finished(workspace, REFEREE_RESPONSE, frame, in_short(frame))


@_asset(REFEREE_DOCUMENTS, {"html", "word"}, [REFEREE_RESPONSE.name, *REMEDIES])
def referee_documents(
    workspace: dg.ResourceParam[Workspace], **stored: Any
) -> dg.MaterializeResult[Any]:
    """The answers to a referee as a page and as a Word document in outputs/referee, with a figure
    of the estimate under each remedy and the stored cell behind every number."""
    from dti_assets.publishing.referee.documents import documents

    study = workspace.study
    made = documents(study.title, study.all_years, stored, units=workspace.units)
    with tempfile.TemporaryDirectory() as folder:
        for name, content in made.items():
            (Path(folder) / name).write_bytes(content)
        former = workspace.store.recorded(REFEREE_DOCUMENTS)
        files = REFEREE_DOCUMENTS.frame(workspace.store.keep(Path(folder), FOLDER, former))
    return finished(workspace, REFEREE_DOCUMENTS, files, f"{', '.join(made)} in {FOLDER}/")


def _printed(
    workspace: Workspace,
    specifications: Mapping[str, TableSpec],
    stored: Mapping[str, Any],
    coverage: Any,
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
        printed[name] = make(stored[name], text, workspace.units, supply)
    invented = ", simulated data" if workspace.study.simulated else ""
    appendix = TableText(WEAK, f"Appendix{invented}. Weak-instrument inference")
    printed[WEAK] = weak_instrument_table(stored[WEAK], appendix, workspace.units)
    return printed


def _drawn(workspace: Workspace, figures: Any) -> dict[str, bytes]:
    """The stored SVG of every figure that was drawn, by name; `figures` is the table of files."""
    kept = figures[(figures["format"] == "svg") & figures["path"].notna()]
    return {
        row["figure"]: workspace.store.kept(row["path"], row["sha256"], FIGURE_FILES.name)
        for row in records(kept)
    }


def _preview(figure: Any, png: bytes) -> dg.MarkdownMetadataValue:
    """The figure, small, for the web UI; its text alone where the picture would be heavy."""
    from dti_assets.publishing.figures.drawing import preview

    picture = base64.b64encode(preview(png, PREVIEW_WIDTH)).decode("ascii")
    if len(picture) > PREVIEW_BYTES:
        return dg.MetadataValue.md(figure.alt)
    alt = figure.alt.replace("[", "(").replace("]", ")")
    return dg.MetadataValue.md(f"![{alt}](data:image/png;base64,{picture})")


def _checksums(workspace: Workspace) -> dict[str, str | None]:
    """SHA-256 of every table a run stores, but texts, patents, and what names the report itself."""
    apart = (REPORT_PAGE.name, *FETCHED, *TRANSCRIPTS.values())
    return {name: workspace.checksum(name) for name in workspace.tables if name not in apart}


def _scripts(
    specifications: Mapping[str, TableSpec], stored: Mapping[str, Any], workspace: Workspace
) -> dict[str, dict[str, str]]:
    """Stata and R scripts of every table and of the appendix, by name and file ending."""
    from dti_assets.study.table_scripts import inference_scripts, table_scripts

    chosen, units = workspace.study.instrument, workspace.units
    scripts = {
        name: table_scripts(spec, stored[name], units=units)
        for name, spec in specifications.items()
    }
    scripts[WEAK] = inference_scripts(
        specifications,
        stored,
        stored[WEAK],
        WEAK,
        chosen.hub,
        only_the_hub_moves(chosen.hub, chosen.distance, chosen.rule, units=units),
        units=units,
    )
    return scripts
