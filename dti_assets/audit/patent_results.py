"""From the labels of a patent sample to agreement, precision, recall, F1, and corrected DTIn.

Within a stratum, patents are told apart by whether they were classified as the technology. How many
there are of each is known; the share that is truly of it is that of the labelled ones. Precision is
true ones among those classified so, recall those classified so among true ones. Intervals are
quantiles over draws from each part's Jeffreys posterior (Beta with 1/2 added to both counts; Brown,
Cai and DasGupta 2001), so that one without an error still adds its uncertainty.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from dti_assets.audit.effects import Corrected
from dti_assets.audit.precision import decided, holding
from dti_assets.audit.report_results import DRAWS, Row, agreement_rows
from dti_assets.audit.sheets import NO, UNCLEAR, YES, Labels
from dti_assets.errors import AuditError
from dti_assets.patents.tables import KINDS, TECHNOLOGIES
from dti_assets.units.levels import Level

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

DIGITAL = "digital"
_DRAWS = 20_000
_STAYS = (
    "no application was counted, so that the population behind the rate is not known here: DTIn "
    "stays, although the corrected count is not zero"
)


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
        import pandas as pd
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
        # keys of earlier versions of the program do not say from what their items were drawn
        drawn = key["stratum"].fillna(pd.Series(self.stratum, key.index))
        self.drawn = drawn.to_numpy(str)
        sizes = key["population"].fillna(drawn.map(self.weights))
        self.drawn_from = sizes.to_numpy(float)
        elsewhere = int((self.drawn != self.stratum).sum())
        then = dict(zip(drawn, sizes, strict=True))
        resized = sorted(name for name, n in then.items() if self.weights.get(name) != n)
        self.moved = (
            f"strata have changed since the sample was drawn ({elsewhere} of its patents are in "
            f"another; of another size: {', '.join(resized) or 'none'}): patents are weighted as "
            "drawn, strata by their size now"
            if elsewhere or resized
            else None
        )
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

    def _share(self, chosen: NDArray[np.bool_], name: str) -> tuple[float, float]:
        """Share of true ones among labelled patents, each weighted by how many it was drawn for,
        and how many equally weighted ones they are worth."""
        clear = ~np.isnan(self.true[name])
        used = np.flatnonzero(chosen & clear)
        labelled = Counter(self.drawn[clear])
        weight = self.drawn_from[used] / [labelled[stratum] for stratum in self.drawn[used]]
        # patents drawn alike count alike, to the last digit
        weight = weight / weight[0]
        share = float(weight @ self.true[name][used] / weight.sum())
        return share, float(weight.sum() ** 2 / (weight @ weight))

    def _measures(self, name: str, rng: np.random.Generator) -> list[Row]:
        estimate = dict.fromkeys(("tp", "fp", "fn"), 0.0)
        draws = {cell: np.zeros(_DRAWS) for cell in estimate}
        clear = ~np.isnan(self.true[name])
        population = {True: 0, False: 0}
        absent: dict[bool, list[str]] = {True: [], False: []}
        sizes = dict(self.strata.group_by("stratum", name).len().rows_by_key(["stratum", name]))
        for (stratum, said), ((mass,),) in sorted(sizes.items(), key=lambda item: item[0]):
            cell = clear & (self.stratum == stratum) & (self.said[name] == said)
            if not cell.any():
                part = f" (classified {'so' if said else 'otherwise'})"
                absent[said].append(stratum + (part if (stratum, not said) in sizes else ""))
                continue
            population[said] += mass
            value, size = self._share(cell, name)
            share = rng.beta(value * size + 0.5, (1 - value) * size + 0.5, _DRAWS)
            for part, of_it, drawn in (
                (("tp", value, share), ("fp", 1 - value, 1 - share))
                if said
                else (("fn", value, share),)
            ):
                estimate[part] += mass * of_it
                draws[part] += mass * drawn
        rows = []
        for measure, others in (("precision", "fp"), ("recall", "fn"), ("f1", "fp fn")):
            weight = 0.5 if measure == "f1" else 1.0
            total = estimate["tp"] + weight * sum(estimate[cell] for cell in others.split())
            alone = measure == "precision"
            used = clear & self.said[name] if alone else clear
            left_out = sorted(absent[True] if alone else absent[True] + absent[False])
            notes = [f"strata without a labelled patent left out: {', '.join(left_out)}"]
            notes = [*(notes if left_out else ()), *([self.moved] if self.moved else ())]
            row: Row = {
                "part": "precision" if alone else "recall",
                "scope": name,
                "measure": measure,
                "labelled": int(used.sum()),
                "disputed": int((self.true[name][used] == 0.5).sum()),
                "population": population[True] + (0 if alone else population[False]),
                "note": "; ".join(notes) or None,
            }
            if total == 0:
                row["reason"] = (
                    "no labelled patent was classified so"
                    if alone
                    else "no labelled patent is of this technology"
                )
            else:
                point = estimate["tp"] / total
                below = draws["tp"] + weight * sum(draws[cell] for cell in others.split())
                low, high = holding(point, draws["tp"] / below)
                row |= {"estimate": point, "conf_low": low, "conf_high": high}
            rows.append(row)
        return rows

    def corrected_dti(
        self,
        counts: pd.DataFrame,
        dti: pd.DataFrame,
        kinds: Sequence[str],
        draws: int = DRAWS,
        *,
        level: Level,
    ) -> tuple[Corrected, Corrected]:
        """Digital applications, and DTIn, of each row of `dti` after the correction.

        Applications of a stratum in a unit and year times the share of its labelled patents that
        are digital, added up; a stratum without a label stays as the program has it. `counts` is
        table patent_counts. Where there was no application, or the count cannot be reproduced
        (your own counts), the value stays. Raises AuditError where counts and patents disagree.
        """
        place = dti[list(level.when)].reset_index(drop=True)
        names = sorted(self.weights)
        cells = self._cells(place, names, kinds, level)
        shares, drawn = self._shares(names, draws)
        keyed = counts.set_index(list(level.when))["applications"]
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
        # of a rate of zero the population cannot be told
        stays = known & (old == 0) & (applications > 0) & ~np.isnan(value)
        notes = {int(at): _STAYS for at in np.flatnonzero(stays)}
        return (
            Corrected("digital applications", place, applications, spread),
            Corrected("DTIn", place, new, anew, notes),
        )

    def _cells(
        self, place: pd.DataFrame, names: list[str], kinds: Sequence[str], level: Level
    ) -> Floats:
        """(rows of place, strata): applications of the kinds that count."""
        import polars as pl

        rows = self.strata
        if set(kinds) != set(KINDS):
            rows = rows.filter(pl.col("kind").is_in(list(kinds)))
        counted = rows.group_by(level.code, "application_year", "stratum").len()
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
        clear = ~np.isnan(self.true[DIGITAL])
        for name in names:
            here = clear & (self.stratum == name)
            if not here.any():
                asis = float(name != "not_digital")
                shares.append(asis)
                drawn.append(np.full(draws, asis))
                continue
            share, size = self._share(here, DIGITAL)
            shares.append(share)
            drawn.append(rng.beta(share * size + 0.5, (1 - share) * size + 0.5, draws))
        return np.array(shares), np.stack(drawn, axis=1)
