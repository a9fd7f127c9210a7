"""What should hold of reports and counts: pure functions that return sentences, none if all well.

Whether a sentence blocks, warns or is shown is the pipeline's business.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from dti_assets.store.schema import records
from dti_assets.text.choices import words_column
from dti_assets.text.published import published_counts, published_words
from dti_assets.text.readers.extract import ACCOUNTED
from dti_assets.units.levels import Level

if TYPE_CHECKING:
    import pandas as pd

# a report shorter or longer than this, against its unit's median, deserves a look
_LENGTH_BOUNDS = (0.4, 2.5)
# a year's frequency against what came before: 6 of the 397 official provincial figures lie outside
# the first factor, and no year of all provinces together outside the second (1.41 at most)
_UNIT_FACTOR, _TOGETHER_FACTOR = 4.0, 1.7
_EARLIER_YEARS = 3
_FEW_HITS = 10
_FEW_UNITS = 10
# reports are given in January and February; provincial sites have them by the end of March
_ALL_PUBLISHED = (4, 1)
_TOKEN_SHARE = 0.8
_MIN_HITS = 50


def refused_files(files: pd.DataFrame) -> list[str]:
    """Files that are not counted, but for duplicates and superseded ones, with the reason."""
    return [
        f"{row['path']}: {row['status']}: {row['reason'] or ''}"
        for row in records(files)
        if row["status"] not in ACCOUNTED
    ]


def duplicate_files(files: pd.DataFrame) -> list[str]:
    """Files whose text another file already gave."""
    return [f"{r['path']}: {r['reason']}" for r in records(files) if r["status"] == "duplicate"]


def doubtful_texts(files: pd.DataFrame) -> list[str]:
    """Files that count although something may be missing from their text or stand in it twice."""
    return [
        f"{row['path']}: {row['warning']}"
        for row in records(files)
        if row["status"] == "ok" and row["warning"]
    ]


def missing_reports(attention: pd.DataFrame, *, level: Level) -> list[str]:
    """Units and years without a frequency; those that lack it for one reason are one sentence."""
    years_of: dict[str, dict[str, list[int]]] = {}
    for row in records(attention[[level.name, "year", "frequency", "reason"]]):
        if row["frequency"] is None:
            places = years_of.setdefault(row["reason"], {})
            places.setdefault(row[level.name], []).append(row["year"])
    everywhere = attention[level.name].nunique()
    found = []
    for reason, places in years_of.items():
        # units that lack the same years are named together
        together: dict[str, list[str]] = {}
        for unit, years in places.items():
            together.setdefault(_spans(years), []).append(unit)
        named = [
            f"{f'all {level.plural}' if len(names) == everywhere > 1 else ', '.join(names)} {spans}"
            for spans, names in together.items()
        ]
        number = sum(map(len, places.values()))
        total = f" ({number} {level.noun}-years)" if number > 1 else ""
        found.append(f"{'; '.join(named)}: {reason}{total}")
    return found


def _spans(years: Collection[int]) -> str:
    """2009-2012, 2014: which years these are."""
    first = sorted(year for year in years if year - 1 not in years)
    last = sorted(year for year in years if year + 1 not in years)
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in zip(first, last, strict=True))


def all_due(day: date) -> bool:
    """Whether the reports of the day's year should all be out."""
    return (day.month, day.day) >= _ALL_PUBLISHED


def late_reports(attention: pd.DataFrame, today: date, *, level: Level) -> list[str]:
    """Units without a frequency for the current year, from 1 April on."""
    if not all_due(today):
        return []
    return missing_reports(attention[attention["year"] == today.year], level=level)


def implausible_attention(
    attention: pd.DataFrame, years: Collection[int] | None = None, *, level: Level
) -> list[str]:
    """Frequencies of `years` (default: the last one known) far from those of the years before,
    by unit and for all together.

    A unit is held against the median of its last three known years, where ten hits are expected
    or found; all together, the units known in both years against the year before.
    """
    from statistics import median

    known = attention.dropna(subset=["frequency"]).sort_values("year", kind="stable")
    if known.empty:
        return []
    asked = set(years or [known["year"].max()])
    found = []
    by_unit: dict[Any, pd.DataFrame] = dict(iter(known.groupby(level.name)))
    for unit in attention[level.name].unique():
        history = records(by_unit[unit]) if unit in by_unit else []
        for at, row in enumerate(history):
            earlier = [one["frequency"] for one in history[max(0, at - _EARLIER_YEARS) : at]]
            if row["year"] not in asked or not earlier:
                continue
            usual = median(earlier)
            expected = usual * row[words_column(row["words"])]
            if max(expected, row["keyword_hits"]) >= _FEW_HITS and _beyond(
                row["frequency"], usual, _UNIT_FACTOR
            ):
                found.append(
                    f"{unit} {row['year']}: {row['frequency']:.5f}, where the median of "
                    f"{len(earlier)} years before is {usual:.5f}"
                )
    wide = known.pivot(index=level.name, columns="year", values="frequency")
    for before, year in pairwise(sorted(wide.columns)):
        both = wide[[before, year]].dropna()
        then, now = both[before].mean(), both[year].mean()
        enough = year in asked and len(both) >= _FEW_UNITS
        if enough and _beyond(now, then, _TOGETHER_FACTOR):
            found.append(
                f"{year}: the mean of {len(both)} {level.plural} is {now:.5f}, after {then:.5f} "
                f"in {before}"
            )
    return found


