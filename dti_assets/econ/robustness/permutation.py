"""Random dictionaries: is it this vocabulary that moves the instrument, or would any other do?

Dictionaries are drawn from candidate terms, one candidate for each term of the real dictionary,
matched on frequency and growth; each draw's instrument is a sum of columns, so that first stage
and reduced form of all draws are a few products of matrices. The real dictionary is then placed
among them: p = (1 + #) / (draws + 1). Counting and mining of terms are elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dti_assets.econ.model.design import Design, build
from dti_assets.econ.model.projection import Floats, Ints, demean, partial_out, varies
from dti_assets.econ.model.slopes import slopes
from dti_assets.econ.paper.resolution import TableOptions, resolve
from dti_assets.econ.robustness.influence import equation_note
from dti_assets.econ.tables import DICTIONARY_PERMUTATION, PERMUTATION_DRAWS
from dti_assets.errors import EconError

if TYPE_CHECKING:
    import pandas as pd

    from dti_assets.econ.paper.specifications import ColumnSpec, TableSpec


DRAWS = 1000
# a candidate matches a term when both features lie within so many standard deviations of the
# candidates' features; where fewer than FEWEST do, the FEWEST nearest stand in
CALIPER, FEWEST = 0.25, 10
COLUMN_ROWS, ALL_ROWS = "rows of the column", "all rows of the first stage"
# statistic -> whether its size or its absolute size counts as strong
STATISTICS = {
    "first_stage": "absolute",
    "first_stage_t": "absolute",
    "first_stage_f": "size",
    "partial_r2": "size",
    "reduced_form": "absolute",
    "reduced_form_t": "absolute",
}


def term_features(hits: pd.DataFrame, words: pd.Series) -> pd.DataFrame:
    """What terms are matched on: columns frequency and growth, by term.

    `hits` has a row per term and a column per year, `words` the words of all reports by year.
    Frequency is the log of hits (plus one) per word over all years; growth is the log ratio of
    that frequency in the later half of the years to the earlier half, 0 where there is one year.
    """
    import pandas as pd

    words = words[words > 0].astype(float)
    hits = hits.astype(float).reindex(columns=words.index.sort_values(), fill_value=0.0)
    years = list(hits.columns)
    early, late = years[: len(years) // 2], years[len(years) // 2 :]

    def frequency(part: list[Any]) -> pd.Series:
        return np.log((hits[part].sum(axis=1) + 1.0) / float(words[part].sum()))

    growth = frequency(late) - frequency(early) if early else 0.0 * frequency(late)
    return pd.DataFrame({"frequency": frequency(years), "growth": growth})


def matches(wanted: pd.DataFrame, pool: pd.DataFrame) -> tuple[list[Ints], int]:
    """For each row of `wanted` the positions of its matches in `pool`, nearest first, and how many
    rows have too few.

    Both are frames of `term_features`. A match lies within CALIPER standard deviations (of
    `pool`) on both features; with fewer than FEWEST of them, the FEWEST nearest count.
    """
    spread = pool.std(ddof=0).replace(0.0, 1.0)
    apart = (wanted / spread).to_numpy()[:, None, :] - (pool / spread).to_numpy()[None, :, :]
    inside = np.all(np.abs(apart) <= CALIPER, axis=2)
    found, short = [], 0
    for within, distance in zip(inside, np.linalg.norm(apart, axis=2), strict=True):
        order = np.argsort(distance, kind="stable")
        near = order[within[order]]
        short += len(near) < FEWEST
        found.append(near if len(near) >= FEWEST else order[:FEWEST])
    return found, short


def draw_dictionaries(
    near: Sequence[Ints], candidates: int, draws: int, rng: np.random.Generator
) -> Floats:
    """(draws, candidates) zeros and ones: one match of each term, none twice in one draw.

    Terms choose in random order. A term all of whose matches are taken takes any candidate left.
    """
    out = np.zeros((draws, candidates))
    for draw in out:
        free = np.ones(candidates, dtype=bool)
        for term in rng.permutation(len(near)):
            left = near[term][free[near[term]]]
            if not len(left):
                left = np.flatnonzero(free)
            taken = left[int(rng.random() * len(left))]
            free[taken] = False
            draw[taken] = 1.0
    return out


@dataclass(frozen=True)
class Equation:
    """What a candidate instrument enters: endogenous regressor and outcome (None where the sample
    is of the first stage alone), residuals on effects and controls, and how errors are made."""

    sample: str
    note: str
    design: Design
    controls: Floats
    d: Floats
    y: Floats | None

    def residual(self, columns: Floats) -> Floats:
        """Residuals of raw columns, rows as in the design's sample, on effects and controls."""
        residual = partial_out(demean(columns, self.design.sample.effects), self.controls)
        return np.where(varies(columns, residual), residual, 0.0)

    def statistics(self, z: Floats) -> dict[str, Floats]:
        """Every statistic of STATISTICS for each column of z, which holds residuals."""
        design = self.design
        covariance = str(design.spec.covariance)
        factor = design.small_sample_factor(1 + self.controls.shape[1], covariance)
        stage = slopes(z, self.d, covariance, factor, design.sample.cluster)
        zz = np.einsum("ij,ij->j", z, z)
        found = {
            "first_stage": stage.estimate,
            "first_stage_t": stage.t,
            "first_stage_f": stage.f,
            "partial_r2": stage.estimate**2 * zz / float(self.d @ self.d),
        }
        if self.y is not None:
            reduced = slopes(z, self.y, covariance, factor, design.sample.cluster)
            found |= {"reduced_form": reduced.estimate, "reduced_form_t": reduced.t}
        return found


