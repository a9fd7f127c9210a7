"""dagster.yaml is ours until it is edited; a database that cannot be used is one sentence."""

from pathlib import Path

import pytest
import yaml
from small_study import dti, make_study

from dti_assets.errors import RunStorageError
from dti_assets.study.run_storage import (
    ADDRESS,
    check_postgres,
    disagreement,
    kind_of,
    settings_text,
    write_settings,
)


def test_settings_follow_the_study_until_they_are_edited(tmp_path: Path) -> None:
    path = tmp_path / "dagster.yaml"
    write_settings(path, "sqlite")
    assert kind_of(path) == "sqlite" and not disagreement(path, "sqlite")
    write_settings(path, "postgres")
    assert kind_of(path) == "postgres"
    assert yaml.safe_load(path.read_text())["storage"] == {
        "postgres": {"postgres_url": {"env": ADDRESS}}
    }
    write_settings(path, "sqlite")
    assert path.read_text() == settings_text("sqlite")

    edited = path.read_text().replace("max_concurrent_runs: 2", "max_concurrent_runs: 1")
    path.write_text(edited)
    write_settings(path, "postgres")
    assert path.read_text() == edited
    assert "edited by hand and names sqlite storage" in disagreement(path, "postgres")
    assert not disagreement(path, "sqlite")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("", "sqlite"),
        ("storage: {sqlite: {base_dir: /x}}", "sqlite"),
        ("storage: {postgres: {postgres_db: {db_name: x}}}", "postgres"),
        ("storage: {mysql: {mysql_url: x}}", "other"),
        ("run_storage: {module: m, class: c}", "other"),
    ],
)
def test_the_storage_of_an_own_file_is_recognised(tmp_path: Path, text: str, kind: str) -> None:
    (tmp_path / "dagster.yaml").write_text(text)
    assert kind_of(tmp_path / "dagster.yaml") == kind


@pytest.mark.parametrize("text", ["a: [", "- x"])
def test_an_own_file_that_is_no_mapping_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "dagster.yaml").write_text(text)
    with pytest.raises(RunStorageError, match=r"dagster\.yaml: "):
        kind_of(tmp_path / "dagster.yaml")


def test_a_file_that_is_no_text_is_left_alone_and_named(tmp_path: Path) -> None:
    path = tmp_path / "dagster.yaml"
    content = "run_monitoring: {enabled: true}  # é\n".encode("latin-1")
    path.write_bytes(content)
    write_settings(path, "sqlite")
    assert path.read_bytes() == content
    with pytest.raises(RunStorageError, match=r"dagster\.yaml: not valid YAML \(.*utf-8"):
        disagreement(path, "sqlite")


SECRET = "hunter2"
NOBODY = f"postgresql+psycopg2://u:{SECRET}@127.0.0.1:1/none"


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("", f"{ADDRESS} is not set"),
        ("nonsense", "is no address of the form postgresql+psycopg2://"),
        (f"postgresql://u:{SECRET}@h/d", "is no address of the form"),
        (f"mysql://u:{SECRET}@h/d", "is no address of the form"),
        (f"postgresql+psycopg2://u:{SECRET}@h:port/d", "is no address of the form"),
        (NOBODY, "127.0.0.1:1/none (from DTI_POSTGRES_URL) cannot be reached: "),
    ],
)
def test_an_address_that_leads_nowhere(
    monkeypatch: pytest.MonkeyPatch, address: str, said: str
) -> None:
    pytest.importorskip("dagster_postgres", reason="the extra postgres is not installed")
    monkeypatch.setenv(ADDRESS, address)
    with pytest.raises(RunStorageError) as caught:
        check_postgres()
    assert said in str(caught.value) and SECRET not in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_a_missing_extra_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dti_assets.study.run_storage.find_spec", lambda name: None)
    with pytest.raises(RunStorageError, match=r"pip install 'dti-assets\[postgres\]'"):
        check_postgres()


def test_an_unreachable_server_is_one_sentence_and_exit_2(tmp_path: Path) -> None:
    pytest.importorskip("dagster_postgres", reason="the extra postgres is not installed")
    study = make_study(tmp_path / "s", "run_storage: postgres\n")
    done = dti("run", "--study", str(study), DTI_POSTGRES_URL=NOBODY)
    assert done.returncode == 2 and "Traceback" not in done.stderr
    sentence = [line for line in done.stderr.splitlines() if line.startswith("dti: ")]
    assert len(sentence) == 1 and "cannot be reached" in sentence[0]
    ill = dti("doctor", "--study", str(study), DTI_POSTGRES_URL=NOBODY)
    assert ill.returncode == 2 and "cannot be reached" in ill.stdout
    assert SECRET not in done.stderr + ill.stdout
