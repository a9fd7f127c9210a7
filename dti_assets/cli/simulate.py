"""`dti simulate`: an invented study."""

from __future__ import annotations

from pathlib import Path
from shlex import quote

import click

from dti_assets.cli.options import (
    parse_years,
)


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--provinces", type=int, show_default="all", help="First of GB/T 2260.")
@click.option("--years", default="2009-2022", show_default=True)
@click.option("--patents", type=int, default=20_000, show_default=True)
@click.option("--seed", type=int, default=7, show_default=True)
@click.option("--strength", type=float, default=40.0, show_default=True, help="First-stage F - 1.")
@click.option("--endogeneity", type=float, default=0.0, show_default=True, help="corr(v, u).")
def simulate(
    folder: Path,
    provinces: int | None,
    years: str,
    patents: int,
    seed: int,
    strength: float,
    endogeneity: float,
) -> None:
    """Write a complete study with known truth into FOLDER: reports, patents, figures."""
    from dti_assets.simulation.study import simulate_study

    span = parse_years(years)
    truth = simulate_study(folder, provinces, span, patents, seed, strength, endogeneity)
    click.echo(
        f"made {folder}: {len(truth['reports'])} reports, {patents:,} patents, figures of "
        f"{len(truth['provinces'])} provinces; the truth is in {folder / 'truth.json'}"
    )
    click.echo(f"next: dti run --study {quote(str(folder / 'study.yaml'))}")
