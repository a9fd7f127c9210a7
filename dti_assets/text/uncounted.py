"""Province-years whose files do not count, and why: from table report_files alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dti_assets.tables import records

if TYPE_CHECKING:
    import pandas as pd


def why_not_counted(files: pd.DataFrame) -> dict[tuple[int, int], str]:
    """For each province-year that has files (table report_files) but none that counts: why."""
    reasons: dict[tuple[int, int], str] = {}
    counted = set()
    for row in records(files):
        if row["province_code"] is None or row["year"] is None:
            continue
        key = (row["province_code"], row["year"])
        if row["status"] == "ok":
            counted.add(key)
            continue
        for place in _claimed(row) or {key}:
            reasons.setdefault(place, f"{row['path']}: {row['status']}: {row['reason'] or ''}")
    return {key: reason for key, reason in reasons.items() if key not in counted}


def in_conflict(files: pd.DataFrame) -> set[tuple[int, int]]:
    """Province-years that a file in conflict may belong to, by its name or by its text: no
    published count stands in for what is to be settled."""
    return {place for row in records(files) for place in _claimed(row)}


def _claimed(row: Mapping[str, Any]) -> set[tuple[int, int]]:
    """Every province-year that a file in conflict may belong to; none for another file."""
    if row["status"] != "conflict":
        return set()
    return {
        (code, year)
        for code in (row["province_code"], row["text_province_code"])
        for year in (row["year"], row["text_year"])
        if code is not None and year is not None
    }
