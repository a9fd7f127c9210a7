"""What should hold of downloads: a pure function that returns sentences, none if all is well."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dti_assets.tables import records

if TYPE_CHECKING:
    import pandas as pd


def not_fetched(downloads: pd.DataFrame) -> list[str]:
    """Rows of the registry whose address gave no report, with the reason."""
    return [
        f"{row['province']} {row['year']}: {row['reason'] or ''}"
        for row in records(downloads)
        if row["state"] == "failed"
    ]
