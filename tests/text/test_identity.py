"""Which report a file is, and what happens to several files for one province-year."""

import os
from pathlib import Path

import pandas as pd
import pytest
import samples
import yaml

from dti_assets.store.cache import Cache
from dti_assets.text.checks import in_conflict, refused_files
from dti_assets.text.folder import Settled, read_folder, report_texts
from dti_assets.text.identity import MIN_REPORT_HAN, from_name, identify
from dti_assets.text.readers.html import MIN_HAN
from dti_assets.units.lists import Units, read_units, shipped_units

PROVINCES = shipped_units("provinces")
LEVEL = PROVINCES.level


@pytest.mark.parametrize(
    ("path", "province", "year"),
    [
        ("浙江省2015年政府工作报告.pdf", "浙江", 2015),
        ("2015_浙江.txt", "浙江", 2015),
        ("zhejiang_2015_report.docx", "浙江", 2015),
        ("2015/浙江.html", "浙江", 2015),
        ("2015/shanxi.txt", "山西", 2015),
        ("2015-shaanxi.txt", "陕西", 2015),
        ("inner mongolia 2012.pdf", "内蒙古", 2012),
        ("nei_menggu_2012.pdf", "内蒙古", 2012),
        ("黑龙江省/二〇一五年政府工作报告.pdf", "黑龙江", 2015),
        ("2015年内蒙古自治区人民政府工作报告（全文）.txt", "内蒙古", 2015),
        ("xizang2019.html", "西藏", 2019),
        ("henan-2015.txt", "河南", 2015),
        ("hainan-2015.txt", "海南", 2015),
        ("２０１５年浙江省.txt", "浙江", 2015),
        ("浙江政府工作报告20150121.txt", "浙江", 2015),
        ("内蒙2015.txt", "内蒙古", 2015),
    ],
)
def test_names(path: str, province: str, year: int) -> None:
    found = from_name(path, PROVINCES)
    assert found.unit is not None and found.unit.name == province
    assert found.year == year


def test_a_city_is_no_province() -> None:
    assert from_name("吉林市2015年政府工作报告.txt", PROVINCES).unit is None
    assert identify("a.txt", samples.report_lines("杭州市"), PROVINCES).status == "not_a_report"
    city = identify("杭州市2015年政府工作报告.txt", samples.report_lines("杭州市"), PROVINCES)
    assert city.status == "not_a_report" and "杭州市" in city.reason


def silent(speaker: str) -> list[str]:
    """A report that names neither province nor city."""
    head = ["政府工作报告", "——2015年1月28日在市十二届人大五次会议上", "各位代表："]
    said = f"现在，我代表{speaker}人民政府向大会报告工作，请予审议，并请政协委员提出意见。"
    return [*head, said, *samples.report_lines(titled=False)[3:]]


@pytest.mark.parametrize(
    ("path", "speaker"),
    [
        ("浙江省杭州市2015年政府工作报告.txt", ""),
        ("广西自治区南宁市2015.txt", ""),
        ("吉林省吉林市2015.txt", ""),
        ("北京市海淀区2015.txt", ""),
        ("河北区2015.txt", ""),
        ("海南藏族自治州2015.txt", ""),
        ("浙江/杭州2015.txt", "市"),
        ("jilin_city_2015.txt", "市"),
        ("北京/海淀2015.txt", "区"),
        ("青海/海北2015.txt", "州"),
    ],
)
def test_a_place_below_a_province_is_not_the_province(path: str, speaker: str) -> None:
    assert identify(path, silent(speaker), PROVINCES).status == "not_a_report"


@pytest.mark.parametrize(
    ("path", "speaker"),
    [
        ("北京市2015年政府工作报告.txt", "市"),
        ("重庆直辖市2015.txt", "市"),
        ("浙江省人民政府工作报告2015.txt", "省"),
        ("新疆自治区2015.txt", "自治区"),
        ("宁夏全区政府工作报告2015.txt", "自治区"),
        ("广西区2015.txt", "区"),
    ],
)
def test_a_province_is_no_place_below_itself(path: str, speaker: str) -> None:
    found = identify(path, silent(speaker), PROVINCES)
    assert (found.status, found.year) == ("ok", 2015)


