"""Counts by province and year, the user's own counts, and DTIn with DTIG and INVn."""

import math
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from dti_assets.errors import PatentError, PatentSourceError
from dti_assets.patents.combine import Patents, combine
from dti_assets.patents.counting import (
    by_year,
    count_patents,
    shares,
    total_patents,
)
from dti_assets.patents.dti import dti
from dti_assets.patents.extract import classify_extract
from dti_assets.patents.tables import (
    DTI,
    KINDS,
    PATENT_COUNTS,
    PATENT_TOTALS,
    ROW_STATUS,
    TECHNOLOGIES,
)
from dti_assets.patents.terms import load_terms
from dti_assets.patents.user_counts import read_user_counts
from dti_assets.simulation.patents import write_patents
from dti_assets.units.lists import shipped_units

ROOT = Path(__file__).resolve().parents[2]
TERMS = load_terms(ROOT / "dictionaries")
PROVINCES = shipped_units("provinces")
LEVEL = PROVINCES.level
ROWS = [
    # title, address, application date, grant date, kind
    ("基于AI的区块链方法", "浙江省", "2018-01-01", "2020-02-01", "发明授权"),
    ("云平台", "浙江省", "2018-01-01", None, "发明公开"),
    ("云平台", "浙江省", "2019-01-01", "2019-09-01", "实用新型"),
    ("水泵", "浙江省", "2018-01-01", "2019-01-01", "实用新型"),
    ("水泵", "江苏省", "2018-01-01", None, "发明公开"),
    ("物联网", "日本", "2018-01-01", None, "发明公开"),
    ("物联网", "中国台湾", "2018-01-01", None, "发明公开"),
    ("物联网", None, "2018-01-01", None, "发明公开"),
    ("物联网", "浙江省", None, None, "发明公开"),
    ("物联网", "中国", "2018-01-01", None, None),
]


@pytest.fixture
def patents(tmp_path: Path) -> Patents:
    columns = ["标题", "申请人地址", "申请日", "授权日", "专利类型"]
    pd.DataFrame(ROWS, columns=columns).to_csv(tmp_path / "a.csv", index=False)
    extract = classify_extract(tmp_path, TERMS, tmp_path / "w", units=PROVINCES)
    return combine(extract, tmp_path / "o.parquet", extract_date=date(2020, 6, 30), level=LEVEL)


def cell(frame: pd.DataFrame, province: str, year: int) -> dict:
    code = PROVINCES.get(province).code
    found = frame[(frame["province_code"] == code) & (frame["year"] == year)]
    assert len(found) == 1
    return found.iloc[0].to_dict()


def test_counts(patents: Patents) -> None:
    frame = count_patents(patents, units=PROVINCES)
    assert LEVEL.table(PATENT_COUNTS).violations(frame) == []
    one = cell(frame, "浙江", 2018)
    assert one["applications"] == 2 and one["all_applications"] == 3
    # in two technologies, one application
    assert [one[t] for t in TECHNOLOGIES] == [1, 1, 1, 0, 0]
    assert one["basis"] == "keywords" and not one["truncated"]
    assert cell(frame, "浙江", 2019)["grants"] == 1 and cell(frame, "浙江", 2020)["grants"] == 1
    assert cell(frame, "浙江", 2019)["truncated"]
    assert cell(frame, "江苏", 2018)["applications"] == 0
    # the extract has no application of 2020 and no grant of 2018: it says nothing about them
    later = cell(frame, "浙江", 2020)
    assert pd.isna(later["applications"]) and "no application of this year" in later["reason"]
    assert pd.isna(one["grants"]) and "no grant of this year" in one["reason"]
    assert set(frame["province"]) == {"浙江", "江苏"}


def test_totals_lose_nothing(patents: Patents) -> None:
    frame = total_patents(patents, level=LEVEL)
    assert LEVEL.table(PATENT_TOTALS).violations(frame) == []
    assert frame["all_applications"].sum() == len(ROWS)
    by = frame.set_index("origin")
    for origin in ("foreign", "taiwan", "unknown", "mainland_unplaced"):
        assert by.loc[origin, "applications"] == 1, origin
    yearly = by_year(frame).set_index("year")
    assert yearly["applications"].dropna().to_dict() == {2018: 2, 2019: 1}
    undated = frame[frame["year"].isna()]
    assert undated["origin"].tolist() == ["mainland"] and undated["iot"].tolist() == [1]
    found = shares(patents, level=LEVEL)
    assert found["share_without_province"] == 0.2 and found["share_without_year"] == 0.1
    assert found["technologies_not_nested"] == 0


