"""Run storage on PostgreSQL, and a deployment on it whose parts are killed while it works."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from deployment import PASSWORD, Deployment, Postgres, postgres_server, until
from small_study import dti, make_study, stored_bytes, write_reports

ASSETS = ["report_files", "report_texts", "keyword_counts", "section_words", "policy_attention",
          "capital_distances", "dti_iv"]  # fmt: skip
ON_POSTGRES = "run_storage: postgres\n"


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    with postgres_server() as server:
        yield server


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same files for every study: a DOCX holds the time it was made."""
    folder = tmp_path_factory.mktemp("reports")
    write_reports(folder)
    return folder


def study_of(reports: Path, folder: Path, extra: str = "") -> Path:
    study = make_study(folder, extra)
    shutil.copytree(reports, study.parent / "reports_raw", dirs_exist_ok=True)
    return study


@pytest.fixture(scope="module")
def undisturbed(reports: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What the small study stores when it is run once, on SQLite."""
    study = study_of(reports, tmp_path_factory.mktemp("sqlite") / "s")
    done = dti("run", "--study", str(study), "--select", "+dti_iv")
    assert done.returncode == 0, done.stderr
    return stored_bytes(study)


@pytest.fixture(scope="module")
def deployment(
    postgres: Postgres, reports: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Deployment]:
    study = study_of(reports, tmp_path_factory.mktemp("deployed") / "s", ON_POSTGRES)
    url = postgres.new_database("deployed")
    assert dti("init", "--study", str(study), DTI_POSTGRES_URL=url).returncode == 0
    made = Deployment(study, DTI_POSTGRES_URL=url)
    try:
        made.start_all()
        yield made
    finally:
        made.close()


def test_a_run_on_postgres_stores_the_same_tables(
    postgres: Postgres, reports: Path, undisturbed: dict[str, str], tmp_path: Path
) -> None:
    study = study_of(reports, tmp_path / "s", ON_POSTGRES)
    url = postgres.new_database("plain")
    done = dti("run", "--study", str(study), "--select", "+dti_iv", DTI_POSTGRES_URL=url)
    assert done.returncode == 0, done.stderr
    assert stored_bytes(study) == undisturbed
    connection = postgres.connect("plain")
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT status, count(*) FROM runs GROUP BY status")
        assert cursor.fetchall() == [("SUCCESS", 1)]
    connection.close()
    assert not (study.parent / ".dagster" / "history").exists()
    for path in study.parent.rglob("*"):
        assert not path.is_file() or PASSWORD.encode() not in path.read_bytes(), path
    said = dti("doctor", "--study", str(study), DTI_POSTGRES_URL=url).stdout
    assert "run records in PostgreSQL" in said and PASSWORD not in said


def begin(deployment: Deployment) -> str:
    """A run at work: its first table is on record, and all reports are still to be counted."""
    for path in (deployment.study.parent / "outputs" / "cache" / "counts").rglob("*.json"):
        path.unlink()
    run = deployment.launch(ASSETS, (2014, 2015))
    until(lambda: "report_files" in deployment.materialised(run), 90, "the run is at work")
    assert deployment.status(run) == "STARTED"
    return run


@pytest.mark.parametrize("part", ["daemon", "web"])
def test_killing_daemon_or_web_server_loses_nothing(
    deployment: Deployment, undisturbed: dict[str, str], part: str
) -> None:
    run = begin(deployment)
    deployment.kill(part)
    deployment.start(part)
    deployment.wait_for_web()
    assert "report_files" in deployment.materialised(run)
    deployment.wait_for(run)
    assert deployment.materialised(run) == sorted(ASSETS)
    assert stored_bytes(deployment.study) == undisturbed


def test_killing_postgres_loses_nothing_and_the_run_can_be_finished(
    deployment: Deployment, postgres: Postgres, undisturbed: dict[str, str]
) -> None:
    run = begin(deployment)
    postgres.kill()
    postgres.start()
    # a connection that was open fails once, and is made anew
    until(lambda: "report_files" in deployment.materialised(run), 60, "what was on record is")
    deployment.revive()
    again = deployment.launch(ASSETS, (2014, 2015))
    deployment.wait_for(again)
    # the run that lost its storage either came through or is on record as failed
    assert deployment.status(run) in ("SUCCESS", "FAILURE")
    assert stored_bytes(deployment.study) == undisturbed


def test_a_run_killed_with_the_code_location_is_on_record_and_can_be_finished(
    deployment: Deployment, undisturbed: dict[str, str]
) -> None:
    run = begin(deployment)
    deployment.kill("code")
    deployment.start("code")
    deployment.wait_for_web()
    again = deployment.launch(ASSETS, (2014, 2015))
    deployment.wait_for(again)
    assert deployment.status(run) == "FAILURE"
    assert "report_files" in deployment.materialised(run)
    assert stored_bytes(deployment.study) == undisturbed
