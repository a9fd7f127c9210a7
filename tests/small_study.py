"""A small study over invented reports, and how to run `dti` in a process of its own."""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import forked_commands
import samples

REPORTS = {
    "浙江省2014年政府工作报告.txt": ("浙江省", 2014),
    "浙江2015.html": ("浙江省", 2015),
    "jiangsu_2014_report.docx": ("江苏省", 2014),
    "2015/江苏.pdf": ("江苏省", 2015),
    "2015_上海.txt": ("上海市", 2015),
}


def write_reports(folder: Path, reports: dict[str, tuple[str, int]] = REPORTS) -> None:
    for number, (name, (place, year)) in enumerate(reports.items()):
        lines = samples.report_lines(place, year, repeats=22 + number)
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        make: Callable[[list[str]], bytes] = {
            ".txt": lambda text: "\n".join(text).encode(),
            ".html": samples.html,
            ".docx": samples.docx,
            ".pdf": samples.text_pdf,
        }[path.suffix]
        path.write_bytes(make(lines))


def make_study(folder: Path, extra: str = "", years: str = "[2014, 2015]") -> Path:
    """A study folder with the shipped dictionary and no reports yet."""
    root = Path(__file__).resolve().parents[1]
    shutil.copytree(root / "dictionaries", folder / "dictionaries")
    for name in ("reports_raw", "patents_raw", "panel_raw"):
        (folder / name).mkdir()
    (folder / "study.yaml").write_text(f"name: small\nyears: {years}\n{extra}", encoding="utf-8")
    return folder / "study.yaml"


def dti(
    *arguments: str, cwd: Path | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a command; what it said and its exit status.

    In a process that is forked from one with the libraries loaded, or in a new one where the
    environment says something to the interpreter itself.
    """
    if any(name.startswith("PYTHON") for name in environment):
        return subprocess.run(
            [sys.executable, "-c", "from dti_assets.cli.main import main; main()", *arguments],
            capture_output=True, text=True, cwd=cwd, env={**os.environ, **environment}, timeout=300,
        )  # fmt: skip
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        with open(os.devnull) as nothing:
            status = forked_commands.command(
                forked_commands.server(),
                list(arguments),
                (nothing.fileno(), out.fileno(), err.fileno()),
                cwd=str(cwd or Path.cwd()),
                env={**os.environ, **environment},
            )
        said = []
        for stream in (out, err):
            stream.seek(0)
            said.append(stream.read())
    return subprocess.CompletedProcess(["dti", *arguments], status, *said)


def stored_bytes(study: Path) -> dict[str, str]:
    """SHA-256 of every stored table by its path below outputs/data."""
    data = study.parent / "outputs" / "data"
    return {
        path.relative_to(data).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(data.rglob("*.parquet"))
    }
