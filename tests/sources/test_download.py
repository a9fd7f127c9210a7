"""Downloads into a folder: what is fetched, what is refused, and that nothing is ever lost."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import samples
from web_server import Answer, Site, fetcher, file, redirect, say

from dti_assets.errors import ArchiveError
from dti_assets.sources.archive import Archive
from dti_assets.sources.coverage import coverage
from dti_assets.sources.download import (
    Outcome,
    download,
    downloads_table,
    plan,
    recorded,
    select_entries,
)
from dti_assets.sources.registry import Entry
from dti_assets.sources.tables import REPORT_DOWNLOADS
from dti_assets.store.cache import Cache
from dti_assets.text.folder import Settled, read_folder
from dti_assets.units.lists import shipped_units

PROVINCES = shipped_units("provinces")
FULL = {unit.name: unit.full_name for unit in PROVINCES}


def report(place: str = "浙江", year: int = 2015, repeats: int = 22) -> bytes:
    return samples.html(samples.report_lines(FULL.get(place, place), year, repeats=repeats))


def entry(url: str, place: str = "浙江", year: int = 2015) -> Entry:
    return Entry(PROVINCES.get(place), year, url, 2)


def go(site: Site, folder: Path, *entries: Entry, **limits: Any) -> list[Outcome]:
    return download(folder, list(entries), fetcher(site, **limits), units=PROVINCES)


def one(site: Site, folder: Path, *answers: Answer, **limits: Any) -> Outcome:
    (outcome,) = go(site, folder, entry(site.put("/r", *answers)), **limits)
    return outcome


def tree(folder: Path) -> dict[str, bytes]:
    """Everything in a folder but the work folder of downloads."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".download" not in path.parts
    }


def test_a_report_is_stored_with_its_provenance(site: Site, tmp_path: Path) -> None:
    moved = site.put("/old", redirect("/r"))
    content = report()
    site.put("/r", file(content))
    (outcome,) = go(site, tmp_path, entry(moved))
    assert outcome.state == "fetched" and outcome.file == "2015/浙江.html"
    assert (tmp_path / "2015/浙江.html").read_bytes() == content
    origin = json.loads((tmp_path / "2015/浙江.html.source.json").read_text(encoding="utf-8"))
    assert origin["url"] == moved and origin["final_url"] == site.url("/r")
    assert origin["sha256"] == hashlib.sha256(content).hexdigest() == outcome.sha256
    assert origin["headers"]["ETag"] and origin["fetched_at"] == outcome.fetched_at
    assert list((tmp_path / ".download").glob("*.part")) == []
    files = read_folder(tmp_path, Cache(tmp_path / "cache"), units=PROVINCES).files
    assert files["path"].tolist() == ["2015/浙江.html"] and files["status"].tolist() == ["ok"]


def test_the_format_is_that_of_the_content(site: Site, tmp_path: Path) -> None:
    makers = {
        "txt": lambda lines: "\n".join(lines).encode("gb18030"),
        "html": samples.html,
        "docx": samples.docx,
        "pdf": samples.text_pdf,
    }
    entries = []
    for number, (form, make) in enumerate(makers.items()):
        lines = samples.report_lines("浙江省", 2012 + number)
        # each under the label and the name of another format
        url = site.put(f"/{form}.pdf", say(200, make(lines), Content_Type="application/msword"))
        entries.append(entry(url, year=2012 + number))
    outcomes = go(site, tmp_path, *entries)
    assert [o.file for o in outcomes] == [f"{2012 + i}/浙江.{f}" for i, f in enumerate(makers)]


NEWS = "<html><body><div id='zoom'>" + "<p>各地积极推进信息化建设，企业效益继续改善。</p>" * 200


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("<html><body><h1>404</h1>您访问的页面不存在</body></html>", "a soft 404"),
        ("<html><body>对不起，该信息已被删除</body></html>", "a soft 404"),
        ("<html><body>请完成安全验证后继续访问</body></html>", "firewall's or challenge page"),
        ("<html><script>/* WAF */ location.reload()</script></html>", "challenge page"),
        ("<html><body>欢迎</body></html>", "without an article"),
        (NEWS + "</div></body></html>", "not_a_report"),
        (report(year=2014), "sources.csv says 2015, the text was delivered in 2014"),
        (report("江苏"), "sources.csv says 浙江, the text 江苏"),
        (report("杭州市"), "the report of 杭州市, no province"),
        (report()[:-2000], "damaged: the page breaks off"),
        (
            "\n".join(["2015年浙江省人民法院工作报告", *samples.report_lines()[1:]]),
            "another report",
        ),
        (b"", "empty"),
        (b"PK\x03\x04" + bytes(500), "damaged|unsupported"),
        (b"\x89PNG\r\n\x1a\n" + bytes(5000), "unsupported"),
        (samples.legacy_doc(), "unsupported"),
        (samples.image_pdf(), "scanned"),
        (samples.encrypted_pdf(), "encrypted"),
        (json.dumps({"code": 0, "data": None}), "not_a_report|unsupported"),
    ],
)
def test_what_is_not_the_report_is_refused_by_content(
    site: Site, tmp_path: Path, body: str | bytes, said: str
) -> None:
    import re

    content = body if isinstance(body, bytes) else body.encode()
    outcome = one(site, tmp_path, say(200, content, Content_Type="text/html"))
    assert outcome.state == "failed" and re.search(said, outcome.reason), outcome.reason
    assert outcome.file is None and tree(tmp_path) == {}


