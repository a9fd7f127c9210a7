"""The definitions as a whole: which assets there are, in which group, made of what, and what the
web UI says of each before anything has run."""

import inspect
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from dti_assets.econ.model.terms import columns_of
from dti_assets.econ.paper.specifications import (
    ROMANO_WOLF_TABLES,
    first_two_stage_column,
    load_tables,
)
from dti_assets.econ.robustness.multiple_testing import romano_wolf_tables
from dti_assets.panel.coverage import PROXIES
from dti_assets.pipeline.definitions import build_definitions
from dti_assets.study.catalogue import stored_tables
from dti_assets.study.config import Study, load_study
from dti_assets.study.lineage import column_lineage
from dti_assets.units.lists import shipped_units

TABLES = load_tables(level=shipped_units("provinces").level)
SNAPSHOT = Path(__file__).with_name("asset_graph.txt")


@pytest.fixture(scope="module")
def study(root: Path) -> Study:
    return load_study(root / "study.yaml")


@pytest.fixture(scope="module")
def definitions(study: Study) -> dg.Definitions:
    return build_definitions(study)


def _specs(definitions: dg.Definitions) -> Iterator[tuple[str, dg.AssetSpec]]:
    for spec in definitions.resolve_all_asset_specs():
        yield spec.key.to_user_string(), spec


def test_assets_groups_and_dependencies_are_those_of_the_snapshot(
    definitions: dg.Definitions,
) -> None:
    lines = [
        f"{spec.group_name}/{name} <- "
        + ", ".join(sorted(dep.asset_key.to_user_string() for dep in spec.deps))
        for name, spec in _specs(definitions)
    ]
    found = "\n".join(line.rstrip() for line in sorted(lines)) + "\n"
    # after a change that is meant: write `found` to the file and read the difference
    assert found == SNAPSHOT.read_text(encoding="utf-8")


def test_every_asset_says_what_it_is_to_someone_who_has_not_read_the_code(
    definitions: dg.Definitions, study: Study
) -> None:
    tables = stored_tables(study)
    for name, spec in _specs(definitions):
        table = tables[name]
        description, _, row = (spec.description or "").rpartition("\n\n")
        assert len(description) > 40, name
        assert row.startswith(f"One row per {table.row}"), name
        assert spec.owners == ["team:dti-assets"], name
        assert "python" in spec.kinds and len(spec.kinds) > 1, name
        schema = spec.metadata["dagster/column_schema"]
        assert [column.name for column in schema.columns] == table.column_names, name
        for shown, declared in zip(schema.columns, table.columns, strict=True):
            assert shown.type == declared.dtype
            assert not declared.unit or f"[{declared.unit}]" in shown.description, (name, shown)


def test_the_stars_of_a_table_are_said_to_follow_what_they_follow(
    definitions: dg.Definitions,
) -> None:
    told = dict(_specs(definitions))["table_02_baseline"].description or ""
    # robust and iid errors have no bootstrap: see stars in the declaration of the table
    assert "whose errors are clustered; else the t-test" in told


def test_source_code_of_an_asset_is_the_function_that_makes_it(definitions: dg.Definitions) -> None:
    for name, spec in _specs(definitions):
        (reference,) = spec.metadata["dagster/code_references"].code_references
        lines = Path(reference.file_path).read_text(encoding="utf-8").splitlines()
        assert reference.line_number and lines[reference.line_number - 1].lstrip()[0] in "@d", name


def test_columns_come_from_columns_that_exist_in_tables_the_asset_reads(
    definitions: dg.Definitions, study: Study
) -> None:
    tables = stored_tables(study)
    for name, spec in _specs(definitions):
        upstream = {dep.asset_key.to_user_string() for dep in spec.deps}
        for column, sources in column_lineage(study, name).items():
            assert column in tables[name].column_names, (name, column)
            for source in sources:
                table, _, of = source.partition(".")
                assert table in upstream, (name, column, source)
                assert of in tables[table].column_names, (name, column, source)


def _all_sources(study: Study, column: str) -> set[str]:
    found: set[str] = set()
    waiting = [column]
    while waiting:
        table, _, name = waiting.pop().partition(".")
        new = set(column_lineage(study, table).get(name, ())) - found
        found |= new
        waiting += new
    return found


