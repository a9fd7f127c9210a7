"""Every instrument that the stored counts allow: one column for each way of building it.

Dictionary, hit definition, denominator, section, distance and zero-distance rule are crossed.
What the stored counts cannot tell is left out: dropping a term sets free the shorter terms nested
in it, so that variants of the dictionary exist for overlapping hits alone. Estimation is elsewhere.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple, cast

from dti_assets.errors import DistanceError
from dti_assets.instrument.distances import ALTERNATIVES, Measure, ZeroDistance, distances_used
from dti_assets.units.provinces import provinces

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

HITS = ("longest", "token", "overlap")
WORDS = {
    "all": "words_all",
    "nonpunct": "words_nonpunct",
    "han": "words_han",
    "chars": "chars_han",
}
DISTANCES = ("great_circle", "geodesic")
ALL_TERMS = "all terms"
_KEY = ["province_code", "year"]


class InstrumentVariants(NamedTuple):
    """`frame`: one row per province-year with text or counts, and a column per variant; `choices`:
    column -> the choices behind it (dictionary, hits, words, section, distance, zero_distance,
    counted_on)."""

    frame: pd.DataFrame
    choices: dict[str, dict[str, str]]

    def join(self, panel: pd.DataFrame) -> pd.DataFrame:
        """`panel` with the variants as columns; a province-year without counts is missing."""
        return panel.merge(self.frame, on=_KEY, how="left", validate="one_to_one")

    def without(self, dictionary: str) -> InstrumentVariants:
        """The variants of the other dictionaries."""
        gone = self.where(dictionary=dictionary)
        kept = {name: what for name, what in self.choices.items() if name not in gone}
        return InstrumentVariants(self.frame.drop(columns=gone), kept)

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
) -> InstrumentVariants:
    """All combinations of (hits / words) / distance to `hub`.

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

    wanted = [kind for kind in hits if counts[f"hits_{kind}"].notna().all()]
    totals = {label: _sums(words, part, list(WORDS.values())) for label, part in sections.items()}
    kilometres = _kilometres(hub, tuple(distances), rules)
    dictionaries: list[tuple[str, pd.DataFrame, list[str]]] = [(ALL_TERMS, counts, wanted)]
    for label, terms in (left_out or {}).items():
        dictionaries.append((label, counts[~counts["term"].isin(list(terms))], ["overlap"]))
    parts: list[pd.DataFrame] = []
    choices: dict[str, dict[str, str]] = {}
    for dictionary, kept, kinds in dictionaries:
        for section, part in sections.items():
            bottom = totals[section]
            top = _sums(kept, part, [f"hits_{kind}" for kind in kinds])
            # a report whose section holds no term has no row among the counts: no hit, not null
            top = top.reindex(bottom.index, fill_value=0.0)
            codes = bottom.index.get_level_values("province_code")
            km = {pair: by_code.reindex(codes).to_numpy() for pair, by_code in kilometres.items()}
            columns: dict[str, np.ndarray] = {}
            for kind in kinds:
                for word in denominators:
                    length = bottom[WORDS[word]]
                    frequency = (top[f"hits_{kind}"] / length.where(length > 0)).to_numpy()
                    for distance, rule in km:
                        what = {
                            "dictionary": dictionary,
                            "hits": kind,
                            "words": word,
                            "section": section,
                            "distance": distance,
                            "zero_distance": rule,
                            "counted_on": f"hits_{kind}",
                        }
                        name = "iv: " + ", ".join(list(what.values())[:-1])
                        columns[name] = frequency / km[distance, rule]
                        choices[name] = what
            parts.append(pd.DataFrame(columns, index=bottom.index))
    # copied into one block, which what follows is quicker on
    frame = pd.concat(parts, axis=1).sort_index().copy().reset_index()
    return InstrumentVariants(frame, choices)


def _sums(frame: pd.DataFrame, sections: Collection[str], names: list[str]) -> pd.DataFrame:
    """Sums over sections by province and year."""
    chosen = frame[frame["section"].isin(list(sections))]
    return chosen.groupby(_KEY)[names].sum().astype("float64")


def _kilometres(
    hub: str, distances: tuple[str, ...], rules: Collection[ZeroDistance]
) -> dict[tuple[str, str], pd.Series]:
    """Distance measure and rule -> km by province code."""
    import pandas as pd

    found = {}
    for rule in dict.fromkeys(rules):
        for distance in distances:
            try:
                used = distances_used(hub, cast(Measure, distance), rule)
            except DistanceError:
                continue
            found[distance, str(rule)] = pd.Series(used, dtype=float)
    return found


def hub_distances(distance: Measure) -> tuple[pd.DataFrame, dict[str, str]]:
    """Km from each capital to every capital: the study's hub, and the placebos beside it.

    Returns a frame by province_code, and city -> its column. A city's own province is missing
    there, the hub's too: one rule for all, or their first stages could not be compared.
    """
    import pandas as pd

    columns, cities = {}, {}
    for place in provinces():
        used = distances_used(place.capital, distance, ZeroDistance("drop"))
        name = cities[place.capital] = f"km to {place.capital}"
        columns[name] = pd.Series(used, dtype=float)
    return pd.DataFrame(columns).rename_axis("province_code").reset_index(), cities


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
) -> pd.DataFrame:
    """`panel` with what robustness checks need beside it: keyword frequency and distance_km of
    table dti_iv, latitude and longitude of table capital_distances, and distances to each hub
    by province_code."""
    wide = panel.merge(dti_iv[[*_KEY, "frequency", "distance_km"]], on=_KEY, how="left")
    wide = wide.merge(
        capitals[["province_code", "latitude", "longitude"]], on="province_code", how="left"
    )
    return wide if hubs is None else wide.merge(hubs, on="province_code", how="left")
