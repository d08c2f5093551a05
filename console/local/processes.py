"""Programs that the console starts: find or download them, start them on free ports, stop them by their process id."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

from console.simulator.ports import LOOPBACK
from console.terminal import shell
from console.terminal.failure import Failure

ROOT: Final = Path(__file__).resolve().parents[2]

# Downloads that are kept.
PARTS: Final = ROOT / ".parts"

_START_SECONDS: Final = 300
_RUN_SECONDS: Final = 600
_POLL_SECONDS: Final = 0.01


class PartMissingError(Failure):
    """A program or package is missing on this machine; the message names what to install."""


def free_port() -> int:
    """Return a port of the loopback that no program listens on."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(
    command: list[str],
    *,
    log: int | IO[Any],
    cwd: Path,
    env: Mapping[str, str],
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server with its own stdin and its output in `log`; kill its process group on leaving."""
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env=dict(env),
        stdin=subprocess.PIPE,
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.stdin is not None:
            process.stdin.close()
        # The emulator ignores TERM while its function runs, and does not end the function: so the group gets KILL.
        os.killpg(process.pid, 9)
        process.wait()


def wait_for_port(port: int, process: subprocess.Popen[bytes]) -> bool:
    """Return True once a program listens on the port, False if the process ends or five minutes pass before that."""
    give_up = time.monotonic() + _START_SECONDS
    while time.monotonic() < give_up and process.poll() is None:
        try:
            socket.create_connection((LOOPBACK, port), timeout=1).close()
        except OSError:
            time.sleep(_POLL_SECONDS)
        else:
            return True
    return False


def program(name: str, wanted: str) -> str:
    """Return the path of the program `name`. Raises PartMissingError, which asks to install `wanted`."""
    found = shutil.which(name)
    if found is None:
        raise PartMissingError(f"{name} is missing; install {wanted}")
    return found


def run(command: list[str], failure: str, *, cwd: Path | None = None) -> str:
    """Run a command that can download; return its output. Raises PartMissingError with `failure` and its last lines."""
    done = subprocess.run(
        command,
        cwd=cwd,
        env=shell.fetching(),
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_RUN_SECONDS,
    )
    if done.returncode:
        raise PartMissingError(f"{failure}: {done.stderr.strip()[-500:]}")
    return done.stdout


def move_into_place(made: Path, home: Path) -> None:
    """Move what was made to its place in one step; if another process was first, its copy is kept."""
    try:
        made.rename(home)
    except OSError:
        if not home.is_dir():
            raise
