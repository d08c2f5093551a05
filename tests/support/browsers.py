"""The browsers in which pages are tested: Chromium by Playwright, Firefox by Marionette, WebKitGTK by WebDriver.

Each is the distribution's own program and is started without a window. The three have one interface, `Engine`, so that
a test runs in all of them; what only Chromium can do (axe, print, forced colours) uses Playwright directly. If a
program, a package or a font is missing, PartMissingError names what to install.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Protocol

from console.local.processes import PartMissingError
from tests.support.waiting import PATIENCE

WIDTH, HEIGHT = 1400, 1000

_PATIENCE_MS: Final = 1000 * PATIENCE

# The families that draw the texts of the tests: Latin, Arabic, Hebrew, Nastaliq, Devanagari, Thai, Chinese and so on.
_FONTS: Final = (
    "Noto Sans", "Noto Sans Arabic", "Noto Sans Hebrew", "Noto Nastaliq Urdu", "Noto Sans Devanagari", "Noto Sans Thai",
    "Noto Sans CJK JP",
)  # fmt: skip

# No network, no graphics card, and the same picture on every machine that has the same fonts.
_CHROMIUM: Final = (
    *("--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-sync"),
    *("--disable-component-update", "--font-render-hinting=none", "--disable-lcd-text", "--force-color-profile=srgb"),
)


class Engine(Protocol):
    """A browser with one page."""

    name: str
    version: str

    def open(self, url: str) -> None:
        """Load a page, and wait until it is complete."""

    def run(self, script: str, *arguments: Any) -> Any:
        """Run the body of a function in the page, and return what it returns, as JSON has it."""

    def click(self, selector: str) -> None:
        """Click the middle of the element, as a person would."""

    def resize(self, width: int, height: int) -> None:
        """Give the page this size, in CSS pixels."""

    def messages(self) -> list[str]:
        """Return what the console got since the last call, violations of the page's policy included."""


def first_of(names: tuple[str, ...], package: str) -> str:
    """Return the path of the first program that this machine has. Raises PartMissingError."""
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        raise PartMissingError(f"{names[0]} is missing: apt-get install {package}")
    return found


def require_fonts() -> None:
    """Raise PartMissingError if a font is missing, without which the scripts of the texts are not drawn."""
    if shutil.which("fc-list") is None:
        raise PartMissingError("fc-list is missing: apt-get install fontconfig")
    for family in _FONTS:
        if subprocess.run(["fc-list", "--quiet", f":family={family}"], check=False).returncode:
            raise PartMissingError(f"the font {family} is missing: apt-get install fonts-noto-core fonts-noto-cjk")


def require_packages() -> None:
    """Raise PartMissingError if Playwright, axe or pypdf is missing."""
    try:
        import axe_playwright_python  # noqa: F401, PLC0415  # only these tests need it
        import playwright.sync_api  # noqa: F401, PLC0415
        import pypdf  # noqa: F401, PLC0415
    except ImportError as missing:
        raise PartMissingError(f"{missing.name} is missing: make .venv/.browsers") from missing


@contextmanager
def chromium() -> Iterator[Any]:
    """Run Chromium; yields Playwright's Browser."""
    require_packages()
    require_fonts()
    from playwright.sync_api import sync_playwright  # noqa: PLC0415

    with sync_playwright() as play, launched(play.chromium) as browser:
        yield browser


@contextmanager
def launched(browser_type: Any) -> Iterator[Any]:
    """Start the distribution's Chromium as one more process; `browser_type` is Playwright's."""
    path = first_of(("chromium", "chromium-browser", "google-chrome-stable", "google-chrome"), "chromium")
    # Chromium does not start its sandbox as root.
    arguments = [*_CHROMIUM, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    browser = browser_type.launch(executable_path=path, args=arguments, timeout=_PATIENCE_MS)
    browser.new_context, browser.new_page = _patient(browser.new_context), _patient(browser.new_page)
    try:
        yield browser
    finally:
        browser.close()


def _patient(make: Callable[..., Any]) -> Callable[..., Any]:
    """Return `make` for contexts and pages that wait far longer than Playwright's half a minute."""

    def made(*given: Any, **options: Any) -> Any:
        found = make(*given, **options)
        found.set_default_timeout(_PATIENCE_MS)
        return found

    return made


class ChromiumEngine:
    """Chromium with one page."""

    name = "Chromium"

    def __init__(self, browser: Any) -> None:
        self.version: str = browser.version
        context = browser.new_context(viewport={"width": WIDTH, "height": HEIGHT})
        self.page = context.new_page()
        self._messages: list[str] = []
        self.page.on("console", lambda message: self._messages.append(message.text))
        self.page.on("pageerror", lambda error: self._messages.append(str(error)))

    def open(self, url: str) -> None:
        self.page.goto(url)

    def run(self, script: str, *arguments: Any) -> Any:
        return self.page.evaluate(f"(given) => (function() {{ {script} }}).apply(null, given)", list(arguments))

    def click(self, selector: str) -> None:
        self.page.click(selector)

    def resize(self, width: int, height: int) -> None:
        self.page.set_viewport_size({"width": width, "height": height})

    def messages(self) -> list[str]:
        found = list(self._messages)
        self._messages.clear()
        return found


def url_of(path: Path) -> str:
    return path.resolve().as_uri()
