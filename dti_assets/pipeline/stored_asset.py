"""An asset is a declared table that is stored, and then looked at: whether every column and every
row is as declared.

The check belongs to the step that makes the table: as a step of its own it nearly doubled the
steps to load and to run.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial, wraps
from inspect import getdoc, isgeneratorfunction, signature, unwrap
from pathlib import Path
from typing import Any

import dagster as dg
from dagster import AssetsDefinition, AssetSpec, CodeReferencesMetadataValue, LocalFileCodeReference

from dti_assets.pipeline.metadata import looked_at, table_schema
from dti_assets.pipeline.partitions import run_years
from dti_assets.pipeline.resources import Workspace
from dti_assets.store.schema import Table
from dti_assets.study.catalogue import COMMON
from dti_assets.study.lineage import Lineage
from dti_assets.units.levels import Level

AS_DECLARED = "as_declared"


def stored_asset(table: Table, **more: Any) -> Callable[[Callable[..., Any]], dg.AssetsDefinition]:
    """`dg.asset` for what makes one table: named as the table is, with the blocking check that the
    stored table is as declared. The function takes the `workspace`; with `output_required=False`
    it may give None, and what is stored stays."""

    def decorated(make: Callable[..., Any]) -> dg.AssetsDefinition:
        shared = {"description": getdoc(make), "check_specs": [_declared(table)]}
        return dg.asset(name=table.name, **shared | more)(_then_checked(make, [table]))

    return decorated


def stored_assets(
    descriptions: Mapping[str, str],
    kinds: set[str] | None = None,
    without_frame: str | None = None,
    **more: Any,
) -> Callable[[Callable[..., Iterator[Any]]], dg.AssetsDefinition]:
    """`dg.multi_asset` likewise, for tables that are made together: `descriptions` by the tables'
    names. The function yields their outputs; it stores the file of the one `without_frame`."""
    tables = [COMMON[name] for name in descriptions]
    outs = {
        name: dg.AssetOut(
            description=text, kinds=kinds, dagster_type=dg.Nothing if name == without_frame else Any
        )
        for name, text in descriptions.items()
    }

    def decorated(make: Callable[..., Iterator[Any]]) -> dg.AssetsDefinition:
        shared = {"description": getdoc(make), "check_specs": list(map(_declared, tables))}
        return dg.multi_asset(outs=outs, **shared | more)(_then_checked(make, tables))

    return decorated


def _declared(table: Table) -> dg.AssetCheckSpec:
    key = ", and no two rows share their key" if table.key else ""
    return dg.AssetCheckSpec(
        AS_DECLARED,
        asset=table.name,
        blocking=True,
        description=(
            f"All {len(table.columns)} columns are there, each value of the declared type and "
            f"within its range{key}. Assets that read a table that breaks this are not made."
        ),
    )


def _then_checked(make: Callable[..., Any], tables: Sequence[Table]) -> Callable[..., Any]:
    """What `make` gives, and when that is stored, what the checks of its tables say."""

    @wraps(make)
    def made_and_checked(*args: Any, workspace: Workspace, **inputs: Any) -> Iterator[Any]:
        made: Any = tables
        if isgeneratorfunction(make):
            yield from make(*args, workspace=workspace, **inputs)
        elif (made := make(*args, workspace=workspace, **inputs)) is not None:
            yield made
        # Dagster stores what is yielded before it asks for more
        years = run_years(dg.AssetExecutionContext.get().run.tags)
        for table in tables:
            there = made is not None or workspace.store.has(table)
            broken = workspace.violations(workspace.tables[table.name], years) if there else []
            yield dg.AssetCheckResult(
                passed=not broken,
                asset_key=table.name,
                check_name=AS_DECLARED,
                severity=dg.AssetCheckSeverity.ERROR,
                description="; ".join(broken) or "every column and every row is as declared",
                metadata=looked_at(workspace, [table.name]),
            )

    # Dagster reads a signature again and again, and looks through the text for words on inputs:
    # of fifty functions, a good part of what loading takes
    vars(made_and_checked)["__signature__"] = signature(make)
    made_and_checked.__doc__ = None
    return made_and_checked


OWNER = "team:dti-assets"
# of an asset that does not say otherwise: a table computed in Python and kept as Parquet
KINDS = frozenset({"python", "parquet"})


def with_policy(
    assets: Iterable[AssetsDefinition],
    tables: Mapping[str, Table],
    lineage: Callable[[str], Lineage],
    automation: Callable[[AssetSpec], dict[str, Any]],
    level: Level,
) -> list[AssetsDefinition]:
    """The assets with everything that their tables' declarations say about them, and with the
    attributes of their `automation`. Descriptions may hold {unit} and the level's other words."""

    def improved(spec: AssetSpec, code: CodeReferencesMetadataValue) -> AssetSpec:
        table = tables[spec.key.to_user_string()]
        # at once: making a spec is not cheap, and there are sixty
        return spec.replace_attributes(
            description=f"{level.words(spec.description or '').strip()}\n\n{what_a_row_is(table)}",
            owners=[*spec.owners, OWNER],
            kinds=spec.kinds | {"python"} if spec.kinds else set(KINDS),
            metadata={
                **spec.metadata,
                "dagster/column_schema": table_schema(table, lineage(table.name)),
                "dagster/code_references": code,
            },
            **automation(spec),
        )

    return [
        definition.map_asset_specs(partial(improved, code=_code(definition)))
        for definition in assets
    ]


def what_a_row_is(table: Table) -> str:
    """The unit of observation and the columns that identify it, in a sentence."""
    key = f", identified by {', '.join(table.key)}" if table.key else ""
    return f"One row per {table.row}{key}."


def _code(definition: AssetsDefinition) -> CodeReferencesMetadataValue:
    """File and line of the function behind the assets. Where the package lies is known when it
    is loaded; no path is written down."""
    body: Any = definition.op.compute_fn
    place = unwrap(body.decorated_fn).__code__
    return CodeReferencesMetadataValue(
        code_references=[
            LocalFileCodeReference(
                file_path=place.co_filename,
                line_number=place.co_firstlineno,
                label=Path(place.co_filename).name,
            )
        ]
    )
