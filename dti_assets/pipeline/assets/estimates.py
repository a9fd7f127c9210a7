"""Group estimates: one asset for every table specification, and the inference around them."""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from dti_assets.econ import tables
from dti_assets.econ.table_specifications import (
    TableSpec,
    first_two_stage_column,
    with_instrument,
)
from dti_assets.pipeline.metadata import describe, describe_table
from dti_assets.pipeline.resources import Workspace
from dti_assets.pipeline.sketches import curve, ranked
from dti_assets.stored_tables import estimates_table
from dti_assets.study_tables import shipped_tables
from dti_assets.tables import Table

GROUP = "estimates"
INSTRUMENT = "DTI_iv"
# the variant from which inference is read: no rule decides about the hub's own province
DROPPED = "DTI_iv, hub province dropped"


def estimate_assets(specifications: Mapping[str, TableSpec]) -> list[dg.AssetsDefinition]:
    """One asset for every specification, then the reports over all of them."""
    return [
        *map(_table_asset, specifications.values()),
        *_inference(list(specifications.values())),
        *_robustness(dict(specifications)),
        published_forensics,
        _comparison(specifications),
    ]


def _asset(table: Table, **more: Any) -> Any:
    """The decorator every asset of the group shares."""
    return dg.asset(
        name=table.name,
        group_name=GROUP,
        **more,
    )


def _table_asset(spec: TableSpec) -> dg.AssetsDefinition:
    table = estimates_table(spec)

    @_asset(table, description=describe_table(spec))
    def estimated(
        workspace: dg.ResourceParam[Workspace], panel: Any, frozen_instrument: Any
    ) -> dg.MaterializeResult[Any]:
        from dti_assets.econ.table_estimation import estimate_table
        from dti_assets.econ.table_summary import regression_table, table_sentence

        frame = estimate_table(spec, panel, _options(workspace, frozen_instrument))
        sentence = table_sentence(frame)
        workspace.progress.summary(table.name, sentence)
        shown: dict[str, Any] = {"source": spec.source} if spec.source else {}
        if spec.kind != "descriptives":
            shown["regression_table"] = dg.MetadataValue.md(regression_table(frame))
        return dg.MaterializeResult(
            value=frame,
            metadata=describe(
                table, frame, result=sentence, instrument=_sentence(frozen_instrument), **shown
            ),
        )

    return estimated


