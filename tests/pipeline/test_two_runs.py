"""Two runs of one study at once: one waits, the tables are those of a single run."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import dagster as dg
import pytest
from small_study import REPORTS, dti, make_study, stored_bytes, write_reports

from dti_assets.errors import CanceledError
from dti_assets.pipeline.execution.run import freeze, run
from dti_assets.pipeline.instance import instance
from dti_assets.pipeline.io_manager import ParquetIOManager, one_run_at_a_time
from dti_assets.pipeline.resources import Progress
from dti_assets.store.parquet import Store
from dti_assets.study.config import load_study

SELECTED = "+dti_iv"
COMMAND = [sys.executable, "-c", "from dti_assets.cli.main import main; main()", "run"]
# what the process of a run launched from the web UI does, without the web UI
FROM_THE_UI = """
import os
import dagster as dg
from dti_assets.definitions import defs
job = defs.resolve_implicit_global_asset_job_def()
keys = [dg.AssetKey(name) for name in os.environ["ASSETS"].split()]
with dg.DagsterInstance.get() as instance:
    result = job.execute_in_process(
        instance=instance, asset_selection=keys, raise_on_error=False,
        tags={"dagster/asset_partition_range_start": "2014",
              "dagster/asset_partition_range_end": "2015"},
    )
raise SystemExit(not result.success)
"""
ASSETS = (
    "report_files report_texts keyword_counts section_words policy_attention capital_distances "
    "dti_iv"
)


class Notes(Progress):
    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, sentence: str) -> None:
        self.notes.append(sentence)


def start(study: Path, *more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*COMMAND, "--study", str(study), "--select", SELECTED, *more],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def until_at_work(study: Path) -> None:
    """Until a run holds the lock and has a run on record."""
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        path = study.parent / "outputs" / "cache" / "run.lock"
        if path.exists() and '"run_id": "' in path.read_text():
            return
        time.sleep(0.05)
    raise AssertionError("no run began")


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A study never run, and what one run alone stores of it."""
    folder = tmp_path_factory.mktemp("alone")
    study = make_study(folder / "template")
    names = ("浙江省2014年政府工作报告.txt", "浙江2015.html")
    write_reports(study.parent / "reports_raw", {name: REPORTS[name] for name in names})
    shutil.copytree(study.parent, folder / "run")
    outcome = run(load_study(folder / "run" / "study.yaml"), SELECTED)
    assert outcome.success, outcome.failures
    return study.parent, stored_bytes(folder / "run" / "study.yaml")


@pytest.fixture
def study(alone: tuple[Path, dict[str, str]], tmp_path: Path) -> Path:
    return Path(shutil.copytree(alone[0], tmp_path / "s")) / "study.yaml"


@pytest.fixture
def expected(alone: tuple[Path, dict[str, str]]) -> dict[str, str]:
    return alone[1]


def test_two_commands_at_once_both_finish(study: Path, expected: dict[str, str]) -> None:
    both = [start(study), start(study)]
    said = [process.communicate(timeout=120)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    waits = [text for text in said if "is at work on what this study stores; waiting" in text]
    assert len(waits) == 1 and "dti run (process " in waits[0]
    assert stored_bytes(study) == expected


def test_a_run_goes_on_where_the_other_is_killed(study: Path, expected: dict[str, str]) -> None:
    first = start(study)
    until_at_work(study)
    # stopped, so that it is still at work when others come
    os.killpg(first.pid, signal.SIGSTOP)
    refused = dti("run", "--study", str(study), "--select", SELECTED, "--no-wait")
    assert refused.returncode == 2 and f"dti: dti run (process {first.pid}, " in refused.stderr
    notes = Notes()
    notes.note = lambda sentence: (
        notes.notes.append(sentence),
        os.killpg(first.pid, signal.SIGKILL),
        first.wait(),
    )
    outcome = run(load_study(study), SELECTED, progress=notes)
    assert outcome.success and len(notes.notes) == 1, outcome.failures
    assert stored_bytes(study) == expected
    with instance(load_study(study).home) as opened:
        statuses = [record.dagster_run.status.value for record in opened.get_run_records()]
    # the killed run would otherwise be on record as at work for ever
    assert statuses == ["SUCCESS", "FAILURE"]


def test_a_command_and_a_run_of_the_web_ui_at_once(study: Path, expected: dict[str, str]) -> None:
    assert dti("init", "--study", str(study)).returncode == 0
    environment = {
        **os.environ,
        "DAGSTER_HOME": str(study.parent / ".dagster"),
        "DTI_STUDY": str(study),
        "ASSETS": ASSETS,
    }
    launched = subprocess.Popen(
        [sys.executable, "-c", FROM_THE_UI], env=environment, stderr=subprocess.PIPE, text=True
    )
    until_at_work(study)
    command = start(study)
    said = command.communicate(timeout=120)[1]
    log = launched.communicate(timeout=120)[1]
    assert (command.returncode, launched.returncode) == (0, 0), (said, log)
    assert "Dagster run " in said
    assert stored_bytes(study) == expected


def test_freezing_waits_and_sees_the_panel_of_the_run_it_waited_for(study: Path) -> None:
    loaded = load_study(study)
    panel = Path(Store(loaded.output_url).location("panel"))
    holder = _holding(loaded.cache_folder)

    def end(_: str) -> None:
        if holder.poll() is None:
            panel.parent.mkdir(parents=True)
            panel.write_bytes(b"made by the run that is waited for")
            holder.kill()
            holder.wait()

    notes = Notes()
    notes.note = end
    outcome, _ = freeze(loaded, False, notes)
    assert outcome.success, outcome.failures
    assert json.loads(loaded.freeze_file.read_text(encoding="utf-8"))["outcomes_at_hand"] is True


def _holding(folder: Path) -> subprocess.Popen[str]:
    """A process that holds the lock of a folder."""
    holder = subprocess.Popen(
        [sys.executable, "-c", "import sys, time\nfrom pathlib import Path\n"
         "from dti_assets.store.locks import exclusive\n"
         "with exclusive(Path(sys.argv[1]), 'x'): print('held', flush=True); time.sleep(60)",
         str(folder)],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert holder.stdout is not None and holder.stdout.readline() == "held\n"
    return holder


def test_a_run_canceled_while_it_waits_stops_waiting(tmp_path: Path) -> None:
    holder = _holding(tmp_path)
    statuses = iter([dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING])
    records = SimpleNamespace(get_run_by_id=lambda _: SimpleNamespace(status=next(statuses)))
    said: list[str] = []
    log = SimpleNamespace(warning=said.append)
    context = SimpleNamespace(run=SimpleNamespace(run_id="1"), instance=records, log=log)
    manager = ParquetIOManager(Store(str(tmp_path)), [2014], {}, lambda _: {})
    hold = one_run_at_a_time(manager, tmp_path).resource_fn
    try:
        with pytest.raises(CanceledError), hold(context):
            pass
        assert next(statuses, None) is None
        assert len(said) == 1 and said[0].startswith(f"x (process {holder.pid}, since ")
    finally:
        holder.kill()
        holder.communicate()
    with hold(SimpleNamespace(run=None, instance=None)) as in_a_notebook:
        assert in_a_notebook is manager
