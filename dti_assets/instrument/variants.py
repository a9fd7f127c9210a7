"""Every instrument that the stored counts allow: one column for each way of building it.

Dictionary, hit definition, denominator, section, distance and zero-distance rule are crossed.
What the stored counts cannot tell is left out: dropping a term sets free the shorter terms nested
in it, so that variants of the dictionary exist for overlapping hits alone. Estimation is elsewhere.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple, cast

from dti_assets.errors import DistanceError
from dti_assets.instrument.distances import (
    ALTERNATIVES,
    Measure,
    ZeroDistance,
    distances_used,
    kilometres_to_each_seat,
)
from dti_assets.instrument.formula import instrument
from dti_assets.text.choices import HITS, WORDS, frequency, hits_column, words_column
from dti_assets.units.levels import Level
from dti_assets.units.lists import Units

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

DISTANCES = ("great_circle", "geodesic")
ALL_TERMS = "all terms"


class InstrumentVariants(NamedTuple):
    """`frame`: one row per unit and year with text or counts, and a column per variant; `choices`:
    column -> the choices behind it (dictionary, hits, words, section, distance, zero_distance,
    counted_on)."""

    frame: pd.DataFrame
    choices: dict[str, dict[str, str]]
    level: Level

    def join(self, panel: pd.DataFrame) -> pd.DataFrame:
        """`panel` with the variants as columns; a unit and year without counts is missing."""
        return panel.merge(self.frame, on=[*self.level.when], how="left", validate="one_to_one")

    def without(self, dictionary: str) -> InstrumentVariants:
        """The variants of the other dictionaries."""
        gone = self.where(dictionary=dictionary)
        kept = {name: what for name, what in self.choices.items() if name not in gone}
        return InstrumentVariants(self.frame.drop(columns=gone), kept, self.level)

    def where(self, **chosen: str) -> list[str]:
        """Columns built with these choices."""
        return [
            name
            for name, what in self.choices.items()
            if all(what[key] == value for key, value in chosen.items())
        ]


def instrument_variants(
    counts: pd.DataFrame,
    words: pd.DataFrame,
    hub: str,
    sections: Mapping[str, Collection[str]],
    left_out: Mapping[str, Collection[str]] | None = None,
    hits: Iterable[str] = HITS,
    denominators: Iterable[str] = tuple(WORDS),
    distances: Iterable[str] = DISTANCES,
    rules: Collection[ZeroDistance] = ALTERNATIVES,
    *,
    units: Units,
) -> InstrumentVariants:
    """The instrument under all combinations of hits, words and distance to `hub`.

    Parameters
    ----------
    counts, words : tables keyword_counts and section_words.
    sections : label -> stored sections that are added up, e.g. {"plan": ["plan"]}. A report
        without any of them (one that could not be split has no plan half) is missing there.
    left_out : label of a dictionary -> terms it lacks; counted on overlapping hits.
    rules : zero-distance rules; default: drop, internal, floors of 50 and 1 km. A rule that this
        hub does not allow is left out, and so are hits that were not counted.
    """
    import pandas as pd

    wanted = [kind for kind in hits if counts[hits_column(kind)].notna().all()]
    level = units.level
    totals = {
        label: _sums(words, part, list(WORDS.values()), level) for label, part in sections.items()
    }
    kilometres = _kilometres(hub, tuple(distances), rules, units)
    dictionaries: list[tuple[str, pd.DataFrame, list[str]]] = [(ALL_TERMS, counts, wanted)]
    for label, terms in (left_out or {}).items():
        dictionaries.append((label, counts[~counts["term"].isin(list(terms))], ["overlap"]))
    parts: list[pd.DataFrame] = []
    choices: dict[str, dict[str, str]] = {}
    for dictionary, kept, kinds in dictionaries:
        for section, part in sections.items():
            bottom = totals[section]
            top = _sums(kept, part, list(map(hits_column, kinds)), level)
            # a report whose section holds no term has no row among the counts: no hit, not null
            top = top.reindex(bottom.index, fill_value=0.0)
            codes = bottom.index.get_level_values(level.code)
            km = {pair: by_code.reindex(codes).to_numpy() for pair, by_code in kilometres.items()}
            columns: dict[str, np.ndarray] = {}
            for kind in kinds:
                for word in denominators:
                    length = bottom[words_column(word)]
                    counted = top[hits_column(kind)]
                    share = frequency(counted, length.where(length > 0)).to_numpy()
                    for distance, rule in km:
                        what = {
                            "dictionary": dictionary,
                            "hits": kind,
                            "words": word,
                            "section": section,
                            "distance": distance,
                            "zero_distance": rule,
                            "counted_on": hits_column(kind),
                        }
                        name = "iv: " + ", ".join(list(what.values())[:-1])
                        columns[name] = instrument(share, km[distance, rule])
                        choices[name] = what
            parts.append(pd.DataFrame(columns, index=bottom.index))
    # copied into one block, which what follows is quicker on
    frame = pd.concat(parts, axis=1).sort_index().copy().reset_index()
    return InstrumentVariants(frame, choices, level)


def _sums(
    frame: pd.DataFrame, sections: Collection[str], names: list[str], level: Level
) -> pd.DataFrame:
    """Sums over sections by unit and year."""
    chosen = frame[frame["section"].isin(list(sections))]
    return chosen.groupby(list(level.when))[names].sum().astype("float64")


def _kilometres(
    hub: str, distances: tuple[str, ...], rules: Collection[ZeroDistance], units: Units
) -> dict[tuple[str, str], pd.Series]:
    """Distance measure and rule -> km by code of the unit."""
    import pandas as pd

    found = {}
    for rule in dict.fromkeys(rules):
        for distance in distances:
            try:
                used = distances_used(hub, cast(Measure, distance), rule, units=units)
            except DistanceError:
                continue
            found[distance, str(rule)] = pd.Series(used, dtype=float)
    return found


def hub_distances(distance: Measure, *, units: Units) -> tuple[pd.DataFrame, dict[str, str]]:
    """Km from each seat to every seat: the study's hub, and the placebos beside it.

    Returns a frame by code of the unit, and seat -> its column. A seat's own unit is missing
    there, the hub's too: one rule for all, or their first stages could not be compared.
    """
    import pandas as pd

    found = kilometres_to_each_seat(distance, units=units)
    seats = {seat: f"km to {seat}" for seat in found}
    columns = {seats[seat]: pd.Series(km, dtype=float) for seat, km in found.items()}
    frame = pd.DataFrame(columns, index=[unit.code for unit in units])
    return frame.rename_axis(units.level.code).reset_index(), seats


def named_variants(variants: InstrumentVariants, chosen: Mapping[str, str]) -> dict[str, str]:
    """Label -> column of the variants that differ from the study's choices in one respect.

    `chosen` is the study's hits, words, section, distance and zero_distance. Zero-distance rules
    come first, `drop` at their head. Variants of the dictionary rest on overlapping hits; the full
    dictionary on overlapping hits stands beside them.
    """
    found: dict[str, str] = {}
    for name, what in variants.choices.items():
        if what["dictionary"] != ALL_TERMS:
            wanted = {**chosen, "hits": "overlap"}
            if all(what[key] == value for key, value in wanted.items()):
                found[what["dictionary"]] = name
            continue
        other = [key for key, value in chosen.items() if what[key] != value]
        if len(other) == 1:
            label = other[0].replace("_", " ")
            found[f"{label}: {_words(what[other[0]])}"] = name
    order = {"zero distance: drop": 0}
    return dict(
        sorted(
            found.items(),
            key=lambda pair: order.get(pair[0], 1 if pair[0].startswith("zero") else 2),
        )
    )


def _words(choice: str) -> str:
    floor = choice.removeprefix("floor_km: ")
    return choice.replace("_", " ") if floor == choice else f"at least {floor} km"


def with_distances(
    panel: pd.DataFrame,
    dti_iv: pd.DataFrame,
    capitals: pd.DataFrame,
    hubs: pd.DataFrame | None = None,
    *,
    level: Level,
) -> pd.DataFrame:
    """`panel` with what robustness checks need beside it: keyword frequency and distance_km of
    table dti_iv, latitude and longitude of table capital_distances, and distances to each hub
    by code of the unit."""
    used = dti_iv[[*level.when, "frequency", "distance_km"]]
    wide = panel.merge(used, on=[*level.when], how="left")
    wide = wide.merge(capitals[[level.code, "latitude", "longitude"]], on=level.code, how="left")
    return wide if hubs is None else wide.merge(hubs, on=level.code, how="left")
