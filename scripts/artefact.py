"""Builds one part of the artefact; `sam build` calls it through build/<architecture>/Makefile.

artefact.py function                   handler/ with its bytecode and RELEASE
artefact.py dependencies ARCHITECTURE  the layer, for arm64 or x86_64

SAM runs it in a copy of the part's folder, and names the target in ARTIFACTS_DIR. It uses the standard library only,
and needs Python 3.13, since bytecode can be read only by the version that wrote it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import compile as compiling
import install
import layer

ROOT = Path(__file__).resolve().parents[1]
MACHINES = {"arm64": "aarch64", "x86_64": "x86_64"}
GLIBCS = ("manylinux_2_34", "manylinux_2_28", "manylinux_2_17", "manylinux2014")  # all that Amazon Linux 2023 can run
PYTHON = (3, 13)


def function(source: Path, target: Path, root: Path = ROOT, nonce: str = "") -> None:
    """Write a function's folder `target`; all functions have the same code."""
    for path in [*source.glob("*.py"), *source.glob("retention/**/*.py"), *source.glob("retention/*.cer")]:
        copy = target / path.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
    (target / "RELEASE").write_text(release(root, nonce) + "\n")
    if refused := compiling.compile_all(target, "/var/task"):
        sys.exit("\n".join(refused))
    layer.settle(target)
    layer.check_function(target)


def release(root: Path, nonce: str = "") -> str:
    """Return the content of the file RELEASE: a SHA-256 (hex) of the files that decide a deployment's parameters.

    A change of parameters only would publish no new version, and the alias would keep the old parameters. So the code
    changes with them, through this file. `nonce` changes it too: it is set to repeat a deployment that failed after
    Lambda had published its version.
    """
    inputs = (root / "template.yaml").read_bytes() + (root / "samconfig.toml").read_bytes()
    return hashlib.sha256(inputs + nonce.encode()).hexdigest()


def dependencies(source: Path, target: Path, architecture: str) -> None:
    """Write the layer's folder `target` for an architecture, "arm64" or "x86_64"."""
    machine = MACHINES[architecture]
    platforms = [part for glibc in GLIBCS for part in ("--platform", f"{glibc}_{machine}")]
    code = install.install(
        *("--no-compile", "--implementation", "cp", "--python-version", "3.13", *platforms),
        *("--target", str(target / "python"), "-r", str(source / "requirements.txt")),
    )
    if code:
        sys.exit("pip could not install the functions' packages: see its error above.")
    layer.trim(target)
    byte_compile(target, "/opt")
    layer.settle(target)
    layer.check(target, machine)


def byte_compile(folder: Path, inside: str) -> None:
    """Write the bytecode of the layer's modules. A module without it would be compiled at every cold start.

    Imports do not compare the bytecode with its source, so file times do not matter. `inside` is the path in Lambda,
    for tracebacks.
    """
    options = ("-qq", "-o", "0", "--invalidation-mode", "unchecked-hash", "-s", str(folder), "-p", inside)
    subprocess.run([sys.executable, "-Es", "-m", "compileall", *options, str(folder)], check=True)


def main(*arguments: str) -> None:
    if sys.version_info[:2] != PYTHON:
        sys.exit(f"python3.13 on PATH is Python {sys.version.split()[0]}. Lambda runs 3.13: make clean build")
    target = Path(os.environ["ARTIFACTS_DIR"])
    match arguments:
        case ["function"]:
            function(Path.cwd(), target, nonce=os.environ.get("RETENTION_NONCE", ""))
        case ["dependencies", architecture] if architecture in MACHINES:
            dependencies(Path.cwd(), target, architecture)
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(*sys.argv[1:])
