"""The page of `retention preview` where scripts are off: only the counts of lines are missing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from console.pages.geometry import DEVICES, TEXT_SIZES
from tests.support.browsed_pages import BrowsedPage, choose, opened


@pytest.fixture
def tab(chromium: Any, pages: dict[str, BrowsedPage]) -> Iterator[Any]:
    with opened(chromium, pages["every"], java_script_enabled=False, reduced_motion="reduce") as found:
        yield found


def shown(tab: Any, selector: str) -> int:
    count: int = tab.locator(selector).filter(visible=True).count()
    return count


def styled(tab: Any, selector: str, name: str) -> str:
    value: str = tab.locator(selector).first.evaluate(f"(one) => getComputedStyle(one).{name}")
    return value


def test_every_text_is_there(tab: Any, pages: dict[str, BrowsedPage]) -> None:
    """Header and body of every screen; no count of lines, which the script adds."""
    for screen in pages["every"].found.board.screens:
        text = screen.text or {}
        for name in ("header", "body"):
            if name in text:
                drawn = tab.locator(f"#{screen.identity} .{name[0]}").text_content()
                assert drawn == text[name]
    assert all(each == "" for each in tab.locator(".m").all_text_contents())


def test_every_toggle_works(tab: Any) -> None:
    """Complete screen, width, size of text and appearance."""
    choose(tab, "v1")
    assert shown(tab, ".foot") == shown(tab, ".shot") > 80
    for device in DEVICES:
        choose(tab, device.key)
        assert (styled(tab, ".shot", "width"), styled(tab, ".shot", "height")) == (
            f"{device.width}px", f"{device.height}px",
        )  # fmt: skip
    for size in TEXT_SIZES:
        choose(tab, size.key)
        assert styled(tab, ".h", "fontSize") == f"{size.points[1]}px"
        assert styled(tab, ".b", "fontSize") == f"{size.points[2]}px"
    choose(tab, "p1")
    assert styled(tab, ".b", "color") == "rgb(255, 255, 255)"
    choose(tab, "p0", "v0")
    assert styled(tab, ".b", "color") == "rgb(0, 0, 0)"
    assert shown(tab, ".foot") == 0


def test_every_filter_works(tab: Any, pages: dict[str, BrowsedPage]) -> None:
    """Changed, not approved, with remarks, and each locale show the screens that they name, and their rows."""
    found = pages["every"].found
    screens, remarked = found.board.screens, found.remarks_on()
    both = sum((one.before is not None) + (one.after is not None) for one in found.changes)
    changed = [one for one in screens if (one.messages, one.locale) in found.changed_places]
    choose(tab, "o1")
    assert (shown(tab, "article"), shown(tab, "article[id]")) == (both + len(changed), len(changed))
    choose(tab, "o2")
    assert shown(tab, "article") == sum(one.waits for one in screens)
    choose(tab, "o3")
    assert shown(tab, "article") == sum(bool(remarked.get(one.identity)) for one in screens)
    choose(tab, "o0")
    tab.check("#rv")
    for locale in ("ar-SA", "ja", "it"):
        label = tab.locator(".many label", has=tab.locator(f"small:text-is('{locale}')"))
        choose(tab, label.get_attribute("for"))
        assert shown(tab, "article[id]") == sum(locale in (one.locale, *one.shown_to) for one in screens)
        texts = {(one.messages, one.message) for one in screens if one.locale == locale}
        assert shown(tab, "tr.text") == len(texts)


def test_every_link_leads_to_what_is_shown(tab: Any) -> None:
    """A link of the bar, of a count and of a cell makes its place the target, inside the window."""
    for link in ("nav a[href='#who']", ".counts a[href='#defaults']", "td a >> nth=0", "td a >> nth=-1"):
        target = tab.locator(link).get_attribute("href")
        tab.click(link)
        assert tab.url.endswith(target)
        box = tab.locator(f"[id='{target[1:]}']").bounding_box()
        assert -1 <= box["y"] < tab.viewport_size["height"]
        tab.evaluate("() => scrollTo(0, 0)")


def test_the_texts_for_review_open(tab: Any) -> None:
    """The checkbox shows the table of all texts, and hides it again."""
    assert shown(tab, ".review") == 0
    tab.check("#rv")
    assert shown(tab, ".review tr.text") > 40
    tab.uncheck("#rv")
    assert shown(tab, ".review") == 0
