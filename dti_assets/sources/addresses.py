"""Which addresses may be contacted: public ones, and no other under any spelling.

A URL is judged in the form it is requested in; a host by every address its name resolves to.
Connecting is in `connection`.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

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
