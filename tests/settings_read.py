"""Which settings of study.yaml each asset of a run looks at, for tests."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Set
from contextlib import contextmanager
from typing import Any

import dagster as dg
import pytest
from pydantic import BaseModel

from dti_assets.study.config import Study


@contextmanager
def settings_read() -> Iterator[dict[str, set[str]]]:
    """The keys that were looked at, by asset, filled in while runs of this process go on."""
    read: dict[str, set[str]] = defaultdict(set)
    with pytest.MonkeyPatch.context() as patch:
        parts = {
            name: key.annotation
            for name, key in Study.model_fields.items()
            if isinstance(key.annotation, type) and issubclass(key.annotation, BaseModel)
        }
        # to look at a part is to look at none of its keys yet
        _watch(patch, Study, "", Study.model_fields.keys() - parts, read)
        for name, part in parts.items():
            _watch(patch, part, f"{name}.", part.model_fields.keys(), read)
        yield read


def _watch(
    patch: pytest.MonkeyPatch,
    part: type[BaseModel],
    prefix: str,
    keys: Set[str],
    read: dict[str, set[str]],
) -> None:
    plain: Callable[[Any, str], Any] = part.__getattribute__

    def look(self: Any, name: str) -> Any:
        if name in keys:
            for asset in _at_work():
                read[asset].add(prefix + name)
        return plain(self, name)

    patch.setattr(part, "__getattribute__", look)
    if prefix:
        dumped: Callable[..., Any] = part.model_dump

        def dump(self: Any, **how: Any) -> Any:
            for asset in _at_work():
                read[asset] |= {prefix + name for name in keys}
            return dumped(self, **how)

        patch.setattr(part, "model_dump", dump)


def _at_work() -> list[str]:
    """The assets whose step is being executed."""
    try:
        keys = dg.AssetExecutionContext.get().selected_asset_keys
    except dg.DagsterInvariantViolationError:
        return []
    return [key.to_user_string() for key in keys]
