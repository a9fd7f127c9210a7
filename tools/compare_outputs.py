"""Hold what the working tree computes against what a base commit computed.

    python tools/compare_outputs.py [--base COMMIT] [--keep DIR] [STUDY ...]

runs both on this machine over each STUDY: `shipped` (the study of the checkout), `simulated` (what
`dti simulate --seed 7` writes, which is compared too) and `reports` (the shipped study over the
real reports of ../shared/reports_raw, where they are). Exit status 1 where anything differs.

Equal means: the same files; in tables the same columns, dtypes and order of rows, the same strings
and whole numbers, floats within 1e-9 of their size or 1e-6 of the row's standard error; in .tex,
.md, .html, .docx, .svg and scripts the same text. Left out are Parquet metadata, checksums and
sizes, records of what was made from what, pictures other than SVG, and study.yaml as the report
shows it.

A change that is meant is a line of a commit's message after the base, with a glob of the file, the
column where it is one, and the reason:

    Output-changed: */data/robustness.parquet:note the note names the rule

With --keep the outputs of the base stay in DIR and are used again.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from dti_assets.replication.compare import compare_frames, compare_text  # noqa: E402

BASE = (ROOT / "benchmarks" / "baseline.txt").read_text(encoding="utf-8").strip()
STUDIES = ("shipped", "simulated", "reports")
REPORTS = ROOT.parent / "shared" / "reports_raw"
STUDY_FILES = ("study.yaml", "dictionaries", "reports_raw", "patents_raw", "panel_raw")
TEXT = {".tex", ".md", ".html", ".svg", ".do", ".r", ".txt", ".json", ".yaml"}
LEFT_OUT_FOLDERS = {"cache", "made_from", ".dagster"}
LEFT_OUT_FILES = {".png", ".pdf"}
_ALLOWED = re.compile(r"^Output-changed:\s*(\S+)", re.MULTILINE)
# checksums and names made of them, pictures within a page, study.yaml as the report shows it
_UNCOMPARED = (
    re.compile(r"\b[0-9a-f]{12,64}\b|\bp[0-9a-f]{10}\b"),
    re.compile(r"data:[\w/+;,=-]{100,}"),
    re.compile(r"<h3>study\.yaml</h3>.*?</pre>", re.DOTALL),
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("studies", nargs="*", choices=[*STUDIES, []], metavar="STUDY")
    parser.add_argument("--base", default=BASE, help="commit to compare with")
    parser.add_argument("--keep", type=Path, help="folder in which the base's outputs stay")
    parser.add_argument("--allow", action="append", default=[], help="as after Output-changed:")
    chosen = parser.parse_args()
    studies = chosen.studies or [s for s in STUDIES if s != "reports" or REPORTS.is_dir()]
    allowed = [*chosen.allow, *allowed_changes(chosen.base)]
    with tempfile.TemporaryDirectory() as scratch:
        there = (chosen.keep or Path(scratch)).resolve() / chosen.base[:12]
        here = Path(scratch) / "working_tree"
        code = Path(scratch) / "code"
        differences = 0
        for study in studies:
            if not (there / study / "finished").exists():
                shutil.rmtree(there / study, ignore_errors=True)
                if not code.exists():
                    check_out(chosen.base, code)
                make(study, code, there / study)
            make(study, ROOT, here / study)
            found = list(compare_folders(there / study, here / study))
            refused = [line for line in found if not _is_allowed(f"{study}/{line}", allowed)]
            differences += len(refused)
            for line in refused:
                print(f"{study}/{line}")
            print(f"{study}: {len(refused)} differences, {len(found) - len(refused)} allowed")
    return 1 if differences else 0


def allowed_changes(base: str) -> list[str]:
    """Return the globs that commit messages since `base` allow, `FILE` or `FILE:COLUMN`."""
    log = ["git", "-C", str(ROOT), "log", "--format=%B", f"{base}..HEAD"]
    return _ALLOWED.findall(subprocess.run(log, check=True, text=True, capture_output=True).stdout)


def check_out(commit: str, folder: Path) -> None:
    """Write the files of a commit into a new folder."""
    folder.mkdir(parents=True)
    archive = folder.with_suffix(".tar")
    command = ["git", "-C", str(ROOT), "archive", "--output", str(archive), commit]
    subprocess.run(command, check=True)
    with tarfile.open(archive) as files:
        files.extractall(folder, filter="data")
    archive.unlink()


def make(study: str, code: Path, folder: Path) -> None:
    """Lay out a study in `folder` and run it with the package of the checkout `code`."""
    folder.mkdir(parents=True)
    if study == "simulated":
        _dti(code, "simulate", str(folder / "study"), "--seed", "7")
    else:
        (folder / "study").mkdir()
        for name in STUDY_FILES:
            if (code / name).is_dir():
                shutil.copytree(code / name, folder / "study" / name)
            else:
                shutil.copy(code / name, folder / "study" / name)
    file = folder / "study" / "study.yaml"
    if study == "reports":
        text = file.read_text(encoding="utf-8")
        file.write_text(text.replace("reports: reports_raw", f"reports: {REPORTS}"), "utf-8")
    _dti(code, "run", "--study", str(file))
    (folder / "finished").touch()


def _dti(code: Path, *arguments: str) -> None:
    """Run `dti` of a checkout, wherever another one is installed."""
    project = tomllib.loads((code / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    module, _, function = project["scripts"]["dti"].partition(":")
    run = f"from {module} import {function}; {function}()"
    environment = {**os.environ, "PYTHONPATH": str(code)}
    done = subprocess.run(
        [sys.executable, "-c", run, *arguments],
        cwd=code,
        env=environment,
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        raise SystemExit(f"dti {' '.join(arguments)} with {code}:\n{done.stdout}{done.stderr}")


def compare_folders(there: Path, here: Path) -> Iterator[str]:
    """Yield a line for each difference: `FILE: what` or `FILE:COLUMN: what`."""
    old, new = _files(there), _files(here)
    for name in sorted(old.keys() | new.keys()):
        if name not in new:
            yield f"{name}: not made any more"
        elif name not in old:
            yield f"{name}: new"
        else:
            for place, what in compare_files(old[name], new[name]):
                yield f"{name}{':' if place else ''}{place}: {what}"


def _files(folder: Path) -> dict[str, Path]:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    names = {str(path.relative_to(folder)): path for path in paths}
    return {
        name: path
        for name, path in names.items()
        if not LEFT_OUT_FOLDERS & set(Path(name).parts)
        and path.suffix not in LEFT_OUT_FILES
        and path.name not in ("study.yaml", "finished")
    }


def compare_files(there: Path, here: Path) -> Iterator[tuple[str, str]]:
    """Yield (column or part, what differs) of two files of one name."""
    kind = there.suffix.lower()
    # invented PDFs are inputs, and pictures are left out above
    if there.read_bytes() == here.read_bytes():
        return
    if kind in (".parquet", ".dta"):
        read = pd.read_parquet if kind == ".parquet" else pd.read_stata
        yield from compare_tables(read(there), read(here))
    elif kind in (".docx", ".xlsx"):
        with zipfile.ZipFile(there) as old, zipfile.ZipFile(here) as new:
            if old.namelist() != new.namelist():
                yield "", "the parts of the document differ"
            for part in set(old.namelist()) & set(new.namelist()):
                if part.endswith(".xml") and part != "docProps/core.xml":
                    texts = [bundle.read(part).decode() for bundle in (old, new)]
                    yield from compare_texts(*texts, part)
    elif kind == ".csv" or kind in TEXT:
        yield from compare_texts(there.read_text("utf-8"), here.read_text("utf-8"))
    else:
        yield "", "bytes differ"


def compare_texts(there: str, here: str, part: str = "") -> Iterator[tuple[str, str]]:
    """Yield what differs of two texts, checksums, pictures and study.yaml left out."""
    for pattern in _UNCOMPARED:
        there, here = pattern.sub("…", there), pattern.sub("…", here)
    found = compare_text(there, here)
    if found.verdict == "different":
        yield part, found.where


def compare_tables(there: pd.DataFrame, here: pd.DataFrame) -> Iterator[tuple[str, str]]:
    """Yield (column, what differs) of two tables."""
    if list(there.columns) != list(here.columns):
        yield "", f"columns {sorted(set(there.columns) ^ set(here.columns)) or 'in another order'}"
    if len(there) != len(here):
        yield "", f"{len(there)} rows before, {len(here)} now"
        return
    error = there["std_error"].to_numpy(float) if "std_error" in there else None
    for name in there.columns.intersection(here.columns):
        old, new = there[name], here[name]
        # of a page with study.yaml or a checksum in it, its size is no more to be compared
        if str(name).endswith("sha256") or name == "bytes":
            continue
        if old.dtype != new.dtype:
            yield name, f"{old.dtype} before, {new.dtype} now"
        elif error is not None and pd.api.types.is_float_dtype(old):
            beyond = (old - new).abs().gt(1e-6 * error) & ~_close(old, new)
            if beyond.any() or old.isna().ne(new.isna()).any():
                yield name, f"{int(beyond.sum())} values beyond 1e-6 standard errors"
        else:
            found = compare_frames(_readable(old).to_frame(), _readable(new).to_frame())
            if found.verdict == "different":
                yield name, found.where


def _close(old: pd.Series, new: pd.Series) -> pd.Series:
    return (old - new).abs() <= 1e-9 * old.abs()


def _readable(column: pd.Series) -> pd.Series:
    """Return strings without their checksums, everything else as it is."""
    if not pd.api.types.is_string_dtype(column):
        return column
    return column.map(lambda cell: _UNCOMPARED[0].sub("…", cell), na_action="ignore")


def _is_allowed(line: str, globs: list[str]) -> bool:
    place = line.split(": ")[0]
    return any(fnmatchcase(place, glob) or fnmatchcase(place, f"{glob}:*") for glob in globs)


if __name__ == "__main__":
    sys.exit(main())