def test_name_and_text_must_agree() -> None:
    wrong_year = identify("浙江2014.txt", samples.report_lines("浙江省", 2015), PROVINCES)
    assert wrong_year.status == "conflict"
    assert "2014" in wrong_year.reason and "2015" in wrong_year.reason
    wrong_place = identify("江苏2015.txt", samples.report_lines("浙江省", 2015), PROVINCES)
    assert wrong_place.status == "conflict"
    assert "江苏" in wrong_place.reason and "浙江" in wrong_place.reason
    assert identify("report.txt", samples.report_lines(), PROVINCES).source == "text"
    assert identify("浙江2015.txt", samples.report_lines(), PROVINCES).source == "name+text"


def test_the_year_is_that_of_delivery_in_any_spelling() -> None:
    lines = ["政府工作报告", "——二〇一三年一月二十五日在福建省第十二届人民代表大会第一次会议上"]
    found = identify("x.txt", lines + samples.report_lines(titled=False)[2:], PROVINCES)
    assert (found.year, found.unit) == (2013, PROVINCES.get("福建"))


def test_other_texts_are_no_reports() -> None:
    assert (
        identify("浙江2015.txt", ["各位代表：", "政府工作报告。"], PROVINCES).status
        == "not_a_report"
    )
    news = ["今天天气晴朗，市场上的水果很多，大家都很高兴。" * 10] * 40
    assert identify("浙江2015.txt", news, PROVINCES).status == "not_a_report"


def test_a_text_too_short_is_refused_as_the_pages_say(root: Path) -> None:
    lines = samples.report_lines(repeats=17)
    short = MIN_REPORT_HAN - sum(map(len, lines)) - 1
    assert short > 0
    found = identify("浙江2015.txt", [*lines, "好" * short], PROVINCES)
    assert found.status == "not_a_report"
    assert found.reason == "only 2,999 characters; a report has over 3,000"
    assert identify("浙江2015.txt", [*lines, "好" * (short + 1)], PROVINCES).status == "ok"
    for page in ("own_reports.md", "reports.md"):
        text = (root / "docs" / page).read_text(encoding="utf-8")
        assert f"under {MIN_REPORT_HAN:,} characters" in text and f"{MIN_HAN:,} Han" in text


def _folder(tmp_path: Path, **files: str) -> Path:
    folder = tmp_path / "reports"
    for name, text in files.items():
        path = folder / f"{name}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def test_two_files_for_one_province_year(tmp_path: Path) -> None:
    text = samples.report_text()
    same = _folder(tmp_path / "a", 浙江2015=text, zhejiang_2015=text)
    status = read_folder(same, Cache(tmp_path / "c"), units=PROVINCES).files["status"]
    assert sorted(status) == ["duplicate", "ok"]
    other = samples.report_text(repeats=25)
    different = _folder(tmp_path / "b", 浙江2015=text, zhejiang_2015=other)
    files = read_folder(different, Cache(tmp_path / "c"), units=PROVINCES).files
    assert list(files["status"]) == ["conflict", "conflict"]
    assert all("zhejiang_2015.txt" in r and "浙江2015.txt" in r for r in files["reason"])
    settled = {"浙江2015.txt": Settled(PROVINCES.get("浙江"), 2015)}
    files = read_folder(different, Cache(tmp_path / "c"), settled, units=PROVINCES).files.set_index(
        "path"
    )
    assert files.loc["浙江2015.txt", "status"] == "ok"
    assert files.loc["zhejiang_2015.txt", "status"] == "duplicate"
    ignored = {"浙江2015.txt": Settled(None, None, ignore=True)}
    files = read_folder(different, Cache(tmp_path / "c"), ignored, units=PROVINCES).files.set_index(
        "path"
    )
    assert files.loc["zhejiang_2015.txt", "status"] == "ok"


