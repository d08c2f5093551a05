"""Measures the function's process under Lambda's runtime from outside: memory, descriptors, threads."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from pathlib import Path

# A variable that marks this function's process among all processes of this machine.
MARK = "SOAK_MARK"

_PROC = Path("/proc")


def new_mark() -> dict[str, str]:
    return {MARK: uuid.uuid4().hex}


@dataclass(frozen=True, slots=True)
class ProcessUsage:
    """What a process takes at one moment: resident memory in KiB, open file descriptors, threads."""

    resident: int
    descriptors: int
    threads: int


@dataclass(frozen=True, slots=True)
class FunctionProcess:
    pid: int

    @classmethod
    def marked(cls, mark: dict[str, str]) -> FunctionProcess:
        """Find the function's own process; it runs once the first event was answered. Its parent has the mark too."""
        wanted = f"{MARK}={mark[MARK]}".encode()
        (home,) = (home for home in _PROC.iterdir() if home.name.isdecimal() and _runs_python(home, wanted))
        return cls(int(home.name))

    def taken(self) -> ProcessUsage:
        home = _PROC / str(self.pid)
        status = (home / "status").read_text()
        resident, threads = (
            int(re.search(rf"^{name}:\s+(\d+)", status, re.MULTILINE)[1])  # type: ignore[index]  # Linux always has this line
            for name in ("VmRSS", "Threads")
        )
        return ProcessUsage(resident, sum(1 for _ in (home / "fd").iterdir()), threads)


def _runs_python(home: Path, wanted: bytes) -> bool:
    try:
        marked = wanted in (home / "environ").read_bytes().split(b"\0")
        return marked and (home / "exe").readlink().name.startswith("python")
    except OSError:  # another user's, or ended meanwhile
        return False