def _beyond(value: float, usual: float, factor: float) -> bool:
    return value > usual * factor or value * factor < usual


def length_outliers(attention: pd.DataFrame, *, level: Level) -> list[str]:
    """Reports far shorter or longer than their unit's median number of Han characters."""
    found = []
    known = attention.dropna(subset=["chars_han"])
    medians = known.groupby(level.name)["chars_han"].median().to_dict()
    for row in records(known):
        # the only report of a unit may have no Han character at all
        ratio = row["chars_han"] / max(medians[row[level.name]], 1)
        if not _LENGTH_BOUNDS[0] <= ratio <= _LENGTH_BOUNDS[1]:
            found.append(
                f"{row[level.name]} {row['year']}: {row['chars_han']:,} characters, "
                f"{ratio:.2f} times the median of its {level.noun}"
            )
    return found


def disagreements(keywords: pd.DataFrame, words: pd.DataFrame, *, level: Level) -> list[str]:
    """Where counts from texts differ from the published ones, one sentence a report.

    Only meaningful for counts under the shipped dictionary; reports without a published row are
    passed over.
    """
    found: dict[str, list[str]] = {}
    names = [*level.when, "section"]
    known = records(published_words(level))
    theirs = {tuple(row[name] for name in names): row for row in known}
    their_hits = published_counts(level).groupby(names)["hits_longest"].sum().to_dict()
    own_hits = keywords.groupby(names)["hits_longest"].sum().to_dict()
    for own in records(words[words["origin"] == "text"]):
        key = tuple(own[name] for name in names)
        if key not in theirs:
            continue
        pairs = {
            "words_nonpunct": (own["words_nonpunct"], theirs[key]["words_nonpunct"]),
            "hits_longest": (own_hits.get(key, 0), their_hits.get(key, 0)),
        }
        for name, (here, there) in pairs.items():
            if int(here) != int(there):
                differs = f"{own['section']} {name} {int(here)}, published {int(there)}"
                found.setdefault(f"{own[level.name]} {own['year']}", []).append(differs)
    return [f"{place}: {'; '.join(differing)}" for place, differing in found.items()]


def mixed_tokenizers(words: pd.DataFrame, *, level: Level) -> list[str]:
    """In one sentence, how many reports have words as another tokenizer than the most frequent
    one cuts them (table section_words): frequencies over words differ by that alone."""
    cut = words.drop_duplicates(list(level.when))["tokenizer"].value_counts()
    if len(cut) < 2:
        return []
    (first, most), *others = sorted(cut.items(), key=lambda one: (-one[1], one[0]))
    named = ", ".join(f"{count} by {name}" for name, count in others)
    return [
        f"words are cut by {first} in {most} {level.noun}-years, {named}: their frequencies have "
        "denominators that are not quite comparable"
    ]


def overlap_below_longest(keywords: pd.DataFrame, *, level: Level) -> list[str]:
    """Rows where nested occurrences are fewer than leftmost-longest ones; there can be none."""
    return [
        f"{r[level.name]} {r['year']} {r['section']} {r['term']}: overlap {r['hits_overlap']} "
        f"below longest {r['hits_longest']}"
        for r in records(keywords)
        if r["hits_overlap"] < r["hits_longest"]
    ]


def token_shares(keywords: pd.DataFrame, *, level: Level) -> dict[str, float]:
    """Token hits over longest hits by unit, where tokens were counted."""
    known = keywords.dropna(subset=["hits_token"])
    sums = known.groupby(level.name, sort=False)[["hits_token", "hits_longest"]].sum()
    return {
        str(unit): round(row["hits_token"] / row["hits_longest"], 4)
        for unit, row in sums.iterrows()
        if row["hits_longest"]
    }


def low_token_shares(keywords: pd.DataFrame, *, level: Level) -> list[str]:
    """Units where jieba cuts through a fifth of the hits or more."""
    hits = keywords.groupby(level.name)["hits_longest"].sum().to_dict()
    return [
        f"{unit}: jieba finds {share:.2f} of the leftmost-longest hits"
        for unit, share in token_shares(keywords, level=level).items()
        if share < _TOKEN_SHARE and hits[unit] >= _MIN_HITS
    ]


def why_not_counted(files: pd.DataFrame, *, level: Level) -> dict[tuple[int | str, int], str]:
    """For each unit and year that has files (table report_files) but none that counts: why."""
    reasons: dict[tuple[int | str, int], str] = {}
    counted = set()
    for row in records(files):
        if row[level.code] is None or row["year"] is None:
            continue
        key = (row[level.code], row["year"])
        if row["status"] == "ok":
            counted.add(key)
            continue
        for place in _claimed(row, level) or {key}:
            reasons.setdefault(place, f"{row['path']}: {row['status']}: {row['reason'] or ''}")
    return {key: reason for key, reason in reasons.items() if key not in counted}


def in_conflict(files: pd.DataFrame, *, level: Level) -> set[tuple[int | str, int]]:
    """Units and years that a file in conflict may belong to, by its name or by its text: no
    published count stands in for what is to be settled."""
    return {place for row in records(files) for place in _claimed(row, level)}


def _claimed(row: Mapping[str, Any], level: Level) -> set[tuple[int | str, int]]:
    """Every unit and year that a file in conflict may belong to; none for another file."""
    if row["status"] != "conflict":
        return set()
    return {
        (code, year)
        for code in (row[level.code], row[f"text_{level.code}"])
        for year in (row["year"], row["text_year"])
        if code is not None and year is not None
    }
