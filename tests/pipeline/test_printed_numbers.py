"""Every number of every table of the official run, in every format, is the stored one; and the
LaTeX of all of them is one document in which nothing sticks out."""

import re
import shutil
from pathlib import Path

import pandas as pd
import pytest
from table_readers import READERS, compile_latex, is_stored, latex_engine

from dti_assets.pipeline.execution.run import Outcome
from dti_assets.pipeline.resources import Workspace
from dti_assets.store.schema import records
from dti_assets.study.config import Study
from dti_assets.study.specifications import shipped_tables
from dti_assets.units.lists import shipped_units

Official = tuple[Study, Outcome]
APPENDIX = "weak_instrument_inference"
TABLES = shipped_tables(shipped_units("provinces").level)
REGRESSIONS = [name for name, spec in TABLES.items() if spec.kind == "coefficients"]
FOOTER = {
    "N": "n_obs",
    "Provinces": "n_clusters",
    "R²": "r2",
    "R² within (effects projected out)": "r2_within",
    "First-stage F (Kleibergen-Paap)": "first_stage_f",
    "Effective F (Montiel Olea-Pflueger)": "effective_f",
    "Mean of outcome": "outcome_mean",
}
STATISTICS = {
    "N": "n_obs", "Mean": "mean", "SD": "std_dev", "SD within": "std_within",
    "Minimum": "minimum", "Median": "median", "Maximum": "maximum",
}  # fmt: skip
# rows of the appendix, the second of them without a label, by what is stored
INFERENCE = {
    "2SLS estimate": ("estimate", "std_error"),
    "OLS estimate, same rows": ("ols_estimate",),
    "First stage": ("first_stage", "first_stage_se"),
    "First stage, p": ("first_stage_p",),
    "First stage, wild p": ("first_stage_p_wild",),
    "Reduced form": ("reduced_form", "reduced_form_se"),
    "Partial R²": ("partial_r2",),
    "Kleibergen-Paap F": ("kleibergen_paap_f",),
    "Cragg-Donald F": ("cragg_donald_f",),
    "Effective F": ("effective_f",),
    "Critical value, bias of 10 %": ("effective_f_critical_10",),
    "Critical value, bias of 30 %": ("effective_f_critical_30",),
    "Jackknife (CRV3) F": ("jackknife_f",),
    "Smallest F, one province left out": ("smallest_f",),
    "Effective clusters (1/HHI)": ("effective_clusters",),
    "Its share of the variation": ("largest_share",),
    "Anderson-Rubin wild p, no effect": ("p_wild",),
    "95 % tF interval": ("tf_low", "tf_high"),
    "95 % Wald interval": ("wald_low", "wald_high"),
    "N": ("n_obs",),
    "Clusters": ("n_clusters",),
}


def _grid(study: Study, name: str, ending: str) -> list[list[str]]:
    path = Path(study.output_url) / "tables" / f"{name}.{ending}"
    return READERS[ending](path.read_bytes())


@pytest.mark.parametrize("ending", [*READERS])
@pytest.mark.parametrize("name", REGRESSIONS)
def test_every_printed_coefficient_is_the_stored_one(
    official: Official, name: str, ending: str
) -> None:
    stored = records(Workspace(official[0]).stored(name))
    by_key = {(row["column"], row["term"]): row for row in stored}
    grid = _grid(official[0], name, ending)
    estimated = {key for key, row in by_key.items() if row["estimate"] is not None}
    if not grid:
        assert not estimated
        return
    columns = [heading.strip("()") for heading in grid[0][1:]]
    firsts = {column: next(r for r in stored if r["column"] == column) for column in columns}
    seen: dict[str, set[tuple[str, str]]] = {"estimate": set(), "(": set(), "[": set()}
    start = next(place for place, row in enumerate(grid) if row[0] == "Outcome")
    term, in_footer = "", False
    for label, *cells in grid[start + 1 :]:
        term = label or term
        in_footer = in_footer or label == "N"
        for column, cell in zip(columns, cells, strict=True):
            if in_footer:
                if label in FOOTER and cell:
                    assert is_stored(cell, firsts[column][FOOTER[label]]), (label, column, cell)
                continue
            if not cell:
                continue
            row = by_key[column, term]
            if cell == "absorbed":
                assert row["estimate"] is None and row["reason"].startswith("absorbed")
            elif label:
                shown, stars = re.fullmatch(r"([^*]+)(\**)", cell).groups()
                assert is_stored(shown, row["estimate"]), (term, column, cell)
                assert stars == (row["stars"] or ""), (term, column, cell)
                seen["estimate"].add((column, term))
            else:
                kind, inner = cell[0], cell[1:-1]
                value = {"(": "std_error", "{": "se_hc1", "[": "p_wild"}[kind]
                assert is_stored(inner, row[value]), (term, column, cell)
                seen["(" if kind == "{" else kind].add((column, term))
    assert seen["estimate"] == seen["("] == estimated
    assert seen["["] == {key for key in estimated if by_key[key]["p_wild"] is not None}
    ran = [column for column in columns if (firsts[column]["n_obs"] or 0) > 0]
    printed = {row[0]: row[1:] for row in grid}
    assert [bool(cell) for cell in printed["N"]] == [column in ran for column in columns]


