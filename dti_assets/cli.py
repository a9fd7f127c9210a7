"""The `dti` command: each subcommand loads what it needs, calls one function, says what it did.

Exit status: 0 done, 1 an asset or a blocking check failed, 2 bad usage or bad input, 130
interrupted.
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from shlex import quote
from typing import Any

import click

from dti_assets.commands.options import (
    BAD_INPUT,
    FAILED,
    findings_table,
    lacking_years,
    of_years,
    parse_years,
    read_study,
    stored_table,
    study_option,
)
from dti_assets.errors import DtiError
from dti_assets.output import without_controls

# commands that live in modules of their own, loaded when they are called or listed
ELSEWHERE = {
    "audit": "dti_assets.commands.audit",
    "download": "dti_assets.commands.download",
    "gc": "dti_assets.commands.housekeeping",
    "influence": "dti_assets.commands.influence",
    "package": "dti_assets.commands.replication",
    "referee": "dti_assets.commands.referee",
    "sources": "dti_assets.commands.download",
    "ui": "dti_assets.commands.ui",
    "verify": "dti_assets.commands.replication",
}
# commands that show what is there, and need not go on where nobody reads it
SHOWING = frozenset({"explain", "influence", "kwic", "referee", "schema", "show"})

# what to know of a command that was interrupted, where there is something to know
LEFT_BY_INTERRUPT = {
    **dict.fromkeys(("download", "freeze", "gc", "run"), "run again to go on where it stopped"),
    **dict.fromkeys(("new", "simulate"), "nothing of it is left"),
    "verify": "a folder given with --into keeps what was unpacked, so name another next time",
}


def main() -> None:
    """Entry point: turns every error of bad input into one sentence and exit status 2."""
    from dti_assets.commands import streams
    from dti_assets.process import set_up

    set_up()
    streams.set_up(SHOWING)
    try:
        status = cli(standalone_mode=False)
        # of a command that ended itself, as --help does
        if isinstance(status, int) and status:
            sys.exit(status)
    except click.Abort as error:
        click.echo(str(error) or "interrupted", err=True)
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(BAD_INPUT)
    except (DtiError, OSError) as error:
        # the package's own sentence, or the operating system's about a file
        click.echo(without_controls(f"dti: {error}"), err=True)
        sys.exit(BAD_INPUT)


class _Commands(click.Group):
    """The commands of this module, and those of `commands`, by name of the function there."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *ELSEWHERE})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in ELSEWHERE:
            return super().get_command(ctx, cmd_name)
        command: click.Command = getattr(import_module(ELSEWHERE[cmd_name]), cmd_name)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            click.echo(err=True)
            left = LEFT_BY_INTERRUPT.get(ctx.invoked_subcommand or "")
            raise click.Abort(f"interrupted; {left}" if left else "interrupted") from error


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="dti-assets")
def cli() -> None:
    """From provincial government work reports to an instrumental-variable table."""


@cli.command()
@study_option
@click.option("--select", "expression", help="Assets: names, +name (and upstream), name+, group:x.")
@click.option("--years", help="2009-2022 or 2022, in place of the study's years.")
@click.option("--workers", type=click.IntRange(1), help="Worker processes; default: processors.")
@click.option("--no-wait", is_flag=True, help="Refuse, where another run is at work.")
@click.option("--force", is_flag=True, help="Make also what is up to date.")
def run(
    study_file: str,
    expression: str | None,
    years: str | None,
    workers: int | None,
    no_wait: bool,
    force: bool,
) -> None:
    """Materialise the study: read what is new, recount what changed, rebuild what follows.

    Up to date is what was made and looked at from the files, settings and tables there are, by
    this version of the program.
    """
    study = read_study(study_file, years)
    from dti_assets.progress import console_progress

    # the first thing said must not wait for the seconds Dagster takes to load
    with console_progress(study.name) as progress:
        from dti_assets.pipeline.preflight import preflight
        from dti_assets.pipeline.resources import Workspace
        from dti_assets.pipeline.run import run as run_study

        preflight(Workspace(study))
        outcome = run_study(study, expression, workers, progress, not no_wait, force)
    progress.close(outcome, study)
    sys.exit(0 if outcome.success else FAILED)


