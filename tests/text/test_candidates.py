"""Candidate vocabulary: what ships, and that own reports are counted as the shipped ones were."""

import random
from pathlib import Path

import pandas as pd
import pytest
import samples

from dti_assets.store.cache import Cache
from dti_assets.text import candidates
from dti_assets.text.candidates import (
    FILE,
    candidate_columns,
    candidate_counts,
    candidate_terms,
    count_terms,
    published_candidates,
    unrelated_terms,
)
from dti_assets.text.dictionary import dictionary_of, shipped_dictionary
from dti_assets.text.folder import read_folder, report_texts
from dti_assets.text.matching import matcher
from dti_assets.text.published import published_words
from dti_assets.text.readers.clean import HAN
from dti_assets.units.lists import shipped_units

PROVINCES = shipped_units("provinces")
LEVEL = PROVINCES.level


def test_what_ships_is_vocabulary_and_no_sentence() -> None:
    path = LEVEL.shipped(FILE)
    assert path is not None and len(path.read_bytes()) < 5_000_000
    terms = candidate_terms(LEVEL)
    assert 1500 <= len(terms) <= 2000
    assert all(2 <= len(term) <= 8 and all(map(HAN.match, term)) for term in terms)
    assert unrelated_terms(terms, shipped_dictionary()) == list(terms)
    frame = published_candidates(LEVEL)
    assert list(frame.columns) == candidate_columns(LEVEL) and (frame["hits"] > 0).all()
    assert not frame.duplicated(["province_code", "year", "section", "term"]).any()
    # every report of the published counts, no other; a term of one report would quote it
    places = set(zip(frame["province_code"], frame["year"], strict=True))
    words = published_words(LEVEL)
    assert places == set(zip(words["province_code"], words["year"], strict=True))
    reports = frame.drop_duplicates(["province_code", "year", "term"])["term"].value_counts()
    provinces = frame.drop_duplicates(["province_code", "term"])["term"].value_counts()
    assert reports.min() >= 10 and provinces.min() >= 5


def test_related_terms_are_left_out_whichever_holds_the_other() -> None:
    dictionary = dictionary_of(["数字经济", "5G"])
    assert unrelated_terms(["数字", "数字经济发展", "乡村振兴", "经济"], dictionary) == ["乡村振兴"]


@pytest.mark.parametrize("seed", range(5))
def test_occurrences_are_those_of_the_matcher(seed: int) -> None:
    """Plain occurrences, nested and overlapping ones too, by an independent search."""
    draw = random.Random(seed)
    letters = "改革开放发"
    terms = sorted({"".join(draw.choices(letters, k=draw.randint(2, 4))) for _ in range(12)})
    lines = ["".join(draw.choices(letters, k=60)) for _ in range(6)]
    found = count_terms(lines, 2020, terms)
    total = {t: sum(counts[j] for counts in found.values()) for j, t in enumerate(terms)}
    by_hand = {
        term: sum(line.startswith(term, at) for line in lines for at in range(len(line)))
        for term in terms
    }
    assert total == by_hand
    overlap = matcher(dictionary_of(terms)).overlap("\n".join(lines))
    assert overlap == {term: n for term, n in by_hand.items() if n}


def own_report(year: int = 2015, place: str = "浙江省") -> pd.DataFrame:
    text = "\n".join(samples.report_lines(place, year, repeats=20))
    row = {"province_code": 330000, "year": year, "text": text, "text_sha256": f"{year}"}
    return pd.DataFrame([row])


def test_own_texts_are_counted_once_and_published_counts_stand_in(tmp_path: Path) -> None:
    words = pd.DataFrame(
        [
            {"province_code": 330000, "year": 2015, "origin": "text"},
            {"province_code": 320000, "year": 2015, "origin": "published"},
        ]
    )
    cache = Cache(tmp_path)
    found = candidate_counts(own_report(), words, cache, level=LEVEL)
    own = found[found["province_code"] == 330000]
    sections = count_terms(own_report()["text"].item().split("\n"), 2015, candidate_terms(LEVEL))
    assert own["hits"].sum() == sum(map(sum, sections.values())) > 0
    shipped = published_candidates(LEVEL)
    expected = shipped[(shipped["province_code"] == 320000) & (shipped["year"] == 2015)]
    stood = found[found["province_code"] == 320000]
    assert stood["hits"].sum() == expected["hits"].sum() > 0
    assert set(found["province_code"]) == {330000, 320000}
    again = candidate_counts(own_report(), words, cache, level=LEVEL)
    pd.testing.assert_frame_equal(found, again)


def test_a_text_that_was_counted_before_is_looked_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = published_words(LEVEL).iloc[0]
    text = pd.DataFrame([{**known[["province_code", "year", "text_sha256"]], "text": "不读"}])
    words = pd.DataFrame([{**known[["province_code", "year"]], "origin": "text"}])
    monkeypatch.setattr(candidates, "count_terms", None)
    found = candidate_counts(text, words, Cache(tmp_path), level=LEVEL)
    assert len(found) > 100 and set(found["year"]) == {known["year"]}


def test_real_reports_count_to_what_ships(shared: Path, tmp_path: Path) -> None:
    """Two real reports, read and counted anew."""
    folder = tmp_path / "reports"
    folder.mkdir()
    chosen = sorted((shared / "reports_raw" / "2016").iterdir())[:2]
    for path in chosen:
        (folder / path.name).write_bytes(path.read_bytes())
    cache = Cache(tmp_path / "cache")
    files_ = read_folder(folder, cache, {}, units=PROVINCES).files
    texts = report_texts(files_, [2016], folder, cache, units=PROVINCES)
    assert len(texts) == 2
    counted = candidate_counts(
        texts, texts.assign(origin="text"), cache, published=False, level=LEVEL
    ).sort_values(["province_code", "section", "term"], ignore_index=True)
    shipped = published_candidates(LEVEL)
    same = shipped["year"].eq(2016) & shipped["province_code"].isin(texts["province_code"])
    expected = shipped[same].sort_values(["province_code", "section", "term"], ignore_index=True)
    pd.testing.assert_frame_equal(counted, expected, check_dtype=False)
