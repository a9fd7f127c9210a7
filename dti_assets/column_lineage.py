"""Which columns a stored column is made from: the lineage the web UI shows, and tests walk.

Data for the tables that are built column by column; read off the declarations of variables for
the panel, and off the table specifications for everything estimated on it. No computation.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from dti_assets.econ.terms import columns_of
from dti_assets.panel.coverage import PROXIES
from dti_assets.panel.tables import OFFICIAL_STATISTICS, PANEL
from dti_assets.panel.variables import VARIABLES, Variable
from dti_assets.patents.tables import TECHNOLOGIES
from dti_assets.stored_tables import stored_tables
from dti_assets.study_tables import shipped_tables, study_tables

if TYPE_CHECKING:
    from dti_assets.econ.table_specifications import ColumnSpec, TableSpec
    from dti_assets.study import Study
    from dti_assets.tables import Table

# column -> the columns it is made from, each as "table.column"
Lineage = dict[str, tuple[str, ...]]

_PLACE_AND_TIME = ("province_code", "province", "year")


def _same(table: str, *columns: str) -> Lineage:
    """Columns taken over as they are."""
    return {column: (f"{table}.{column}",) for column in columns}


def _from(columns: Iterable[str], *sources: str) -> Lineage:
    """Several columns made from the same ones."""
    return dict.fromkeys(columns, sources)


def column_lineage(study: Study, name: str) -> Lineage:
    """The lineage of one stored table under the study's choices; empty where a table is read
    from files, or speaks about other tables instead of carrying their columns on."""
    built = _BUILT.get(name, {})
    if name in ("policy_attention", "dti_iv"):
        return built | _chosen(study)[name]
    if name == "panel":
        return built | {one.name: _sources_of(one) for one in VARIABLES}
    return built or _estimated(study, name)


_BUILT: dict[str, Lineage] = {
    "report_texts": {
        **_same("report_files", *_PLACE_AND_TIME, "path", "sha256", "text_sha256", "status"),
        **_from(
            ("text", "pages", "engine", "encoding", "han_chars"),
            *("report_files.path", "report_files.sha256"),
        ),
    },
    "keyword_counts": {
        **_same("report_texts", *_PLACE_AND_TIME),
        **_from(
            ("section", "term", "hits_longest", "hits_token", "hits_overlap"), "report_texts.text"
        ),
    },
    "section_words": {
        **_same("report_texts", *_PLACE_AND_TIME, "text_sha256"),
        "source": ("report_texts.path",),
        **_from(
            ("section", "words_all", "words_nonpunct", "words_han", "chars_han"),
            "report_texts.text",
        ),
    },
    "policy_attention": _same(
        "section_words",
        *(*_PLACE_AND_TIME, "words_all", "words_nonpunct", "words_han", "chars_han"),
        *("origin", "source", "dictionary_sha256"),
    ),
    "dti_iv": {
        **_same("policy_attention", *_PLACE_AND_TIME, "keyword_hits", "frequency", "origin"),
        **_same("capital_distances", "distance_km", "rule"),
        "dti_iv": ("policy_attention.frequency", "capital_distances.distance_km"),
        "reason": ("policy_attention.reason", "capital_distances.reason"),
    },
    "patent_counts": {
        "province_code": ("digital_patents.province_code",),
        "year": ("digital_patents.application_year", "digital_patents.grant_year"),
        "applications": ("digital_patents.digital", "digital_patents.application_year"),
        "grants": ("digital_patents.digital", "digital_patents.grant_year"),
        **_same("digital_patents", *TECHNOLOGIES, "truncated"),
        "all_applications": ("digital_patents.application_no",),
    },
    "patent_totals": {
        "origin": ("digital_patents.origin", "digital_patents.province_code"),
        "year": ("digital_patents.application_year", "digital_patents.grant_year"),
        "applications": ("digital_patents.digital", "digital_patents.application_year"),
        "grants": ("digital_patents.digital", "digital_patents.grant_year"),
        **_same("digital_patents", *TECHNOLOGIES, *(f"ipc_{t}" for t in TECHNOLOGIES), "truncated"),
        "all_applications": ("digital_patents.application_no",),
    },
    "dti": {
        **_same("patent_counts", "truncated", "basis"),
        **_from(
            ("applications_per_million", "DTIn"),
            *("patent_counts.applications", "official_statistics.population"),
        ),
        **_from(
            ("grants_per_million", "DTIG"),
            *("patent_counts.grants", "official_statistics.population"),
        ),
        "INVn": (
            "official_statistics.patent_applications_invention",
            "official_statistics.population",
        ),
    },
    "frozen_instrument": _from(
        ("status", "sentence", "differences", "sha256"), *("dti_iv.dti_iv", "dti_iv.rule")
    ),
    "panel": {"dti_basis": ("dti.basis",), "dti_iv_rule": ("dti_iv.rule",)},
}


def _chosen(study: Study) -> dict[str, Lineage]:
    """What depends on the study's definition of a hit and of the number of words."""
    text = study.text
    hits = f"keyword_counts.hits_{text.hits}"
    words = "chars_han" if text.words == "chars" else f"words_{text.words}"
    return {
        "policy_attention": {
            "keyword_hits": (hits, "keyword_counts.section"),
            "frequency": (hits, "keyword_counts.section", f"section_words.{words}"),
        },
        "dti_iv": {"total_words": (f"policy_attention.{words}",)},
    }


