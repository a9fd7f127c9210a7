"""Which columns a stored column is made from: the lineage the web UI shows, and tests walk.

Data for the tables that are built column by column; read off the declarations of variables for
the panel, and off the table specifications for everything estimated on it. No computation.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING

from dti_assets.econ.model.terms import columns_of
from dti_assets.econ.paper.specifications import ROMANO_WOLF_TABLES
from dti_assets.panel.coverage import PROXIES
from dti_assets.panel.tables import OFFICIAL_STATISTICS, PANEL
from dti_assets.panel.variables import VARIABLES, Variable
from dti_assets.patents.tables import TECHNOLOGIES
from dti_assets.study.catalogue import stored_tables
from dti_assets.study.specifications import leading_columns, shipped_tables, study_tables
from dti_assets.text.choices import HITS, WORDS, hits_column, words_column
from dti_assets.units.levels import Level

if TYPE_CHECKING:
    from dti_assets.econ.paper.specifications import ColumnSpec, TableSpec
    from dti_assets.store.schema import Table
    from dti_assets.study.config import Study

# column -> the columns it is made from, each as "table.column"
Lineage = dict[str, tuple[str, ...]]
# figures of the user's take the place of official ones
_PEOPLE = ("official_statistics.population", "user_figures.value")


def _same(table: str, *columns: str) -> Lineage:
    """Columns taken over as they are."""
    return {column: (f"{table}.{column}",) for column in columns}


def _from(columns: Iterable[str], *sources: str) -> Lineage:
    """Several columns made from the same ones."""
    return dict.fromkeys(columns, sources)


def _joined(columns: Iterable[str], *tables: str) -> Lineage:
    """Columns on which tables are joined."""
    return {column: tuple(f"{table}.{column}" for table in tables) for column in columns}


_COUNTED_PATENTS: Lineage = {
    "year": ("digital_patents.application_year", "digital_patents.grant_year"),
    "applications": ("digital_patents.digital", "digital_patents.application_year"),
    "grants": ("digital_patents.digital", "digital_patents.grant_year"),
    **_same("digital_patents", *TECHNOLOGIES),
}


def column_lineage(study: Study, name: str) -> Lineage:
    """The lineage of one stored table under the study's choices; empty where a table is read
    from files, or speaks about other tables instead of carrying their columns on."""
    built = _built(study.level).get(name, {})
    if name in ("policy_attention", "dti_iv", "keyword_contexts"):
        return built | _chosen(study)[name]
    if name == "panel":
        return built | {one.name: _sources_of(one) for one in VARIABLES}
    return built or _estimated(study, name)


@cache
def _built(level: Level) -> dict[str, Lineage]:
    """The tables that are built column by column, by name."""
    when = (*level.keys, "year")
    return {
        "report_texts": {
            **_same("report_files", *when, "path", "sha256", "text_sha256", "status"),
            **_from(
                ("text", "pages", "engine", "encoding", "han_chars"),
                *("report_files.path", "report_files.sha256"),
            ),
        },
        "keyword_counts": {
            **_same("report_texts", *when),
            **_from(
                ("section", "term", "hits_longest", "hits_token", "hits_overlap"),
                "report_texts.text",
            ),
        },
        "section_words": {
            **_same("report_texts", *when, "text_sha256"),
            "source": ("report_texts.path",),
            **_from(
                ("section", "words_all", "words_nonpunct", "words_han", "chars_han"),
                "report_texts.text",
            ),
        },
        "policy_attention": {
            **_same(
                "section_words",
                *(*when, "words_all", "words_nonpunct", "words_han", "chars_han"),
                *("origin", "source", "dictionary_sha256"),
            ),
            "reason": ("report_files.status", "report_files.reason", "section_words.section"),
        },
        "keyword_contexts": {
            **_same("keyword_counts", level.name, "year", "section"),
            **_from(("path", "page", "paragraph", "before", "after"), "report_files.path"),
        },
        "candidate_counts": {
            **_same("report_texts", *level.when),
            **_from(("section", "term", "hits"), "report_texts.text", "section_words.origin"),
        },
        "dti_iv": {
            **_same("policy_attention", *when, "keyword_hits", "frequency", "origin"),
            **_same("capital_distances", "distance_km", "rule"),
            "dti_iv": ("policy_attention.frequency", "capital_distances.distance_km"),
            "reason": ("policy_attention.reason", "capital_distances.reason"),
        },
        "patent_counts": {
            **_same("digital_patents", level.code),
            **_COUNTED_PATENTS,
            **_same("digital_patents", "truncated"),
            "all_applications": ("digital_patents.application_no",),
        },
        "patent_totals": {
            "origin": ("digital_patents.origin", f"digital_patents.{level.code}"),
            **_COUNTED_PATENTS,
            **_same("digital_patents", *(f"ipc_{t}" for t in TECHNOLOGIES), "truncated"),
            "all_applications": ("digital_patents.application_no",),
        },
        "dti": {
            **_joined(when, "patent_counts", "official_statistics", "user_figures"),
            **_same("patent_counts", "truncated", "basis"),
            **_from(("applications_per_million", "DTIn"), "patent_counts.applications", *_PEOPLE),
            **_from(("grants_per_million", "DTIG"), "patent_counts.grants", *_PEOPLE),
            "INVn": ("official_statistics.patent_applications_invention", *_PEOPLE),
        },
        "frozen_instrument": _from(
            ("status", "sentence", "differences", "sha256"), *("dti_iv.dti_iv", "dti_iv.rule")
        ),
        "panel": {
            **_joined(when, "official_statistics", "user_figures", "dti", "dti_iv"),
            "dti_basis": ("dti.basis",),
            "dti_iv_rule": ("dti_iv.rule",),
        },
    }


def _chosen(study: Study) -> dict[str, Lineage]:
    """What depends on the study's definition of a hit and of the number of words."""
    text = study.text
    hits, words = f"keyword_counts.{hits_column(text.hits)}", words_column(text.words)
    return {
        "policy_attention": {
            "keyword_hits": (hits, "keyword_counts.section"),
            "frequency": (hits, "keyword_counts.section", f"section_words.{words}"),
        },
        "dti_iv": {"total_words": (f"policy_attention.{words}",)},
        "keyword_contexts": {"term": ("keyword_counts.term", hits)},
    }


