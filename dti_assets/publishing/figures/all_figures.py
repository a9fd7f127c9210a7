"""Every figure of a study in the order of the report, and their files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dti_assets.publishing.figures import coefficients, instrument, provinces, remedies
from dti_assets.publishing.figures.drawing import Drawing, content
from dti_assets.publishing.figures.influence import dictionary_permutation, influence
from dti_assets.publishing.figures.measurement_audit import term_precision

if TYPE_CHECKING:
    import pandas as pd

# the report shows the last
FORMATS = ("pdf", "png", "svg")


@dataclass(frozen=True)
class FigureInputs:
    """What the figures are made of.

    frames : the tables of needs.FIGURES by asset name. estimates : tables of coefficients by
    asset name. shares : within shares of the instrument by rule and province. rule : that of the
    study.
    """

    years: list[int]
    frames: Mapping[str, pd.DataFrame]
    estimates: Mapping[str, pd.DataFrame]
    shares: pd.DataFrame
    rule: str


def all_figures(inputs: FigureInputs) -> list[Drawing]:
    """Every figure, drawn or with the reason why not."""
    frames = inputs.frames
    attention, weak = frames["policy_attention"], frames["weak_instrument_inference"]
    return [
        provinces.coverage(attention, inputs.years),
        provinces.attention_by_region(attention, frames["panel"]),
        provinces.map_attention(attention),
        provinces.map_digital_patents(frames["dti"]),
        provinces.map_dti_iv(frames["dti_iv"]),
        provinces.instrument_shares(inputs.shares, inputs.rule),
        coefficients.coefficients(inputs.estimates),
        instrument.first_stage_reduced_form(frames["stage_residuals"], weak),
        instrument.anderson_rubin(frames["anderson_rubin_curve"], weak),
        coefficients.leave_one_out(frames["leave_one_province_out"], weak),
        influence(frames["influence"]),
        dictionary_permutation(
            frames["dictionary_permutation"], frames["dictionary_permutation_draws"]
        ),
        term_precision(frames["measurement_audit"]),
        instrument.specification_curve(frames["specification_curve"], weak),
        remedies.remedies(
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
