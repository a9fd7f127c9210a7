"""`dti download`: reports from their official addresses."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from dti_assets.cli.options import FAILED, read_study, study_option
from dti_assets.cli.output import render, without_controls
from dti_assets.sources.tables import STATES

if TYPE_CHECKING:
    from dti_assets.sources.download import Outcome


@click.command()
@study_option
@click.option("--years", help="2009-2022 or 2022, in place of the study's years.")
@click.option("--unit", "--province", "name", help="Only this unit of the study; any of its names.")
@click.option("--dry-run", is_flag=True, help="Say what would be fetched; no request, no file.")
@click.option(
    "--allow-loopback",
    multiple=True,
    hidden=True,
    metavar="ADDRESS:PORT",
    help="For tests: a server of one's own, such as 127.0.0.1:8000, and nothing beside it.",
)
def download(
    study_file: str,
    years: str | None,
    name: str | None,
    dry_run: bool,
    allow_loopback: tuple[str, ...],
) -> None:
    """Fetch the reports that reports_raw/sources.csv names, or ask whether they have changed.

    No file that is there is touched; a changed report is stored beside the old one. Exit status:
    0 nothing failed, 1 some reports were not to be had, 2 bad usage or bad input.
    """
    from dti_assets.cli.progress import console_progress
    from dti_assets.sources.download import download as fetch_all
    from dti_assets.sources.download import plan, select_entries
    from dti_assets.sources.fetch import Fetcher
    from dti_assets.sources.guard import AddressPolicy, parse_exempt
    from dti_assets.sources.registry import FILE_NAME, read_registry

    study = read_study(study_file, years)
    folder = study.path(study.inputs.reports)
    units = study.unit_list
    registry = read_registry(folder / FILE_NAME, units=units)
    code = units.get(name).code if name else None
    entries = select_entries(registry.checked().entries, study.all_years, code, units=units)
    if not entries:
        span = "-".join(map(str, dict.fromkeys(study.years)))
        whose = f" for {name}" if name else ""
        raise click.UsageError(f"{registry.path} has no row of {span}{whose}")
    if dry_run:
        outcomes = plan(folder, entries, units=units)
    else:
        fetcher = Fetcher(AddressPolicy(parse_exempt(allow_loopback)))
        with console_progress(study.name) as progress:

            def told(done: int, total: int, outcome: Outcome) -> None:
                if sys.stderr.isatty():
                    progress.report("report_downloads", done, total)
                else:
                    # why not is said once, at the end
                    where = f": {outcome.file}" if outcome.file else ""
                    said = without_controls(f"{_row(outcome)}{where}")
                    click.echo(f"{done} of {total}: {said}", err=True)

            outcomes = fetch_all(folder, entries, fetcher, told, units=units)
    _close(outcomes)
    later = len({e.year for e in registry.entries} - set(study.all_years))
    if later and years is None:
        first, last = study.years
        click.echo(
            f"{later} more years in {registry.path.name} lie outside {first}-{last}: --years"
        )
    sys.exit(FAILED if any(outcome.state == "failed" for outcome in outcomes) else 0)


def _row(outcome: Outcome) -> str:
    return f"{outcome.entry.unit.name} {outcome.entry.year} {outcome.state}"


def _line(outcome: Outcome) -> str:
    words = [_row(outcome)]
    words += [word for word in (outcome.file, outcome.reason) if word]
    return without_controls(": ".join(words))


def _close(outcomes: list[Outcome]) -> None:
    """The closing table by year, then each row that wants a word."""
    import pandas as pd

    years = sorted({outcome.entry.year for outcome in outcomes})
    met = [state for state in STATES if any(o.state == state for o in outcomes)]
    shown = list(dict.fromkeys(["fetched", "unchanged", "failed", *met]))
    if any(outcome.state == "to fetch" for outcome in outcomes):
        shown = met
    count = {(o.entry.year, o.state): 0 for o in outcomes}
    for outcome in outcomes:
        count[outcome.entry.year, outcome.state] += 1
    rows = [{"year": str(y), **{s: count.get((y, s), 0) for s in shown}} for y in years]
    rows.append({"year": "all", **{s: sum(o.state == s for o in outcomes) for s in shown}})
    click.echo(render(pd.DataFrame(rows), "table"), nl=False)
    told = [o for o in outcomes if o.state in ("changed", "failed") or o.reason]
    for outcome in told:
        click.echo(_line(outcome))
