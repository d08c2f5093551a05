"""A command that the console prints to be typed next can be pasted, also if the folder's name has blanks."""

from __future__ import annotations

import re
import shlex
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from console.cli.main import main
from console.deployment.where import Access, Where
from console.rollout.checks.known import Known
from console.rollout.doctor import findings
from console.simulator.authority import Authority
from console.simulator.rehearsal_authority import RehearsalAuthority
from console.simulator.rehearsal_report import show_authority
from console.terminal.output import Output

ODD = "My App's (files) #1"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / ODD
    made.mkdir()
    return made


def commands(text: str) -> list[list[str]]:
    """Return each command between backquotes, split as a shell would."""
    return [shlex.split(found) for found in re.findall(r"`([^`]+)`", text)]


def test_a_file_that_was_written(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`init` prints the next command with the file's path, quoted."""
    file = str(folder / "retention.yaml")
    given = ("--app", "1", "--bundle", "com.example", "--product", "pro:P1M", "--key", "2X9R4HXF34")
    with pytest.raises(SystemExit) as ended:
        main(["init", "--file", file, "--issuer", "57246542-96fe-1a63-e053-0824d011072a", *given])
    assert not ended.value.code
    assert ["retention", "coverage", file] in commands(capsys.readouterr().out)


def test_a_file_with_mistakes(folder: Path) -> None:
    """`doctor` prints the command that checks the file, with its path quoted."""
    file = folder / "retention.yaml"
    file.write_text("rules: 1\n")
    first = next(findings(Known(Where(file=file), Access(), datetime.now(UTC))))
    assert commands(first.advice) == [["retention", "validate", str(file)]]


def test_a_rehearsal_s_root(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`rehearse` prints the commands that trust its root: one for this machine, one for a stack."""
    now = datetime.now(UTC)
    authority = Authority.create("Rehearsal", now - timedelta(hours=1), now + timedelta(days=1))
    show_authority(RehearsalAuthority(authority, folder, now, new=True), Output())
    found = commands(capsys.readouterr().out)
    assert ["make", "serve", f"TRUST_ANCHOR={folder / 'root.der'}"] in found
    assert ["make", "deploy", "ENV=sandbox"] in found