def equations(
    table: TableSpec, column: ColumnSpec, panel: pd.DataFrame, options: TableOptions
) -> list[Equation]:
    """The 2SLS column's own rows, and all rows on which its first stage can be estimated.

    Raises EconError where the column cannot be estimated.
    """
    resolved = resolve(table, column, panel, options)
    spec, frame = resolved.spec, resolved.frame
    (instrument,) = spec.instruments
    design = build(spec, frame)
    both = partial_out(np.column_stack([design.y, design.endogenous]), design.exogenous)
    note = equation_note(resolved, design, options)
    found = [Equation(COLUMN_ROWS, note, design, design.exogenous, both[:, 1], both[:, 0])]
    first = spec.with_(
        outcome=spec.endogenous[0],
        regressors=(*spec.regressors, instrument),
        endogenous=(),
        instruments=(),
    )
    wide = build(first, frame)
    if wide.n > design.n:
        kept = [j for j, name in enumerate(wide.exogenous_names) if name != instrument]
        controls = wide.exogenous[:, kept]
        d = partial_out(wide.y[:, None], controls)[:, 0]
        note = equation_note(resolved, wide, options)
        found.append(Equation(ALL_ROWS, note, wide, controls, d, None))
    return found


@dataclass(frozen=True)
class Vocabulary:
    """Terms of a dictionary, or candidates: `parts`, one row per (entity, time) and one column
    per term, the instrument of its hits alone; `hits`, one row per term and one column per year."""

    parts: pd.DataFrame
    hits: pd.DataFrame


