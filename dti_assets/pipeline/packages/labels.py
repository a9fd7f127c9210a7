"""Coders' labels as they travel in a replication package.

The sheets hold sentences of reports, titles and abstracts of patents. Where those may not be
shared, the labels travel in sheets without them, from which the same results follow. Keys of
samples hold places and no sentence, and travel always.
"""

from collections.abc import Iterable
from pathlib import Path

from dti_assets.audit.report_sample import QUESTION
from dti_assets.audit.sheets import labels_only, sample_name, sheet_paths
from dti_assets.errors import AuditError, PackageError
from dti_assets.patents.tables import TECHNOLOGIES
from dti_assets.pipeline.audits import KEYS
from dti_assets.pipeline.resources import Workspace
from dti_assets.study.config import Study

# what coders answer, by source
_QUESTIONS = {"reports": (QUESTION,), "patents": TECHNOLOGIES}


def audit_folder(study: Study, source: str) -> Path:
    """Where the sheets of a source lie."""
    return study.path(getattr(study.audit, source))


def audited(study: Study, source: str) -> list[Path]:
    """The coders' sheets of a source; none where no sample was drawn."""
    return sheet_paths(audit_folder(study, source))


def audit_inputs(workspace: Workspace, included: Iterable[str]) -> dict[str, Path | bytes]:
    """Sheets and keys by their names in the package: the sheets as they are of the sources
    `included`, those of others without contexts.

    Raises PackageError for a sheet that cannot be read.
    """
    study = workspace.study
    found: dict[str, Path | bytes] = {}
    for source, questions in _QUESTIONS.items():
        sheets = audited(study, source)
        if not sheets:
            continue
        try:
            sample = sample_name(audit_folder(study, source))
            for path in sheets:
                name = path.relative_to(study.root).as_posix()
                found[name] = path if source in included else labels_only(path, questions)
        except AuditError as error:
            raise PackageError(f"{error}; mend or remove the sheets and run the study") from error
        key = Path(workspace.store.location(f"{KEYS}/{sample}"))
        if key.is_file():
            found[key.relative_to(study.root).as_posix()] = key
    return found