def _inference(specifications: list[TableSpec]) -> list[dg.AssetsDefinition]:
    """Reports over all tables that need nothing but the panel and the instrument."""

    @_asset(tables.WEAK_INSTRUMENTS)
    def weak_instrument_inference(
        workspace: dg.ResourceParam[Workspace],
        panel: Any,
        frozen_instrument: Any,
        keyword_counts: Any,
        section_words: Any,
    ) -> dg.MaterializeResult[Any]:
        """How strong the instrument is and what it can say, for every 2SLS column.

        First stage, reduced form, the F statistics, Anderson-Rubin sets and the tF interval; each
        column also with the hub's own province dropped, from which inference is read.
        """
        from dti_assets.econ.reports import weak_instrument_inference

        frame = under_both_rules(
            *(workspace, specifications, panel, frozen_instrument, keyword_counts, section_words),
            weak_instrument_inference,
            tables.WEAK_INSTRUMENTS,
        )
        bounded = frame["ar_bounded"].dropna()
        sentence = f"{int(bounded.sum())} of {len(bounded)} Anderson-Rubin sets are bounded"
        columns = frame["table"].str.cat(frame["column"], " ")
        plot = ranked(
            dict(zip(columns, frame["effective_f"], strict=True)),
            "Effective F of the first stage by table and column; line: 10",
            line=10,
        )
        return _done(workspace, tables.WEAK_INSTRUMENTS, frame, sentence, frozen_instrument, plot)

    @_asset(tables.INDIRECT_EFFECTS)
    def indirect_effects(
        workspace: dg.ResourceParam[Workspace], panel: Any, frozen_instrument: Any
    ) -> dg.MaterializeResult[Any]:
        """How much of the effect runs through a mediator.

        Product of the two paths (treatment on mediator, mediator on outcome) with Sobel and
        Aroian tests, and an interval from resampling whole provinces, which is the one to read.
        """
        from dti_assets.econ.reports import indirect_effects

        frame = indirect_effects(specifications, panel, _options(workspace, frozen_instrument))
        return _done(workspace, tables.INDIRECT_EFFECTS, frame, _ran(frame, "indirect"))

    @_asset(tables.LEAVE_ONE_OUT)
    def leave_one_province_out(
        workspace: dg.ResourceParam[Workspace], panel: Any, frozen_instrument: Any
    ) -> dg.MaterializeResult[Any]:
        """Every key coefficient, and every first-stage F, without each province in turn.

        A result that rests on one province shows here as one large `difference`.
        """
        from dti_assets.econ.reports import leave_one_province_out

        frame = leave_one_province_out(
            specifications, panel, _options(workspace, frozen_instrument)
        )
        return _done(workspace, tables.LEAVE_ONE_OUT, frame, _ran(frame, "estimate"))

    @_asset(tables.ROMANO_WOLF)
    def romano_wolf(
        workspace: dg.ResourceParam[Workspace], panel: Any, frozen_instrument: Any
    ) -> dg.MaterializeResult[Any]:
        """p-values of Tables 5 to 10 that allow for their number (Romano and Wolf's stepdown).

        Of twenty true null hypotheses one is rejected at 5 % by chance; `p_romano_wolf` is what
        is left of significance once that is allowed for.
        """
        from dti_assets.econ.multiple_testing import romano_wolf_tables

        frame = romano_wolf_tables(specifications, panel, _options(workspace, frozen_instrument))
        return _done(workspace, tables.ROMANO_WOLF, frame, _ran(frame, "p_romano_wolf"))

    return [weak_instrument_inference, indirect_effects, leave_one_province_out, romano_wolf]


def _robustness(specifications: dict[str, TableSpec]) -> list[dg.AssetsDefinition]:
    """Reports that build the instrument anew from the stored counts."""
    # where a study replaces every 2SLS column by one of its own kind, the paper's is taken
    two_stage, column = next(
        found
        for group in (specifications, shipped_tables())
        if (found := first_two_stage_column(group.values(), INSTRUMENT))
    )

    @_asset(tables.SPECIFICATION_CURVE)
    def specification_curve(
        workspace: dg.ResourceParam[Workspace],
        panel: Any,
        frozen_instrument: Any,
        keyword_counts: Any,
        section_words: Any,
    ) -> dg.MaterializeResult[Any]:
        """The 2SLS coefficient over every way of building the instrument that the counts allow.

        Dictionary, hits, denominator, section, distance and zero-distance rule are crossed with
        controls and errors; then each term of the dictionary is left out in turn.
        """
        from dti_assets.econ.specification_curve import curve_of_column

        grid = _variants(workspace, keyword_counts, section_words)
        single = _variants(
            workspace, keyword_counts, section_words, left_out=_each_term(keyword_counts), only=True
        )
        frame = curve_of_column(
            two_stage,
            column,
            single.join(grid.join(panel)),
            grid.choices | single.choices,
            _options(workspace, frozen_instrument),
        )
        return _done(
            workspace,
            tables.SPECIFICATION_CURVE,
            frame,
            _ran(frame, "estimate"),
            frozen_instrument,
            curve(
                frame["estimate"].tolist(),
                "2SLS coefficients by size, without the outer 5 % at each end",
            ),
        )

    @_asset(tables.ROBUSTNESS)
    def robustness(
        workspace: dg.ResourceParam[Workspace],
        panel: Any,
        frozen_instrument: Any,
        dti_iv: Any,
        capital_distances: Any,
        keyword_counts: Any,
        section_words: Any,
    ) -> dg.MaterializeResult[Any]:
        """What a referee asks next: other instruments and distances, placebo hubs, leads, keyword
        frequency as a control, differences between regions, Conley errors, direct effects."""
        from dti_assets.econ.robustness_report import RobustnessInputs, robustness_report
        from dti_assets.geography.instrument_variants import (
            named_variants,
            placebo_distances,
            with_distances,
        )

        study = workspace.study
        kilometres, hubs = placebo_distances(study.instrument.hub)
        grid = _variants(workspace, keyword_counts, section_words)
        single = _variants(
            workspace,
            keyword_counts,
            section_words,
            left_out=_each_term(keyword_counts, most_frequent=5),
            only=True,
        )
        wide = with_distances(panel, dti_iv, capital_distances, kilometres)
        frame = robustness_report(
            specifications | {two_stage.name: two_stage},
            single.join(grid.join(wide)),
            _options(workspace, frozen_instrument),
            RobustnessInputs(
                instruments=named_variants(grid, _study_choices(workspace))
                | {what["dictionary"]: name for name, what in single.choices.items()},
                controls={"distance x trend": ("distance_km:year",)},
                hubs=hubs,
            ),
            two_stage=(two_stage.name, column.column),
        )
        return _done(
            workspace, tables.ROBUSTNESS, frame, _ran(frame, "estimate"), frozen_instrument
        )

    return [specification_curve, robustness]


