"""A deployment as plain processes: PostgreSQL, code server, daemon and web server."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

PASSWORD = "a test's own"
UNITS = Path(__file__).resolve().parents[2] / "deploy" / "systemd"


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def until(true: Callable[[], Any], seconds: float, what: str) -> Any:
    """Wait for a true answer and return it."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            if answer := true():
                return answer
        time.sleep(0.2)
    raise AssertionError(f"{what}: not within {seconds} s")


class Postgres:
    """A server of its own in a temporary folder; refuses root, so root gives it another user."""

    def __init__(self) -> None:
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
        initdb = shutil.which("initdb") or (str(found[-1]) if found else None)
        if initdb is None:
            pytest.skip("no PostgreSQL server is installed")
        pytest.importorskip("psycopg2", reason="the extra postgres is not installed")
        self._bin = Path(initdb).resolve().parent
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="dti-postgres-"))
        self._user: dict[str, Any] = {}
        if os.geteuid() == 0:
            import pwd

            names = {entry.pw_name: entry for entry in pwd.getpwall()}
            other = names.get("postgres") or names["nobody"]
            os.chown(self.folder, other.pw_uid, other.pw_gid)
            self._user = {"user": other.pw_uid, "group": other.pw_gid, "extra_groups": []}
        secret = self.folder / "password"
        secret.write_text(PASSWORD)
        made = subprocess.run(
            [initdb, "-D", self.folder / "data", "-U", "dti", "-E", "UTF8", "--no-sync",
             "-A", "scram-sha-256", f"--pwfile={secret}"],
            capture_output=True, text=True, cwd=self.folder, **self._user,
        )  # fmt: skip
        assert made.returncode == 0, made.stderr
        self.process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        def up() -> bool:
            if self.process is None or self.process.poll() is not None:
                # after a kill the old shared memory may be in use for a moment
                self.process = subprocess.Popen(
                    [self._bin / "postgres", "-D", self.folder / "data", "-p", str(self.port),
                     "-k", self.folder, "-c", "listen_addresses=127.0.0.1"],
                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=self.folder,
                    **self._user,
                )  # fmt: skip
            import psycopg2

            try:
                self.connect("postgres").close()
            except psycopg2.OperationalError:
                return False
            return True

        until(up, 60, "PostgreSQL answers")

    def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def url(self, database: str) -> str:
        from urllib.parse import quote

        address = f"127.0.0.1:{self.port}/{database}"
        return f"postgresql+psycopg2://dti:{quote(PASSWORD)}@{address}"

    def connect(self, database: str) -> Any:
        import psycopg2

        return psycopg2.connect(
            host="127.0.0.1", port=self.port, user="dti", password=PASSWORD, dbname=database
        )

    def new_database(self, name: str) -> str:
        connection = self.connect("postgres")
        connection.autocommit = True
        connection.cursor().execute(f"CREATE DATABASE {name}")
        connection.close()
        return self.url(name)

    def close(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(30)
        shutil.rmtree(self.folder, ignore_errors=True)


@contextlib.contextmanager
def postgres_server() -> Iterator[Postgres]:
    server = Postgres()
    try:
        yield server
    finally:
        server.close()


class Deployment:
    """Code server, daemon and web server of one study, by the commands of deploy/systemd."""

    def __init__(self, study: Path, **environment: str) -> None:
        self.study = study
        self.web_port, self.code_port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.web_port}"
        self._environment = {
            **os.environ,
            "DAGSTER_HOME": str(study.parent / ".dagster"),
            "DTI_STUDY": str(study),
            **environment,
        }
        self._workspace = study.parent / "workspace.yaml"
        shipped = (UNITS.parent / "workspace.yaml").read_text(encoding="utf-8")
        self._workspace.write_text(shipped.replace("4266", str(self.code_port)))
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str) -> None:
        unit = (UNITS / f"dti-{name}.service").read_text(encoding="utf-8")
        command = next(line for line in unit.splitlines() if line.startswith("ExecStart="))
        for theirs, ours in (
            ("ExecStart=/opt/dti/.venv/bin", str(Path(sys.executable).parent)),
            ("/etc/dti/workspace.yaml", str(self._workspace)),
            ("4266", str(self.code_port)),
            ("3000", str(self.web_port)),
        ):
            command = command.replace(theirs, ours)
        log = (self.study.parent / f"{name}.log").open("ab")
        self._processes[name] = subprocess.Popen(
            command.split(),
            cwd=self.study.parent,
            env=self._environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )

    def start_all(self) -> None:
        for name in ("code", "daemon", "web"):
            self.start(name)
        self.wait_for_web()

    def wait_for_web(self) -> None:
        query = """{workspaceOrError{... on Workspace{locationEntries{
        locationOrLoadError{__typename}}}}}"""

        def loaded() -> bool:
            entries = self.ask(query)["workspaceOrError"]["locationEntries"]
            return [e["locationOrLoadError"]["__typename"] for e in entries] == [
                "RepositoryLocation"
            ]

        until(loaded, 90, "the web server shows the code location")

    def kill(self, name: str) -> None:
        process = self._processes.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def revive(self) -> None:
        """Start again what ended by itself, as systemd and compose do."""
        for name, process in list(self._processes.items()):
            if process.poll() is not None:
                print(f"{name} ended and is started again")
                self.start(name)
        self.wait_for_web()

    def close(self) -> None:
        for name in list(self._processes):
            with contextlib.suppress(ProcessLookupError):
                self.kill(name)

    def ask(self, query: str, **variables: Any) -> Any:
        request = urllib.request.Request(
            f"{self.url}/graphql",
            json.dumps({"query": query, "variables": variables}).encode(),
            {"Content-Type": "application/json"},
        )
        answer = json.load(urllib.request.urlopen(request, timeout=30))
        assert "errors" not in answer, answer
        return answer["data"]

    def launch(self, assets: list[str], years: tuple[int, int]) -> str:
        """Launch a run of these assets as the UI does, once the code location answers; its id."""
        answers: list[Any] = []

        def launched() -> Any:
            answers.append(self._launch(assets, years))
            return answers[-1].get("run")

        try:
            return str(until(launched, 90, "a run is launched")["runId"])
        except AssertionError as error:
            raise AssertionError(f"{error}; the last answer: {answers[-1:]}") from error

    def _launch(self, assets: list[str], years: tuple[int, int]) -> Any:
        return self.ask(
            """mutation($p: ExecutionParams!){launchRun(executionParams: $p){__typename
            ... on LaunchRunSuccess{run{runId}} ... on PythonError{message}
            ... on RunConfigValidationInvalid{errors{message}}}}""",
            p={
                "selector": {
                    "repositoryLocationName": "dti_assets",
                    "repositoryName": "__repository__",
                    "pipelineName": "__ASSET_JOB",
                    "assetSelection": [{"path": [name]} for name in assets],
                },
                "mode": "default",
                "runConfigData": {},
                "executionMetadata": {
                    "tags": [
                        {"key": "dagster/asset_partition_range_start", "value": str(years[0])},
                        {"key": "dagster/asset_partition_range_end", "value": str(years[1])},
                    ]
                },
            },
        )["launchRun"]

    def status(self, run: str) -> str:
        found = self.ask(
            "query($id: ID!){runOrError(runId: $id){__typename ... on Run{status}}}", id=run
        )["runOrError"]
        return str(found.get("status"))

    def materialised(self, run: str) -> list[str]:
        """Assets whose materialisation by this run is on record."""
        found = self.ask(
            """query($id: ID!){runOrError(runId: $id){
            ... on Run{assetMaterializations{assetKey{path}}}}}""",
            id=run,
        )["runOrError"]
        return sorted({m["assetKey"]["path"][0] for m in found["assetMaterializations"]})

    def wait_for(self, run: str, status: str = "SUCCESS", seconds: float = 90) -> None:
        def ended() -> bool:
            now = self.status(run)
            assert now == status or now not in ("FAILURE", "CANCELED"), now
            return now == status

        until(ended, seconds, f"run {run} is {status}")
