"""The instrument's formula, and how it reads. Belongs here: the one rule by which frequency and
distance make the instrument. Whatever computes it calls `instrument`.
"""

from __future__ import annotations

from typing import Any

# in the names of columns and checks, where d is any distance
WRITTEN = "frequency / d"
# of the column of table dti_iv
DESCRIPTION, UNIT = "frequency over distance_km", "hits per word and km"


def instrument(frequency: Any, distance: Any) -> Any:
    """Return the instrument of a keyword frequency and a distance in km, numbers or arrays."""
    return frequency / distance
