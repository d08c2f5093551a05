"""Makefile and scripts: the verbs are there, and the interpreter is one that works."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from sam_template import ROOT

if TYPE_CHECKING:
    from pathlib import Path

VERBS = (
    "setup",
    "run",
    "serve",
    "sandbox",
    "test",
    "e2e",
    "prove",
    "check",
    "build",
    "bench",
    "events",
    "pins",
    "clean",
)


def find_python(home: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run scripts/find-python where only what is in home/bin is on PATH."""
    (home / "bin").mkdir(exist_ok=True)
    return subprocess.run(
        ["/bin/sh", str(ROOT / "scripts" / "find-python")],
        env={"PATH": str(home / "bin"), "HOME": str(home), **environment},
        check=False,
        capture_output=True,
        text=True,
    )


def program(path: Path, body: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def working_python(path: Path) -> Path:
    """Make a program that is this very Python, wherever it lies."""
    return program(path, f'exec "{sys.executable}" "$@"')


@pytest.mark.parametrize("verb", VERBS)
def test_make_lists_its_verbs(verb: str) -> None:
    """`make` alone says what there is to do, in a line each."""
    listed = subprocess.run(["make", "-s", "-C", ROOT], check=True, capture_output=True, text=True).stdout
    assert any(line.startswith(f"make {verb} ") for line in listed.splitlines())


def test_a_dead_shim_is_passed_over(tmp_path: Path) -> None:
    """A python3.13 that stands for nothing is not taken; pyenv's own is, though it is not on PATH."""
    program(tmp_path / "bin" / "python3.13", "exit 127")
    hidden = working_python(tmp_path / ".pyenv" / "versions" / "3.13.0" / "bin" / "python3.13")
    assert find_python(tmp_path).stdout.strip() == str(hidden)


def test_the_newest_supported_python_is_preferred(tmp_path: Path) -> None:
    """3.13, which Lambda runs, goes before the machine's own python3."""
    working_python(tmp_path / "bin" / "python3")
    best = working_python(tmp_path / "bin" / "python3.13")
    assert find_python(tmp_path).stdout.strip() == str(best)


def test_the_owner_can_name_an_interpreter(tmp_path: Path) -> None:
    """PYTHON decides alone: it is taken if it works, and refused with a reason if not."""
    working_python(tmp_path / "bin" / "python3.13")
    named = working_python(tmp_path / "elsewhere" / "python")
    assert find_python(tmp_path, PYTHON=str(named)).stdout.strip() == str(named)
    refused = find_python(tmp_path, PYTHON="/nowhere/python")
    assert refused.returncode == 1
    assert "PYTHON=/nowhere/python" in refused.stderr


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    """Without any usable Python the message says which one to install."""
    found = find_python(tmp_path)
    assert found.returncode == 1
    assert "3.11" in found.stderr


def test_no_requirement_names_an_index() -> None:
    """Pins carry versions and hashes, and no address of where a package was fetched."""
    folders = ("requirements", "layers/dependencies", "benchmarks", "benchmarks/reference")
    files = [path for folder in folders for path in (ROOT / folder).glob("*.txt")]
    assert len(files) >= 7
    for path in files:
        lines = path.read_text().splitlines()
        # Whatever option names an address begins its line with a hyphen; hashes are indented.
        assert not [line for line in lines if "://" in line or line.startswith("-")]
        pins = [line for line in lines if "==" in line]
        assert len(pins) <= sum("--hash=sha256:" in line for line in lines)


def test_scripts_can_be_run() -> None:
    """What make and CI call is executable in the repository."""
    for name in ("scripts/find-python", "scripts/pins", ".ci/run"):
        assert os.access(ROOT / name, os.X_OK)
