"""Builds the artefact with SAM and checks the result: `make build`. The Python of .venv-sam runs it.

build.py [--env ENV] [--arch ARCHITECTURE]           for the architecture in samconfig.toml, into .aws-sam/build
build.py --machine ARCHITECTURE --build-dir FOLDER   for exactly this architecture

It ignores the shell's variables for Python, pip, make and SAM, which would change the artefact.
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
FUNCTIONS = ("GetRetentionMessage", "SyncStates", "TakeInNotifications", "PullNotifications", "RelayNotifications")
LAYER = "Dependencies"


def environment(environ: Mapping[str, str], *, nonce: str = "") -> dict[str, str]:
    """Return the variables for SAM and the make that it runs; their python3.13 is the one that runs this program."""
    kept = {
        name: value
        for name, value in install.without_python(environ).items()
        if not name.startswith(("MAKE", "SAM_", "RETENTION_")) and name not in {"MFLAGS", "GNUMAKEFLAGS"}
    }
    pip = {name: value for name, value in environ.items() if name.startswith("PIP_")}  # install.py filters them
    path = os.pathsep.join([str(Path(sys.executable).parent), environ.get("PATH", os.defpath)])
    ours = {"PATH": path, "SAM_CLI_TELEMETRY": "0", "RETENTION_NONCE": nonce}
    return {**kept, **pip, **ours}


def build(architecture: str, folder: Path = BUILT, *, nonce: str = "") -> None:
    """Build into `folder`. Exits with a message if SAM fails, or if the artefact is not as it should be."""
    if sys.version_info[:2] != artefact.PYTHON:
        sys.exit(
            "Lambda runs Python 3.13, and only Python 3.13 writes its bytecode. The newest Python on this machine is"
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
        sys.exit(f"{done.stdout}\nThe artefact could not be built: see SAM's error above.")
    examine(folder, architecture)
    sys.stdout.write(f"Built for {architecture}: {os.path.relpath(folder, samconfig.ROOT)}\n")


def examine(folder: Path, architecture: str) -> None:
    """Exit with a message unless `folder` has what Lambda needs for `architecture`."""
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
