"""The `dti` command as a user meets it: what it prints, and one sentence for every bad input."""

import contextlib
import csv
import io
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pandas as pd
import pytest
import samples
from small_study import dti, make_study, stored_bytes
from ui_server import serving

from dti_assets.pipeline.execution.run import run
from dti_assets.store.parquet import Store
from dti_assets.study.config import load_study
from dti_assets.text.tables import REPORT_FILES


def test_run_show_and_kwic(small_study: Path) -> None:
    done = dti("run", "--study", "study.yaml", "--select", "+dti_iv", cwd=small_study.parent)
    assert done.returncode == 0, done.stderr
    assert "5 read, 0 reused, 0 refused" in done.stderr
    assert "needs attention" in done.stdout and "福建" in done.stdout
    # progress on one stream and the summary on the other, nothing on both
    assert not set(done.stdout.splitlines()) & set(done.stderr.splitlines())

    shown = dti("show", "dti_iv", "--format", "csv", "--study", str(small_study))
    rows = list(csv.DictReader(io.StringIO(shown.stdout)))
    assert len(rows) == 62 and sum(bool(row["dti_iv"]) for row in rows) == 60
    as_json = json.loads(
        dti("show", "dti_iv", "--format", "json", "--study", str(small_study)).stdout
    )
    assert [float(r["dti_iv"]) if r["dti_iv"] else None for r in rows] == [
        r["dti_iv"] for r in as_json
    ]
    table = dti("show", "report_files", "--study", str(small_study)).stdout
    assert "浙江2015.html" in table and "ok" in table

    # what a check found, as the run said it
    gaps = dti("show", "policy_attention.coverage", "--study", str(small_study))
    assert gaps.stdout.startswith("福建 2014-2015: no report in the folder")
    assert f"    - {gaps.stdout}" in done.stdout
    as_csv = dti(
        "show", "policy_attention.coverage", "--format", "csv", "--study", str(small_study)
    )
    assert list(csv.reader(io.StringIO(as_csv.stdout))) == [["finding"], [gaps.stdout.rstrip()]]
    fine = dti("show", "report_files.all_read", "--study", str(small_study))
    assert (fine.stdout, fine.stderr) == ("", "nothing to look at\n")
    wrong = dti("show", "policy_attention.coverag", "--study", str(small_study))
    assert wrong.returncode == 2 and "did you mean policy_attention.coverage?" in wrong.stderr
    unmade = dti("show", "panel.outliers", "--study", str(small_study))
    assert unmade.returncode == 2 and "has not been made; run: dti run" in unmade.stderr

    found = dti(
        "kwic", "区块链", "--province", "Jiangsu", "--year", "2015", "--study", str(small_study)
    )
    lines = found.stdout.splitlines()
    assert len(lines) == 25 and "25 occurrences" in found.stderr
    assert all("【区块链】" in line and "2015/江苏.pdf p. " in line for line in lines)


def _kwic(study: Path, *arguments: str) -> tuple[int, str]:
    """How many occurrences are printed, and what is said of them."""
    done = dti("kwic", *arguments, "--study", str(study))
    assert done.returncode == 0, done.stderr
    return len(done.stdout.splitlines()), done.stderr.rstrip("\n")


