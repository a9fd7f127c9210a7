"""Every character of Unicode through the normaliser: what cuts no term, and what marks a note."""

import re
import sys
import unicodedata

import polars as pl
import pytest

from dti_assets.store.characters import (
    FORMAT_CLASS,
    LINE_CLASS,
    MARK_CLASS,
    plain,
    radicals,
    without_format,
    without_line_marks,
    without_note_marks,
)
from dti_assets.text.dictionary import dictionary_of
from dti_assets.text.matching import matcher
from dti_assets.text.readers.clean import normalise_paragraph

EVERY = [chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code <= 0xDFFF]
# Unicode's Default_Ignorable_Code_Point, version 16
IGNORABLE = (
    (0xAD, 0xAD), (0x34F, 0x34F), (0x61C, 0x61C), (0x115F, 0x1160), (0x17B4, 0x17B5),
    (0x180B, 0x180F), (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164),
    (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0), (0xFFF0, 0xFFF8), (0x1BCA0, 0x1BCA3),
    (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF),
)  # fmt: skip
WHITE_CONTROLS = "\t\n\v\f\r\x85"


def _unseen(character: str) -> bool:
    category = unicodedata.category(character)
    if category == "Cc":
        return character not in WHITE_CONTROLS
    code = ord(character)
    return (
        category == "Cf"
        or character in "\ufff9\ufffa\ufffb\ufffc"
        or any(first <= code <= last for first, last in IGNORABLE)
    )


UNSEEN = [character for character in EVERY if _unseen(character)]
LINES = "\v\f\x85\u2028\u2029"


def test_unseen_characters_go_and_no_other() -> None:
    assert len(UNSEEN) > 4000
    for character in EVERY:
        if unicodedata.category(character) == "Cn" and not _unseen(character):
            continue  # later versions of Unicode may know it
        expected = "" if _unseen(character) else character
        assert without_format(character) == expected, hex(ord(character))


def test_python_and_polars_read_the_same_class() -> None:
    text = "".join(EVERY)
    series = pl.Series([text])
    for written in (FORMAT_CLASS, MARK_CLASS, LINE_CLASS):
        assert series.str.replace_all(written, "").item() == re.sub(written, "", text)


@pytest.mark.parametrize("term", ["数字经济", "5G", "区块链"])
def test_a_term_cut_by_an_unseen_character_counts(term: str) -> None:
    found = matcher(dictionary_of([term]))
    for character in [*UNSEEN, *LINES]:
        if character in LINES and term.isascii():
            continue  # white space between two ASCII letters parts words
        text = normalise_paragraph(f"发展{term[0]}{character}{term[1:]}，")
        assert text == f"发展{term},", hex(ord(character))
        assert len(list(found.spans(text))) == 1, hex(ord(character))


@pytest.mark.parametrize("mark", LINES)
def test_a_line_mark_parts_ascii_words_alone(mark: str) -> None:
    assert plain(f"区块{mark}链") == "区块链"
    assert plain(f"智能{mark}AI{mark}{mark}时代") == "智能AI时代"
    assert plain(f"smart{mark}grid") == "smart grid"
    assert without_line_marks(f"{mark}smart{mark}{mark}grid{mark}") == "smart grid"
    assert normalise_paragraph(f"大 {mark} 数据 {mark}") == "大数据"


def test_marks_are_the_superscripts_and_circled_numbers_of_unicode() -> None:
    named = re.compile(
        r"(SUPERSCRIPT (ZERO|ONE|TWO|THREE|FOUR|FIVE|SIX|SEVEN|EIGHT|NINE|PLUS SIGN|MINUS|"
        r"LEFT PARENTHESIS|RIGHT PARENTHESIS)|"
        r"(DINGBAT |DOUBLE |NEGATIVE |CIRCLED |DINGBAT NEGATIVE )+(SANS-SERIF )?"
        r"(DIGIT|NUMBER) [A-Z -]+|CIRCLED (DIGIT|NUMBER) [A-Z -]+)"
    )
    for character in EVERY:
        name = unicodedata.name(character, "")
        # numbers on black squares are signs of a broadcasting standard
        is_mark = bool(named.fullmatch(name)) and "BLACK SQUARE" not in name
        if ord(character) > 0xFFFF:
            continue
        assert bool(re.fullmatch(MARK_CLASS, character)) == is_mark, (name, hex(ord(character)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5G①基站", "5G基站"),
        ("5G¹和物联网²³", "5G和物联网"),
        ("1234①", "1234"),
        ("“互联网+”⑩行动（试点）❷", "“互联网+”行动(试点)"),
        ("大数据①②、云计算㉑", "大数据、云计算"),
        ("区块链\u200b①\ufe0e", "区块链"),
        ("工业互联网⁽¹⁾", "工业互联网"),
        # items of a list
        ("①加快发展", "1加快发展"),
        ("一是：②建设；③完善", "一是:2建设;3完善"),
        ("①②", "12"),
        # exponents
        ("120km²和30m³", "120km2和30m3"),
        ("绿地500万m²①", "绿地500万m2"),
    ],
)
def test_note_marks(text: str, expected: str) -> None:
    assert plain(text) == expected


def test_every_mark_after_a_word_goes_and_before_one_stays() -> None:
    for character in EVERY:
        if re.fullmatch(MARK_CLASS, character):
            assert without_note_marks(f"5G{character}") == "5G"
            assert without_note_marks(f"。{character}大数据") == f"。{character}大数据"


def test_radicals_read_as_ideographs_and_nothing_is_made_that_would_change_again() -> None:
    for code, ideograph in radicals().items():
        assert plain(chr(code)) == ideograph
    for character in EVERY:
        once = plain(character)
        assert plain(once) == once, hex(ord(character))
        assert without_format(once) == once, hex(ord(character))


def test_ordinary_characters_become_what_nfkc_makes_of_them() -> None:
    marks = re.compile(f"{FORMAT_CLASS}|{MARK_CLASS}|{LINE_CLASS}|[\u2e80-\u2fdf]")
    for character in EVERY:
        if not marks.match(character):
            for text in (character, f"，{character}", f"国{character}\u3000！\u0338\u3099（"):
                assert plain(text) == unicodedata.normalize("NFKC", text), hex(ord(character))


def test_ordinary_text_is_returned_as_it_is() -> None:
    text = "发展“数字经济”, 占比 50% (2015年)"
    assert plain(text) is text
