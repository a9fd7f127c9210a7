"""Numbers and names as they are printed, the same in every format.

Rounding happens here and nowhere else; what a format must escape is the format's own affair.
"""

import re
from functools import lru_cache

from dti_assets.units.lists import Units

MINUS = "\N{MINUS SIGN}"
DECIMALS = 3
# at or above this a number is printed whole, below the other in powers of ten
_WHOLE_FROM = 1e5
_SMALLEST = 10.0**-DECIMALS


def number(value: float | None, decimals: int = DECIMALS) -> str:
    """`value` rounded half to even, trailing zeros kept; a null is empty.

    Python's formatting rounds the exact binary value half to even, so nothing is rounded twice.
    What three decimals would turn into zero is printed as 4.56e-04; a zero has no sign.
    """
    if value is None or value != value:
        return ""
    if value in (float("inf"), float("-inf")):
        return "∞" if value > 0 else "-∞"
    size = abs(value)
    if 0 < size < _SMALLEST and decimals == DECIMALS:
        return f"{value:.2e}"
    text = f"{value:.{0 if size >= _WHOLE_FROM else decimals}f}"
    return text.removeprefix("-") if float(text) == 0 else text


def probability(value: float | None) -> str:
    """A p-value; never 0.000, which no bootstrap with finitely many draws can give."""
    if value is None or value != value:
        return ""
    return f"<{_SMALLEST:.{DECIMALS}f}" if value < _SMALLEST else number(value)


def whole(value: int | float | None) -> str:
    """A count; a null is empty."""
    return "" if value is None or value != value else str(int(value))


def interval(low: float | None, high: float | None) -> str:
    """Two ends as an interval, open where it has no bound."""
    if low is None or high is None:
        return ""
    left = "(" if low == float("-inf") else "["
    right = ")" if high == float("inf") else "]"
    return f"{left}{number(low)}, {number(high)}{right}"


def with_minus(text: str) -> str:
    """Hyphens before numbers as minus signs, other hyphens as they are."""
    return re.sub(r"(?<!\w)-(?=[\d∞])", MINUS, text)


def infinity(text: str | None) -> str:
    """A set as stored, with the sign for infinity."""
    return re.sub(r"\binf\b", "∞", text or "")


def errors_word(errors: str | None) -> str:
    """The kind of errors of a stored column (`errors` of an estimate) in one word or two."""
    return {"robust": "robust (HC1)", "iid": "conventional"}.get(errors or "", "clustered")


def cluster_words(*names: str | None, units: Units) -> tuple[str, str]:
    """What clusters are called, one and several: as the units where the stored names of clusters
    are those of units."""
    known = [name for name in names if name is not None]
    if known and all(map(units.find, known)):
        return units.level.noun, units.level.plural
    return "cluster", "clusters"


def english(text: str, units: Units) -> str:
    """Names of units and of their seats as the English ones, where the list has them; everything
    else unchanged."""
    pattern, names = _names(units)
    return pattern.sub(lambda found: names[found.group()], text)


@lru_cache(maxsize=8)
def _names(units: Units) -> tuple[re.Pattern[str], dict[str, str]]:
    # seats first: their names may hold a unit's
    names = {unit.seat: unit.seat_english for unit in units if unit.seat_english}
    names |= {unit.name: unit.english for unit in units if unit.english}
    ordered = sorted(names, key=len, reverse=True)
    # without a name there is nothing that could match
    return re.compile("|".join(map(_as_word, ordered)) or "(?!)"), names


def _as_word(name: str) -> str:
    """The pattern of a name: only Chinese is written without spaces between words."""
    escaped = re.escape(name)
    return escaped if max(name) >= "\N{CJK UNIFIED IDEOGRAPH-4E00}" else rf"(?<!\w){escaped}(?!\w)"
