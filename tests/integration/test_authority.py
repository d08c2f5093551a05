"""`python -m console.simulator.authority` as a program."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from cryptography import x509

from console.simulator import authority
from console.simulator.authority import Authority
from tests.support.sam_template import ROOT


def test_command_makes_an_authority(tmp_path: Path) -> None:
    """`python -m console.simulator.authority DIR` makes an authority and prints its root's fingerprint."""
    command = [sys.executable, "-m", "console.simulator.authority", str(tmp_path / "new"), "Owner's Root"]
    path = {"PYTHONPATH": f"{ROOT}:{ROOT / 'handler'}"}
    done = subprocess.run(command, cwd=ROOT, env=path, capture_output=True, check=True, text=True)
    made = Authority.load(tmp_path / "new")
    assert done.stdout == f"{made.fingerprint}\n"
    assert "Owner's Root" in x509.load_der_x509_certificate(made.root_der).subject.rfc4514_string()


def test_command_overwrites_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command leaves an authority that exists, because a new one would make its tokens worthless."""
    assert authority.main([str(tmp_path)]) == 0
    before = Authority.load(tmp_path).root_der
    assert authority.main([str(tmp_path)]) == 1
    assert Authority.load(tmp_path).root_der == before
    assert "already has an authority" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["a", "b", "c"]])
def test_command_prints_its_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Without a folder, or with too many arguments, the command prints its usage."""
    assert authority.main(arguments) == 2
    assert "usage" in capsys.readouterr().err
