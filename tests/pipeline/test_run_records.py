"""A run opens each database of its records once, and Dagster's own storage reads what it wrote."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
from dagster._core.instance.ref import InstanceRef
from small_study import make_study
from sqlalchemy import event
from sqlalchemy.engine import Engine

from dti_assets.pipeline.execution.run_records import OpenEventLog
from dti_assets.pipeline.instance import initialise, instance
from dti_assets.study.config import load_study


@dg.asset
def many(context: dg.AssetExecutionContext, config: dict[str, int]) -> None:
    for number in range(config["observations"]):
        context.log_event(dg.AssetObservation("many", metadata={"number": number}))


@contextmanager
def opened_files() -> Iterator[Counter[str]]:
    """How often SQLAlchemy opens each file meanwhile."""
    seen: Counter[str] = Counter()

    def note(connection: Any, _: Any) -> None:
        seen[Path(connection.execute("PRAGMA database_list").fetchone()[2]).name] += 1

    event.listen(Engine, "connect", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "connect", note)


def observe(opened: dg.DagsterInstance, number: int) -> str:
    config = {"ops": {"many": {"config": {"observations": number}}}}
    return dg.materialize([many], instance=opened, run_config=config).run_id


def test_a_log_is_opened_once_however_much_is_logged(tmp_path: Path) -> None:
    home = initialise(load_study(make_study(tmp_path / "study")))
    with instance(home) as opened, opened_files() as seen:
        assert isinstance(opened.event_log_storage, OpenEventLog)
        runs = [observe(opened, 1), observe(opened, 40)]
    assert [seen[f"{run}.db"] for run in runs] == [1, 1]
    # the log itself, and one look for each of two tables
    assert seen["index.db"] <= 3

    with dg.DagsterInstance.from_ref(InstanceRef.from_dir(str(home))) as theirs:
        assert not isinstance(theirs.event_log_storage, OpenEventLog)
        observations = theirs.fetch_observations(dg.AssetKey("many"), limit=100).records
        assert Counter(record.run_id for record in observations) == {runs[0]: 1, runs[1]: 40}
        ends = [len(theirs.all_logs(run, of_type=dg.DagsterEventType.RUN_SUCCESS)) for run in runs]
        assert ends == [1, 1]


def test_a_storage_named_in_an_edited_dagster_yaml_stays_where_it_is(tmp_path: Path) -> None:
    study = load_study(make_study(tmp_path / "study"))
    study.home.mkdir(parents=True)
    elsewhere = tmp_path / "elsewhere"
    (study.home / "dagster.yaml").write_text(f"storage: {{sqlite: {{base_dir: {elsewhere}}}}}\n")
    with instance(initialise(study)) as opened:
        run = observe(opened, 3)
    assert (elsewhere / "history" / "runs" / f"{run}.db").is_file()
    assert not (study.home / "history").exists()
