"""One run of a study: what is selected, what is made of it, and how it ended."""

import re
import time
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

import dagster as dg

from dti_assets.errors import StudyError
from dti_assets.instrument.freeze import freeze_instrument, write_record
from dti_assets.pipeline.definitions import build_definitions
from dti_assets.pipeline.execution.freshness import last_checks, not_looked_at, remaining
from dti_assets.pipeline.execution.preflight import check_writable
from dti_assets.pipeline.instance import initialise, instance, sentence, settle
from dti_assets.pipeline.metadata import unescaped
from dti_assets.pipeline.partitions import (
    FETCHES,
    JUDGED,
    KEPT,
    RANGE_END,
    RANGE_START,
    REST_OF_SELECTION,
    REST_OF_STUDY,
)
from dti_assets.pipeline.resources import Progress, Workspace
from dti_assets.store.locks import exclusive
from dti_assets.store.sweep import sweep_leftovers
from dti_assets.study.catalogue import FETCHED
from dti_assets.study.config import Study
from dti_assets.study.run_storage import disagreement


@dataclass
class Outcome:
    """How a run ended: the assets that were made, the sentences of failed assets, blocking checks
    and warnings, and the assets that were up to date, whose warnings are among the others."""

    success: bool
    made: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    warnings: list[tuple[str, str, str]] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)


def last_run_seconds(study: Study) -> float | None:
    """How long the last successful run of the whole took; None where none is on record."""
    if not (study.home / "dagster.yaml").is_file():
        return None
    # the first asset, one of the middle and the last: a run of all three was no partial one
    whole = {dg.AssetKey(name) for name in ("report_files", "panel", "replication_report")}
    with instance(study.home) as home:
        records = home.get_run_records(
            dg.RunsFilter(statuses=[dg.DagsterRunStatus.SUCCESS]), limit=50
        )
    for record in records:
        if KEPT in record.dagster_run.tags:
            continue
        chosen = record.dagster_run.asset_selection
        if (chosen is None or whole <= chosen) and record.start_time and record.end_time:
            return round(record.end_time - record.start_time, 1)
    return None


# a name, with + before it for everything upstream or after it for everything downstream
_PLAIN = re.compile(r"(\+?)([A-Za-z_]\w*)(\+?)")


def _parts(expression: str) -> list[str]:
    return [part.strip() for part in re.split(r",(?![^()]*\))", expression)]


def _check_names(expression: str | None, names: set[str]) -> None:
    """A name that belongs to no asset would leave its part of the selection out in silence."""
    for part in _parts(expression or ""):
        plain = _PLAIN.fullmatch(part)
        if plain and plain.group(2) not in names:
            near = get_close_matches(plain.group(2), sorted(names), n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(sorted(names))}"
            raise StudyError(f"--select {part}: no asset is called {plain.group(2)}; {hint}")


def select(expression: str | None) -> dg.AssetSelection:
    """The assets of an expression: comma-separated names, `+name` for a name and everything
    upstream, `name+` for everything downstream, or Dagster's own selection syntax.

    What is fetched from the network is left out unless it is named.
    """
    offline = dg.AssetSelection.all() - dg.AssetSelection.assets(
        *(name for name in sorted(FETCHED) if name not in (expression or ""))
    )
    if not expression or expression.strip() == "*":
        return offline
    chosen: dg.AssetSelection | None = None
    for part in _parts(expression):
        if plain := _PLAIN.fullmatch(part):
            part = f'{plain.group(1)}key:"{plain.group(2)}"{plain.group(3)}'
        try:
            found = dg.AssetSelection.from_string(part)
        except Exception as error:
            raise StudyError(f"--select {part!r} is not a selection ({error})") from error
        chosen = found if chosen is None else chosen | found
    assert chosen is not None
    return chosen & offline


