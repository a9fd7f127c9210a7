"""Simulated patents: the known labels are what the shipped dictionaries find."""

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dti_assets.errors import PatentError
from dti_assets.patents.classify import classify
from dti_assets.patents.tables import TECHNOLOGIES
from dti_assets.patents.terms import load_terms
from dti_assets.simulation.patents import simulate_patents, write_patents
from dti_assets.units.lists import shipped_units

PROVINCES = shipped_units("provinces")
TERMS = load_terms(Path(__file__).resolve().parents[2] / "dictionaries")


def test_labels_are_what_the_dictionaries_find() -> None:
    table = pa.concat_tables(simulate_patents(20_000, seed=1, slice_rows=7_000, units=PROVINCES))
    out = classify(table.select(["名称", "摘要"]).rename_columns(["title", "abstract"]), TERMS)
    for technology in (*TECHNOLOGIES, "digital"):
        assert out[technology].to_pylist() == table[f"label_{technology}"].to_pylist()
    frame = table.to_pandas()
    assert 0.14 < frame["label_digital"].mean() < 0.16
    assert 190 < frame["摘要"].str.len().mean() < 230
    for decoy in ("AIR", "55GWh", "智能", "ＡＩ"):
        assert frame["摘要"].str.contains(decoy).any()
    assert frame["申请号"].is_unique


def test_the_same_seed_gives_the_same_patents(tmp_path: Path) -> None:
    one = pa.concat_tables(simulate_patents(300, seed=5, units=PROVINCES))
    assert one.equals(pa.concat_tables(simulate_patents(300, seed=5, units=PROVINCES)))
    assert not one.equals(pa.concat_tables(simulate_patents(300, seed=6, units=PROVINCES)))
    assert write_patents(tmp_path / "p.parquet", 300, 5, units=PROVINCES) == 300
    assert pq.read_table(tmp_path / "p.parquet").equals(one)
    write_patents(tmp_path / "p.csv", 300, 5, labels=False, units=PROVINCES)
    read = pd.read_csv(tmp_path / "p.csv")
    assert read["名称"].tolist() == one["名称"].to_pylist() and "label_ai" not in read


def test_cells_say_where_patents_are_filed() -> None:
    cells = pd.DataFrame(
        {
            "province_code": [330000, 440000],
            "year": [2015, 2016],
            "weight": [1.0, 3.0],
            "digital_share": [1.0, 0.0],
        }
    )
    table = pa.concat_tables(simulate_patents(2_000, 1, cells=cells, units=PROVINCES))
    frame = table.to_pandas()
    years = frame["申请日"].str[:4]
    assert set(years) == {"2015", "2016"} and 0.2 < (years == "2015").mean() < 0.3
    assert frame["label_digital"].equals(years == "2015")
    with pytest.raises(PatentError, match="999999"):
        list(simulate_patents(1, 1, cells=cells.assign(province_code=999999), units=PROVINCES))
    with pytest.raises(PatentError, match="between 0 and 1"):
        list(simulate_patents(1, 1, digital_share=1.5, units=PROVINCES))
