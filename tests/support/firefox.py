"""Firefox without a window, driven by Marionette: the protocol of Firefox itself, so that geckodriver is not needed.

Marionette speaks JSON over TCP. A packet is its length in bytes, a colon, and the document. A command is `[0, number,
name, parameters]`, its answer `[1, number, error, result]`. The commands are those of W3C WebDriver under other names.
"""

from __future__ import annotations

import json
import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from console.local.processes import free_port, running, wait_for_port
from tests.support.browsers import HEIGHT, WIDTH, first_of
from tests.support.waiting import PATIENCE

# Nothing is fetched when it starts, and the page keeps its own colours and fonts.
_PREFERENCES: Final = {
    "datareporting.policy.dataSubmissionEnabled": False,
    "app.normandy.enabled": False,
    "app.update.disabledForTesting": True,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "browser.safebrowsing.downloads.enabled": False,
    "browser.startup.page": 0,
    "browser.shell.checkDefaultBrowser": False,
    "extensions.systemAddon.update.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "toolkit.telemetry.reportingpolicy.firstRun": False,
}

_ELEMENT: Final = "element-6066-11e4-a52e-4f735466cecf"


@contextmanager
def firefox() -> Iterator[FirefoxEngine]:
    """Run Firefox with a profile of its own; yields its engine."""
    path = first_of(("firefox-esr", "firefox"), "firefox-esr")
    port = free_port()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        preferences = {**_PREFERENCES, "marionette.port": port}
        lines = (f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in preferences.items())
        (Path(scratch) / "user.js").write_text("".join(lines), encoding="utf-8")
        # System access: the console's messages can be read only by privileged code.
        options = ["--headless", "--no-remote", "--marionette", "--remote-allow-system-access", "--profile", scratch]
        with (
            (Path(scratch) / "log").open("wb") as log,
            running([path, *options], log=log, cwd=Path(scratch), env=os.environ) as process,
        ):
            if not wait_for_port(port, process):
                raise RuntimeError(f"Firefox did not start:\n{(Path(scratch) / 'log').read_text(errors='replace')}")
            with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
                engine = FirefoxEngine(connection)
                with engine.stream:
                    yield engine


class FirefoxEngine:
    """Firefox with one page."""

    name = "Firefox"

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self.stream = connection.makefile("rb")
        self._number = 0
        self._read()  # its greeting
        begun = self._command("WebDriver:NewSession")
        self.version: str = begun["capabilities"]["browserVersion"]
        self.resize(WIDTH, HEIGHT)

    def open(self, url: str) -> None:
        self._command("WebDriver:Navigate", url=url)

    def run(self, script: str, *arguments: Any) -> Any:
        return self._command("WebDriver:ExecuteScript", script=script, args=list(arguments))

    def click(self, selector: str) -> None:
        found = self._command("WebDriver:FindElement", using="css selector", value=selector)
        self._command("WebDriver:ElementClick", id=found[_ELEMENT])

    def resize(self, width: int, height: int) -> None:
        # The window has a frame, whose size is known only from the page.
        self._command("WebDriver:SetWindowRect", width=width, height=height)
        inner = self.run("return [innerWidth, innerHeight]")
        self._command("WebDriver:SetWindowRect", width=2 * width - inner[0], height=2 * height - inner[1])

    def messages(self) -> list[str]:
        self._command("Marionette:SetContext", value="chrome")
        # One script: a message that came between two of them would be lost.
        found = self.run(
            "const found = Services.console.getMessageArray().map(String); Services.console.reset(); return found"
        )
        self._command("Marionette:SetContext", value="content")
        return [one for one in found if "file:///" in one]

    def _command(self, name: str, **parameters: Any) -> Any:
        self._number += 1
        packet = json.dumps([0, self._number, name, parameters]).encode()
        self._connection.sendall(str(len(packet)).encode() + b":" + packet)
        _, _, error, result = self._read()
        if error:
            raise RuntimeError(f"Firefox, {name}: {error['message']}")
        return result["value"] if isinstance(result, dict) and set(result) == {"value"} else result

    def _read(self) -> Any:
        length = b""
        while (character := self.stream.read(1)) != b":":
            if not character:
                raise RuntimeError("Firefox has ended.")
            length += character
        return json.loads(self.stream.read(int(length)))
