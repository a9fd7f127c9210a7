"""Counting at another level than the shipped one: the user's columns, order and sentences."""

from pathlib import Path

import pandas as pd
import pytest
import samples

from dti_assets.store.cache import Cache
from dti_assets.text.attention import CountingRules, Counts, count_reports, policy_attention
from dti_assets.text.candidates import candidate_columns, candidate_counts, candidate_terms
from dti_assets.text.checks import disagreements, missing_reports, mixed_tokenizers
from dti_assets.text.choices import HITS, WORDS, counted_sections, hits_column, words_column
from dti_assets.text.concordance import counted_occurrences, examples, occurrences
from dti_assets.text.dictionary import shipped_dictionary
from dti_assets.text.folder import read_folder, report_texts
from dti_assets.text.published import published_counts, published_words
from dti_assets.text.tables import KEYWORD_COUNTS, SECTION_WORDS
from dti_assets.units.lists import Units, read_units, shipped_units

RULES = CountingRules()


@pytest.fixture(scope="module")
def cities(tmp_path_factory: pytest.TempPathFactory) -> Units:
    """Three cities whose codes do not stand in their order."""
    path = tmp_path_factory.mktemp("units") / "cities.csv"
    path.write_text(
        "level,code,name,full_name\ncity,c9,甲城,甲城市\ncity,c1,乙林,乙林市\ncity,c5,丙水,丙水市\n",
        encoding="utf-8",
    )
    return read_units(path.name, path.parent)


@pytest.fixture(scope="module")
def counted(
    cities: Units, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Cache, pd.DataFrame, pd.DataFrame, Counts]:
    """Reports of two of the cities: the folder, its cache, files, texts and counts."""
    folder = tmp_path_factory.mktemp("reports")
    for place, repeats in (("甲城市", 22), ("乙林市", 25)):
        lines = samples.report_lines(place, repeats=repeats)
        text = "\n".join(lines).replace("我代表省", "我代表市")
        (folder / f"{place}2015.txt").write_text(text, encoding="utf-8")
    cache = Cache(tmp_path_factory.mktemp("cache"))
    files = read_folder(folder, cache, units=cities).files
    texts = report_texts(files, [2015], folder, cache, units=cities)
    counts = count_reports(
        texts, [2014, 2015], shipped_dictionary(), RULES, cache, workers=1, units=cities
    )
    return folder, cache, files, texts, counts


def test_rows_stand_in_the_order_of_the_list(
    cities: Units, counted: tuple[Path, Cache, pd.DataFrame, pd.DataFrame, Counts]
) -> None:
    folder, cache, files, texts, counts = counted
    assert texts["city_code"].tolist() == ["c9", "c1"]
    assert list(dict.fromkeys(counts.keywords["city"])) == ["甲城", "乙林"]
    assert set(counts.words["origin"]) == {"text"}
    dictionary = shipped_dictionary()
    shown = occurrences(files, folder, cache, "大数据", dictionary, units=cities)
    assert list(dict.fromkeys(one.unit for one in shown)) == ["甲城", "乙林"]
    # the report with most hits first, then the other one
    found = examples(files, counts.keywords, folder, cache, dictionary, units=cities)
    assert [one.unit for one in found] == ["乙林", "甲城"]
    hits = list(counted_occurrences(texts, dictionary, RULES, level=cities.level))
    assert {(one.code, one.unit) for one in hits} == {("c9", "甲城"), ("c1", "乙林")}
    assert len(hits) == counts.keywords["hits_longest"].sum()


def test_attention_has_a_row_for_every_unit_and_year(
    cities: Units, counted: tuple[Path, Cache, pd.DataFrame, pd.DataFrame, Counts]
) -> None:
    counts = counted[-1]
    attention = policy_attention(
        counts.keywords, counts.words, [2014, 2015], shipped_dictionary(), RULES, units=cities
    )
    assert attention["city_code"].tolist() == ["c9", "c9", "c1", "c1", "c5", "c5"]
    known = attention.dropna(subset=["frequency"])
    assert known[["city", "year"]].to_numpy().tolist() == [["甲城", 2015], ["乙林", 2015]]
    assert missing_reports(attention, level=cities.level) == [
        "甲城, 乙林 2014; 丙水 2014-2015: no report in the folder and none among the published "
        "counts (4 city-years)"
    ]


def test_nothing_ships_for_another_level(
    cities: Units, counted: tuple[Path, Cache, pd.DataFrame, pd.DataFrame, Counts]
) -> None:
    level = cities.level
    _, cache, _, texts, counts = counted
    tables = {KEYWORD_COUNTS: published_counts(level), SECTION_WORDS: published_words(level)}
    for table, frame in tables.items():
        declared = level.table(table)
        assert frame.empty and {*frame.columns, "origin"} == set(declared.column_names)
        assert declared.frame(frame.assign(origin=None)).empty
    assert candidate_terms(level) == ()
    found = candidate_counts(texts, counts.words, cache, level=level)
    assert found.empty and list(found.columns) == candidate_columns(level)
    assert disagreements(counts.keywords, counts.words, level=level) == []
    assert mixed_tokenizers(counts.words, level=level) == []


def test_published_counts_stand_in_for_the_studys_units_alone(tmp_path: Path) -> None:
    few = shipped_units("provinces").first(2)
    nothing = few.level.table(KEYWORD_COUNTS).frame([])
    texts = nothing.assign(path=None, text_sha256=None, text=None)
    counts = count_reports(texts, [2015], shipped_dictionary(), RULES, Cache(tmp_path), units=few)
    names = [unit.name for unit in few]
    assert list(dict.fromkeys(counts.words[few.level.name])) == names
    assert list(dict.fromkeys(counts.keywords[few.level.name])) == names


def test_a_choice_has_one_column() -> None:
    names = KEYWORD_COUNTS.column_names
    assert [hits_column(kind) for kind in HITS] == [n for n in names if n.startswith("hits_")]
    assert [words_column(choice) for choice in WORDS] == list(WORDS.values())
    assert set(WORDS.values()) < set(SECTION_WORDS.column_names)
    assert counted_sections("whole", "keep") == ("review", "plan", "unsplit", "annex")
    assert counted_sections("plan", "drop") == CountingRules(section="plan").sections == ("plan",)
