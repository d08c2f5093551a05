"""Counting instructions: what is subtracted, and what happens without valgrind."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from benchmarks import instructions
from benchmarks.instructions import of_import
from tests.support import real_parts
from tests.support.real_parts import Artefact

BUILT = Artefact(Path("/build/Function"), Path("/build/Layer"), Path("/build/template.yaml"))


def test_without_valgrind_nothing_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without valgrind the count is None, and no process is started."""
    monkeypatch.setattr(shutil, "which", lambda _: None)
    assert of_import(BUILT, {}) is None


class PreparedEmulator:
    """Keeps the variables that it is made with as its environment."""

    def __init__(self, _artefact: Artefact, variables: dict[str, str]) -> None:
        self.environment = variables


def test_the_runtimes_own_imports_are_subtracted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The count is that of runtime and function less that of the runtime alone, in millions."""
    started: list[tuple[str, dict[str, str]]] = []

    def run(command: list[str], *, env: dict[str, str], **_: Any) -> subprocess.CompletedProcess[str]:
        started.append((command[-1], env))
        counted = "120,500,000" if "app" in command[-1].split(", ") else "100,000,000"
        return subprocess.CompletedProcess(command, 0, "", f"==7== I   refs:      {counted}\n")

    monkeypatch.setattr(shutil, "which", lambda _: "/usr/bin/valgrind")
    monkeypatch.setattr(instructions, "Emulator", PreparedEmulator)
    monkeypatch.setattr(real_parts, "base_interpreter", lambda: Path("/usr/bin/python3.13"))
    monkeypatch.setattr(subprocess, "run", run)
    assert of_import(BUILT, {"RETENTION_TABLE": "t"}) == 20.5
    assert len(started) == 2
    for _, variables in started:
        assert (variables["RETENTION_TABLE"], variables["PYTHONHASHSEED"]) == ("t", "0")
        assert variables["AWS_ENDPOINT_URL"].startswith("http://127.0.0.1:")
