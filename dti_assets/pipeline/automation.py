"""What starts runs by itself: the yearly schedule, the sensor of changed inputs, the conditions of
declarative automation; and what tells of them: freshness, and a message when a run failed.

Everything that starts runs is off until it is switched on. docs/yearly_refresh.md says what each
switch does.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import dagster as dg

from dti_assets.errors import InputsError, StudyError, TableSpecificationError
from dti_assets.pipeline.instance import sentence
from dti_assets.pipeline.partitions import (
    FIRST_YEAR,
    JUDGED,
    KEPT,
    RANGE_END,
    RANGE_START,
    REST_OF_STUDY,
    TIMEZONE,
    run_years,
)
from dti_assets.pipeline.resources import Workspace
from dti_assets.pipeline.state.inputs import (
    Changes,
    State,
    as_of,
    changes,
    listed_reports,
    look,
)
from dti_assets.pipeline.state.readers import ALL, ESTIMATES, ROOT
from dti_assets.study.catalogue import FETCHED, YEARLY
from dti_assets.study.config import Study, load_study
from dti_assets.study.notification import post

# what reaches the network runs by its own schedule and never as part of another run
FETCHING = dg.AssetSelection.assets(*sorted(FETCHED))
_WHOLE = dg.AssetSelection.all() - FETCHING
_YEARLY = dg.AssetSelection.assets(*sorted(YEARLY))
# how many finished runs are looked through for one that made the whole study
_RUNS_LOOKED_AT = 100


def schedules(study: Study) -> list[dg.ScheduleDefinition]:
    """The yearly download, and the yearly refresh an hour after it."""
    adjective = study.level.adjective
    download = dg.ScheduleDefinition(
        name="yearly_download",
        cron_schedule="0 5 1 3 *",
        execution_timezone=TIMEZONE,
        target=FETCHING,
        default_status=dg.DefaultScheduleStatus.STOPPED,
        description=(
            "On 1 March, an hour before yearly_refresh: does what dti download does for the "
            "study's years. It REACHES THE NETWORK; what lies in the reports folder is kept."
        ),
    )

    @dg.schedule(
        name="yearly_refresh",
        cron_schedule="0 6 1 3 *",
        execution_timezone=TIMEZONE,
        target=_WHOLE,
        default_status=dg.DefaultScheduleStatus.STOPPED,
        description=(
            f"On 1 March, when {adjective} reports of the year are out: reads the reports folder "
            "and makes the whole study anew, all its years; what is counted already comes from the "
            "cache. A year after the study's last one is counted alone, and changes no table until "
            "`years` in study.yaml takes it in."
        ),
    )
    def yearly_refresh(context: dg.ScheduleEvaluationContext) -> Any:
        year = context.scheduled_execution_time.astimezone(ZoneInfo(TIMEZONE)).year
        try:
            first, last = load_study(study.file).years
        except StudyError as error:
            return dg.SkipReason(str(error))
        if year <= last:
            # a report of any year may have been corrected, and a first run makes every year
            if unknown := _unknown_years(study, first):
                return dg.SkipReason(unknown)
            years = {RANGE_START: str(first), RANGE_END: str(last)}
            return dg.RunRequest(asset_selection=_keys(_WHOLE, _graph(context)), tags=years)
        context.log.info(
            f"{year} lies after the study's last year, {last}: its reports are counted, and the "
            f"tables wait until study.yaml says years: [..., {year}]"
        )
        alone = dg.AssetSelection.assets(ROOT, *sorted(YEARLY))
        return dg.RunRequest(partition_key=str(year), asset_selection=_keys(alone, _graph(context)))

    return [download, yearly_refresh]


def sensors(study: Study) -> list[dg.SensorDefinition]:
    """The sensor of changed inputs, and the one that tells of failed runs."""
    return [_changed_inputs(study), _failed_run(study)]


def _changed_inputs(study: Study) -> dg.SensorDefinition:
    @dg.sensor(
        name="changed_inputs",
        target=_WHOLE,
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.STOPPED,
        description=(
            "Watches the reports, patents and panel folders, the dictionaries and study.yaml. What "
            "is new, changed or gone asks for one run: the years it concerns, and what lies "
            "downstream. Sizes and times are looked at first; a file that was only touched asks "
            "for nothing. A run that failed is not asked for again."
        ),
    )
    def changed_inputs(context: dg.SensorEvaluationContext) -> Any:
        try:
            workspace = Workspace(load_study(study.file))
            before = State.from_json(context.cursor)
            now = look(workspace.study, before)
            graph = _graph(context)
            if before is None:
                since = _last_whole_run(context.instance, graph, workspace.study)
                before = as_of(now, workspace.study, since, listed_reports(workspace))
            found = changes(workspace, before, now)
        except (StudyError, InputsError, TableSpecificationError) as error:
            # nothing is remembered, so that it is seen when the fault is mended
            return dg.SkipReason(str(error))
        if not found.assets:
            return dg.SensorResult(skip_reason="nothing changed", cursor=now.to_json())
        if unknown := _unknown_years(study, min(found.years, default=FIRST_YEAR)):
            # nothing is remembered here either
            return dg.SkipReason(unknown)
        now.changes += 1
        for change in found.said:
            context.log.info(change)
        return dg.SensorResult(
            run_requests=[_request(graph, found, now, context.last_sensor_start_time)],
            cursor=now.to_json(),
        )

    return changed_inputs


def _request(graph: Any, found: Changes, now: State, started: float | None) -> dg.RunRequest:
    """One run for all that changed. Dagster never repeats a run key: it holds the number of the
    change beside the content, so that going back to an earlier dictionary is a run again."""
    first, last = now.settings["years"]
    years = sorted(found.years)
    selected = _affected(graph, found, any(first <= year <= last for year in years))
    request: dict[str, Any] = {
        "run_key": f"{now.content()[:16]}-{now.changes}-{int(started or 0)}",
        "asset_selection": selected,
        "tags": {"dti/changed": "; ".join(found.said)[:200]},
    }
    if len(years) == 1:
        request["partition_key"] = str(years[0])
    elif years:
        request["tags"] |= {RANGE_START: str(years[0]), RANGE_END: str(years[-1])}
    return dg.RunRequest(**request)


def _affected(graph: Any, found: Changes, in_study: bool) -> list[dg.AssetKey]:
    """The assets that changes concern, with all downstream.

    Counting reports of years outside the study moves no table, so nothing downstream of the
    yearly assets is made anew, but what shows the list of files.
    """
    yearly = found.assets & {ROOT, *YEARLY}
    direct = found.assets if in_study else found.assets - yearly
    selection: dg.AssetSelection = _named(direct).required_multi_asset_neighbors().downstream()
    if yearly and not in_study:
        selection |= _outside_the_study(with_years=bool(found.years))
    if not found.years:
        selection -= _YEARLY
    return _keys(selection, graph)


def _named(names: Iterable[str]) -> dg.AssetSelection:
    if ALL in names:
        return _WHOLE
    selection = dg.AssetSelection.assets(*sorted(set(names) - {ESTIMATES}))
    return selection | dg.AssetSelection.groups("estimates") if ESTIMATES in names else selection


def _outside_the_study(with_years: bool) -> dg.AssetSelection:
    """The list of files, what shows it, and the yearly assets where there is a year to make."""
    root = dg.AssetSelection.assets(ROOT)
    shown = (root.downstream(depth=1, include_self=False) - _YEARLY).downstream()
    return root | shown | _YEARLY if with_years else root | shown


def _graph(context: Any) -> Any:
    """The assets of the code location that a tick belongs to."""
    return context.repository_def.asset_graph


def _keys(selection: dg.AssetSelection, graph: Any) -> list[dg.AssetKey]:
    """The assets of a selection; tables made together are asked for together."""
    return sorted(selection.required_multi_asset_neighbors().resolve(graph), key=str)


def _last_whole_run(instance: dg.DagsterInstance, graph: Any, study: Study) -> float | None:
    """Since when files may have changed that the last run did not see after which every asset of
    all years of the study was up to date: made by it, or found to be; None if none."""
    whole = _WHOLE.resolve(graph)
    finished = dg.RunsFilter(statuses=[dg.DagsterRunStatus.SUCCESS])
    for record in instance.get_run_records(finished, limit=_RUNS_LOOKED_AT):
        run = record.dagster_run
        made = run.asset_selection or set()
        years = set(run_years(run.tags))
        all_there = made >= whole or run.tags.get(KEPT) == REST_OF_STUDY
        if all_there and years >= set(study.all_years):
            began = record.start_time or record.create_timestamp.timestamp()
            # what was kept had been judged before the run began
            return min(began, float(run.tags.get(JUDGED, began)))
    return None


def _unknown_years(loaded: Study, year: int) -> str | None:
    """Why a run of that year cannot be asked for: it lies before those of the code location, which
    was loaded with another study.yaml."""
    first = min(FIRST_YEAR, loaded.years[0])
    if year >= first:
        return None
    return (
        f"study {loaded.file}: years begin in {year}, and the code location knows those from "
        f"{first}: reload it"
    )


def _failed_run(study: Study) -> dg.SensorDefinition:
    on, off = dg.DefaultSensorStatus.RUNNING, dg.DefaultSensorStatus.STOPPED

    @dg.run_failure_sensor(
        name="failed_run",
        default_status=on if study.notify.webhook else off,
        description=(
            "Tells of a failed run: in the daemon's log, and as JSON to notify.webhook of "
            "study.yaml, with which it is on from the start."
        ),
    )
    def failed_run(context: dg.RunFailureSensorContext) -> None:
        told = study
        try:
            told = load_study(study.file)
        except StudyError as error:
            # perhaps why the run failed: told as the study was when it could be read
            context.log.error(str(error))
        message = failure_message(told, context)
        context.log.error(message["text"])
        if told.notify.webhook:
            context.log.info(post(told.notify.webhook, message))

    return failed_run


def failure_message(study: Study, context: dg.RunFailureSensorContext) -> dict[str, Any]:
    """What is told of a failed run: which one, and a sentence for every step that failed."""
    failures = {
        str(event.step_key): sentence(event.step_failure_data.error)
        for event in context.get_step_failure_events()
    }
    run = context.dagster_run
    said = "; ".join(f"{step}: {why}" for step, why in failures.items())
    return {
        "text": f"study {study.name}: a run failed: {said or context.failure_event.message}",
        "study": study.name,
        "run_id": run.run_id,
        "job": run.job_name,
        "years": run_years(run.tags),
        "failures": failures,
    }


@cache
def follows_the_reports(partitioned: bool, reads_years: bool) -> dg.AutomationCondition[Any]:
    """Made anew when something upstream was: like eager(), but for every year and not the latest
    alone, and for the first time only after what is upstream was made.

    Years outside the study need not exist for what is of the study's years. What reads the yearly
    assets waits for them, and not for the list of files from which they are made as well.
    """
    condition = dg.AutomationCondition
    missing = condition.any_deps_missing()
    updated = condition.any_deps_updated()
    if reads_years and not partitioned:
        updated = updated.ignore(dg.AssetSelection.assets(ROOT))
    return (
        updated.since_last_handled()
        & ~(missing if partitioned else missing.ignore(_YEARLY))
        & ~condition.any_deps_in_progress()
        & ~condition.in_progress()
    ).with_label("follows the reports")


# the instrument of a year is due on 1 April: made between the new year and then
APRIL = dg.FreshnessPolicy.cron(
    deadline_cron="0 0 1 4 *", lower_bound_delta=timedelta(days=90), timezone=TIMEZONE
)


def automation(assets: Sequence[dg.AssetsDefinition]) -> Callable[[dg.AssetSpec], dict[str, Any]]:
    """What a spec of these assets is given, by attribute: the condition that everything downstream
    of the list of reports has, and the deadline of the instrument."""
    specs = [spec for one in assets for spec in one.specs]
    below = {dg.AssetKey(ROOT)}
    grown = True
    while grown:
        more = {s.key for s in specs if any(dep.asset_key in below for dep in s.deps)} - below
        below |= more
        grown = bool(more)

    def of(spec: dg.AssetSpec) -> dict[str, Any]:
        name = spec.key.to_user_string()
        given: dict[str, Any] = {"freshness_policy": APRIL} if name == "dti_iv" else {}
        if spec.key in below and name != ROOT:
            deps = {dep.asset_key.to_user_string() for dep in spec.deps}
            condition = follows_the_reports(name in YEARLY, bool(deps & YEARLY))
            given["automation_condition"] = condition
        return given

    return of
