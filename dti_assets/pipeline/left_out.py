"""What a run left out, counted by kind from the stored tables that hold it row by row.

Loads no Dagster.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterator
from typing import Any

from dti_assets.errors import DtiError
from dti_assets.panel.tables import SKIPPED
from dti_assets.patents.tables import ROW_STATUS
from dti_assets.pipeline.resources import Workspace
from dti_assets.text.tables import REPORT_FILES

# patents with these count, as the status says
_COUNTED = frozenset(
    {
        *("rows", "applications", "no_abstract", "no_number", "number_damaged", "kind_unknown"),
        *("year_from_number", "quote_open", "characters_lost", "duplicates_disagree"),
        *("publication_date_unreadable",),
    }
)
# a reason goes on with what it found there
_PARTICULARS = re.compile(r"\s*[:;(].*", re.DOTALL)
_MOST_KINDS = 8


def left_out(workspace: Workspace, tables: Collection[str]) -> list[str]:
    """A line for each of these stored tables that has rows of something left out, and where to see
    them."""
    found = []
    for table, what, kinds_of in (
        (REPORT_FILES.name, "report files", _reports),
        (ROW_STATUS.name, "patent rows", _patents),
        (SKIPPED.name, "figures", _figures),
    ):
        if table not in tables:
            continue
        kinds: Counter[str] = Counter()
        try:
            for kind, number in kinds_of(workspace.stored(table)):
                kinds[kind] += number
        except (DtiError, OSError):
            continue
        # without those that no row has
        if kinds := +kinds:
            found.append(f"{what}: {_told(kinds)} (dti show {table})")
    return found


def _told(kinds: Counter[str]) -> str:
    shown = kinds.most_common(_MOST_KINDS)
    words = [f"{number:,} {kind}" for kind, number in shown]
    rest = len(kinds) - len(shown)
    return ", ".join(words) + (f" and {rest} more kinds" if rest else "")


def _reports(files: Any) -> Iterator[tuple[str, int]]:
    """By status; of those that count, how many with a warning."""
    for status, number in files["status"].value_counts().items():
        if status != "ok":
            yield str(status), int(number)
    if "warning" in files:
        counted = files["status"] == "ok"
        yield "counted with a warning", int((counted & files["warning"].notna()).sum())


def _patents(status: Any) -> Iterator[tuple[str, int]]:
    for one, number in zip(status["status"], status["rows"], strict=True):
        kept = one in _COUNTED or str(one).endswith("_and_address_disagree")
        if not kept:
            yield str(one), int(number)


def _figures(skipped: Any) -> Iterator[tuple[str, int]]:
    for reason in skipped["reason"]:
        yield _PARTICULARS.sub("", str(reason)), 1
