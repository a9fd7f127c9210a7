"""Group estimates: one asset for every table specification, and the inference around them."""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from dti_assets.econ import tables
from dti_assets.econ.paper.specifications import TableSpec, first_two_stage_column
from dti_assets.instrument.formula import WRITTEN, instrument
from dti_assets.instrument.variants import hub_distances, named_variants, with_distances
from dti_assets.pipeline.estimate_inputs import (
    INSTRUMENT,
    frozen_sentence,
    study_choices,
    study_variants,
    table_options,
    under_both_rules,
    without_each_term,
)
from dti_assets.pipeline.metadata import describe, describe_table
from dti_assets.pipeline.plots import curve, ranked
from dti_assets.pipeline.resources import Workspace
from dti_assets.pipeline.stored_asset import stored_asset
from dti_assets.store.schema import Table
from dti_assets.study.catalogue import estimates_table
from dti_assets.study.specifications import shipped_tables
from dti_assets.units.levels import Level

GROUP = "estimates"


def estimate_assets(
    specifications: Mapping[str, TableSpec], *, level: Level
) -> list[dg.AssetsDefinition]:
    """One asset for every specification, then the reports over all of them."""
    return [
        *(_table_asset(spec, level) for spec in specifications.values()),
        *_inference(list(specifications.values())),
        *_robustness(dict(specifications), level),
        published_forensics,
        _comparison(specifications, level),
    ]


def estimates_asset(table: Table, **more: Any) -> Any:
    """The decorator every asset of the group shares."""
    return stored_asset(table, group_name=GROUP, **more)


def _table_asset(spec: TableSpec, level: Level) -> dg.AssetsDefinition:
    table = estimates_table(spec)

    @estimates_asset(table, description=describe_table(spec, level=level))
    def estimated(
        workspace: dg.ResourceParam[Workspace], panel: Any, frozen_instrument: Any
    ) -> dg.MaterializeResult[Any]:
        from dti_assets.econ.paper.estimate import estimate_table
        from dti_assets.econ.paper.summary import regression_table, table_sentence

        frame = estimate_table(spec, panel, table_options(workspace, frozen_instrument))
        sentence = table_sentence(frame)
        workspace.progress.summary(table.name, sentence)
        shown: dict[str, Any] = {"source": spec.source} if spec.source else {}
        if spec.kind != "descriptives":
            shown["regression_table"] = dg.MetadataValue.md(regression_table(frame))
        return dg.MaterializeResult(
            value=frame,
            metadata=describe(
                table,
                frame,
                result=sentence,
                instrument=frozen_sentence(frozen_instrument),
                **shown,
            ),
        )

    return estimated


def _inference(specifications: list[TableSpec]) -> list[dg.AssetsDefinition]:
    """Reports over all tables that need nothing but the panel and the instrument."""

    @estimates_asset(tables.WEAK_INSTRUMENTS)
    def weak_instrument_inference(
        workspace: dg.ResourceParam[Workspace],
        panel: Any,
        frozen_instrument: Any,
        keyword_counts: Any,
        section_words: Any,
    ) -> dg.MaterializeResult[Any]:
        """How strong the instrument is and what it can say, for every 2SLS column.

        First stage, reduced form, the F statistics, Anderson-Rubin sets and the tF interval; each
        column also with the hub's own {unit} dropped, from which inference is read.
        """
        from dti_assets.econ.paper.reports import weak_instrument_inference

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
        return finished(
            workspace, tables.WEAK_INSTRUMENTS, frame, sentence, frozen_instrument, plot
        )

    @estimates_asset(tables.INDIRECT_EFFECTS)
    def indirect_effects(
        workspace: dg.ResourceParam[Workspace], panel: Any, frozen_instrument: Any
    ) -> dg.MaterializeResult[Any]:
        """How much of the effect runs through a mediator.

        Product of the two paths (treatment on mediator, mediator on outcome) with Sobel and
        Aroian tests, and an interval from resampling whole {units}, which is the one to read.
        """
        from dti_assets.econ.paper.reports import indirect_effects

        frame = indirect_effects(specifications, panel, table_options(workspace, frozen_instrument))
        return finished(
            workspace, tables.INDIRECT_EFFECTS, frame, _ran(frame, "indirect", "indirect effects")
        )

    @estimates_asset(tables.LEAVE_ONE_OUT)
    def leave_one_province_out(
        workspace: dg.ResourceParam[Workspace], panel: Any, frozen_instrument: Any
    ) -> dg.MaterializeResult[Any]:
        """Every key coefficient, and every first-stage F, without each {unit} in turn.

        A result that rests on one {unit} shows here as one large `difference`.
        """
        from dti_assets.econ.paper.reports import leave_one_province_out

        frame = leave_one_province_out(
            specifications, panel, table_options(workspace, frozen_instrument)
        )
        sentence = _ran(frame, "estimate", f"coefficients without one {workspace.level.noun}")
        return finished(workspace, tables.LEAVE_ONE_OUT, frame, sentence)

    @estimates_asset(tables.ROMANO_WOLF)
    def romano_wolf(
        workspace: dg.ResourceParam[Workspace], panel: Any, frozen_instrument: Any
    ) -> dg.MaterializeResult[Any]:
        """p-values of Tables 5 to 10 that allow for their number (Romano and Wolf's stepdown).

        Of twenty true null hypotheses one is rejected at 5 % by chance; `p_romano_wolf` is what
        is left of significance once that is allowed for.
        """
        from dti_assets.econ.robustness.multiple_testing import romano_wolf_tables

        frame = romano_wolf_tables(
            specifications, panel, table_options(workspace, frozen_instrument)
        )
        sentence = _ran(frame, "p_romano_wolf", "p-values that allow for their number")
        return finished(workspace, tables.ROMANO_WOLF, frame, sentence)

    return [weak_instrument_inference, indirect_effects, leave_one_province_out, romano_wolf]


