"""The artefact and the digest of its sources: scripts/artefact.py."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import artefact
import pytest

import build
from tests.support.sam_template import ROOT


def test_a_nonce_makes_another_version_of_the_same_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With another NONCE the file RELEASE has another digest, so that Lambda makes a new version."""
    made = []
    for nonce in ("", "2", "3", "2"):
        monkeypatch.setattr("os.environ", build.environment({"ARTIFACTS_DIR": str(tmp_path)}, nonce=nonce))
        monkeypatch.setattr(artefact, "PYTHON", sys.version_info[:2])
        monkeypatch.setattr(
            artefact, "function", lambda _source, _target, nonce: made.append(artefact.release(ROOT, nonce))
        )
        artefact.main("function")
    assert made[0] == artefact.release(ROOT)
    assert len(set(made)) == 3
    assert made[1] == made[3]


def test_release_changes_with_parameters_and_with_the_nonce_alone(tmp_path: Path) -> None:
    """The same files give the same digest; other parameters or another nonce give another one."""
    (tmp_path / "template.yaml").write_text("a")
    (tmp_path / "samconfig.toml").write_text("b")
    first = artefact.release(tmp_path)
    assert first == artefact.release(tmp_path) == hashlib.sha256(b"ab").hexdigest()
    assert artefact.release(tmp_path, "2") not in {first, artefact.release(tmp_path, "3")}
    (tmp_path / "samconfig.toml").write_text("c")
    assert artefact.release(tmp_path) != first
