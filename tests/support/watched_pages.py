"""`retention preview --watch` as a process of its own, and a client that reads what it serves."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from tests.support.drawn_pages import Element, parsed
from tests.support.sam_template import ROOT
from tests.support.waiting import PATIENCE, eventually

_PATHS: Final = os.pathsep.join([str(ROOT), str(ROOT / "handler")])
_ADDRESS: Final = re.compile(r"http://127\.0\.0\.1:\d+/")


@dataclass(frozen=True, slots=True)
class WatchedPage:
    """A running `preview --watch`: its address, its process, and the file with what it has printed."""

    address: str
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def port(self) -> int:
        return int(urlsplit(self.address).port or 0)

    @property
    def printed(self) -> str:
        return self.log.read_text(encoding="utf-8")

    def ask(
        self, path: str = "/", method: str = "GET", headers: Mapping[str, str] | None = None
    ) -> tuple[int, Mapping[str, str], str]:
        """Return status, headers by lower-case name, and body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request(method, path, headers=dict(headers or {}))
            answer = connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read().decode()
        finally:
            connection.close()

    def page(self) -> Element:
        """Return the page as an HTML parser reads it; every element must be closed."""
        return parsed(self.ask()[2])

    def events(self, after: str = "") -> Iterator[dict[str, Any]]:
        """Yield the version that is shown, unless it is `after`, then each one that follows."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request("GET", f"/changes?after={after}")
            answer = connection.getresponse()
            assert (answer.status, answer.getheader("Content-Type")) == (200, "text/event-stream")
            for line in answer:
                if line.startswith(b"data: "):
                    yield json.loads(line.removeprefix(b"data: "))
        finally:
            connection.close()

    def version(self, fits: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Return the first version, from the one that is shown on, that fits."""
        return next(event for event in self.events() if fits(event))

    def broken(self, words: str) -> dict[str, Any]:
        """Return the first version whose notice has these words."""
        return self.version(lambda event: words in event["notice"])

    def good(self, words: str) -> dict[str, Any]:
        """Return the first version without a notice whose drawing has these words."""
        return self.version(lambda event: not event["notice"] and words in event["drawn"])


@contextmanager
def watching(folder: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> Iterator[WatchedPage]:
    """Run `retention preview … --watch` in a folder until the block ends."""
    log = folder / "watch.log"
    command = [sys.executable, "-P", "-m", "console.cli.main", "preview", *arguments, "--watch"]
    given = {**os.environ, "PYTHONPATH": _PATHS, "NO_COLOR": "1", "COLUMNS": "500", **(environment or {})}
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, cwd=folder, env=given, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT
        )
    try:
        assert eventually(lambda: process.poll() is not None or bool(_ADDRESS.search(log.read_text(encoding="utf-8"))))
        found = _ADDRESS.search(log.read_text(encoding="utf-8"))
        assert found is not None, log.read_text(encoding="utf-8")
        yield WatchedPage(found[0], process, log)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        process.wait(PATIENCE)


def save(file: Path, text: str) -> None:
    """Write a file as many editors do: next to it, and then renamed over it."""
    temporary = file.with_name(f".{file.name}.new")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(file)
