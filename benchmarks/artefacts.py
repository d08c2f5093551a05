"""What is run: our build and the reference's, the latter as a plain `sam build` leaves it and precompiled."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Final

import real_parts
from real_parts import Artefact
from sam_template import ROOT

_REFERENCE: Final = ROOT / "benchmarks" / "reference"
_BUILDS: Final = ROOT / ".aws-sam" / "benchmarks"
# The reference has no layer.
_NO_LAYER: Final = _BUILDS / "no-layer"


def ours() -> Artefact:
    """Build ours, and keep a copy: while we measure, others may build, and old builds are then removed."""
    built = real_parts.built(real_parts.machine())
    target = _BUILDS / "ours"
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(built.template.parent, target)
    return Artefact(target / built.function.name, target / built.layer.name, target / built.template.name)


def reference() -> Artefact:
    """Build the reference, plainly."""
    target = _BUILDS / "reference"
    shutil.rmtree(target, ignore_errors=True)
    template = _REFERENCE / "template.yaml"
    real_parts.sam(
        *("build", "--template", str(template), "--build-dir", str(target)),
        *("--parameter-overrides", f"Architecture={real_parts.machine()}"),
    )
    return Artefact(target / "Reference", _NO_LAYER, target / "template.yaml")


def precompiled(artefact: Artefact) -> Artefact:
    """Return a copy of an artefact with the bytecode of Lambda's Python in it, as ours has."""
    target = artefact.function.parent.with_name(f"{artefact.function.parent.name}-precompiled")
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(artefact.function.parent, target)
    function = target / artefact.function.name
    compileall = [str(real_parts.PYTHON), "-m", "compileall", "-qq", "--invalidation-mode", "unchecked-hash"]
    subprocess.run([*compileall, str(function)], check=True)
    return Artefact(function, artefact.layer, target / artefact.template.name)


def empty(folder: Path) -> Artefact:
    """Make a function that does nothing: what the runtime itself costs."""
    (folder / "app.py").write_text('def lambda_handler(event, context):\n    return {"statusCode": 200}\n')
    return Artefact(folder, _NO_LAYER, folder / "template.yaml")


def size_of(folder: Path) -> int:
    """Return the bytes of all files below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
