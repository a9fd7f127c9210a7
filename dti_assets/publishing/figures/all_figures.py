"""Every figure of a study in the order of the report, and their files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dti_assets.publishing.figures import coefficients, instrument, maps, remedies
from dti_assets.publishing.figures.drawing import Drawing, content
from dti_assets.publishing.figures.influence import dictionary_permutation, influence
from dti_assets.publishing.figures.measurement_audit import term_precision
from dti_assets.units.lists import Units

if TYPE_CHECKING:
    import pandas as pd

# the report shows the last
FORMATS = ("pdf", "png", "svg")


@dataclass(frozen=True)
class FigureInputs:
    """What the figures are made of.

    frames : the tables of needs.FIGURES by asset name. estimates : tables of coefficients by
    asset name. shares : within shares of the instrument by rule and unit. rule : that of the
    study.
    """

    units: Units
    years: list[int]
    frames: Mapping[str, pd.DataFrame]
    estimates: Mapping[str, pd.DataFrame]
    shares: pd.DataFrame
    rule: str


def all_figures(inputs: FigureInputs) -> list[Drawing]:
    """Every figure, drawn or with the reason why not."""
    units, frames = inputs.units, inputs.frames
    attention, weak = frames["policy_attention"], frames["weak_instrument_inference"]
    return [
        maps.coverage(units, attention, inputs.years),
        maps.attention_by_region(units, attention, frames["panel"]),
        maps.map_attention(units, attention),
        maps.map_digital_patents(units, frames["dti"]),
        maps.map_dti_iv(units, frames["dti_iv"]),
        maps.instrument_shares(units, inputs.shares, inputs.rule),
        coefficients.coefficients(units, inputs.estimates),
        instrument.first_stage_reduced_form(units, frames["stage_residuals"], weak),
        instrument.anderson_rubin(units, frames["anderson_rubin_curve"], weak),
        coefficients.leave_one_out(units, frames["leave_one_province_out"], weak),
        influence(units, frames["influence"]),
        dictionary_permutation(
            units, frames["dictionary_permutation"], frames["dictionary_permutation_draws"]
        ),
        term_precision(units, frames["measurement_audit"]),
        instrument.specification_curve(units, frames["specification_curve"], weak),
        remedies.remedies(
            units,
            weak,
            frames["robustness"],
            frames["leave_one_province_out"],
            inputs.estimates.get("table_02_baseline"),
        ),
    ]


def write_figure(folder: Path, drawn: Drawing) -> None:
    """One file a format; none where there is nothing to draw."""
    for form in FORMATS if drawn.figure is not None else ():
        (folder / f"{drawn.name}.{form}").write_bytes(content(drawn, form))


def figure_rows(figures: list[Drawing], written: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One row a figure and format: the file (path, sha256 and bytes of `written`), or why none."""
    by_name = {Path(row["path"]).name: row for row in written}
    return [
        {
            "figure": drawn.name,
            "title": drawn.title,
            "format": form,
            "alt": drawn.alt,
            "reason": drawn.reason,
            **by_name.get(f"{drawn.name}.{form}", {}),
        }
        for drawn in figures
        for form in FORMATS
    ]
