"""`dti audit`: samples for human coders, and their labels read back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

import click

from dti_assets.audit.tables import MEASUREMENT_AUDIT
from dti_assets.cli.options import read_study, stored_table, study_option
from dti_assets.cli.output import render

if TYPE_CHECKING:
    import pandas as pd

    from dti_assets.pipeline.resources import Workspace

_SHOWN = (
    "part", "scope", "measure", "estimate", "conf_low", "conf_high", "uncorrected", "change",
    "change_low", "change_high", "labelled", "disputed", "population", "reason",
)  # fmt: skip


@click.group()
def audit() -> None:
    """Hold what the program decided against what humans say."""


def _options(command: Callable[..., None]) -> Callable[..., None]:
    """What both audits take."""
    for option in (
        click.option("--replace", is_flag=True, help="Draw anew; coder_*.xlsx are discarded."),
        click.option("--labelled", is_flag=True, help="Read the labels back and print results."),
        click.option("--seed", type=click.IntRange(0), default=1, show_default=True),
        click.option("--coders", type=click.IntRange(1, 20), default=2, show_default=True),
        click.option("--n", type=click.IntRange(1), default=200, show_default=True, help="Items."),
        study_option,
        click.argument("folder", type=click.Path(path_type=Path, file_okay=False), required=False),
    ):
        command = option(command)
    return command


@audit.command("reports")
@_options
def audit_reports(folder: Path | None, study_file: str, labelled: bool, **chosen: Any) -> None:
    """Keyword occurrences in context to label, into FOLDER, or the labels in FOLDER read back.

    FOLDER is the study's audit.reports where it is not given. Needs a finished dti run.
    """
    from dti_assets.pipeline import audits as auditing

    workspace, where = _workspace(study_file, folder, "reports")
    if labelled:
        _print(workspace, where, auditing.report_rows)
        return
    _draw(workspace, where, auditing.draw_report_sample, "occurrences", **chosen)
    click.echo(f"then: {_again('reports', where, study_file)}")


@audit.command("patents")
@_options
def audit_patents(folder: Path | None, study_file: str, labelled: bool, **chosen: Any) -> None:
    """Patents to label, into FOLDER, or the labels in FOLDER read back.

    FOLDER is the study's audit.patents where it is not given. Needs a finished dti run.
    """
    from dti_assets.pipeline import audits as auditing

    workspace, where = _workspace(study_file, folder, "patents")
    if labelled:
        _print(workspace, where, auditing.patent_rows)
        return
    _draw(workspace, where, auditing.draw_patent_sample, "patents", **chosen)
    click.echo(f"then: {_again('patents', where, study_file)}")


def _again(source: str, folder: Path, study_file: str) -> str:
    """The command that reads the labels back."""
    return f"dti audit {source} {quote(str(folder))} --labelled --study {quote(study_file)}"


def _workspace(study_file: str, folder: Path | None, source: str) -> tuple[Workspace, Path]:
    from dti_assets.pipeline.resources import Workspace

    study = read_study(study_file, None)
    return Workspace(study), folder or study.path(getattr(study.audit, source))


def _draw(
    workspace: Workspace,
    folder: Path,
    draw: Callable[..., pd.DataFrame],
    what: str,
    n: int,
    coders: int,
    seed: int,
    replace: bool,
) -> None:
    from dti_assets.audit.sheets import refuse_existing

    if not replace:
        refuse_existing(folder)
    key = draw(workspace, folder, n, coders, seed)
    click.echo(
        f"{folder}: {len(key)} {what} for {coders} coders, a sheet each (coder_1.xlsx, ...); "
        "write 1, 0 or unclear"
    )


def _print(workspace: Workspace, folder: Path, make: Callable[..., list[dict[str, Any]]]) -> None:
    from dti_assets.audit.sheets import sheets_not_read
    from dti_assets.pipeline.audits import NEEDED, told_not_read

    if ignored := told_not_read(sheets_not_read(folder)):
        click.echo(ignored, err=True)
    stored = {name: stored_table(name, workspace.study) for name in NEEDED}
    source = "reports" if make.__name__.startswith("report") else "patents"
    rows = [{"source": source, **row} for row in make(workspace, folder, stored)]
    frame = workspace.tables[MEASUREMENT_AUDIT.name].frame(rows)
    # a line for every unit and year would hide the rest; the asset has them
    shown = frame[frame["part"] != "correction"][list(_SHOWN)]
    click.echo(render(shown.dropna(axis="columns", how="all"), "table"), nl=False)
