"""Every fault of a term list is named by its line; the shipped lists are what they say."""

from pathlib import Path

import pytest

from dti_assets.errors import DictionaryError
from dti_assets.text.dictionary import load_dictionary, parse_dictionary, shipped_dictionary

HEAD = "term,category,language,source,note\n"
GOOD = "数字经济,a,zh,s,\n"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "empty"),
        (HEAD, "no term"),
        ("word,category\n", "line 1: no column term"),
        (HEAD + GOOD + "ＡＩ大,a,zh,s,\nai大,a,zh,s,\n", "line 4"),
        (HEAD + GOOD + "数字经济,b,zh,s,\n", "category b here and a there"),
        (HEAD + GOOD + "云,a,zh,s,\n", "line 3: term '云' is a single"),
        (HEAD + " 大数据,a,zh,s,\n", "line 2: white space"),
        (HEAD + "⼤数据,a,zh,s,\n", "line 2: term '⼤数据' holds the radical"),
        (HEAD + GOOD + "大数据;a;zh;s;\n", "line 3: .* one cell: is it parted by semicolons?"),
        (HEAD.replace(",", "\t"), "line 1: no column term, .*: is it parted by tabs?"),
        (HEAD + "大数据,,zh,s,\n", "line 2: term 大数据 has no category"),
        (HEAD + "大数据,a,fr,s,\n", "language 'fr'"),
        (HEAD + "大数据,a,zh,s,n,x\n", "line 2: 6 cells"),
        (HEAD + "大 数据,a,zh,s,\n", "line 2: white space"),
        (HEAD.replace("note", "note,exclusion_risk") + "芯片,a,zh,s,,risky\n", "exclusion_risk"),
    ],
)
def test_faults_name_their_line(content: str, said: str) -> None:
    with pytest.raises(DictionaryError, match=said):
        parse_dictionary(content, "own.csv")


def test_a_file_that_is_not_there_or_not_utf8(tmp_path: Path) -> None:
    with pytest.raises(DictionaryError, match=r"nowhere\.csv: No such file"):
        load_dictionary(tmp_path / "nowhere.csv")
    path = tmp_path / "gbk.csv"
    path.write_bytes((HEAD + GOOD).encode("gb18030"))
    with pytest.raises(DictionaryError, match="line 2: not UTF-8"):
        load_dictionary(path)


def test_shipped_list_flags_what_touches_exports() -> None:
    shipped = shipped_dictionary()
    assert len(shipped) >= 138
    for term in ("集成电路", "芯片", "跨境电商", "电子商务"):
        assert shipped[term].exclusion_risk
    assert not shipped["数字经济"].exclusion_risk
    assert all(term.source for term in shipped.terms)


def test_the_study_that_ships_is_the_template(root: Path) -> None:
    """The editable files at the top level are what `dti new` hands out."""
    reference = root / "dti_assets" / "reference"
    for path in (reference / "dictionaries").glob("*.csv"):
        assert (root / "dictionaries" / path.name).read_bytes() == path.read_bytes(), path.name
    for path in (reference / "study").rglob("*"):
        if path.is_file():
            own = root / path.relative_to(reference / "study")
            assert own.read_bytes() == path.read_bytes(), path.name
