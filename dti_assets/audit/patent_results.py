"""From the labels of a patent sample to agreement, precision, recall, F1, and corrected DTIn.

With w the share of a stratum in all patents, precision is sum w P(predicted and true) / sum w
P(predicted), recall the same over sum w P(true), each P a share of the stratum's sample.
Intervals are quantiles over draws from each stratum's Jeffreys posterior (Beta with 1/2 added to
both counts; Brown, Cai and DasGupta 2001), so that a stratum without an error still adds its
uncertainty.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from dti_assets.audit.effects import Corrected
from dti_assets.audit.errors import AuditError
from dti_assets.audit.precision import decided, holding
from dti_assets.audit.report_results import DRAWS, Row, agreement_rows
from dti_assets.audit.sheets import NO, UNCLEAR, YES, Labels
from dti_assets.patents.tables import TECHNOLOGIES

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

DIGITAL = "digital"
_DRAWS = 20_000


def _digital(values: dict[str, NDArray[np.int64]]) -> Floats:
    """1, 0, 0.5 or NaN by item: whether a patent is digital, whatever technology a coder names.

    To a coder a patent with one technology is digital, whatever is not labelled; one with none is
    not, where all of them are labelled.
    """
    each = np.stack([values[name] for name in TECHNOLOGIES])
    said = np.where((each == YES).any(axis=0), YES, UNCLEAR)
    said[(each == NO).all(axis=0)] = NO
    share = decided(said)
    # nobody found one, and nobody looked at all of them, but all were looked at
    together = np.isnan(share) & (each == NO).any(axis=2).all(axis=0)
    return np.where(together, 0.0, share)


class PatentAudit:
    """A labelled sample of patents.

    labels : of the sample's items, in the order of `key` (table patent_audit_key). strata : of
    every application (patent_strata). Raises AuditError where no item has a clear label, or an
    application of the sample is gone.
    """

    def __init__(
        self, labels: Labels, key: pd.DataFrame, strata: pl.DataFrame, seed: int = 1
    ) -> None:
        import polars as pl

        self.labels, self.strata, self.seed = labels, strata, seed
        self.weights: dict[str, int] = dict(strata.group_by("stratum").len().iter_rows())
        numbers = key["application_no"].tolist()
        known = strata.filter(pl.col("application_no").is_in(numbers))
        said = {row["application_no"]: row for row in known.to_dicts()}
        if gone := [number for number in numbers if number not in said]:
            raise AuditError(f"{gone[0]} of the sample is no application of this extract any more")
        self.stratum = np.array([said[number]["stratum"] for number in numbers])
        self.said = {
            name: np.array([bool(said[number][name]) for number in numbers])
            for name in (*TECHNOLOGIES, DIGITAL)
        }
        self.true = {name: decided(labels.values[name]) for name in TECHNOLOGIES}
        self.true[DIGITAL] = _digital(labels.values)
        if all(np.isnan(share).all() for share in self.true.values()):
            raise AuditError("no item has a label 1 or 0 yet")

    def agreement(self) -> list[Row]:
        """Of each technology's labels."""
        every = np.ones(len(self.stratum), bool)
        rows: list[Row] = []
        for name in TECHNOLOGIES:
            rows += agreement_rows(self.labels.values[name], [(name, every)], self.seed)
        return rows

    def precision_and_recall(self) -> list[Row]:
        """Precision, recall and F1 of each technology and of digital."""
        rng = np.random.default_rng(self.seed)
        return [row for name in (*TECHNOLOGIES, DIGITAL) for row in self._measures(name, rng)]

    def _measures(self, name: str, rng: np.random.Generator) -> list[Row]:
        # within a stratum the prediction is the same for all (but for several technologies), so
        # the share of true ones among predicted and among not predicted is what labels tell
        estimate = dict.fromkeys(("tp", "fp", "fn"), 0.0)
        draws = {cell: np.zeros(_DRAWS) for cell in estimate}
        clear = ~np.isnan(self.true[name])
        for stratum in sorted(set(self.stratum[clear])):
            here = clear & (self.stratum == stratum)
            for said in (True, False):
                cell = here & (self.said[name] == said)
                size = int(cell.sum())
                if not size:
                    continue
                true = float(self.true[name][cell].sum())
                mass = self.weights[stratum] * size / int(here.sum())
                share = rng.beta(true + 0.5, size - true + 0.5, _DRAWS)
                for part, value, drawn in (
                    (("tp", true / size, share), ("fp", 1 - true / size, 1 - share))
                    if said
                    else (("fn", true / size, share),)
                ):
                    estimate[part] += mass * value
                    draws[part] += mass * drawn
        absent = sorted(set(self.weights) - set(self.stratum[clear]))
        rows = []
        for measure, others in (("precision", "fp"), ("recall", "fn"), ("f1", "fp fn")):
            weight = 0.5 if measure == "f1" else 1.0
            total = estimate["tp"] + weight * sum(estimate[cell] for cell in others.split())
            used = clear & self.said[name] if measure == "precision" else clear
            row: Row = {
                "part": "precision" if measure == "precision" else "recall",
                "scope": name,
                "measure": measure,
                "labelled": int(used.sum()),
                "disputed": int((self.true[name][used] == 0.5).sum()),
                "population": self.strata.height,
            }
            if total == 0:
                row["reason"] = (
                    "no labelled patent was classified so"
                    if measure == "precision"
                    else "no labelled patent is of this technology"
                )
            else:
                if absent and measure != "precision":
                    row["note"] = f"strata without a labelled patent left out: {', '.join(absent)}"
                point = estimate["tp"] / total
                below = draws["tp"] + weight * sum(draws[cell] for cell in others.split())
                low, high = holding(point, draws["tp"] / below)
                row |= {"estimate": point, "conf_low": low, "conf_high": high}
            rows.append(row)
        return rows

    def corrected_dti(
        self, counts: pd.DataFrame, dti: pd.DataFrame, kinds: Sequence[str], draws: int = DRAWS
    ) -> tuple[Corrected, Corrected]:
        """Digital applications, and DTIn, of each row of `dti` after the correction.

        Applications of a stratum in a province-year times the share of its labelled patents that
        are digital, added up; a stratum without a label stays as the program has it. `counts` is
        table patent_counts. Where there was no application, or the count cannot be reproduced
        (your own counts), the value stays. Raises AuditError where counts and patents disagree.
        """
        place = dti[["province_code", "year"]].reset_index(drop=True)
        names = sorted(self.weights)
        cells = self._cells(place, names, kinds)
        shares, drawn = self._shares(names, draws)
        keyed = counts.set_index(["province_code", "year"])["applications"]
        before = keyed.reindex([tuple(row) for row in place.itertuples(index=False)])
        old = before.to_numpy(float, na_value=np.nan)
        said = cells @ np.array([name != "not_digital" for name in names], dtype=float)
        known = ~np.isnan(old)
        if not np.array_equal(said[known], old[known]):
            raise AuditError(
                "patent_counts and digital_patents disagree; run dti run before the audit"
            )
        applications = np.where(known, cells @ shares, np.nan)
        spread = np.where(known[:, None], cells @ drawn.T, np.nan)
        rate = dti["applications_per_million"].to_numpy(float, na_value=np.nan)
        value = dti["DTIn"].to_numpy(float, na_value=np.nan)
        with np.errstate(divide="ignore", invalid="ignore"):
            million = np.where(old > 0, old / rate, np.nan)
        scaled = np.isfinite(million)
        # a rate of the program times one is the rate: perfect labels leave DTIn as it was
        new = np.where(scaled, np.log1p(applications / million), value)
        anew = np.where(scaled[:, None], np.log1p(spread / million[:, None]), value[:, None])
        return (
            Corrected("digital applications", place, applications, spread),
            Corrected("DTIn", place, new, anew),
        )

    def _cells(self, place: pd.DataFrame, names: list[str], kinds: Sequence[str]) -> Floats:
        """(rows of place, strata): applications of the kinds that count."""
        import polars as pl

        from dti_assets.patents.tables import KINDS

        rows = self.strata
        if set(kinds) != set(KINDS):
            rows = rows.filter(pl.col("kind").is_in(list(kinds)))
        counted = rows.group_by("province_code", "application_year", "stratum").len()
        found = {(code, year, name): float(n) for code, year, name, n in counted.iter_rows()}
        return np.array(
            [
                [found.get((code, year, name), 0.0) for name in names]
                for code, year in place.itertuples(index=False)
            ]
        )

    def _shares(self, names: list[str], draws: int) -> tuple[Floats, Floats]:
        rng = np.random.default_rng([self.seed, 2])
        shares, drawn = [], []
        for name in names:
            labels = self.true[DIGITAL][self.stratum == name]
            labels = labels[~np.isnan(labels)]
            if not len(labels):
                asis = float(name != "not_digital")
                shares.append(asis)
                drawn.append(np.full(draws, asis))
                continue
            true = float(labels.sum())
            shares.append(true / len(labels))
            drawn.append(rng.beta(true + 0.5, len(labels) - true + 0.5, draws))
        return np.array(shares), np.stack(drawn, axis=1)
