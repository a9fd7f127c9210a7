"""`dti download` and `dti sources`: reports from their official addresses, and what is lacking."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from dti_assets.commands.options import BAD_INPUT, FAILED, read_study, study_option

if TYPE_CHECKING:
    from pathlib import Path

    from dti_assets.sources.download import Outcome
    from dti_assets.sources.registry import Registry


@click.command()
@study_option
@click.option("--years", help="2009-2022 or 2022, in place of the study's years.")
@click.option("--province", help="Only this province; any of its names.")
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
    province: str | None,
    dry_run: bool,
    allow_loopback: tuple[str, ...],
) -> None:
    """Fetch the reports that reports_raw/sources.csv names, or ask whether they have changed.

    No file that is there is touched; a changed report is stored beside the old one. Exit status:
    0 nothing failed, 1 some reports were not to be had, 2 bad usage or bad input.
    """
    from dti_assets.geography.provinces import get_province
    from dti_assets.output import without_controls
    from dti_assets.progress import console_progress
    from dti_assets.sources.addresses import AddressPolicy, parse_exempt
    from dti_assets.sources.download import download as fetch_all
    from dti_assets.sources.download import plan, select_entries
    from dti_assets.sources.fetch import Fetcher

    study = read_study(study_file, years)
    registry, folder = _registry(study.path(study.inputs.reports))
    code = get_province(province).province_code if province else None
    entries = select_entries(registry.checked().entries, study.all_years, code)
    if not entries:
        span = "-".join(map(str, dict.fromkeys(study.years)))
        whose = f" for {province}" if province else ""
        raise click.UsageError(f"{registry.path} has no row of {span}{whose}")
    if dry_run:
        outcomes = plan(folder, entries)
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

            outcomes = fetch_all(folder, entries, fetcher, told)
    _close(outcomes)
    later = len({e.year for e in registry.entries} - set(study.all_years))
    if later and years is None:
        first, last = study.years
        click.echo(
            f"{later} more years in {registry.path.name} lie outside {first}-{last}: --years"
        )
    sys.exit(FAILED if any(outcome.state == "failed" for outcome in outcomes) else 0)


def _registry(folder: Path) -> tuple[Registry, Path]:
    from dti_assets.sources.registry import FILE_NAME, read_registry

    return read_registry(folder / FILE_NAME), folder


def _row(outcome: Outcome) -> str:
    return f"{outcome.entry.province.province} {outcome.entry.year} {outcome.state}"


def _line(outcome: Outcome) -> str:
    from dti_assets.output import without_controls

    words = [_row(outcome)]
    words += [word for word in (outcome.file, outcome.reason) if word]
    return without_controls(": ".join(words))


def _close(outcomes: list[Outcome]) -> None:
    """The closing table by year, then each row that wants a word."""
    import pandas as pd

    from dti_assets.output import render
    from dti_assets.sources.tables import STATES

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


@click.group()
def sources() -> None:
    """The registry of official addresses, reports_raw/sources.csv."""


@sources.command()
@study_option
@click.option("--years", help="2009-2022 or 2022, in place of the study's years.")
def check(study_file: str, years: str | None) -> None:
    """Show what is lacking: rows without an address, addresses without a file, files without a row.

    Malformed rows are named with file and line, and give exit status 2.
    """
    import pandas as pd

    from dti_assets.output import render, without_controls
    from dti_assets.sources.archive import Archive
    from dti_assets.sources.coverage import LEGEND, coverage

    study = read_study(study_file, years)
    registry, folder = _registry(study.path(study.inputs.reports))
    found = coverage(registry.entries, Archive(folder), study.all_years)
    click.echo(render(pd.DataFrame(found.grid()), "table"), nl=False)
    click.echo(LEGEND)
    for sentence in [*found.sentences(), f"malformed rows: {len(registry.faults)}"]:
        click.echo(without_controls(sentence))
    for fault in registry.faults:
        click.echo(f"  {without_controls(fault)}")
    sys.exit(BAD_INPUT if registry.faults else 0)


@sources.command()
@study_option
def record(study_file: str) -> None:
    """Write SHA-256, time and ETag of what was downloaded into sources.csv.

    Whoever fetches with that file later is told where a host sends another one.
    """
    from dti_assets.sources.archive import Archive
    from dti_assets.sources.download import recorded
    from dti_assets.sources.registry import write_registry

    study = read_study(study_file, None)
    registry, folder = _registry(study.path(study.inputs.reports))
    changed = write_registry(registry, recorded(Archive(folder)))
    click.echo(f"{registry.path}: {changed} rows recorded")