def run(
    study: Study,
    expression: str | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
    wait: bool = True,
    force: bool = False,
) -> Outcome:
    """Materialise the study, or the part that `expression` selects: what is out of date of it and
    all that follows, or with `force` the whole.

    Where another run is at work on what the study stores, waits for it to end, or raises
    BusyError where `wait` is false. Raises StudyError for a selection that names nothing and for
    folders that cannot be written, RunStorageError, and KeyboardInterrupt when it is interrupted;
    everything else is in the Outcome.
    """
    if expression is not None and not expression.strip():
        raise StudyError("--select is empty; leave it out to select the whole study")
    check_writable(study)
    # what this uses of Dagster's beta (single-run backfills) is no news to who runs a study
    warnings.filterwarnings("ignore", category=dg.BetaWarning)
    workspace = Workspace(study, workers=workers, progress=progress or Progress())
    definitions = build_definitions(study, {"workspace": workspace})
    graph = definitions.resolve_asset_graph()
    _check_names(expression, {key.to_user_string() for key in graph.get_all_asset_keys()})
    try:
        # tables that are made together are made together, whichever of them is asked for
        keys = select(expression).required_multi_asset_neighbors().resolve(graph)
    except Exception as error:
        raise StudyError(f"--select {expression}: {error}") from error
    if not keys:
        raise StudyError(f"--select {expression} names no asset")
    home = initialise(study)
    note = disagreement(home / "dagster.yaml", study.run_storage)
    if note:
        workspace.progress.note(note)
    job = definitions.resolve_implicit_global_asset_job_def()
    with (
        exclusive(study.cache_folder, "dti run", wait=wait, tell=workspace.progress.note) as lock,
        instance(home) as opened,
    ):
        settle(opened, lock.before)
        if not study.remote_outputs:
            sweep_leftovers(study.path(study.outputs))
        judged = time.time()
        checks = last_checks(opened, graph, keys)
        needed = keys if force else remaining(workspace, definitions, keys, checks)
        kept = keys - needed
        outcome = Outcome(True, kept=sorted(key.to_user_string() for key in kept))
        tags = {RANGE_START: str(study.years[0]), RANGE_END: str(study.years[1])}
        if kept:
            workspace.progress.note(f"up to date: {len(kept)} of {len(keys)} assets")
            everything = keys >= select(None).resolve(graph)
            tags[KEPT] = REST_OF_STUDY if everything else REST_OF_SELECTION
            tags[JUDGED] = str(judged)
        if any(key.to_user_string() in FETCHED for key in needed):
            # selected by its name alone
            tags[FETCHES] = "named"
        if needed:
            _execute(job, opened, tags, outcome, asset_selection=sorted(needed, key=str))
        again = not_looked_at(workspace, kept, checks)
        if again:
            if needed:  # whose run has it on record that everything is there
                tags[KEPT] = REST_OF_SELECTION
            _execute(job.get_subset(asset_check_selection=again), opened, tags, outcome)
    found = (last for key, last in checks.items() if key.asset_key in kept and key not in again)
    _tell(outcome, [last for last in found if last])
    return outcome


def _execute(
    job: dg.JobDefinition,
    opened: dg.DagsterInstance,
    tags: Mapping[str, str],
    outcome: Outcome,
    **selection: Any,
) -> None:
    """Run the job, and put into the outcome how it ended; KeyboardInterrupt where it was
    interrupted."""
    result = job.execute_in_process(
        instance=opened,
        tags=tags,
        run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        raise_on_error=False,
        **selection,
    )
    if _was_interrupted(result):
        raise KeyboardInterrupt
    _put(outcome, result)


def _was_interrupted(result: dg.ExecuteInProcessResult) -> bool:
    """Dagster takes an interrupt for one more failure of the run, of a kind of its own."""
    ends = [event.job_failure_data for event in result.all_events if event.is_run_failure]
    reasons = [end.failure_reason for end in ends if end.failure_reason is not None]
    return any(reason.value == "UNEXPECTED_TERMINATION" for reason in reasons)


def _put(outcome: Outcome, result: dg.ExecuteInProcessResult) -> None:
    """Put how a run ended into the outcome."""
    outcome.success &= result.success
    made = dict.fromkeys(
        event.asset_key.to_user_string()
        for event in result.get_asset_materialization_events()
        if event.asset_key
    )
    outcome.made += made
    for event in result.all_events:
        if event.is_step_failure:
            error = event.step_failure_data.error
            # a check that failed tells it itself, below
            if error is not None and error.cls_name == "DagsterAssetCheckFailedError":
                continue
            outcome.failures.append(f"{event.step_key}: {sentence(error)}")
    _tell(outcome, result.get_asset_check_evaluations())


def _tell(outcome: Outcome, checks: Iterable[dg.AssetCheckEvaluation]) -> None:
    """Put what checks found into the outcome."""
    for check in checks:
        if check.passed:
            continue
        name = f"{check.asset_key.to_user_string()}.{check.check_name}"
        if check.severity == dg.AssetCheckSeverity.ERROR:
            outcome.success = False
            outcome.failures.append(f"{name}: {check.description}")
        else:
            sentences = check.metadata.get("sentences")
            text = unescaped(str(sentences.value)) if sentences is not None else ""
            summary = (check.description or "").partition("\n")[0]
            outcome.warnings.append((name, summary, text))


def freeze(study: Study, replace: bool, progress: Progress | None = None) -> tuple[Outcome, str]:
    """Bring the instrument up to date and keep its record in the study's folder.

    Returns how that went and what was done in one sentence. Whether a panel with outcomes had
    been built before is part of the record. Waits for another run to end. Raises PanelError where
    another instrument is frozen, and what `run` raises.
    """
    check_writable(study)
    workspace = Workspace(study, progress=progress or Progress())
    # what is at hand is what a run that was at work has left, and no other changes what is read
    with exclusive(study.cache_folder, "dti freeze", tell=workspace.progress.note):
        late = workspace.store.has(workspace.tables["panel"])
        outcome = run(study, "+dti_iv", progress=progress)
        if not outcome.success:
            return outcome, "nothing was frozen"
        record = freeze_instrument(
            workspace.dictionary().sha256,
            study.instrument_settings(),
            workspace.stored("dti_iv"),
            level=workspace.level,
        )
        record["outcomes_at_hand"] = late
        return outcome, write_record(study.freeze_file, record, replace)