def test_where_the_text_is_silent_the_registry_is_said_to_have_spoken(
    site: Site, tmp_path: Path
) -> None:
    silent = [line for line in samples.report_lines(titled=False) if "2015" not in line][2:]
    outcome = one(site, tmp_path, say(200, samples.html([x for x in silent if "2014" not in x])))
    assert outcome.state == "fetched"
    assert outcome.reason == "the text names no province and no year: taken from sources.csv"


def test_a_second_download_transfers_nothing(site: Site, tmp_path: Path) -> None:
    entries = [
        entry(site.put(f"/{place}", file(report(place))), place) for place in ("浙江", "江苏")
    ]
    go(site, tmp_path, *entries)
    before, sent = tree(tmp_path), site.sent
    outcomes = go(site, tmp_path, *entries)
    assert [o.state for o in outcomes] == ["unchanged"] * 2 and outcomes[0].file == "2015/浙江.html"
    assert site.sent == sent and tree(tmp_path) == before


def test_without_validators_the_content_decides(site: Site, tmp_path: Path) -> None:
    one(site, tmp_path, say(200, report()))
    before = tree(tmp_path)
    assert one(site, tmp_path, say(200, report())).state == "unchanged"
    assert tree(tmp_path) == before


def test_a_page_that_changes_around_the_report_is_no_change(site: Site, tmp_path: Path) -> None:
    one(site, tmp_path, file(report()))
    page = report().replace("相关阅读".encode("gb18030"), "推荐阅读".encode("gb18030"))
    assert page != report()
    outcome = one(site, tmp_path, file(page))
    assert (outcome.state, outcome.reason) == (
        "unchanged",
        "the page changed, the report did not",
    )
    assert (tmp_path / "2015/浙江.html").read_bytes() == report()
    # the new ETag is asked with the next time
    assert one(site, tmp_path, file(page)).reason == ""


def test_a_changed_report_is_stored_beside_the_old_one(site: Site, tmp_path: Path) -> None:
    folder = tmp_path / "reports"
    folder.mkdir()
    old, new, newest = (report(repeats=n) for n in (22, 23, 24))
    assert one(site, folder, file(old)).state == "fetched"
    before = tree(folder)
    outcome = one(site, folder, file(new))
    assert outcome.state == "changed" and outcome.file == "2015/浙江-v2.html"
    assert outcome.reason == "another text than 2015/浙江.html, which is kept"
    after = tree(folder)
    assert {name: after[name] for name in before} == before
    assert after["2015/浙江-v2.html"] == new
    assert one(site, folder, file(new)).state == "unchanged"
    assert one(site, folder, file(newest)).file == "2015/浙江-v3.html"

    def statuses(settled: dict[str, Settled] | None = None) -> dict[str, str]:
        files = read_folder(
            folder, Cache(tmp_path / "cache"), settled=settled, units=PROVINCES
        ).files
        return dict(zip(files["path"], files["status"], strict=True))

    v1, v2, v3 = "2015/浙江.html", "2015/浙江-v2.html", "2015/浙江-v3.html"
    assert statuses() == {v1: "superseded", v2: "superseded", v3: "ok"}
    # study.yaml can have the old one stand
    own = {v1: Settled(PROVINCES.get("浙江"), 2015)}
    assert statuses(own) == {v1: "ok", v2: "duplicate", v3: "duplicate"}
    # who removes the newest has the one before, and none where that is unreadable
    (folder / v3).unlink()
    assert statuses() == {v1: "superseded", v2: "ok"}
    (folder / v2).write_bytes(b"%PDF-1.4 broken")
    assert statuses()[v1] == "ok"


