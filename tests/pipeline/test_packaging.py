"""What of a finished study goes into a replication package, and what is refused."""

import csv
import fcntl
import io
import json
import os
import re
import shutil
import socket
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from made_studies import change_study
from packages import content_of
from small_study import REPORTS, make_study, write_reports

from dti_assets.errors import PackageError
from dti_assets.pipeline.execution.run import Outcome
from dti_assets.pipeline.packages.package import left_out_inputs, package_study, packaged_inputs
from dti_assets.pipeline.resources import Workspace
from dti_assets.store.files import sha256
from dti_assets.study.config import Study, load_study

COUNTS = "省份,年份,申请量,授权量\n浙江,2014,100,50\n"


def test_reports_and_patents_stay_at_home_and_their_counts_travel(
    own_package: Path, own_study: Study
) -> None:
    content = content_of(own_package)
    assert not any(name.startswith("reports_raw/") for name in content) or {
        name for name in content if name.startswith("reports_raw/")
    } == {"reports_raw/sources.csv"}
    withheld = ("report_texts", "digital_patents.parquet", "cache", "patents.csv")
    assert not any(word in name for name in content for word in withheld)
    assert "outputs/data/keyword_counts/2014.parquet" in content
    assert "panel_raw/gdp.csv" in content and "outputs/data/patent_counts.parquet" in content
    rows = list(csv.DictReader(io.StringIO(content["left_out.csv"].decode())))
    expected = {f"reports_raw/{name}" for name in REPORTS} | {"patents_raw/patents.csv"}
    assert {row["path"] for row in rows} == expected
    for row in rows:
        assert row["sha256"] == sha256(own_study.root / row["path"])
    assert {row["url"] for row in rows} == {"", "https://www.example.gov.cn/a"}
    listed = {row["path"]: row for row in csv.DictReader(
        io.StringIO(content["checksums.csv"].decode()))}  # fmt: skip
    assert listed.keys() == content.keys() - {"manifest.json", "checksums.csv"}
    assert listed["outputs/tables/table_02_baseline.do"]["made_by"] == "tables"
    assert listed["outputs/data/dti_iv.parquet"]["made_by"] == "dti_iv"
    constraints = content["constraints.txt"].decode().splitlines()
    assert all(re.fullmatch(r"[a-z0-9-]+==[^@/ ]+", line) for line in constraints)


def test_the_readme_follows_the_template(own_package: Path) -> None:
    page = content_of(own_package)["README.md"].decode()
    headings = re.findall(r"^## (.+)$", page, re.M)
    assert headings == [
        "Data availability and provenance statements",
        "Dataset list",
        "Computational requirements",
        "Description of programs",
        "Instructions to replicators",
        "List of tables, figures and programs",
        "What cannot be reproduced, and why",
        "References",
    ]
    assert "Not in the package: 5 reports, 1 patents." in page and "estimates.seed = 0" in page
    assert all(f"table_{n:02d}_" in page for n in range(1, 13))
    assert "HR (average years of education) is absent. To supply it" in page


def test_a_package_names_no_place_of_this_machine(own_package: Path, own_study: Study) -> None:
    for name, content in content_of(own_package).items():
        for secret in (str(own_study.root), str(Path.home()) + "/", socket.gethostname()):
            if len(secret) > 6:
                assert secret.encode() not in content, name


def test_two_packages_differ_in_the_manifest_alone(
    own_package: Path, own_study: Study, tmp_path: Path
) -> None:
    package_study(own_study, tmp_path / "again.zip", (), False)
    first, second = content_of(own_package), content_of(tmp_path / "again.zip")
    assert list(first) == list(second) == sorted(first)
    differing = {name for name in first if first[name] != second[name]}
    assert differing <= {"manifest.json"}
    one, two = (json.loads(content["manifest.json"]) for content in (first, second))
    assert {key for key in one if one[key] != two[key]} <= {"made"}
    assert one["run_seconds"] > 0


def test_of_the_shipped_study_everything_travels(
    official: tuple[Study, Outcome], tmp_path: Path
) -> None:
    """Published counts and official figures ship with the program: nothing is taken as given. The
    commands of docs/replication.md are run on this study (test_docs)."""
    made = package_study(official[0], tmp_path / "p.zip", (), False)
    assert made.given == () and made.left_out == {}
    travel = content_of(tmp_path / "p.zip").keys()
    assert "outputs/data/keyword_counts/2016.parquet" in travel
    assert {"outputs/report.html", "outputs/panel/panel.dta"} <= travel


