"""Pictures of the page of `retention preview`: the same file gives the same one; and how the largest page behaves."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any, Final

from console.local.samples import SAMPLE
from tests.support.browsed_pages import BrowsedPage, choose, opened, write_page
from tests.support.browsers import launched
from tests.support.drawn_pages import NO_IMAGES, images_of, previewed
from tests.support.extreme_pages import largest

VIEWS: Final = [("v0", "p0"), ("v1", "p1"), ("t3", "w0")]


def pictures(browser: Any, page: BrowsedPage) -> list[str]:
    """Return a digest of the picture of all of the page in each view."""
    found = []
    with opened(browser, page, reduced_motion="reduce") as tab:
        for radios in VIEWS:
            choose(tab, *radios)
            # the counts of lines are written in the frame after a click
            tab.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
            found.append(hashlib.sha256(tab.screenshot(full_page=True)).hexdigest())
    return found


def test_the_same_file_gives_the_same_picture(chromium: Any, pages: dict[str, BrowsedPage], tmp_path: Path) -> None:
    """Made twice, and drawn by two processes of the browser: the same bytes, and the same picture in each view."""
    again = previewed(SAMPLE)
    copy = write_page(tmp_path, "again", again, images_of(again.edition.document))
    assert copy.path.read_bytes() == pages["sample"].path.read_bytes()
    first = pictures(chromium, pages["sample"])
    with launched(chromium.browser_type) as other:
        assert pictures(other, copy) == first
    assert len(set(first)) == len(VIEWS)


PAINTED: Final = """() => {
  const [first] = performance.getEntriesByName('first-contentful-paint');
  const [load] = performance.getEntriesByType('navigation');
  return [first.startTime, load.loadEventEnd];
}"""
# Chooses a radio as its label does, and waits until the page is drawn.
TOGGLED: Final = """(radio) => new Promise((done) => {
  const begun = performance.now();
  document.getElementById(radio).click();
  requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - begun)));
})"""
SHOWN: Final = """() => [...document.querySelectorAll('article')].filter((one) => one.getClientRects().length).length"""
RUNS: Final = 3


def test_the_largest_page_can_be_used(
    chromium: Any, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """2 000 screens, 500 products and fifty locales: every control works. How long each takes is printed."""
    page = write_page(tmp_path, "largest", largest(), NO_IMAGES)
    times: dict[str, list[float]] = {}
    for _ in range(RUNS):
        with chromium.new_context(viewport={"width": 1400, "height": 1000}) as context:
            tab = context.new_page()
            messages: list[str] = []
            tab.on("console", lambda message, kept=messages: kept.append(message.text))
            tab.goto(page.url)
            paint, load = tab.evaluate(PAINTED)
            times.setdefault("first contentful paint", []).append(paint)
            times.setdefault("load", []).append(load)
            assert tab.locator("article").count() == 2000
            for name, radio in {
                "whole screen": "v1",
                "accessibility 5": "t3",
                "dark": "p1",
                "one locale": "c7",
            }.items():
                times.setdefault(name, []).append(tab.evaluate(TOGGLED, radio))
            assert tab.evaluate(SHOWN) == 40
            assert messages == []
    for name, found in times.items():
        record_property(f"{name}, median of {RUNS}, ms", round(median(found)))
        print(f"{name}: {round(median(found))} ms, median of {RUNS}")  # noqa: T201  # shown by pytest -rP


def test_counts_of_lines_follow_each_choice(chromium: Any, pages: dict[str, BrowsedPage]) -> None:
    """The script counts the lines of what is in view, and the distance to the buttons of a complete screen."""
    with opened(chromium, pages["sample"]) as tab:
        counts = tab.locator("article .m").first
        words_of = {("v0", "t0"): "lines", ("v1",): "pt above the buttons", ("t3",): "pt under the buttons"}
        for radios, words in words_of.items():
            choose(tab, *radios)
            tab.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
            assert words in counts.text_content()
