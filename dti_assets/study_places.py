"""Paths of a study file: what none may be, and where outputs may not lie."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator


def _place(value: str) -> str:
    if not value.strip():
        raise ValueError("a path is expected, not nothing")
    if value.startswith("~"):
        raise ValueError("~ is no home folder here; write the whole path")
    if "\0" in value:
        raise ValueError("a path holds no null character")
    return value


# a folder or file, absolute or relative to study.yaml
Place = Annotated[str, AfterValidator(_place)]


def outputs_fault(root: Path, outputs: str, inputs: Mapping[str, str]) -> str | None:
    """What is wrong with the folder for outputs: it is the study's own, or it and one of inputs
    are, or hold, one another. `inputs` by key; paths are relative to `root`."""
    own = os.path.normpath(root / outputs)
    if own == os.path.normpath(root):
        return f"outputs is {outputs!r}, the folder of the study itself; name one of their own"
    for name, folder in inputs.items():
        other = os.path.normpath(root / folder)
        if os.path.commonpath([own, other]) in (own, other):
            return (
                f"outputs is {outputs!r} and inputs.{name} is {folder!r}: one lies in the other; "
                "name a folder of their own for outputs"
            )
    return None
