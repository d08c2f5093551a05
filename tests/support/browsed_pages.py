"""The pages that are looked at in browsers, as files; and what can be chosen on them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from console.local.samples import SAMPLE
from console.pages.page import PageImages
from console.pages.preview import Preview
from tests.support.drawn_pages import images_of, page_of, previewed
from tests.support.every_screen import every_screen

# The radios that draw a screen: appearance, whole screen, the largest texts, the narrowest screen with them.
VIEWS: Final = {
    "card": ("v0", "w2", "t0", "p0"),
    "card, dark": ("v0", "w2", "t0", "p1"),
    "whole screen": ("v1", "w2", "t0", "p0"),
    "whole screen, dark": ("v1", "w2", "t0", "p1"),
    "accessibility 3": ("v0", "w2", "t2", "p0"),
    "accessibility 5, whole screen, 320 wide, dark": ("v1", "w0", "t3", "p1"),
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


def chosen(page_views: tuple[str, ...]) -> list[str]:
    """Return the selector of the label of each radio."""
    return [f"label[for={radio}]" for radio in page_views]
