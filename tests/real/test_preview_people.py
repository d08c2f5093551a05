"""The page of `retention preview` for everyone: rules of accessibility, keyboard, contrast themes, less motion."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.support.browsed_pages import VIEWS, BrowsedPage, choose, opened

# WCAG 2.0 to 2.2, levels A and AA, and what axe calls best practice.
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
AXE = """async (rules) => {
  const found = await axe.run({runOnly: {type: 'tag', values: rules}, resultTypes: ['violations', 'incomplete']});
  const short = (one) => [one.id, one.nodes.length, one.nodes[0].html, one.nodes[0].failureSummary];
  return {violations: found.violations.map(short), incomplete: found.incomplete.map((one) => one.id)};
}"""


def judged(tab: Any) -> dict[str, Any]:
    if not tab.evaluate("() => 'axe' in window"):
        import axe_playwright_python  # noqa: PLC0415  # only these tests need it

        [script] = Path(axe_playwright_python.__file__).parent.glob("axe*.js")
        tab.evaluate(script.read_text(encoding="utf-8"))
    found: dict[str, Any] = tab.evaluate(AXE, RULES)
    return found


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation(chromium: Any, page_file: BrowsedPage, scheme: str) -> None:
    """In every view, with reader's system and drawing light or dark: 0 violations, and only contrast is left to judge.

    axe cannot judge contrast where parts overlap; test_text_is_readable holds every pair of colours.
    """
    with opened(chromium, page_file, color_scheme=scheme, bypass_csp=True) as tab:
        choose(tab, {"light": "p0", "dark": "p1"}[scheme])
        for name, radios in VIEWS.items():
            choose(tab, *radios)
            found = judged(tab)
            assert found["violations"] == [], name
            assert set(found["incomplete"]) <= {"color-contrast"}, name


@pytest.mark.parametrize(("name", "width"), [("every", 320), ("sample", 390)])
def test_axe_finds_no_violation_on_a_phone(chromium: Any, pages: dict[str, BrowsedPage], name: str, width: int) -> None:
    """The same rules at the widths of phones, where cards scroll, with every list open."""
    settings = {"viewport": {"width": width, "height": 844}, "bypass_csp": True}
    with opened(chromium, pages[name], "w3", **settings) as tab:
        tab.evaluate("() => document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        tab.check("#rv")
        assert judged(tab)["violations"] == []


# What has the focus after each press of Tab, and whether the bar covers it.
FOCUS = """() => {
  const one = document.activeElement, box = one.getBoundingClientRect();
  const shown = one.matches('.radios input') ? one.nextElementSibling : one;
  const style = getComputedStyle(shown), bar = document.querySelector('.bar').getBoundingClientRect();
  const inBar = document.querySelector('.bar').contains(one);
  return {
    name: one.id || one.getAttribute('href') || one.getAttribute('aria-label') || one.textContent.trim(),
    tag: one.tagName.toLowerCase(),
    outlined: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
    covered: !inBar && getComputedStyle(document.querySelector('.bar')).position === 'sticky'
      && box.top < bar.bottom - 1 && box.bottom > bar.top && box.height < innerHeight / 2,
    inside: box.top >= -1 && box.top < innerHeight,
  };
}"""


def tabbed(tab: Any, key: str, most: int = 2000) -> list[dict[str, Any]]:
    """Press Tab until the focus has been everywhere; returns what had the focus."""
    found: list[dict[str, Any]] = []
    for _ in range(most):
        tab.keyboard.press(key)
        one = tab.evaluate(FOCUS)
        if one["tag"] == "body" or (found and one == found[0]):
            return found
        found.append(one)
    raise AssertionError("Tab never came to an end")


@pytest.mark.parametrize(("key", "width"), [("Tab", 1400), ("Shift+Tab", 1400), ("Shift+Tab", 1024)])
def test_everything_is_reached_by_tab_and_seen(chromium: Any, page_file: BrowsedPage, key: str, width: int) -> None:
    """Each link, scroll area, list and group of radios gets the focus once, outlined, and not under the bar."""
    with opened(chromium, page_file, viewport={"width": width, "height": 800}, reduced_motion="reduce") as tab:
        found = tabbed(tab, key)
        expected = tab.evaluate("""() => [...document.querySelectorAll('a, summary, [tabindex="0"], [type=checkbox]')]
            .filter((one) => one.checkVisibility()).length
            + new Set([...document.querySelectorAll('[type=radio]')].filter((one) => one.checkVisibility())
            .map((one) => one.name)).size""")
    assert len(found) == expected
    assert [one["name"] for one in found if not one["outlined"]] == []
    assert [one["name"] for one in found if one["covered"] or not one["inside"]] == []


def test_the_skip_link_is_first_and_leads_to_the_screens(chromium: Any, page_file: BrowsedPage) -> None:
    """Seen when it has the focus; what follows it is inside the screens."""
    with opened(chromium, page_file) as tab:
        tab.keyboard.press("Tab")
        skip = tab.locator(".skip")
        assert skip.bounding_box()["x"] >= 0
        tab.keyboard.press("Enter")
        tab.keyboard.press("Tab")
        assert tab.evaluate("() => document.querySelector('main').contains(document.activeElement)")


def test_arrow_keys_turn_every_group_of_radios(chromium: Any, pages: dict[str, BrowsedPage]) -> None:
    """From one choice to the next and around, each with its effect; no group holds the focus."""
    with opened(chromium, pages["every"]) as tab:
        for group in ("show", "width", "size", "look", "only"):
            radios = tab.locator(f"[name={group}]")
            tab.locator(f"[name={group}]:checked").focus()
            turned = []
            for _ in range(radios.count()):
                tab.keyboard.press("ArrowRight")
                turned.append(tab.locator(f"[name={group}]:checked").get_attribute("id"))
            assert sorted(turned) == sorted(radios.nth(at).get_attribute("id") for at in range(radios.count()))
        tab.locator(".bar summary").focus()
        tab.keyboard.press("Enter")
        tab.keyboard.press("Tab")
        tab.keyboard.press("ArrowDown")
        assert tab.locator("[name=locale]:checked").get_attribute("id") == "c0"


def test_no_single_key_does_anything(chromium: Any, pages: dict[str, BrowsedPage]) -> None:
    """Letters and digits change nothing on the page (WCAG 2.1.4)."""
    with opened(chromium, pages["sample"]) as tab:
        before = tab.evaluate("() => [scrollY, document.documentElement.outerHTML]")
        for key in "abcdefghijklmnopqrstuvwxyz0123456789":
            tab.keyboard.press(key)
        assert tab.evaluate("() => [scrollY, document.documentElement.outerHTML]") == before


def test_each_screen_is_an_article_with_a_name_in_a_set_with_a_heading(chromium: Any, page_file: BrowsedPage) -> None:
    """Names have set and language; headings do not skip a level."""
    with opened(chromium, page_file) as tab:
        for screen in page_file.found.board.screens:
            name = tab.locator(f"#{screen.identity}").get_attribute("aria-label")
            assert name.startswith(f"{screen.messages}, ")
        unnamed = tab.evaluate("""() => [...document.querySelectorAll('article')].filter((one) =>
            !one.getAttribute('aria-label') || !one.closest('.set').querySelector('h3')).length""")
        assert unnamed == 0
        levels = tab.evaluate("""() => [...document.querySelectorAll('h1,h2,h3,h4')].map((one) => +one.tagName[1])""")
        assert all(after <= before + 1 for before, after in pairwise(levels))
        assert levels[0] == 1


def test_pictures_are_announced_by_their_alternative_text(chromium: Any, page_file: BrowsedPage) -> None:
    """A screen reader gets header, picture, body and bullets of a text, and nothing that Apple draws."""
    with opened(chromium, page_file) as tab:
        for screen in page_file.found.board.screens:
            text = screen.text or {}
            article = tab.locator(f"#{screen.identity}")
            expected = [text["altText"]] if "altText" in text else []
            expected += [one["altText"] for one in text.get("bullets", ())]
            shown = article.get_by_role("img").evaluate_all("(all) => all.map((one) => one.getAttribute('aria-label'))")
            assert sorted(shown) == sorted(expected)
        choose(tab, "v1")
        tree = tab.context.new_cdp_session(tab).send("Accessibility.getFullAXTree")
    heard = {node["name"]["value"] for node in tree["nodes"] if not node["ignored"] and "name" in node}
    assert {"Card", "Who sees what"} <= heard
    assert not heard & {"From the developer", "Confirm Cancellation", "Cancel Subscription", "Keep Subscription"}


BORDERS = """(parts) => Object.fromEntries(parts.map((part) => {
  const [name, pseudo] = part.split('::');
  return [part, getComputedStyle(document.querySelector(name), pseudo && '::' + pseudo).borderTopWidth];
}))"""


def test_forced_colours_keep_every_border(chromium: Any, page_file: BrowsedPage) -> None:
    """With a theme of few colours, screens, pictures, Apple's parts and the chosen radio can still be distinguished."""
    with opened(chromium, page_file, forced_colors="active") as tab:
        borders = tab.evaluate(BORDERS, [".shot", ".row>i", ".dev", ".counts a", ".radios input:checked+label"])
        assert all(float(width.removesuffix("px")) >= 1 for width in borders.values())
        assert borders[".radios input:checked+label"] == "3px"
        bars = tab.evaluate(
            """() => getComputedStyle(document.querySelector('.shot:not(.en) .band'), '::before').borderTopWidth"""
        )
        assert bars == "1px"


@pytest.mark.parametrize(("motion", "behaviour"), [("reduce", "auto"), ("no-preference", "smooth")])
def test_less_motion_is_respected(chromium: Any, pages: dict[str, BrowsedPage], motion: str, behaviour: str) -> None:
    """Links jump where the reader wants less motion, and nothing else moves at any time."""
    with opened(chromium, pages["sample"], reduced_motion=motion) as tab:
        assert tab.evaluate("() => getComputedStyle(document.documentElement).scrollBehavior") == behaviour
        assert tab.evaluate("() => document.getAnimations().length") == 0
