"""Which addresses may be contacted: public ones, and no other under any spelling.

A URL is judged in the form it is requested in; a host by every address its name resolves to, where
a session connects to it.
"""

from __future__ import annotations

import ipaddress
import re
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

from dti_assets.errors import AddressError

Resolver = Callable[..., list[Any]]
DEFAULT_PORTS = {"http": 80, "https": 443}
# below 1024 live mail, shells and name servers; a site that publishes on 81 to 88 is no rarity
_LOW_PORTS = frozenset({80, 443, *range(81, 89)})
_HOST = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*")
# what a resolver of the C library takes for a number: 127.1, 0x7f.1, 017700000001, 2130706433
_NUMBER = re.compile(r"(\d+|0x[0-9a-f]*)")
# the only block of IPv6 given out for public hosts, and what lies in it that is none, or that
# wraps an IPv4 address (Teredo, 6to4), which would then be reached without having been judged
_GLOBAL_IPV6 = ipaddress.IPv6Network("2000::/3")
_NOT_PUBLIC = tuple(
    ipaddress.ip_network(block)
    for block in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
        "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24",
        "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24",
        "203.0.113.0/24", "224.0.0.0/3",
        "2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20",
    )
)  # fmt: skip


@dataclass(frozen=True)
class Target:
    """A URL in the form it is requested in."""

    url: str
    scheme: str
    host: str
    port: int

    @property
    def origin(self) -> str:
        """Scheme, host and port: what a robots.txt speaks for."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


def parse_target(url: str) -> Target:
    """The target of a URL. Raises AddressError for anything but plain http and https: other
    schemes, names and passwords before the host, white space, hosts spelled as odd numbers, ports
    of other services."""
    from requests import PreparedRequest
    from requests.exceptions import RequestException
    from urllib3.exceptions import HTTPError
    from urllib3.util import parse_url

    shown = url if len(url) <= 200 else url[:199] + "…"
    scheme = url.partition(":")[0].lower()
    if scheme not in DEFAULT_PORTS:
        raise AddressError(f"{shown!r} is no http or https address")
    if re.search(r"[\s\x00-\x1f\x7f\\]", url):
        raise AddressError(f"{shown!r} holds white space, a control character or a backslash")
    request = PreparedRequest()
    try:
        # the form that is sent, judged by the parser that decides where it is sent
        request.prepare_url(url, None)
        parts = parse_url(str(request.url))
        port = parts.port or DEFAULT_PORTS[scheme]
    except (RequestException, HTTPError, ValueError) as error:
        raise AddressError(f"{shown!r} is no address ({error})") from error
    if parts.auth is not None or "@" in url.partition("//")[2].partition("/")[0]:
        raise AddressError(f"{shown!r} holds a user name before the host")
    host = (parts.host or "").strip("[]").lower()
    _check_host(host, shown)
    if port < 1024 and port not in _LOW_PORTS:
        raise AddressError(f"{shown!r}: port {port} belongs to another service than the web")
    return Target(str(request.url), scheme, host, port)


def _check_host(host: str, shown: str) -> None:
    if ":" in host:
        if "%" in host:
            raise AddressError(f"{shown!r}: an address with a zone is local")
        try:
            ipaddress.IPv6Address(host)
        except ValueError as error:
            raise AddressError(f"{shown!r}: {host!r} is no IPv6 address") from error
        return
    if not _HOST.fullmatch(host):
        raise AddressError(f"{shown!r}: {host!r} is no host name")
    if _NUMBER.fullmatch(host.rpartition(".")[2]):
        try:
            ipaddress.IPv4Address(host)
        except ValueError as error:
            raise AddressError(f"{shown!r}: {host!r} is a number that is no address") from error


def is_public(address: str) -> bool:
    """Whether an IP address belongs to a public host: not private, loopback, link-local, shared
    (CGNAT), multicast, reserved or for documentation, and no IPv6 form that wraps an IPv4 one."""
    ip = ipaddress.ip_address(address)
    if ip.version == 6 and ip not in _GLOBAL_IPV6:
        return False
    # ISATAP writes an IPv4 address behind 5efe in whatever network
    if ip.version == 6 and (int(ip) >> 32) & 0xFDFFFFFF == 0x5EFE:
        return False
    return ip.is_global and not any(ip in block for block in _NOT_PUBLIC)


def _resolve(*arguments: Any, **options: Any) -> list[Any]:
    return socket.getaddrinfo(*arguments, **options)


@dataclass(frozen=True)
class AddressPolicy:
    """Who may be contacted. `exempt` holds (loopback address, port) of a test's own server, each
    exactly; nothing but code that passes it can open it. `resolve` answers as getaddrinfo does."""

    exempt: frozenset[tuple[str, int]] = frozenset()
    resolve: Resolver = _resolve

    def __post_init__(self) -> None:
        for address, _ in self.exempt:
            if not ipaddress.ip_address(address).is_loopback:
                raise AddressError(f"{address} is no loopback address: nothing else can be exempt")

    def addresses(self, host: str, port: int) -> list[tuple[int, tuple[Any, ...]]]:
        """(family, socket address) to connect to, in the resolver's order.

        Raises AddressError where any address of the answer is not public, and OSError where the
        name does not resolve.
        """
        found: dict[tuple[int, tuple[Any, ...]], None] = {}
        for family, _, _, _, where in self.resolve(host, port, type=socket.SOCK_STREAM):
            address = str(where[0])
            if not self._allowed(address, port):
                name = "" if address == host else f"{host} resolves to "
                raise AddressError(f"{name}{address}, which is no public address")
            found[(family, where)] = None
        if not found:
            raise OSError(f"{host} has no address")
        return list(found)

    def _allowed(self, address: str, port: int) -> bool:
        try:
            return (address, port) in self.exempt or is_public(address)
        except ValueError:
            # an address with a zone, or of no family known here
            return False

    def is_exempt(self, target: Target) -> bool:
        """Whether the URL names a test's own server by its very address."""
        return (target.host, target.port) in self.exempt


def parse_exempt(texts: Iterable[str]) -> frozenset[tuple[str, int]]:
    """127.0.0.1:8000 or [::1]:8000, each as (address, port)."""
    pairs = set()
    for text in texts:
        host, _, port = text.rpartition(":")
        if not port.isdecimal():
            raise AddressError(f"{text!r} is no loopback address with a port")
        try:
            pairs.add((str(ipaddress.ip_address(host.strip("[]"))), int(port)))
        except ValueError as error:
            raise AddressError(f"{text!r} is no loopback address with a port") from error
    return frozenset(pairs)


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
