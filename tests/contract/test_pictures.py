"""The README's picture shows the page as it is drawn now."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from tests.support.pictures import PICTURE, digest_in_picture, digest_of_page, draw_page


def test_the_picture_is_of_the_page_as_it_is_now(tmp_path: Path) -> None:
    """After a change of the page or of the sample file, `make pictures` draws it again."""
    assert digest_in_picture() == digest_of_page(draw_page(tmp_path))


def test_the_picture_is_small() -> None:
    """At most 150 KB, and wide enough for three cards in a row."""
    with Image.open(PICTURE) as picture:
        assert picture.width >= 1200
    assert PICTURE.stat().st_size <= 150_000
