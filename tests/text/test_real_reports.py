"""430 real reports against what a faithful reader must find in them."""

import csv
import hashlib
import re
from pathlib import Path

import pytest

from dti_assets.store.cache import Cache
from dti_assets.text.folder import Folder, read_folder, stored_reading
from dti_assets.units.lists import shipped_units

PROVINCES = shipped_units("provinces")
HAN = re.compile("[\u3400-\u9fff]")
# a title line was added in front of each real text when the files were made
TITLE = re.compile(r"\d{4}年.{2,9}?政府工作\n?报\n?告\n?")
# what stands around the text on the web pages and must not be counted
FURNITURE = ("数字经济专栏", "网站标识码", "扫一扫", "相关阅读", "您现在的位置", "字体：")


@pytest.fixture(scope="module")
def read(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Folder, dict[str, str]]:
    cache = Cache(tmp_path_factory.mktemp("cache"))
    folder = read_folder(shared / "reports_raw", cache, units=PROVINCES)
    texts = {
        row.path: stored_reading(row.path, row.sha256, shared / "reports_raw", cache).text
        for row in folder.files.itertuples()
    }
    return folder, texts


@pytest.fixture(scope="module")
def truth(shared: Path) -> list[dict[str, str]]:
    with (shared / "reports_truth.csv").open(encoding="utf-8-sig", newline="") as handle:
        return list(csv.DictReader(handle))


def _bodies(text: str) -> list[str]:
    """The text with and without the title line added in front."""
    match = TITLE.match(text)
    return [text, text[match.end() :]] if match else [text]


def test_every_file_is_read_and_identified(
    read: tuple[Folder, dict[str, str]], truth: list[dict[str, str]]
) -> None:
    files = read[0].files.set_index("path")
    assert set(files["status"]) == {"ok"} and len(files) == 430
    for row in truth:
        found = files.loc[row["file"]]
        assert found["province"] == PROVINCES.get(row["province"]).name, row["file"]
        assert found["year"] == int(row["year"]), row["file"]
        assert found["format"] == row["format"], row["file"]


def test_characters_are_those_of_the_report(
    read: tuple[Folder, dict[str, str]], truth: list[dict[str, str]]
) -> None:
    for row in truth:
        bodies = [HAN.findall(body) for body in _bodies(read[1][row["file"]])]
        exact = any(
            hashlib.sha256("".join(han).encode()).hexdigest() == row["han_sha256"] for han in bodies
        )
        if row["format"] == "pdf" and not exact:
            off = len(bodies[-1]) / int(row["han_chars"]) - 1
            assert -0.001 <= off <= 0.003, (row["file"], off)
        else:
            assert exact, row["file"]


def test_substring_counts(read: tuple[Folder, dict[str, str]], truth: list[dict[str, str]]) -> None:
    wrong, cells = [], 0
    for row in truth:
        flat = re.sub(r"\s", "", _bodies(read[1][row["file"]])[-1])
        for name, value in row.items():
            if name.startswith("substring_"):
                cells += 1
                if flat.count(name.removeprefix("substring_")) != int(value):
                    wrong.append((row["file"], name))
    assert cells == 430 * 26
    # the readers agree in every cell; the bar for landing is 99.5 %
    assert len(wrong) <= 0.005 * cells, wrong


def test_no_menu_or_footer_is_counted(read: tuple[Folder, dict[str, str]]) -> None:
    for path, text in read[1].items():
        assert not [word for word in FURNITURE if word in text], path
        if path.endswith(".pdf"):
            assert not re.search(r"file:///|^\d+/\d+$|— 政府工作报告 —", text, re.MULTILINE), path


def test_most_reports_split_into_review_and_plan(
    read: tuple[Folder, dict[str, str]], truth: list[dict[str, str]]
) -> None:
    from dti_assets.text.sections import split

    shares = []
    for row in truth:
        paragraphs = read[1][row["file"]].split("\n")
        sections = split(paragraphs, int(row["year"]))
        if "plan" in sections.labels:
            body = [p for p, s in zip(paragraphs, sections.labels, strict=True) if s != "annex"]
            plan = sections.texts(paragraphs)["plan"]
            shares.append(len(plan) / len("\n".join(body)))
    assert len(shares) >= 0.95 * len(truth)
    assert 0.6 < sorted(shares)[len(shares) // 2] < 0.75
