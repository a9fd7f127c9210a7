"""Whether there is anything to count: asked before a run begins, and by the steps that read and
count reports, which a run of the web UI or the daemon begins with."""

from difflib import get_close_matches

from dti_assets.errors import StudyError
from dti_assets.pipeline.partitions import last_year
from dti_assets.pipeline.resources import Workspace
from dti_assets.study.config import Study
from dti_assets.text.folder import list_reports
from dti_assets.text.published import published_words


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
