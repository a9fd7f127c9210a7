"""What must be in order before a study is run: each question by itself, for a run and for the
doctor. Whether there is anything to count is also asked by the steps that read and count reports,
which a run of the web UI or the daemon begins with."""

from collections.abc import Callable
from difflib import get_close_matches

from dti_assets.errors import DtiError, StudyError
from dti_assets.instrument.distances import capital_distances
from dti_assets.instrument.freeze import read_record
from dti_assets.patents.terms import load_terms
from dti_assets.pipeline.partitions import last_year
from dti_assets.pipeline.resources import Workspace
from dti_assets.pipeline.state.owner import check_owner
from dti_assets.store.files import why_not_writable
from dti_assets.store.parquet import place_fault
from dti_assets.study.config import Inputs, Study
from dti_assets.text.folder import list_reports
from dti_assets.text.published import published_words
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


def _outputs(study: Study) -> None:
    if study.remote_outputs and (fault := place_fault(study.outputs)):
        raise StudyError(f"study {study.file}: outputs: {fault}")


def check_writable(study: Study) -> None:
    """Before any work: the folders that a run writes to take files, and have room for one."""
    folders = {"outputs": study.path(study.outputs)} if not study.remote_outputs else {}
    folders |= {"cache": study.cache_folder, "run home": study.home}
    for what, folder in folders.items():
        if why := why_not_writable(folder):
            raise StudyError(f"study {study.file}: {what} {folder} cannot be written: {why}")


def check_countable(workspace: Workspace) -> None:
    """Raise StudyError where counting would put nulls in the place of what is stored: years that
    have not come, no reports and no published counts to stand in, a settled file that is gone."""
    check_years(workspace)
    check_reports(workspace)


def check_years(workspace: Workspace) -> None:
    """Raise StudyError for years that have not come."""
    study = workspace.study
    if study.years[1] > last_year():
        raise StudyError(
            f"study {study.file}: years end in {study.years[1]}, but the last year whose reports "
            f"can be there is {last_year()}"
        )


def check_reports(workspace: Workspace) -> None:
    """Raise StudyError where there are neither reports nor published counts to stand in, or where
    a settled file is gone."""
    study = workspace.study
    folder = study.path(study.inputs.reports)
    if not folder.is_dir():
        raise StudyError(f"study {study.file}: the reports folder {folder} does not exist")
    if files := list_reports(folder):
        _check_settled(study, files)
        return
    if not workspace.dictionary().is_shipped:
        raise StudyError(
            f"the reports folder {folder} is empty, and the published counts cannot stand in "
            f"because {study.text.dictionary} is not the shipped dictionary; put the reports of "
            f"{study.years[0]} to {study.years[1]} there (their addresses are in sources.csv)"
        )
    published = set(published_words(workspace.level)["year"])
    missing = [year for year in study.all_years if year not in published]
    if missing:
        raise StudyError(
            f"the reports folder {folder} is empty and no counts are published for "
            f"{', '.join(map(str, missing))}; put the reports of these years there"
        )


def _check_settled(study: Study, files: list[str]) -> None:
    """What is settled is in the folder; in an empty one published counts stand in for all."""
    for path in sorted(study.text.settled.keys() - set(files)):
        near = get_close_matches(path, files, n=1)
        raise StudyError(
            f"study {study.file}: text.settled names {path}, which is not in the reports folder "
            f"{study.path(study.inputs.reports)}" + (f"; did you mean {near[0]}?" if near else "")
        )


def _distances(workspace: Workspace) -> None:
    chosen = workspace.study.instrument
    capital_distances(chosen.hub, chosen.distance, chosen.rule, units=workspace.units)


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


CHECKS: tuple[Callable[[Workspace], object], ...] = (
    lambda workspace: _outputs(workspace.study),
    lambda workspace: check_owner(workspace.study),
    check_years,
    lambda workspace: workspace.dictionary(),
    _distances,
    lambda workspace: workspace.tables,
    _citations,
    _truth,
    lambda workspace: read_record(workspace.study.freeze_file),
    lambda workspace: load_terms(workspace.study.path(workspace.study.patents.dictionaries)),
    *(_folders, _extract, _tokenizer, check_reports),
)
