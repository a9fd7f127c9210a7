"""Addresses and province names as exports write them."""

import csv
import pickle

import pytest

from dti_assets.units.addresses import city_names, first_applicant, gazetteer, locate
from dti_assets.units.levels import Level
from dti_assets.units.lists import Unit, Units, shipped_units

PROVINCES = shipped_units("provinces")
LEVEL = PROVINCES.level


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("浙江省杭州市西湖区浙大路38号", 330000),
        ("310027 浙江省杭州市西湖区", 330000),
        ("518000广东省深圳市", 440000),
        ("(518057)深圳市南山区", 440000),
        ("深圳南山区科技园", 440000),
        ("215300 昆山市玉山镇", 320000),
        ("中国北京市海淀区", 110000),
        ("中国 100085 北京市海淀区", 110000),
        ("北京海淀区", 110000),
        ("海南省海口市", 460000),
        ("海南藏族自治州共和县", 630000),
        ("海南州共和县", 630000),
        ("吉林市船营区", 220000),
        ("朝阳市双塔区", 210000),
        ("内蒙古自治区包头市", 150000),
        ("广西壮族自治区南宁市", 450000),
        ("新疆生产建设兵团石河子市", 650000),
        ("襄樊市高新区", 420000),
        # what begins like the name of a street and is none
        ("南京东南大学", 320000),
        ("北京西城区", 110000),
        ("北京东城区东直门", 110000),
        ("南京中山北路3663号", 320000),
        ("上海南京西路", 310000),
        ("长春二道区", 220000),
        ("通化二道江区", 220000),
        # and like a town, a gate or a hill
        ("江苏镇江", 320000),
        ("江苏镇江市京口区", 320000),
        ("西藏山南市", 540000),
        ("北京门头沟区", 110000),
        ("石家庄桥西区", 130000),
        ("哈尔滨道里区", 230000),
        ("宁波镇海区", 330000),
        ("台州路桥区", 330000),
        ("南阳镇平县", 410000),
        ("江苏;32", 320000),
        ("广东（44）", 440000),
        ("44", 440000),
        ("440300", 440000),
        ("Guangdong", 440000),
        ("Shaanxi", 610000),
        ("陕西省西安市;山西省太原市", 610000),
        ("No. 5 Yiheyuan Road, Haidian District, Beijing 100871, CN", 110000),
        ("Shenzhen, Guangdong, China", 440000),
    ],
)
def test_provinces(text: str, code: int) -> None:
    assert locate(text, units=PROVINCES) == (code, "mainland")


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("日本东京都", "foreign"),
        ("日本国东京", "foreign"),
        ("日本北海道札幌市", "foreign"),
        ("JP", "foreign"),
        ("美国加利福尼亚州;广东省深圳市", "foreign"),
        ("英属开曼群岛大开曼岛", "foreign"),
        ("Tokyo, Japan", "foreign"),
        ("Seoul, Republic of Korea", "foreign"),
        ("蒙古国乌兰巴托", "foreign"),
        ("Hainan Prefecture", "unknown"),
        ("Jilin County, China", "unknown"),
        ("中国台湾新竹", "taiwan"),
        ("台湾;71", "taiwan"),
        ("中国香港九龙", "hong_kong"),
        ("香港;HK", "hong_kong"),
        ("澳门特别行政区", "macau"),
        ("中国", "mainland"),
        ("CN", "mainland"),
        # parts of other names, and names that lie in more than one province
        ("河北区建昌道", "unknown"),
        ("西藏路100号", "unknown"),
        ("河南蒙古族自治县", "unknown"),
        ("朝阳区建国路", "unknown"),
        ("北海道札幌市", "unknown"),
        ("中山路3号", "unknown"),
        ("延安西路1882号", "unknown"),
        ("中山北路3663号", "unknown"),
        ("南京西路", "unknown"),
        ("北京东路", "unknown"),
        ("中山东一路18号", "unknown"),
        ("西安南大街2号", "unknown"),
        ("长沙弄", "unknown"),
        ("朝阳镇江东村", "unknown"),
        ("中山路北区", "unknown"),
        ("100085", "unknown"),
        ("", "unknown"),
        (None, "unknown"),
    ],
)
def test_no_province(text: str | None, origin: str) -> None:
    assert locate(text, units=PROVINCES) == (None, origin)