def statuses(folder: Path) -> dict[str, str]:
    files = read_folder(folder, Cache(folder.with_name("cache")), units=PROVINCES).files
    return dict(zip(files["path"], files["status"], strict=True))


def test_the_name_of_a_version_removed_since_is_not_given_again(site: Site, tmp_path: Path) -> None:
    folder = tmp_path / "reports"
    folder.mkdir()
    pages = [report(repeats=n) for n in (22, 23, 24, 25)]
    v1, v2, v3, v4 = ("2015/浙江.html", *(f"2015/浙江-v{n}.html" for n in (2, 3, 4)))
    for page in pages[:2]:
        one(site, folder, file(page))
    for gone in (v1, f"{v1}.source.json"):
        (folder / gone).unlink()
    assert one(site, folder, file(pages[2])).file == v3
    assert statuses(folder) == {v2: "superseded", v3: "ok"}
    # the newest stays the newest where those before it are gone
    (folder / v2).unlink()
    assert one(site, folder, file(pages[3])).file == v4
    assert one(site, folder, file(pages[3])).state == "unchanged"
    assert statuses(folder) == {v3: "superseded", v4: "ok"}


def test_downloads_that_supersede_one_another_are_a_conflict(site: Site, tmp_path: Path) -> None:
    folder = tmp_path / "reports"
    folder.mkdir()
    for repeats in (22, 23):
        one(site, folder, file(report(repeats=repeats)))
    side = folder / "2015/浙江.html.source.json"
    origin = json.loads(side.read_text(encoding="utf-8"))
    side.write_text(json.dumps(origin | {"supersedes": ["浙江-v2.html"]}), encoding="utf-8")
    assert set(statuses(folder).values()) == {"conflict"} and len(statuses(folder)) == 2


def test_a_file_that_the_user_edited_is_superseded_by_no_download(
    site: Site, tmp_path: Path
) -> None:
    folder = tmp_path / "reports"
    folder.mkdir()
    for repeats in (22, 23):
        one(site, folder, file(report(repeats=repeats)))
    (folder / "2015/浙江.html").write_bytes(report(repeats=30))
    assert statuses(folder) == {"2015/浙江.html": "conflict", "2015/浙江-v2.html": "conflict"}


def test_a_failure_later_leaves_what_is_there(site: Site, tmp_path: Path) -> None:
    one(site, tmp_path, file(report()))
    before = tree(tmp_path)
    for answer in (say(404), say(200, "<html>安全验证</html>".encode()), say(200, report("江苏"))):
        outcome = one(site, tmp_path, answer)
        assert outcome.state == "failed" and outcome.file == "2015/浙江.html"
    assert tree(tmp_path) == before


def test_files_of_the_user_are_left_alone(site: Site, tmp_path: Path) -> None:
    (tmp_path / "浙江省2015年政府工作报告.html").write_bytes(report())
    # the name tells nothing, the text does
    (tmp_path / "report.html").write_bytes(report("江苏"))
    # a name that is taken by what is no report of the province-year
    (tmp_path / "2015").mkdir()
    (tmp_path / "2015" / "上海.html.source.json").write_text("not json")
    urls = {place: site.put(f"/{place}", file(report(place))) for place in ("浙江", "江苏", "上海")}
    outcomes = go(site, tmp_path, *(entry(url, place) for place, url in urls.items()))
    assert [(o.state, o.file) for o in outcomes] == [
        ("own", "浙江省2015年政府工作报告.html"),
        ("own", "report.html"),
        ("fetched", "2015/上海.html"),
    ]
    # what was downloaded and edited since is the user's too
    (tmp_path / "2015/上海.html").write_bytes(report("上海", repeats=30))
    (again,) = go(site, tmp_path, entry(urls["上海"], "上海"))
    assert again.state == "own" and "/上海" not in site.pages()[1:]


def test_a_name_that_is_taken_is_never_taken_over(site: Site, tmp_path: Path) -> None:
    (tmp_path / "2015").mkdir()
    (tmp_path / "2015" / "浙江.html").symlink_to(tmp_path / "nowhere")
    outcome = one(site, tmp_path, file(report()))
    assert outcome.state in ("own", "fetched") and (tmp_path / "2015/浙江.html").is_symlink()
    assert not (tmp_path / "nowhere").exists()


def test_another_address_for_the_same_report(site: Site, tmp_path: Path) -> None:
    go(site, tmp_path, entry(site.put("/a", file(report()))))
    (moved,) = go(site, tmp_path, entry(site.put("/b", file(report()))))
    assert moved.state == "unchanged" and "If-None-Match" not in site.asked[-1][1]
    (again,) = go(site, tmp_path, entry(site.url("/b")))
    assert again.state == "unchanged" and "If-None-Match" in site.asked[-1][1]
    assert [p for p in tree(tmp_path) if p.endswith(".html")] == ["2015/浙江.html"]


