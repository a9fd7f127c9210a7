"""`dti schema`: machine-readable descriptions."""

from __future__ import annotations

import click


@click.group()
def schema() -> None:
    """Machine-readable descriptions for editors and readers."""


@schema.command("study")
def schema_study() -> None:
    """JSON Schema of study.yaml."""
    import json

    from dti_assets.study.config import study_schema

    click.echo(json.dumps(study_schema(), ensure_ascii=False, indent=2))
