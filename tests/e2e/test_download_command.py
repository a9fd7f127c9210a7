"""`dti download` and `dti sources` as a user meets them, against a server on this machine."""

import csv
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
import samples
from small_study import dti, make_study
from web_server import Answer, Site, file, say, serve

from dti_assets.sources.archive import Archive
from dti_assets.store.cache import Cache
from dti_assets.text.folder import read_folder
from dti_assets.units.lists import shipped_units

YEAR = 2015
PROVINCES = shipped_units("provinces")


@pytest.fixture
def site() -> Iterator[Site]:
    with serve() as running:
        yield running


@pytest.fixture
def study(tmp_path: Path) -> Path:
    return make_study(tmp_path / "study")


def content(place: str, year: int = YEAR, repeats: int = 22) -> bytes:
    return samples.html(samples.report_lines(place, year, repeats=repeats))


def register(study: Path, site: Site, slow: float = 0.0) -> None:
    """A registry of 31 reports that the site serves, each after a while."""

    def delayed(answer: Answer) -> Answer:
        def late(handler: BaseHTTPRequestHandler) -> None:
            time.sleep(slow)
            answer(handler)

        return late

    with (study.parent / "reports_raw/sources.csv").open("w", encoding="utf-8") as handle:
        rows = csv.writer(handle)
        rows.writerow(["province", "year", "url"])
        for province in PROVINCES:
            url = site.put(f"/{province.pinyin}", delayed(file(content(province.full_name))))
            rows.writerow([province.name, YEAR, url])


def command(study: Path, site: Site, *options: str) -> list[str]:
    loopback = ["--allow-loopback", f"127.0.0.1:{site.port}"]
    return ["download", "--study", str(study), *loopback, *options]


def totals(printed: str) -> dict[str, int]:
    """The last line of the closing table."""
    lines = printed.splitlines()
    head = next(re.split(" {2,}", line) for line in lines if line.startswith("year "))
    last = next(line.split() for line in lines if line.startswith("all "))
    return dict(zip(head[1:], map(int, last[1:]), strict=True))


def test_31_reports_then_nothing_then_the_one_that_changed(study: Path, site: Site) -> None:
    register(study, site)
    dry = dti(*command(study, site, "--dry-run"))
    assert dry.returncode == 0 and totals(dry.stdout) == {"to fetch": 31}
    assert site.asked == [] and len(list((study.parent / "reports_raw").iterdir())) == 1

    first = dti(*command(study, site))
    assert first.returncode == 0, first.stdout + first.stderr
    assert totals(first.stdout) == {"fetched": 31, "unchanged": 0, "failed": 0}
    assert "31 of 31: 新疆 2015 fetched: 2015/新疆.html" in first.stderr
    assert "\033" not in first.stdout + first.stderr

    sent = site.sent
    again = dti(*command(study, site))
    assert again.returncode == 0 and site.sent == sent
    assert totals(again.stdout) == {"fetched": 0, "unchanged": 31, "failed": 0}

    site.put("/zhejiang", file(content("浙江省", repeats=25)))
    site.put("/jiangsu", say(404))
    third = dti(*command(study, site))
    assert third.returncode == 1 and site.sent == sent + len(content("浙江省", repeats=25))
    assert totals(third.stdout) == {"fetched": 0, "unchanged": 29, "failed": 1, "changed": 1}
    lines = third.stdout.splitlines()
    assert (
        "浙江 2015 changed: 2015/浙江-v2.html: another text than 2015/浙江.html, which is kept"
        in lines
    )
    assert "江苏 2015 failed: 2015/江苏.html: answers 404 Not Found" in lines
    assert "江苏 2015 failed" in third.stderr and "404" not in third.stderr
    assert (study.parent / "reports_raw/2015/浙江.html").read_bytes() == content("浙江省")

    # a run counts the new one and is not stopped by the old
    ran = dti("run", "--study", str(study), "--years", "2015", "--select", "report_files")
    assert ran.returncode == 0 and "32 read, 0 reused, 0 refused" in ran.stderr, ran.stderr
    shown = dti("show", "report_files", "--study", str(study), "--format", "csv").stdout
    status = {row["path"]: row["status"] for row in csv.DictReader(shown.splitlines())}
    assert status.pop("2015/浙江.html") == "superseded"
    assert len(status) == 31 and set(status.values()) == {"ok"}