def test_kinds(patents: Patents) -> None:
    frame = count_patents(patents, kinds=["invention"], units=PROVINCES)
    assert cell(frame, "浙江", 2018)["all_applications"] == 2
    assert (
        total_patents(patents, kinds=["utility_model"], level=LEVEL)["all_applications"].sum() == 2
    )
    # with all kinds those of unknown kind count too
    assert total_patents(patents, level=LEVEL)["all_applications"].sum() == 10
    assert total_patents(patents, kinds=["invention"], level=LEVEL)["all_applications"].sum() == 7
    with pytest.raises(PatentError, match="kinds: inventions; choose of invention"):
        count_patents(patents, kinds=["inventions"], units=PROVINCES)


def test_counts_equal_a_plain_group_by(tmp_path: Path) -> None:
    write_patents(tmp_path / "p.parquet", 4000, seed=9, units=PROVINCES)
    truth = pd.read_parquet(tmp_path / "p.parquet")
    patents = combine(
        classify_extract(tmp_path / "p.parquet", TERMS, tmp_path / "w", units=PROVINCES),
        tmp_path / "o.parquet",
        level=LEVEL,
    )
    frame = count_patents(patents, units=PROVINCES)
    truth["province"] = truth["申请人地址"].str.extract("^(.{2,7}(?:省|自治区)|.{2}市)")[0]
    home = truth[truth["province"].notna() & truth["label_digital"]]
    home = home.assign(
        province=home["province"].map(lambda name: PROVINCES.get(name).name),
        year=home["申请日"].str[:4].astype(int),
    )
    expected = home.groupby(["province", "year"]).size()
    got = frame.set_index(["province", "year"])["applications"].dropna()
    assert got[got > 0].to_dict() == expected.to_dict()
    assert got.sum() == len(home)


def test_user_counts(tmp_path: Path) -> None:
    pd.DataFrame(
        {
            "地区": ["浙江省", "浙江省", "北京", "北京", "香港", "火星", "上海", "浙江省"],
            "年度": ["2019", "2019", "2019年", "2020", "2019", "2019", "?", "2019"],
            "专利类型": ["发明", "实用新型", "发明", "发明", "发明", "发明", "发明", "合计"],
            "申请量": ["1,200", "300", "7", "n/a", "1", "1", "1", "1500"],
            "授权量": ["5", "6", "7", "8", "1", "1", "1", "11"],
        }
    ).to_csv(tmp_path / "counts.csv", index=False)
    frame, status = read_user_counts(tmp_path, units=PROVINCES)
    assert (
        LEVEL.table(PATENT_COUNTS).violations(frame) == []
        and LEVEL.table(ROW_STATUS).violations(status) == []
    )
    one = cell(frame, "浙江", 2019)
    assert one["applications"] == 1500 and one["grants"] == 11 and one["basis"] == "user_counts"
    missing = cell(frame, "北京", 2020)
    assert pd.isna(missing["applications"]) and "applications" in missing["reason"]
    assert missing["grants"] == 8
    found = dict(zip(status["status"], status["rows"], strict=True))
    assert found == {
        "rows": 8, "hong_kong": 1, "province_unknown": 1, "year_unreadable": 1,
        "kind_not_counted": 1, "value_unreadable": 1,
    }  # fmt: skip
    only, _ = read_user_counts(tmp_path, kinds=["utility_model"], units=PROVINCES)
    assert cell(only, "浙江", 2019)["applications"] == 300


