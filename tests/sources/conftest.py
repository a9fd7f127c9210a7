"""A local server, and a record of every address contacted."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from web_server import Site, serve


@pytest.fixture
def site() -> Iterator[Site]:
    with serve() as running:
        yield running


@pytest.fixture
def contacted(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every address a socket of this process connects to; none outside this machine is reached."""
    seen: list[Any] = []
    real = socket.socket.connect

    def connect(self: socket.socket, address: Any) -> None:
        seen.append(address)
        if isinstance(address, tuple) and address[0] != "127.0.0.1":
            raise OSError("tests do not leave this machine")
        real(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect)
    return seen