def test_a_download_that_is_killed_goes_on_where_it_stopped(study: Path, site: Site) -> None:
    register(study, site, slow=0.1)
    folder = study.parent / "reports_raw"
    killed = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "from dti_assets.cli.main import main; main()",
            *command(study, site),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=dict(os.environ),
    )
    limit = time.monotonic() + 60
    while len(list(folder.glob("2015/*.html"))) < 9 and time.monotonic() < limit:
        time.sleep(0.02)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    archive = Archive(folder, units=PROVINCES)
    done = {kept.path for kept in map(archive.current, archive.downloads) if kept}
    assert 9 <= len(done) < 31
    # nothing half done passes for a report
    files = read_folder(folder, Cache(study.parent / "cache"), units=PROVINCES).files
    assert set(files["path"]) == done and set(files["status"]) == {"ok"}

    sent = site.sent
    second = dti(*command(study, site))
    assert second.returncode == 0, second.stdout + second.stderr
    assert totals(second.stdout) == {
        "fetched": 31 - len(done), "unchanged": len(done), "failed": 0,
    }  # fmt: skip
    full = {f"2015/{p.name}.html": len(content(p.full_name)) for p in PROVINCES}
    assert site.sent - sent == sum(size for name, size in full.items() if name not in done)


def test_sources_check_names_gaps_and_malformed_rows(study: Path, site: Site) -> None:
    register(study, site)
    checked = dti("sources", "check", "--study", str(study))
    assert checked.returncode == 0
    for said in ("addresses without a file: 31", "malformed rows: 0"):
        assert said in checked.stdout.splitlines()
    registry = study.parent / "reports_raw/sources.csv"
    with registry.open("a", encoding="utf-8") as handle:
        handle.write("浙江,2O14,https://a.example/\n")
    checked = dti("sources", "check", "--study", str(study))
    assert checked.returncode == 2
    assert f"  {registry}, line 33: '2O14' is no year from 1980 on" in checked.stdout.splitlines()
    refused = dti(*command(study, site))
    assert refused.returncode == 2 and "line 33" in refused.stderr and site.asked == []


def test_bad_usage_is_one_sentence(study: Path, site: Site) -> None:
    none = dti("download", "--study", str(study))
    assert none.returncode == 2 and "sources.csv: No such file" in none.stderr
    register(study, site)
    for options, said in (
        (["--years", "20l5"], "neither a year"),
        (["--province", "杭州"], "unknown province"),
        (["--years", "2012-2013"], "no row of 2012-2013"),
        (["--allow-loopback", "10.0.0.1:80"], "nothing else can be exempt"),
    ):
        wrong = dti(*command(study, site, *options))
        assert wrong.returncode == 2 and said in wrong.stderr and "Traceback" not in wrong.stderr
    # without the option nobody's own machine is asked
    inside = dti("download", "--study", str(study), "--province", "浙江")
    assert inside.returncode == 1 and "which is no public address" in inside.stdout
    assert site.asked == []


def test_recording_what_was_fetched(study: Path, site: Site) -> None:
    register(study, site)
    dti(*command(study, site, "--province", "浙江"))
    registry = study.parent / "reports_raw/sources.csv"
    recorded = dti("sources", "record", "--study", str(study))
    assert recorded.returncode == 0 and "1 rows recorded" in recorded.stdout
    with registry.open(encoding="utf-8", newline="") as handle:
        rows = {row["province"]: row for row in csv.DictReader(handle)}
    assert len(rows["浙江"]["sha256"]) == 64 and rows["江苏"]["sha256"] == ""


def test_help_is_quick_to_load() -> None:
    script = (
        "import sys; sys.argv = ['dti', '--help']\n"
        "from dti_assets.cli.main import main\n"
        "try: main()\nfinally: print({'pandas', 'requests', 'dagster'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert "download" in done.stdout and done.stdout.splitlines()[-1] == "set()"
