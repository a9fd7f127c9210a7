"""The report of the official study in a real browser, on a desk and on a phone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from dti_assets.pipeline.execution.run import Outcome
    from dti_assets.study.config import Study

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = (
    "--no-sandbox --disable-gpu --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
WIDTHS = (1280, 390)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip(f"no browser at {CHROMIUM}")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(params=WIDTHS)
def page(
    request: pytest.FixtureRequest, browser: Browser, official: tuple[Study, Outcome]
) -> Iterator[Page]:
    """The report, open; what the console said and what was asked for hang on the page."""
    page: Any = browser.new_page(viewport={"width": request.param, "height": 844})
    page.said, page.asked = [], []
    page.on("console", lambda message: page.said.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: page.said.append(str(error)))
    page.on("request", lambda asked: page.asked.append(asked.url))
    page.goto((Path(official[0].output_url) / "report.html").as_uri(), wait_until="load")
    yield page
    page.close()


def test_nothing_is_said_on_the_console_and_nothing_asked_of_any_host(page: Any) -> None:
    assert page.said == []
    asked = [url for url in page.asked if not url.startswith("data:")]
    assert len(asked) == 1 and asked[0].startswith("file:///") and asked[0].endswith("report.html")


def test_every_figure_is_shown_and_has_a_name(page: Any) -> None:
    images = page.evaluate(
        """() => [...document.querySelectorAll("img, svg[role=img]")].map(one => ({
             alt: one.getAttribute("alt") || one.getAttribute("aria-label") || "",
             drawn: one.complete !== false && one.naturalWidth !== 0,
             width: one.getBoundingClientRect().width}))"""
    )
    assert len(images) == 14
    for image in images:
        assert image["alt"].strip() and any(c.isdigit() for c in image["alt"]), image
        assert image["drawn"] and image["width"] >= 300, image
    named = page.evaluate(
        "() => [...document.querySelectorAll('figure')].map(f => f.innerText.trim())"
    )
    assert len(named) == 14 and all(named)
    # as the browser tells a screen reader: every graphic has a name of its own
    assert page.get_by_role("img").count() == 14
    assert page.get_by_role("img", name=re.compile(r"\d")).count() == 14


def test_nothing_is_wider_than_the_window(page: Any) -> None:
    wide = "document.scrollingElement.scrollWidth <= innerWidth"
    assert page.evaluate(wide)
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
    assert page.evaluate(wide)


def test_every_link_of_the_contents_scrolls_to_its_heading(page: Any) -> None:
    links = page.locator("nav[aria-label='Table of contents'] a")
    assert links.count() == 9
    for place in range(links.count()):
        page.evaluate("scrollTo(0, 0)")
        link = links.nth(place)
        target = str(link.get_attribute("href"))
        link.click()
        heading = page.locator(target)
        box, size = heading.bounding_box(), page.viewport_size
        assert heading.inner_text() == link.inner_text()
        assert box is not None and -1 <= box["y"] < size["height"], target


def test_levels_of_headings_and_landmarks_are_in_order(page: Any) -> None:
    levels = page.evaluate(
        "() => [...document.querySelectorAll('h1,h2,h3,h4')].map(h => Number(h.tagName[1]))"
    )
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    marks = "() => ['header', 'nav', 'main'].map(m => document.querySelectorAll(m).length)"
    assert page.evaluate(marks) == [1, 1, 1]


def test_text_stands_out_from_what_is_behind_it(page: Any) -> None:
    ratios = page.evaluate(
        """() => {
          const light = ([r, g, b]) => { const f = v => { v /= 255;
            return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4 };
            return 0.2126 * f(r) + 0.7152 * f(g) + 0.0722 * f(b) };
          const parse = c => c.match(/[\\d.]+/g).map(Number);
          const behind = e => { for (; e; e = e.parentElement) {
            const c = parse(getComputedStyle(e).backgroundColor);
            if (c.length === 3 || c[3] > 0) return c } return [255, 255, 255] };
          return [...document.querySelectorAll("p,a,th,td,dt,dd,h1,h2,h3,code,figcaption,mark,pre")]
            .map(e => { const a = light(parse(getComputedStyle(e).color)), b = light(behind(e));
              return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) }) }"""
    )
    assert len(ratios) > 100 and min(ratios) >= 4.5
