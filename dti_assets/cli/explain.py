"""`dti explain`: why one patent counts."""

from __future__ import annotations

import click

from dti_assets.cli.options import (
    read_study,
    study_option,
)


@click.command()
@click.argument("number")
@study_option
def explain(number: str, study_file: str) -> None:
    """Say why the patent with this application or publication NUMBER is digital or not."""
    from dti_assets.patents.explain import explain as explain_patent
    from dti_assets.patents.terms import load_terms

    study = read_study(study_file, None)
    terms = load_terms(study.path(study.patents.dictionaries))
    source = study.path(study.inputs.patents)
    click.echo(str(explain_patent(number, source, terms, study.patents.columns, level=study.level)))
