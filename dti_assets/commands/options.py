"""What subcommands share: the study they work on and how years are written."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from dti_assets.study import Study

study_option = click.option(
    "--study", "study_file", default="study.yaml", show_default=True, help="The study file."
)


def read_study(file: str, years: str | None) -> Study:
    """The study in a file, with other years where they are given."""
    from dti_assets.study import load_study

    return load_study(file, parse_years(years) if years else None)


def parse_years(text: str) -> tuple[int, int]:
    """First and last year of 2009-2022 or 2022."""
    found = re.fullmatch(r"([0-9]{4})(?:-([0-9]{4}))?", text.strip())
    if found is None:
        raise click.BadParameter(
            f"{text!r} is neither a year nor two joined by a hyphen", param_hint="--years"
        )
    return int(found[1]), int(found[2] or found[1])
