"""The page of a report in Chromium: nothing is requested, axe finds nothing, it fits a phone, and it prints."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from tests.real.test_preview_people import judged
from tests.support.analysis_parts import needs_analysis
from tests.support.browsers import url_of

pytestmark = needs_analysis
NAMES = ("readable", "withheld", "three", "hostile", "empty")


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    from tests.support.shown_report import report_pages  # noqa: PLC0415  # it needs the packages of an analysis

    return report_pages(tmp_path_factory.mktemp("reports"))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("scheme", "width"), [("light", 1200), ("dark", 1200), ("light", 390)])
def test_axe_finds_no_violation(chromium: Any, reports: dict[str, Path], name: str, scheme: str, width: int) -> None:
    """In both schemes and on a phone: 0 violations, and only contrast is left to judge, where parts overlap."""
    context = chromium.new_context(
        color_scheme=scheme, viewport={"width": width, "height": 844}, bypass_csp=True, reduced_motion="reduce"
    )
    try:
        tab = context.new_page()
        tab.goto(url_of(reports[name]))
        found = judged(tab)
        assert found["violations"] == []
        assert set(found["incomplete"]) <= {"color-contrast"}
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
    finally:
        context.close()


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_requested_and_nothing_runs(chromium: Any, reports: dict[str, Path], name: str) -> None:
    """One request, the file itself; no message, no dialogue, no script, also of hostile names."""
    context = chromium.new_context()
    try:
        tab, requests, messages = context.new_page(), [], []
        tab.on("request", lambda request: requests.append(request.url))
        tab.on("console", lambda message: messages.append(message.text))
        tab.on("dialog", lambda dialog: messages.append(dialog.message))
        tab.goto(url_of(reports[name]))
        assert requests == [url_of(reports[name])]
        assert messages == []
        assert tab.evaluate("document.querySelectorAll('script, img, iframe, link, object').length") == 0
    finally:
        context.close()


def test_drawings_have_their_labels_inside(chromium: Any, reports: dict[str, Path]) -> None:
    """No text of a drawing reaches out of it, or lies on another text."""
    context = chromium.new_context(viewport={"width": 1200, "height": 900})
    try:
        tab = context.new_page()
        for name in ("readable", "three"):
            tab.goto(url_of(reports[name]))
            assert tab.evaluate(OUTSIDE) == []
    finally:
        context.close()


OUTSIDE = """() => [...document.querySelectorAll('svg')].flatMap((svg) => {
  const frame = svg.getBoundingClientRect(), texts = [...svg.querySelectorAll('text')];
  const boxes = texts.map((one) => one.getBoundingClientRect());
  const out = texts.filter((_, at) => boxes[at].left < frame.left - 1 || boxes[at].right > frame.right + 1
    || boxes[at].top < frame.top - 1 || boxes[at].bottom > frame.bottom + 1);
  const over = texts.filter((_, at) => boxes.some((other, second) => second < at && boxes[at].left < other.right - 1
    && boxes[at].right > other.left + 1 && boxes[at].top < other.bottom - 1 && boxes[at].bottom > other.top + 1));
  return [...out, ...over].map((one) => one.textContent);
})"""


def test_it_prints_every_number(chromium: Any, reports: dict[str, Path]) -> None:
    """Tables are complete, not cut where the screen scrolls."""
    import pypdf  # noqa: PLC0415  # only these tests need it

    context = chromium.new_context()
    try:
        tab = context.new_page()
        tab.goto(url_of(reports["readable"]))
        pages = pypdf.PdfReader(io.BytesIO(tab.pdf(format="A4", tagged=True))).pages
        text = "\n".join(page.extract_text() for page in pages)
        assert all(f"2026-10-{day:02}" in text for day in range(1, 30))
        assert "At the appointed reading switch kept between" in text
    finally:
        context.close()
