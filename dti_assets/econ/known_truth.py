"""The coefficients behind simulated data beside the estimates of them.

Where data are invented there is nothing to compare with a paper, but the truth is known. Which
column of which table estimates which coefficient is data (reference/known_coefficients.csv).
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dti_assets.econ.tables import PAPER_COMPARISON
from dti_assets.errors import TruthError
from dti_assets.tables import records

if TYPE_CHECKING:
    import pandas as pd


def load_truth(path: Path | str) -> dict[str, float]:
    """The known coefficients by name, from the truth.json of a simulated study.

    Raises
    ------
    TruthError where there is no such file, or no number under `coefficients`.
    """
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise TruthError(f"{path}: no such file of known coefficients") from error
    except ValueError as error:
        raise TruthError(f"{path}: not readable as JSON ({error})") from error
    stated = content.get("coefficients") if isinstance(content, Mapping) else None
    known = {
        str(name): float(value)
        for name, value in (stated.items() if isinstance(stated, Mapping) else ())
        if isinstance(value, int | float) and not isinstance(value, bool)
    }
    if not known:
        raise TruthError(f"{path}: expected numbers under coefficients, as dti simulate writes")
    return known


def truth_comparison(known: Mapping[str, float], estimates: pd.DataFrame) -> pd.DataFrame:
    """Each known coefficient beside the estimates of it.

    Parameters
    ----------
    known : as from `load_truth`.
    estimates : all tables stacked, as declared in `tables.ESTIMATES`.

    Returns
    -------
    Frame as declared in `tables.PAPER_COMPARISON`, the truth in the place of what is published.
    "agrees" means that the 95 % interval of the estimate holds the truth, which one in twenty
    should not. A proxy estimates something else: "not comparable", as is what was not estimated.
    """
    rows = {(row["table"], row["column"], row["term"]): row for row in records(estimates)}
    source = files("dti_assets.reference") / "known_coefficients.csv"
    listed = csv.DictReader(source.read_text(encoding="utf-8").splitlines())
    wanted = [one for one in listed if one["coefficient"] in known]
    return PAPER_COMPARISON.frame(
        [
            _compare(
                one, known[one["coefficient"]], rows.get((one["table"], one["column"], one["term"]))
            )
            for one in wanted
        ]
    )


def _compare(one: dict[str, str], truth: float, ours: dict[str, Any] | None) -> dict[str, Any]:
    row: dict[str, Any] = {
        **{name: one[name] for name in ("fact", "table", "column", "term")},
        "published": f"{truth:.6g}",
        "published_value": truth,
        "published_sign": "positive" if truth > 0 else "negative" if truth < 0 else None,
        "source": f"truth of the simulation: {one['coefficient']}",
        "verdict": "not comparable",
    }
    if ours is None or ours["estimate"] is None:
        why = ours["reason"] if ours else None
        return row | {"reason": why or f"table {one['table']} has no estimate of {one['term']}"}
    row |= {"estimate": ours["estimate"], "stars": ours["stars"]}
    row |= {"difference": ours["estimate"] - truth, "same_sign": ours["estimate"] * truth > 0}
    low, high = ours["conf_low"], ours["conf_high"]
    if low is None or high is None:
        return row | {"reason": ours["reason"] or "no interval"}
    row |= {"conf_low": low, "conf_high": high}
    return row | {"verdict": "agrees" if low <= truth <= high else "differs"}
