"""The drawing of `retention preview` by its measures: what stands where, in both directions, and that all fits."""

from __future__ import annotations

from typing import Any

import pytest

from console.pages.geometry import DEVICES, MEASURES, TEXT_SIZES
from tests.support.browsed_pages import BrowsedPage, choose, line_starts, opened

BOXES = """(card) => {
  const shot = card.querySelector('.shot').getBoundingClientRect();
  const box = (part) => {
    const one = card.querySelector(part);
    if (!one || !one.checkVisibility()) return null;
    const {left, top, right, bottom, width, height} = one.getBoundingClientRect();
    const from = {left: left - shot.left, right: right - shot.left, top: top - shot.top, bottom: bottom - shot.top};
    return {...from, width, height};
  };
  const parts = ['.shot', '.paper', '.dev', '.band', '.h', '.pic', '.b', '.in ul', '.row', '.row>i', '.row .ph',
    '.pill', '.tick', '.in li>span', '.top>i', '.foot i', '.foot b'];
  return Object.fromEntries(parts.map((part) => [part, box(part)]));
}"""


def boxes(tab: Any, identity: str) -> dict[str, Any]:
    found: dict[str, Any] = tab.locator(f"#{identity}").evaluate(BOXES)
    return found


def measure(name: str) -> int:
    [value] = [one.value for one in MEASURES if one.name == name]
    return int(value.removesuffix("px"))


@pytest.mark.parametrize("device", DEVICES, ids=lambda device: str(device.width))
def test_the_card_has_the_measures_of_the_table(chromium: Any, pages: dict[str, BrowsedPage], device: Any) -> None:
    """372 of 402 points, as far from both sides at every width; sheet, icon and buttons where the table has them."""
    page = pages["every"]
    with opened(chromium, page, device.key, "v1") as tab:
        for screen in page.found.board.screens[::7]:
            found = boxes(tab, screen.identity)
            inset, card = measure("inset"), found[".dev"]
            assert (found[".shot"]["width"], found[".shot"]["height"]) == (device.width, device.height)
            assert (card["left"], card["width"]) == (inset, device.width - 2 * inset)
            # the border of the screen is one point
            assert found[".paper"]["top"] == measure("sheet-top") + 1
            assert found[".top>i"]["top"] == measure("sheet-top") + measure("icon-top") + 1
            assert found[".top>i"]["width"] == found[".top>i"]["height"] == measure("icon")
            assert abs((found[".top>i"]["left"] + found[".top>i"]["right"]) - device.width) < 1
            for button in (".foot i", ".foot b"):
                assert found[button]["left"] == measure("button-inset") + 1
                assert found[button]["height"] >= measure("button")
            assert found[".foot b"]["top"] - found[".foot i"]["bottom"] == measure("button-gap")
    if device.width == 402:
        assert card["width"] == 372


def test_parts_follow_apple_s_order(chromium: Any, page_file: BrowsedPage) -> None:
    """Band, then header and picture by the position of the header, body, bullets, and the row of a plan or an offer."""
    with opened(chromium, page_file) as tab:
        for screen in page_file.found.board.screens:
            if screen.text is None:
                continue
            found = boxes(tab, screen.identity)
            first = [".h", ".pic"] if screen.text.get("headerPosition") else [".pic", ".h"]
            order = [part for part in (".band", *first, ".b", ".in ul", ".row") if found[part]]
            tops = [found[part]["top"] for part in order]
            assert tops == sorted(tops)
            ends = [found[part]["bottom"] for part in order]
            assert all(end <= top for end, top in zip(ends, tops[1:], strict=False))
            assert (found[".pic"] is not None) == ("image" in screen.text)
            assert (found[".in ul"] is not None) == ("bullets" in screen.text)
            assert (found[".row"] is not None) == (screen.kind != "message")


