"""make prepares virtual environments in folders of any name."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest

from tests.support.make_checkout import make, small_project
from tests.support.shell_variables import FOREIGN


@pytest.mark.parametrize("name", ["My Projects/it's é #1 (x) & y", "50%;x"])
def test_environments_are_made_in_folders_of_any_name(tmp_path: Path, name: str) -> None:
    """By an interpreter in such a folder as well, in a shell that is full of Python's and pip's own settings."""
    project = small_project(tmp_path / name)
    python = tmp_path / "of my own" / "python"
    python.parent.mkdir()
    python.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n')
    python.chmod(0o755)
    pip = {"PIP_TARGET": str(tmp_path / "target"), "PIP_USER": "1", "PIP_PLATFORM": "win32", "PIP_NO_BINARY": ":all:"}
    made = make(".venv-sam/.made", f"PYTHON={python}", folder=project, environment={**FOREIGN, **pip})
    assert made.returncode == 0, made.stderr
    assert (project / ".venv-sam" / "bin" / "python").exists()
    assert not (tmp_path / "target").exists()


def test_a_link_is_judged_by_where_it_leads(tmp_path: Path) -> None:
    """Python writes the real path into what it makes, also where the checkout was entered by another name."""
    (tmp_path / "good").symlink_to(small_project(tmp_path / "a$b"))
    shell = {"PWD": str(tmp_path / "good")}
    refused = make(".venv-sam/.made", folder=tmp_path / "good", environment=shell)
    assert "Move the checkout" in refused.stderr
    (tmp_path / "a:b").symlink_to(small_project(tmp_path / "real"))
    shell = {"PWD": str(tmp_path / "a:b")}
    assert make(".venv-sam/.made", folder=tmp_path / "a:b", environment=shell).returncode == 0
