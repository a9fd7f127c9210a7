"""When the next request may go to a host: one each two seconds, later where the host says so."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

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
