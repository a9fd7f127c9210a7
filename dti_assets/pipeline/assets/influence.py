"""Group estimates: who moves the estimate, and whether other vocabulary would do as well."""

from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg

from dti_assets.audit.summary import audit_sentence
from dti_assets.audit.tables import MEASUREMENT_AUDIT
from dti_assets.econ.paper.specifications import (
    TableSpec,
    baseline_column,
    first_two_stage_column,
)
from dti_assets.econ.tables import (
    DICTIONARY_PERMUTATION,
    INFLUENCE,
    PERMUTATION_DRAWS,
)
from dti_assets.instrument.values import instrument_by_term
from dti_assets.pipeline import audits
from dti_assets.pipeline.assets.estimates import GROUP, estimates_asset, finished
from dti_assets.pipeline.estimate_inputs import INSTRUMENT, frozen_sentence, table_options
from dti_assets.pipeline.metadata import describe
from dti_assets.pipeline.resources import Workspace
from dti_assets.pipeline.stored_asset import stored_asset, stored_assets
from dti_assets.publishing.sentences import (
    influence_in_short,
    permutation_in_short,
    permutation_sentences,
)
from dti_assets.study.specifications import shipped_tables
from dti_assets.text.candidates import unrelated_terms
from dti_assets.text.choices import hits_column, words_column
from dti_assets.units.levels import Level


def influence_assets(
    specifications: Mapping[str, TableSpec], *, level: Level
) -> list[dg.AssetsDefinition]:
    """Influence of terms, reports, units and years; the permutation of the dictionary."""
    # where a study replaces the paper's tables by its own, the paper's columns are taken
    groups = (list(specifications.values()), list(shipped_tables(level).values()))
    two_stage = next(c for tables in groups if (c := first_two_stage_column(tables, INSTRUMENT)))
    baseline = next(c for tables in groups if (c := baseline_column(tables)))

    @estimates_asset(INFLUENCE)
    def influence(
        workspace: dg.ResourceParam[Workspace],
        panel: Any,
        frozen_instrument: Any,
        dti_iv: Any,
        keyword_counts: Any,
    ) -> dg.MaterializeResult[Any]:
        """How far each term, report, {unit} and year moves the 2SLS, first-stage, reduced-form
        and OLS coefficients: each left out in turn, in closed form."""
        from dti_assets.econ.robustness.influence import influence as measured

        parts = instrument_by_term(
            keyword_counts,
            dti_iv,
            workspace.counted_sections,
            hits_column(workspace.study.text.hits),
            level=level,
        )
        frame = measured(
            two_stage, baseline, panel, parts, table_options(workspace, frozen_instrument)
        )
        return finished(workspace, INFLUENCE, frame, influence_in_short(frame), frozen_instrument)

    @stored_assets(
        name="permuted_dictionary",
        outs={
            table.name: dg.AssetOut(
                description=description,
                group_name=GROUP,
            )
            for table, description in (
                (
                    DICTIONARY_PERMUTATION,
                    "First stage and reduced form of the dictionary, placed among random "
                    "dictionaries of the reports' other policy terms, matched on frequency and "
                    "growth.",
                ),
                (PERMUTATION_DRAWS, "First stage and reduced form of every random dictionary."),
            )
        },
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
        workspace.progress.summary(DICTIONARY_PERMUTATION.name, permutation_in_short(frame))
        told = {
            "result": " ".join(permutation_sentences(frame)),
            "instrument": frozen_sentence(frozen_instrument),
        }
        for table, made, more in (
            (DICTIONARY_PERMUTATION, frame, told),
            (PERMUTATION_DRAWS, draws, {}),
        ):
            yield dg.Output(made, output_name=table.name, metadata=describe(table, made, **more))

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


@stored_asset(
    MEASUREMENT_AUDIT,
    group_name=GROUP,
    # stored without a frame: read where there are labelled patents
    deps=["digital_patents"],
)
def measurement_audit(
    workspace: dg.ResourceParam[Workspace],
    panel: Any,
    frozen_instrument: Any,
    keyword_counts: Any,
    dti_iv: Any,
    dti: Any,
    patent_counts: Any,
) -> dg.MaterializeResult[Any]:
    """Agreement of the coders, precision and recall, counts corrected by them, and Table 3 before
    and after; one row with the reason where no sample is labelled."""
    stored = {
        "panel": panel,
        "frozen_instrument": frozen_instrument,
        "keyword_counts": keyword_counts,
        "dti_iv": dti_iv,
        "dti": dti,
        "patent_counts": patent_counts,
    }
    frame = audits.measurement_audit(workspace, stored)
    ignored = audits.not_read(workspace.study)
    sentence = audit_sentence(frame) + (f"; {ignored}" if ignored else "")
    workspace.progress.summary(MEASUREMENT_AUDIT.name, sentence)
    return dg.MaterializeResult(
        value=frame, metadata=describe(MEASUREMENT_AUDIT, frame, result=sentence)
    )


ASSETS = [measurement_audit]