@_asset(tables.FORENSICS)
def published_forensics(workspace: dg.ResourceParam[Workspace]) -> dg.MaterializeResult[Any]:
    """What the stars of published instrumental-variable tables imply about their first stage.

    From the printed stars alone: bounds for the first-stage F, and whether a confidence set that
    is valid under a weak instrument could be bounded.
    """
    from dti_assets.econ.comparison import load_claims
    from dti_assets.econ.forensics import published_forensics

    study = workspace.study
    own = study.estimates.citations
    claims = load_claims() + (load_claims(study.path(own)) if own else [])
    frame = published_forensics(claims)
    sentence = f"{frame['source'].nunique()} published results"
    return _done(workspace, tables.FORENSICS, frame, sentence)


def _comparison(specifications: Mapping[str, TableSpec]) -> dg.AssetsDefinition:
    """Ours against the paper's: needs the tables that have the paper's names."""
    names = [name for name in specifications if name in shipped_tables()]
    described = [name for name in names if specifications[name].kind == "descriptives"]

    @_asset(tables.PAPER_COMPARISON, ins={name: dg.AssetIn() for name in names})
    def paper_comparison(
        workspace: dg.ResourceParam[Workspace], **estimated: Any
    ) -> dg.MaterializeResult[Any]:
        """Every published fact beside our number: same sign, same stars, difference, or why the
        two cannot be compared."""
        import pandas as pd

        from dti_assets.econ.comparison import load_published, paper_comparison

        coefficients = [frame for name, frame in estimated.items() if name not in described]
        descriptives = [frame for name, frame in estimated.items() if name in described]
        frame = paper_comparison(
            load_published(),
            pd.concat(coefficients, ignore_index=True),
            pd.concat(descriptives, ignore_index=True) if descriptives else None,
        )
        verdicts = frame["verdict"].value_counts()
        sentence = ", ".join(f"{n} {verdict}" for verdict, n in verdicts.items())
        return _done(workspace, tables.PAPER_COMPARISON, frame, sentence)

    return paper_comparison


def under_both_rules(
    workspace: Workspace,
    specifications: list[TableSpec],
    panel: Any,
    frozen_instrument: Any,
    keyword_counts: Any,
    section_words: Any,
    report: Any,
    table: Table,
) -> Any:
    """A report over the 2SLS columns, and over the same columns with the hub's own province
    dropped where the study's rule is another."""
    from dataclasses import replace

    import pandas as pd

    from dti_assets.geography.distances import ZeroDistance

    options = _options(workspace, frozen_instrument)
    frames = [report(specifications, panel, options)]
    if workspace.study.instrument.rule.kind != "drop":
        dropped = _variants(
            workspace, keyword_counts, section_words, rules=(ZeroDistance("drop"),), only=True
        )
        wide = dropped.join(panel).rename(columns={next(iter(dropped.choices)): DROPPED})
        twins = with_instrument(specifications, INSTRUMENT, DROPPED, "hub province dropped")
        options = replace(options, instruments=(DROPPED,), zero_distance_rule="drop")
        frames.append(report(twins, wide, options))
    return table.frame(pd.concat(frames, ignore_index=True))


