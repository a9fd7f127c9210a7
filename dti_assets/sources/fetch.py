"""One page from the web, or one sentence why not: paced, limited, repeated where that helps.

What the bytes are is not asked here; that is `judgement`.
"""

from __future__ import annotations

import re
import time
import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from dti_assets.errors import AddressError, FetchError
from dti_assets.sources.guard import AddressPolicy, Target, Watch, guarded_session, parse_target
from dti_assets.sources.robots import Robots, parse_robots

if TYPE_CHECKING:
    import requests


INTERVAL = 2.0


@dataclass
class Pacer:
    """Keeps `interval` seconds between requests to one host. Clock and sleep can be given."""

    interval: float = INTERVAL
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _next: dict[str, float] = field(default_factory=dict)

    def wait(self, host: str, paced: bool = True) -> None:
        """Return when the host may be asked, and count that as a request. Not `paced`, only what
        the host itself asked for is waited."""
        seconds = self.delay(host)
        if seconds > 0:
            self.sleep(seconds)
        self._next[host] = self.clock() + (self.interval if paced else 0.0)

    def delay(self, host: str) -> float:
        """Seconds until the host may be asked again."""
        return max(0.0, self._next[host] - self.clock()) if host in self._next else 0.0

    def postpone(self, host: str, seconds: float) -> None:
        """Ask the host nothing for so long."""
        until = self.clock() + seconds
        self._next[host] = max(self._next.get(host, until), until)


def retry_after(value: str | None, now: Callable[[], float] = time.time) -> float | None:
    """Seconds that a Retry-After header asks for, as a number or as a date; None for neither."""
    if value is None:
        return None
    value = value.strip()
    if value.isdecimal():
        return float(value[:9])
    try:
        when = parsedate_to_datetime(value)
    except ValueError:
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return max(0.0, (when - datetime.fromtimestamp(now(), UTC)).total_seconds())


PRODUCT = "dti-assets"
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_TEMPORARY = frozenset({408, 429, 500, 502, 503, 504})
_CHUNK = 65536
_ROBOTS_BYTES = 500 * 1024
# each piece of a packed body copies what follows it
_MOST_MEMBERS = 100


class _TemporaryError(FetchError):
    """Worth another attempt, after `wait` seconds where the host names them."""

    def __init__(self, reason: str, wait: float | None = None) -> None:
        super().__init__(reason)
        self.wait = wait


@dataclass(frozen=True)
class FetchLimits:
    """How long, how much, how often. `seconds` bounds one answer from connecting to its last
    byte; `bytes` both what is sent and what it unpacks to; `longest_wait` what a host may ask for
    before its pages are given up for this time."""

    connect_seconds: float = 10.0
    read_seconds: float = 30.0
    seconds: float = 120.0
    bytes: int = 50 * 2**20
    attempts: int = 4
    backoff_seconds: float = 2.0
    longest_wait: float = 120.0
    redirects: int = 5


@dataclass(frozen=True)
class Page:
    """An answer: its bytes, unpacked, and where they came from. `modified` is False where the
    host says that nothing has changed since the validators it was sent."""

    content: bytes
    url: str
    redirects: tuple[str, ...]
    headers: Mapping[str, str]
    modified: bool = True


def user_agent() -> str:
    """Who asks, and what for."""
    from importlib.metadata import version

    return f"{PRODUCT}/{version('dti-assets')} (research; provincial government work reports)"


