"""Group estimates: one asset for every table specification, the inference around them, who moves
the estimate, and whether other vocabulary would do as well."""

from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg

from dti_assets.audit.summary import audit_sentence
from dti_assets.audit.tables import MEASUREMENT_AUDIT
from dti_assets.econ import tables
from dti_assets.econ.paper.specifications import TableSpec
from dti_assets.instrument.formula import WRITTEN, instrument
from dti_assets.instrument.values import instrument_by_term
from dti_assets.instrument.variants import hub_distances, named_variants, with_distances
from dti_assets.pipeline import audits
from dti_assets.pipeline.estimate_inputs import (
    every_variant,
    frozen_sentence,
    own_variants,
    study_choices,
    table_options,
    under_both_rules,
    without_each_term,
)
from dti_assets.pipeline.metadata import describe_table, finished, output
from dti_assets.pipeline.plots import curve, ranked
from dti_assets.pipeline.resources import Workspace
from dti_assets.pipeline.stored_asset import stored_asset, stored_assets
from dti_assets.publishing.sentences import (
    influence_in_short,
    permutation_in_short,
    permutation_sentences,
)
from dti_assets.store.schema import Table
from dti_assets.study.catalogue import estimates_table
from dti_assets.study.specifications import leading_columns, shipped_tables
from dti_assets.text.candidates import unrelated_terms
from dti_assets.text.choices import hits_column, words_column
from dti_assets.units.levels import Level

GROUP = "estimates"
# what every estimate reads, and the counts from which some build the instrument anew
_PANEL = ("panel", "frozen_instrument")
_COUNTS = ("keyword_counts", "section_words")


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
        *_instrument_evidence(list(specifications.values())),
        *_influence(specifications, level),
        measurement_audit,
    ]


def _asset(table: Table, *reads: str, **more: Any) -> Any:
    """The decorator of the assets of the group, which are handed by name what they read."""
    return stored_asset(table, group_name=GROUP, ins={name: dg.AssetIn() for name in reads}, **more)


def _table_asset(spec: TableSpec, level: Level) -> dg.AssetsDefinition:
    table = estimates_table(spec)

    @_asset(table, description=describe_table(spec, level=level))
    def estimated(
        workspace: dg.ResourceParam[Workspace], panel: Any, frozen_instrument: Any
    ) -> dg.MaterializeResult[Any]:
        from dti_assets.econ.paper.estimate import estimate_table
        from dti_assets.econ.paper.summary import regression_table, table_sentence

        frame = estimate_table(spec, panel, table_options(workspace, frozen_instrument))
        shown: dict[str, Any] = {"instrument": frozen_sentence(frozen_instrument)}
        if spec.source:
            shown["source"] = spec.source
        if spec.kind != "descriptives":
            shown["regression_table"] = dg.MetadataValue.md(regression_table(frame))
        return finished(workspace, table, frame, table_sentence(frame), **shown)

    return estimated


