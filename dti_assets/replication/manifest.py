"""What a package says about itself: manifest.json, checksums.csv, constraints.txt.

manifest.json alone holds what differs between two packages of the same outputs: when it was made
and how long the run took. It vouches for checksums.csv, which vouches for everything else.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import platform
import subprocess
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import dti_assets
from dti_assets.errors import PackageError
from dti_assets.store.files import sha256, source_sha256

MANIFEST = "manifest.json"
CHECKSUMS = "checksums.csv"
CONSTRAINTS = "constraints.txt"
LEFT_OUT = "left_out.csv"
README = "README.md"
FORMAT = 1
_DISTRIBUTION = "dti-assets"


@dataclass(frozen=True)
class Code:
    """The program that made the outputs. `commit` is empty outside of a work tree."""

    version: str
    source_sha256: str
    commit: str = ""
    python: str = ""
    packages: dict[str, str] = field(default_factory=dict)

    def differences(self, here: Code) -> list[str]:
        """What differs between the package's program and the one here, one sentence each."""
        out = []
        if self.version != here.version:
            out.append(f"dti-assets {self.version} in the package, {here.version} here")
        elif self.source_sha256 != here.source_sha256:
            out.append("the source of dti-assets differs from the package's")
        if self.python != here.python:
            out.append(f"Python {self.python} in the package, {here.python} here")
        for name in sorted(self.packages | here.packages):
            there, now = self.packages.get(name, "absent"), here.packages.get(name, "absent")
            if there != now:
                out.append(f"{name} {there} in the package, {now} here")
        return out


@dataclass(frozen=True)
class Manifest:
    """One package. `given` are assets whose stored tables stand in for inputs left out, `absent`
    assets that neither travel nor are made again."""

    study: str
    study_file: str
    code: Code
    given: tuple[str, ...]
    absent: tuple[str, ...]
    included: tuple[str, ...]
    seeds: dict[str, int]
    checksums_sha256: str
    made: str = ""
    run_seconds: float | None = None
    format: int = FORMAT

    def to_json(self) -> bytes:
        return (json.dumps(asdict(self), ensure_ascii=False, indent=1) + "\n").encode("utf-8")


def read_manifest(folder: Path, package: Path) -> Manifest:
    """The manifest of an extracted package; PackageError where there is none that can be used."""
    try:
        raw = json.loads((folder / MANIFEST).read_bytes().decode("utf-8"))
        # halves of characters, which no terminal takes
        json.dumps(raw, ensure_ascii=False).encode("utf-8")
    except FileNotFoundError:
        raise PackageError(f"{package} is no replication package: it has no {MANIFEST}") from None
    except (ValueError, RecursionError) as error:
        raise PackageError(f"{package}: {MANIFEST} is not readable ({error})") from error
    if not isinstance(raw, dict) or raw.get("format") != FORMAT:
        raise PackageError(f"{package}: {MANIFEST} has a format this version does not know")
    try:
        code = Code(**raw.pop("code"))
        lists: dict[str, Any] = {
            name: tuple(map(str, raw.pop(name))) for name in ("given", "absent", "included")
        }
        found = Manifest(code=code, **lists, **raw)
        texts = [getattr(found, f.name) for f in fields(found)
                 if f.name in ("study", "study_file", "checksums_sha256", "made")]  # fmt: skip
        texts += [code.version, code.source_sha256, code.commit, code.python]
        texts += code.packages.values()
        if not all(isinstance(text, str) for text in texts):
            raise TypeError("text expected")
    except (TypeError, KeyError, AttributeError) as error:
        raise PackageError(f"{package}: {MANIFEST} lacks or misnames a key ({error})") from error
    return found


@dataclass(frozen=True)
class Listed:
    """One file of a package."""

    path: str
    bytes: int
    sha256: str
    made_by: str


