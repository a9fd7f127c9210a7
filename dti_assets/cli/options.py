"""What subcommands share: the study they work on, its stored tables, and how years are written."""

from __future__ import annotations

import re
from shlex import quote
from typing import TYPE_CHECKING

import click

from dti_assets.errors import TableError
from dti_assets.store.parquet import Store

if TYPE_CHECKING:
    import pandas as pd

    from dti_assets.study.config import Study

# exit status of a command whose work went wrong, and of one that was given bad input
FAILED, BAD_INPUT, INTERRUPTED = 1, 2, 130
study_option = click.option(
    "--study", "study_file", default="study.yaml", show_default=True, help="The study file."
)


def read_study(file: str, years: str | None) -> Study:
    """The study in a file, with other years where they are given."""
    from dti_assets.study.config import load_study

    return load_study(file, parse_years(years) if years is not None else None)


def parse_years(text: str) -> tuple[int, int]:
    """First and last year of 2009-2022 or 2022."""
    found = re.fullmatch(r"([0-9]{4})(?:-([0-9]{4}))?", text.strip())
    if found is None:
        raise click.BadParameter(
            f"{text!r} is neither a year nor two joined by a hyphen", param_hint="--years"
        )
    return int(found[1]), int(found[2] or found[1])


def lacking_years(asset: str, frame: pd.DataFrame, study: Study) -> str | None:
    """That a stored table was made for fewer years than the study has, in one sentence."""
    from dti_assets.study.catalogue import EVERY_YEAR

    held = sorted(set(map(int, frame["year"]))) if asset in EVERY_YEAR else []
    if not held or set(study.all_years) <= set(held):
        return None
    has, wants = ("-".join(map(str, dict.fromkeys(y))) for y in ((held[0], held[-1]), study.years))
    return f"{asset} holds {has} only, and the study is one of {wants}"


def of_years(asset: str, frame: pd.DataFrame, study: Study) -> pd.DataFrame:
    """The rows of the study's years, which were asked for; a sentence where no row has a year."""
    if "year" not in frame:
        raise click.BadParameter(f"{asset} has no column year", param_hint="--years")
    return frame[frame["year"].isin(study.all_years)]


def stored_table(asset: str, study: Study) -> pd.DataFrame:
    """A stored table by its asset's name, of the study's years; failing that, what to run."""
    from dti_assets.study.catalogue import FETCHED, YEARLY, stored_tables

    tables = stored_tables(study)
    if asset not in tables:
        from difflib import get_close_matches
        from textwrap import fill

        near = get_close_matches(asset, tables, n=1)
        # in the order of their making, as in the README
        names = fill(", ".join(tables), initial_indent="  ", subsequent_indent="  ")
        hint = f"; did you mean {near[0]}?" if near else f"; there are\n{names}"
        raise click.UsageError(f"no asset is called {asset!r}{hint}")
    years = study.all_years if asset in YEARLY else None
    try:
        return Store(study.output_url).read(tables[asset], years)
    except (LookupError, TableError) as error:
        select = f" --select {asset}" if asset in FETCHED else ""
        raise click.UsageError(
            f"{error}; run: dti run --study {quote(str(study.file))}{select}"
        ) from error


def findings_table(check: str, study: Study) -> pd.DataFrame:
    """All that a check that warns (`asset.check`) finds, one row a sentence."""
    import pandas as pd

    from dti_assets.pipeline.checks import findings
    from dti_assets.pipeline.resources import Workspace

    return pd.DataFrame({"finding": findings(Workspace(study), check)})
