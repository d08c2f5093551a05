"""The build's recipes and pip, run as SAM and make run them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import artefact
import install
import layer
import pytest

from tests.support.sam_template import ROOT
from tests.support.shell_variables import FOREIGN, INDEX


def test_pip_itself_is_asked_for_its_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With a file of pip's and variables that disagree: what pip lists is what is sifted."""
    (tmp_path / "pip.conf").write_text(f"[global]\n{INDEX} = https://file.example/simple\nuser = true\nquiet = 3\n")
    for name, value in {**FOREIGN, "PIP_PREFIX": "/elsewhere", "PIP_QUIET": "3", "PIP_TIMEOUT": "7"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    given = install.environment()
    assert (given["PIP_INDEX_URL"], given["PIP_TIMEOUT"]) == ("https://file.example/simple", "7")
    assert not {"PIP_USER", "PIP_PREFIX", *FOREIGN} & set(given)


def test_no_tool_of_the_shell_takes_the_digest() -> None:
    """The build's recipes run Python and dirname: sha256sum, for one, is not everywhere."""
    for path in (ROOT / "build").rglob("Makefile"):
        recipes = [line for line in path.read_text().splitlines() if line.startswith("\t")]
        assert recipes
        assert all(line.startswith('\t@exec python3.13 -Es "$$(dirname "$${MAKEFILE# }")/') for line in recipes)


@pytest.mark.parametrize("name", ["a b", "it's", "é", "#1", "50%", "a  b;c&d"])
def test_a_function_is_built_in_a_folder_of_any_name(tmp_path: Path, name: str) -> None:
    """As SAM calls make: the recipe finds its way by its own file's name alone, and leaves the shell's Python out."""
    root, target = tmp_path / name / "project", tmp_path / f"{name} out"
    for part in ("build", "scripts"):
        _copy(ROOT / part, root / part)
    for part in ("template.yaml", "samconfig.toml"):
        (root / part).write_text("x")
    (root / "handler" / "retention").mkdir(parents=True)
    (root / "handler" / "app.py").write_text("A = 1\n")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python3.13").symlink_to(sys.executable)
    shell = {name: value for name, value in FOREIGN.items() if name.startswith("PYTHON")}
    environ = {**os.environ, **shell, "PATH": f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        ["make", "-s", "--makefile", root / "build" / "arm64" / "Makefile", "build-GetRetentionMessage"],
        cwd=root / "handler",
        env={**environ, "ARTIFACTS_DIR": str(target)},
        check=False,
        capture_output=True,
        text=True,
    )
    if sys.version_info[:2] != artefact.PYTHON:
        assert "Lambda runs 3.13" in done.stderr
        return
    assert not done.returncode, done.stderr
    layer.check_function(target)


def _copy(source: Path, target: Path) -> None:
    for path in source.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            copy = target / path.relative_to(source)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
