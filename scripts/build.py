"""Builds the artefact with SAM and checks the result: `make build`. Run by the Python of .venv-sam.

build.py [--env ENV] [--arch ARCHITECTURE]           for what samconfig.toml deploys, into .aws-sam/build
build.py --machine ARCHITECTURE --build-dir FOLDER   for exactly this architecture, not the deployed one's

What the shell sets for Python, pip, make and SAM is not taken: it would change what is built.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import artefact
import install
import layer
import samconfig

BUILT = samconfig.ROOT / ".aws-sam" / "build"
FUNCTIONS = ("GetRetentionMessage", "SyncStates")
LAYER = "Dependencies"


def environment(environ: Mapping[str, str], *, nonce: str = "") -> dict[str, str]:
    """Return the environment for SAM and the make that it runs; python3.13 on its PATH is the one that runs this."""
    kept = {
        name: value
        for name, value in install.without_python(environ).items()
        if not name.startswith(("MAKE", "SAM_", "RETENTION_")) and name not in {"MFLAGS", "GNUMAKEFLAGS"}
    }
    pip = {name: value for name, value in environ.items() if name.startswith("PIP_")}  # install.py sifts them
    path = os.pathsep.join([str(Path(sys.executable).parent), environ.get("PATH", os.defpath)])
    ours = {"PATH": path, "SAM_CLI_TELEMETRY": "0", "RETENTION_NONCE": nonce}
    return {**kept, **pip, **ours}


def build(architecture: str, folder: Path = BUILT, *, nonce: str = "") -> None:
    """Build into `folder`. Ends with a sentence where SAM fails, or where what it made is not what it should be."""
    if sys.version_info[:2] != artefact.PYTHON:
        sys.exit(
            "Lambda runs Python 3.13, and only Python 3.13 writes its bytecode. This machine's best is"
            f" {sys.version.split()[0]}. Install Python 3.13, then: make clean build"
        )
    # not --cached: SAM's cache knows the sources only, and RELEASE changes with the parameters
    command = [
        *(sys.executable, "-Es", "-m", "samcli", "build", "--no-cached", "--build-dir", str(folder)),
        *("--template-file", "template.yaml", "--parameter-overrides", f"Architecture={architecture}"),
    ]
    done = subprocess.run(
        command,
        cwd=samconfig.ROOT,
        env=environment(os.environ, nonce=nonce),
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        sys.exit(f"{done.stdout}\nThe artefact could not be built; SAM says why above.")
    examine(folder, architecture)
    sys.stdout.write(f"Built for {architecture}: {os.path.relpath(folder, samconfig.ROOT)}\n")


def examine(folder: Path, architecture: str) -> None:
    """End with a sentence unless `folder` holds what Lambda needs for `architecture`."""
    for name in FUNCTIONS:
        layer.check_function(folder / name)
    layer.check(folder / LAYER, artefact.MACHINES[architecture])


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="build.py")
    for name in ("--env", "--arch", "--nonce"):
        parser.add_argument(name, default="")
    parser.add_argument("--machine", choices=samconfig.ARCHITECTURES)
    parser.add_argument("--build-dir", type=Path, default=BUILT)
    given = parser.parse_args(arguments)
    try:
        architecture = given.machine or samconfig.architecture_of(given.env, given.arch)
    except samconfig.ConfigError as error:
        sys.exit(str(error))
    build(architecture, given.build_dir.absolute(), nonce=given.nonce)


if __name__ == "__main__":
    main(sys.argv[1:])
