"""What the checks that warn are made of. Which there are is in `checks`."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import dagster as dg

from dti_assets.pipeline.metadata import looked_at
from dti_assets.pipeline.partitions import run_years
from dti_assets.pipeline.resources import Workspace

SHOWN = 20
# of these, in the description of the result
IN_PLACE = 8


def warning(sentences: Sequence[str], **metadata: Any) -> dg.AssetCheckResult:
    """Passed when there is nothing to say, else a warning that lists it."""
    shown = list(sentences[:SHOWN])
    if len(sentences) > SHOWN:
        shown.append(f"and {len(sentences) - SHOWN} more")
    return dg.AssetCheckResult(
        passed=not sentences,
        severity=dg.AssetCheckSeverity.WARN,
        description=_summary(sentences),
        metadata={
            "number": len(sentences),
            "sentences": dg.MetadataValue.md(_list(shown)),
            **metadata,
        },
    )


def _summary(sentences: Sequence[str]) -> str:
    """In a line, and below it the first findings: the UI shows the description of a result in
    its place, and lists in its metadata behind a link."""
    if not sentences:
        return "nothing to look at"
    more = ["and more, see `sentences`"] if len(sentences) > IN_PLACE else []
    findings = _list([*sentences[:IN_PLACE], *more])
    return f"{len(sentences)} to look at\n\n{findings}"


def _list(sentences: Sequence[str]) -> str:
    return "\n".join(f"- {s}" for s in sentences) or "none"


class Stored:
    """What the checks of one step look at: each stored table is read once."""

    def __init__(self, workspace: Workspace, years: Sequence[int]) -> None:
        self.workspace = workspace
        self.years = years
        self.table = cache(self._table)

    def _table(self, name: str) -> Any:
        return self.workspace.stored_so_far(name, self.years)


@dataclass(frozen=True)
class Found:
    """What a check has to say, one sentence a finding, and what else is to be shown with it."""

    sentences: Sequence[str] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Warner:
    """A check that warns, never stops: `look` gives what it found in the stored tables of the
    `asset` and of the assets it also `reads`, under the `settings` of these keys of study.yaml."""

    asset: str
    name: str
    description: str
    look: Callable[[Stored], Found]
    reads: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()


def table_check(
    asset: str,
    name: str,
    description: str,
    find: Callable[[Any], list[str]],
    reads: str | None = None,
) -> Warner:
    """A check whose sentences come from one pure function of a stored table: the asset's own, or
    that of the asset `reads`."""

    def look(stored: Stored) -> Found:
        frame = stored.table(reads or asset)
        return Found([] if frame is None else find(frame))

    return Warner(asset, name, description, look, (reads,) if reads else ())


def warning_checks(name: str, warners: Sequence[Warner]) -> dg.AssetChecksDefinition:
    """Checks that one step makes; each can also be run by itself. A step costs more, at loading
    and in every run, than most of them do."""
    by_key = {(warner.asset, warner.name): warner for warner in warners}

    @dg.multi_asset_check(
        name=name,
        specs=[
            dg.AssetCheckSpec(
                warner.name,
                asset=warner.asset,
                description=warner.description,
                additional_deps=warner.reads,
            )
            for warner in warners
        ],
        can_subset=True,
    )
    def checks(
        context: dg.AssetCheckExecutionContext, workspace: dg.ResourceParam[Workspace]
    ) -> Iterator[dg.AssetCheckResult]:
        stored = Stored(workspace, run_years(context.run.tags))
        for key in _selected(context):
            warner = by_key[key.asset_key.to_user_string(), key.name]
            found = warner.look(stored)
            tables = looked_at(workspace, [warner.asset, *warner.reads], warner.settings)
            result = warning(found.sentences, **found.metadata, **tables)
            yield result._replace(asset_key=key.asset_key, check_name=key.name)

    return checks


def _selected(context: dg.AssetCheckExecutionContext) -> list[dg.AssetCheckKey]:
    return sorted(context.selected_asset_check_keys)
