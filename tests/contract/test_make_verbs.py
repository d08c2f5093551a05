"""Makefile and scripts: the verbs are there, and the interpreter is one that works."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import install
import pytest

from tests.support.sam_template import ROOT

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
    "fuzz",
    "check",
    "build",
    "deploy",
    "bench",
    "events",
    "pins",
    "clean",
)


def find_python(home: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run scripts/find-python with only home/bin on PATH."""
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
    """Make a program at another path that runs this Python."""
    return program(path, f'exec "{sys.executable}" "$@"')


@pytest.mark.parametrize("verb", VERBS)
def test_make_lists_its_verbs(verb: str) -> None:
    """`make` without arguments lists its verbs, a line each."""
    listed = subprocess.run(["make", "-s", "-C", ROOT], check=True, capture_output=True, text=True).stdout
    assert any(line.startswith(f"make {verb} ") for line in listed.splitlines())


def test_a_shim_without_an_interpreter_is_skipped(tmp_path: Path) -> None:
    """A pyenv shim without an interpreter is skipped; pyenv's own interpreter is found, although it is not on PATH."""
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


def test_the_message_names_the_missing_python(tmp_path: Path) -> None:
    """Without any usable Python, the message names the version to install."""
    found = find_python(tmp_path)
    assert found.returncode == 1
    assert "3.11" in found.stderr


REQUIREMENTS = sorted(
    path
    for folder in ("requirements", "layers/dependencies", "benchmarks", "benchmarks/reference")
    for path in (ROOT / folder).glob("*.txt")
)


def test_every_requirements_file_is_made_from_an_in_file() -> None:
    """Every requirements file is next to its .in file, in the folders that `make pins` knows; there are twelve."""
    assert len(REQUIREMENTS) == 12
    assert all(path.with_suffix(".in").exists() for path in REQUIREMENTS)
    tracked = subprocess.run(["git", "-C", ROOT, "ls-files"], check=True, capture_output=True, text=True).stdout
    named = {ROOT / name for name in tracked.splitlines() if re.fullmatch(r"(.*/)?.*requirements.*\.txt", name)}
    assert named <= set(REQUIREMENTS)


@pytest.mark.parametrize("path", REQUIREMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_requirement_is_pinned_by_hash_and_names_no_index(path: Path) -> None:
    """A pin is a version with its SHA-256 digests, and nothing else is in the file: no option, no address."""
    text = path.read_text().replace("\\\n", " ")
    for line in text.splitlines():
        assert re.fullmatch(r"[a-z0-9._-]+(\[[a-z0-9,-]+\])?==\S+( ; .*?)?( +--hash=sha256:[0-9a-f]{64})+", line), line


def test_every_pip_install_checks_hashes() -> None:
    """Every `pip install` of make, CI and scripts demands hashes; that of the project itself fetches nothing."""
    text = (ROOT / ".ci" / "run").read_text().replace("\\\n", " ")
    installs = [line for line in text.splitlines() if "pip install" in line and not line.lstrip().startswith("#")]
    assert installs
    assert all("--require-hashes" in line or "--no-index" in line for line in installs)
    for path in (
        ROOT / "Makefile",
        ROOT / "scripts" / "pins",
        *(ROOT / "build").rglob("Makefile"),
        ROOT / "scripts" / "artefact.py",
    ):
        assert "pip install" not in path.read_text()  # scripts/install.py does it
    assert "--require-hashes" in install.HASHED
    assert "--no-index" in install.PROJECT


def test_pins_wait_out_a_cool_down() -> None:
    """uv resolves to versions that are at least seven days old, or COOLDOWN_DAYS; uv itself is pinned."""
    script = (ROOT / "scripts" / "pins").read_text()
    assert "COOLDOWN_DAYS=${COOLDOWN_DAYS:-7}" in script
    assert script.count("pip compile") == script.count('--exclude-newer "$COOLDOWN_DAYS days"') == 1
    assert "scripts/install.py requirements/pins.txt" in script


def test_scripts_can_be_run() -> None:
    """What make and CI call is executable in the repository."""
    for name in ("scripts/find-python", "scripts/check-path", "scripts/pins", ".ci/run"):
        assert os.access(ROOT / name, os.X_OK)


def test_pins_judge_apples_chains_again() -> None:
    """`make pins` checks the table of known chains with the new versions."""
    script = (ROOT / "scripts" / "pins").read_text()
    _, _, after = script.partition('pip compile "$input"')
    assert "install.py layers/dependencies/requirements.txt" in after
    assert script.rstrip().endswith('"$scratch/layer/bin/python" scripts/chains.py check')
