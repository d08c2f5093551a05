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


@pytest.fixture(scope="module")
def engines(chromium: Any) -> Iterator[dict[str, browsers.Engine]]:
    """The three browsers by name, each with one page."""
    with ExitStack() as parts:
        found: list[browsers.Engine] = [browsers.ChromiumEngine(chromium)]
        found += [real(lambda start=start: parts.enter_context(start())) for start in (firefox, webkit)]  # type: ignore[misc]
        yield {one.name: one for one in found}


@pytest.fixture(params=["Chromium", "Firefox", "WebKitGTK"])
def engine(request: pytest.FixtureRequest, engines: dict[str, browsers.Engine]) -> browsers.Engine:
    """Each of the three browsers."""
    return engines[request.param]


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, BrowsedPage]:
    """The pages by name: `sample`, and `every` with everything that a page can have."""
    return write_pages(tmp_path_factory.mktemp("pages"))


@pytest.fixture(params=["sample", "every"])
def page_file(request: pytest.FixtureRequest, pages: dict[str, BrowsedPage]) -> BrowsedPage:
    """Each of the pages."""
    return pages[request.param]
