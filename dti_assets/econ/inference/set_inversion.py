"""Turning a test into a confidence set: which values are not rejected, as a union of intervals.

A set may be empty, an interval, two rays, the whole line, or several pieces. An unbounded set is
a finding: the data cannot bound the effect.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

Interval = tuple[float, float]
INFINITY = float("inf")
WHOLE_LINE: list[Interval] = [(-INFINITY, INFINITY)]


def quadratic_set(a: float, b: float, c: float) -> list[Interval]:
    """All x with a x^2 + b x + c <= 0, as closed intervals."""
    scale = max(abs(a), abs(b), abs(c))
    if scale == 0:
        return list(WHOLE_LINE)
    if a == 0:
        if b == 0:
            return list(WHOLE_LINE) if c <= 0 else []
        return [(-INFINITY, -c / b)] if b > 0 else [(-c / b, INFINITY)]
    discriminant = b * b - 4 * a * c
    if discriminant < 0:
        return list(WHOLE_LINE) if a < 0 else []
    root = float(np.sqrt(discriminant))
    q = -0.5 * (b + (root if b >= 0 else -root))  # avoids cancellation
    roots = (q / a, c / q) if q != 0 else (0.0, 0.0)
    low, high = min(roots), max(roots)
    if a > 0:
        return [(low, high)]
    return [(-INFINITY, low), (high, INFINITY)] if low < high else list(WHOLE_LINE)


def on_the_line(points: int, scale: float) -> Floats:
    """Values about 0, as many as `points`, dense within `scale` and reaching far beyond."""
    return scale * np.tan(_angles(points))


def _angles(points: int) -> Floats:
    return (np.arange(points) + 0.5) / points * np.pi - np.pi / 2


def invert(
    accept: Callable[[Floats], NDArray[np.bool_]],
    accept_at_infinity: bool,
    centre: float,
    scale: float,
    points: int = 400,
    steps: int = 50,
    also: Floats | None = None,
) -> list[Interval]:
    """The accepted set of a test, found on a grid of the projective line and refined by bisection.

    accept : vectorised, from values of b to accepted or not. Grid points are centre + scale
    tan(theta) with equally spaced theta, dense around `centre` and reaching both infinities,
    which are one point with the status `accept_at_infinity`. `also` are further values to look at.
    Pieces narrower than the grid can be missed, unless they hold `centre` or one of those.
    """
    theta = np.append(_angles(points), 0.0)
    if also is not None:
        theta = np.append(theta, np.arctan((also - centre) / scale))
    theta = np.unique(theta)

    def value(angle: Floats) -> Floats:
        return centre + scale * np.tan(angle)

    inside = accept(value(theta))
    edges = np.concatenate([[-np.pi / 2], theta, [np.pi / 2]])
    status = np.concatenate([[accept_at_infinity], inside, [accept_at_infinity]])
    change = np.flatnonzero(status[1:] != status[:-1])
    low, high = edges[change], edges[change + 1]
    starts_inside = status[change]
    for _ in range(steps):
        if len(change) == 0:
            break
        middle = (low + high) / 2
        same = accept(value(middle)) == starts_inside
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    # the nearest rejected value known, so that a reported bound is never inside the set
    bounds = value(np.where(starts_inside, high, low))
    intervals: list[Interval] = []
    start = -INFINITY
    for bound, was_inside in zip(bounds, starts_inside, strict=True):
        if was_inside:
            intervals.append((start, float(bound)))
        else:
            start = float(bound)
    if status[-1]:
        intervals.append((start, INFINITY))
    return intervals
