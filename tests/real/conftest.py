"""The fixtures of the tests of pages in real browsers. Each file of tests starts a browser once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.support import browsers
from tests.support.browsed_pages import BrowsedPage, write_pages
from tests.support.firefox import firefox
from tests.support.required_parts import real
from tests.support.webkit import webkit


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """Chromium, as Playwright's Browser."""
    with ExitStack() as parts:
        yield real(lambda: parts.enter_context(browsers.chromium()))


@pytest.fixture(scope="module", params=["Chromium", "Firefox", "WebKitGTK"])
def engine(request: pytest.FixtureRequest) -> Iterator[browsers.Engine]:
    """Each of the three browsers, with one page."""
    with ExitStack() as parts:
        if request.param == "Chromium":
            yield browsers.ChromiumEngine(real(lambda: parts.enter_context(browsers.chromium())))
        else:
            start = {"Firefox": firefox, "WebKitGTK": webkit}[request.param]
            yield real(lambda: parts.enter_context(start()))


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, BrowsedPage]:
    """The pages by name: `sample`, and `every` with everything that a page can have."""
    return write_pages(tmp_path_factory.mktemp("pages"))


@pytest.fixture(params=["sample", "every"])
def page_file(request: pytest.FixtureRequest, pages: dict[str, BrowsedPage]) -> BrowsedPage:
    """Each of the pages."""
    return pages[request.param]