@cli.command()
@study_option
@click.option("--replace", is_flag=True, help="Record the present instrument over another one.")
def freeze(study_file: str, replace: bool) -> None:
    """Record dictionary, settings and DTI_iv before outcomes are joined.

    Later outputs say whether the instrument is still the one in instrument.freeze.json.
    """
    study = read_study(study_file, None)
    from dti_assets.progress import console_progress

    with console_progress(study.name) as progress:
        from dti_assets.pipeline.preflight import preflight
        from dti_assets.pipeline.resources import Workspace
        from dti_assets.pipeline.run import freeze as freeze_study

        preflight(Workspace(study))
        outcome, sentence = freeze_study(study, replace, progress)
    click.echo(sentence)
    for failure in outcome.failures:
        click.echo(without_controls(failure), err=True)
    sys.exit(0 if outcome.success else FAILED)


@cli.command()
@click.argument("asset")
@study_option
@click.option("--years", help="2009-2022 or 2022, in place of the study's years.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "long", "csv", "json", "md"]),
    default="table",
    show_default=True,
    help="long: a line for each value; csv and json are at full precision.",
)
def show(asset: str, study_file: str, years: str | None, form: str) -> None:
    """Print a stored asset, or with ASSET.CHECK all that one of its checks finds to look at."""
    from dti_assets.output import cut_columns, render

    study = read_study(study_file, years)
    name, _, check = asset.partition(".")
    frame = stored_table(name, study)
    lacking = lacking_years(name, frame, study)
    if years is not None and not check:
        frame = of_years(name, frame, study)
    if check:
        frame = findings_table(asset, study)
    sentences = check and form in ("table", "long")
    if sentences:
        # which no column cuts
        text = "".join(f"{without_controls(finding)}\n" for finding in frame["finding"])
    else:
        text = render(frame, form)
    click.echo(text, nl=False)
    if frame.empty:
        click.echo("nothing to look at" if check else "0 rows", err=True)
    if lacking:
        click.echo(f"{lacking}: dti run makes it whole", err=True)
    if form == "table" and not sentences and (cut := cut_columns(frame)):
        click.echo(f"cut: {', '.join(cut)}; whole with --format long (or csv)", err=True)
    printed = study.path(study.outputs) / "tables" / f"{asset}.md"
    if form in ("table", "md") and not study.remote_outputs and printed.is_file():
        click.echo(f"as printed, columns side by side: {printed}", err=True)


@cli.command()
@click.argument("term")
@study_option
@click.option("--province", help="Only this province; any of its names.")
@click.option("--year", type=int, help="Only this year.")
@click.option("--section", type=click.Choice(["review", "plan", "unsplit", "annex"]))
@click.option("--width", type=click.IntRange(4, 200), default=20, show_default=True)
def kwic(
    term: str,
    study_file: str,
    province: str | None,
    year: int | None,
    section: str | None,
    width: int,
) -> None:
    """Print each occurrence of TERM in context, with file, page and section.

    A term of the dictionary as the study counts it, any other word wherever it stands.
    """
    from dti_assets.geography.provinces import get_province
    from dti_assets.pipeline.resources import Workspace
    from dti_assets.text.concordance import occurrences, total, unread

    if not term.strip():
        raise click.UsageError("TERM is empty")
    study = read_study(study_file, None)
    workspace = Workspace(study)
    code = get_province(province).province_code if province is not None else None
    files = stored_table("report_files", study)
    dictionary, sections = workspace.dictionary(), workspace.counted_sections
    found = left_out = 0
    for hit in occurrences(
        files,
        study.path(study.inputs.reports),
        workspace.cache,
        term,
        dictionary,
        code,
        year,
        section,
        width,
        study.all_years,
        workspace.finder(),
    ):
        found += 1
        left_out += hit.section not in sections
        click.echo(without_controls(str(hit)))
    sentence = total(found, left_out, term, dictionary, workspace.counting_rules())
    said = [sentence, *unread(files)]
    if year is not None and year not in study.all_years:
        first, last = study.years
        said.append(f"{year} is no year of the study, which is one of {first} to {last}")
    for sentence in said:
        click.echo(without_controls(sentence), err=True)