def test_user_counts_that_contradict_each_other(tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    path.write_text("province,year,applications\nBeijing,2019,1\n北京,2019,2\n", encoding="utf-8")
    with pytest.raises(PatentSourceError, match="row 2: 北京 2019 has other counts"):
        read_user_counts(path, units=PROVINCES)
    path.write_text("province,applications\nBeijing,1\n", encoding="utf-8")
    with pytest.raises(PatentSourceError, match="no column for year; columns found: province"):
        read_user_counts(path, units=PROVINCES)


@pytest.mark.parametrize("kinds", [KINDS, ("utility_model",)])
@pytest.mark.parametrize("total_first", [True, False])
def test_a_total_beside_counts_by_kind_is_refused(
    tmp_path: Path, total_first: bool, kinds: tuple[str, ...]
) -> None:
    total, by_kind = "b" if total_first else "d", "c"
    head = "省份,年份,专利类型,申请量"
    (tmp_path / "a.csv").write_text(f"{head}\n江苏省,2019,,9\n浙江省,2018,发明,9\n", "utf-8")
    (tmp_path / f"{total}.csv").write_text("省份,年份,申请量\n浙江省,2019,15\n", "utf-8")
    read_user_counts(tmp_path, kinds, units=PROVINCES)
    (tmp_path / f"{by_kind}.csv").write_text(
        f"{head}\n浙江省,2019,发明,12\n浙江省,2019,实用新型,3\n", "utf-8"
    )
    second = by_kind if total_first else total
    with pytest.raises(PatentSourceError, match=rf"^{second}\.csv, row 1: 浙江省 2019 .*twice"):
        read_user_counts(tmp_path, kinds, units=PROVINCES)


def statistics() -> pd.DataFrame:
    rows = [
        (330000, 2018, "population", 5000.0, "10k persons"),
        (330000, 2019, "population", 5100.0, "10k persons"),
        (320000, 2018, "population", 8000.0, "10k persons"),
        (330000, 2018, "patent_applications_invention", 1000.0, "patents"),
        (320000, 2019, "patent_applications_invention", 10.0, "patents"),
        (330000, 2018, "gdp", 1.0, "100m CNY"),
    ]
    return pd.DataFrame(rows, columns=["province_code", "year", "variable", "value", "unit"])


def test_dti(patents: Patents) -> None:
    frame = dti(
        count_patents(patents, units=PROVINCES), statistics(), statistics(), units=PROVINCES
    )
    assert LEVEL.table(DTI).violations(frame) == []
    one = cell(frame, "浙江", 2018)
    assert one["applications_per_million"] == pytest.approx(2 / 50)
    assert one["DTIn"] == pytest.approx(math.log1p(2 / 50))
    assert one["INVn"] == pytest.approx(math.log1p(20))
    assert pd.isna(one["DTIG"]) and "no grant of this year" in one["reason"]
    assert cell(frame, "浙江", 2019)["DTIG"] == pytest.approx(math.log1p(1 / 51))
    assert cell(frame, "江苏", 2018)["DTIn"] == 0
    assert one["basis"] == "keywords"
    gap = cell(frame, "浙江", 2020)
    assert pd.isna(gap["DTIn"]) and "no population" in gap["reason"]


def test_without_counts_there_is_the_proxy_and_no_dtin() -> None:
    frame = dti(None, statistics(), statistics(), units=PROVINCES)
    assert LEVEL.table(DTI).violations(frame) == []
    one = cell(frame, "浙江", 2018)
    assert one["basis"] == "official_inventions" and "INVn is the official proxy" in one["reason"]
    assert frame["DTIn"].isna().all() and frame["DTIG"].isna().all()


def test_statistics_that_cannot_be_used(patents: Patents) -> None:
    good = statistics()
    with pytest.raises(PatentError, match="unit households is none of"):
        dti(None, good.replace("10k persons", "households"), good, units=PROVINCES)
    with pytest.raises(PatentError, match="two values for 330000 in 2018"):
        dti(None, pd.concat([good, good]), good, units=PROVINCES)
    with pytest.raises(PatentError, match="not positive"):
        dti(None, good.assign(value=0.0), good, units=PROVINCES)
    with pytest.raises(PatentError, match="lack the columns"):
        dti(None, good.drop(columns="unit"), good, units=PROVINCES)


def test_official_statistics_at_hand(patents: Patents) -> None:
    path = ROOT / "../shared/official_statistics/provincial_long.csv"
    if not path.exists():
        pytest.skip("the shared official statistics are not here")
    official = pd.read_csv(path)
    frame = dti(None, official, official, units=PROVINCES)
    assert LEVEL.table(DTI).violations(frame) == [] and frame["INVn"].notna().sum() > 400
    both = dti(count_patents(patents, units=PROVINCES), official, official, units=PROVINCES)
    assert both["DTIn"].notna().sum() == 4


def test_sheets_of_counts_that_are_not_read_are_a_status(tmp_path: Path) -> None:
    with pd.ExcelWriter(tmp_path / "counts.xlsx") as book:
        for sheet, year in (("一", "年份"), ("二", "统计期")):
            frame = pd.DataFrame({"省份": ["浙江"], year: [2019], "申请量": [1]})
            frame.to_excel(book, sheet_name=sheet, index=False)
    _, status = read_user_counts(tmp_path, units=PROVINCES)
    said = status.set_index("status").loc["sheet_unread"]
    assert said["rows"] == 1 and said["example"] == "二"
