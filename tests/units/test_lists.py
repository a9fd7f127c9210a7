"""A list of units out of a CSV file: what it becomes, and how each fault is named."""

from pathlib import Path

import pytest

from dti_assets.errors import UnitListError, UnknownUnitError
from dti_assets.instrument.tables import DTI_IV
from dti_assets.units.lists import Units, read_units

HEADER = "level,code,name,full_name,aliases,parent,seat,latitude,longitude,area_km2\n"
ROWS = (
    "county,330122,桐庐,桐庐县,Tonglu|桐廬,浙江省,桐庐,29.8,119.7,1825\n"
    "county,330127,淳安,淳安县,,浙江省,千岛湖镇,29.6,119.0,4427\n"
)


def read(folder: Path, text: str) -> Units:
    (folder / "units.csv").write_text(text, encoding="utf-8")
    return read_units("units.csv", folder)


def test_a_list_names_columns_and_units(tmp_path: Path) -> None:
    units = read(tmp_path, "\ufeff" + HEADER + ROWS)
    level = units.level
    assert level.keys == ("county_code", "county") and level.plural == "counties"
    assert [unit.code for unit in units] == ["330122", "330127"]
    for name in ("桐庐", "桐庐县", "tonglu", "Tonglu County", "桐 廬", "330122"):
        assert units.get(name) is units["330122"]
    with pytest.raises(UnknownUnitError, match=r"unknown county 'Tonglo'; did you mean 桐庐\?"):
        units.get("Tonglo")
    seat = units.find_seat("千岛湖镇")
    assert seat is not None and seat.area == 4427
    table = level.table(DTI_IV)
    assert table.column_names[:3] == ["county_code", "county", "year"]
    assert table.row == "county-year" and table["county_code"].dtype == "string"
    assert level.table(DTI_IV) is table


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("code,name\n1,a\n", "line 1: no column level; there are code, name"),
        ("level,code,name,seta\ncounty,1,a,b\n", "line 1: unknown column 'seta'"),
        (HEADER, "no unit in it"),
        ("level,code,name\ncounty,1,a\ncity,2,b\n", "line 3: level 'city' after 'county'"),
        ("level,code,name\nCounty,1,a\n", "line 2: level 'County' must be a noun"),
        ("level,code,name\nyear,1,a\n", "line 2: level 'year' must be a noun"),
        ("level,code,name\ncounty,1,a\ncounty,1,b\n", "line 3: code 1 is that of a"),
        ("level,code,name\ncounty,1,a\ncounty,2,a\n", "a names two counties: a and a"),
        ("level,code,name\ncounty,1,\n", "line 2: no name"),
        ("level,code,name\ncounty,1\n", "line 2: not as many cells as the header"),
        ("level,code,name\ncounty,1,a,b\n", "line 2: 4 cells where the header has 3"),
        (HEADER + "county,1,a,,,,,91,0,\n", "line 2: latitude '91' is no number from -90 to 90"),
        (HEADER + "county,1,a,,,,,10,,\n", "line 2: latitude and longitude go together"),
        (HEADER + "county,1,a,,,,,,,0\n", "line 2: area_km2 '0' is no number"),
    ],
)
def test_a_fault_names_file_and_line(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(UnitListError, match=r"units\.csv") as caught:
        read(tmp_path, text)
    assert says in str(caught.value)


def test_a_list_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(UnitListError, match=r"nowhere\.csv: No such file.*provinces or a CSV"):
        read_units("nowhere.csv", tmp_path)
    (tmp_path / "gbk.csv").write_bytes((HEADER + ROWS).encode("gb18030"))
    assert len(read_units("gbk.csv", tmp_path)) == len(ROWS.strip().splitlines())
    (tmp_path / "gbk.csv").write_bytes(bytes(range(128, 256)) * 20)
    with pytest.raises(UnitListError, match=r"gbk\.csv: neither UTF-8 nor"):
        read_units("gbk.csv", tmp_path)