def test_inputs_travel_when_they_may(own_study: Study, tmp_path: Path) -> None:
    made = package_study(own_study, tmp_path / "p.zip", ("reports", "patents"), False)
    assert made.given == () and made.left_out == {}
    content = content_of(tmp_path / "p.zip")
    assert {f"reports_raw/{name}" for name in REPORTS} <= content.keys()
    assert "outputs/data/report_texts/2014.parquet" in content
    assert {"patents_raw/patents.csv", "outputs/data/digital_patents.parquet"} <= content.keys()


def test_addresses_are_read_as_a_download_reads_them(own_copy: Study) -> None:
    """Whatever a spreadsheet made of sources.csv, and however it names a province."""
    address = "https://www.example.gov.cn/"
    rows = f"province,year,url\nZhejiang,2014,{address}a\n浙江省,2015,{address}b\n江苏,2014,NA\n"
    (own_copy.root / "reports_raw" / "sources.csv").write_bytes(rows.encode("gb18030"))
    urls = {row["path"]: row["url"] for row in left_out_inputs(Workspace(own_copy), ("patents",))}
    assert {path for path, url in urls.items() if not url} == {
        *("reports_raw/jiangsu_2014_report.docx", "reports_raw/2015/江苏.pdf"),
        "reports_raw/2015_上海.txt",
    }
    assert urls["reports_raw/浙江省2014年政府工作报告.txt"] == address + "a"
    assert urls["reports_raw/浙江2015.html"] == address + "b"


def test_reports_travel_from_wherever_a_run_finds_them(tmp_path: Path) -> None:
    """Behind links, and under names that an archive made under Windows left."""
    file = make_study(tmp_path / "study")
    folder, elsewhere = file.parent / "reports_raw", tmp_path / "elsewhere"
    write_reports(folder)
    shutil.move(folder / "2015", elsewhere)
    (folder / "2015").symlink_to(elsewhere)
    (elsewhere / "江苏.pdf.source.json").write_text("{}")
    (folder / "sources.csv").write_text("province,year,url\n")
    old = folder / "2015_上海.txt"
    old.rename(os.fsdecode(os.fsencode(folder) + b"/" + old.name.encode("gb18030")))
    beside = {"reports_raw/sources.csv", "reports_raw/2015/江苏.pdf.source.json"}
    reports = {f"reports_raw/{name}" for name in REPORTS}
    found = packaged_inputs(load_study(file), set())
    assert {name for name in found if name.startswith("reports_raw/")} == reports | beside
    assert found["reports_raw/2015/江苏.pdf"].read_bytes() == (elsewhere / "江苏.pdf").read_bytes()
    # what does not travel is known by the same names
    assert packaged_inputs(load_study(file), reports).keys() == found.keys() - reports