@dataclass
class Fetcher:
    """Fetches pages one at a time. Nothing of the environment (proxies, .netrc) is used."""

    policy: AddressPolicy = field(default_factory=AddressPolicy)
    pacer: Pacer = field(default_factory=Pacer)
    limits: FetchLimits = field(default_factory=FetchLimits)
    _robots: dict[str, Robots | FetchError] = field(default_factory=dict)
    # whom the last request went to: the host that a pause is owed
    _last: Target = field(init=False)

    def __post_init__(self) -> None:
        self._watch = Watch()
        self._session = guarded_session(self.policy, self._watch)
        self._session.headers.clear()
        self._session.headers.update(
            {"User-Agent": user_agent(), "Accept-Encoding": "gzip", "Connection": "close"}
        )

    def get(self, url: str, validators: Mapping[str, str] | None = None) -> Page:
        """The page at `url`; `validators` are the ETag and Last-Modified of what is at hand.

        Raises FetchError with the reason.
        """
        return self._repeated(url, dict(validators or {}), self.limits.bytes, robots=True)

    def _repeated(self, url: str, validators: dict[str, str], most: int, robots: bool) -> Page:
        wait = self.limits.backoff_seconds
        for attempt in range(1, self.limits.attempts + 1):
            try:
                return self._followed(url, validators, most, robots)
            except AddressError as error:
                raise FetchError(f"not contacted: {error}") from error
            except _TemporaryError as error:
                pause = max(wait, error.wait or 0.0)
                host = self._last.host
                self.pacer.postpone(host, pause)
                if pause > self.limits.longest_wait:
                    raise FetchError(f"{error}; asks to be left alone for {pause:.0f} s") from error
                if attempt == self.limits.attempts:
                    raise FetchError(f"{error}, {attempt} times") from error
            wait *= 2
        raise AssertionError("at least one attempt is made")

    def _followed(self, url: str, validators: dict[str, str], most: int, robots: bool) -> Page:
        """The page at the end of the redirects, each hop judged as if it were the first. Without
        `robots`, which is robots.txt itself, what goes beyond `most` bytes is left."""
        passed: list[str] = []
        while True:
            self._last = target = parse_target(url)
            if robots and not self._robots_of(target).allows(target.url):
                raise FetchError(f"robots.txt of {target.host} disallows {target.url}")
            with self._request(target, validators) as response:
                if response.status_code not in _REDIRECTS or "Location" not in response.headers:
                    conditional = bool(validators)
                    return self._page(response, target, tuple(passed), most, conditional, robots)
                url = _next_hop(target.url, response.headers["Location"])
            circle = target.url in passed
            passed.append(target.url)
            if len(passed) > self.limits.redirects:
                how = ", in a circle" if circle else ""
                raise _AbsentError(f"more than {self.limits.redirects} redirects{how}")

    def _request(self, target: Target, validators: dict[str, str]) -> _Open:
        delay = self.pacer.delay(target.host)
        if delay > self.limits.longest_wait:
            raise FetchError(f"{target.host} asked to be left alone for {delay:.0f} s more")
        self.pacer.wait(target.host, paced=not self.policy.is_exempt(target))
        return _Open(self, target, validators)

    def _robots_of(self, target: Target) -> Robots:
        """The site's rules, asked for once. A site that has none allows everything; one that does
        not answer allows nothing. Of a long file the first 500 KiB count, as RFC 9309 has it."""
        known = self._robots.get(target.origin)
        if known is None:
            try:
                page = self._repeated(
                    f"{target.origin}/robots.txt", {}, _ROBOTS_BYTES, robots=False
                )
                known = parse_robots(page.content, PRODUCT)
            except _AbsentError:
                known = Robots()
            except _UnknownHostError as error:
                # not the fault of its robots.txt
                known = error
            except FetchError as error:
                known = FetchError(f"robots.txt of {target.host}: {error}")
            self._last = target
            self._robots[target.origin] = known
        if isinstance(known, FetchError):
            raise FetchError(str(known))
        return known

    def _page(
        self,
        response: requests.Response,
        target: Target,
        passed: tuple[str, ...],
        most: int,
        conditional: bool,
        whole: bool,
    ) -> Page:
        status, headers = response.status_code, dict(response.headers)
        if status == 304 and conditional:
            return Page(b"", target.url, passed, headers, modified=False)
        if status in _TEMPORARY:
            raise _TemporaryError(_named(status), retry_after(headers.get("Retry-After")))
        if 400 <= status < 500:
            raise _AbsentError(_named(status))
        if status != 200:
            raise FetchError(_named(status))
        coding = response.headers.get("Content-Encoding", "identity").strip().lower()
        if coding not in ("identity", "", "gzip", "x-gzip", "deflate"):
            raise FetchError(f"packed as {coding[:40]}, which was not asked for")
        content = body = self._body(response, most, whole)
        if coding not in ("identity", ""):
            content = _unpacked(body, coding, most, whole)
        if max(len(body), len(content)) > most:
            # half a line could be another rule
            content = b"".join(content[:most].splitlines(keepends=True)[:-1])
        return Page(content, target.url, passed, headers)

    def _body(self, response: requests.Response, most: int, whole: bool) -> bytes:
        """The body as sent; unless the `whole` is wanted, no more than it takes to pass `most`."""
        declared = response.headers.get("Content-Length", "")
        if whole and declared.isdecimal() and int(declared[:15]) > most:
            raise FetchError(f"{int(declared[:15]):,} bytes announced, more than {most:,}")
        parts, size = [], 0
        # read1 hands on what has come, so that a server that drips does not hold the loop
        while part := response.raw.read1(_CHUNK, decode_content=False):
            parts.append(part)
            size += len(part)
            if size > most and whole:
                raise FetchError(f"more than {most:,} bytes")
            if size > most:
                break
        return b"".join(parts)