def test_every_province_and_capital_in_every_form() -> None:
    for p in PROVINCES:
        for text in (p.name, p.full_name, p.english, p.pinyin, f"{p.seat}市中心路1号"):
            assert locate(text, units=PROVINCES) == (p.code, "mainland"), text


def test_the_first_applicant_decides() -> None:
    assert first_applicant(" ；广东省；北京") == "广东省"
    assert first_applicant("浙江|江苏") == "浙江"


def test_every_city_behind_the_short_name_of_its_province() -> None:
    with LEVEL.shipped("cities.csv").open(encoding="utf-8") as file:
        cities = list(csv.DictReader(file))
    assert len(cities) > 800
    for row in cities:
        unit = PROVINCES[int(row[LEVEL.code])]
        assert locate(unit.name + row["name"], units=PROVINCES) == (unit.code, "mainland"), row


def city(code: str, name: str, english: str, parent: str, *aliases: str) -> Unit:
    return Unit(code, name, f"{name}市", "", english, aliases, parent)


CITIES = Units(
    Level("city", "cities"),
    (
        city("J1", "甲城", "Jiacheng", "丙江省", "旧甲府", "JC"),
        city("CN-K1", "丙江", "Bingjiang", "丙江"),
        city("X", "丁都", "Dingdu", "丁都"),
        city("B7", "包城", "Baocheng", "丁蒙"),
        Unit("T", "丑县", "丑县", english="Chou"),
    ),
)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("甲城市高新区", "J1"),
        ("甲城高新区", "J1"),
        ("旧甲府3号", "J1"),
        ("JC", "J1"),
        ("j1", "J1"),
        # what a unit lies in, in every spelling
        ("丙江省甲城市高新区", "J1"),
        ("丙江 甲城市", "J1"),
        ("中国丙江省 甲城", "J1"),
        ("丁蒙自治区包城", "B7"),
        ("100000 丁蒙包城市", "B7"),
        # a city of the name of its province
        ("丙江市新区", "CN-K1"),
        ("丙江省丙江新区", "CN-K1"),
        ("丙江", "CN-K1"),
        ("CN-K1", "CN-K1"),
        # a city that is its own province
        ("丁都市海边区", "X"),
        ("丁都海边区", "X"),
        ("丑县新街", "T"),
        ("No. 5 Road, Jiacheng, Bingjiang 100871, CN", "J1"),
        ("Bingjiang, China", "CN-K1"),
    ],
)
def test_units_of_ones_own(text: str, code: str) -> None:
    assert locate(text, units=CITIES) == (code, "mainland")


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        # another city of the province, or perhaps so
        ("丙江省乙城市", "unknown"),
        ("丙江乙城市", "unknown"),
        # a city of that name elsewhere
        ("丁蒙自治区甲城市", "unknown"),
        ("甲城县", "unknown"),
        ("甲城省", "unknown"),
        ("甲城路8号", "unknown"),
        ("乙城市", "unknown"),
        ("71", "unknown"),
        ("440300", "unknown"),
        ("中国", "mainland"),
        ("日本东京", "foreign"),
        ("Tokyo, Japan", "foreign"),
        ("中国台湾新竹", "taiwan"),
    ],
)
def test_none_of_ones_own_units(text: str, origin: str) -> None:
    assert locate(text, units=CITIES) == (None, origin)


def test_lists_are_kept_apart_and_equal_ones_are_one() -> None:
    text = "北京市海淀区"
    assert locate(text, units=PROVINCES) == (110000, "mainland")
    assert locate(text, units=CITIES) == (None, "unknown")
    # as in a worker process
    copy = pickle.loads(pickle.dumps(PROVINCES))
    assert copy is not PROVINCES and gazetteer(copy) is gazetteer(PROVINCES)
    assert gazetteer(PROVINCES.first(1)) is not gazetteer(PROVINCES)


def test_cities_ship_for_some_levels() -> None:
    names = city_names(LEVEL)
    assert {"苏州市", "苏州", "昆山市", "延边朝鲜族自治州", "延边州", "延边"} <= names
    assert not {"昆山", "江苏省", "北京市", ""} & names
    assert city_names(CITIES.level) == frozenset()
