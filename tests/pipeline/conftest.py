"""Finished studies for tests of packages, and copies for tests that change them."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from made_studies import FEW_DRAWS, change_study, run_once
from small_study import make_study, write_reports

from dti_assets.pipeline.execution.run import Outcome
from dti_assets.pipeline.packages.package import package_study
from dti_assets.study.config import Study, load_study

_PATENTS = """申请号,标题,申请人地址,申请日
CN201410000001.1,一种基于人工智能的方法,浙江省杭州市,2014-03-01
CN201510000002.2,一种云计算平台,江苏省南京市,2015-03-01
CN201510000003.3,一种水杯,上海市,2015-04-01
"""
_FIGURES = "province,year,gdp (亿元)\n浙江,2014,40023\n浙江,2015,43508\n"


@pytest.fixture
def copy(official: tuple[Study, Outcome], tmp_path: Path) -> Callable[[str], Study]:
    """A copy of the finished official study with other lines in its study.yaml."""

    def make(lines: str = "") -> Study:
        folder = tmp_path / "copy"
        shutil.copytree(official[0].root, folder)
        return change_study(folder, lines)

    return make


def _own_study(folder: Path) -> Study:
    """A study over five own reports, three patents and a file of figures."""
    file = make_study(folder, FEW_DRAWS)
    write_reports(folder / "reports_raw")
    (folder / "patents_raw" / "patents.csv").write_text(_PATENTS, encoding="utf-8")
    (folder / "panel_raw" / "gdp.csv").write_text(_FIGURES, encoding="utf-8")
    (folder / "reports_raw" / "sources.csv").write_text(
        "province,year,url\n浙江,2014,https://www.example.gov.cn/a\n", encoding="utf-8"
    )
    return load_study(file)


@pytest.fixture(scope="session")
def own_study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """A study over own files, run as a whole; a test that changes it takes `own_copy`."""
    study, outcome = run_once(tmp_path_factory, "own", _own_study)
    assert outcome.success, outcome.failures
    return study


@pytest.fixture(scope="session")
def own_package(own_study: Study, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package of `own_study` without its reports and patent records."""
    out = tmp_path_factory.mktemp("package") / "own.zip"
    package_study(own_study, out, (), False)
    return out


@pytest.fixture
def own_copy(own_study: Study, tmp_path: Path) -> Study:
    shutil.copytree(own_study.root, tmp_path / "copy")
    return load_study(tmp_path / "copy" / "study.yaml")