def test_rows_without_an_address_and_rows_recorded_otherwise(site: Site, tmp_path: Path) -> None:
    assert go(site, tmp_path, entry(""))[0].state == "no address"
    place, url = PROVINCES.get("浙江"), site.put("/r", file(report()))
    row = Entry(place, 2015, url, 7, {"sha256": "0" * 64})
    (outcome,) = go(site, tmp_path, row)
    assert outcome.state == "fetched" and "recorded in sources.csv, line 7" in outcome.reason
    what = recorded(Archive(tmp_path, units=PROVINCES))[330000, 2015]
    assert what["sha256"] == outcome.sha256 and what["etag"].startswith('"')


def test_what_a_killed_download_left_is_removed_and_two_at_once_refused(
    site: Site, tmp_path: Path
) -> None:
    (tmp_path / ".download").mkdir()
    (tmp_path / ".download" / "1234.part").write_bytes(report()[:2000])
    # killed between the provenance and the report
    (tmp_path / "2015").mkdir()
    (tmp_path / "2015" / "浙江.html.source.json").write_text("{}")
    cache = Cache(tmp_path / "cache")
    assert len(read_folder(tmp_path, cache, units=PROVINCES).files) == 0
    assert one(site, tmp_path, file(report())).state == "fetched"
    assert list((tmp_path / ".download").glob("*.part")) == []
    with (
        Archive(tmp_path, units=PROVINCES).writing(),
        pytest.raises(ArchiveError, match=r"another download into .* is under way"),
    ):
        one(site, tmp_path, file(report()))


def test_adding_a_year_is_adding_rows(site: Site, tmp_path: Path) -> None:
    rows = [entry(site.put("/1", file(report())))]
    go(site, tmp_path, *rows)
    rows.append(entry(site.put("/2", file(report(year=2016))), year=2016))
    assert [o.state for o in plan(tmp_path, rows, units=PROVINCES)] == ["to fetch", "to fetch"]
    chosen = select_entries(rows, [2016], units=PROVINCES)
    assert [o.state for o in go(site, tmp_path, *chosen)] == ["fetched"]
    assert select_entries(rows, [2015, 2016], 310000, units=PROVINCES) == []


def test_a_plan_asks_and_writes_nothing(site: Site, tmp_path: Path) -> None:
    (outcome,) = plan(tmp_path, [entry(site.put("/r", file(report())))], units=PROVINCES)
    assert outcome.state == "to fetch" and site.asked == [] and list(tmp_path.iterdir()) == []


def test_the_table_is_as_declared(site: Site, tmp_path: Path) -> None:
    rows = [
        entry(site.put("/a", file(report("上海"))), "上海"),
        entry(site.put("/b", say(404))),
        entry("", "北京"),
    ]
    table = downloads_table(go(site, tmp_path, *rows), units=PROVINCES)
    assert PROVINCES.level.table(REPORT_DOWNLOADS).violations(table) == []
    assert table["province"].tolist() == ["北京", "上海", "浙江"]
    assert table["state"].tolist() == ["no address", "fetched", "failed"]
    assert table["reason"].iloc[2] == "answers 404 Not Found" and table["url"].isna().iloc[0]


def test_coverage_by_year_and_province(site: Site, tmp_path: Path) -> None:
    rows = [
        entry(site.put("/a", file(report("上海"))), "上海"),
        entry("http://a.example/", "浙江"),
        entry("", "北京"),
    ]
    go(site, tmp_path, rows[0])
    (tmp_path / "江苏2015.txt").write_text("x")
    (tmp_path / "2015" / "北京.txt").write_text("x")
    (tmp_path / "strange.txt").write_text("x")
    found = coverage(rows, Archive(tmp_path, units=PROVINCES), [2014, 2015], units=PROVINCES)
    marks = {line["province"]: (line["2014"], line["2015"]) for line in found.grid()}
    assert marks["上海"] == ("·", "●") and marks["浙江"] == ("·", "○")
    assert marks["江苏"] == marks["北京"] == ("·", "▲") and marks["files"] == (0, 3)
    said = found.sentences()
    assert said[said.index("rows without an address: 1") + 1] == "  2015: 北京"
    assert said[said.index("addresses without a file: 1") + 1] == "  2015: 浙江"
    assert said[said.index("files without a row: 1") + 1] == "  2015: 江苏"
    assert said[-1] == "  strange.txt"
