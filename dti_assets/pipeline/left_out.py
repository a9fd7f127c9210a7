"""What a run left out, counted by kind from the stored tables that hold it row by row.

Loads no Dagster.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterator
from typing import Any

from dti_assets.errors import DtiError
from dti_assets.panel.tables import SKIPPED
from dti_assets.patents.tables import LEFT_OUT, ROW_STATUS
from dti_assets.pipeline.resources import Workspace
from dti_assets.text.tables import REPORT_FILES

# a reason goes on with what it found there
_PARTICULARS = re.compile(r"\s*[:;(].*", re.DOTALL)
_MOST_KINDS = 8


def left_out(workspace: Workspace, tables: Collection[str]) -> list[str]:
    """A line for each thing of which these stored tables have some left out, and where to see
    them."""
    found = []
    for table, kinds_of in (
        (REPORT_FILES.name, _reports),
        (ROW_STATUS.name, _patents),
        (SKIPPED.name, _figures),
    ):
        if table not in tables:
            continue
        kinds: dict[str, Counter[str]] = {}
        try:
            for what, kind, number in kinds_of(workspace.stored(table), workspace):
                kinds.setdefault(what, Counter())[kind] += number
        except (DtiError, OSError):
            continue
        # without those that no row has
        some = {what: +counted for what, counted in kinds.items() if +counted}
        found += [f"{what}: {_told(counted)} (dti show {table})" for what, counted in some.items()]
    return found


def _told(kinds: Counter[str]) -> str:
    shown = kinds.most_common(_MOST_KINDS)
    words = [f"{number:,} {kind}" for kind, number in shown]
    rest = len(kinds) - len(shown)
    return ", ".join(words) + (f" and {rest} more kinds" if rest else "")


# what it is, the kind it is counted as, and how many
Found = Iterator[tuple[str, str, int]]


def _reports(files: Any, _: Workspace) -> Found:
    """By status; of those that count, how many with a warning."""
    for status, number in files["status"].value_counts().items():
        if status != "ok":
            yield "report files", str(status), int(number)
    if "warning" in files:
        counted = files["status"] == "ok"
        number = int((counted & files["warning"].notna()).sum())
        yield "report files", "counted with a warning", number


def _patents(status: Any, workspace: Workspace) -> Found:
    words = workspace.level.words
    what = {words(name): of for of, names in LEFT_OUT.items() for name in names}
    for one, number in zip(status["status"], status["rows"], strict=True):
        if one in what:
            yield what[one], str(one), int(number)


def _figures(skipped: Any, _: Workspace) -> Found:
    for reason in skipped["reason"]:
        yield "figures", _PARTICULARS.sub("", str(reason)), 1
