"""`dti` commands, and runs of studies, in processes of their own, without paying for imports each
time.

A server loads the libraries once and forks a process for each command, which takes over the
standard streams, the folder and the environment of whoever asked. One server for all processes of
a test session; it ends with it. `python tests/forked_commands.py SOCKET ARGUMENT...` asks for a
command from a shell.
"""

from __future__ import annotations

import atexit
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

# a message of arguments and environment has to fit
_LONGEST = 2**20
# where the address stands for the processes that are started from this one
_ADDRESS = "DTI_TEST_SERVER"


def server() -> str:
    """The address of the session's server, which is started at first need."""
    if _ADDRESS not in os.environ:
        start()
    return os.environ[_ADDRESS]


def start() -> None:
    """Start the server for this process and all that it starts; nobody waits for it yet."""
    folder = tempfile.mkdtemp(prefix="dti")
    address = f"{folder}/commands"
    process = subprocess.Popen(
        [sys.executable, __file__, "serve", address],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        env={**os.environ, "MPLBACKEND": "agg"},
    )
    assert process.stdin is not None
    # it ends when its standard input does
    atexit.register(process.stdin.close)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ[_ADDRESS] = address


def command(address: str, arguments: list[str], streams: tuple[int, int, int], **place: Any) -> int:
    """Run `dti` with these arguments; its exit status. `place` replaces cwd and env."""
    order = {"arguments": arguments, "cwd": os.getcwd(), "env": dict(os.environ), **place}
    with asked(order, streams, address) as connection:
        return int(connection.makefile().read())


@contextmanager
def asked(
    order: dict[str, Any], streams: tuple[int, int, int], address: str | None = None
) -> Iterator[socket.socket]:
    """The connection on which the server answers with the exit status of what was ordered."""
    with socket.socket(socket.AF_UNIX) as connection:
        _connect(connection, address or server())
        socket.send_fds(connection, [json.dumps(order).encode()], list(streams))
        yield connection


def _connect(connection: socket.socket, address: str) -> None:
    """As soon as the server has loaded."""
    for _ in range(1200):
        try:
            return connection.connect(address)
        except (FileNotFoundError, ConnectionRefusedError):
            time.sleep(0.1)
    raise TimeoutError(f"no server at {address} after two minutes")


def _serve(address: str) -> None:
    from forked_runs import load

    load()
    import_module("dti_assets.cli.main")
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(address)
    listening.listen()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    if os.fork() == 0:
        while True:
            connection, _ = listening.accept()
            if os.fork() == 0:
                _answer(connection)
            connection.close()
    sys.stdin.read()
    os.killpg(0, signal.SIGTERM)


def _answer(connection: socket.socket) -> None:
    """Fork the process of what is ordered, and say how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    message, files, _, _ = socket.recv_fds(connection, _LONGEST, 3)
    child = os.fork()
    if child == 0:
        connection.close()
        _become(json.loads(message), files)
    # who asked waits for the end of what it reads
    for file in files:
        os.close(file)
    _, status = os.waitpid(child, 0)
    connection.sendall(str(os.waitstatus_to_exitcode(status)).encode())
    os._exit(0)


def _become(order: dict[str, Any], files: list[int]) -> None:
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    if "run" in order:
        from forked_runs import run_here

        run_here(order["run"])
    os.chdir(order["cwd"])
    os.environ.clear()
    os.environ.update(order["env"])
    sys.argv = ["dti", *order["arguments"]]
    from dti_assets.cli.main import main

    status = 0
    try:
        main()
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
        status = 1
    for stream in (sys.stdout, sys.stderr):
        if not stream.closed:
            stream.flush()
    os._exit(status)


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        os.setpgrp()
        sys.path.insert(0, str(Path(__file__).parent))
        _serve(sys.argv[2])
    else:
        sys.exit(command(sys.argv[1], sys.argv[2:], (0, 1, 2)))