def _robustness(specifications: dict[str, TableSpec], level: Level) -> list[dg.AssetsDefinition]:
    """Reports that build the instrument anew from the stored counts."""
    # where a study replaces every 2SLS column by one of its own kind, the paper's is taken
    two_stage, column = next(
        found
        for group in (specifications, shipped_tables(level))
        if (found := first_two_stage_column(group.values(), INSTRUMENT))
    )

    @estimates_asset(tables.SPECIFICATION_CURVE)
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
        from dti_assets.econ.robustness.specification_curve import curve_of_column

        grid = study_variants(workspace, keyword_counts, section_words)
        single = study_variants(
            workspace,
            keyword_counts,
            section_words,
            left_out=without_each_term(keyword_counts),
            only=True,
        )
        frame = curve_of_column(
            two_stage,
            column,
            single.join(grid.join(panel)),
            grid.choices | single.choices,
            table_options(workspace, frozen_instrument),
        )
        return finished(
            workspace,
            tables.SPECIFICATION_CURVE,
            frame,
            _ran(frame, "estimate", "2SLS coefficients"),
            frozen_instrument,
            curve(
                frame["estimate"].tolist(),
                "2SLS coefficients by size, without the outer 5 % at each end",
            ),
        )

    @estimates_asset(tables.ROBUSTNESS)
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
        from dti_assets.econ.robustness.checks import (
            Formula,
            RobustnessInputs,
            robustness_report,
        )

        study = workspace.study
        kilometres, hubs = hub_distances(study.instrument.distance, units=workspace.units)
        grid = study_variants(workspace, keyword_counts, section_words)
        single = study_variants(
            workspace,
            keyword_counts,
            section_words,
            left_out=without_each_term(keyword_counts, most_frequent=5),
            only=True,
        )
        wide = with_distances(panel, dti_iv, capital_distances, kilometres, level=workspace.level)
        frame = robustness_report(
            specifications | {two_stage.name: two_stage},
            single.join(grid.join(wide)),
            table_options(workspace, frozen_instrument),
            Formula(WRITTEN, instrument),
            RobustnessInputs(
                instruments=named_variants(grid, study_choices(workspace))
                | {what["dictionary"]: name for name, what in single.choices.items()},
                controls={"distance x trend": ("distance_km:year",)},
                hubs=hubs,
                own_hub=study.instrument.hub,
            ),
            two_stage=(two_stage.name, column.column),
        )
        sentence = _ran(frame, "estimate", "checks of robustness")
        return finished(workspace, tables.ROBUSTNESS, frame, sentence, frozen_instrument)

    return [specification_curve, robustness]


