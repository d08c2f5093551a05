"""The page of `preview --watch` in real browsers: it becomes the new version under its reader's hands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.support.browsers import Engine
from tests.support.edited_sample import edited
from tests.support.waiting import eventually
from tests.support.watched_pages import WatchedPage, save, watching

HEADER = "Keep your weekend walks"
HOSTILE = "<img src=x onerror=alert(1)>"
STATE = """return [
  Math.round(scrollY), document.activeElement.id, document.getElementById('rv').checked,
  document.querySelector('details').open,
  [...document.querySelectorAll('input[type=radio]:checked')].map((one) => one.id),
]"""


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return edited(tmp_path_factory.mktemp("live"), name="retention.yaml")


@pytest.fixture(scope="module")
def text(file: Path) -> str:
    return file.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def one_server(file: Path) -> Iterator[WatchedPage]:
    with watching(file.parent, file.name) as found:
        yield found


@pytest.fixture
def watched(one_server: WatchedPage, file: Path, text: str) -> Iterator[WatchedPage]:
    one_server.good(HEADER)
    yield one_server
    save(file, text)


@pytest.fixture
def shown(chromium: Any, watched: WatchedPage) -> Iterator[Any]:
    """The page in Chromium, connected to its server; it must leave no message and ask for nothing else."""
    context = chromium.new_context(viewport={"width": 1400, "height": 1000})
    page = context.new_page()
    messages: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: messages.append(message.text))
    page.on("pageerror", lambda error: messages.append(str(error)))
    page.on("request", lambda request: asked.append(request.url.partition("?")[0]))
    page.goto(watched.address)
    page.locator("#connection", has_text="Live").wait_for()
    yield page
    assert messages == []
    assert asked == [watched.address, f"{watched.address}changes"]
    context.close()


def drawn(page: Any, words: str) -> None:
    """Wait until the page in Chromium has these words in a header."""
    page.locator(".h", has_text=words).first.wait_for(state="attached")


def test_what_a_reader_chose_survives_a_repaint(engine: Engine, watched: WatchedPage, file: Path, text: str) -> None:
    """In three browsers: scroll position, radios, focus, what is open; and the policy takes a new style sheet."""
    engine.open(watched.address)
    live = "return document.getElementById('connection').textContent === 'Live'"
    assert eventually(lambda: bool(engine.run(live)))
    for radio in ("p1", "t1"):
        engine.click(f"label[for={radio}]")
    engine.run(
        "document.getElementById('rv').checked = true; document.querySelector('details').open = true;"
        "document.getElementById('t1').focus({preventScroll: true}); scrollTo({top: 2000, behavior: 'instant'})"
    )
    before = engine.run(STATE)
    assert before[:4] == [2000, "t1", True, True]
    has = "return [...document.querySelectorAll('.h')].some((one) => one.textContent === arguments[0])"
    for number in range(3):
        save(file, text.replace(HEADER, f"Keep walk {number}"))
        assert eventually(partial(engine.run, has, f"Keep walk {number}"))
        assert engine.run(STATE) == before
    picture = "return getComputedStyle(document.querySelector('.pic')).backgroundImage"
    ridge, new = file.parent / "images" / "ridge.png", file.parent / "images" / "new.png"
    kept, first = ridge.read_bytes(), engine.run(picture)
    try:
        with Image.open(ridge) as image:
            image.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(new)
        new.replace(ridge)
        assert eventually(lambda: engine.run(picture) not in {first, "none"})
    finally:
        ridge.write_bytes(kept)
    assert engine.run(STATE) == before
    assert engine.messages() == []


def test_the_card_that_is_looked_at_stays_where_it_is(shown: Any, file: Path, text: str) -> None:
    """Also where a mistake's list comes above it, and where sections above it come and go."""
    card = shown.locator("article", has_text=HEADER).first
    card.scroll_into_view_if_needed()
    top = "one => Math.round(one.getBoundingClientRect().top)"
    anchor = shown.locator("main h3", has_text="keep-basic").first
    shown.evaluate("scrollTo({top: scrollY + 300, behavior: 'instant'})")
    before = anchor.evaluate(top)
    save(file, text.replace("message: keep-basic}", "message: keep-bsic}"))
    shown.locator("#notice li").wait_for()
    assert abs(anchor.evaluate(top) - before) <= 1
    save(file, text)
    shown.locator("#notice li").wait_for(state="detached")
    assert abs(anchor.evaluate(top) - before) <= 1