def checksums_csv(rows: Iterable[Listed]) -> bytes:
    """checksums.csv, in order of the paths."""
    ordered = sorted(rows, key=lambda row: row.path)
    names = ("path", "bytes", "sha256", "made_by")
    return _csv(names, [tuple(asdict(row).values()) for row in ordered])


def left_out_csv(rows: Iterable[dict[str, Any]]) -> bytes:
    """left_out.csv: inputs that do not travel, and where they are to be had."""
    names = ("kind", "path", "bytes", "sha256", "url")
    return _csv(names, [tuple(row[name] for name in names) for row in rows])


def check_content(
    folder: Path, names: list[str], manifest: Manifest, package: Path
) -> list[Listed]:
    """The rows of checksums.csv; PackageError naming the first file that is not as listed."""
    path = folder / CHECKSUMS
    if CHECKSUMS not in names:
        raise PackageError(f"{package} is no replication package: it has no {CHECKSUMS}")
    if sha256(path) != manifest.checksums_sha256:
        raise PackageError(f"{package}: {CHECKSUMS} is not the one the package was made with")
    try:
        with path.open(encoding="utf-8", newline="") as handle:
            read = csv.DictReader(handle)
            rows = [
                Listed(row["path"], int(row["bytes"]), row["sha256"], row["made_by"])
                for row in read
            ]
        if not all(isinstance(row.made_by, str) for row in rows):
            raise TypeError("a row breaks off")
    except (KeyError, TypeError, ValueError, csv.Error) as error:
        raise PackageError(f"{package}: {CHECKSUMS} is no list of files ({error})") from error
    listed = {row.path: row for row in rows}
    for name in names:
        if name not in listed and name not in (MANIFEST, CHECKSUMS):
            raise PackageError(f"{package}: {name} is not listed in {CHECKSUMS}")
    for name, row in listed.items():
        if name not in names:
            raise PackageError(f"{package}: {name} is listed in {CHECKSUMS} but is not there")
        if sha256(folder / name) != row.sha256:
            raise PackageError(f"{package}: {name} is not the file the package was made with")
    return rows


def _csv(header: tuple[str, ...], rows: list[tuple[Any, ...]]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerows([header, *rows])
    return out.getvalue().encode("utf-8")


def code_here(extra: str = "") -> Code:
    """The installed program and what it runs on, with the packages of that one of its extras."""
    folder = Path(dti_assets.__file__).parent
    return Code(
        version=dti_assets.__version__,
        source_sha256=source_sha256(folder),
        commit=_commit(folder.parent),
        python=platform.python_version(),
        packages=installed_packages(extra),
    )


def _commit(folder: Path) -> str:
    """The commit of a work tree, with +changes where files differ from it."""
    if not (folder / ".git").exists():
        return ""

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(folder), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    try:
        changed = git("status", "--porcelain", "--untracked-files=no")
        return git("rev-parse", "HEAD") + ("+changes" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return ""


def installed_packages(extra: str = "") -> dict[str, str]:
    """Name and version of every distribution the program needs here, by name; of its extras what
    that one needs, as far as it is installed."""
    from importlib.metadata import PackageNotFoundError, requires, version

    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    found: dict[str, str] = {}
    waiting = [_DISTRIBUTION]
    seen = set()
    while waiting:
        name = waiting.pop()
        try:
            needs = requires(name) or []
        except PackageNotFoundError:
            continue
        for text in needs:
            needed = Requirement(text)
            asked = {"extra": extra if name == _DISTRIBUTION else ""}
            if needed.marker is not None and not needed.marker.evaluate(asked):
                continue
            key = str(canonicalize_name(needed.name))
            if key in seen:
                continue
            seen.add(key)
            with contextlib.suppress(PackageNotFoundError):
                found[key] = version(key)
            waiting.append(key)
    return dict(sorted(found.items()))


def constraints_txt(code: Code) -> bytes:
    """One `name==version` a line, as pip's option -c takes it."""
    return "".join(f"{name}=={number}\n" for name, number in code.packages.items()).encode()
