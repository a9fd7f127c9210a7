"""From a finished study to a package, and from nothing but the package to the same numbers."""

import csv
import io
import json
import os
import re
import shutil
import socket
import zipfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from coders import code
from made_studies import FEW_DRAWS, change_study
from small_study import REPORTS, dti, make_study, write_reports

from dti_assets.files import sha256
from dti_assets.patents.tables import TECHNOLOGIES
from dti_assets.pipeline.auditing import draw_patent_sample, draw_report_sample
from dti_assets.pipeline.replicate import (
    left_out_inputs,
    package_study,
    packaged_inputs,
    unpack,
    verify,
)
from dti_assets.pipeline.resources import Workspace
from dti_assets.pipeline.run import Outcome, run
from dti_assets.replication.archive import PackageError, write_archive
from dti_assets.study import Study, load_study

GIVEN = (
    *("report_files", "keyword_counts", "section_words", "keyword_contexts", "candidate_counts"),
    *("patent_row_status", "patent_counts", "patent_totals"),
)
PATENTS = """申请号,标题,申请人地址,申请日
CN201410000001.1,一种基于人工智能的方法,浙江省杭州市,2014-03-01
CN201510000002.2,一种云计算平台,江苏省南京市,2015-03-01
CN201510000003.3,一种水杯,上海市,2015-04-01
"""
COUNTS = "省份,年份,申请量,授权量\n浙江,2014,100,50\n"
FIGURES = "province,year,gdp (亿元)\n浙江,2014,40023\n浙江,2015,43508\n"


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """A study over five own reports, three patents and a file of figures, run as a whole."""
    file = make_study(tmp_path_factory.mktemp("own") / "study", FEW_DRAWS)
    write_reports(file.parent / "reports_raw")
    (file.parent / "patents_raw" / "patents.csv").write_text(PATENTS, encoding="utf-8")
    (file.parent / "panel_raw" / "gdp.csv").write_text(FIGURES, encoding="utf-8")
    (file.parent / "reports_raw" / "sources.csv").write_text(
        "province,year,url\n浙江,2014,https://www.example.gov.cn/a\n", encoding="utf-8"
    )
    study = load_study(file)
    outcome = run(study)
    assert outcome.success, outcome.failures
    return study