def test_a_broken_file_dims_the_page_under_its_mistakes(shown: Any, file: Path, text: str) -> None:
    """The list stays in view while the reader scrolls; the page is back once the file is."""
    save(file, text.replace("message: keep-basic}", "message: keep-bsic}"))
    notice = shown.locator("#notice section")
    notice.wait_for()
    assert "There is no message set `keep-bsic`. Did you mean `keep-basic`?" in notice.inner_text()
    dimmed = "getComputedStyle(document.getElementById('drawn')).opacity"
    assert float(shown.evaluate(dimmed)) < 1
    shown.evaluate("scrollTo({top: 3000, behavior: 'instant'})")
    assert notice.bounding_box()["y"] == 0
    save(file, text)
    notice.wait_for(state="detached")
    assert float(shown.evaluate(dimmed)) == 1
    assert shown.locator("article").count() == 24


def test_hostile_texts_stay_text(shown: Any, file: Path, text: str) -> None:
    """In a mistake, and in a screen that is repainted: no element, no script, no request."""
    save(file, text.replace("message: keep-basic}", f'message: "{HOSTILE}"}}'))
    shown.locator("#notice li", has_text=HOSTILE).wait_for()
    save(file, text.replace(HEADER, HOSTILE))
    drawn(shown, HOSTILE)
    assert shown.locator("img").count() == 0


def test_lines_are_measured_again(shown: Any, file: Path, text: str) -> None:
    """What the script counts follows the new text."""
    card = shown.locator("article", has_text=HEADER).first
    card.scroll_into_view_if_needed()
    card.locator(".m", has_text=" · 1+").wait_for()
    save(file, text.replace(HEADER, "Keep your walks and every walk that comes after these walks"))
    drawn(shown, "Keep your walks and every")
    shown.locator("article", has_text="Keep your walks and every").first.locator(".m", has_text=" · 2+").wait_for()


def test_a_locale_is_known_by_its_name(chromium: Any, tmp_path: Path) -> None:
    """A file that shows more locales than before numbers them anew; the chosen one stays chosen."""
    file = edited(tmp_path, name="retention.yaml")
    text = file.read_text(encoding="utf-8")
    with watching(tmp_path, file.name, "--set", "switch-text", "--locale", "ja") as found:
        found.good("switch-text")
        page = chromium.new_page()
        page.goto(found.address)
        before = page.locator(".many label").count()
        page.locator("details summary").first.click()
        page.locator(".many label", has_text="Japanese").click()
        number = page.locator("input[name=locale]:checked").get_attribute("id")
        save(file, re.sub(r"\n    ja: \{.*", "", text))
        assert eventually(lambda: page.locator(".many label").count() > before)
        chosen = page.locator("input[name=locale]:checked")
        assert chosen.get_attribute("id") != number
        assert "Japanese" in page.locator(f"label[for={chosen.get_attribute('id')}]").inner_text()
        page.close()


def test_it_says_when_its_server_is_gone_and_comes_back(chromium: Any, tmp_path: Path) -> None:
    """A page whose command was stopped names what to do; the same command at the same port revives it."""
    file = edited(tmp_path, name="retention.yaml")
    text = file.read_text(encoding="utf-8")
    page = chromium.new_page()
    with watching(tmp_path, file.name) as found:
        found.good(HEADER)
        page.goto(found.address)
        page.locator("#connection", has_text="Live").wait_for()
    page.locator("#connection", has_text="Not live: start retention preview --watch again.").wait_for()
    save(file, text.replace(HEADER, "Keep them"))
    with watching(tmp_path, file.name, "--port", str(found.port)):
        drawn(page, "Keep them")
        page.locator("#connection", has_text=re.compile("^Live$")).wait_for()
    page.close()


def test_scripting_off_leaves_the_page(chromium: Any, watched: WatchedPage, file: Path, text: str) -> None:
    """Every screen is there, and reloading shows what was saved."""
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(watched.address)
    assert page.locator("article").count() == 24
    assert page.locator("#reload").inner_text() == "Scripting is off: reload the page to see what was saved."
    save(file, text.replace(HEADER, "Keep them all"))
    watched.good("Keep them all")
    page.reload()
    drawn(page, "Keep them all")
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everyone_can_read_it(chromium: Any, watched: WatchedPage, file: Path, text: str, scheme: str) -> None:
    """axe finds nothing in the page, nor in a list of mistakes; contrast is not asked of what is dimmed."""
    from axe_playwright_python.sync_playwright import Axe  # noqa: PLC0415  # only these tests need it

    context = chromium.new_context(bypass_csp=True, color_scheme=scheme)
    page = context.new_page()
    page.goto(watched.address)
    page.locator("#connection", has_text="Live").wait_for()
    everything = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
    assert Axe().run(page, options=everything).response["violations"] == []
    save(file, text.replace("message: keep-basic}", "message: keep-bsic}"))
    page.locator("#notice li").wait_for()
    assert Axe().run(page, context={"include": [["#notice"]]}, options=everything).response["violations"] == []
    undimmed = {**everything, "rules": {"color-contrast": {"enabled": False}}}
    assert Axe().run(page, options=undimmed).response["violations"] == []
    context.close()
