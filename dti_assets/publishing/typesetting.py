"""Numbers and names as they are printed, the same in every format.

Rounding happens here and nowhere else; what a format must escape is the format's own affair.
"""

import re
from functools import lru_cache

from dti_assets.units.provinces import find_province, provinces

MINUS = "\N{MINUS SIGN}"
DECIMALS = 3
# what a column has behind its name where the study estimates it again without the hub's province
HUB_DROPPED = ", hub province dropped"
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


def cluster_word(*names: str | None) -> str:
    """ "province" where the stored names of clusters are those of provinces, else "cluster"."""
    known = [name for name in names if name is not None]
    return "province" if known and all(map(find_province, known)) else "cluster"


def english(text: str) -> str:
    """Chinese short names of provinces as their English names; everything else unchanged."""
    pattern, names = _names()
    return pattern.sub(lambda found: names[found.group()], text)


@lru_cache(maxsize=1)
def _names() -> tuple[re.Pattern[str], dict[str, str]]:
    # capitals first: their names may hold a province's
    names = {place.capital: place.capital_english for place in provinces()}
    names |= {place.province: place.english for place in provinces()}
    return re.compile("|".join(sorted(names, key=len, reverse=True))), names
