"""Files nobody wrote: mutated reports, dictionaries, study files, figures and patent extracts end
as a row or as one of the package's own sentences, never as a crash, and within their limits."""

import io
import random
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
import samples
from fuzz_readers import mutated, mutated_parts
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from dti_assets.compute.workers import Limits, run_limited
from dti_assets.errors import DictionaryError, PanelError, PatentError, StudyError
from dti_assets.panel.yearbooks.figures import read_panel_folder
from dti_assets.patents.extract import classify_extract
from dti_assets.patents.terms import load_terms
from dti_assets.study.config import Study, load_study
from dti_assets.text.dictionary import Dictionary, load_dictionary
from dti_assets.text.readers.extract import STATUSES
from dti_assets.text.readers.reading import Reading, read_bytes
from dti_assets.units.lists import shipped_units

ROOT = Path(__file__).resolve().parents[1]
LINES = samples.report_lines("浙江省", 2015)
REPORTS: dict[str, bytes] = {
    "txt": "\n".join(LINES).encode(),
    "gb18030": "\n".join(LINES).encode("gb18030"),
    "html": samples.html(LINES),
    "docx": samples.docx(LINES),
    "pdf": samples.text_pdf(LINES),
}
DONORS = list(REPORTS.values())
# the same cases each time: a suite that fails now and then is trusted by nobody
_FILE = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.mark.parametrize("kind", [*REPORTS, "docx parts"])
def test_a_mutated_report_ends_as_a_status(kind: str) -> None:
    chance = random.Random(f"reports {kind}")
    change: Callable[[random.Random, bytes, list[bytes]], bytes] = mutated
    if kind == "docx parts":
        change, kind = mutated_parts, "docx"
    cases = [change(chance, REPORTS[kind], DONORS) for _ in range(150)]
    outcomes = run_limited(read_bytes, ((case,) for case in cases), 2, Limits(30.0, 2 * 2**30))
    for index, outcome in outcomes:
        assert isinstance(outcome, Reading), (index, outcome)
        assert outcome.status in STATUSES
        assert outcome.paragraphs if outcome.status == "ok" else outcome.reason


def test_no_entity_of_a_document_reads_another_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("机密" * 100, encoding="utf-8")
    declared = f'<!DOCTYPE d [<!ENTITY x SYSTEM "{secret.as_uri()}">]><w:document'.encode()
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(REPORTS["docx"])) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            part = old.read(name)
            if name == "word/document.xml":
                part = part.replace(b"<w:document", declared, 1)
                part = part.replace("各位代表".encode(), "&x;各位代表".encode(), 1)
                assert b"&x;" in part
            new.writestr(name, part)
    assert "机密" not in read_bytes(out.getvalue()).text


def seeded(draw: int, content: bytes, folder: Path, name: str) -> Path:
    path = folder / name
    path.write_bytes(mutated(random.Random(draw), content, DONORS))
    return path


@given(st.integers(0, 2**32))
@_FILE
def test_a_mutated_dictionary_loads_or_is_refused(tmp_path: Path, draw: int) -> None:
    shipped = (ROOT / "dictionaries" / "digital_economy_policy.csv").read_bytes()
    path = seeded(draw, shipped, tmp_path, "terms.csv")
    try:
        assert isinstance(load_dictionary(path), Dictionary)
    except DictionaryError as error:
        assert "terms.csv" in str(error) and "\n" not in str(error)


@given(st.integers(0, 2**32))
@_FILE
def test_a_mutated_study_file_loads_or_is_refused(tmp_path: Path, draw: int) -> None:
    path = seeded(draw, (ROOT / "study.yaml").read_bytes(), tmp_path, "study.yaml")
    try:
        assert isinstance(load_study(path), Study)
    except StudyError as error:
        assert "study.yaml" in str(error)


_SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)
_KEYS = ["years", "name", "inputs", "outputs", "text", "instrument", "patents", "panel",
         "estimates"]  # fmt: skip


@given(st.dictionaries(st.sampled_from(_KEYS), _VALUES))
@example({"years": [2009, 2022], "text": {"settled": {"a.txt": {"year": 10**400}}}})
@_FILE
def test_a_study_of_any_values_loads_or_is_refused(
    tmp_path: Path, study: dict[str, object]
) -> None:
    import yaml

    path = tmp_path / "study.yaml"
    path.write_text(yaml.safe_dump(study, allow_unicode=True), encoding="utf-8")
    try:
        assert isinstance(load_study(path), Study)
    except StudyError as error:
        assert "study.yaml" in str(error)


FIGURES = (
    "2015年各地区高技术产业情况\n单位：亿元\n地区,企业数（个）,主营业务收入\n"
    "全国,100,900\n北京,20,300\n浙 江,30,…\n新疆,1,-\n注：本表数据不含港澳台。\n"
).encode()


@given(st.integers(0, 2**32))
@_FILE
def test_mutated_figures_are_read_or_refused(tmp_path: Path, draw: int) -> None:
    seeded(draw, FIGURES, tmp_path, "figures.csv")
    _reads_or_refuses(tmp_path)


_CELLS = (
    st.none()
    | st.integers(-(10**9), 10**9)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(
        ["地区", "浙江", "全国", "2015年", "gdp (亿元)", "单位：万元", "…", "=1+1", "人口"]
    )
    | st.text(max_size=6).filter(lambda text: text.isprintable())
)


@given(st.lists(st.lists(_CELLS, min_size=1, max_size=6), min_size=1, max_size=8))
@_FILE
def test_a_workbook_of_any_cells_is_read_or_refused(
    tmp_path: Path, cells: list[list[object]]
) -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in cells:
        book.active.append(row)
    book.save(tmp_path / "figures.xlsx")
    _reads_or_refuses(tmp_path)


def _reads_or_refuses(folder: Path) -> None:
    try:
        found = read_panel_folder(folder, (2009, 2022), units=shipped_units("provinces"))
    except PanelError as error:
        assert "figures." in str(error)
    else:
        unknown = found.figures[found.figures["value"].isna()]
        assert unknown["reason"].notna().all()


PATENTS = (
    "申请号,标题,摘要,申请日,申请人地址\n"
    'CN201910000001.1,一种基于AI的方法,"摘要，含逗号",2019-01-02,浙江省杭州市\n'
    "CN201910000002.2,区块链系统,,2019.03.04,北京市海淀区\n"
).encode()


# pyarrow prints the row it cannot decode, then refuses the file, which is what is tested
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@given(st.integers(0, 2**32))
@_FILE
def test_a_mutated_patent_extract_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, draw: int
) -> None:
    folder = tmp_path_factory.mktemp("patents")
    seeded(draw, PATENTS, folder, "patents.csv")
    terms = load_terms(ROOT / "dictionaries")
    try:
        classify_extract(folder, terms, folder / "work", units=shipped_units("provinces"))
    except PatentError as error:
        assert "patents" in str(error)