def _sources_of(variable: Variable) -> tuple[str, ...]:
    """Where the panel's column comes from; none for what is a fact about provinces."""
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
    specifications = study_tables(study)
    stored = stored_tables(study).get(name)
    if stored is None:
        return {}
    if name == "paper_comparison":
        names = [n for n in shipped_tables() if n in specifications]
        regressions = [n for n in names if specifications[n].kind != "descriptives"]
        return {
            column: tuple(f"{n}.{column}" for n in regressions)
            for column in ("estimate", "stars", "conf_low", "conf_high")
        }
    if name in specifications:
        used = _used(specifications[name])
    elif name in _OVER_ALL_TABLES:
        used = tuple(dict.fromkeys(c for spec in specifications.values() for c in _used(spec)))
    else:
        return {}
    made = [f"panel.{column}" for column in used]
    if name in _BUILT_ANEW:
        made += [*_chosen(study)["policy_attention"]["frequency"], *_BUILT_ANEW[name]]
    return _from(_statistics(stored), *dict.fromkeys(made))


_OVER_ALL_TABLES = (
    *("weak_instrument_inference", "indirect_effects", "leave_one_province_out", "romano_wolf"),
    *("specification_curve", "robustness"),
)
# reports that build the instrument anew from the counts: what they read besides the study's own
_BUILT_ANEW: Mapping[str, tuple[str, ...]] = {
    "weak_instrument_inference": (),
    "specification_curve": (
        *(f"keyword_counts.hits_{one}" for one in ("longest", "token", "overlap")),
        *(f"section_words.words_{one}" for one in ("all", "nonpunct", "han")),
        "section_words.chars_han",
    ),
    "robustness": ("dti_iv.frequency", "capital_distances.distance_km"),
}


def _statistics(table: Table) -> list[str]:
    """The columns that hold results: numbers, and the stars that say how sure they are."""
    numbers = [c.name for c in table.columns if c.dtype in ("float64", "bool") and c.nullable]
    counts = [c.name for c in table.columns if c.name in ("n_obs", "n_clusters", "stars")]
    return [*numbers, *counts]


def _used(spec: TableSpec) -> tuple[str, ...]:
    """Columns of the panel that a table reads, proxies for absent ones included."""
    terms = [*spec.variables, *spec.required]
    for column in spec.columns:
        terms += _terms(column)
    if spec.mediation:
        one = spec.mediation
        terms += [one.treatment, one.mediator, one.outcome, *one.joint_with]
    names = [name for term in terms for name in columns_of(term)]
    names += [PROXIES[name] for name in names if name in PROXIES]
    known = frozenset(PANEL.column_names)
    return tuple(name for name in dict.fromkeys(names) if name in known)


def _terms(column: ColumnSpec) -> list[str]:
    sampled = [name for name, _ in column.sample]
    cluster = [column.cluster] if column.cluster else []
    return [*column.needs, *column.controls, *column.fixed_effects, *cluster, *sampled]
