"""An audit in a sentence or two."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dti_assets.store.schema import records

if TYPE_CHECKING:
    import pandas as pd


def audit_sentence(frame: pd.DataFrame) -> str:
    """Agreement, precision and the change of the 2SLS estimate of each source; frame is table
    measurement_audit."""
    return "; ".join(
        f"{source}: {_source(records(part))}" for source, part in frame.groupby("source")
    )


def _source(rows: list[dict[str, Any]]) -> str:
    said = []
    for row in rows:
        of = f"{row['scope']} {row['measure']}"
        value = row["estimate"]
        if of in ("all alpha", "all precision", "digital precision", "digital recall"):
            if value is None:
                said.append(str(row["reason"]))
            else:
                name = of.removeprefix("all ").removeprefix("digital ")
                low, high = row["conf_low"], row["conf_high"]
                said.append(f"{name} {value:.3f} [{low:.3f}, {high:.3f}]")
        elif row["part"] == "estimate" and row["measure"] == "2SLS" and value is not None:
            change = f"{row['change']:+.3g} [{row['change_low']:+.3g}, {row['change_high']:+.3g}]"
            said.append(f"{row['scope']}: 2SLS {row['uncorrected']:.4g}, corrected {change}")
    return ", ".join(said)
