"""Romano and Wolf's stepdown p-values: several hypotheses tested on the same units."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from dti_assets.econ.inference.wild_bootstrap import (
    Scores,
    bootstrap_p_value,
    coefficient_scores,
    draw_weights,
    wald_of_draws,
)
from dti_assets.econ.model.design import build
from dti_assets.econ.model.projection import Floats
from dti_assets.econ.model.sample import prepare
from dti_assets.econ.model.specification import Specification
from dti_assets.econ.paper.resolution import (
    FEWEST_CLUSTERS,
    TableOptions,
    resolve,
    table_name,
)
from dti_assets.econ.paper.specifications import ROMANO_WOLF_TABLES, TableSpec
from dti_assets.econ.tables import ROMANO_WOLF
from dti_assets.errors import EconError, SpecificationError

if TYPE_CHECKING:
    import pandas as pd


def romano_wolf(
    hypotheses: Sequence[tuple[str, Specification, pd.DataFrame, str]],
    draws: int = 9999,
    seed: int = 0,
) -> pd.DataFrame:
    """Stepdown adjusted p-values that control the family-wise error rate.

    Parameters
    ----------
    hypotheses : (name, OLS specification with a cluster, its rows, term) for each null that the
        term's coefficient is zero.
    draws, seed : as in `wild_cluster_test`, which gives each hypothesis its own `p_wild`. The
        stepdown needs draws that all hypotheses share, one sign per cluster label, so that the
        dependence between tables that share units is kept; where a hypothesis has every cluster
        of the family those are its own draws.

    Returns
    -------
    Frame as declared in `tables.ROMANO_WOLF`. Hypotheses
    that cannot be tested (absent data, fewer than six clusters) have a reason and do not count.

    Reference: Romano and Wolf (2005, 2016); statistics impose the null and are CRV1 t ratios.
    """
    rows: list[dict[str, Any]] = []
    tested: list[tuple[dict[str, Any], Scores, list[str], float]] = []
    for name, spec, frame, term in hypotheses:
        row: dict[str, Any] = {"hypothesis": name, "term": term}
        rows.append(row)
        try:
            design = build(spec, frame, "clustered")
            if term not in design.exogenous_names:
                raise SpecificationError(design.absorbed.get(term, f"{term} is no regressor"))
            scores = coefficient_scores(design, [term])
        except EconError as error:
            row["reason"] = str(error)
            continue
        clusters = [str(label) for label in design.sample.cluster_labels]
        row["n_clusters"] = len(clusters)
        if len(clusters) < FEWEST_CLUSTERS:
            row["reason"] = f"{len(clusters)} clusters: no clustered inference exists"
            continue
        factor = design.small_sample_factor(len(design.exogenous_names), "clustered")
        tested.append((row, scores, clusters, factor))
    if tested:
        everyone = sorted({label for _, _, clusters, _ in tested for label in clusters})
        signs, enumerated, _ = draw_weights(len(everyone), draws, "rademacher", seed)
        observed, simulated = np.empty(len(tested)), np.empty((len(tested), signs.shape[1]))
        alone = np.empty(len(tested))
        for h, (_, scores, clusters, factor) in enumerate(tested):
            mine = signs[[everyone.index(label) for label in clusters]]
            wald, drawn = wald_of_draws(scores, mine)
            observed[h], simulated[h] = np.sqrt(wald / factor), np.sqrt(drawn / factor)
            own, all_signs, _ = draw_weights(len(clusters), draws, "rademacher", seed)
            alone[h] = bootstrap_p_value(wald, wald_of_draws(scores, own)[1], all_signs)
        adjusted = stepdown(observed, simulated, alone, enumerated)
        for (row, *_), t, p, p_adjusted in zip(tested, observed, alone, adjusted, strict=True):
            row |= {"t_stat": t, "p_wild": p, "p_romano_wolf": p_adjusted}
    return ROMANO_WOLF.frame(rows)


def romano_wolf_tables(
    tables: Iterable[TableSpec],
    panel: pd.DataFrame,
    options: TableOptions,
    numbers: Sequence[str] = ROMANO_WOLF_TABLES,
) -> pd.DataFrame:
    """`romano_wolf` over the key terms of all OLS columns of the tables so numbered.

    Columns that the data cannot answer have a reason and do not enter the family.
    """
    hypotheses, unanswered = [], []
    for table in tables:
        if table.table not in numbers:
            continue
        for column in table.columns:
            try:
                found = resolve(table, column, panel, options)
                complete = found.is_complete(len(prepare(found.spec, found.frame)))
            except EconError as error:
                name = f"{table_name(table, False, options)}, column {column.column}"
                unanswered += [
                    {"hypothesis": name, "term": term, "reason": str(error)} for term in column.keys
                ]
                continue
            name = f"{table_name(table, complete, options)}, column {column.column}"
            if not found.spec.endogenous:
                hypotheses += [(name, found.spec, found.frame, term) for term in found.keys]
    tested = romano_wolf(hypotheses, options.draws, options.seed)
    return ROMANO_WOLF.frame([*tested.to_dict("records"), *unanswered])


def stepdown(
    observed: Floats, simulated: Floats, alone: Floats, enumerated: bool = False
) -> Floats:
    """Adjusted p-values from |t| (H,) and their joint null draws (H, B).

    From the largest statistic down, each is compared with the maximum over those not larger;
    p-values are made monotone, and none is below that of the hypothesis `alone` (H,), which may
    be of other draws.
    """
    order = np.argsort(-observed, kind="stable")
    maxima = np.maximum.accumulate(simulated[order][::-1], axis=0)[::-1]
    p = bootstrap_p_value(observed[order], maxima, enumerated)
    out = np.empty(len(observed))
    out[order] = np.maximum.accumulate(np.maximum(p, alone[order]))
    return out