def test_kwic_prints_what_is_counted_and_says_what_is_not(tmp_path: Path) -> None:
    study = make_study(tmp_path / "s", years="[2015, 2015]")
    lines = [*samples.report_lines(), "新增储能容量55GWh。建设5G网络。", "名词解释", "5G：指说法。"]
    reports = study.parent / "reports_raw"
    (reports / "浙江2015.txt").write_text("\n".join(lines), encoding="utf-8")
    (reports / "江苏2015.txt").write_text("各位代表", encoding="utf-8")
    assert run(load_study(study), "report_files").success
    refused = "\n1 file was not counted: dti show report_files"
    # 22 times inside 5G基站 and once inside 55GWh, where no 5G is; once in the annex
    outside = ", 1 of them in sections the study leaves out"
    said = {
        "longest": (2, f"2 occurrences of 5G counted (hits: longest){outside}{refused}"),
        "token": (2, f"2 occurrences of 5G counted (hits: token){outside}{refused}"),
        "overlap": (24, f"24 occurrences of 5G counted (hits: overlap){outside}{refused}"),
    }
    shipped = study.read_text(encoding="utf-8")
    for hits, expected in said.items():
        study.write_text(f"{shipped}text: {{hits: {hits}}}\n", encoding="utf-8")
        assert _kwic(study, "5G") == expected
    one = _kwic(study, "5g", "--section", "annex")
    assert one == (1, f"1 occurrence of 5g counted (hits: overlap){outside}{refused}")
    found, end = _kwic(study, "5G", "--year", "2019")
    assert found == 0 and end.endswith("2019 is no year of the study, which is one of 2015 to 2015")
    # neither a word that never was a term nor one that is none any more
    none = "is not a term of the dictionary: 22 occurrences in the texts, none counted"
    assert _kwic(study, "农业") == (22, f"农业 {none}{refused}")
    terms = study.parent / "dictionaries/digital_economy_policy.csv"
    whole = terms.read_text("utf-8")
    kept = [t for t in whole.splitlines() if not t.startswith("大数据,")]
    terms.write_text("\n".join(kept), encoding="utf-8")
    assert _kwic(study, "大数据") == (22, f"大数据 {none}{refused}")

    (reports / "浙江2015.txt").unlink()
    assert run(load_study(study), "report_files").success
    assert _kwic(study, "5G")[1].endswith(
        "\n1 file in the folder, none read as a report: dti show report_files"
    )
    (reports / "江苏2015.txt").unlink()
    # only counts of the dictionary as it ships can stand in
    terms.write_text(whole, encoding="utf-8")
    assert run(load_study(study), "report_files").success
    assert _kwic(study, "5G")[1].endswith("published counts have figures, not sentences")
    shown = dti("show", "report_files", "--study", str(study))
    assert shown.stdout.startswith("path") and shown.stderr == "0 rows\n"


def test_new_makes_a_study_that_runs(tmp_path: Path) -> None:
    assert dti("new", "mine", cwd=tmp_path).returncode == 0
    done = dti("run", "--study", "mine/study.yaml", "--years", "2015", "--select", "+dti_iv",
               cwd=tmp_path)  # fmt: skip
    assert done.returncode == 0, done.stderr
    note = "tables cover 2015 only; study.yaml says 2009-2022: dti run rebuilds all"
    assert note in done.stdout.splitlines() and "\033" not in done.stderr + done.stdout
    assert len(dti("show", "dti_iv", "--study", "mine/study.yaml", "--years", "2015",
                   "--format", "csv", cwd=tmp_path).stdout.splitlines()) == 32  # fmt: skip
    # the rest of the study stays as it is, so whoever looks at the table is told
    short = "dti_iv holds 2015 only, and the study is one of 2009-2022"
    shown = dti("show", "dti_iv", "--study", "mine/study.yaml", cwd=tmp_path)
    assert f"{short}: dti run makes it whole\n" in shown.stderr
    looked = dti("doctor", "--study", "mine/study.yaml", cwd=tmp_path)
    assert f"! {short}\n    mend: dti run\n" in looked.stdout and looked.returncode == 0
    again = dti("new", "mine", cwd=tmp_path)
    assert again.returncode == 2 and "overwrites nothing" in again.stderr


def _no_study(folder: Path) -> None:
    (folder / "study.yaml").unlink()


def _broken_study(folder: Path) -> None:
    (folder / "study.yaml").write_text("years: [2014, 2015]\ntext: {hits: most}\n")


def _no_dictionary(folder: Path) -> None:
    (folder / "dictionaries/digital_economy_policy.csv").unlink()