def _inference(specifications: list[TableSpec]) -> list[dg.AssetsDefinition]:
    """Reports over all tables that need nothing but the panel and the instrument."""

    @_asset(tables.WEAK_INSTRUMENTS, *_PANEL, *_COUNTS)
    def weak_instrument_inference(
        workspace: dg.ResourceParam[Workspace], **stored: Any
    ) -> dg.MaterializeResult[Any]:
        """How strong the instrument is and what it can say, for every 2SLS column.

        First stage, reduced form, the F statistics, Anderson-Rubin sets and the tF interval; each
        column also with the hub's own {unit} dropped, from which inference is read.
        """
        from dti_assets.econ.paper.reports import weak_instrument_inference

        table = tables.WEAK_INSTRUMENTS
        frame = under_both_rules(
            workspace, specifications, stored, weak_instrument_inference, table
        )
        bounded = frame["ar_bounded"].dropna()
        sentence = f"{int(bounded.sum())} of {len(bounded)} Anderson-Rubin sets are bounded"
        columns = frame["table"].str.cat(frame["column"], " ")
        plot = ranked(
            dict(zip(columns, frame["effective_f"], strict=True)),
            "Effective F of the first stage by table and column; line: 10",
            line=10,
        )
        note = frozen_sentence(stored["frozen_instrument"])
        return finished(workspace, table, frame, sentence, **plot, instrument=note)

    @_asset(tables.INDIRECT_EFFECTS)
    def indirect_effects(
        workspace: dg.ResourceParam[Workspace], panel: Any, frozen_instrument: Any
    ) -> dg.MaterializeResult[Any]:
        """How much of the effect runs through a mediator.

        Product of the two paths (treatment on mediator, mediator on outcome) with Sobel and
        Aroian tests, and an interval from resampling whole {units}, which is the one to read.
        """
        from dti_assets.econ.paper.reports import indirect_effects

        frame = indirect_effects(specifications, panel, table_options(workspace, frozen_instrument))
        sentence = _ran(frame, "indirect", "indirect effects")
        return finished(workspace, tables.INDIRECT_EFFECTS, frame, sentence)

    @_asset(tables.LEAVE_ONE_OUT)
    def leave_one_province_out(
        workspace: dg.ResourceParam[Workspace], panel: Any, frozen_instrument: Any
    ) -> dg.MaterializeResult[Any]:
        """Every key coefficient, and every first-stage F, without each {unit} in turn.

        A result that rests on one {unit} shows here as one large `difference`.
        """
        from dti_assets.econ.paper.reports import leave_one_province_out

        options = table_options(workspace, frozen_instrument)
        frame = leave_one_province_out(specifications, panel, options)
        sentence = _ran(frame, "estimate", f"coefficients without one {workspace.level.noun}")
        return finished(workspace, tables.LEAVE_ONE_OUT, frame, sentence)

    @_asset(tables.ROMANO_WOLF)
    def romano_wolf(
        workspace: dg.ResourceParam[Workspace], panel: Any, frozen_instrument: Any
    ) -> dg.MaterializeResult[Any]:
        """p-values of Tables 5 to 10 that allow for their number (Romano and Wolf's stepdown).

        Of twenty true null hypotheses one is rejected at 5 % by chance; `p_romano_wolf` is what
        is left of significance once that is allowed for.
        """
        from dti_assets.econ.robustness.multiple_testing import romano_wolf_tables

        options = table_options(workspace, frozen_instrument)
        frame = romano_wolf_tables(specifications, panel, options)
        sentence = _ran(frame, "p_romano_wolf", "p-values that allow for their number")
        return finished(workspace, tables.ROMANO_WOLF, frame, sentence)

    return [weak_instrument_inference, indirect_effects, leave_one_province_out, romano_wolf]


