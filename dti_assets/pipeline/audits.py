"""Audits of a study: its samples drawn, its labelled sheets turned into rows of a table.

What the command line and the asset measurement_audit share: where a sample's key is kept, which
tables it is held against, which column of the study it corrects.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from shlex import quote
from typing import IO, TYPE_CHECKING, Any

from dti_assets.audit.tables import MEASUREMENT_AUDIT, PATENT_KEY, REPORT_KEY
from dti_assets.errors import AuditError, MissingTableError
from dti_assets.instrument.distances import units_at_the_hub
from dti_assets.patents.tables import TECHNOLOGIES
from dti_assets.pipeline.estimate_inputs import table_options
from dti_assets.pipeline.resources import Workspace
from dti_assets.store.schema import Table
from dti_assets.study.config import Study
from dti_assets.study.specifications import INSTRUMENT, leading_columns, study_tables
from dti_assets.text.choices import hits_column
from dti_assets.text.concordance import counted_occurrences
from dti_assets.units.hubs import hub_dropped
from dti_assets.units.levels import Level

if TYPE_CHECKING:
    import pandas as pd

# what labelled sheets are held against, by stored name
NEEDED = ("panel", "frozen_instrument", "keyword_counts", "dti_iv", "dti", "patent_counts")
# where the keys of samples are stored, apart from the sheets
KEYS = "audit_keys"
NOTHING = "no labelled sample"


def draw_report_sample(
    workspace: Workspace, folder: Path, n: int, coders: int, seed: int
) -> "pd.DataFrame":
    """Sheets in `folder` and the key among the outputs; the key. Raises AuditError."""
    from dti_assets.audit.report_sample import sample_reports

    texts = workspace.stored("report_texts")
    if texts.empty:
        raise AuditError(
            "no report text is stored: published counts have figures, and contexts to label need "
            "the reports themselves in the reports folder"
        )
    dictionary, rules, level = workspace.dictionary(), workspace.counting_rules(), workspace.level
    found = list(counted_occurrences(texts, dictionary, rules, workspace.cutter(), level=level))
    counts = workspace.stored("keyword_counts")
    counted = counts[(counts["origin"] == "text") & counts["section"].isin(rules.sections)]
    if len(found) != counted[hits_column(rules.hits)].sum():
        raise AuditError(
            "the reports' texts and keyword_counts disagree on the hits, so that dictionary or "
            "settings have changed since the last run; run dti run first"
        )
    sample, key = sample_reports(found, dictionary, folder, n, coders, seed, units=workspace.units)
    workspace.store.write(kept_key(REPORT_KEY, sample, level=level), key)
    return key


def draw_patent_sample(
    workspace: Workspace, folder: Path, n: int, coders: int, seed: int
) -> "pd.DataFrame":
    """Sheets in `folder` and the key among the outputs; the key. Raises AuditError."""
    from dti_assets.audit.patent_sample import sample_patents

    study = workspace.study
    records, source = _digital_patents(workspace), study.path(study.inputs.patents)
    chosen = (n, coders, seed, study.patents.columns)
    sample, key = sample_patents(records, source, folder, *chosen, level=workspace.level)
    workspace.store.write(kept_key(PATENT_KEY, sample, level=workspace.level), key)
    return key


def measurement_audit(workspace: Workspace, stored: Mapping[str, Any]) -> "pd.DataFrame":
    """Table measurement_audit of the study's own audit folders; a folder without labels, or with
    sheets that cannot be used, is a row with the reason. `stored` holds the frames of NEEDED."""
    from dti_assets.audit.sheets import sheet_paths

    study = workspace.study
    rows: list[dict[str, Any]] = []
    folders = {"reports": study.audit.reports, "patents": study.audit.patents}
    makers = {"reports": report_rows, "patents": patent_rows}
    for source, folder in folders.items():
        where = study.path(folder)
        try:
            found = makers[source](workspace, where, stored)
        except AuditError as error:
            absent = f"{NOTHING} in {folder}: dti audit {source} draws one"
            # a stored reason names no place of this machine
            told = str(error).replace(f"{study.root}/", "")
            # a package has no folder for what is no sheet: one reason wherever there is none
            reason = told if sheet_paths(where) else absent
            found = [{"part": "agreement", "scope": "all", "measure": "alpha", "reason": reason}]
        rows += [{"source": source, **row} for row in found]
    return workspace.tables[MEASUREMENT_AUDIT.name].frame(rows)


def report_rows(
    workspace: Workspace, folder: Path, stored: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Rows of the labelled report sheets in `folder`. Raises AuditError."""
    from dti_assets.audit.report_results import ReportAudit, correction_rows
    from dti_assets.audit.report_sample import QUESTION
    from dti_assets.audit.sheets import read_sheets

    rules, dti_iv, level = workspace.counting_rules(), stored["dti_iv"], workspace.level
    key = _key(workspace, folder, REPORT_KEY)
    labels = read_sheets(folder, key["item"].tolist(), (QUESTION,))
    audit = ReportAudit(labels, key, workspace.study.estimates.seed)
    counts = stored["keyword_counts"]
    counts = counts[counts["section"].isin(rules.sections)]
    hits = counts.rename(columns={hits_column(rules.hits): "hits"})
    if hits["hits"].isna().any():
        raise AuditError("tokens were not counted; make keyword_counts again")
    # published counts are corrected too, but have no contexts to draw from
    now = hits[hits["origin"] == "text"].groupby("term")["hits"].sum()
    rows = [*audit.agreement(), *audit.precision({str(t): int(n) for t, n in now.items()})]
    corrected = audit.corrected_instrument(hits, dti_iv, level=level)
    return [
        *rows,
        *effects(workspace, corrected, stored),
        *correction_rows(corrected, dti_iv, "dti_iv", level=level),
    ]


