"""What must be in order before a study is run: each question by itself, for a run and for the
doctor."""

from collections.abc import Callable

from dti_assets.errors import DtiError, StudyError
from dti_assets.instrument.distances import capital_distances
from dti_assets.instrument.freeze import read_record
from dti_assets.patents.terms import load_terms
from dti_assets.pipeline.countable import check_reports, check_years
from dti_assets.pipeline.resources import Workspace
from dti_assets.pipeline.state.owner import check_owner
from dti_assets.store.files import why_not_writable
from dti_assets.study.config import Inputs, Study
from dti_assets.text.segmentation import tokenizer_version


def preflight(workspace: Workspace) -> None:
    """Raise the first of what would make a run pointless: StudyError, or the error of whatever
    reads the dictionary, distances, terms, tables or another file that the study names."""
    for check in CHECKS:
        check(workspace)


def faults(workspace: Workspace) -> list[str]:
    """All that `preflight` would raise, one sentence each."""
    found = []
    for check in CHECKS:
        try:
            check(workspace)
        except (DtiError, OSError) as error:
            found.append(str(error))
    return list(dict.fromkeys(found))


def check_writable(study: Study) -> None:
    """Before any work: the folders that a run writes to take files, and have room for one."""
    folders = {"outputs": study.path(study.outputs)} if not study.remote_outputs else {}
    folders |= {"cache": study.cache_folder, "run home": study.home}
    for what, folder in folders.items():
        if why := why_not_writable(folder):
            raise StudyError(f"study {study.file}: {what} {folder} cannot be written: {why}")


def _owner(workspace: Workspace) -> None:
    check_owner(workspace.study)


def _dictionary(workspace: Workspace) -> None:
    workspace.dictionary()


def _distances(workspace: Workspace) -> None:
    chosen = workspace.study.instrument
    capital_distances(chosen.hub, chosen.distance, chosen.rule, units=workspace.units)


def _tables(workspace: Workspace) -> None:
    _ = workspace.tables


def _citations(workspace: Workspace) -> None:
    from dti_assets.econ.paper.published import load_claims

    study = workspace.study
    if study.estimates.citations:
        load_claims(study.path(study.estimates.citations))


def _truth(workspace: Workspace) -> None:
    from dti_assets.econ.paper.published import load_truth

    study = workspace.study
    if study.simulated:
        load_truth(study.path(study.simulated))


def _freeze(workspace: Workspace) -> None:
    read_record(workspace.study.freeze_file)


def _patent_terms(workspace: Workspace) -> None:
    load_terms(workspace.study.path(workspace.study.patents.dictionaries))


def _folders(workspace: Workspace) -> None:
    study = workspace.study
    for name in ("patents", "panel"):
        folder = study.path(getattr(study.inputs, name))
        # a folder never made is an empty one; a folder named in the study must be there
        named = getattr(study.inputs, name) != Inputs.model_fields[name].default
        if named and not folder.is_dir():
            raise StudyError(f"study {study.file}: the {name} folder {folder} does not exist")


def _extract(workspace: Workspace) -> None:
    """Patent files are of one layout."""
    from dti_assets.patents.extract import layout_of

    study = workspace.study
    source = study.path(study.inputs.patents)
    if source.is_dir():
        layout_of(source, study.patents.columns, level=workspace.level)


def _tokenizer(workspace: Workspace) -> None:
    study = workspace.study
    try:
        tokenizer_version(study.text.tokenizer)
    except ImportError as error:
        raise StudyError(
            f"study {study.file}: text.tokenizer is {study.text.tokenizer}, which is not "
            "installed: pip install 'dti-assets[rjieba]'"
        ) from error


CHECKS: tuple[Callable[[Workspace], None], ...] = (
    *(_owner, check_years, _dictionary, _distances, _tables, _citations, _truth, _freeze),
    *(_patent_terms, _folders, _extract, _tokenizer, check_reports),
)
