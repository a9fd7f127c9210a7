"""From nothing but a package to the same numbers; and packages that are not what they say."""

import hashlib
import io
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from packages import GIVEN, content_of, repacked
from small_study import dti

from dti_assets.errors import PackageError
from dti_assets.pipeline.execution.run import Outcome
from dti_assets.pipeline.packages.package import STANDING_IN
from dti_assets.pipeline.packages.verify import unpack, verify
from dti_assets.replication.archive import write_archive
from dti_assets.study.config import Study


def test_from_the_package_alone_come_the_same_numbers(own_package: Path, tmp_path: Path) -> None:
    """With reports left out their counts are taken as given, and that is said."""
    alone = tmp_path / "empty"
    alone.mkdir()
    shutil.copyfile(own_package, alone / "own.zip")
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


@pytest.fixture
def rerun_as_finished(own_study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reruns make what the finished run made: another run would make the same."""

    def rerun(study: Study, *_: object, **__: object) -> Outcome:
        shutil.copytree(own_study.root / "outputs", study.root / "outputs", dirs_exist_ok=True)
        return Outcome(True)

    monkeypatch.setattr("dti_assets.pipeline.packages.verify.run", rerun)


@pytest.mark.usefixtures("rerun_as_finished")
def test_a_number_that_does_not_come_out_again_is_named(own_package: Path, tmp_path: Path) -> None:
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

    changed = repacked(own_package, tmp_path / "changed.zip", change)
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
    own_package: Path, tmp_path: Path, change: Callable[[dict[str, bytes]], object], sentence: str
) -> None:
    content = content_of(own_package)
    change(content)
    write_archive(tmp_path / "bad.zip", content)
    with pytest.raises(PackageError, match=re.escape(sentence)):
        unpack(tmp_path / "bad.zip", tmp_path / "into")
    into = tmp_path / "into"
    assert not into.exists() or not any(into.iterdir())


def test_a_package_that_gives_its_results_is_refused(own_package: Path, tmp_path: Path) -> None:
    def change(content: dict[str, bytes]) -> None:
        manifest = json.loads(content["manifest.json"])
        manifest["given"].append("table_02_baseline")
        content["manifest.json"] = json.dumps(manifest).encode()

    with pytest.raises(PackageError, match="table_02_baseline may not be taken as given"):
        unpack(repacked(own_package, tmp_path / "p.zip", change), tmp_path / "into")


@pytest.mark.parametrize(
    ("name", "path"),
    [("keyword_counts", "reports_raw/2015_上海.txt"), ("patent_counts", "patents_raw/patents.csv")],
)
def test_a_result_whose_inputs_are_in_the_package_may_not_be_given(
    own_package: Path, own_study: Study, tmp_path: Path, name: str, path: str
) -> None:
    def change(content: dict[str, bytes]) -> None:
        content[path] = (own_study.root / path).read_bytes()
        content["checksums.csv"] += f"{path},0,,input\n".encode()

    kind = STANDING_IN["reports" if name == "keyword_counts" else "patents"]
    with pytest.raises(PackageError, match=f"{kind[0]} may not be taken as given"):
        unpack(repacked(own_package, tmp_path / "p.zip", change), tmp_path / "into")


def _manifest(key: str, value: object) -> Callable[[dict[str, bytes]], None]:
    def change(content: dict[str, bytes]) -> None:
        manifest = json.loads(content["manifest.json"])
        place = manifest["code"] if key in manifest["code"] else manifest
        place[key] = value
        content["manifest.json"] = json.dumps(manifest).encode()

    return change


def _checksums(content: bytes) -> Callable[[dict[str, bytes]], None]:
    """A package that vouches for a checksums.csv which is none."""

    def change(parts: dict[str, bytes]) -> None:
        parts["checksums.csv"] = content
        _manifest("checksums_sha256", hashlib.sha256(content).hexdigest())(parts)

    return change


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (_manifest("packages", ["numpy"]), "manifest.json lacks or misnames a key"),
        (_manifest("packages", {"numpy": 1}), "manifest.json lacks or misnames a key"),
        (_manifest("python", ["3"]), "manifest.json lacks or misnames a key"),
        (_manifest("version", "\ud800"), "manifest.json is not readable"),
        (lambda c: c.update({"manifest.json": b"[" * 100_000}), "manifest.json is not readable"),
        (_checksums(b"path,bytes,sha256\na,1,x\n"), "checksums.csv is no list of files"),
        (_checksums(b"path,bytes,sha256,made_by\na,1\n"), "checksums.csv is no list of files"),
        (_checksums(b"path,bytes,sha256,made_by\na\n"), "checksums.csv is no list of files"),
        (_checksums("path,bytes\n省".encode("gb18030")), "checksums.csv is no list of files"),
        (_checksums(b"path\n" + b"a" * 200_000), "checksums.csv is no list of files"),
    ],
)
def test_a_package_of_another_form_is_refused_in_a_sentence(
    own_package: Path, tmp_path: Path, change: Callable[[dict[str, bytes]], None], sentence: str
) -> None:
    content = content_of(own_package)
    change(content)
    write_archive(tmp_path / "bad.zip", content)
    with pytest.raises(PackageError, match=sentence):
        unpack(tmp_path / "bad.zip", tmp_path / "into")


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
    own_package: Path, tmp_path: Path, label: str, path: str
) -> None:
    changed = repacked(own_package, tmp_path / "p.zip", _labelled(label, path))
    with pytest.raises(PackageError, match=f"{path} may not be made by '{label}'"):
        unpack(changed, tmp_path / "into")


@pytest.mark.usefixtures("rerun_as_finished")
@pytest.mark.parametrize("label", ["dti package", "report_texts", "report_downloads"])
def test_what_the_rerun_makes_is_compared_whatever_its_label(
    own_package: Path, tmp_path: Path, label: str
) -> None:
    changed = repacked(own_package, tmp_path / "p.zip", _labelled(label))
    assert verify(unpack(changed, tmp_path / "into")).differing == [IV]


@pytest.mark.usefixtures("rerun_as_finished")
@pytest.mark.parametrize("gone", [IV, "outputs/report.html"])
def test_a_result_that_is_not_in_the_package_is_a_difference(
    own_package: Path, tmp_path: Path, gone: str
) -> None:
    found = verify(
        unpack(repacked(own_package, tmp_path / "p.zip", _without(gone)), tmp_path / "i")
    )
    assert found.differing == [gone] and not found.succeeded
    assert found.results[gone].where == "it is not in the package"


def test_a_package_whose_study_leads_elsewhere_is_refused(
    own_package: Path, tmp_path: Path
) -> None:
    def change(content: dict[str, bytes]) -> None:
        content["study.yaml"] += b"outputs: ../../elsewhere\n"

    with pytest.raises(PackageError, match=r"outputs is \.\./\.\./elsewhere, outside"):
        unpack(repacked(own_package, tmp_path / "p.zip", change), tmp_path / "into")


def test_the_command_answers_a_bad_package_with_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "bad.zip").write_text("no archive")
    done = dti("verify", "bad.zip", cwd=tmp_path)
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.count("\n") == 1 and "no ZIP file" in done.stderr
    done = dti("package", "out.zip", cwd=tmp_path)
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and "study.yaml" in done.stderr
