"""A package is others' work: nothing in it is run, and a rerun asks no other machine."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from packages import repacked

from dti_assets.errors import PackageError
from dti_assets.pipeline.packages.package import package_study
from dti_assets.pipeline.packages.verify import unpack
from dti_assets.replication.archive import is_program
from dti_assets.study.config import Study, load_study

PROGRAMS = {
    "jieba.py": b"raise SystemExit",
    "reports_raw/numpy.so": b"x",
    "reports_raw/a.pyd": b"x",
    "panel_raw/setup.EXE": b"MZ",
    "panel_raw/run.sh": b"echo",
    "reports_raw/libx.so.1": b"x",
    "reports_raw/site.pth": b"import os",
    "reports_raw/notes": b"#!/bin/sh\n",
    "reports_raw/2015": b"\x7fELF\x02",
}
FINE = ("2015浙江.txt", "a.py.txt", "page_files/menu.js", "figures.csv", "www.zj.gov.com", "so.pdf")


def test_programs_are_told_by_name_and_content() -> None:
    assert all(is_program(name, content) for name, content in PROGRAMS.items())
    assert not any(is_program(name, b"%PDF-1.7") for name in FINE)


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_among_the_inputs_of_a_package_is_refused(
    own_package: Path, tmp_path: Path, name: str
) -> None:
    changed = repacked(own_package, tmp_path / "changed.zip", _with(name, PROGRAMS[name]))
    with pytest.raises(PackageError, match=f"{name} is a program, and no input is one"):
        unpack(changed, tmp_path / "into")
    assert not any((tmp_path / "into").iterdir())


def _with(name: str, content: bytes) -> Callable[[dict[str, bytes]], None]:
    def change(entries: dict[str, bytes]) -> None:
        entries[name] = content
        entries["checksums.csv"] += f"{name},1,x,input\n".encode()

    return change


def test_a_program_among_the_inputs_is_not_packaged(own_study: Study, tmp_path: Path) -> None:
    folder = shutil.copytree(own_study.root, tmp_path / "copy")
    # read by no asset: what was made is up to date
    (folder / "dictionaries" / "helper.py").write_text("", encoding="utf-8")
    with pytest.raises(PackageError, match=r"dictionaries/helper\.py is a program"):
        package_study(load_study(folder / own_study.file.name), tmp_path / "p.zip", (), False)
    assert not (tmp_path / "p.zip").exists()


@pytest.mark.parametrize(
    ("lines", "keys"),
    [
        (
            "reports: {engine: ray, ray_address: 'ray://h:1'}\n",
            "reports.engine reports.ray_address",
        ),
        ("run_storage: postgres\n", "run_storage"),
        ("notify: {webhook: 'https://h.invalid/x'}\n", "notify.webhook"),
        ("", ""),
    ],
)
def test_a_package_is_run_here_alone(
    own_package: Path, tmp_path: Path, lines: str, keys: str
) -> None:
    def change(entries: dict[str, bytes]) -> None:
        entries["study.yaml"] += f"\n{lines}".encode()

    found = unpack(repacked(own_package, tmp_path / "changed.zip", change), tmp_path / "into")
    assert found.elsewhere == tuple(keys.split())
    study = found.study
    assert study.reports.engine == study.patents.engine == "local"
    assert study.reports.ray_address is None and study.notify.webhook is None
    assert study.run_storage == "sqlite"
    # where it lies is known as before
    assert study.root == tmp_path / "into" / "rerun" and study.unit_list is not None
