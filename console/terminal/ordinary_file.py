"""Files named in options and in retention.yaml, read only where they are ordinary files of a size that makes sense.

A named pipe keeps its reader waiting, a device such as /dev/zero never ends. Neither is opened to be read.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final

# What a shell gives for `<(command)` and for `-`: a pipe that has a writer already.
_DESCRIPTORS: Final = ("/dev/fd/", "/proc/self/fd/", "/dev/stdin")
_KINDS: Final[tuple[tuple[Callable[[int], bool], str], ...]] = (
    (stat.S_ISDIR, "is a directory"),
    (stat.S_ISFIFO, "is a named pipe"),
    (stat.S_ISSOCK, "is a socket"),
    (stat.S_ISCHR, "is a device"),
    (stat.S_ISBLK, "is a device"),
)
_KIB: Final = 2**10
_MIB: Final = 2**20


class NotOrdinaryError(OSError):
    """What is named cannot be read as a file; `strerror` states why, and `filename` is its name."""


def read_ordinary(path: Path, most: int, *, pipes: bool = False) -> bytes:
    """Return what a file holds: `most` bytes at most. Raises OSError, NotOrdinaryError where it is something else.

    `pipes` takes also what a shell passes on as an open descriptor.
    """
    passed = pipes and is_passed(path)
    _check_kind(path, passed=passed)
    # Should it have become a pipe since: without O_NONBLOCK, opening one waits for its writer.
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | (0 if passed else os.O_NONBLOCK))
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        _check_mode(found.st_mode, path, passed=passed)
        content = file.read(most + 1) if found.st_size <= most else b""
    if found.st_size > most or len(content) > most:
        size = f"has {found.st_size} bytes" if found.st_size > most else "is longer than that"
        limit = f"{most // _MIB} MiB" if most >= _MIB else f"{most // _KIB} KiB"
        raise NotOrdinaryError(0, f"{size}; at most {limit} are read", str(path))
    return content


def is_passed(path: Path) -> bool:
    """Return whether a path is what a shell gives for `<(command)` and for standard input."""
    return str(path).startswith(_DESCRIPTORS)


def _check_kind(path: Path, *, passed: bool) -> None:
    try:
        found = path.stat()
    except ValueError:
        raise NotOrdinaryError(0, "has a name that no file can have", str(path)) from None
    except FileNotFoundError:
        if path.is_symlink():
            raise NotOrdinaryError(0, "is a link that leads nowhere", str(path)) from None
        raise
    _check_mode(found.st_mode, path, passed=passed)


def _check_mode(mode: int, path: Path, *, passed: bool) -> None:
    if stat.S_ISREG(mode) or (passed and stat.S_ISFIFO(mode)):
        return
    kind = next((name for is_kind, name in _KINDS if is_kind(mode)), "is no file")
    raise NotOrdinaryError(0, kind, str(path))