def _robustness(specifications: dict[str, TableSpec], level: Level) -> list[dg.AssetsDefinition]:
    """Reports that build the instrument anew from the stored counts."""
    (two_stage, column), _ = leading_columns(specifications, level)

    @_asset(tables.SPECIFICATION_CURVE, *_PANEL, *_COUNTS)
    def specification_curve(
        workspace: dg.ResourceParam[Workspace], **stored: Any
    ) -> dg.MaterializeResult[Any]:
        """The 2SLS coefficient over every way of building the instrument that the counts allow.

        Dictionary, hits, denominator, section, distance and zero-distance rule are crossed with
        controls and errors; then each term of the dictionary is left out in turn.
        """
        from dti_assets.econ.robustness.specification_curve import curve_of_column

        grid = every_variant(workspace, stored)
        single = own_variants(workspace, stored, without_each_term(stored["keyword_counts"]))
        frame = curve_of_column(
            two_stage,
            column,
            single.join(grid.join(stored["panel"])),
            grid.choices | single.choices,
            table_options(workspace, stored["frozen_instrument"]),
        )
        plot = curve(
            frame["estimate"].tolist(),
            "2SLS coefficients by size, without the outer 5 % at each end",
        )
        sentence = _ran(frame, "estimate", "2SLS coefficients")
        note = frozen_sentence(stored["frozen_instrument"])
        return finished(
            workspace, tables.SPECIFICATION_CURVE, frame, sentence, **plot, instrument=note
        )

    @_asset(tables.ROBUSTNESS, *_PANEL, "dti_iv", "capital_distances", *_COUNTS)
    def robustness(
        workspace: dg.ResourceParam[Workspace], **stored: Any
    ) -> dg.MaterializeResult[Any]:
        """What a referee asks next: other instruments and distances, placebo hubs, leads, keyword
        frequency as a control, differences between regions, Conley errors, direct effects."""
        from dti_assets.econ.robustness.checks import (
            Formula,
            RobustnessInputs,
            robustness_report,
        )

        chosen, level = workspace.study.instrument, workspace.level
        kilometres, hubs = hub_distances(chosen.distance, units=workspace.units)
        grid = every_variant(workspace, stored)
        single = own_variants(
            workspace, stored, without_each_term(stored["keyword_counts"], most_frequent=5)
        )
        measured = (stored["panel"], stored["dti_iv"], stored["capital_distances"], kilometres)
        wide = with_distances(*measured, level=level)
        frame = robustness_report(
            specifications | {two_stage.name: two_stage},
            single.join(grid.join(wide)),
            table_options(workspace, stored["frozen_instrument"]),
            Formula(WRITTEN, instrument),
            RobustnessInputs(
                instruments=named_variants(grid, study_choices(workspace))
                | {what["dictionary"]: name for name, what in single.choices.items()},
                controls={"distance x trend": ("distance_km:year",)},
                hubs=hubs,
                own_hub=chosen.hub,
            ),
            two_stage=(two_stage.name, column.column),
        )
        sentence = _ran(frame, "estimate", "checks of robustness")
        note = frozen_sentence(stored["frozen_instrument"])
        return finished(workspace, tables.ROBUSTNESS, frame, sentence, instrument=note)

    return [specification_curve, robustness]


@_asset(tables.FORENSICS)
def published_forensics(workspace: dg.ResourceParam[Workspace]) -> dg.MaterializeResult[Any]:
    """What the stars of published instrumental-variable tables imply about their first stage.

    From the printed stars alone: bounds for the first-stage F, and whether a confidence set that
    is valid under a weak instrument could be bounded.
    """
    from dti_assets.econ.paper.published import load_claims, published_forensics

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

    @_asset(tables.PAPER_COMPARISON, *names)
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

        descriptives = [estimated.pop(name) for name in described]
        coefficients = pd.concat(estimated.values(), ignore_index=True)
        truth = workspace.study.simulated
        if truth:
            frame = truth_comparison(load_truth(workspace.study.path(truth)), coefficients)
        else:
            means = pd.concat(descriptives, ignore_index=True) if descriptives else None
            frame = paper_comparison(load_published(), coefficients, means)
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


def _instrument_evidence(specifications: list[TableSpec]) -> list[dg.AssetsDefinition]:
    """Residuals and p-value curves of these tables' 2SLS columns, under the study's zero-distance
    rule and with the hub's own unit dropped."""

    def evidence(table: Table, description: str) -> dg.AssetsDefinition:
        @_asset(table, *_PANEL, *_COUNTS, description=description)
        def made(
            workspace: dg.ResourceParam[Workspace], **stored: Any
        ) -> dg.MaterializeResult[Any]:
            # the functions have the names of their tables
            from dti_assets.econ.paper import reports

            report = getattr(reports, table.name)
            frame = under_both_rules(workspace, specifications, stored, report, table)
            columns = frame[frame["reason"].isna()][["table", "column"]].drop_duplicates()
            sentence = f"{len(columns)} columns with an instrument"
            return finished(workspace, table, frame, sentence)

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