def test_mirrored_devices_are_mirrored(chromium: Any, pages: dict[str, BrowsedPage]) -> None:
    """Icons of bullets and products are at the right, buttons of plans and offers at the left, texts begin right."""
    mirrored = 0
    with opened(chromium, pages["every"]) as tab:
        for screen in pages["every"].found.board.screens:
            found = boxes(tab, screen.identity)
            pairs = [(found[".tick"], found[".in li>span"]), (found[".row>i"], found[".row .ph"])]
            pairs += [(found[".row .ph"], found[".pill"])]
            for one, other in pairs:
                if one is not None:
                    assert (one["left"] > other["right"]) if screen.mirrored else (one["right"] < other["left"])
            alignment = tab.locator(f"#{screen.identity} .shot").evaluate("(one) => getComputedStyle(one).textAlign")
            assert alignment == ("right" if screen.mirrored else "left")
            mirrored += screen.mirrored
    assert mirrored > 10


@pytest.mark.parametrize("height", [160, 720, 2160])
def test_pictures_keep_their_proportions(chromium: Any, pages: dict[str, BrowsedPage], height: int) -> None:
    """3840 pixels wide and 160 to 2160 high, drawn as wide as the text."""
    name = {160: "strip", 720: "middle", 2160: "tall"}[height]
    screens = [one for one in pages["every"].found.board.screens if one.messages == name]
    with opened(chromium, pages["every"]) as tab:
        found = boxes(tab, screens[0].identity)
        assert found[".pic"]["width"] == 402 - 2 * (measure("inset") + measure("text-inset"))
        assert abs(found[".pic"]["height"] - found[".pic"]["width"] * height / 3840) <= 1


# What is not completely inside its card, at the sides: boxes of elements, and of texts.
OUTSIDE = """() => [...document.querySelectorAll('.shot')].filter((one) => one.checkVisibility()).flatMap((shot) => {
  const edges = (one) => { const box = one.getBoundingClientRect(); return [box.left - .6, box.right + .6]; };
  const found = [], range = document.createRange();
  for (const [area, left, right] of [['.dev', ...edges(shot.querySelector('.dev'))], ['.top, .foot', ...edges(shot)]])
    for (const part of shot.querySelectorAll(area))
      for (const one of [part, ...part.querySelectorAll('*')]) {
        range.selectNodeContents(one);
        const wider = one.clientWidth && one.scrollWidth > one.clientWidth + 1;
        for (const box of [one.getBoundingClientRect(), ...range.getClientRects()])
          if (box.width && (box.left < left || box.right > right || wider))
            found.push([one.className || one.tagName, one.textContent.slice(0, 40), box.left, box.right]);
      }
  return found;
})"""


@pytest.mark.parametrize("show", ["v0", "v1"])
@pytest.mark.parametrize("size", TEXT_SIZES, ids=lambda size: size.label)
def test_everything_fits_the_width(chromium: Any, pages: dict[str, BrowsedPage], size: Any, show: str) -> None:
    """At every width and size of text no text, picture, button or long word goes over the side of its card."""
    with opened(chromium, pages["every"], size.key, show) as tab:
        for device in DEVICES:
            choose(tab, device.key)
            assert tab.evaluate(OUTSIDE) == [], device.width


@pytest.mark.parametrize("width", [320, 375, 390, 768])
def test_on_a_phone_no_card_shrinks_its_lines(chromium: Any, pages: dict[str, BrowsedPage], width: int) -> None:
    """Lines begin with the same words as on a wide window, and the page itself does not scroll to the side."""
    page = pages["every"]
    with opened(chromium, page) as tab:
        wide = line_starts(tab)
    with opened(chromium, page, viewport={"width": width, "height": 844}, has_touch=True) as tab:
        assert line_starts(tab) == wide
        assert tab.evaluate("() => document.documentElement.scrollWidth") <= width
        choose(tab, "w3", "t3", "v1")
        assert tab.evaluate("() => document.documentElement.scrollWidth") <= width
        assert (
            tab.evaluate("""() => [...document.querySelectorAll('.bar label, .bar summary, .bar a')].filter((one) =>
            one.checkVisibility() && one.getBoundingClientRect().right > innerWidth).length""")
            == 0
        )
