"""The web UI on a free port of this machine, for as long as a test needs it."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def free_port() -> int:
    """A port of this machine that nothing listens on now."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def serving(
    folder: Path, *command: str, end: int = signal.SIGINT, **environment: str
) -> Iterator[str]:
    """The address of a web server that Python is told to start in `folder` by `command`, to which
    the port is added; with the block it is ended by the signal `end`, which must suffice."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, *command, "--port", str(port)],
        cwd=folder,
        env={**os.environ, **environment},
        # a group of its own, which goes as a whole if it does not end
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline:
            try:
                urllib.request.urlopen(f"{url}/server_info", timeout=2).read()
                break
            except OSError:
                assert process.poll() is None, "the web server ended"
                time.sleep(0.3)
        yield url
    finally:
        process.send_signal(end)
        try:
            process.wait(90)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
