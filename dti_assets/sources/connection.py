"""A `requests` session that connects to judged addresses only, within an absolute time.

The name is resolved once, where the connection is made, and the socket goes to the very address
that was judged: a name that answers otherwise the next moment (DNS rebinding) gains nothing. TLS
still verifies the name. Proxies, .netrc and other settings of the environment are ignored.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

from dti_assets.sources.addresses import AddressPolicy


class Watch:
    """Ends what is under way when its time is up, whether bytes trickle in or not.

    Time-outs of a socket start anew with every byte; a server that drips would hold one for ever.
    """

    def __init__(self) -> None:
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()
        self.expired = False

    def over(self, sock: socket.socket) -> None:
        """Take charge of a connection; a duplicate is kept because TLS detaches the original."""
        with self._lock:
            self._sockets.append(sock.dup())
        if self.expired:
            self._end()

    @contextmanager
    def limit(self, seconds: float) -> Iterator[None]:
        """What runs inside loses its connections after so many seconds."""
        self.expired = False
        timer = threading.Timer(seconds, self._end)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _end(self) -> None:
        self.expired = True
        with self._lock:
            for sock in self._sockets:
                try:
                    sock.shutdown(socket.SHUT_RDWR)
                except OSError:
                    # the other side has ended it already
                    continue

    def release(self) -> None:
        """Let go of all connections."""
        with self._lock:
            for sock in self._sockets:
                sock.close()
            self._sockets.clear()


def guarded_session(policy: AddressPolicy, watch: Watch) -> requests.Session:
    """A session whose every connection passes `policy` and `watch`. Redirects are the caller's."""
    session = _Session()
    session.trust_env = False
    for scheme in ("http://", "https://"):
        session.mount(scheme, _Adapter(policy, watch))
    return session


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> None:
        """None: requests would read the whole body of a redirect, of whatever size, to look for
        the next request even where it is told not to follow."""


class _Adapter(HTTPAdapter):
    def __init__(self, policy: AddressPolicy, watch: Watch) -> None:
        self._pools = _pools(policy, watch)
        super().__init__(max_retries=0)

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, **options)
        self.poolmanager.pool_classes_by_scheme = self._pools


def _pools(policy: AddressPolicy, watch: Watch) -> dict[str, type[HTTPConnectionPool]]:
    class GuardedHTTP(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return _connect(self, policy, watch)

    class GuardedHTTPS(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return _connect(self, policy, watch)

    class HTTPPool(HTTPConnectionPool):
        ConnectionCls = GuardedHTTP

    class HTTPSPool(HTTPSConnectionPool):
        ConnectionCls = GuardedHTTPS

    return {"http": HTTPPool, "https": HTTPSPool}


def _connect(connection: HTTPConnection, policy: AddressPolicy, watch: Watch) -> socket.socket:
    """A socket to the first judged address that answers. AddressError passes through."""
    assert connection.port is not None
    last: OSError | None = None
    try:
        places = policy.addresses(connection.host, connection.port)
    except OSError as error:
        reason = error if isinstance(error, socket.gaierror) else socket.gaierror(str(error))
        raise NameResolutionError(connection.host, connection, reason) from error
    for family, where in places:
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            sock.settimeout(connection.timeout)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            watch.over(sock)
            sock.connect(where)
            return sock
        except OSError as error:
            sock.close()
            last = error
    if isinstance(last, TimeoutError):
        raise ConnectTimeoutError(connection, "no answer to the connection") from last
    raise NewConnectionError(connection, str(last)) from last
