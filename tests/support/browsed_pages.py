"""The pages that are looked at in browsers, as files; and what can be chosen on them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from console.local.samples import SAMPLE
from console.pages.page import PageImages
from console.pages.preview import Preview
from tests.support.browsers import HEIGHT, WIDTH
from tests.support.drawn_pages import images_of, page_of, previewed
from tests.support.every_screen import every_screen

# The radios that draw a screen: as a card or complete, with larger texts, and on the narrowest screen.
VIEWS: Final = {
    "card": ("v0", "w2", "t0"),
    "whole screen": ("v1", "w2", "t0"),
    "accessibility 3": ("v0", "w2", "t2"),
    "accessibility 5, whole screen, 320 wide": ("v1", "w0", "t3"),
}


@dataclass(frozen=True, slots=True)
class BrowsedPage:
    """A page in a file, and what it was made from."""

    name: str
    path: Path
    found: Preview
    images: PageImages

    @property
    def url(self) -> str:
        return self.path.as_uri()


def write_page(directory: Path, name: str, found: Preview, images: PageImages) -> BrowsedPage:
    path = directory.resolve() / f"{name}.html"
    path.write_text(page_of(found, images), encoding="utf-8")
    return BrowsedPage(name, path, found, images)


def write_pages(directory: Path) -> dict[str, BrowsedPage]:
    """Write the page of the sample, and that of the file with every screen."""
    sample = previewed(SAMPLE)
    found, images = every_screen(directory)
    return {
        "sample": write_page(directory, "sample", sample, images_of(sample.edition.document)),
        "every": write_page(directory, "every", found, images),
    }


# content-visibility keeps what is out of view from axe, from measuring and from pictures. The page's policy allows no
# further style sheet, but a rule can be added to its own.
_DRAW_ALL: Final = """() => {
  const sheet = document.styleSheets[0];
  sheet.insertRule('.card{content-visibility:visible!important}', sheet.cssRules.length);
}"""


@contextmanager
def opened(browser: Any, page: BrowsedPage, *radios: str, **settings: Any) -> Iterator[Any]:
    """Open a page in Chromium, all of it drawn, with these radios chosen; `settings` are those of Playwright."""
    with browser.new_context(**{"viewport": {"width": WIDTH, "height": HEIGHT}, **settings}) as context:
        tab = context.new_page()
        tab.goto(page.url)
        tab.evaluate(_DRAW_ALL)
        choose(tab, *radios)
        yield tab


def choose(tab: Any, *radios: str) -> None:
    """Click the labels of radios. Those of locales are in a list that is opened, and closed again."""
    for radio in radios:
        if radio.startswith("c"):
            tab.click(".bar summary")
        tab.click(f"label[for={radio}]")
        if radio.startswith("c"):
            tab.click(".bar summary")


# Where the lines of each text on the cards begin, in characters: article → texts → offsets.
LINE_STARTS: Final = """
const starts = (node) => {
  const walker = document.createTreeWalker(node, NodeFilter.SHOW_TEXT), range = document.createRange();
  const found = [], line = parseFloat(getComputedStyle(node).lineHeight) / 2;
  let at = 0, top = -Infinity;
  while (walker.nextNode()) {
    const text = walker.currentNode;
    for (let inside = 0; inside < text.length; inside += 1, at += 1) {
      range.setStart(text, inside);
      range.setEnd(text, inside + 1);
      const box = range.getBoundingClientRect();
      if (box.width && box.top > top + line * (node.currentCSSZoom || 1)) { found.push(at); top = box.top; }
    }
  }
  return found;
};
return [...document.querySelectorAll('article')].filter((one) => one.checkVisibility()).map((one) =>
    [...one.querySelectorAll('.h, .b, .in li > span')].map(starts));
"""


def line_starts(tab: Any) -> Any:
    """Return LINE_STARTS of the articles that are shown in a tab of Chromium."""
    return tab.evaluate(f"() => {{ {LINE_STARTS} }}")