def patent_rows(
    workspace: Workspace, folder: Path, stored: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Rows of the labelled patent sheets in `folder`. Raises AuditError."""
    from dti_assets.audit.patent_results import PatentAudit
    from dti_assets.audit.patent_sample import patent_strata
    from dti_assets.audit.report_results import correction_rows
    from dti_assets.audit.sheets import read_sheets

    key = _key(workspace, folder, PATENT_KEY)
    labels = read_sheets(folder, key["item"].tolist(), TECHNOLOGIES)
    level = workspace.level
    strata = patent_strata(_digital_patents(workspace), level=level)
    audit = PatentAudit(labels, key, strata, workspace.study.estimates.seed)
    dti, counts = stored["dti"], stored["patent_counts"]
    applications, corrected = audit.corrected_dti(
        counts, dti, workspace.study.patents.kinds, level=level
    )
    when = list(level.when)
    counted = dti[[*when, level.name, "reason"]].merge(
        counts[[*when, "applications"]], on=when, how="left", validate="one_to_one"
    )
    return [
        *audit.agreement(),
        *audit.precision_and_recall(),
        *effects(workspace, corrected, stored),
        *correction_rows(applications, counted, "applications", level=level),
        *correction_rows(corrected, dti, "DTIn", level=level),
    ]


def effects(workspace: Workspace, corrected: Any, stored: Mapping[str, Any]) -> list[Any]:
    """What the correction does to the study's first 2SLS column with the instrument, and to the
    same column without the hub's own unit, from which inference is read."""
    from dti_assets.audit.effects import effects_on_column

    study, panel, level = workspace.study, stored["panel"], workspace.level
    (table, column), _ = leading_columns(study_tables(study), level)
    options = table_options(workspace, stored["frozen_instrument"])
    own = [unit.code for unit in units_at_the_hub(study.instrument.hub, units=workspace.units)]
    elsewhere = panel[INSTRUMENT].where(~panel[level.code].isin(own))
    dropped = panel.assign(**{INSTRUMENT: elsewhere})
    # complete data are as complete without the hub's rows
    published = column.rows
    if published is not None:
        published -= int((panel[INSTRUMENT].notna() & elsewhere.isna()).sum())
    named = f"{column.column}{hub_dropped(level)}"
    other = replace(column, column=named, same_sample_as=None, rows=published)
    rows = [
        *effects_on_column(table, column, panel, corrected, options),
        *effects_on_column(table, other, dropped, corrected, options),
    ]
    return [{"part": "estimate", **row} for row in rows]


def not_read(study: Study) -> str | None:
    """A sentence about spreadsheets in the audit folders that are no sheets of coders; None where
    there are none. Not stored, as a package does not carry them."""
    from dti_assets.audit.sheets import sheets_not_read

    folders = [study.path(folder) for folder in study.audit.model_dump().values()]
    found = [path for folder in dict.fromkeys(folders) for path in sheets_not_read(folder)]
    return told_not_read(found)


def told_not_read(paths: Sequence[Path]) -> str | None:
    """The sentence about these files."""
    if not paths:
        return None
    named = ", ".join(f"{path.parent.name}/{path.name}" for path in paths)
    return f"not read, labels are taken from .xlsx alone: {named}"


def kept_key(key: Table, sample: str, *, level: Level) -> Table:
    """The key under the name of its sample, so that no sample's key replaces another's."""
    return replace(level.table(key), name=f"{KEYS}/{sample}")


def _key(workspace: Workspace, folder: Path, table: Table) -> "pd.DataFrame":
    from dti_assets.audit.sheets import sample_name

    sample = sample_name(folder)
    try:
        return workspace.store.read(kept_key(table, sample, level=workspace.level))
    except (MissingTableError, ValueError) as error:
        raise AuditError(
            f"{folder}: the key of sample {sample} is not among this study's outputs "
            f"(data/{KEYS}/{sample}.parquet), or is of another kind of sample"
        ) from error


def _digital_patents(workspace: Workspace) -> "Path | IO[bytes]":
    """The stored table as something polars scans; raises AuditError where it was not made."""
    location = workspace.store.location("digital_patents")
    if not workspace.store.has(workspace.tables["digital_patents"]):
        raise AuditError(
            f"digital_patents has not been made: dti run --study {quote(str(workspace.study.file))}"
        )
    if "://" not in location:
        return Path(location)
    import io

    import fsspec

    filesystem, path = fsspec.core.url_to_fs(location)
    return io.BytesIO(filesystem.cat_file(path))
