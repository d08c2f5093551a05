"""The artefact: what `sam build` makes from this working tree, for this machine's architecture."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from console.local.processes import ROOT, PartMissingError, move_into_place, run
from console.terminal import shell

_SAM_ENVIRONMENT: Final = ROOT / ".venv-sam"
SAM: Final = _SAM_ENVIRONMENT / "bin" / "sam"
PYTHON: Final = _SAM_ENVIRONMENT / "bin" / "python3.13"  # only 3.13 reads the artefact's bytecode

_BUILDS: Final = ROOT / ".aws-sam" / "by-digest"
_KEPT_BUILDS: Final = 4
_SOURCES: Final = ("handler", "layers", "build", "scripts", "template.yaml", "samconfig.toml")
_MACHINES: Final = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}


@dataclass(frozen=True, slots=True)
class Artefact:
    """A finished build: the function's folder, the layer's folder, and the template that names them."""

    function: Path
    layer: Path
    template: Path


def machine() -> str:
    """Return this machine's architecture in Lambda's terms: x86_64 or arm64."""
    return _MACHINES[platform.machine().lower()]


def run_sam(*arguments: str) -> str:
    """Run SAM CLI in the project; return what it printed. Raises CalledProcessError if SAM fails."""
    if not SAM.exists():
        raise PartMissingError("SAM CLI is missing (.venv-sam): make setup")
    path = f"{SAM.parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**shell.fetching(), "SAM_CLI_TELEMETRY": "0", "PATH": path}
    return subprocess.run(
        [str(SAM.with_name("python")), "-Es", "-m", "samcli", *arguments],
        cwd=ROOT,
        env=environment,
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ).stdout


def build_artefact(architecture: str, *, anew: bool = False) -> Artefact:
    """Build this working tree for an architecture ("x86_64" or "arm64"), unless the same sources were built before.

    With `anew`, it is always built. Each state of the sources has its own folder, which is never changed, so that a
    running function is not disturbed by the next build. Raises PartMissingError, or RuntimeError if the build fails.
    """
    if not PYTHON.exists():
        raise PartMissingError("the artefact is built by Python 3.13 (.venv-sam): install it, then make clean setup")
    home = _BUILDS / f"{architecture}-{_sources_digest()[:16]}{'-anew' if anew else ''}"
    if anew:
        shutil.rmtree(home, ignore_errors=True)
    if not home.is_dir():
        _BUILDS.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=_BUILDS) as scratch:
            made = Path(scratch) / "build"
            _build(architecture, made)
            move_into_place(made, home)
        _delete_old_builds(architecture)
    home.touch()
    return Artefact(home / "GetRetentionMessage", home / "Dependencies", home / "template.yaml")


def _build(architecture: str, target: Path) -> None:
    # -E, -s: Python ignores the shell's settings, as in the Makefile; scripts/build.py keeps the rest from pip and SAM
    command = [str(PYTHON), "-Es", str(ROOT / "scripts" / "build.py")]
    done = subprocess.run(
        [*command, "--machine", architecture, "--build-dir", str(target)],
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"the artefact was not built:\n{done.stdout}{done.stderr}")


def _delete_old_builds(architecture: str) -> None:
    builds = sorted(_BUILDS.glob(f"{architecture}-*"), key=lambda path: path.stat().st_mtime, reverse=True)
    for old in builds[_KEPT_BUILDS:]:
        shutil.rmtree(old, ignore_errors=True)


def _sources_digest() -> str:
    digest = hashlib.sha256()
    for folder in _SOURCES:
        base = ROOT / folder
        for path in sorted(base.rglob("*")) if base.is_dir() else [base]:
            if path.is_file() and "__pycache__" not in path.parts:
                digest.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def base_interpreter() -> Path:
    """Return the Python that .venv-sam was made from, so that SAM's packages are not on the function's path."""
    if not PYTHON.exists():
        raise PartMissingError("the artefact runs on Python 3.13 (.venv-sam): install it, then make clean setup")
    return Path(run([str(PYTHON), "-c", "import sys; print(sys._base_executable)"], "Python does not run").strip())