@pytest.mark.parametrize(
    ("head", "year"),
    [
        (["（2015年01月20日在浙江省第十二届人民代表大会第三次会议上）"], 2015),
        (["发布时间:2020年8月13日", "2015年浙江省政府工作报告"], 2015),
        (["政府工作报告", "（2015年1月20日 省长 某某）"], 2015),
        (["政府工作报告", "各位代表：", "一、2014年工作回顾"], 2015),
        # a date of publication on a line of its own
        (["政府工作报告", "2016年2月1日", "——2015年1月21日在浙江省第十二届人民代表大会上"], 2015),
        (["政府工作报告", "——2015年1月21日在浙江省第十二届人民代表大会上", "2016年2月1日"], 2015),
        (["2015年浙江省政府工作报告", "2019年12月3日", "各位代表："], 2015),
        (["（2015年1月21日在浙江省第十二届人民代表大会第三次会议上）（2016年2月1日公布）"], 2015),
        # a line that names a source dates nothing on the next one, a word without its date does
        (["政府工作报告", "来源：省政府", "2016年1月21日", "各位代表："], 2016),
        (["政府工作报告", "发布时间：", "2016年1月21日", "各位代表："], 2015),
    ],
)
def test_year_of_delivery(head: list[str], year: int) -> None:
    found = identify("浙江.txt", head + samples.report_lines(titled=False)[2:], PROVINCES)
    assert found.year == year and found.status == "ok"


@pytest.mark.parametrize(
    "title",
    [
        "浙江省高级人民法院工作报告",
        "浙江省人民检察院工作报告",
        "浙江省人民代表大会常务委员会工作报告",
        "关于2014年全省预算执行情况和2015年预算草案的报告",
        "关于浙江省2014年国民经济和社会发展计划执行情况的报告",
    ],
)
def test_other_reports_of_the_same_congress(title: str) -> None:
    lines = [title, *samples.report_lines(titled=False)]
    found = identify("浙江2015.txt", lines, PROVINCES)
    assert found.status == "not_a_report" and title in found.reason


def test_a_conflict_withholds_both_province_years(tmp_path: Path) -> None:
    folder = _folder(tmp_path, 海南2014=samples.report_text("海南省", 2015))
    files = read_folder(folder, Cache(tmp_path / "c"), units=PROVINCES).files
    assert list(files["status"]) == ["conflict"]
    assert in_conflict(files, level=LEVEL) == {(460000, 2014), (460000, 2015)}


def test_what_the_study_settles(tmp_path: Path) -> None:
    folder = _folder(tmp_path, 浙江2014=samples.report_text("浙江省", 2015))
    zhejiang = PROVINCES.get("浙江")

    def status(**settled: Settled) -> tuple[str, int | None]:
        entries = {f"{name}.txt": entry for name, entry in settled.items()}
        row = read_folder(folder, Cache(tmp_path / "c"), entries, units=PROVINCES).files.iloc[0]
        return row["status"], row["year"]

    assert status(浙江2014=Settled(None, 2015)) == ("ok", 2015)
    assert status(浙江2014=Settled(zhejiang, None))[0] == "ok"
    assert status(浙江2014=Settled(None, None, ignore=True))[0] == "set_aside"
    aside = read_folder(
        folder,
        Cache(tmp_path / "c"),
        {"浙江2014.txt": Settled(None, None, ignore=True)},
        units=PROVINCES,
    )
    assert aside.tally.refused == 0 and refused_files(aside.files) == []
    lost = read_folder(
        folder, Cache(tmp_path / "c"), {"gone.txt": Settled(zhejiang, 2015)}, units=PROVINCES
    ).files
    row = lost.set_index("path").loc["gone.txt"]
    assert row["status"] == "vanished" and "study.yaml" in row["reason"]