def _options(workspace: Workspace, frozen_instrument: Any) -> Any:
    """What the study settles for all tables."""
    from dti_assets.econ.table_estimation import TableOptions
    from dti_assets.panel.coverage import PROXIES

    chosen = workspace.study.estimates
    return TableOptions(
        covariance=chosen.covariance,
        draws=chosen.draws,
        bootstrap_draws=chosen.bootstrap_draws,
        seed=chosen.seed,
        proxies=PROXIES,
        zero_distance_rule=str(workspace.study.instrument.rule),
        instrument_note=_sentence(frozen_instrument),
    )


def _sentence(frozen_instrument: Any) -> str:
    return str(frozen_instrument["sentence"].iloc[0])


def _study_choices(workspace: Workspace) -> dict[str, str]:
    """The study's own way of building the instrument."""
    text, instrument = workspace.study.text, workspace.study.instrument
    return {
        "hits": text.hits,
        "words": text.words,
        "section": text.section,
        "distance": instrument.distance,
        "zero_distance": str(instrument.rule),
    }


def _variants(
    workspace: Workspace,
    keyword_counts: Any,
    section_words: Any,
    left_out: Mapping[str, Any] | None = None,
    rules: Any = (),
    only: bool = False,
) -> Any:
    """Instruments from the stored counts: all of them, or `only` the study's choices."""
    from dti_assets.geography.distances import ALTERNATIVES
    from dti_assets.geography.instrument_variants import ALL_TERMS, instrument_variants
    from dti_assets.text.attention import COUNTED

    study, chosen = workspace.study, _study_choices(workspace)
    annexes = ("annex",) if study.text.annexes == "keep" else ()
    section = str(study.text.section)
    own = {section: (*COUNTED[section], *annexes)}
    if only:
        found = instrument_variants(
            keyword_counts,
            section_words,
            study.instrument.hub,
            own,
            left_out,
            (chosen["hits"],),
            (chosen["words"],),
            (chosen["distance"],),
            rules or (study.instrument.rule,),
        )
        return found.without(ALL_TERMS) if left_out else found
    risky = [term.term for term in workspace.dictionary().terms if term.exclusion_risk]
    return instrument_variants(
        keyword_counts,
        section_words,
        study.instrument.hub,
        {"whole": COUNTED["whole"], "plan": COUNTED["plan"], **own},
        {"without exclusion-risk terms": risky},
        rules=(study.instrument.rule, *ALTERNATIVES),
    )


def _each_term(keyword_counts: Any, most_frequent: int | None = None) -> dict[str, list[str]]:
    """Dictionaries that lack one of the terms that occur, the most frequent ones first."""
    hits = keyword_counts.groupby("term")["hits_overlap"].sum()
    ordered = hits.reset_index().sort_values(["hits_overlap", "term"], ascending=[False, True])
    return {f"without {term}": [term] for term in ordered["term"].head(most_frequent or len(hits))}


def _ran(frame: Any, column: str) -> str:
    there = int(frame[column].notna().sum())
    return f"{there} of {len(frame)} rows"


def _done(
    workspace: Workspace,
    table: Table,
    frame: Any,
    sentence: str,
    frozen_instrument: Any = None,
    plot: Mapping[str, Any] | None = None,
) -> dg.MaterializeResult[Any]:
    workspace.progress.summary(table.name, sentence)
    more = dict(plot or {})
    if frozen_instrument is not None:
        more["instrument"] = _sentence(frozen_instrument)
    return dg.MaterializeResult(
        value=frame, metadata=describe(table, frame, result=sentence, **more)
    )
