"""The artefacts that are measured: our build, and the reference's as `sam build` makes it and precompiled.

The deployed function trusts Apple's root only, under which only Apple can sign. So a copy is measured that trusts the
scene's App Store in place of Apple: the file of Apple's root has its root, the code its fingerprint, and, if its chain
is to be known, the table of known chains has its chain, written by the program that writes Apple's.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from retention.jws import APPLE_ROOT_FINGERPRINT

from console.simulator.authority import Authority
from tests.support import real_parts
from tests.support.real_parts import Artefact
from tests.support.sam_template import ROOT

_REFERENCE: Final = ROOT / "benchmarks" / "reference"
BUILDS: Final = ROOT / ".aws-sam" / "benchmarks"
BEFORE_TREE: Final = BUILDS / "before-tree"
# The reference has no layer.
_NO_LAYER: Final = BUILDS / "no-layer"


def ours() -> Artefact:
    """Build our function, and return a copy: a build by another process could delete the original meanwhile."""
    built = real_parts.build_artefact(real_parts.machine())
    target = BUILDS / "ours"
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(built.template.parent, target)
    return Artefact(target / built.function.name, target / built.layer.name, target / built.template.name)


def before(tree: Path) -> Artefact:
    """Build an older checkout with this checkout's SAM, in the copy BEFORE_TREE; `tree` is not written to."""
    copy, target = BEFORE_TREE, BUILDS / "before"
    for folder in (copy, target):
        shutil.rmtree(folder, ignore_errors=True)
    copy.mkdir(parents=True)
    for name in ("handler", "layers", "build", "scripts", "template.yaml", "samconfig.toml"):
        if (tree / name).is_dir():
            shutil.copytree(tree / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(tree / name, copy / name)
    python, machine = real_parts.PYTHON, real_parts.machine()
    if (copy / "scripts" / "build.py").exists():
        build = [copy / "scripts" / "build.py", "--machine", machine, "--build-dir", target]
    else:
        build = ["-m", "samcli", "build", "--no-cached", "--template-file", copy / "template.yaml"]
        build += ["--build-dir", target, "--parameter-overrides", f"Architecture={machine}"]
    path = f"{python.parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [str(part) for part in (python, *build)],
        cwd=copy,
        env={**os.environ, "PATH": path},
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"{tree} was not built:\n{done.stdout}{done.stderr}")
    return Artefact(target / "GetRetentionMessage", target / "Dependencies", target / "template.yaml")


def in_apples_place(artefact: Artefact, authority: Authority, tree: Path, folder: Path, *, known: bool) -> Artefact:
    """Make a copy of our artefact in `folder` that trusts `authority` in place of Apple, its chain `known` or not.

    It is compiled by the program of `tree`. An older tree without known chains checks every chain in full.
    """
    function = folder / artefact.function.name
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(artefact.function, function, ignore=shutil.ignore_patterns("__pycache__"))
    package = function / "retention"
    (package / "AppleRootCA-G3.cer").write_bytes(authority.root_der)
    module = package / "jws.py"
    module.write_text(module.read_text().replace(APPLE_ROOT_FINGERPRINT, authority.fingerprint))
    writer = tree / "scripts" / "chains.py"
    if known and writer.exists():
        chains = folder / "chains" / "the scene's"
        chains.mkdir(parents=True)
        (chains / "leaf.cer").write_bytes(authority.leaf_der)
        (chains / "intermediate.cer").write_bytes(authority.intermediate_der)
        table = next(package.rglob("known_chains.py"))  # older trees have it at the top
        write = [writer, "write", package / "AppleRootCA-G3.cer", chains.parent, table]
        subprocess.run([sys.executable, *map(str, write)], check=True)
    _compile(function, tree)
    return Artefact(function, artefact.layer, artefact.template)


def _compile(function: Path, tree: Path) -> None:
    ours = tree / "scripts" / "compile.py"
    if ours.exists():
        compiling = [ours, function, "/var/task"]
    else:
        compiling = ["-m", "compileall", "-qq", "--invalidation-mode", "unchecked-hash", function]
    subprocess.run([str(part) for part in (real_parts.PYTHON, *compiling)], check=True)


def reference() -> Artefact:
    """Build the reference with `sam build`."""
    target = BUILDS / "reference"
    shutil.rmtree(target, ignore_errors=True)
    template = _REFERENCE / "template.yaml"
    real_parts.run_sam(
        *("build", "--template", str(template), "--build-dir", str(target)),
        *("--parameter-overrides", f"Architecture={real_parts.machine()}"),
    )
    return Artefact(target / "Reference", _NO_LAYER, target / "template.yaml")


def precompiled(artefact: Artefact) -> Artefact:
    """Return a copy of an artefact that has bytecode for Lambda's Python, as ours has."""
    target = artefact.function.parent.with_name(f"{artefact.function.parent.name}-precompiled")
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(artefact.function.parent, target)
    function = target / artefact.function.name
    compileall = [str(real_parts.PYTHON), "-m", "compileall", "-qq", "--invalidation-mode", "unchecked-hash"]
    subprocess.run([*compileall, str(function)], check=True)
    return Artefact(function, artefact.layer, target / artefact.template.name)


def empty(folder: Path) -> Artefact:
    """Make a function that does nothing, to measure the runtime itself."""
    (folder / "app.py").write_text('def lambda_handler(event, context):\n    return {"statusCode": 200}\n')
    return Artefact(folder, _NO_LAYER, folder / "template.yaml")


def size_of(folder: Path) -> int:
    """Return the size of all files below a folder, in bytes."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