def test_the_line_that_a_conflict_prints_settles_it(tmp_path: Path) -> None:
    odd = '浙江2014 #1: "定稿", [终].txt'
    folder = _folder(tmp_path, **{odd.removesuffix(".txt"): samples.report_text("浙江省", 2015)})
    folder.joinpath("江苏2015.txt").write_text(samples.report_text("江苏省"), encoding="utf-8")
    folder.joinpath("jiangsu_2015.txt").write_text(
        samples.report_text("江苏省", repeats=25), encoding="utf-8"
    )

    def files(settled: dict[str, Settled]) -> pd.DataFrame:
        return read_folder(folder, Cache(tmp_path / "c"), settled, units=PROVINCES).files.set_index(
            "path"
        )

    before = files({})
    assert list(before["status"]) == ["conflict"] * 3
    for path, year, status in ((odd, 2015, "conflict"), ("江苏2015.txt", 2015, "ok")):
        line = before.loc[path, "reason"].partition("under text.settled in study.yaml: ")[2]
        ((named, entry),) = yaml.safe_load(line).items()
        assert named == path and entry["year"] == year
        after = files({named: Settled(PROVINCES.get(entry["province"]), entry["year"])})
        assert after.loc[path, "status"] == "ok" and after.loc[path, "year"] == year
        assert after.loc["江苏2015.txt", "status"] == status
    assert "the text is right" in before.loc[odd, "reason"]
    assert "this one is right" in before.loc["江苏2015.txt", "reason"]


def test_odd_things_in_the_folder(tmp_path: Path) -> None:
    folder = _folder(tmp_path, 浙江2015=samples.report_text())
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "江苏2015.txt").write_text(samples.report_text("江苏省"), encoding="utf-8")
    (folder / "linked").symlink_to(elsewhere)
    (elsewhere / "loop").symlink_to(folder)
    os.mkfifo(folder / "pipe2015.pdf")
    (Path(os.fsdecode(os.fsencode(folder) + b"/" + "上海2015.txt".encode("gb18030")))).write_text(
        samples.report_text("上海市"), encoding="utf-8"
    )
    (folder / "broken2015.txt").symlink_to(tmp_path / "nowhere")
    read = read_folder(folder, Cache(tmp_path / "c"), units=PROVINCES)
    status = dict(zip(read.files["path"], read.files["status"], strict=True))
    assert status == {
        "broken2015.txt": "vanished",
        "linked/江苏2015.txt": "ok",
        "pipe2015.pdf": "unsupported",
        "上海2015.txt": "ok",
        "浙江2015.txt": "ok",
    }
    texts = report_texts(read.files, [2015], folder, Cache(tmp_path / "other"), units=PROVINCES)
    assert len(texts) == 3


@pytest.fixture(scope="module")
def invented(tmp_path_factory: pytest.TempPathFactory) -> Units:
    """A user's list: cities, an autonomous prefecture, and one without a full name."""
    path = tmp_path_factory.mktemp("units") / "cities.csv"
    path.write_text(
        "level,code,name,full_name,pinyin,parent\n"
        "city,c01,甲城,甲城市,jiacheng,乙林省\n"
        "city,c02,乙林,乙林市,yilin,乙林省\n"
        "city,c03,丙水,丙水回族自治州,bingshui,乙林省\n"
        "city,c04,日丁,日丁市,riding,乙林省\n"
        "city,c05,戊港,,wugang,\n",
        encoding="utf-8",
    )
    return read_units(path.name, path.parent)


@pytest.mark.parametrize(
    ("path", "unit"),
    [
        ("甲城市2015年政府工作报告.pdf", "甲城"),
        ("2015年乙林省甲城市人民政府工作报告（全文）.txt", "甲城"),
        ("乙林省/甲城市/2015.txt", "甲城"),
        ("乙林省甲城2015.txt", "甲城"),
        ("2015/jiacheng_2015_report.html", "甲城"),
        ("乙林省乙林2015.txt", "乙林"),
        ("乙林市2015.txt", "乙林"),
        ("丙水州2015.txt", "丙水"),
        ("丙水回族自治州2015.txt", "丙水"),
        ("日丁市2015.txt", "日丁"),
        ("戊港市2015.txt", "戊港"),
        # the province of the same name, and places below a city
        ("乙林省2015.txt", None),
        ("甲城市己山区2015.txt", None),
        ("甲城己山县2015.txt", None),
        ("丙水州庚河县2015.txt", None),
        ("戊港市己山区2015.txt", None),
        ("丙水市2015.txt", None),
    ],
)
def test_names_of_a_users_units(path: str, unit: str | None, invented: Units) -> None:
    found = from_name(path, invented)
    assert (found.unit.name if found.unit else None) == unit and found.year == 2015


