"""The page of `retention preview` in three browsers from the disk: nothing is asked for, and all draw the same."""

from __future__ import annotations

from tests.support.browsed_pages import VIEWS, BrowsedPage
from tests.support.browsers import Engine


def test_the_console_has_no_message(engine: Engine, page_file: BrowsedPage) -> None:
    """In every view, no message, error or violation of the page's policy."""
    engine.open(page_file.url)
    for radios in (*VIEWS.values(), ("p1",)):
        for radio in radios:
            engine.click(f"label[for={radio}]")
    assert engine.messages() == []