def test_patents_travel_from_behind_links(own_copy: Study, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    shutil.move(own_copy.root / "patents_raw" / "patents.csv", tmp_path / "elsewhere")
    (own_copy.root / "patents_raw" / "linked").symlink_to(tmp_path / "elsewhere")
    assert "patents_raw/linked/patents.csv" in packaged_inputs(own_copy, set())
    left_out = {row["path"] for row in left_out_inputs(Workspace(own_copy), ())}
    assert "patents_raw/linked/patents.csv" in left_out
    assert not any(name.endswith("patents.csv") for name in packaged_inputs(own_copy, left_out))


def test_counts_of_patents_are_no_records_and_travel(own_copy: Study) -> None:
    (own_copy.root / "patents_raw" / "patents.csv").unlink()
    (own_copy.root / "patents_raw" / "counts.csv").write_text(COUNTS, encoding="utf-8")
    left_out = left_out_inputs(Workspace(own_copy), ())
    assert {row["kind"] for row in left_out} == {"reports"}
    assert "patents_raw/counts.csv" in packaged_inputs(own_copy, {row["path"] for row in left_out})


_COPIES = (
    *("patents_raw/extract.zip", "patents_raw/extract.xls", "patents_raw/a.csv.bak"),
    *("patents_raw/readme_extract.csv", "patents_raw/sources.csv.gz.old"),
    *("reports_raw/2020浙江.pdf.part", "reports_raw/2020浙江.html.tmp", "reports_raw/Thumbs.db"),
    *("reports_raw/gone.pdf.source.json", "reports_raw/2015/sources.csv"),
)
_SHARED = (
    *("reports_raw/README.md", "reports_raw/sources.csv", "patents_raw/README.md"),
    "reports_raw/浙江2015.html.source.json",
)


def test_what_lies_beside_reports_and_patents_stays_at_home(own_copy: Study) -> None:
    """It may be a copy of them. Only what is known to hold nothing of theirs travels."""
    for name in (*_COPIES, *_SHARED):
        if name != "reports_raw/sources.csv":
            (own_copy.root / name).write_bytes(b"{}")
    rows = left_out_inputs(Workspace(own_copy), ())
    by_kind = Counter(row["kind"] for row in rows)
    # a workbook and an archive are files of patents, which are read or named
    assert by_kind == {"reports": len(REPORTS), "patents": 3, "other files": len(_COPIES) - 2}
    left_out = {row["path"]: row["sha256"] for row in rows}
    assert left_out["patents_raw/extract.zip"] == sha256(own_copy.root / "patents_raw/extract.zip")
    travel = packaged_inputs(own_copy, left_out.keys())
    assert {n for n in travel if n.startswith(("reports_raw", "patents_raw"))} == {*_SHARED}
    assert left_out_inputs(Workspace(own_copy), ("reports", "patents")) == []


def test_what_lies_beside_counts_of_patents_stays_at_home(own_copy: Study) -> None:
    (own_copy.root / "patents_raw" / "patents.csv").rename(own_copy.root / "patents_raw/p.csv.old")
    for names in ([], ["counts.csv"]):
        for name in names:
            (own_copy.root / "patents_raw" / name).write_text(COUNTS, encoding="utf-8")
        rows = left_out_inputs(Workspace(own_copy), ("reports",))
        # nothing that is read is left out: nothing stands in for it
        assert [(row["kind"], row["path"]) for row in rows] == [
            ("other files", "patents_raw/p.csv.old")
        ]


def test_what_another_key_names_in_these_folders_travels(own_copy: Study) -> None:
    """A study may keep its figures, coders' sheets or citations there."""
    study = change_study(
        own_copy.root,
        "inputs: {panel: patents_raw/own}\naudit: {reports: reports_raw/audit}\n"
        "estimates: {citations: patents_raw/cited.yaml}\n",
    )
    named = ("patents_raw/own/gdp.dta", "reports_raw/audit/coder_1.ods", "patents_raw/cited.yaml")
    for name in (*named, "patents_raw/own.zip"):
        (study.root / name).parent.mkdir(exist_ok=True)
        (study.root / name).write_bytes(b"{}")
    rows = left_out_inputs(Workspace(study), ("reports",))
    assert {r["path"] for r in rows} == {"patents_raw/patents.csv", "patents_raw/own.zip"}


def test_an_existing_file_is_kept_unless_asked(own_study: Study, tmp_path: Path) -> None:
    out = tmp_path / "p.zip"
    out.write_text("mine")
    with pytest.raises(PackageError, match="exists already"):
        package_study(own_study, out, (), False)
    assert out.read_text() == "mine"
    package_study(own_study, out, (), True)
    assert zipfile.is_zipfile(out)


def test_a_name_that_other_systems_do_not_take_is_refused(
    own_copy: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (own_copy.root / "panel_raw" / "GDP 2009:2022.csv").write_text("province,year\n")
    # as if the study had been run with it
    monkeypatch.setattr("dti_assets.pipeline.packages.package.stale", lambda _: "")
    with pytest.raises(PackageError, match=r"^'panel_raw/GDP 2009:2022\.csv' cannot be"):
        package_study(own_copy, tmp_path / "p.zip", (), False)
    assert not (tmp_path / "p.zip").exists()


def test_a_run_at_work_is_waited_for(own_copy: Study, tmp_path: Path) -> None:
    told = []
    with (own_copy.cache_folder / "run.lock").open("r+b") as other:
        fcntl.flock(other, fcntl.LOCK_EX)

        def tell(sentence: str) -> None:
            told.append(sentence)
            fcntl.flock(other, fcntl.LOCK_UN)

        package_study(own_copy, tmp_path / "p.zip", (), False, tell)
    (said,) = told
    assert said.endswith("is at work on what this study stores; waiting for it to end")


def test_a_study_that_was_never_run_is_left_as_it_is(tmp_path: Path) -> None:
    study = load_study(make_study(tmp_path / "study"))
    with pytest.raises(PackageError, match="has not been made"):
        package_study(study, tmp_path / "p.zip", (), False)
    assert not (study.root / "outputs").exists()


def _append(path: Path, text: str) -> None:
    with path.open("a", encoding="utf-8") as handle:
        handle.write(text)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda s: (s.root / "outputs/data/dti_iv.parquet").unlink(), "asset dti_iv has not"),
        (
            lambda s: (s.root / "outputs/data/policy_attention/2015.parquet").unlink(),
            "asset policy_attention of 2015 has not been made",
        ),
        (
            lambda s: (s.root / "outputs/tables/table_02_baseline.R").unlink(),
            "tables/table_02_baseline.R, which asset tables made, is not there any more",
        ),
        (
            lambda s: _append(s.root / "outputs/panel/panel.csv", "x"),
            "panel/panel.csv is not the file that asset panel_export made",
        ),
        (lambda s: _append(s.root / "study.yaml", "# more\n"), "study.yaml has changed since"),
        (
            lambda s: _append(s.root / "reports_raw/2015_上海.txt", "更多"),
            "report 2015_上海.txt has changed",
        ),
        (
            lambda s: (s.root / "reports_raw/2015_上海.txt").unlink(),
            "report 2015_上海.txt is gone",
        ),
        (
            lambda s: _append(s.root / "reports_raw/北京2014.txt", "新"),
            "report 北京2014.txt was added after",
        ),
        (
            lambda s: _append(
                s.root / "dictionaries/digital_economy_policy.csv", "某个新词,其他,zh,a source,\n"
            ),
            "asset policy_attention was made with other terms",
        ),
        (
            lambda s: _append(s.root / "patents_raw/patents.csv", "CN1,一种杯,江苏,2015-1-1\n"),
            "patents_raw/patents.csv has changed since asset patent_counts was made",
        ),
        (
            # a file that comes with an old date is a change like any other
            lambda s: (
                _append(s.root / "panel_raw/own.csv", "province,year\n"),
                os.utime(s.root / "panel_raw/own.csv", (1e9, 1e9)),
            ),
            "panel_raw/own.csv has changed since asset user_figures was made",
        ),
        (
            lambda s: shutil.copy(
                s.root / "outputs/data/dti_iv.parquet", s.root / "outputs/data/dti.parquet"
            ),
            "was made from another dti than is stored now",
        ),
    ],
)
def test_outputs_that_are_not_the_studys_are_refused(
    own_copy: Study, tmp_path: Path, change: Callable[[Study], object], sentence: str
) -> None:
    change(own_copy)
    with pytest.raises(PackageError, match=re.escape(sentence)) as refused:
        package_study(load_study(own_copy.file), tmp_path / "p.zip", (), False)
    assert str(refused.value).endswith(f"; run: dti run --study {own_copy.file}")
    assert not (tmp_path / "p.zip").exists()


def test_dates_of_files_say_nothing(own_copy: Study, tmp_path: Path) -> None:
    for number, path in enumerate(sorted(own_copy.root.rglob("*"))):
        os.utime(path, (4e9 - 1e7 * (number % 300),) * 2)
    assert package_study(load_study(own_copy.file), tmp_path / "p.zip", (), False).files


@pytest.mark.parametrize(
    ("lines", "key"),
    [
        ("inputs: {reports: ../elsewhere}\n", "inputs.reports"),
        ("audit: {reports: ../elsewhere}\n", "audit.reports"),
        ("outputs: memory://x\n", "outputs"),
    ],
)
def test_places_outside_of_the_study_are_refused(
    own_copy: Study, tmp_path: Path, lines: str, key: str
) -> None:
    with pytest.raises(PackageError, match=key):
        package_study(change_study(own_copy.root, lines), tmp_path / "p.zip", (), False)