def _sources_of(variable: Variable) -> tuple[str, ...]:
    """Where the panel's column comes from; none for what is a fact about units."""
    if variable.origin == "dti":
        return (f"dti.{variable.name}",)
    if variable.origin == "dti_iv":
        return ("dti_iv.dti_iv",)
    if variable.origin == "membership":
        return ()
    official = set(OFFICIAL_STATISTICS.column_names)
    shipped = (f"official_statistics.{name}" for name in variable.series if name in official)
    return (*shipped, "user_figures.value")


def _estimated(study: Study, name: str) -> Lineage:
    """Numbers of an estimated table rest on every column of the panel its columns name."""
    specifications, level = study_tables(study), study.level
    stored = stored_tables(study).get(name)
    if stored is None:
        return {}
    if name == "paper_comparison":
        return _compared(specifications, level)
    terms = _read_by(name, specifications, level)
    if terms is None:
        return {}
    made = dict.fromkeys((*_of_the_panel(terms, level), *_counts(study, name)))
    own = (level.name, "year") if name == "stage_residuals" else ()
    return _from(_statistics(stored), *made) | _same("panel", *own)


def _compared(specifications: Mapping[str, TableSpec], level: Level) -> Lineage:
    """Of the paper's tables: coefficients, rows of a column, and the means of its Table 1."""
    names = [name for name in shipped_tables(level) if name in specifications]
    regressions = [name for name in names if specifications[name].kind != "descriptives"]
    found: Lineage = {
        column: tuple(f"{name}.{column}" for name in regressions)
        for column in ("estimate", "stars", "conf_low", "conf_high")
    }
    numbers = [f"{name}.n_obs" if name in regressions else f"{name}.mean" for name in names]
    return found | {"estimate": (*found["estimate"], *numbers)}


