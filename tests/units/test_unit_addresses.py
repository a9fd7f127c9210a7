"""Addresses and province names as exports write them."""

import pytest

from dti_assets.units.addresses import _rows, first_applicant, locate
from dti_assets.units.provinces import provinces


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
    assert locate(text) == (code, "mainland")


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
    assert locate(text) == (None, origin)


def test_every_province_and_capital_in_every_form() -> None:
    for p in provinces():
        for text in (p.province, p.full_name, p.english, p.pinyin, f"{p.capital}市中心路1号"):
            assert locate(text) == (p.province_code, "mainland"), text


def test_the_first_applicant_decides() -> None:
    assert first_applicant(" ；广东省；北京") == "广东省"
    assert first_applicant("浙江|江苏") == "浙江"


def test_every_city_behind_the_short_name_of_its_province() -> None:
    names = {p.province_code: p.province for p in provinces()}
    for row in _rows("../provinces/cities.csv"):
        code = int(row["province_code"])
        assert locate(names[code] + row["name"]) == (code, "mainland"), row["name"]
