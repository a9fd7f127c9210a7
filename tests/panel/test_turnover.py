"""Turnover under the mid-year rule by hand, and the frozen instrument."""

from pathlib import Path

import pandas as pd
import pytest

from dti_assets.errors import AppointmentError, PanelError
from dti_assets.instrument.freeze import (
    freeze_instrument,
    frozen_instrument,
    is_frozen,
    read_record,
    write_record,
)
from dti_assets.panel.build import build_panel
from dti_assets.panel.tables import FIGURES, TURNOVER
from dti_assets.panel.turnover import read_appointments, turnover, turnover_figures
from dti_assets.panel.yearbooks.figures import read_panel_folder
from dti_assets.units.lists import shipped_units

PROVINCES = shipped_units("provinces")
LEVEL = PROVINCES.level

# invented names: A, B, C hold an office in Zhejiang one after another
TEXT = """province,office,name,start,end
浙江,省委书记,A,2009-01-10,2012-06-30
Zhejiang,party_secretary,B,2012年6月30日,2015-07-01
浙江省,书记,C,2015/7/1,
浙江,governor,D,2010-03,2013-02
浙江,代省长,E,2013-09,
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "appointments.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_mid_year_rule(tmp_path: Path) -> None:
    table = turnover(read_appointments(write(tmp_path, TEXT), PROVINCES), (2009, 2017), PROVINCES)
    assert LEVEL.table(TURNOVER).violations(table) == [] and len(table) == 31 * 9
    zhejiang = table[table["province"] == "浙江"].set_index("year")
    # B from 30 June 2012 counts in 2012; C from 1 July 2015 counts in 2016
    assert zhejiang["party_secretary"].tolist() == list("AAABBBBCC")
    assert zhejiang["party_turnover"].tolist()[1:] == [0, 0, 1, 0, 0, 0, 1, 0]
    assert pd.isna(zhejiang.loc[2009, "party_turnover"])
    assert "30 June 2008" in zhejiang.loc[2009, "reason"]
    # nobody is governor on 30 June 2013
    assert pd.isna(zhejiang.loc[2013, "governor"]) and pd.isna(
        zhejiang.loc[2014, "governor_turnover"]
    )
    assert zhejiang.loc[2015, "governor_turnover"] == 0
    assert table[table["province"] == "北京"]["reason"].notna().all()


def test_turnover_enters_the_panel(tmp_path: Path) -> None:
    table = turnover(read_appointments(write(tmp_path, TEXT), PROVINCES), (2009, 2017), PROVINCES)
    figures = turnover_figures(table, level=LEVEL)
    assert LEVEL.table(FIGURES).violations(figures) == []
    panel = build_panel((2009, 2017), user=figures, units=PROVINCES).panel
    got = panel[panel["province"] == "浙江"].set_index("year")["party_turnover"]
    assert got.sum() == 2 and got[2012] == 1 and got[2016] == 1
    assert turnover_figures(turnover([], (2009, 2017), PROVINCES), level=LEVEL).empty


def test_a_folder_with_figures_and_appointments(tmp_path: Path) -> None:
    write(tmp_path, TEXT)
    (tmp_path / "hr.csv").write_text("province,year,HR\n浙江,2012,9\n", encoding="utf-8")
    found = read_panel_folder(tmp_path, (2009, 2017), units=PROVINCES)
    assert LEVEL.table(FIGURES).violations(found.figures) == []
    assert set(found.figures["series"]) == {
        "years_of_education", "party_turnover", "governor_turnover",
    }  # fmt: skip
    assert found.files["file"].tolist() == ["hr.csv"]
    text = "province,year,party_turnover\n浙江,2012,1\n"
    (tmp_path / "t.csv").write_text(text, encoding="utf-8")
    with pytest.raises(PanelError, match=r"party_turnover: given by appointments\.csv and by"):
        read_panel_folder(tmp_path, (2009, 2017), units=PROVINCES)
    empty = read_panel_folder(tmp_path / "absent", (2009, 2010), units=PROVINCES)
    assert empty.figures.empty and len(empty.turnover) == 62


def test_appointments_are_found_in_any_case(tmp_path: Path) -> None:
    write(tmp_path, TEXT).rename(tmp_path / "Appointments.CSV")
    (tmp_path / "appointments old.csv").mkdir()  # a folder is no file
    found = read_panel_folder(tmp_path, (2009, 2017), units=PROVINCES)
    assert found.skipped["file"].tolist() == ["Appointments.CSV"]
    assert "read as dated appointments" in found.skipped["reason"].item()
    assert set(found.figures["series"]) == {"party_turnover", "governor_turnover"}


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("浙工,书记,A,2009-01-10,", "line 2, column province: unknown province '浙工'; did you"),
        ("浙江,厅长,A,2009-01-10,", "line 2, column office: '厅长' is neither"),
        ("浙江,书记,,2009-01-10,", "line 2, column name: empty"),
        ("浙江,书记,A,2009,", "line 2, column start: '2009' is no date; write"),
        ("浙江,书记,A,2009-02-30,", "line 2, column start: '2009-02-30' is no date"),
        ("浙江,书记,A,2009-02-03,2008-01", "lies before the start"),
        ("浙江,书记,A,2009-02-03,\n浙江,书记,B,2010-02-03,",
         "line 3: B starts on 2010-02-03, while A"),
        ("浙江,书记,A,2009-02-03,2010-01,B", "line 2: 6 cells where the header has 5"),
    ],
)  # fmt: skip
def test_faults(tmp_path: Path, row: str, message: str) -> None:
    with pytest.raises(AppointmentError) as caught:
        read_appointments(
            write(tmp_path, "province,office,name,start,end\n" + row + "\n"), PROVINCES
        )
    assert str(caught.value).startswith("appointments.csv") and message in str(caught.value)


def test_blank_cells_beyond_the_last_column_are_no_fault(tmp_path: Path) -> None:
    text = "province,office,name,start,end\n浙江,书记,A,2009-02-03,,, \n"
    (one,) = read_appointments(write(tmp_path, text), PROVINCES)
    assert one.name == "A" and one.end is None


def test_an_encoding_that_is_not_read_is_named(tmp_path: Path) -> None:
    path = write(tmp_path, "")
    path.write_bytes(TEXT.encode("gb18030"))
    assert [one.name for one in read_appointments(path, PROVINCES)] == list("ABCDE")
    for encoding in ("utf-16", "utf-8-sig"):
        path.write_bytes(TEXT.replace(",", ";").encode(encoding))
        assert [one.name for one in read_appointments(path, PROVINCES)] == list("ABCDE")
    path.write_bytes(bytes(range(128, 256)) * 20)
    with pytest.raises(AppointmentError, match=r"^appointments\.csv: neither UTF-8 nor UTF-16"):
        read_appointments(path, PROVINCES)


@pytest.mark.parametrize("end", ["-", "NULL", "N/A", "无", "\\N", "'", "\u00a0"])
def test_nothing_as_an_end_means_still_in_office(tmp_path: Path, end: str) -> None:
    text = f"province,office,name,start,end\n浙江,书记,'A,\t2009-02-03,{end}\n"
    (one,) = read_appointments(write(tmp_path, text), PROVINCES)
    assert one.end is None and one.name == "A"


def test_an_open_quotation_mark_swallows_no_official(tmp_path: Path) -> None:
    text = 'province,office,name,start,end\n浙江,书记,"A,2009-02-03,\n江苏,书记,B,2009-02-03,\n'
    with pytest.raises(AppointmentError, match="line 2: a quotation mark is not closed"):
        read_appointments(write(tmp_path, text), PROVINCES)


def test_missing_column(tmp_path: Path) -> None:
    with pytest.raises(AppointmentError, match="line 1: no column end, start"):
        read_appointments(write(tmp_path, "province,office,name\n"), PROVINCES)


def instrument() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "province_code": [110000, 310000], "year": [2009, 2009], "keyword_hits": [7, 9],
            "total_words": [9000, 8000], "distance_km": [1127.9, 162.9], "dti_iv": [6.9e-7, 6.9e-6],
        }
    )  # fmt: skip


def test_frozen_instrument() -> None:
    settings = {"hub": "杭州", "zero_distance": {"floor_km": 50}}
    record = freeze_instrument("abc", settings, instrument(), level=LEVEL)
    assert is_frozen(record, "abc", settings, instrument(), level=LEVEL).frozen
    turned = instrument().iloc[::-1].assign(reason="x")
    turned["dti_iv"] *= 1 + 1e-15
    assert is_frozen(record, "abc", dict(reversed(settings.items())), turned, level=LEVEL).frozen
    assert is_frozen(None, "abc", settings, turned, level=LEVEL).differences == (
        "nothing was frozen",
    )

    assert "dictionary" in is_frozen(record, "abd", settings, instrument(), level=LEVEL).sentence
    other = is_frozen(record, "abc", {**settings, "hub": "成都"}, instrument(), level=LEVEL)
    assert other.differences == ("settings were changed: hub from '杭州' to '成都'",)
    moved = instrument()
    moved.loc[0, "dti_iv"] *= 1 + 1e-9
    assert is_frozen(record, "abc", settings, moved, level=LEVEL).differences == (
        "DTI_iv has other values",
    )
    short = is_frozen(record, "abc", settings, instrument().head(1), level=LEVEL)
    assert "2 rows frozen, 1 at hand" in short.sentence and "NOT" in short.sentence
    empty = instrument()
    empty["dti_iv"] = None
    assert not is_frozen(record, "abc", settings, empty, level=LEVEL).frozen


def test_nullable_columns_freeze_as_plain_ones() -> None:
    plain = instrument()
    plain.loc[0, ["keyword_hits", "dti_iv"]] = [None, None]
    nullable = plain.astype({"keyword_hits": "Int64", "dti_iv": "float64"})
    record = freeze_instrument("abc", {}, plain, level=LEVEL)
    assert record["with_value"] == 1
    assert is_frozen(record, "abc", {}, nullable, level=LEVEL).frozen


def test_frozen_record_survives_json() -> None:
    import json

    record = freeze_instrument(
        "abc", {"rule": None, "years": (2009, 2022)}, instrument(), level=LEVEL
    )
    again = json.loads(json.dumps(record))
    assert is_frozen(
        again, "abc", {"rule": None, "years": [2009, 2022]}, instrument(), level=LEVEL
    ).frozen


def test_a_record_is_replaced_as_a_whole(tmp_path: Path) -> None:
    path, other = tmp_path / "instrument.freeze.json", tmp_path / "other name of the first"
    first = freeze_instrument("abc", {}, instrument(), level=LEVEL)
    write_record(path, first)
    other.hardlink_to(path)
    write_record(path, freeze_instrument("abd", {}, instrument(), level=LEVEL), replace=True)
    # a file written in place would change under both of its names
    assert read_record(other) == first != read_record(path)


def test_the_record_is_kept_and_not_changed_unasked(tmp_path: Path) -> None:
    path = tmp_path / "instrument.freeze.json"
    assert read_record(path) is None
    first = freeze_instrument("abc", {"hub": "杭州"}, instrument(), level=LEVEL)
    assert "is frozen in" in write_record(path, first)
    assert "already" in write_record(path, first)
    other = freeze_instrument("abd", {"hub": "杭州"}, instrument(), level=LEVEL) | {
        "outcomes_at_hand": True
    }
    with pytest.raises(PanelError, match="another instrument is frozen"):
        write_record(path, other)
    assert read_record(path) == first
    assert "with outcomes at hand" in write_record(path, other, replace=True)
    state = frozen_instrument(
        read_record(path), "abd", {"hub": "杭州"}, instrument(), level=LEVEL
    ).iloc[0]
    assert state["status"] == "frozen" and "with outcomes at hand" in state["sentence"]
    never = frozen_instrument(None, "abd", {}, instrument(), level=LEVEL).iloc[0]
    assert never["status"] == "never frozen" and never["sentence"].endswith("never frozen.")
    path.write_text("[]", encoding="utf-8")
    with pytest.raises(PanelError, match=r"instrument\.freeze\.json: not a record"):
        read_record(path)