def dictionary_permutation(
    table: TableSpec,
    column: ColumnSpec,
    panel: pd.DataFrame,
    real: Vocabulary,
    candidates: Vocabulary,
    words: pd.Series,
    options: TableOptions,
    draws: int = DRAWS,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Place the real dictionary among random ones (tables DICTIONARY_PERMUTATION and
    PERMUTATION_DRAWS).

    Parameters
    ----------
    table, column : a 2SLS column with one endogenous regressor and one instrument.
    real, candidates : counted alike (overlapping hits), terms without any hit left out.
    words : words of all reports by year. options : errors, seed and proxies of the study.

    A column that cannot be estimated is a row with the reason, and no draws.
    """
    try:
        found = equations(table, column, panel, options)
        return _placed(found, real, candidates, words, panel, options, draws)
    except EconError as error:
        row = {"sample": COLUMN_ROWS, "statistic": "first_stage_f", "reason": str(error)}
        return DICTIONARY_PERMUTATION.frame([row]), PERMUTATION_DRAWS.frame([])


def _placed(
    found: list[Equation],
    real: Vocabulary,
    candidates: Vocabulary,
    words: pd.Series,
    panel: pd.DataFrame,
    options: TableOptions,
    draws: int,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    import pandas as pd

    n_terms, n_candidates = real.parts.shape[1], candidates.parts.shape[1]
    if not n_terms or n_candidates < max(n_terms, FEWEST):
        raise EconError(
            f"{n_candidates} candidate terms cannot match {n_terms} terms of the dictionary"
        )
    wanted, pool = term_features(real.hits, words), term_features(candidates.hits, words)
    near, short = matches(wanted, pool)
    chosen = draw_dictionaries(near, n_candidates, draws, np.random.default_rng(options.seed))
    size, growth = candidates.hits.sum(axis=1).to_numpy(float), pool["growth"].to_numpy()
    drawn = pd.DataFrame(
        {
            "draw": np.arange(1, draws + 1),
            "hits": (chosen @ size).round(),
            "growth": chosen @ growth / n_terms,
        }
    )
    own_hits, own_growth = int(real.hits.to_numpy().sum()), float(wanted["growth"].mean())
    rule = (
        f"each of {n_terms} terms by one of {n_candidates} candidates, drawn without replacement "
        f"among those within {CALIPER:g} standard deviations in log frequency and in growth (log "
        f"ratio of the later to the earlier half of the years), or the {FEWEST} nearest; hits "
        "overlapping"
    )
    note = (
        f"hits of a drawn dictionary: {drawn['hits'].mean():,.0f} on average, the real one "
        f"{own_hits:,}; mean growth of its terms {drawn['growth'].mean():.2f}, the real ones' "
        f"{own_growth:.2f}; {short} terms were matched with the {FEWEST} nearest"
    )
    rows: list[dict[str, Any]] = []
    frames = []
    for equation in found:
        places = _places(equation, panel, options)
        own_z = equation.residual(_columns(real.parts, places).sum(axis=1, keepdims=True))
        (instrument,) = equation.design.spec.instruments or equation.design.spec.regressors[-1:]
        as_studied = equation.residual(equation.design.sample.columns([instrument]))
        z = equation.residual(_columns(candidates.parts, places)) @ chosen.T
        values = equation.statistics(z)
        ours, studied = equation.statistics(own_z), equation.statistics(as_studied)
        head = {
            "sample": equation.sample,
            "outcome": equation.design.spec.outcome if equation.y is not None else None,
            "endogenous": (equation.design.spec.endogenous or (equation.design.spec.outcome,))[0],
            "n_obs": equation.design.n,
            "n_clusters": equation.design.sample.n_clusters,
            "seed": options.seed,
            "terms": n_terms,
            "candidates": n_candidates,
            "rule": rule,
            "note": note,
            "equation": equation.note,
        }
        for name, drawn_values in values.items():
            row = placed(float(ours[name][0]), drawn_values, STATISTICS[name] == "absolute")
            rows.append({**head, "statistic": name, "as_studied": float(studied[name][0]), **row})
        frames.append(drawn.assign(sample=equation.sample, **values))
    return (
        DICTIONARY_PERMUTATION.frame(rows),
        PERMUTATION_DRAWS.frame(pd.concat(frames, ignore_index=True)),
    )


def placed(real: float, draws: Floats, absolute: bool) -> dict[str, Any]:
    """Where a statistic lies among its draws: percentile (share of draws below it, ties half) and
    p = (1 + draws at least as strong) / (draws + 1). Draws without a value are left out."""
    known = draws[~np.isnan(draws)]
    row: dict[str, Any] = {"real": real, "draws": len(known)}
    if np.isnan(real) or not len(known):
        return row | {"real": None, "reason": "the instrument has no variation left"}
    below = float(np.mean(known < real) + np.mean(known == real) / 2)
    # a draw equal to the real value up to rounding ties with it, and ties count
    strength, own = (np.abs(known), abs(real)) if absolute else (known, real)
    beyond = int(np.sum(strength >= own * (1 - 1e-12)))
    low, median, high = np.quantile(known, [0.025, 0.5, 0.975])
    return row | {
        "draws_low": float(low),
        "draws_median": float(median),
        "draws_high": float(high),
        "percentile": 100 * below,
        "p_value": (1 + beyond) / (len(known) + 1),
    }


def _places(equation: Equation, panel: pd.DataFrame, options: TableOptions) -> pd.MultiIndex:
    import pandas as pd

    rows = panel.loc[equation.design.sample.rows, [options.entity, options.time]]
    return pd.MultiIndex.from_frame(rows)


def _columns(parts: pd.DataFrame, places: pd.MultiIndex) -> Floats:
    """Rows of `parts` in the order of the sample."""
    position = parts.index.get_indexer(places)
    if (position < 0).any():
        place = places[int(np.flatnonzero(position < 0)[0])]
        raise EconError(f"the terms were not counted for {place[0]} {place[1]}")
    return parts.to_numpy(dtype=float)[position]
