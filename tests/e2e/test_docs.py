"""Every command in the documentation is run, page by page, in a study such as the page speaks of.

A block marked `sh` is run as it stands, of one marked `console` what is typed; `sh server` is
started and must say its address; `sh test=FILE` cannot be run here (it needs a network, or is the
test suite itself) and is run by the test named."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import forked_commands
import pytest
import samples
from small_study import dti, make_study, write_reports
from ui_server import free_port

from dti_assets.geography.provinces import provinces

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("docs/*.md"), *ROOT.glob("README*.md")])
_FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.M | re.S)
# what is typed in a console block: the README speaks of the program where make put it
_COMMAND = re.compile(r"^\$ (?:\.venv/bin/)?(.*)$", re.M)
_LANGUAGES = {"mermaid", "yaml", "python", "csv", "json", "text"}


def blocks(page: Path) -> list[tuple[str, str]]:
    """(info string, text) of every fenced block."""
    return [(found[1], found[2]) for found in _FENCE.finditer(page.read_text(encoding="utf-8"))]


@pytest.fixture(scope="module")
def worked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study of two years that has been run once, with more reports, and a series of the panel,
    beside it."""
    folder = tmp_path_factory.mktemp("docs")
    draws = "estimates: {draws: 99, bootstrap_draws: 99}\n"
    study = make_study(folder / "study", draws)
    write_reports(folder / "study" / "reports_raw")
    more = folder / "study" / "my_reports"
    more.mkdir()
    (more / "2014_上海.txt").write_text("\n".join(samples.report_lines("上海市", 2014)), "utf-8")
    schooling = [f"{one.province},{year},9.5" for one in provinces() for year in (2014, 2015)]
    own = "\n".join(["province,year,years_of_education (years)", *schooling])
    (folder / "study" / "my_education.csv").write_text(own, "utf-8")
    done = dti("run", "--study", str(study))
    assert done.returncode == 0, done.stderr
    return folder / "study"


@pytest.fixture
def place(worked: Path, tmp_path: Path) -> tuple[Path, dict[str, str]]:
    """A copy of the worked study, and an environment in which `dti` is this package's."""
    study = tmp_path / "study"
    shutil.copytree(worked, study)
    programs = tmp_path / "bin"
    programs.mkdir()
    command = programs / "dti"
    asks = f"-S -E {forked_commands.__file__} {forked_commands.server()}"
    serves = '-c "from dti_assets.cli import main; main()"'
    command.write_text(
        "#!/bin/sh\n"
        # a server is interrupted by its process, and so has one of its own
        f'[ "$1" != ui ] || exec {sys.executable} {serves} "$@" --port {free_port()}\n'
        f'exec {sys.executable} {asks} "$@"\n'
    )
    command.chmod(0o755)
    path = os.pathsep.join([str(programs), os.environ["PATH"]])
    paths = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    return study, {**os.environ, "PATH": path, "PYTHONPATH": paths}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_of_the_page_works(page: Path, place: tuple[Path, dict[str, str]]) -> None:
    study, environment = place
    for info, text in blocks(page):
        kind, _, rest = info.partition(" ")
        if kind == "console":
            kind, text = "sh", "\n".join(_COMMAND.findall(text))
        if kind != "sh":
            assert kind in _LANGUAGES, f"{page.name}: a block marked {info!r} is not run"
        elif rest == "server":
            _answers(text, study, environment)
        elif rest.startswith("test="):
            assert (ROOT / rest.removeprefix("test=")).is_file(), rest
        else:
            done = subprocess.run(
                ["bash", "-euo", "pipefail", "-c", text],
                cwd=study, env=environment, capture_output=True, text=True, timeout=300,
            )  # fmt: skip
            assert done.returncode == 0, f"{page.name}: {text}\n{done.stdout}\n{done.stderr}"


def _answers(text: str, study: Path, environment: dict[str, str]) -> None:
    """A command that serves says where, and goes on until it is interrupted."""
    server = subprocess.Popen(
        ["bash", "-euo", "pipefail", "-c", text],
        cwd=study, env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    try:
        assert server.stdout is not None
        assert "http://127.0.0.1:" in server.stdout.readline()
        time.sleep(1)
        assert server.poll() is None
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(30)


def test_every_link_between_pages_leads_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name}: {target}"