class _UnknownHostError(FetchError):
    """The host has no address that this machine can find."""


class _AbsentError(FetchError):
    """The host answers that there is no such page for us, or sends us about for ever."""


class _Open:
    """A request under way, as a context: within the time limit, its errors turned into reasons."""

    def __init__(self, fetcher: Fetcher, target: Target, validators: dict[str, str]) -> None:
        self._fetcher, self._target, self._validators = fetcher, target, validators
        self._limit = fetcher._watch.limit(fetcher.limits.seconds)
        self._response: requests.Response | None = None

    def __enter__(self) -> requests.Response:
        limits = self._fetcher.limits
        self._limit.__enter__()
        try:
            self._response = self._fetcher._session.get(
                self._target.url,
                headers=self._validators,
                timeout=(limits.connect_seconds, limits.read_seconds),
                stream=True,
                allow_redirects=False,
            )
        except BaseException as error:
            self._close()
            reason = self._reason(error)
            if reason is error:
                raise
            raise reason from error
        return self._response

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self._close()
        if error is not None:
            reason = self._reason(error)
            if reason is not error:
                raise reason from error
        elif self._fetcher._watch.expired:
            raise self._reason(TimeoutError())

    def _close(self) -> None:
        self._limit.__exit__(None, None, None)
        if self._response is not None:
            self._response.close()
        self._fetcher._watch.release()

    def _reason(self, error: BaseException) -> BaseException:
        """The error as a FetchError, where it is one of the connection."""
        import requests
        from urllib3.exceptions import HTTPError, NameResolutionError, SSLError

        connection = isinstance(error, requests.RequestException | HTTPError | OSError)
        if not connection or isinstance(error, AddressError | FetchError):
            return error
        if self._fetcher._watch.expired:
            return FetchError(f"took longer than {self._fetcher.limits.seconds:g} seconds")
        root = _root(error)
        said = _words(root)
        if isinstance(root, NameResolutionError):
            return _UnknownHostError(
                f"{self._target.host} could not be looked up: is there a network?"
            )
        if isinstance(error, requests.exceptions.SSLError | SSLError):
            return FetchError(f"the certificate is not accepted ({said})")
        if isinstance(error, requests.exceptions.InvalidSchema | requests.exceptions.InvalidURL):
            return FetchError(f"no address that can be asked ({said})")
        return _TemporaryError(f"the connection failed ({said})")


def _next_hop(url: str, location: str) -> str:
    """Where a redirect leads. Hosts write UTF-8 into the header, which http.client reads as
    Latin-1."""
    with suppress(UnicodeError):
        location = location.encode("latin-1").decode("utf-8")
    try:
        return urljoin(url, location)
    except ValueError as error:
        raise AddressError(f"{location[:200]!r} is no address ({error})") from error


def _named(status: int) -> str:
    try:
        return f"answers {status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"answers {status}"


def _root(error: BaseException) -> BaseException:
    """The error that the libraries wrapped into others."""
    while True:
        around = (getattr(error, "reason", None), *error.args)
        wrapped = next((part for part in around if isinstance(part, BaseException)), None)
        if wrapped is None:
            return error
        error = wrapped


def _words(error: BaseException) -> str:
    """What an error says, without the names of objects."""
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    text = re.sub(r"^.*?\(host='[^']*', port=\d+\): ", "", str(text))
    return text if len(text) <= 160 else text[:159] + "…"


def _unpacked(content: bytes, coding: str, most: int, whole: bool) -> bytes:
    """The body unpacked, to one byte more than `most` at most; an error where the `whole` is
    wanted."""
    cut = not whole and len(content) > most
    out, left, members = bytearray(), content, 0
    while left:
        members += 1
        if members > _MOST_MEMBERS:
            raise FetchError(f"packed in more than {_MOST_MEMBERS} pieces")
        # deflate stands for zlib in the standard and for bare deflate at some servers
        bare = coding == "deflate" and left[:1] and left[0] & 0x0F != 8
        bits = 31 if coding != "deflate" else -15 if bare else 15
        machine = zlib.decompressobj(wbits=bits)
        try:
            out += machine.decompress(left, most + 1 - len(out))
        except zlib.error as error:
            raise FetchError(f"not {coding}, though sent as such ({error})") from error
        if len(out) > most and whole:
            raise FetchError(f"unpacks to more than {most:,} bytes")
        if len(out) > most or (cut and not machine.eof):
            break
        if not machine.eof:
            raise _TemporaryError("the packed body breaks off")
        # zeros that fill up a block are no piece, to gzip itself either
        left = machine.unused_data.lstrip(b"\0") if coding != "deflate" else b""
    return bytes(out)