def _read_by(name: str, specifications: Mapping[str, TableSpec], level: Level) -> list[str] | None:
    """The terms that an estimated table reads; None for what is no such table."""
    every = list(specifications.values())
    if name in specifications:
        return _table_terms(specifications[name])
    if name in ("leave_one_province_out", "robustness"):
        return [term for spec in every for term in _table_terms(spec)]
    if name == "indirect_effects":
        return [term for spec in every if spec.mediation for term in _mediation_terms(spec)]
    if name in ("weak_instrument_inference", "anderson_rubin_curve", "stage_residuals"):
        columns = [c for spec in every for c in spec.columns if len(c.endogenous) == 1]
    elif name == "romano_wolf":
        family = [spec for spec in every if spec.table in ROMANO_WOLF_TABLES]
        columns = [c for spec in family for c in spec.columns if not c.endogenous]
    elif name in ("specification_curve", *_PERMUTED, "influence"):
        two_stage, baseline = leading_columns(specifications, level)
        columns = [two_stage[1], *([baseline[1]] if name == "influence" else [])]
    else:
        return None
    return [term for column in columns for term in _terms(column)]


def _counts(study: Study, name: str) -> tuple[str, ...]:
    """What a report reads besides the panel, to build the instrument anew or to take it apart."""
    if name in _BUILT_ANEW:
        return (*_chosen(study)["policy_attention"]["frequency"], *_BUILT_ANEW[name])
    if name == "influence":
        hits = _chosen(study)["policy_attention"]["keyword_hits"]
        return (*hits, "keyword_counts.term", *_SCALE)
    if name in _PERMUTED:
        counts = ("keyword_counts.hits_overlap", "keyword_counts.section", "candidate_counts.hits")
        return (*counts, "section_words.words_nonpunct", *_SCALE)
    return ()


_PERMUTED = ("dictionary_permutation", "dictionary_permutation_draws")
# hits of a term over these are its part of the instrument
_SCALE = ("dti_iv.total_words", "dti_iv.distance_km")
# reports that build the instrument anew from the counts: what they read besides the study's own
_BUILT_ANEW: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("weak_instrument_inference", "anderson_rubin_curve", "stage_residuals"), ()),
    "specification_curve": (
        *(f"keyword_counts.{hits_column(one)}" for one in HITS),
        *(f"section_words.{words_column(one)}" for one in WORDS),
    ),
    "robustness": ("dti_iv.frequency", "capital_distances.distance_km"),
}


def _statistics(table: Table) -> list[str]:
    """The columns that hold results: numbers, and the stars that say how sure they are."""
    numbers = [c.name for c in table.columns if c.dtype in ("float64", "bool") and c.nullable]
    counts = [c.name for c in table.columns if c.name in ("n_obs", "n_clusters", "stars")]
    return [*numbers, *counts]


def _table_terms(spec: TableSpec) -> list[str]:
    """The terms of a whole table: its variables, columns and mediation."""
    terms = [*spec.variables, *spec.required]
    for column in spec.columns:
        terms += _terms(column)
    return terms + _mediation_terms(spec)


def _mediation_terms(spec: TableSpec) -> list[str]:
    """The terms of a table's mediation: its variables, and what else the first column with its
    outcome has."""
    one = spec.mediation
    if one is None:
        return []
    like = next((c for c in spec.columns if c.outcome == one.outcome), spec.columns[0])
    return [one.treatment, one.mediator, one.outcome, *one.joint_with, *_terms(like)]


def _of_the_panel(terms: Iterable[str], level: Level) -> tuple[str, ...]:
    """Columns of the panel that terms name, proxies for absent ones included."""
    names = [name for term in terms for name in columns_of(term)]
    names += [PROXIES[name] for name in names if name in PROXIES]
    known = frozenset(level.table(PANEL).column_names)
    return tuple(f"panel.{name}" for name in dict.fromkeys(names) if name in known)


def _terms(column: ColumnSpec) -> list[str]:
    sampled = [name for name, _ in column.sample]
    cluster = [column.cluster] if column.cluster else []
    return [*column.needs, *column.controls, *column.fixed_effects, *cluster, *sampled]
