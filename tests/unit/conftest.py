"""What every unit test does without: a server and a process."""

from __future__ import annotations

import socket
import subprocess
from typing import Any, NoReturn

import pytest


@pytest.fixture(autouse=True)
def no_server_and_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that listens on a socket or starts a process fails: its place is tests/integration."""

    def refused(*_: Any, **__: Any) -> NoReturn:
        pytest.fail("a unit test starts no server and no process")

    monkeypatch.setattr(socket.socket, "listen", refused)
    monkeypatch.setattr(subprocess, "Popen", refused)
