"""A web server of a test's own, on 127.0.0.1, that behaves as badly as it is told to."""

import hashlib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

from dti_assets.sources.fetch import Fetcher, FetchLimits, Pacer
from dti_assets.sources.guard import AddressPolicy

Answer = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Site:
    """Answers by path, one after the other where several are given (the last one for ever), and
    what was asked: (path, headers) and the bytes of bodies sent."""

    answers: dict[str, list[Answer]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    sent: int = 0
    port: int = 0

    def put(self, path: str, *answers: Answer) -> str:
        self.answers[path] = list(answers)
        return self.url(path)

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    @property
    def exempt(self) -> frozenset[tuple[str, int]]:
        return frozenset({("127.0.0.1", self.port)})

    def pages(self) -> list[str]:
        """The paths asked for, but for robots.txt."""
        return [path for path, _ in self.asked if path != "/robots.txt"]


@contextmanager
def serve(wrap: Callable[[socket.socket], socket.socket] | None = None) -> Iterator[Site]:
    """A running site; `wrap` turns its listening socket into one for TLS."""
    site = Site()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = unquote(self.path)
            site.asked.append((path, dict(self.headers)))
            answers = site.answers.get(path)
            if not answers:
                return say(404)(self)
            answer = answers.pop(0) if len(answers) > 1 else answers[0]
            try:
                answer(self)
            except OSError:
                return  # the client has left, as it should

        def log_message(self, *arguments: Any) -> None:
            return

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False

        def handle_error(self, *arguments: Any) -> None:
            return

    server = Server(("127.0.0.1", 0), Handler)
    if wrap:
        server.socket = wrap(server.socket)
    server.site = site
    site.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def say(status: int = 200, body: bytes = b"", **headers: str | None) -> Answer:
    """An answer with this body; headers are written with underscores, None leaves one out."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        named = {"Content-Length": str(len(body))}
        named |= {key.replace("_", "-"): value for key, value in headers.items()}
        for name, value in named.items():
            if value is not None:
                handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)
        handler.server.site.sent += len(body)

    return answer


def redirect(where: str, status: int = 302) -> Answer:
    return say(status, Location=where)


def file(content: bytes, kind: str = "text/html") -> Answer:
    """A file as a good server sends it: with an ETag, and 304 to whoever has it."""
    etag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'

    def answer(handler: BaseHTTPRequestHandler) -> None:
        if handler.headers.get("If-None-Match") == etag:
            return say(304, ETag=etag, Content_Length=None)(handler)
        say(200, content, ETag=etag, Content_Type=kind)(handler)

    return answer


@dataclass
class Clock:
    """Time that passes only by sleeping."""

    now: float = 1000.0
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def fetcher(site: Site, clock: Clock | None = None, **limits: Any) -> Fetcher:
    clock = clock or Clock()
    policy = AddressPolicy(site.exempt)
    return Fetcher(policy, Pacer(clock=clock, sleep=clock.sleep), FetchLimits(**limits))
