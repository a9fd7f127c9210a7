"""Patents of units of one's own: columns, codes and nouns are those of the list."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from dti_assets.errors import PatentSourceError
from dti_assets.patents.checks import broken_records, without_unit
from dti_assets.patents.combine import combine
from dti_assets.patents.counting import count_patents, total_patents
from dti_assets.patents.dti import dti
from dti_assets.patents.extract import classify_extract, slice_folders
from dti_assets.patents.formats import recognise
from dti_assets.patents.tables import DIGITAL_PATENTS, DTI, PATENT_COUNTS, PATENT_TOTALS, ROW_STATUS
from dti_assets.patents.terms import load_terms
from dti_assets.patents.user_counts import read_user_counts
from dti_assets.units.levels import Level
from dti_assets.units.lists import Unit, Units, shipped_units

TERMS = load_terms(Path(__file__).resolve().parents[2] / "dictionaries")
COUNTY = Level("county", "counties")
# in no order of codes
COUNTIES = Units(
    COUNTY,
    (
        Unit("0200", "乙山", "乙山县", english="Yishan", parent="丙江"),
        Unit("0100", "甲水", "甲水县", english="Jiashui", parent="丙江"),
    ),
)
ROWS = [
    ("基于AI的方法", "丙江省甲水县", None),
    ("区块链", None, "乙山"),
    ("水泵", "丙江乙山县城关镇", None),
    ("水泵", "乙山县", "0100"),
    ("物联网", "丁江省戊县", None),
    ("物联网", "日本", None),
]


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    folder = tmp_path / "raw"
    folder.mkdir()
    frame = pd.DataFrame(ROWS, columns=["标题", "申请人地址", "county"])
    frame.assign(申请日="2018-01-01").to_csv(folder / "a.csv", index=False)
    return folder


def test_an_extract_by_county(raw: Path, tmp_path: Path) -> None:
    extract = classify_extract(raw, TERMS, tmp_path / "w", units=COUNTIES)
    patents = combine(extract, tmp_path / "o.parquet", level=COUNTY)
    table = patents.table().to_pandas()
    codes = patents.table()["county_code"].to_pylist()
    assert codes == ["0100", "0200", "0200", "0200", None, None]
    assert table["origin"].tolist()[4:] == ["unknown", "foreign"]
    records = COUNTY.table(DIGITAL_PATENTS)
    assert records.violations(records.frame(table)) == []
    assert broken_records(patents.path, level=COUNTY) == []
    status = patents.status.set_index("status")
    assert COUNTY.table(ROW_STATUS).violations(patents.status) == []
    assert status.loc["county_unknown", "meaning"].endswith("in no county-year")
    assert status.loc["county_and_address_disagree", "rows"] == 1
    counts = count_patents(patents, units=COUNTIES)
    assert COUNTY.table(PATENT_COUNTS).violations(counts) == []
    # in the order of the list
    assert counts["county"].tolist() == ["乙山", "甲水"]
    assert counts["county_code"].tolist() == ["0200", "0100"]
    assert counts["applications"].tolist() == [1, 1]
    totals = total_patents(patents, level=COUNTY)
    assert COUNTY.table(PATENT_TOTALS).violations(totals) == []
    assert totals["all_applications"].sum() == len(ROWS)
    (said,) = without_unit(totals, level=COUNTY)
    assert said == "1 of 6 applications (16.7%) have no county that could be recognised"
    people = pd.DataFrame(
        {
            "county_code": ["0100", "0200"],
            "year": [2018, 2018],
            "variable": "population",
            "value": [1.0, 2.0],
            "unit": "million persons",
        }
    )
    found = dti(counts, people, years=[2018, 2019], units=COUNTIES)
    assert COUNTY.table(DTI).violations(found) == []
    assert found["county"].tolist() == ["乙山", "乙山", "甲水", "甲水"]
    assert found["applications_per_million"].tolist()[::2] == [0.5, 1.0]
    assert "no population of this county and year" in found["reason"][1]
    assert dti(None, people, people, units=COUNTIES).empty


def test_another_list_classifies_again(raw: Path, tmp_path: Path) -> None:
    folders = slice_folders(raw, TERMS, units=COUNTIES)
    assert folders == slice_folders(raw, TERMS, units=Units(COUNTY, COUNTIES.all))
    first, second = COUNTIES
    other = [
        Units(COUNTY, (first,)),
        Units(COUNTY, (first, replace(second, code="0300"))),
        Units(COUNTY, (first, replace(second, name="甲河"))),
        Units(COUNTY, (first, replace(second, parent="丁江"))),
        shipped_units("provinces"),
    ]
    made = [slice_folders(raw, TERMS, units=units) for units in (COUNTIES, *other)]
    assert len(set().union(*made)) == 6
    classify_extract(raw, TERMS, tmp_path / "w", units=COUNTIES)
    moved = Units(COUNTY, (first, replace(second, code="0300")))
    extract = classify_extract(raw, TERMS, tmp_path / "w", units=moved)
    patents = combine(extract, tmp_path / "o.parquet", level=COUNTY)
    assert "0300" in patents.table()["county_code"].to_pylist()


def test_counts_of_ones_own_by_county(tmp_path: Path) -> None:
    path = tmp_path / "counts.csv"
    path.write_text("county,year,applications\n甲水,2018,2\nYishan,2018,1\n火星,2018,9\n", "utf-8")
    counts, status = read_user_counts(path, units=COUNTIES)
    assert counts["county"].tolist() == ["乙山", "甲水"] and counts["applications"].sum() == 3
    assert COUNTY.table(PATENT_COUNTS).violations(counts) == []
    assert COUNTY.table(ROW_STATUS).violations(status) == []
    assert "county_unknown" in set(status["status"])
    path.write_text("省份,year,applications\n甲水,2018,2\n", encoding="utf-8")
    with pytest.raises(PatentSourceError, match=r"no column for county; .*names accepted: county,"):
        read_user_counts(path, units=COUNTIES)
    counts, _ = read_user_counts(path, columns={"county": "省份"}, units=COUNTIES)
    assert counts["county_code"].tolist() == ["0100"]


def test_headers_of_provinces_ship() -> None:
    level = shipped_units("provinces").level
    for header in ("省份", "国省代码", "地区", "province", "applicant_province", "Province Code"):
        found = recognise([header, "年份", "申请量"], "f", level=level)
        assert found.sources["unit"] == (header,)
    found = recognise(["县", "年份", "申请量"], "f", {"unit": "县"}, level=COUNTY)
    assert found.sources["unit"] == ("县",)
    with pytest.raises(PatentSourceError, match=r"fields are .*, ipc, county, addr"):
        recognise(["标题"], "f", {"land": "标题"}, level=COUNTY)
