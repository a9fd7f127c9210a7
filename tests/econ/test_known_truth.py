"""Known coefficients beside made estimates."""

import json
from pathlib import Path
from typing import Any

import pytest

from dti_assets.econ.paper.published import load_truth, truth_comparison
from dti_assets.econ.tables import ESTIMATES, PAPER_COMPARISON
from dti_assets.errors import EconError


def made(table: str, column: str, term: str, **numbers: Any) -> dict[str, Any]:
    head = {"table": table, "label": f"S{table}, simulated data, not a replication"}
    return head | {"column": column, "outcome": "y", "term": term, "role": "key"} | numbers


def test_the_interval_decides() -> None:
    frame = ESTIMATES.frame(
        [
            made("2", "4", "DTIn", estimate=0.36, conf_low=0.30, conf_high=0.42),
            made("3", "second stage", "DTIn", estimate=0.5, conf_low=0.40, conf_high=0.6),
            made("10", "4", "INVn", estimate=0.3, conf_low=0.2, conf_high=0.4),
            made("11", "2", "DTIn", estimate=0.4, reason="4 clusters: no clustered inference"),
            made("11", "3", "DTIn", reason="31 rows cannot identify 40 parameters"),
        ]
    )
    known = {"total": 0.342, "DTIn_on_Number": 0.5, "strength": 40.0}
    found = truth_comparison(known, frame)
    assert PAPER_COMPARISON.violations(found) == []
    verdicts = {(row.table, row.column): row.verdict for row in found.itertuples()}
    assert verdicts == {
        ("2", "4"): "agrees",
        ("3", "second stage"): "differs",
        ("10", "4"): "not comparable",
        ("11", "2"): "not comparable",
        ("11", "3"): "not comparable",
    }
    by_table = found.set_index(["table", "column"])
    assert by_table.loc[("2", "4"), "difference"] == pytest.approx(0.018)
    assert by_table.loc[("2", "4"), "published"] == "0.342"
    assert "4 clusters" in by_table.loc[("11", "2"), "reason"]
    assert by_table.loc[("11", "3"), "reason"].startswith("31 rows")
    # a proxy stands under its own name and estimates something else
    assert by_table.loc[("10", "4"), "reason"] == "table 10 has no estimate of DTIn"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no such file"),
        ("{", "not readable as JSON"),
        ("[1]", "expected numbers"),
        (json.dumps({"coefficients": {"total": "0.3", "fine": True}}), "expected numbers"),
    ],
)
def test_a_file_that_cannot_be_used(tmp_path: Path, content: str | None, message: str) -> None:
    path = tmp_path / "truth.json"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(EconError, match=message):
        load_truth(path)
