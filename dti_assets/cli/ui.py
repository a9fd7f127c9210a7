"""`dti ui`: Dagster's web UI and daemon on this machine, for as long as the command runs."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import click

from dti_assets.cli.options import read_study, study_option


@click.command()
@study_option
@click.option("--port", type=click.IntRange(1, 65535), default=3000, show_default=True)
def ui(study_file: str, port: int) -> None:
    """Start the Dagster web UI on 127.0.0.1 (it has no password: keep it on this machine)."""
    study = read_study(study_file, None)
    from dti_assets.pipeline.instance import initialise

    home = initialise(study)
    if _in_use(port):
        raise click.ClickException(f"port {port} is in use; choose another with --port")
    click.echo(f"http://127.0.0.1:{port} shows study {study.name}; Ctrl-C ends it")
    # with the daemon, which empties the queue in which runs asked for in the UI wait
    command = [
        sys.executable, "-m", "dagster", "dev", "--host", "127.0.0.1", "--port", str(port),
        "--module-name", "dti_assets.definitions", "--log-level", "warning",
    ]  # fmt: skip
    environment = {
        **os.environ,
        "DAGSTER_HOME": str(home),
        "DTI_STUDY": str(study.file.resolve()),
        # Dagster's processes start others: a jieba.py in the study's folder is no module to any
        "PYTHONSAFEPATH": "1",
        # which of its commands Dagster would rather see used is no news to users
        "PYTHONWARNINGS": "ignore:Function `dev_command` is superseded",
    }
    sys.exit(_serve(command, environment, study.root))


def _serve(command: list[str], environment: dict[str, str], folder: Path) -> int:
    """Run a server until it ends or this process is told to end, by Ctrl-C, SIGTERM or a closed
    terminal; then interrupt all of its processes and wait for it. Returns the exit status."""
    server: subprocess.Popen[bytes] | None = None
    told = False

    def stop(*_: object) -> None:
        nonlocal told
        told = True
        if server is not None and server.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(server.pid, signal.SIGINT)

    # also where a shell that starts it with & has it ignore SIGINT: Dagster's processes would
    # inherit that, and treat SIGTERM likewise
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # nohup
        signal.signal(signal.SIGHUP, stop)
    # a group of its own: what a terminal sends reaches it once, through this process
    server = subprocess.Popen(command, env=environment, cwd=folder, process_group=0)
    if told:
        stop()
    status = server.wait()
    _wait_for_all(server.pid)
    return 0 if told else status


def _wait_for_all(group: int) -> None:
    """Until the last process of a group has ended: a code server may outlive the one that started
    it by a moment. What has not ended after half a minute is killed."""
    deadline = time.monotonic() + 30
    with suppress(ProcessLookupError):
        while time.monotonic() < deadline:
            os.killpg(group, 0)
            time.sleep(0.05)
        os.killpg(group, signal.SIGKILL)


def _in_use(port: int) -> bool:
    """Whether something listens there. Dagster would say so too, and then wait for ever."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False
