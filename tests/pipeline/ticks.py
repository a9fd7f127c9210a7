"""The sensor and the schedule as the daemon evaluates them, and the runs they ask for."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import dagster as dg

from dti_assets.pipeline.definitions import build_definitions
from dti_assets.pipeline.instance import initialise, instance
from dti_assets.pipeline.resources import Workspace
from dti_assets.study.config import load_study

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass
class Tick:
    """What a tick asked for, or why nothing, and what it remembers."""

    requests: list[dg.RunRequest]
    skipped: str | None
    cursor: str | None

    @property
    def request(self) -> dg.RunRequest:
        assert len(self.requests) == 1, (self.requests, self.skipped)
        return self.requests[0]

    @property
    def assets(self) -> set[str]:
        return {key.to_user_string() for key in self.request.asset_selection or ()}

    @property
    def years(self) -> tuple[str, ...]:
        """The partition asked for, or first and last of the range; empty for none."""
        tags = self.request.tags
        if "dagster/partition" in tags:
            return (tags["dagster/partition"],)
        names = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")
        return tuple(tags[name] for name in names if name in tags)


@contextmanager
def instance_of(study_file: Path) -> Iterator[dg.DagsterInstance]:
    """The instance in the study's Dagster home."""
    with instance(initialise(load_study(study_file))) as opened:
        yield opened


def definitions_of(study_file: Path) -> dg.Definitions:
    warnings.filterwarnings("ignore", category=dg.BetaWarning)
    study = load_study(study_file)
    return build_definitions(study, {"workspace": Workspace(study, workers=2)})


def sensor_tick(
    study_file: Path, cursor: str | None = None, loaded: dg.Definitions | None = None
) -> Tick:
    """A tick of the sensor of changed inputs, in a code location loaded just now, or before."""
    repository = (loaded or definitions_of(study_file)).get_repository_def()
    with (
        instance_of(study_file) as instance,
        dg.build_sensor_context(instance, cursor=cursor, repository_def=repository) as context,
    ):
        found = repository.get_sensor_def("changed_inputs").evaluate_tick(context)
    return Tick(list(found.run_requests or ()), found.skip_message, found.cursor or cursor)


def schedule_tick(
    study_file: Path, year: int, loaded: dg.Definitions | None = None
) -> list[dg.RunRequest]:
    """What the schedule asks for on 1 March of that year; `loaded` is a code location that was not
    reloaded since."""
    repository = (loaded or definitions_of(study_file)).get_repository_def()
    when = datetime(year, 3, 1, 6, tzinfo=ZoneInfo("Asia/Shanghai"))
    with (
        instance_of(study_file) as instance,
        dg.build_schedule_context(
            instance, scheduled_execution_time=when, repository_def=repository
        ) as context,
    ):
        found = repository.get_schedule_def("yearly_refresh").evaluate_tick(context)
    return list(found.run_requests or ())


@dataclass
class Ran:
    """How a run that was asked for went: the numbers it tells, and the assets it made."""

    success: bool
    made: set[str]
    tally: dict[str, int] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)


def launch(study_file: Path, request: dg.RunRequest, up_to: str | None = None) -> Ran:
    """Run what was asked for, as the daemon does: by its selection and its tags; of the selection
    only what the asset `up_to` rests on, where one is given."""
    definitions = definitions_of(study_file)
    job = definitions.resolve_implicit_global_asset_job_def()
    selection = request.asset_selection
    if up_to is not None:
        above = dg.AssetSelection.assets(up_to).upstream().required_multi_asset_neighbors()
        wanted = above.resolve(definitions.resolve_asset_graph())
        selection = [key for key in selection or () if key in wanted]
    with instance_of(study_file) as instance:
        result = job.execute_in_process(
            instance=instance,
            asset_selection=selection,
            tags=dict(request.tags),
            run_config=QUIET,
            raise_on_error=False,
        )
    ran = Ran(result.success, set())
    for event in result.get_asset_materialization_events():
        ran.made.add(event.asset_key.to_user_string())
        metadata: dict[str, Any] = dict(event.materialization.metadata)
        for name, value in metadata.items():
            # of what is partitioned there is an event a year
            if name.startswith(("files_", "reports_")):
                ran.tally[name] = ran.tally.get(name, 0) + value.value
    ran.failures = [str(e.message) for e in result.all_events if e.is_step_failure]
    return ran
