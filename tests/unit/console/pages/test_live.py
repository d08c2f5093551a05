"""The page of `--watch`: what is in it, what it allows, and what its event brings to another."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest

from console.file.mistakes import Mistake
from console.local.samples import SAMPLE
from console.pages.frame import PageFacts, own_text
from console.pages.live import LiveVersion, Notice, live_version
from console.pages.page import Drawn, draw, render
from tests.support.drawn_pages import FACTS, NO_IMAGES, Element, parsed, previewed

MISTAKE = Mistake(7, "rules[0].answer", "There is no message set `<b>`.", "Did you mean `b`?")


@pytest.fixture(scope="module")
def drawn() -> Drawn:
    return draw(previewed(), NO_IMAGES, PageFacts("1.0.0", "retention preview x --watch", "0" * 64, live=True))


def tree(version: LiveVersion) -> Element:
    return parsed(version.html.decode())


def event(version: LiveVersion) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(version.event)
    return found


def hash_of(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_the_policy_allows_what_is_in_the_page_and_its_own_server(drawn: Drawn) -> None:
    """Style and script by their hashes, requests to the server alone, and as a header no frames."""
    version = live_version("t", drawn, None)
    html = version.html.decode()
    style = html.partition("<style>")[2].partition("</style>")[0]
    script = html.partition("<script>")[2].partition("</script>")[0]
    assert f"style-src {hash_of(style)}; script-src {hash_of(script)}; " in version.policy
    assert version.policy.endswith("; connect-src 'self'; frame-ancestors 'none'")
    [rules] = [one for one in tree(version).of("meta") if "http-equiv" in one.attributes]
    assert rules.attributes["content"] == version.policy.removesuffix("; frame-ancestors 'none'")
    assert event(version)["style"] == style


def test_the_page_is_that_of_the_file_and_no_other_has_its_script(drawn: Drawn) -> None:
    """Head, bar, screens and foot are the same elements; the script that changes them is only here."""
    static = render(previewed(), NO_IMAGES, FACTS)
    live = tree(live_version("t", drawn, None)).of("div")[1]
    plain = parsed(static)
    for tag in ("article", "h1", "h2", "input", "table", "footer"):
        assert len(live.of(tag)) == len(plain.of(tag)), tag
    assert own_text("live.js") not in static
    assert "EventSource" not in static
    assert "asks for nothing" in plain.of("footer")[0].text
    assert "asks the command that serves it for changes" in live.of("footer")[0].text


def test_the_event_has_what_the_page_has(drawn: Drawn) -> None:
    """Name, title, notice and drawing: a page that gets the event becomes what a new one would be."""
    version = live_version("a <title>", drawn, Notice("1 mistake", (MISTAKE,)))
    found, page = event(version), tree(version)
    notice, shown = page.of("div")[:2]
    assert notice.text == parsed(found["notice"]).text
    assert shown.text.strip() == parsed(found["drawn"]).text.strip()
    assert page.of("title")[0].text == found["title"] == "a <title>"
    metas = {
        one.attributes.get("name"): one.attributes["content"] for one in page.of("meta") if one.attributes.get("name")
    }
    assert (metas["version"], metas["script"]) == (found["version"], found["script"]) == (version.name, found["script"])
    assert re.fullmatch("[0-9a-f]{16}", version.name)


def test_equal_versions_have_equal_names(drawn: Drawn) -> None:
    """The name is a digest: it changes with the drawing and with the notice, and with nothing else."""
    first = live_version("t", drawn, None)
    assert live_version("t", drawn, None) == first
    others = [live_version("t", drawn, Notice("n")), live_version("u", drawn, None), live_version("t", None, None)]
    assert len({first.name, *(other.name for other in others)}) == 4


def test_a_notice_lists_mistakes_as_validate_does(drawn: Drawn) -> None:
    """Line, place, what is wrong and what to write, as text; what is drawn is dimmed only where it is older."""
    version = live_version("t", drawn, Notice("1 mistake in x", (MISTAKE,), ("It <i>stops</i>.",), "Below is older."))
    page = tree(version)
    assert page.of("li")[0].text == "line 7 rules[0].answer There is no message set `<b>`. Did you mean `b`?"
    assert [one.text for one in page.of("div")[0].of("p")] == ["It <i>stops</i>.", "Below is older."]
    assert len(page.of("div", "stale")) == 1
    assert not tree(live_version("t", drawn, Notice("n", stale=False))).of("div", "stale")


def test_a_long_list_is_cut() -> None:
    """A hundred mistakes are listed; the rest is counted, with the command that lists all."""
    many = tuple(Mistake(line, "", "Wrong.", "Right.") for line in range(1, 104))
    page = tree(live_version("t", None, Notice("103 mistakes", many)))
    assert len(page.of("li")) == 100
    assert "And 3 more: retention validate lists all." in page.of("div")[0].text
    assert page.of("article") == []


@pytest.mark.parametrize(
    "hostile", ["</script><script>alert(1)</script>", "'\"><img src=x>", "\u202e\x00]]>", "{{ 7*7 }}"]
)
def test_hostile_texts_stay_text(hostile: str) -> None:
    """In title, heading, sentence and mistake: no element more than without them, and no character that hides."""
    notice = Notice(hostile, (Mistake(1, hostile, hostile, hostile),), (hostile,), "b")
    page, plain = (tree(live_version(*given)) for given in ((hostile, None, notice), ("t", None, _plain())))
    assert [one.tag for one in page.all()] == [one.tag for one in plain.all()]
    assert "\u202e" not in page.text


def _plain() -> Notice:
    return Notice("h", (Mistake(1, "w", "x", "y"),), ("s",), "b")


def test_no_folder_of_this_machine_is_in_it(drawn: Drawn) -> None:
    """The page may be saved and passed on."""
    assert str(Path(SAMPLE).parent) not in live_version("t", drawn, None).html.decode()
