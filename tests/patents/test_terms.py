"""Term lists: what is read, and every fault named by its line."""

import shutil
from pathlib import Path

import pytest

from dti_assets.errors import PatentTermsError
from dti_assets.patents.tables import TECHNOLOGIES
from dti_assets.patents.terms import load_terms

SHIPPED = Path(__file__).resolve().parents[2] / "dictionaries"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for path in SHIPPED.glob("patents_*.csv"):
        shutil.copy(path, tmp_path)
    return tmp_path


def test_shipped_lists() -> None:
    terms = load_terms(SHIPPED)
    assert tuple(terms.terms) == TECHNOLOGIES
    for found in terms.terms.values():
        assert [len(t) for t in found] == sorted((len(t) for t in found), reverse=True)
        assert any(t.isascii() for t in found) and any(not t.isascii() for t in found)
    assert "智能" not in terms.terms["ai"] and terms.ipc["iot"] == ("G16Y",)


def test_only_the_terms_make_the_checksum(folder: Path) -> None:
    before = load_terms(folder)
    path = folder / "patents_iot.csv"
    head, *rows = path.read_text(encoding="utf-8").splitlines()
    noted = [row + "a note" for row in reversed(rows)]
    path.write_text("\n".join([head, *noted]), encoding="utf-8-sig")
    assert load_terms(folder) == before
    path.write_text("\n".join([head, *rows, "传感网,iot,zh,curated,"]), encoding="utf-8")
    assert load_terms(folder).sha256 != before.sha256
    (folder / "patents_ipc.csv").unlink()
    assert load_terms(folder).ipc == {}


@pytest.mark.parametrize(
    ("file", "row", "said"),
    [
        ("iot", "ＲＦＩＤ,iot,en,curated,", "RFID stands twice"),
        ("iot", "网,iot,zh,curated,", "one character"),
        ("iot", " 传感网,iot,zh,curated,", "outer spaces"),
        ("iot", "⻋联网络,iot,zh,curated,", "no normalised text contains"),
        ("iot", "传感网,ai,zh,curated,", "'ai' is none of iot"),
        ("iot", "传感网,iot,zh,,", "传感网 has no source"),
        ("ipc", "G16,iot,ipc,curated,", "G16 is no IPC subclass or group"),
    ],
)
def test_faults_are_named_by_line(folder: Path, file: str, row: str, said: str) -> None:
    path = folder / f"patents_{file}.csv"
    text = path.read_text(encoding="utf-8")
    path.write_text(text + row + "\n", encoding="utf-8")
    with pytest.raises(PatentTermsError) as caught:
        load_terms(folder)
    assert f"line {text.count(chr(10)) + 1}:" in str(caught.value) and said in str(caught.value)


def test_files_that_cannot_be_used(folder: Path) -> None:
    path = folder / "patents_iot.csv"
    path.write_text("term,category\n", encoding="utf-8")
    with pytest.raises(PatentTermsError, match="no column source; columns found: term, category"):
        load_terms(folder)
    path.write_text("term,category,source\n", encoding="utf-8")
    with pytest.raises(PatentTermsError, match="no term"):
        load_terms(folder)
    path.write_bytes("物联网".encode("gb18030"))
    with pytest.raises(PatentTermsError, match="not UTF-8 at byte 0"):
        load_terms(folder)
    path.unlink()
    with pytest.raises(PatentTermsError, match=r"patents_iot\.csv: cannot be read"):
        load_terms(folder)
