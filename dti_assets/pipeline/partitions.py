"""The yearly partitions of everything that is counted report by report."""

from collections.abc import Mapping
from datetime import date, datetime
from zoneinfo import ZoneInfo

from dagster import TimeWindowPartitionsDefinition

RANGE_START = "dagster/asset_partition_range_start"
RANGE_END = "dagster/asset_partition_range_end"
_ONE = "dagster/partition"
# on a run that left out what was up to date: of the whole study, or of what was selected
KEPT, REST_OF_STUDY, REST_OF_SELECTION = "dti/kept", "rest of the study", "rest of the selection"
# and since when, in seconds: the inputs were looked at from then on
JUDGED = "dti/judged"
# on a run that is to fetch from the network beside making other assets
FETCHES = "dti/fetches"
TIMEZONE = "Asia/Shanghai"

# The first year of the paper; a study that begins earlier gets earlier partitions from build.
FIRST_YEAR = 2009


def yearly(first: int = FIRST_YEAR) -> TimeWindowPartitionsDefinition:
    """One partition a year from `first` to the current year, whose report appears in January."""
    return TimeWindowPartitionsDefinition(
        cron_schedule="0 0 1 1 *",
        start=str(first),
        fmt="%Y",
        end_offset=1,
        timezone=TIMEZONE,
    )


def today() -> date:
    """The day it is where the reports are given."""
    return datetime.now(ZoneInfo(TIMEZONE)).date()


def last_year() -> int:
    """The last year there is a partition of, whatever the study."""
    return int(yearly().get_last_partition_key() or FIRST_YEAR)


def run_years(tags: Mapping[str, str]) -> list[int]:
    """The years a run makes by its tags: one partition, a range, or none."""
    first = tags.get(RANGE_START) or tags.get(_ONE)
    if first is None:
        return []
    return list(range(int(first), int(tags.get(RANGE_END) or first) + 1))