@pytest.fixture(scope="module")
def package(finished: Study, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("package") / "own.zip"
    package_study(finished, out, (), False)
    return out


@pytest.fixture
def copy(finished: Study, tmp_path: Path) -> Study:
    shutil.copytree(finished.root, tmp_path / "copy")
    return load_study(tmp_path / "copy" / "study.yaml")


def _read(package: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(package) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_reports_and_patents_stay_at_home_and_their_counts_travel(
    package: Path, finished: Study
) -> None:
    content = _read(package)
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
        assert row["sha256"] == sha256(finished.root / row["path"])
    assert {row["url"] for row in rows} == {"", "https://www.example.gov.cn/a"}
    listed = {row["path"]: row for row in csv.DictReader(
        io.StringIO(content["checksums.csv"].decode()))}  # fmt: skip
    assert listed.keys() == content.keys() - {"manifest.json", "checksums.csv"}
    assert listed["outputs/tables/table_02_baseline.do"]["made_by"] == "tables"
    assert listed["outputs/data/dti_iv.parquet"]["made_by"] == "dti_iv"
    constraints = content["constraints.txt"].decode().splitlines()
    assert all(re.fullmatch(r"[a-z0-9-]+==[^@/ ]+", line) for line in constraints)


def test_the_readme_follows_the_template(package: Path) -> None:
    page = _read(package)["README.md"].decode()
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


def test_a_package_names_no_place_of_this_machine(package: Path, finished: Study) -> None:
    for name, content in _read(package).items():
        for secret in (str(finished.root), str(Path.home()) + "/", socket.gethostname()):
            if len(secret) > 6:
                assert secret.encode() not in content, name


def test_two_packages_differ_in_the_manifest_alone(
    package: Path, finished: Study, tmp_path: Path
) -> None:
    package_study(finished, tmp_path / "again.zip", (), False)
    first, second = _read(package), _read(tmp_path / "again.zip")
    assert list(first) == list(second) == sorted(first)
    differing = {name for name in first if first[name] != second[name]}
    assert differing <= {"manifest.json"}
    one, two = (json.loads(content["manifest.json"]) for content in (first, second))
    assert {key for key in one if one[key] != two[key]} <= {"made"}
    assert one["run_seconds"] > 0


def test_from_the_package_alone_come_the_same_numbers(package: Path, tmp_path: Path) -> None:
    """With reports left out their counts are taken as given, and that is said."""
    alone = tmp_path / "empty"
    alone.mkdir()
    shutil.copyfile(package, alone / "own.zip")
    done = dti("verify", "own.zip", "--into", "kept", cwd=alone)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert lines[-1] == "identical"
    said = "taken as given, their inputs are not in the package: " + ", ".join(GIVEN)
    assert said in lines
    compared = next(int(line.split()[0]) for line in lines if line.endswith("files compared"))
    assert compared > 130
    rerun = alone / "kept" / "rerun"
    assert (rerun / "outputs" / "report.html").is_file()
    assert not (rerun / "outputs" / "data" / "report_texts").exists()


def test_of_the_shipped_study_everything_travels(
    official: tuple[Study, Outcome], tmp_path: Path
) -> None:
    """Published counts and official figures ship with the program: nothing is taken as given. The
    commands of docs/replication.md are run on this study (test_docs)."""
    made = package_study(official[0], tmp_path / "p.zip", (), False)
    assert made.given == () and made.left_out == {}
    travel = _read(tmp_path / "p.zip").keys()
    assert "outputs/data/keyword_counts/2016.parquet" in travel
    assert {"outputs/report.html", "outputs/panel/panel.dta"} <= travel


def _repacked(package: Path, target: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    """The package with other content and, as a forger would make them, right checksums."""
    import hashlib

    content = _read(package)
    change(content)
    rows = list(csv.DictReader(io.StringIO(content["checksums.csv"].decode())))
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    for row in rows:
        if row["path"] in content:
            row["sha256"] = hashlib.sha256(content[row["path"]]).hexdigest()
            row["bytes"] = str(len(content[row["path"]]))
            writer.writerow(row)
    content["checksums.csv"] = out.getvalue().encode()
    manifest = json.loads(content["manifest.json"])
    manifest["checksums_sha256"] = hashlib.sha256(content["checksums.csv"]).hexdigest()
    content["manifest.json"] = json.dumps(manifest).encode()
    write_archive(target, content)
    return target


@pytest.fixture
def rerun_as_finished(finished: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reruns make what the finished run made: another run would make the same."""

    def rerun(study: Study, *_: object, **__: object) -> Outcome:
        shutil.copytree(finished.root / "outputs", study.root / "outputs", dirs_exist_ok=True)
        return Outcome(True)

    monkeypatch.setattr("dti_assets.pipeline.replicate.run", rerun)


@pytest.mark.usefixtures("rerun_as_finished")
def test_a_number_that_does_not_come_out_again_is_named(package: Path, tmp_path: Path) -> None:
    name = "outputs/data/capital_distances.parquet"

    def change(content: dict[str, bytes]) -> None:
        frame = pd.read_parquet(io.BytesIO(content["outputs/data/dti_iv.parquet"]))
        frame.loc[0, "distance_km"] += 0.001
        buffer = io.BytesIO()
        frame.to_parquet(buffer)
        content["outputs/data/dti_iv.parquet"] = buffer.getvalue()
        # 1e-12 of the value away: another library's last digit
        frame = pd.read_parquet(io.BytesIO(content[name]))
        frame["great_circle_km"] *= 1 + 1e-12
        buffer = io.BytesIO()
        frame.to_parquet(buffer)
        content[name] = buffer.getvalue()

    changed = _repacked(package, tmp_path / "changed.zip", change)
    found = verify(unpack(changed, tmp_path / "into"))
    assert found.differing == ["outputs/data/dti_iv.parquet"] and not found.succeeded
    assert found.results["outputs/data/dti_iv.parquet"].where.startswith(
        "row 1, column distance_km"
    )
    assert found.results[name].verdict == "equal"
    assert found.verdict == f"different: 1 of {len(found.results)} files"


def _without(name: str) -> Callable[[dict[str, bytes]], object]:
    return lambda content: content.pop(name)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (_without("manifest.json"), "no manifest.json"),
        (_without("checksums.csv"), "no checksums.csv"),
        (_without("study.yaml"), "study.yaml is listed in checksums.csv but is not there"),
        (lambda c: c.update({"manifest.json": b"{"}), "manifest.json is not readable"),
        (lambda c: c.update({"manifest.json": b"{}"}), "a format this version does not know"),
        (lambda c: c.update({"extra.py": b""}), "extra.py is not listed"),
        (lambda c: c.update({"study.yaml": c["study.yaml"] + b"#"}), "study.yaml is not the file"),
        (lambda c: c.update({"checksums.csv": c["checksums.csv"] + b"\n"}), "is not the one"),
    ],
)
def test_a_package_that_is_not_whole_is_refused(
    package: Path, tmp_path: Path, change: Callable[[dict[str, bytes]], object], sentence: str
) -> None:
    content = _read(package)
    change(content)
    write_archive(tmp_path / "bad.zip", content)
    with pytest.raises(PackageError, match=re.escape(sentence)):
        unpack(tmp_path / "bad.zip", tmp_path / "into")
    into = tmp_path / "into"
    assert not into.exists() or not any(into.iterdir())


def test_a_package_that_gives_its_results_is_refused(package: Path, tmp_path: Path) -> None:
    def change(content: dict[str, bytes]) -> None:
        manifest = json.loads(content["manifest.json"])
        manifest["given"].append("table_02_baseline")
        content["manifest.json"] = json.dumps(manifest).encode()

    with pytest.raises(PackageError, match="table_02_baseline may not be taken as given"):
        unpack(_repacked(package, tmp_path / "p.zip", change), tmp_path / "into")


IV = "outputs/data/dti_iv.parquet"


def _labelled(name: str, path: str = IV) -> Callable[[dict[str, bytes]], None]:
    """An altered table under that path and label."""

    def change(content: dict[str, bytes]) -> None:
        frame = pd.read_parquet(io.BytesIO(content[IV]))
        frame.loc[0, "distance_km"] += 0.001
        buffer = io.BytesIO()
        frame.to_parquet(buffer)
        content[path] = buffer.getvalue()
        lines = content["checksums.csv"].decode().splitlines()
        kept = [line for line in lines if not line.startswith(f"{path},")]
        content["checksums.csv"] = "\n".join([*kept, f"{path},0,,{name}\n"]).encode()

    return change


@pytest.mark.parametrize(
    ("label", "path"),
    [
        *(("x", IV), ("", IV), ("input", IV), ("keyword_counts", IV)),
        *(("input", "outputs/cache/texts/a.json"), ("input", ".dagster/dagster.yaml")),
        ("keyword_counts", "outputs/cache/texts/a.json"),
    ],
)
def test_a_label_under_which_a_result_would_not_be_compared_is_refused(
    package: Path, tmp_path: Path, label: str, path: str
) -> None:
    changed = _repacked(package, tmp_path / "p.zip", _labelled(label, path))
    with pytest.raises(PackageError, match=f"{path} may not be made by '{label}'"):
        unpack(changed, tmp_path / "into")


@pytest.mark.usefixtures("rerun_as_finished")
@pytest.mark.parametrize("label", ["dti package", "report_texts", "report_downloads"])
def test_what_the_rerun_makes_is_compared_whatever_its_label(
    package: Path, tmp_path: Path, label: str
) -> None:
    changed = _repacked(package, tmp_path / "p.zip", _labelled(label))
    assert verify(unpack(changed, tmp_path / "into")).differing == [IV]


@pytest.mark.usefixtures("rerun_as_finished")
@pytest.mark.parametrize("gone", [IV, "outputs/report.html"])
def test_a_result_that_is_not_in_the_package_is_a_difference(
    package: Path, tmp_path: Path, gone: str
) -> None:
    found = verify(unpack(_repacked(package, tmp_path / "p.zip", _without(gone)), tmp_path / "i"))
    assert found.differing == [gone] and not found.succeeded
    assert found.results[gone].where == "it is not in the package"


def test_a_package_whose_study_leads_elsewhere_is_refused(package: Path, tmp_path: Path) -> None:
    def change(content: dict[str, bytes]) -> None:
        content["study.yaml"] += b"outputs: ../../elsewhere\n"

    with pytest.raises(PackageError, match=r"outputs is \.\./\.\./elsewhere, outside"):
        unpack(_repacked(package, tmp_path / "p.zip", change), tmp_path / "into")


def test_the_command_answers_a_bad_package_with_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "bad.zip").write_text("no archive")
    done = dti("verify", "bad.zip", cwd=tmp_path)
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.count("\n") == 1 and "no ZIP file" in done.stderr
    done = dti("package", "out.zip", cwd=tmp_path)
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and "study.yaml" in done.stderr


@pytest.fixture
def labelled(copy: Study) -> Study:
    """The study with a labelled sample of its reports, in which every other item is wrong."""
    folder = copy.root / "audit" / "reports"
    key = draw_report_sample(Workspace(copy), folder, 60, 2, 1)
    label = {item: {"digital": at % 2, "comment": "人说"} for at, item in enumerate(key["item"])}
    code(folder, label, slips=0.1)
    outcome = run(copy, "measurement_audit+")
    assert outcome.success, outcome.failures
    return copy


def test_labels_travel_without_sentences_and_give_the_same_audit(
    labelled: Study, tmp_path: Path
) -> None:
    made = package_study(labelled, tmp_path / "p.zip", (), False)
    assert made.given == GIVEN, "results of an audit are made again, not given"
    content = _read(tmp_path / "p.zip")
    sheets = [name for name in content if name.startswith("audit/reports/")]
    assert sheets == ["audit/reports/coder_1.xlsx", "audit/reports/coder_2.xlsx"]
    for name in sheets:
        there = pd.read_excel(labelled.root / name, sheet_name="items")
        book = pd.read_excel(io.BytesIO(content[name]), sheet_name=None)
        pd.testing.assert_frame_equal(book["items"], there[["item", "digital"]])
        with zipfile.ZipFile(io.BytesIO(content[name])) as parts:
            written = "".join(parts.read(part).decode() for part in parts.namelist())
        shown = there[["before", "keyword", "after", "comment"]].to_numpy().ravel()
        assert not [text for text in shown if isinstance(text, str) and text in written]
    (key,) = (name for name in content if "/audit_keys/" in name)
    assert "text" not in pd.read_parquet(io.BytesIO(content[key])).columns
    assert "labels yes, what was labelled no" in content["README.md"].decode()
    found = verify(unpack(tmp_path / "p.zip", tmp_path / "into"))
    assert found.verdict == "identical"
    assert "outputs/data/measurement_audit.parquet" in found.results
    made_again = pd.read_parquet(tmp_path / "into/rerun/outputs/data/measurement_audit.parquet")
    assert made_again["estimate"].notna().any()
    package_study(labelled, tmp_path / "q.zip", ("reports",), False)
    whole = (labelled.root / sheets[0]).read_bytes()
    assert _read(tmp_path / "q.zip")[sheets[0]] == whole, "what was labelled travels with reports"


def test_an_audit_of_patents_is_given_where_their_records_are_not(
    copy: Study, tmp_path: Path
) -> None:
    folder = copy.root / "audit" / "patents"
    key = draw_patent_sample(Workspace(copy), folder, 3, 2, 1)
    code(folder, {item: dict.fromkeys(TECHNOLOGIES, 1) for item in key["item"]})
    assert run(copy, "measurement_audit+").success
    assert package_study(copy, tmp_path / "p.zip", ("reports",), False).given == (
        *GIVEN[5:],
        "measurement_audit",
    )
    unpacked = unpack(tmp_path / "p.zip", tmp_path / "into")
    sheet = unpacked.study.root / "audit/patents/coder_1.xlsx"
    assert list(pd.read_excel(sheet)) == ["item", *TECHNOLOGIES]
    given = (unpacked.study.root / "outputs/data/measurement_audit.parquet").read_bytes()
    assert given == (copy.root / "outputs/data/measurement_audit.parquet").read_bytes()
    with_records = package_study(copy, tmp_path / "q.zip", ("patents",), False)
    assert "measurement_audit" not in with_records.given

    def change(content: dict[str, bytes]) -> None:
        for name in [name for name in content if name.startswith("audit/patents/")]:
            del content[name]

    forged = _repacked(tmp_path / "p.zip", tmp_path / "r.zip", change)
    with pytest.raises(PackageError, match="measurement_audit may not be taken as given"):
        unpack(forged, tmp_path / "elsewhere")


def test_sheets_that_came_after_the_run_are_not_packaged(copy: Study, tmp_path: Path) -> None:
    draw_report_sample(Workspace(copy), copy.root / "audit" / "reports", 60, 2, 1)
    said = "audit/reports/coder_1.xlsx has changed since asset measurement_audit was made"
    with pytest.raises(PackageError, match=said):
        package_study(copy, tmp_path / "p.zip", (), False)


def test_inputs_travel_when_they_may(finished: Study, tmp_path: Path) -> None:
    made = package_study(finished, tmp_path / "p.zip", ("reports", "patents"), False)
    assert made.given == () and made.left_out == {}
    content = _read(tmp_path / "p.zip")
    assert {f"reports_raw/{name}" for name in REPORTS} <= content.keys()
    assert "outputs/data/report_texts/2014.parquet" in content
    assert {"patents_raw/patents.csv", "outputs/data/digital_patents.parquet"} <= content.keys()


def test_addresses_are_read_as_a_download_reads_them(copy: Study) -> None:
    """Whatever a spreadsheet made of sources.csv, and however it names a province."""
    address = "https://www.example.gov.cn/"
    rows = f"province,year,url\nZhejiang,2014,{address}a\n浙江省,2015,{address}b\n江苏,2014,NA\n"
    (copy.root / "reports_raw" / "sources.csv").write_bytes(rows.encode("gb18030"))
    urls = {row["path"]: row["url"] for row in left_out_inputs(Workspace(copy), ("patents",))}
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


def test_patents_travel_from_behind_links(copy: Study, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    shutil.move(copy.root / "patents_raw" / "patents.csv", tmp_path / "elsewhere")
    (copy.root / "patents_raw" / "linked").symlink_to(tmp_path / "elsewhere")
    assert "patents_raw/linked/patents.csv" in packaged_inputs(copy, set())
    left_out = {row["path"] for row in left_out_inputs(Workspace(copy), ())}
    assert "patents_raw/linked/patents.csv" in left_out
    assert not any(name.endswith("patents.csv") for name in packaged_inputs(copy, left_out))


def test_counts_of_patents_are_no_records_and_travel(copy: Study) -> None:
    (copy.root / "patents_raw" / "patents.csv").unlink()
    (copy.root / "patents_raw" / "counts.csv").write_text(COUNTS, encoding="utf-8")
    left_out = left_out_inputs(Workspace(copy), ())
    assert {row["kind"] for row in left_out} == {"reports"}
    assert "patents_raw/counts.csv" in packaged_inputs(copy, {row["path"] for row in left_out})


def test_an_existing_file_is_kept_unless_asked(finished: Study, tmp_path: Path) -> None:
    out = tmp_path / "p.zip"
    out.write_text("mine")
    with pytest.raises(PackageError, match="exists already"):
        package_study(finished, out, (), False)
    assert out.read_text() == "mine"
    package_study(finished, out, (), True)
    assert zipfile.is_zipfile(out)


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
    copy: Study, tmp_path: Path, change: Callable[[Study], object], sentence: str
) -> None:
    change(copy)
    with pytest.raises(PackageError, match=re.escape(sentence)) as refused:
        package_study(load_study(copy.file), tmp_path / "p.zip", (), False)
    assert str(refused.value).endswith(f"; run: dti run --study {copy.file}")
    assert not (tmp_path / "p.zip").exists()


def test_dates_of_files_say_nothing(copy: Study, tmp_path: Path) -> None:
    for number, path in enumerate(sorted(copy.root.rglob("*"))):
        os.utime(path, (4e9 - 1e7 * (number % 300),) * 2)
    assert package_study(load_study(copy.file), tmp_path / "p.zip", (), False).files


@pytest.mark.parametrize(
    ("lines", "key"),
    [
        ("inputs: {reports: ../elsewhere}\n", "inputs.reports"),
        ("audit: {reports: ../elsewhere}\n", "audit.reports"),
        ("outputs: memory://x\n", "outputs"),
    ],
)
def test_places_outside_of_the_study_are_refused(
    copy: Study, tmp_path: Path, lines: str, key: str
) -> None:
    with pytest.raises(PackageError, match=key):
        package_study(change_study(copy.root, lines), tmp_path / "p.zip", (), False)
