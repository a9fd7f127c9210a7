"""The user's panel folder as a whole: yearbook figures, and turnover from dated appointments."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from dti_assets.errors import PanelError
from dti_assets.panel.tables import FIGURES
from dti_assets.panel.turnover import read_appointments, turnover, turnover_figures
from dti_assets.panel.user_figures import appointment_files, read_user_figures

if TYPE_CHECKING:
    import pandas as pd


class PanelFolder(NamedTuple):
    """Tables figures, figures_left_out, national_totals, user_files and turnover of one folder."""

    figures: pd.DataFrame
    skipped: pd.DataFrame
    totals: pd.DataFrame
    files: pd.DataFrame
    turnover: pd.DataFrame


def read_panel_folder(
    folder: Path,
    years: tuple[int, int],
    units: Mapping[str, str] | None = None,
    aliases: Mapping[str, str] | None = None,
) -> PanelFolder:
    """Everything build_panel takes from the user: `figures` holds the turnover series too.

    Arguments as in read_user_figures; appointments come from files appointments*.csv, in capitals
    or not. Raises UserFigureError, AppointmentError, or PanelError where turnover is given in both
    ways.
    """
    import pandas as pd

    user = read_user_figures(folder, units, aliases)
    paths = appointment_files(Path(folder))
    appointments = [one for path in paths for one in read_appointments(path)]
    table = turnover(appointments, years)
    figures = turnover_figures(table, ", ".join(path.name for path in paths))
    twice = sorted(set(figures["series"]) & set(user.figures["series"]))
    if twice:
        raise PanelError(f"{', '.join(twice)}: given by {paths[0].name} and by a file of figures")
    both = [frame for frame in (user.figures, figures) if len(frame)]
    joined = FIGURES.frame(pd.concat(both, ignore_index=True) if both else [])
    return PanelFolder(joined, user.skipped, user.totals, user.files, table)
