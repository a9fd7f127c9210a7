"""Whether what a host sent is the report that was asked for: by its content, never by its label.

A page that answers 200 may be an error page, a firewall's challenge, the report of another year
or of a city. The readers and the rules of identity are those that count reports.
"""

from __future__ import annotations

import hashlib
import queue
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dti_assets.compute.workers import DEFAULT_LIMITS, Failure, Limits, run_limited
from dti_assets.text.folder import read_file
from dti_assets.text.identity import Identity, from_text, identify
from dti_assets.text.readers.reading import Reading
from dti_assets.units.lists import Units

# what pages say that stand in for the one asked for; only short pages are asked
_STAND_INS = (
    (
        "a firewall's or challenge page",
        r"安全验证|人机验证|滑动验证|验证码|访问(?:被)?(?:拒绝|拦截|禁止)|请求被拦截|网站防火墙|云防护|"
        r"captcha|challenge-platform|access denied|\bwaf\b|firewall|checking your browser",
    ),
    (
        "an error page answering 200 (a soft 404)",
        r"页面不存在|页面未找到|找不到(?:您|该|页)|无法找到|您访问的(?:页面|网页|内容)|已(?:被)?删除|"
        r"\b404\b|not found",
    ),
)
_SHORT_PAGE = 128 * 1024


@dataclass(frozen=True)
class Verdict:
    """`refusal` is empty for the report that was asked for. `format` is that of the content;
    `note` says where the registry's word had to do."""

    refusal: str
    format: str = ""
    text_sha256: str = ""
    note: str = ""


class Judge:
    """Reads files in one limited worker process, kept from file to file. To be closed."""

    def __init__(self, units: Units, limits: Limits = DEFAULT_LIMITS) -> None:
        self._units = units
        self._paths: queue.SimpleQueue[tuple[str] | None] = queue.SimpleQueue()
        calls: Iterator[tuple[Any, ...]] = iter(self._paths.get, None)
        self._outcomes = run_limited(read_file, calls, workers=1, limits=limits)
        self._begun = False

    def read(self, path: Path) -> Reading | Failure:
        """The reading of a file, or why it exceeded a limit."""
        self._begun = True
        self._paths.put((str(path),))
        _, outcome = next(self._outcomes)
        return outcome if isinstance(outcome, Failure) else outcome[2]

    def close(self) -> None:
        """End the worker."""
        self._paths.put(None)
        if self._begun:
            # its threads wait for the next path: the end of the paths lets them go
            for _ in self._outcomes:
                continue

    def identity(self, path: Path, name: str) -> Identity | None:
        """Which report a file is, under the name `name`; None where it cannot be read."""
        reading = self.read(path)
        if isinstance(reading, Failure) or reading.status != "ok":
            return None
        return identify(name, reading.paragraphs, units=self._units)

    def judge(self, path: Path, name: str) -> Verdict:
        """Whether the file is the report that `name` (year/unit) stands for."""
        reading = self.read(path)
        if isinstance(reading, Failure):
            return Verdict(reading.reason)
        if reading.status != "ok":
            stand_in = _stand_in(path)
            return Verdict(stand_in or f"{reading.status}: {reading.reason}")
        found = identify(name, reading.paragraphs, units=self._units)
        if found.status != "ok":
            stand_in = _stand_in(path) if found.status == "not_a_report" else ""
            reason = found.reason.replace("the name says", "sources.csv says")
            return Verdict(stand_in or f"{found.status}: {reason}")
        sha256 = hashlib.sha256(reading.text.encode()).hexdigest()
        said = from_text(reading.paragraphs, units=self._units)
        words = {self._units.level.noun: said.unit, "year": said.year}
        silent = [word for word, value in words.items() if value is None]
        note = f"the text names no {' and no '.join(silent)}: taken from sources.csv"
        return Verdict("", str(reading.format), sha256, note if silent else "")


def _stand_in(path: Path) -> str:
    """What a short web page stands in as, by its own words; empty where they tell nothing."""
    with path.open("rb") as handle:
        content = handle.read(_SHORT_PAGE + 1)
    if len(content) > _SHORT_PAGE or b"<" not in content[:1024]:
        return ""
    texts = (content.decode(encoding, "ignore").lower() for encoding in ("utf-8", "gb18030"))
    whole = "\n".join(texts)
    return next((name for name, words in _STAND_INS if re.search(words, whole)), "")
