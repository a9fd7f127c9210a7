"""Whose outputs a folder holds: one study's, and made under which of its settings.

A study is its file. It is the same study after an edit, under other years, in a folder that was
moved, renamed or copied together with its outputs, under another file name where the former file is
gone, and where `dti verify` runs it again. It is another study where a second file names outputs
that a first file, which is still there, names as well.

Loads no Dagster, so that showing a table stays quick.
"""

import json
import os
from pathlib import Path
from typing import Any

from dti_assets.errors import StudyError
from dti_assets.pipeline.state.readers import settings
from dti_assets.store.parquet import Store
from dti_assets.study.catalogue import YEARLY
from dti_assets.study.config import Study

# beside the records of what tables were made from
_NOTE = "study"
# tables are found in the outputs, and what years they hold they say themselves
_NOT_TOLD = frozenset({"outputs", "years"})
# kept in records as the version of the program of that name
_BY_VERSION = frozenset({"text.tokenizer"})
_PARTS = ("files", "tables", "settings", "program")
_LONGEST = 60


def recorded(store: Store, name: str, year: int | None) -> dict[str, Any] | None:
    """The record of what an asset, or a year of it, was made from; None where there is none that
    can be read."""
    try:
        found = json.loads(store.noted(name, year) or "")
        return {part: dict(found[part]) for part in _PARTS}
    except (ValueError, LookupError, TypeError):
        return None


def other_owner(study: Study) -> Path | None:
    """The file of another study whose tables the outputs hold; None where they hold none, or those
    of this one."""
    try:
        noted = json.loads(Store(study.output_url).noted(_NOTE) or "")
        # from the folder of the outputs, so that both may be moved together
        former = Path(os.path.normpath(_place(study) / str(noted["file"])))
    except (ValueError, LookupError, TypeError):
        return None
    if former == study.file.resolve() or not former.is_file():
        return None
    return None if former.samefile(study.file) or not _names(former, study) else former


def _place(study: Study) -> Path:
    """The folder of the outputs; of those elsewhere their address, which no file is in."""
    return _folder(study.root, study.outputs)


def _folder(root: Path, outputs: str) -> Path:
    if "://" in outputs:
        return Path(Store(outputs).folder)
    return (root / outputs).resolve()


def _names(former: Path, study: Study) -> bool:
    """Whether the study in that file still has the same outputs, as far as can be told."""
    # loads no units: a list that is gone says nothing about outputs
    from dti_assets.study.faults import load_yaml

    try:
        outputs = str(
            (load_yaml(former.read_text(encoding="utf-8")) or {}).get("outputs", "outputs")
        )
    except Exception:
        return True
    return _folder(former.resolve().parent, outputs) == _place(study)


def check_owner(study: Study) -> None:
    """Raise StudyError where the outputs hold the tables of another study."""
    if (former := other_owner(study)) is not None:
        raise StudyError(
            f"study {study.file}: outputs {study.outputs} holds the tables of the study {former}, "
            "and each would overwrite the other's; name another folder for outputs in one of them, "
            "or remove the file that is not needed any more"
        )


def claim(study: Study) -> None:
    """Put on record whose outputs they are. Raises StudyError where they are another study's, and
    OSError where nothing can be written."""
    check_owner(study)
    file, place = study.file.resolve(), _place(study)
    where = os.path.relpath(file, place) if place.is_relative_to(study.root) else str(file)
    text = json.dumps({"file": where}, ensure_ascii=False)
    store = Store(study.output_url)
    if store.noted(_NOTE) != text:
        store.note(_NOTE, text)


Records = dict[tuple[str, int | None], dict[str, Any] | None]


def changed_settings(
    study: Study, name: str, known: Records | None = None
) -> dict[str, tuple[Any, Any]]:
    """The settings under which a stored table, or one that it rests on, was made and that are
    others now: key of study.yaml to what it was and what it is. `known` keeps records that were
    read, for further tables."""
    known = {} if known is None else known
    store, now = Store(study.output_url), json.loads(json.dumps(settings(study)))
    found: dict[str, tuple[Any, Any]] = {}
    waiting, seen = [name], {name}
    while waiting:
        asset = waiting.pop()
        # requests to elsewhere take their time: one year stands for all
        years = study.all_years[:1] if study.remote_outputs else study.all_years
        for year in years if asset in YEARLY else [None]:
            if (asset, year) not in known:
                known[asset, year] = recorded(store, asset, year)
            record = known[asset, year]
            if record is None:
                continue
            for key, value in record["settings"].items():
                is_told = key not in _NOT_TOLD | _BY_VERSION
                if is_told and now.get(key) != value:
                    found.setdefault(key, (value, now.get(key)))
            fresh = record["tables"].keys() - seen
            seen |= fresh
            waiting += sorted(fresh)
    return dict(sorted(found.items()))


def changed_sentence(key: str, then: Any, now: Any) -> str:
    """A setting that is another by now, in a few words."""
    was, is_now = (json.dumps(value, ensure_ascii=False) for value in (then, now))
    if len(was) + len(is_now) > _LONGEST:
        return f"{key} was another"
    return f"{key} was {was} and is {is_now} now"