def _broken_dictionary(folder: Path) -> None:
    with (folder / "dictionaries/digital_economy_policy.csv").open("a", encoding="utf-8") as f:
        f.write("云,x,zh,s,,\n")


def _no_folder(folder: Path) -> None:
    shutil.rmtree(folder / "reports_raw")


def _file_for_folder(folder: Path) -> None:
    _no_folder(folder)
    (folder / "reports_raw").write_text("x")


def _empty_with_edited_dictionary(folder: Path) -> None:
    with (folder / "dictionaries/digital_economy_policy.csv").open("a", encoding="utf-8") as f:
        f.write("国际合作,own,zh,s,,\n")


def _years_without_counts(folder: Path) -> None:
    (folder / "study.yaml").write_text("years: [2022, 2024]\n")


def _years_to_come(folder: Path) -> None:
    (folder / "study.yaml").write_text("years: [2014, 2099]\n")


def _unknown_province(folder: Path) -> None:
    (folder / "study.yaml").write_text(
        "years: [2014, 2015]\ntext: {settled: {a.txt: {province: Zhejang, year: 2014}}}\n"
    )


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_no_study, "study.yaml: No such file"),
        (_broken_study, "text.hits is 'most'"),
        (_no_dictionary, "digital_economy_policy.csv: No such file"),
        (_broken_dictionary, "line 144: term '云' is a single character"),
        (_no_folder, "reports_raw does not exist"),
        (_file_for_folder, "reports_raw does not exist"),
        (_empty_with_edited_dictionary, "not the shipped dictionary"),
        (_years_without_counts, "no counts are published for 2023, 2024"),
        (_years_to_come, "years end in 2099, but the last year"),
        (_unknown_province, "unknown province 'Zhejang'"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_2(tmp_path: Path, spoil, said: str) -> None:
    study = make_study(tmp_path / "s")
    spoil(study.parent)
    done = dti("run", "--study", str(study))
    assert done.returncode == 2
    sentence = [line for line in done.stderr.splitlines() if line.startswith("dti: ")]
    assert len(sentence) == 1 and said in sentence[0]
    assert "Traceback" not in done.stderr and stored_bytes(study) == {}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("run", "--select", "+dti_ivv"), "no asset is called dti_ivv; did you mean dti_iv?"),
        (("run", "--select", "dti_iv,panl"), "--select panl: no asset is called panl; did you"),
        (("show", "nosuch"), "no asset is called 'nosuch'; there are\n  report_downloads, "),
        (("run", "--years", "twenty"), "neither a year nor two"),
        (("run", "--years", "2009-"), "'2009-' is neither a year nor two"),
        (("run", "--years", "-2009"), "'-2009' is neither a year nor two"),
        (("run", "--years", "2009-2010-2011"), "neither a year nor two"),
        (("show", "dtiiv"), "did you mean dti_iv?"),
        (("show", "dti_iv"), "has not been made; run: dti run"),
        (("kwic", "云", "--province", "Zhejang"), "unknown province 'Zhejang'"),
        (("nonsense",), "No such command"),
        (("run", "--select", ""), "--select is empty; leave it out"),
        (("run", "--years", ""), "'' is neither a year nor two"),
        (("kwic", " "), "TERM is empty"),
        (("kwic", "云", "--province", ""), "unknown province ''"),
        (("template", "panel", "x.csv"), "x.csv: a workbook is made, whose name ends in .xlsx"),
    ],
)
def test_bad_usage_is_exit_2(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    study = make_study(tmp_path / "s")
    done = dti(*arguments, cwd=study.parent)
    assert done.returncode == 2 and said in done.stderr and "Traceback" not in done.stderr


def _into_a_closed_pipe(*arguments: str) -> subprocess.CompletedProcess[str]:
    """A command whose reader (head) has gone; the process ends as a user's does."""
    gone, pipe = os.pipe()
    os.close(gone)
    try:
        return subprocess.run(
            [sys.executable, "-c", "from dti_assets.cli.main import main; main()", *arguments],
            stdout=pipe, stderr=subprocess.PIPE, text=True, timeout=300,
        )  # fmt: skip
    finally:
        os.close(pipe)


def test_a_reader_that_has_enough_is_no_failure(tmp_path: Path) -> None:
    study = make_study(tmp_path / "s")
    # more than any buffer holds
    paths = pd.DataFrame({"path": [f"{number}.txt" for number in range(5_000)]})
    table = load_study(study).level.table(REPORT_FILES)
    Store(str(study.parent / "outputs")).write(table, paths)
    for arguments in (("schema", "study"), ("show", "report_files", "--study", str(study))):
        done = _into_a_closed_pipe(*arguments)
        assert (done.returncode, done.stderr) == (0, ""), arguments
    # the status of the others still says how their work ended
    done = _into_a_closed_pipe("doctor", "--study", str(study))
    assert (done.returncode, done.stderr) == (0, "")
    done = _into_a_closed_pipe("run", "--study", str(study), "--select", "capital_distances")
    assert (done.returncode, done.stderr.count("BrokenPipe")) == (0, 0)
    shutil.rmtree(study.parent / "reports_raw")
    done = _into_a_closed_pipe("doctor", "--study", str(study))
    assert (done.returncode, done.stderr) == (2, "")


def test_a_command_without_streams_says_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "from dti_assets.cli.main import main; main()", "new", "s"]
    shell = ["sh", "-c", 'exec "$@" >&- 2>&-', "sh", *command]
    assert subprocess.run(shell, cwd=tmp_path, timeout=300).returncode == 0
    assert (tmp_path / "s" / "study.yaml").is_file()