@pytest.mark.parametrize("name", [n for n, t in TABLES.items() if t.kind != "descriptives"])
def test_an_estimate_goes_back_to_patents_statistics_and_keywords(study: Study, name: str) -> None:
    sources = _all_sources(study, f"{name}.estimate")
    assert "official_statistics.gdp" in sources
    # Table 9 is about digital finance, the mediation tables about firms and research too
    if name in ("table_02_baseline", "table_03_two_stage_least_squares"):
        assert {"digital_patents.digital", "official_statistics.population"} <= sources
    if name == "table_03_two_stage_least_squares":
        assert "keyword_counts.hits_longest" in sources and "report_texts.text" in sources
        assert "capital_distances.distance_km" in sources
        assert "keyword_counts.hits_token" not in sources


def test_lineage_follows_the_choices_of_the_study(study: Study) -> None:
    chosen = study.text.model_copy(update={"hits": "overlap", "words": "chars"})
    other = study.model_copy(update={"text": chosen})
    sources = _all_sources(other, "table_03_two_stage_least_squares.estimate")
    assert {"keyword_counts.hits_overlap", "section_words.chars_han"} <= sources
    assert "keyword_counts.hits_longest" not in sources


def _of_the_panel(study: Study, name: str, column: str) -> set[str]:
    sources = column_lineage(study, name)[column]
    return {
        of for source in sources for table, _, of in [source.partition(".")] if table == "panel"
    }


def test_a_report_over_tables_names_what_it_reads_of_them(study: Study) -> None:
    adjusted = inspect.signature(romano_wolf_tables).parameters["numbers"].default
    assert adjusted == ROMANO_WOLF_TABLES
    family = _of_the_panel(study, "romano_wolf", "p_romano_wolf")
    assert family >= {"DTIn", "DTIG", "DFI", "region", "bri"}
    assert not family & {"DTI_iv", "Number", "RD", "governor_turnover", "party_turnover"}
    two_stage = first_two_stage_column(TABLES.values(), "DTI_iv")
    assert two_stage is not None
    column = two_stage[1]
    named = {of for term in (*column.needs, *column.controls) for of in columns_of(term)}
    for name, result in (("specification_curve", "estimate"), ("dictionary_permutation", "real")):
        found = _of_the_panel(study, name, result)
        assert {"DTIn", "DTI_iv"} <= found <= named | set(PROXIES.values()) | {"province", "year"}
    two_stage_only = _of_the_panel(study, "weak_instrument_inference", "estimate")
    assert "DTI_iv" not in _of_the_panel(study, "indirect_effects", "indirect")
    assert two_stage_only < _of_the_panel(study, "leave_one_province_out", "estimate")


def test_what_is_made_of_columns_says_of_which(study: Study) -> None:
    for name, column, source in (
        ("candidate_counts", "hits", "report_texts.text"),
        ("keyword_contexts", "term", "keyword_counts.hits_longest"),
        ("anderson_rubin_curve", "p_wild", "section_words.words_nonpunct"),
        ("stage_residuals", "outcome_residual", "panel.DTI_iv"),
        ("influence", "change", "dti_iv.distance_km"),
        ("dictionary_permutation", "p_value", "candidate_counts.hits"),
        ("dictionary_permutation_draws", "first_stage_f", "candidate_counts.hits"),
        ("policy_attention", "reason", "report_files.reason"),
        ("dti", "province_code", "patent_counts.province_code"),
        ("panel", "year", "user_figures.year"),
        ("paper_comparison", "estimate", "table_01_descriptives.mean"),
    ):
        assert source in column_lineage(study, name).get(column, ()), (name, column)


def test_checks_are_described_in_words(definitions: dg.Definitions) -> None:
    for key in definitions.resolve_asset_graph().asset_check_keys:
        spec = definitions.resolve_asset_graph().get_check_spec(key)
        assert len(spec.description or "") > 30 and " " in str(spec.description), key


def test_lineage_is_noted_when_a_table_is_stored(official: tuple[Study, object]) -> None:
    with dg.DagsterInstance.from_config(str(official[0].home)) as instance:
        event = instance.get_latest_materialization_event(dg.AssetKey("dti_iv"))
    assert event is not None and event.asset_materialization is not None
    noted = event.asset_materialization.metadata["dagster/column_lineage"].value
    deps = {(d.asset_key.to_user_string(), d.column_name) for d in noted.deps_by_column["dti_iv"]}
    assert deps == {("policy_attention", "frequency"), ("capital_distances", "distance_km")}
