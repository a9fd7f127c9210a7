"""What every estimate is handed: the study's options, and its instrument built in other ways."""

from collections.abc import Mapping
from typing import Any

from dti_assets.econ.paper.specifications import TableSpec, with_instrument
from dti_assets.instrument.distances import ALTERNATIVES, ZeroDistance
from dti_assets.instrument.variants import ALL_TERMS, instrument_variants
from dti_assets.panel.coverage import PROXIES
from dti_assets.pipeline.resources import Workspace
from dti_assets.store.schema import Table
from dti_assets.study.specifications import INSTRUMENT
from dti_assets.text.choices import COUNTED, hits_column
from dti_assets.units.hubs import hub_dropped


def under_both_rules(
    workspace: Workspace,
    specifications: list[TableSpec],
    stored: Mapping[str, Any],
    report: Any,
    table: Table,
) -> Any:
    """A report over the 2SLS columns, and over the same columns with the hub's own unit dropped
    where the study's rule is another: inference is read from those, about which no rule decides."""
    from dataclasses import replace

    import pandas as pd

    options = table_options(workspace, stored["frozen_instrument"])
    frames = [report(specifications, stored["panel"], options)]
    if workspace.study.instrument.rule.kind != "drop":
        dropped = own_variants(workspace, stored, rule=ZeroDistance("drop"))
        ending = hub_dropped(workspace.level)
        twin = f"{INSTRUMENT}{ending}"
        wide = dropped.join(stored["panel"]).rename(columns={next(iter(dropped.choices)): twin})
        twins = with_instrument(specifications, INSTRUMENT, twin, ending)
        options = replace(options, instruments=(twin,), zero_distance_rule="drop")
        frames.append(report(twins, wide, options))
    return workspace.level.table(table).frame(pd.concat(frames, ignore_index=True))


def table_options(workspace: Workspace, frozen_instrument: Any = None) -> Any:
    """What the study settles for all tables; without `frozen_instrument` for what prints none."""
    # loads numpy
    from dti_assets.econ.paper.resolution import TableOptions

    chosen = workspace.study.estimates
    return TableOptions(
        workspace.level,
        covariance=chosen.covariance,
        draws=chosen.draws,
        bootstrap_draws=chosen.bootstrap_draws,
        seed=chosen.seed,
        proxies=PROXIES,
        simulated=workspace.study.simulated is not None,
        zero_distance_rule=str(workspace.study.instrument.rule),
        instrument_note=None if frozen_instrument is None else frozen_sentence(frozen_instrument),
    )


def frozen_sentence(frozen_instrument: Any) -> str:
    return str(frozen_instrument["sentence"].iloc[0])


def study_choices(workspace: Workspace) -> dict[str, str]:
    """The study's own way of building the instrument."""
    text, instrument = workspace.study.text, workspace.study.instrument
    return {
        "hits": text.hits,
        "words": text.words,
        "section": text.section,
        "distance": instrument.distance,
        "zero_distance": str(instrument.rule),
    }


def every_variant(workspace: Workspace, stored: Mapping[str, Any]) -> Any:
    """Instruments from the stored counts, in all ways that they allow."""
    study = workspace.study
    own = {str(study.text.section): workspace.counted_sections}
    risky = [term.term for term in workspace.dictionary().terms if term.exclusion_risk]
    return instrument_variants(
        stored["keyword_counts"],
        stored["section_words"],
        study.instrument.hub,
        {"whole": COUNTED["whole"], "plan": COUNTED["plan"], **own},
        {"without exclusion-risk terms": risky},
        rules=(study.instrument.rule, *ALTERNATIVES),
        units=workspace.units,
    )


def own_variants(
    workspace: Workspace,
    stored: Mapping[str, Any],
    left_out: Mapping[str, Any] | None = None,
    rule: ZeroDistance | None = None,
) -> Any:
    """Instruments from the stored counts by the study's choices: with each of these parts of the
    dictionary `left_out`, or by another `rule` for the distance of zero."""
    text, chosen = workspace.study.text, workspace.study.instrument
    found = instrument_variants(
        stored["keyword_counts"],
        stored["section_words"],
        chosen.hub,
        {str(text.section): workspace.counted_sections},
        left_out,
        (text.hits,),
        (text.words,),
        (chosen.distance,),
        (rule or chosen.rule,),
        units=workspace.units,
    )
    return found.without(ALL_TERMS) if left_out else found


def without_each_term(
    keyword_counts: Any, most_frequent: int | None = None
) -> dict[str, list[str]]:
    """Dictionaries that lack one of the terms that occur, the most frequent ones first."""
    column = hits_column("overlap")
    hits = keyword_counts.groupby("term")[column].sum()
    ordered = hits.reset_index().sort_values([column, "term"], ascending=[False, True])
    return {f"without {term}": [term] for term in ordered["term"].head(most_frequent or len(hits))}
