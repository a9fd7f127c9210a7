"""`dti new`: an own study folder with everything a run needs, and nothing overwritten."""

from __future__ import annotations

import shutil
from importlib.resources import as_file, files
from pathlib import Path


class ScaffoldError(ValueError):
    """A folder in which no study can be made; the message names it."""


def new_study(folder: Path) -> list[Path]:
    """Copy the study template into `folder`; returns the files made.

    Raises ScaffoldError where a file of the template exists already, before anything is written.
    """
    made: list[Path] = []
    with as_file(files("dti_assets.reference") / "study") as template:
        sources = sorted(path for path in template.rglob("*") if path.is_file())
        targets = [folder / path.relative_to(template) for path in sources]
        with as_file(files("dti_assets.reference") / "dictionaries") as dictionaries:
            lists = sorted(dictionaries.glob("*.csv"))
            sources += lists
            targets += [folder / "dictionaries" / path.name for path in lists]
            taken = next((target for target in targets if target.exists()), None)
            if taken is not None:
                raise ScaffoldError(f"{taken} exists already; dti new overwrites nothing")
            for source, target in zip(sources, targets, strict=True):
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, target)
                made.append(target)
    return made