@cli.command()
@click.argument("folder", type=click.Path(path_type=Path))
def new(folder: Path) -> None:
    """Make an own study folder: study.yaml, dictionaries, and the three input folders."""
    from dti_assets.scaffold import new_study

    for path in new_study(folder):
        click.echo(f"made {path}")
    click.echo(f"next: dti run --study {quote(str(folder / 'study.yaml'))}")


@cli.command()
@study_option
def init(study_file: str) -> None:
    """Create the run home of a study (dti run does this itself where it is missing)."""
    study = read_study(study_file, None)
    from dti_assets.pipeline.home import initialise

    click.echo(f"run home: {initialise(study)}")


@cli.command()
@study_option
def doctor(study_file: str) -> None:
    """Say what is missing or misconfigured, and what mends it."""
    from dti_assets.diagnosis import diagnose

    troubled = False
    for finding in diagnose(Path(study_file)):
        click.echo(without_controls(str(finding)))
        troubled = troubled or finding.trouble
    sys.exit(BAD_INPUT if troubled else 0)


@cli.group()
def template() -> None:
    """Empty files to fill in."""


@template.command("panel")
@click.argument(
    "path", type=click.Path(path_type=Path, dir_okay=False), default="panel_template.xlsx"
)
@study_option
def template_panel(path: Path, study_file: str) -> None:
    """A workbook with every series of the panel, its unit and its definition."""
    from dti_assets.panel.workbooks import write_template

    study = read_study(study_file, None)
    if path.suffix.lower() != ".xlsx":
        raise click.UsageError(f"{path}: a workbook is made, whose name ends in .xlsx")
    if path.exists():
        raise click.UsageError(f"{path} exists already; dti template overwrites nothing")
    write_template(path, study.years)
    click.echo(f"made {path}; fill in what you have and put it into {study.inputs.panel}")


@cli.group()
def schema() -> None:
    """Machine-readable descriptions for editors and readers."""


@schema.command("study")
def schema_study() -> None:
    """JSON Schema of study.yaml."""
    import json

    from dti_assets.study import study_schema

    click.echo(json.dumps(study_schema(), ensure_ascii=False, indent=2))


@cli.command()
@click.argument("number")
@study_option
def explain(number: str, study_file: str) -> None:
    """Say why the patent with this application or publication NUMBER is digital or not."""
    from dti_assets.patents.explain import explain as explain_patent
    from dti_assets.patents.terms import load_terms

    study = read_study(study_file, None)
    terms = load_terms(study.path(study.patents.dictionaries))
    source = study.path(study.inputs.patents)
    click.echo(str(explain_patent(number, source, terms, study.patents.columns)))


@cli.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--provinces", type=int, default=31, show_default=True, help="First of GB/T 2260.")
@click.option("--years", default="2009-2022", show_default=True)
@click.option("--patents", type=int, default=20_000, show_default=True)
@click.option("--seed", type=int, default=7, show_default=True)
@click.option("--strength", type=float, default=40.0, show_default=True, help="First-stage F - 1.")
@click.option("--endogeneity", type=float, default=0.0, show_default=True, help="corr(v, u).")
def simulate(
    folder: Path,
    provinces: int,
    years: str,
    patents: int,
    seed: int,
    strength: float,
    endogeneity: float,
) -> None:
    """Write a complete study with known truth into FOLDER: reports, patents, figures."""
    from dti_assets.simulate import simulate_study

    span = parse_years(years)
    truth = simulate_study(folder, provinces, span, patents, seed, strength, endogeneity)
    click.echo(
        f"made {folder}: {len(truth['reports'])} reports, {patents:,} patents, figures of "
        f"{provinces} provinces; the truth is in {folder / 'truth.json'}"
    )
    click.echo(f"next: dti run --study {quote(str(folder / 'study.yaml'))}")