@pytest.mark.parametrize(
    ("head", "unit"),
    [
        (["甲城市2015年政府工作报告"], "甲城"),
        (["2015年甲城市政府工作报告"], "甲城"),
        (["政府工作报告", "——2015年1月20日在甲城市第一届人民代表大会第一次会议上"], "甲城"),
        (["政府工作报告", "——2015年1月20日在乙林省乙林市第一届人民代表大会上"], "乙林"),
        (["政府工作报告", "——2015年1月20日日丁市第一届人民代表大会第一次会议上"], "日丁"),
        (["丙水回族自治州2015年人民政府工作报告"], "丙水"),
    ],
)
def test_texts_of_a_users_units(head: list[str], unit: str, invented: Units) -> None:
    body = silent("")[2:]
    found = identify("report.txt", head + body, invented)
    assert (found.status, found.year) == ("ok", 2015), found.reason
    assert found.unit is not None and found.unit.name == unit


@pytest.mark.parametrize("session", ["乙林省", "己山市", "甲城市己山区"])
def test_another_place_is_no_unit_of_the_user(session: str, invented: Units) -> None:
    head = ["政府工作报告", f"——2015年1月20日在{session}第一届人民代表大会第一次会议上"]
    found = identify("甲城2015.txt", head + silent("")[2:], invented)
    assert (found.status, found.reason) == ("not_a_report", f"the report of {session}, no city")


@pytest.mark.parametrize(
    ("path", "speaker", "status"),
    [
        ("甲城2015.txt", "市", "ok"),
        ("丙水2015.txt", "自治州", "ok"),
        ("戊港2015.txt", "市", "ok"),
        ("甲城2015.txt", "区", "not_a_report"),
        ("丙水2015.txt", "县", "not_a_report"),
    ],
)
def test_who_speaks_for_a_users_unit(path: str, speaker: str, status: str, invented: Units) -> None:
    assert identify(path, silent(speaker), invented).status == status


def test_counties_have_towns_below_them(tmp_path: Path) -> None:
    path = tmp_path / "counties.csv"
    path.write_text(
        "level,code,name,full_name\ncounty,k1,己山,己山县\ncounty,k2,乙林,乙林区\n",
        encoding="utf-8",
    )
    counties = read_units(path.name, tmp_path)

    def named(name: str) -> str | None:
        unit = from_name(name, counties).unit
        return unit.name if unit else None

    assert named("甲城市己山县2015.txt") == named("己山2015.txt") == "己山"
    assert named("己山县甲城市2015.txt") == "己山"
    assert named("己山县辛庄镇2015.txt") is None and named("己山市2015.txt") is None
    assert named("乙林省2015.txt") is None


def test_rows_and_sentences_are_of_the_users_level(invented: Units, tmp_path: Path) -> None:
    text = "\n".join(
        ["政府工作报告", "——2015年1月20日在甲城市第一届人民代表大会上", *silent("")[2:]]
    )
    folder = _folder(
        tmp_path, 甲城2015=text, jiacheng_2015=text + "\n再见。", 乙林2015=text, x=text
    )
    files = read_folder(folder, Cache(tmp_path / "c"), units=invented).files.set_index("path")
    assert {"city_code", "city", "text_city_code"} < set(files.columns)
    clash = files.loc["乙林2015.txt"]
    assert (clash["city_code"], clash["text_city_code"]) == ("c02", "c01")
    assert clash["reason"].startswith("the name says 乙林, the text 甲城; if the text is right")
    assert clash["reason"].endswith('"乙林2015.txt": {city: 甲城, year: 2015}')
    assert "different texts for one city-year: " in files.loc["甲城2015.txt", "reason"]
    assert in_conflict(files.reset_index(), level=invented.level) == {("c02", 2015), ("c01", 2015)}