def test_what_is_settled_must_be_in_the_folder(tmp_path: Path) -> None:
    study = make_study(tmp_path / "s")
    shipped = study.read_text(encoding="utf-8")
    report = study.parent / "reports_raw" / "2014" / "浙江2014.txt"
    report.parent.mkdir()
    report.write_text(samples.report_text("浙江省", 2015), encoding="utf-8")
    for path, hint in (
        ("2014/浙江2014.text", "; did you mean 2014/浙江2014.txt?"),
        ("a.pdf", ""),
    ):
        study.write_text(f"{shipped}text: {{settled: {{{path}: {{ignore: true}}}}}}\n", "utf-8")
        done = dti("run", "--select", "report_files", cwd=study.parent)
        said = done.stderr.splitlines()
        assert done.returncode == 2 and said[-1].startswith("dti: study ") and len(said) == 2
        assert f"text.settled names {path}, which is not in the reports folder" in said[-1]
        assert said[-1].endswith(f"{report.parents[1]}{hint}")
    settled = "2014/浙江2014.txt: {ignore: true}"
    study.write_text(f"{shipped}text: {{settled: {{{settled}}}}}\n", "utf-8")
    done = dti("run", "--select", "report_files", cwd=study.parent)
    assert done.returncode == 0 and "report_files.all_read" not in done.stderr


def test_a_damaged_table_is_one_sentence_and_made_anew(tmp_path: Path) -> None:
    study = make_study(tmp_path / "s")
    show = ("show", "capital_distances", "--study", str(study))
    assert run(load_study(study), "capital_distances").success
    path = study.parent / "outputs/data/capital_distances.parquet"
    path.write_bytes(path.read_bytes()[:100])
    done = dti(*show)
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("dti: table capital_distances is damaged (")
    assert done.stderr.endswith("; run dti run\n")
    assert run(load_study(study), "capital_distances").success
    assert dti(*show).returncode == 0


