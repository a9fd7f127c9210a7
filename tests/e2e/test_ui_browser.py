"""The web UI as a user sees it: a headless Chromium opens it, reads it and clicks in it.

A study over five invented reports is run up to the instrument first; everything else that the
tests see comes from the pages.
"""

import re
import shutil
import struct
from collections.abc import Iterator
from typing import Any

import pytest
from small_study import make_study, write_reports
from ui_server import serving

from dti_assets.pipeline.execution.run import run
from dti_assets.study.config import load_study

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="the program chromium is not installed")
ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
]
GROUPS = ("reports", "instrument", "patents", "panel", "estimates", "publication")
LONG = 40_000  # milliseconds; on a quiet machine everything is there within two seconds


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """What `dti ui` serves of a small study whose instrument has been made."""
    file = make_study(tmp_path_factory.mktemp("seen") / "study")
    write_reports(file.parent / "reports_raw")
    study = load_study(file)
    assert run(study, "+dti_iv", workers=1).success
    command = "from dti_assets.cli.main import main; main()"
    with serving(file.parent, "-c", command, "ui", "--study", str(file)) as url:
        yield url


@pytest.fixture(scope="module")
def page(address: str) -> Iterator[Any]:
    with playwright.sync_playwright() as engine:
        browser = engine.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1500, "height": 2000}, base_url=address)
        page.set_default_timeout(LONG)
        playwright.expect.set_options(timeout=LONG)
        yield page
        browser.close()


def shown(locator: Any) -> None:
    playwright.expect(locator.first).to_be_visible()


def test_the_lineage_shows_the_six_groups(page: Any) -> None:
    page.goto("/asset-groups")
    for group in GROUPS:
        shown(page.get_by_text(group, exact=True))


def test_an_asset_page_shows_description_columns_plot_and_table(page: Any) -> None:
    page.goto("/assets/dti_iv")
    shown(page.get_by_text("The instrument: keyword frequency over the distance"))
    shown(page.get_by_text("One row per province-year, identified by province_code, year."))
    # the schema: name, type, unit and where the column comes from
    columns = page.get_by_role("row").filter(has_text="distance to the hub [km]")
    shown(columns.filter(has_text="distance_km").filter(has_text="float64"))
    shown(page.get_by_text("[hits per word and km]; from policy_attention.frequency, "))
    shown(page.get_by_text("dti-assets", exact=True))
    # the plot stands in its place, not behind a link, and is a picture the browser could draw
    picture = page.get_by_role("img", name=re.compile("within variation"))
    shown(picture)
    assert picture.evaluate("image => image.complete && image.naturalWidth") == 400
    assert _colours(picture.screenshot()) > 2
    # the preview: one line a column, values beside it, within the page's width
    preview = page.get_by_role("row").filter(has_text="preview").get_by_role("table")
    shown(preview.get_by_role("row").filter(has_text="province").filter(has_text="北京"))
    shown(preview.get_by_role("row").filter(has_text="distance_km").filter(has_text="1127.89"))
    shown(page.get_by_text("434", exact=True).or_(page.get_by_text("62", exact=True)))


def test_checks_say_in_words_what_they_looked_at_and_found(page: Any) -> None:
    page.goto("/assets/policy_attention?view=checks&checkDetail=coverage")
    shown(page.get_by_text("Every province has a report for every year; a gap is a missing value."))
    shown(page.get_by_text("1 to look at"))
    shown(page.get_by_text("福建 2014-2015: no report in the folder"))


def test_materialising_from_the_ui_runs_and_its_check_appears(page: Any) -> None:
    page.goto("/assets/capital_distances?view=checks")
    shown(page.get_by_text("All 10 columns are there"))
    page.get_by_role("button", name=re.compile("Materialize$")).click()
    launched = page.get_by_text(re.compile("Launched run"))
    shown(launched)
    [started] = re.findall(r"\b[0-9a-f]{8}\b", launched.first.inner_text())
    page.get_by_text("View", exact=True).last.click()
    page.wait_for_url(f"**/runs/{started}-*")
    # a queue, two processes and a run: seconds on a quiet machine, a minute on a busy one
    playwright.expect(page.get_by_text("Success", exact=True).first).to_be_visible(timeout=4 * LONG)
    # opened anew: a page that was open keeps showing the event it showed
    page.goto("/assets/capital_distances?view=events")
    shown(page.get_by_text(f"Materialized in run {started}"))
    page.goto("/assets/capital_distances?view=checks&checkDetail=as_declared")
    shown(page.get_by_text("every column and every row is as declared"))
    shown(page.get_by_text("Passed"))
    # of this run, not of the one before the server started
    shown(page.locator(f"a[href*='{started}']"))


def _colours(png: bytes) -> int:
    """The number of byte values in the pixels of a picture; 1 or 2 where nothing is drawn."""
    import zlib

    place, data = 8, b""
    while place < len(png):
        length, kind = struct.unpack(">I4s", png[place : place + 8])
        data += png[place + 8 : place + 8 + length] if kind == b"IDAT" else b""
        place += length + 12
    return len(set(zlib.decompress(data)))
