"""A webhook is told at its address and nowhere else, within its time."""

import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from dti_assets.study import notification
from dti_assets.study.notification import post


class Hook(BaseHTTPRequestHandler):
    heard: list[tuple[str, str | None]]

    def do_POST(self) -> None:
        self.heard.append((self.path, self.headers.get("Authorization")))
        if self.path.startswith("/to/"):
            self.send_response(int(self.path.split("/")[2]))
            self.send_header("Location", f"http://localhost:{self.server.server_address[1]}/there")
        elif self.path == "/slow":
            time.sleep(5)
            self.send_response(200)
        else:
            self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    Hook.heard = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()


def address(server: ThreadingHTTPServer, path: str) -> str:
    return f"http://127.0.0.1:{server.server_address[1]}{path}"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(server: ThreadingHTTPServer, status: int) -> None:
    said = post(address(server, f"/to/{status}"), {"text": "x"})
    assert f"answered {status}, which points elsewhere and was not followed" in said
    assert [path for path, _ in Hook.heard] == [f"/to/{status}"]


def test_proxies_and_passwords_of_the_environment_are_not_used(
    server: ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch, tmp_path
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password secret\n", encoding="utf-8")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    assert post(address(server, "/fine"), {}) == "told the webhook at 127.0.0.1"
    assert Hook.heard == [("/fine", None)]


def test_looking_up_a_name_counts_into_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notification, "TIMEOUT_SECONDS", 0.5)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: time.sleep(5))
    began = time.monotonic()
    said = post("http://slow.invalid/secret", {})
    assert said == "the webhook at slow.invalid did not answer within 0.5 seconds"
    assert time.monotonic() - began < 3


def test_an_answer_that_does_not_come_ends_with_the_time(
    server: ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notification, "TIMEOUT_SECONDS", 0.5)
    assert "secret" not in post(address(server, "/slow"), {})
