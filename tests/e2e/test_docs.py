"""Every command in the documentation is run, page by page, in a study such as the page speaks of.

The blocks of a page follow one another as in one terminal: each begins in the folder and with the
environment in which the one before it ended; `sh anew` begins in a new terminal, as who comes back
to the page does. A block marked `sh` is run as it stands, of one marked `console` what is typed;
`sh server` is started and must say its address; `sh test=FILE` cannot be run here (it needs a
network, or is the test suite itself) and is run by the test named.

The Chinese README has the commands of the English one."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import forked_commands
import pytest
import samples
from small_study import dti, make_study, write_reports
from ui_server import free_port

from dti_assets.units.lists import shipped_units

ROOT = Path(__file__).resolve().parents[2]
ENGLISH, CHINESE = ROOT / "README.md", ROOT / "README.zh.md"
PAGES = sorted([*ROOT.glob("docs/*.md"), ENGLISH])
_FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.M | re.S)
# what is typed in a console block
_COMMAND = re.compile(r"^\$ (.*)$", re.M)
_NAME = re.compile(r"`[^`\n]+`")
_LINK = re.compile(r"\]\(([^)]+)\)")
# worked in the study that ships, of which nothing is taken as given when it is verified
_SHIPPED = {"quick_start.md", "replication.md"}
_LANGUAGES = {"mermaid", "yaml", "python", "csv", "json", "text"}


def blocks(page: Path) -> list[tuple[str, str]]:
    """(info string, text) of every fenced block."""
    return [(found[1], found[2]) for found in _FENCE.finditer(page.read_text(encoding="utf-8"))]


def terminals(page: Path) -> list[list[tuple[str, str]]]:
    """The blocks of a page, those of each terminal together."""
    found: list[list[tuple[str, str]]] = [[]]
    for info, text in blocks(page):
        if info == "sh anew":
            found.append([])
        found[-1].append((info, text))
    return found


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
    schooling = [
        f"{one.name},{year},9.5" for one in shipped_units("provinces") for year in (2014, 2015)
    ]
    own = "\n".join(["province,year,years_of_education (years)", *schooling])
    (folder / "study" / "my_education.csv").write_text(own, "utf-8")
    done = dti("run", "--study", str(study))
    assert done.returncode == 0, done.stderr
    return folder / "study"


class Terminal:
    """What one block leaves, folder and environment, the next one finds."""

    def __init__(self, folder: Path, environment: dict[str, str], left: Path) -> None:
        self.folder, self.environment, self.left = folder, environment, left

    def start(self, text: str, **options: Any) -> subprocess.Popen[str]:
        go_on = f'. {self.left}\ncd "$PWD"\n' if self.left.exists() else ""
        return subprocess.Popen(
            ["bash", "-euo", "pipefail", "-c", f"{go_on}{text}\nexport -p > {self.left}"],
            cwd=self.folder, env=self.environment, stdout=subprocess.PIPE, text=True, **options,
        )  # fmt: skip

    def run(self, text: str) -> tuple[int, str]:
        """Exit status and what was said."""
        with self.start(text, stderr=subprocess.STDOUT) as block:
            said, _ = block.communicate(timeout=300)
        return block.returncode, said


@pytest.fixture
def place(page: Path, request: pytest.FixtureRequest, tmp_path: Path) -> Terminal:
    """A terminal in a copy of a study that has been run, in which an environment was made as make
    makes it, whose `dti` is this package's."""
    if page.name in _SHIPPED:
        made = request.getfixturevalue("official")[0].root
    else:
        made = request.getfixturevalue("worked")
    study = tmp_path / "study"
    shutil.copytree(made, study)
    programs = study / ".venv" / "bin"
    programs.mkdir(parents=True)
    command = programs / "dti"
    asks = f"-S -E {forked_commands.__file__} {forked_commands.server()}"
    serves = '-c "from dti_assets.cli.main import main; main()"'
    command.write_text(
        "#!/bin/sh\n"
        # a server is interrupted by its process, and so has one of its own
        f'[ "$1" != ui ] || exec {sys.executable} {serves} "$@" --port {free_port()}\n'
        f'exec {sys.executable} {asks} "$@"\n'
    )
    command.chmod(0o755)
    (programs / "activate").write_text(f'export PATH="{programs}:$PATH"\n')
    paths = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    return Terminal(study, {**os.environ, "PYTHONPATH": paths}, tmp_path / "left.sh")


@pytest.mark.parametrize(
    ("page", "number"),
    [(page, number) for page in PAGES for number, _ in enumerate(terminals(page))],
    ids=lambda it: getattr(it, "name", it),
)
def test_every_command_of_the_page_works(page: Path, number: int, place: Terminal) -> None:
    typed = terminals(page)[number]
    if not any("bin/activate" in text for _, text in typed):
        # who reads a page for those who know the program has its environment active
        assert place.run(". .venv/bin/activate") == (0, "")
    for info, text in typed:
        kind, _, rest = info.partition(" ")
        if kind == "console":
            kind, text = "sh", "\n".join(_COMMAND.findall(text))
        if kind != "sh":
            assert kind in _LANGUAGES, f"{page.name}: a block marked {info!r} is not run"
        elif rest == "server":
            _answers(text, place)
        elif rest.startswith("test="):
            assert (ROOT / rest.removeprefix("test=")).is_file(), rest
        else:
            status, said = place.run(text)
            assert status == 0, f"{page.name}: {text}\n{said}"
            assert page.name not in _SHIPPED or "taken as given" not in said


def _answers(text: str, place: Terminal) -> None:
    """A command that serves says where, goes on until it is told to end, and ends whole."""
    server = place.start(text, start_new_session=True)
    assert server.stdout is not None
    try:
        assert "http://127.0.0.1:" in server.stdout.readline()
        time.sleep(1)
        assert server.poll() is None
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(90)
    # all that it started writes here
    server.stdout.read()


def test_the_chinese_readme_has_the_commands_of_the_english_one() -> None:
    assert commands(CHINESE) == commands(ENGLISH)


def test_the_chinese_readme_says_what_the_english_one_says() -> None:
    english, chinese = (page.read_text(encoding="utf-8") for page in (ENGLISH, CHINESE))
    for said in (_NAME, _LINK):
        there, here = set(said.findall(english)), set(said.findall(chinese))
        assert there - {CHINESE.name} <= here
    # a line break within a paragraph would be a space between two characters
    plain = _FENCE.sub("", chinese).splitlines()
    broken = [b for a, b in pairwise(plain) if a and b and not b.startswith("|")]
    assert broken == []


def commands(page: Path) -> list[tuple[str, list[str]]]:
    """(info string, commands without comments) of every block in which something is typed."""
    found = []
    for info, text in blocks(page):
        if info.startswith("console"):
            text = "\n".join(_COMMAND.findall(text))
        if info.startswith(("console", "sh")):
            found.append((info, [line.partition("#")[0].strip() for line in text.splitlines()]))
    return found


def test_every_link_between_pages_leads_somewhere() -> None:
    for page in [*PAGES, CHINESE]:
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name}: {target}"
