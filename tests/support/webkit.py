"""WebKitGTK, the engine on Linux that is nearest to Safari: MiniBrowser on its own display, driven by WebDriver."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

from console.local.processes import PartMissingError, free_port, running, wait_for_port
from tests.support.browsers import HEIGHT, WIDTH, first_of
from tests.support.waiting import PATIENCE

_ELEMENT: Final = "element-6066-11e4-a52e-4f735466cecf"
_PLACES: Final = ("/usr/lib", "/usr/libexec")

# WebDriver has no command for the console: what a page writes is kept in the page, from when it has loaded.
_KEEP_MESSAGES: Final = """
window.keptMessages = [];
for (const name of ['log', 'info', 'warn', 'error']) console[name] = (...words) => keptMessages.push(words.join(' '));
addEventListener('error', (event) => keptMessages.push(event.message));
addEventListener('securitypolicyviolation', (event) => keptMessages.push(event.violatedDirective));
"""


@contextmanager
def display() -> Iterator[str]:
    """Run an X server without a screen; yields the name of its display."""
    path = first_of(("Xvfb",), "xvfb")
    reading, writing = os.pipe()
    command = [path, "-displayfd", str(writing), "-screen", "0", "1800x1400x24", "-nolisten", "tcp"]
    process = subprocess.Popen(
        command, pass_fds=[writing], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    os.close(writing)
    try:
        with os.fdopen(reading, "rb") as answer:
            yield ":" + answer.readline().decode().strip()
    finally:
        process.terminate()
        process.wait(PATIENCE)


def mini_browser() -> str:
    """Return the path of MiniBrowser, which is on no PATH. Raises PartMissingError."""
    found = sorted(path for place in _PLACES for path in Path(place).glob("**/webkit2gtk-4.*/MiniBrowser"))
    if not found:
        raise PartMissingError("WebKitGTK's MiniBrowser is missing: apt-get install webkit2gtk-driver")
    return str(found[-1])


@contextmanager
def webkit() -> Iterator[WebKitEngine]:
    """Run WebKitGTK; yields its engine."""
    driver, browser, port = first_of(("WebKitWebDriver",), "webkit2gtk-driver"), mini_browser(), free_port()
    with ExitStack() as parts:
        scratch = Path(parts.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        environment = {**os.environ, "DISPLAY": parts.enter_context(display()), "LIBGL_ALWAYS_SOFTWARE": "1"}
        log = parts.enter_context((scratch / "log").open("wb"))
        command = [driver, f"--port={port}"]
        process = parts.enter_context(running(command, log=log, cwd=scratch, env=environment))
        if not wait_for_port(port, process):
            raise RuntimeError(f"WebKitWebDriver did not start:\n{(scratch / 'log').read_text(errors='replace')}")
        engine = WebKitEngine(f"http://127.0.0.1:{port}", browser)
        parts.callback(engine.close)
        yield engine


@contextmanager
def messages_at_load(url: str) -> Iterator[Path]:
    """Open a page in a MiniBrowser that no driver controls, which prints the console; yields the file of its output."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch, display() as screen:
        output = Path(scratch) / "output"
        # stdbuf: else messages stay in the buffer of the process that draws, which is ended without emptying it
        command = ["stdbuf", "-oL", mini_browser(), "--enable-write-console-messages-to-stdout=true", url]
        environment = {**os.environ, "DISPLAY": screen, "LIBGL_ALWAYS_SOFTWARE": "1"}
        with output.open("wb") as log, running(command, log=log, cwd=Path(scratch), env=environment):
            yield output


class WebKitEngine:
    """WebKitGTK with one page."""

    name = "WebKitGTK"

    def __init__(self, address: str, browser: str) -> None:
        self._address = address
        # Of the shell's settings for proxies, none holds for this machine.
        self._opener = build_opener(ProxyHandler({}))
        wanted = {"webkitgtk:browserOptions": {"binary": browser, "args": ["--automation"]}}
        begun = self._command("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
        self._session = f"/session/{begun['sessionId']}"
        self.version: str = begun["capabilities"]["browserVersion"]
        self.resize(WIDTH, HEIGHT)

    def close(self) -> None:
        self._command("DELETE", self._session)

    def open(self, url: str) -> None:
        self._command("POST", f"{self._session}/url", {"url": url})
        self.run(_KEEP_MESSAGES)

    def run(self, script: str, *arguments: Any) -> Any:
        return self._command("POST", f"{self._session}/execute/sync", {"script": script, "args": list(arguments)})

    def click(self, selector: str) -> None:
        found = self._command("POST", f"{self._session}/element", {"using": "css selector", "value": selector})
        self._command("POST", f"{self._session}/element/{found[_ELEMENT]}/click", {})

    def resize(self, width: int, height: int) -> None:
        # The window has a frame, whose size is known only from the page.
        self._command("POST", f"{self._session}/window/rect", {"width": width, "height": height})
        inner = self.run("return [innerWidth, innerHeight]")
        size = {"width": 2 * width - inner[0], "height": 2 * height - inner[1]}
        self._command("POST", f"{self._session}/window/rect", size)

    def messages(self) -> list[str]:
        found: list[str] = self.run("return keptMessages.splice(0)")
        return found

    def _command(self, method: str, path: str, body: Any = None) -> Any:
        content = None if body is None else json.dumps(body).encode()
        request = Request(self._address + path, content, {"Content-Type": "application/json"}, method=method)  # noqa: S310  # our own driver
        try:
            with self._opener.open(request, timeout=PATIENCE) as answer:
                return json.load(answer)["value"]
        except HTTPError as error:
            raise RuntimeError(f"WebKitGTK, {method} {path}: {error.read().decode(errors='replace')}") from error