def test_a_folder_of_hostile_files(tmp_path: Path) -> None:
    study = make_study(tmp_path / "s")
    reports = study.parent / "reports_raw"
    good = samples.report_text("浙江省", 2015)
    files = {
        "浙江2015.txt": good.encode(),
        "encrypted.pdf": samples.encrypted_pdf(),
        "truncated.pdf": samples.text_pdf(samples.report_lines())[:4000],
        "zero.docx": b"",
        "page.pdf": samples.html(samples.report_lines("江苏省", 2014)),
        "image.pdf": samples.image_pdf(),
        "unmapped.pdf": samples.unmapped_pdf(),
        "cyclic.pdf": samples.cyclic_pdf(),
        "bomb.docx": samples.docx_bomb(),
        "old.doc": samples.legacy_doc(),
        "cut.txt": samples.report_text("北京市", 2014).encode()[:-1],
        "city.txt": samples.report_text("杭州市", 2015).encode(),
        "上海2014.txt": samples.report_text("上海市", 2015).encode(),
        "安徽2015a.txt": samples.report_text("安徽省", 2015).encode(),
        "安徽2015b.txt": samples.report_text("安徽省", 2015, repeats=30).encode(),
    }
    for name, content in files.items():
        (reports / name).write_bytes(content)
    done = dti("run", "--study", str(study), "--select", "+dti_iv")
    assert done.returncode == 0, done.stderr
    shown = dti("show", "report_files", "--format", "json", "--study", str(study)).stdout
    rows = {row["path"]: row for row in json.loads(shown)}
    assert {name: row["status"] for name, row in rows.items()} == {
        "浙江2015.txt": "ok",
        "encrypted.pdf": "encrypted",
        "truncated.pdf": "damaged",
        "zero.docx": "empty",
        "page.pdf": "ok",
        "image.pdf": "scanned",
        "unmapped.pdf": "garbled",
        "cyclic.pdf": rows["cyclic.pdf"]["status"],
        "bomb.docx": "too_large",
        "old.doc": "unsupported",
        "cut.txt": "damaged",
        "city.txt": "not_a_report",
        "上海2014.txt": "conflict",
        "安徽2015a.txt": "conflict",
        "安徽2015b.txt": "conflict",
    }
    assert rows["cyclic.pdf"]["status"] in ("too_large", "damaged")
    assert all(row["reason"] for row in rows.values() if row["status"] != "ok")
    counted = json.loads(dti("show", "dti_iv", "--format", "json", "--study", str(study)).stdout)
    origin = {(row["province"], row["year"]): row["origin"] for row in counted}
    assert origin["浙江", 2015] == origin["江苏", 2014] == "text"
    assert origin["安徽", 2015] is None and origin["北京", 2014] == "published"


def test_a_port_in_use_is_told(small_study: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = dti("ui", "--study", str(small_study), "--port", port)
    assert done.returncode == 2
    assert f"port {port} is in use; choose another with --port" in done.stderr


def test_the_ui_ends_whole_when_it_is_told_to(small_study: Path) -> None:
    # a shell that puts a command into the background has it and its children ignore Ctrl-C
    command = (
        "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN); "
        "from dti_assets.cli.main import main; main()"
    )
    ui = ("-c", command, "ui", "--study", str(small_study))
    with serving(small_study.parent, *ui, end=signal.SIGTERM) as url:
        assert len(_processes(small_study)) > 1 or not Path("/proc/self").exists()
    with pytest.raises(OSError):
        urllib.request.urlopen(url, timeout=5)
    assert _processes(small_study) == []


def test_what_a_server_leaves_behind_has_ended_too(tmp_path: Path) -> None:
    last = "import time; time.sleep(1); open('ended', 'w')"
    server = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {last!r}])"
    command = (
        "import os, sys; from pathlib import Path; from dti_assets.cli.ui import _serve; "
        f"sys.exit(_serve([sys.executable, '-c', {server!r}], dict(os.environ), Path.cwd()))"
    )
    done = subprocess.run([sys.executable, "-c", command], cwd=tmp_path, timeout=60)
    assert done.returncode == 0 and (tmp_path / "ended").exists()


def _processes(study: Path) -> list[str]:
    """The processes of this machine that work for a study, where /proc tells."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if f"DTI_STUDY={study.resolve()}".encode() in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_text())
    # one that has ended and is not yet waited for has no command line
    return [line for line in found if line]
