"""What holds of every asset alike, said once and mapped over all specs: owner, kinds, what a row
is, the schema of the columns, and where the code stands."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from inspect import unwrap
from pathlib import Path
from typing import Any

from dagster import AssetsDefinition, AssetSpec, CodeReferencesMetadataValue, LocalFileCodeReference

from dti_assets.column_lineage import Lineage
from dti_assets.pipeline.metadata import table_schema
from dti_assets.tables import Table

OWNER = "team:dti-assets"
# of an asset that does not say otherwise: a table computed in Python and kept as Parquet
KINDS = frozenset({"python", "parquet"})


def with_policy(
    assets: Iterable[AssetsDefinition],
    tables: Mapping[str, Table],
    lineage: Callable[[str], Lineage],
    automation: Callable[[AssetSpec], dict[str, Any]],
) -> list[AssetsDefinition]:
    """The assets with everything that their tables' declarations say about them, and with the
    attributes of their `automation`."""

    def improved(spec: AssetSpec, code: CodeReferencesMetadataValue) -> AssetSpec:
        table = tables[spec.key.to_user_string()]
        # at once: making a spec is not cheap, and there are sixty
        return spec.replace_attributes(
            description=f"{(spec.description or '').strip()}\n\n{what_a_row_is(table)}",
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