def _influence(specifications: Mapping[str, TableSpec], level: Level) -> list[dg.AssetsDefinition]:
    """Influence of terms, reports, units and years; the permutation of the dictionary."""
    two_stage, baseline = leading_columns(specifications, level)

    @_asset(tables.INFLUENCE, *_PANEL, "dti_iv", "keyword_counts")
    def influence(
        workspace: dg.ResourceParam[Workspace], **stored: Any
    ) -> dg.MaterializeResult[Any]:
        """How far each term, report, {unit} and year moves the 2SLS, first-stage, reduced-form
        and OLS coefficients: each left out in turn, in closed form."""
        from dti_assets.econ.robustness.influence import influence as measured

        parts = instrument_by_term(
            stored["keyword_counts"],
            stored["dti_iv"],
            workspace.counted_sections,
            hits_column(workspace.study.text.hits),
            level=level,
        )
        options = table_options(workspace, stored["frozen_instrument"])
        frame = measured(two_stage, baseline, stored["panel"], parts, options)
        sentence = influence_in_short(frame)
        note = frozen_sentence(stored["frozen_instrument"])
        return finished(workspace, tables.INFLUENCE, frame, sentence, instrument=note)

    @stored_assets(
        {
            "dictionary_permutation": "First stage and reduced form of the dictionary, placed "
            "among random dictionaries of the reports' other policy terms, matched on frequency "
            "and growth.",
            "dictionary_permutation_draws": "First stage and reduced form of every random "
            "dictionary.",
        },
        name="permuted_dictionary",
        group_name=GROUP,
    )
    def permuted_dictionary(
        workspace: dg.ResourceParam[Workspace],
        panel: Any,
        frozen_instrument: Any,
        dti_iv: Any,
        keyword_counts: Any,
        section_words: Any,
        candidate_counts: Any,
    ) -> Iterator[dg.Output[Any]]:
        """Is it the digital vocabulary, or would any policy vocabulary do?"""
        from dti_assets.econ.robustness.permutation import dictionary_permutation

        terms = unrelated_terms(candidate_counts["term"].unique(), workspace.dictionary())
        sections = workspace.counted_sections
        words = section_words[section_words["section"].isin(sections)]
        frame, draws = dictionary_permutation(
            *two_stage,
            panel,
            _vocabulary(keyword_counts, dti_iv, sections, hits_column("overlap"), level),
            _vocabulary(
                candidate_counts[candidate_counts["term"].isin(terms)],
                *(dti_iv, sections, "hits", level),
            ),
            words.groupby("year")[words_column("nonpunct")].sum(),
            table_options(workspace, frozen_instrument),
        )
        workspace.progress.summary("dictionary_permutation", permutation_in_short(frame))
        sentences = " ".join(permutation_sentences(frame))
        note = frozen_sentence(frozen_instrument)
        yield output(tables.DICTIONARY_PERMUTATION, frame, result=sentences, instrument=note)
        yield output(tables.PERMUTATION_DRAWS, draws)

    return [influence, permuted_dictionary]


def _vocabulary(
    counts: Any, dti_iv: Any, sections: tuple[str, ...], hits: str, level: Level
) -> Any:
    from dti_assets.econ.robustness.permutation import Vocabulary

    parts = instrument_by_term(counts, dti_iv, sections, hits, level=level)
    chosen = counts[counts["section"].isin(sections) & counts["term"].isin(parts.columns)]
    by_year = chosen.groupby(["term", "year"])[hits].sum().unstack(fill_value=0)
    years = sorted(dti_iv["year"].unique())
    return Vocabulary(parts, by_year.reindex(parts.columns).reindex(columns=years, fill_value=0))


# the digital patents are stored without a frame: read where there are labelled ones
@_asset(MEASUREMENT_AUDIT, *audits.NEEDED, deps=["digital_patents"])
def measurement_audit(
    workspace: dg.ResourceParam[Workspace], **stored: Any
) -> dg.MaterializeResult[Any]:
    """Agreement of the coders, precision and recall, counts corrected by them, and Table 3 before
    and after; one row with the reason where no sample is labelled."""
    frame = audits.measurement_audit(workspace, stored)
    ignored = audits.not_read(workspace.study)
    sentence = audit_sentence(frame) + (f"; {ignored}" if ignored else "")
    return finished(workspace, MEASUREMENT_AUDIT, frame, sentence)