@estimates_asset(tables.FORENSICS)
def published_forensics(workspace: dg.ResourceParam[Workspace]) -> dg.MaterializeResult[Any]:
    """What the stars of published instrumental-variable tables imply about their first stage.

    From the printed stars alone: bounds for the first-stage F, and whether a confidence set that
    is valid under a weak instrument could be bounded.
    """
    from dti_assets.econ.paper.published import load_claims
    from dti_assets.econ.paper.published import published_forensics

    study = workspace.study
    own = study.estimates.citations
    claims = load_claims() + (load_claims(study.path(own)) if own else [])
    frame = published_forensics(claims, clusters=len(workspace.units))
    sentence = f"published sources examined: {frame['source'].nunique()}"
    return finished(workspace, tables.FORENSICS, frame, sentence)


def _comparison(specifications: Mapping[str, TableSpec], level: Level) -> dg.AssetsDefinition:
    """Ours against the paper's: needs the tables that have the paper's names."""
    names = [name for name in specifications if name in shipped_tables(level)]
    described = [name for name in names if specifications[name].kind == "descriptives"]

    @estimates_asset(tables.PAPER_COMPARISON, ins={name: dg.AssetIn() for name in names})
    def paper_comparison(
        workspace: dg.ResourceParam[Workspace], **estimated: Any
    ) -> dg.MaterializeResult[Any]:
        """Every published fact beside our number: same sign, same stars, difference, or why the
        two cannot be compared. Of simulated data the known coefficients take the paper's place."""
        import pandas as pd

        from dti_assets.econ.paper.published import (
            load_published,
            load_truth,
            paper_comparison,
            truth_comparison,
        )

        coefficients = pd.concat(
            [frame for name, frame in estimated.items() if name not in described],
            ignore_index=True,
        )
        descriptives = [frame for name, frame in estimated.items() if name in described]
        truth = workspace.study.simulated
        if truth:
            frame = truth_comparison(load_truth(workspace.study.path(truth)), coefficients)
        else:
            frame = paper_comparison(
                load_published(),
                coefficients,
                pd.concat(descriptives, ignore_index=True) if descriptives else None,
            )
        of = frame["verdict"].value_counts().to_dict()
        facts = "true coefficients of the simulation" if truth else "published facts"
        sentence = (
            f"of {len(frame)} {facts} ours agrees in {of.get('agrees', 0)} and differs in "
            f"{of.get('differs', 0)}; {of.get('not comparable', 0)} cannot be compared"
        )
        return finished(workspace, tables.PAPER_COMPARISON, frame, sentence)

    return paper_comparison


def _ran(frame: Any, column: str, what: str) -> str:
    there = int(frame[column].notna().sum())
    return f"{there} of {len(frame)} {what} could be computed"


def finished(
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
        more["instrument"] = frozen_sentence(frozen_instrument)
    return dg.MaterializeResult(
        value=frame, metadata=describe(table, frame, result=sentence, **more)
    )


def instrument_evidence(specifications: Mapping[str, TableSpec]) -> list[dg.AssetsDefinition]:
    """Residuals and p-value curves of these tables' 2SLS columns, under the study's zero-distance
    rule and with the hub's own unit dropped."""

    def evidence(table: Table, description: str) -> dg.AssetsDefinition:
        @stored_asset(
            table,
            description=description,
            group_name=GROUP,
        )
        def made(
            workspace: dg.ResourceParam[Workspace],
            panel: Any,
            frozen_instrument: Any,
            keyword_counts: Any,
            section_words: Any,
        ) -> dg.MaterializeResult[Any]:
            # the functions have the names of their tables
            from dti_assets.econ.paper import reports

            frame = under_both_rules(
                workspace,
                list(specifications.values()),
                *(panel, frozen_instrument, keyword_counts, section_words),
                getattr(reports, table.name),
                table,
            )
            columns = frame[frame["reason"].isna()][["table", "column"]].drop_duplicates()
            sentence = f"{len(columns)} columns with an instrument"
            workspace.progress.summary(table.name, sentence)
            return dg.MaterializeResult(
                value=frame, metadata=describe(table, frame, result=sentence)
            )

        return made

    return [
        evidence(
            tables.ANDERSON_RUBIN_CURVE,
            "The Anderson-Rubin p-value of every coefficient, for every 2SLS column: values above "
            "0.05 are the 95 % set.",
        ),
        evidence(
            tables.STAGE_RESIDUALS,
            "Outcome, endogenous regressor and instrument of every 2SLS column, controls and "
            "effects projected out: the points of first stage and reduced form.",
        ),
    ]