@pytest.mark.parametrize("ending", [*READERS])
def test_every_printed_statistic_is_the_stored_one(official: Official, ending: str) -> None:
    name = "table_01_descriptives"
    stored = {row["variable"]: row for row in records(Workspace(official[0]).stored(name))}
    head, *lines = _grid(official[0], name, ending)
    for variable, *cells in lines:
        for heading, cell in zip(head[1:], cells, strict=True):
            value = stored[variable][STATISTICS.get(heading, "years")]
            rounding = heading == "SD within" and value < 1e-12 and cell == "0.000"
            right = cell == value if heading == "Years" else is_stored(cell, value) or rounding
            assert right, (variable, heading, cell)
    shown = {variable for variable, *_ in lines}
    assert shown == {v for v, row in stored.items() if row["n_obs"] is not None}


@pytest.mark.parametrize("ending", [*READERS])
def test_every_printed_number_of_the_appendix_is_the_stored_one(
    official: Official, ending: str
) -> None:
    rows = [r for r in records(Workspace(official[0]).stored(APPENDIX)) if r["estimate"]]
    grid = _grid(official[0], APPENDIX, ending)
    lines: dict[str, list[list[str]]] = {}
    label = ""
    for first, *cells in grid:
        label = first or label
        lines.setdefault(label, []).append(cells)
    for label, fields in INFERENCE.items():
        for column, row in enumerate(rows):
            cells = [line[column] for line in lines[label]]
            if len(cells) == 1 and len(fields) == 2:
                cells = cells[0].strip("()[]").split(", ")
            for cell, field in zip(cells, fields, strict=True):
                assert is_stored(cell.strip("()"), row[field]), (label, column, cell)
    for column, row in enumerate(rows):
        for label, field in (("95 % AR set, wild", "ar_set"), ("95 % AR set, CRV1", "ar_crv1_set")):
            assert lines[label][0][column] == row[field].replace("inf", "∞")


@pytest.mark.parametrize("name", [*TABLES, APPENDIX])
def test_the_csv_file_reads_back_as_the_stored_table(official: Official, name: str) -> None:
    stored = Workspace(official[0]).stored(name)
    path = Path(official[0].output_url) / "tables" / f"{name}.csv"
    words = {c: "string" for c in stored if stored[c].dtype == "string"}
    read = pd.read_csv(path, dtype=words)
    # an empty cell is what CSV has for both no text and an empty one
    plain = [{k: None if v == "" else v for k, v in row.items()} for row in records(stored)]
    assert records(read) == plain


def test_all_tables_compile_into_one_document(official: Official, tmp_path: Path) -> None:
    engine = latex_engine()
    if engine is None:
        pytest.skip("neither pdflatex nor xelatex is installed")
    names = [*TABLES, APPENDIX]
    for name in names:
        shutil.copy(Path(official[0].output_url) / "tables" / f"{name}.tex", tmp_path)
    log = compile_latex(engine, tmp_path, names)
    assert not re.findall(r"Overfull.*|.*too large.*|.*undefined.*", log)
    assert (tmp_path / "paper.pdf").stat().st_size > 10_000
