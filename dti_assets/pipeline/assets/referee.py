"""Group publication: the answers to a referee, as a table and as documents."""

import tempfile
from pathlib import Path
from typing import Any

import dagster as dg

from dti_assets.pipeline.assets.publication import GROUP
from dti_assets.pipeline.metadata import describe
from dti_assets.pipeline.resources import Workspace
from dti_assets.pipeline.stored_asset import stored_asset
from dti_assets.publishing.needs import FOLDER, REFEREE, REMEDIES
from dti_assets.publishing.tables import REFEREE_DOCUMENTS, REFEREE_RESPONSE


@stored_asset(REFEREE_RESPONSE, group_name=GROUP, ins={name: dg.AssetIn() for name in REFEREE})
def referee_response(
    workspace: dg.ResourceParam[Workspace], **stored: Any
) -> dg.MaterializeResult[Any]:
    """The standard objections to the design one by one (weak instrument, leverage, exclusion, ...),
    answered from the stored tables: every sentence, and for every number in it the cell it is
    read from. What is not stored is said to be not tested, and why."""
    from dti_assets.publishing.referee.citing import Stored
    from dti_assets.publishing.referee.objections import response_rows
    from dti_assets.publishing.referee.sections import in_short

    keys = {name: workspace.tables[name].key for name in REFEREE}
    frame = REFEREE_RESPONSE.frame(response_rows(Stored(stored, keys, workspace.units)))
    sentence = in_short(frame)
    workspace.progress.summary(REFEREE_RESPONSE.name, sentence)
    return dg.MaterializeResult(
        value=frame, metadata=describe(REFEREE_RESPONSE, frame, result=sentence)
    )


@stored_asset(
    REFEREE_DOCUMENTS,
    group_name=GROUP,
    kinds={"python", "html", "word"},
    ins={name: dg.AssetIn() for name in (REFEREE_RESPONSE.name, *REMEDIES)},
)
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
    sentence = f"{', '.join(made)} in {FOLDER}/"
    workspace.progress.summary(REFEREE_DOCUMENTS.name, sentence)
    return dg.MaterializeResult(
        value=files, metadata=describe(REFEREE_DOCUMENTS, files, result=sentence)
    )


ASSETS = [referee_response, referee_documents]
