"""The yearly partitions of everything that is counted report by report."""

from dagster import TimeWindowPartitionsDefinition

# The first year of the paper; a study that begins earlier gets earlier partitions from build.
FIRST_YEAR = 2009


def yearly(first: int = FIRST_YEAR) -> TimeWindowPartitionsDefinition:
    """One partition a year from `first` to the current year, whose report appears in January."""
    return TimeWindowPartitionsDefinition(
        cron_schedule="0 0 1 1 *",
        start=str(first),
        fmt="%Y",
        end_offset=1,
        timezone="Asia/Shanghai",
    )
