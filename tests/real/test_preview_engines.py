"""The page of `retention preview` in three browsers from the disk: nothing is asked for, and all draw the same."""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import pytest

from console.pages.geometry import DEVICES
from tests.support import browsers
from tests.support.browsed_pages import LINE_STARTS, VIEWS, BrowsedPage, opened
from tests.support.browsers import Engine
from tests.support.required_parts import real
from tests.support.waiting import PATIENCE, attempts
from tests.support.webkit import messages_at_load

FILTERS: Final = {"all": "o0", "changed": "o1", "not approved": "o2", "with remarks": "o3"}

# Draws what is out of view, too; the page's policy allows no further style sheet, but a rule in its own.
DRAW_ALL: Final = "document.styleSheets[0].insertRule('.card{content-visibility:visible!important}', 0)"

# The screens that are shown: name, size of the screen, width of the card, height of the owner's part of it.
DRAWN: Final = """
return [...document.querySelectorAll('article')].filter((one) => one.getClientRects().length).map((one) => {
  const [shot, card, own] = ['.shot', '.dev', '.in'].map((part) => one.querySelector(part).getBoundingClientRect());
  return [one.getAttribute('aria-label'), shot.width, shot.height, card.width, own.height];
});
"""
INTRUDER: Final = "document.body.append(Object.assign(document.createElement('script'), {textContent: '0'}))"


def click(engine: Engine, *radios: str) -> None:
    for radio in radios:
        engine.click(f"label[for={radio}]")


def test_the_console_has_no_message(engine: Engine, page_file: BrowsedPage) -> None:
    """In every view and filter, no message, error or violation of the page's policy; one that is made is noticed."""
    engine.open(page_file.url)
    for radios in (*VIEWS.values(), ("p1",), ("o3",)):
        click(engine, *radios)
    assert engine.messages() == []
    engine.run(INTRUDER)
    # Firefox writes it into its console a moment later.
    assert any(len(engine.messages()) == 1 for _ in attempts())


def test_webkit_has_no_message_while_it_loads(page_file: BrowsedPage, tmp_path: Path) -> None:
    """Of a page with one script too many, at its end, WebKitGTK reports that one and nothing before it."""
    file = tmp_path / "page.html"
    page = page_file.path.read_text(encoding="utf-8")
    file.write_text(page.replace("</body>", "<script>0</script></body>"), encoding="utf-8")
    real(browsers.require_fonts)
    with ExitStack() as parts:
        output = real(lambda: parts.enter_context(messages_at_load(file.as_uri())))
        give_up = time.monotonic() + PATIENCE
        while not (found := reported(output)) and time.monotonic() < give_up:
            time.sleep(0.1)
    assert len(found) == 1
    assert "script-src" in found[0]


def reported(output: Path) -> list[str]:
    return [line for line in output.read_text(errors="replace").splitlines() if "CONSOLE" in line]


def test_nothing_is_asked_for(chromium: Any, page_file: BrowsedPage) -> None:
    """In every view and both schemes, and when it is printed, the file is the only request."""
    asked: list[str] = []
    for scheme in ("light", "dark"):
        with opened(chromium, page_file, color_scheme=scheme) as tab:
            tab.context.on("request", lambda request: asked.append(request.url))
            tab.reload()
            for radios in (*VIEWS.values(), ("p1",), ("o3",)):
                for radio in radios:
                    tab.click(f"label[for={radio}]")
            tab.check("#rv")
            tab.emulate_media(media="print")
    # pictures are part of the page: the browser reports their data as requests, which go nowhere
    assert [one for one in asked if not one.startswith("data:image/webp;base64,")] == [page_file.url] * 2


@pytest.fixture(scope="module")
def drawings(engines: dict[str, Engine], pages: dict[str, BrowsedPage]) -> dict[str, dict[str, Any]]:
    """What each browser draws of the page with everything: browser → view, filter or `lines` → screens."""
    found: dict[str, dict[str, Any]] = {}
    for name, engine in engines.items():
        engine.open(pages["every"].url)
        engine.run(DRAW_ALL)
        drawn = found.setdefault(name, {})
        for view, radios in VIEWS.items():
            click(engine, *radios)
            drawn[view] = engine.run(DRAWN)
            drawn[f"lines, {view}"] = engine.run(LINE_STARTS)
        click(engine, "v0", "w2", "t0")
        for view, radio in FILTERS.items():
            click(engine, radio)
            drawn[view] = engine.run(DRAWN)
    return found


@pytest.mark.parametrize("name", ["Firefox", "WebKitGTK"])
@pytest.mark.parametrize("view", [*VIEWS, *FILTERS])
def test_engines_show_the_same_screens(drawings: dict[str, dict[str, Any]], name: str, view: str) -> None:
    """In each view and filter: the same screens in the same order, screens and cards equally wide."""
    mine, theirs = drawings["Chromium"][view], drawings[name][view]
    assert [one[0] for one in mine] == [one[0] for one in theirs]
    for one, other in zip(mine, theirs, strict=True):
        assert (one[1], one[3]) == pytest.approx((other[1], other[3]), abs=0.1), one[0]


@pytest.mark.parametrize("name", ["Firefox", "WebKitGTK"])
@pytest.mark.parametrize("view", ["card", "whole screen"])
def test_engines_break_lines_alike(drawings: dict[str, dict[str, Any]], name: str, view: str) -> None:
    """With the same fonts every text has as many lines, and is as high but for parts of a point that are rounded."""
    assert counted(drawings["Chromium"], view) == counted(drawings[name], view)
    for one, other in zip(drawings["Chromium"][view], drawings[name][view], strict=True):
        assert one[4] == pytest.approx(other[4], abs=4), one[0]


@pytest.mark.parametrize("name", ["Firefox", "WebKitGTK"])
@pytest.mark.parametrize("view", [*VIEWS][2:])
def test_engines_differ_little_at_large_sizes(drawings: dict[str, dict[str, Any]], name: str, view: str) -> None:
    """Where a line holds two words, each has its own ways to break Thai and long words: in one text of ten at most."""
    pairs = list(zip(counted(drawings["Chromium"], view), counted(drawings[name], view), strict=True))
    assert sum(one != other for one, other in pairs) <= len(pairs) / 10
    assert all(abs(one - other) <= 2 for one, other in pairs)


def counted(drawn: dict[str, Any], view: str) -> list[int]:
    return [len(starts) for card in drawn[f"lines, {view}"] for starts in card]


def test_widths_are_those_of_the_devices(engine: Engine, pages: dict[str, BrowsedPage]) -> None:
    """Each width draws every screen as wide as the device, and as high."""
    engine.open(pages["sample"].url)
    click(engine, "v1")
    for device in DEVICES:
        click(engine, device.key)
        assert {(each[1], each[2]) for each in engine.run(DRAWN)} == {(device.width, device.height)}
