"""The page of a hostile file in a browser: nothing runs, nothing is asked for, and nothing changes the page."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from console.pages.frame import PageFacts
from console.pages.page import PageImages, render
from tests.support.extreme_pages import HOSTILE, hostile

# What runs in any way leaves its mark on the window, where the strings of HOSTILE open a dialogue.
ACTIVE: Final = [
    "<script>window.ran=1</script>", "<img src=x onerror=window.ran=1>", "\"'><svg onload=window.ran=1>",
    "</style></script></title><script>window.ran=1</script>", "<iframe srcdoc='<script>parent.ran=1</script>'>",
    "<math><mtext></p><img src onerror=ran=1>", '" tabindex=1 autofocus onfocus=window.ran=1 "',
    "<link rel=stylesheet href=//example.com/x.css>", "<object data=//example.com></object>",
    "<form action=//example.com><button autofocus onfocus=ran=1>", "<video src=//example.com/x onerror=ran=1>",
]  # fmt: skip
STRINGS: Final = [*HOSTILE, *ACTIVE]

# Sends events to every element; returns the elements with the names of their attributes.
SHAPE = """(events) => {
  const all = [...document.querySelectorAll('*')];
  for (const name of events) all.forEach((one) => one.dispatchEvent(new Event(name)));
  return all.map((one) => [one.tagName, ...[...one.attributes].map((each) => each.name).sort()].join(' '));
}"""


@contextmanager
def watched(browser: Any, *, bypassed: bool) -> Iterator[tuple[Any, list[str]]]:
    """A tab, with the page's policy or without it, and the list of what happens in it."""
    with browser.new_context(bypass_csp=bypassed) as context:
        events: list[str] = []
        tab = context.new_page()
        # a dialogue that is listened for stays open unless it is dismissed
        tab.on("dialog", lambda dialog: events.append(f"dialog {dialog.message}"))
        tab.on("dialog", lambda dialog: dialog.dismiss())
        tab.on("request", lambda request: events.append(request.url))
        tab.on("console", lambda message: events.append(message.text))
        tab.on("pageerror", lambda error: events.append(str(error)))
        yield tab, events


def test_no_hostile_string_does_anything(chromium: Any, tmp_path: Path) -> None:
    """As every text and name, each is readable text: 0 run, 0 requests, 0 messages, 0 elements that are not ours.

    Without the page's policy, too, which is the second line of defence.
    """
    file = tmp_path / "page.html"
    expected: set[str] = set()
    with watched(chromium, bypassed=False) as kept, watched(chromium, bypassed=True) as bypassed:
        for evil in ["harmless", *STRINGS]:
            facts = PageFacts("1", f"retention preview {evil}", "0")
            file.write_text(render(hostile(evil), PageImages({}, {}), facts), encoding="utf-8")
            for tab, events in (kept, bypassed):
                tab.goto(file.as_uri())
                found = set(tab.evaluate(SHAPE, ["mouseover", "focus", "toggle"]))
                expected = expected or found
                assert found - expected <= {"DEL", "INS", "LI class", "UL", "SPAN class", "SMALL"}, evil
                assert tab.evaluate("() => 'ran' in window") is False, evil
                assert tab.url == file.as_uri()
                assert events == [file.as_uri()], evil
                events.clear()


def test_a_script_that_did_get_in_would_not_run(chromium: Any, tmp_path: Path) -> None:
    """The policy stops it: so the test above can fail, and the policy is a defence of its own."""
    page = render(hostile("x"), PageImages({}, {}), PageFacts("1", "x", "0"))
    attack = "<script>window.ran=1</script><img src=x onerror=window.ran=1>"
    broken = page.replace('<main id="main">', f'<main id="main">{attack}')
    file = tmp_path / "page.html"
    file.write_text(broken, encoding="utf-8")
    ran = {}
    for bypassed in (True, False):
        with watched(chromium, bypassed=bypassed) as (tab, _):
            tab.goto(file.as_uri())
            ran[bypassed] = tab.evaluate("() => 'ran' in window")
    assert ran == {True: True, False: False}
