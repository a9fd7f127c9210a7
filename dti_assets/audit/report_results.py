"""From the labels of a report sample to agreement, precision, corrected counts and DTI_iv.

Reading sheets is in `sheets`, statistics in `agreement` and `precision`, estimates in `effects`.
Recall is not here: a sample of hits says nothing about what the dictionary misses.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from dti_assets.audit.agreement import cohen_kappa, krippendorff_alpha
from dti_assets.audit.effects import Corrected
from dti_assets.audit.precision import (
    Weighted,
    decided,
    holding,
    shrunken_shares,
    weighted_share,
    wilson,
)
from dti_assets.audit.report_sample import QUESTION, weights
from dti_assets.audit.sheets import Labels
from dti_assets.errors import AuditError
from dti_assets.instrument.formula import instrument
from dti_assets.text.choices import frequency
from dti_assets.units.levels import Level

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

DRAWS = 200
Row = dict[str, Any]
ADJUDICATED = "true by majority of clear labels, a tie one half, undecided left out"


def agreement_rows(
    values: NDArray[np.int64], scopes: Iterable[tuple[str, NDArray[np.bool_]]], seed: int
) -> list[Row]:
    """Alpha (with interval), percent agreement and, for two coders, kappa of each scope; `unclear`
    is a value like the others."""
    rows: list[Row] = []
    for scope, chosen in scopes:
        part = values[chosen]
        found = krippendorff_alpha(part, seed=seed)
        head: Row = {"part": "agreement", "scope": scope, "labelled": found.units}
        rows.append(
            {
                **head,
                "measure": "alpha",
                "estimate": found.alpha,
                "conf_low": found.low,
                "conf_high": found.high,
                "reason": found.reason,
                "note": "Krippendorff, nominal; units resampled; unclear is a value",
            }
        )
        silent = None if found.percent is not None else found.reason
        percent = {"measure": "percent agreement", "estimate": found.percent, "reason": silent}
        rows.append({**head, **percent})
        if values.shape[1] == 2:
            kappa = cohen_kappa(part[:, 0], part[:, 1])
            why = None if kappa is not None else found.reason or "chance alone would agree"
            rows.append({**head, "measure": "kappa", "estimate": kappa, "reason": why})
    return rows


class ReportAudit:
    """A labelled sample of occurrences: precision by term, and what it makes of the counts.

    labels : of the sample's items, in the order of `key` (table report_audit_key).
    Raises AuditError where no item has a clear label.
    """

    def __init__(
        self, labels: Labels, key: pd.DataFrame, seed: int = 1, draws: int = DRAWS
    ) -> None:
        self.labels, self.key, self.seed, self.draws = labels, key, seed, draws
        self.values = labels.values[QUESTION]
        self.true = decided(self.values)
        self.clear = ~np.isnan(self.true)
        if not self.clear.any():
            raise AuditError("no item has a label 1 or 0 yet")
        self.weight = weights(key, self.clear)
        self.overall = self._share(np.ones(len(key), bool))

    def _share(self, chosen: NDArray[np.bool_]) -> Weighted:
        used = chosen & self.clear
        return weighted_share(self.true[used], self.weight[used])

    def agreement(self) -> list[Row]:
        """Of all items, and of the items of each category."""
        category = self.key["category"].to_numpy()
        scopes = [("all", np.ones(len(category), bool))]
        scopes += [(f"category {name}", category == name) for name in sorted(set(category))]
        return agreement_rows(self.values, scopes, self.seed)

    def precision(self, now: Mapping[str, int] | None = None) -> list[Row]:
        """Overall and by category weighted by hits, and by term as labelled and shrunk.

        now : hits of each term in the texts as they are; the first row notes where they are not
        those that the sample was drawn from.
        """
        term, category = self.key["stratum"].to_numpy(), self.key["category"].to_numpy()
        hits = self.key.drop_duplicates("stratum").set_index("stratum")["population"]
        then = {str(name): int(n) for name, n in hits.items()}
        rows = [self._group("all", np.ones(len(term), bool), then)]
        if now is not None:
            other = sorted(t for t in {*then, *now} if then.get(t, 0) != now.get(t, 0))
            if other:
                rows[0]["note"] += (
                    f"; the hits of {len(other)} terms have changed since the sample was drawn "
                    f"({', '.join(other[:3])}{', ...' if other[3:] else ''}): weights are of then"
                )
        for name in sorted(set(category)):
            rows.append(self._group(f"category {name}", category == name, then))
        terms = [str(name) for name in hits.sort_values(ascending=False, kind="stable").index]
        shares, drawn, s = self.by_term(terms)
        for at, name in enumerate(terms):
            used = (term == name) & self.clear
            n = int(used.sum())
            head: Row = {
                "part": "precision",
                "scope": name,
                "labelled": n,
                "disputed": int((self.true[used] == 0.5).sum()),
                "population": int(hits[name]),
            }
            if n:
                share = float(self.true[used].mean())
                low, high = wilson(share, n)
                found: Row = {"estimate": share, "conf_low": low, "conf_high": high}
            else:
                found = {"reason": "no occurrence has a clear label"}
            rows.append({**head, **found, "measure": "precision", "note": "Wilson interval"})
            low, high = holding(float(shares[at]), drawn[:, at])
            rows.append(
                {
                    **head,
                    "measure": "shrunk precision",
                    "estimate": float(shares[at]),
                    "conf_low": low,
                    "conf_high": high,
                    "note": f"(true + s m) / (labelled + s) averaged over s; "
                    f"likeliest s = {s:.1f}, m = {self.overall.share:.4f}",
                }
            )
        return rows

    def _group(self, scope: str, chosen: NDArray[np.bool_], hits: Mapping[str, int]) -> Row:
        used = chosen & self.clear
        term = self.key["stratum"].to_numpy()
        labelled = set(term[used])
        absent = set(term[chosen]) - labelled
        note = f"weighted by hits; {ADJUDICATED}; Wilson interval at the effective size"
        if absent:
            unknown = sum(hits[name] for name in absent)
            note += f"; terms without a clear label left out: {len(absent)}, with {unknown} hits"
        row: Row = {
            "part": "precision",
            "scope": scope,
            "measure": "precision",
            "labelled": int(used.sum()),
            "disputed": int((self.true[used] == 0.5).sum()),
            "population": sum(hits[name] for name in labelled),
            "note": note,
        }
        if not used.any():
            return row | {"reason": "no occurrence has a clear label"}
        found = self._share(chosen)
        return row | {"estimate": found.share, "conf_low": found.low, "conf_high": found.high}

    def by_term(self, terms: list[str]) -> tuple[Floats, Floats, float]:
        """Shrunk precision of each term, (draws, terms) draws of it, and the concentration.

        Terms that were not sampled have the overall precision; all that were enter the shrinkage.
        """
        term = self.key["stratum"].to_numpy()
        every = sorted({*map(str, term), *terms})
        used = [(term == name) & self.clear for name in every]
        true = np.array([self.true[chosen].sum() for chosen in used])
        labelled = np.array([float(chosen.sum()) for chosen in used])
        found = shrunken_shares(true, labelled, self.overall, self.draws, self.seed)
        at = [every.index(name) for name in terms]
        return found.share[at], found.draws[:, at], found.concentration

    def corrected_instrument(
        self, hits: pd.DataFrame, dti_iv: pd.DataFrame, *, level: Level
    ) -> Corrected:
        """DTI_iv with each term's hits times its shrunk precision; NaN where DTI_iv is null.

        hits : code of the unit, year, term, hits, under the study's definition and sections.
        Raises AuditError where they do not add up to the hits of `dti_iv`.
        """
        wide = hits.pivot_table(
            index=list(level.when), columns="term", values="hits", aggfunc="sum"
        )
        place = dti_iv[list(level.when)].reset_index(drop=True)
        rows = wide.reindex([tuple(row) for row in place.itertuples(index=False)])
        counted = rows.fillna(0.0).to_numpy(float)
        stated = dti_iv["keyword_hits"].to_numpy(float, na_value=np.nan)
        known = ~np.isnan(stated)
        if not np.array_equal(counted[known].sum(axis=1), stated[known]):
            raise AuditError(
                "keyword_counts and dti_iv disagree on the hits; run dti run before the audit"
            )
        shares, drawn, _ = self.by_term([str(name) for name in wide.columns])
        total = dti_iv["total_words"].to_numpy(float, na_value=np.nan)
        km = dti_iv["distance_km"].to_numpy(float, na_value=np.nan)
        total, km = np.where(known, total, np.nan)[:, None], km[:, None]
        values = instrument(frequency((counted @ shares)[:, None], total), km)
        spread = instrument(frequency(counted @ drawn.T, total), km)
        return Corrected("DTI_iv", place, values[:, 0], spread)


def correction_rows(
    corrected: Corrected, before: pd.DataFrame, column: str, *, level: Level
) -> list[Row]:
    """One row a unit and year: the variable before (`before[column]`) and after."""
    rows: list[Row] = []
    old = before[column].to_numpy(float, na_value=np.nan)
    names = before[level.name].astype(str) + " " + before["year"].astype(str)
    for at, scope in enumerate(names):
        row: Row = {"part": "correction", "scope": scope, "measure": corrected.name}
        row["note"] = corrected.notes.get(at)
        new = float(corrected.values[at])
        if np.isnan(new) or np.isnan(old[at]):
            why = before["reason"].iloc[at]
            rows.append({**row, "reason": why if isinstance(why, str) else "not computed"})
            continue
        low, high = holding(new - old[at], corrected.draws[at] - old[at])
        rows.append(
            {
                **row,
                "estimate": new,
                "uncorrected": float(old[at]),
                "change": new - float(old[at]),
                "change_low": low,
                "change_high": high,
            }
        )
    return rows
