"""Read files that options and retention.yaml name, if they are ordinary files of a reasonable size.

A named pipe makes its reader wait, and a device such as /dev/zero never ends. Both are refused.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final

# The paths that a shell gives for `<(command)` and for standard input: pipes that already have a writer.
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
    """The path is not an ordinary file. `strerror` states why, and `filename` is the path."""


def read_ordinary(path: Path, most: int, *, pipes: bool = False) -> bytes:
    """Return the content of a file of at most `most` bytes. Raises OSError, and NotOrdinaryError for all else.

    With `pipes`, it also reads a pipe that a shell passes as an open descriptor.
    """
    passed = pipes and is_passed(path)
    _check_kind(path, passed=passed)
    # O_NONBLOCK in case it has become a pipe since the check: opening a pipe waits for its writer.
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


def read_beginning(path: Path, most: int) -> bytes:
    """Return the first bytes of a file, however long it is. Raises OSError, and NotOrdinaryError for all else."""
    _check_kind(path, passed=False)
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        _check_mode(os.fstat(descriptor).st_mode, path, passed=False)
        return file.read(most)


def is_passed(path: Path) -> bool:
    """Return whether a path is one that a shell gives for `<(command)` or for standard input."""
    return str(path).startswith(_DESCRIPTORS)


def _check_kind(path: Path, *, passed: bool) -> None:
    try:
        found = path.stat()
    except ValueError:
        raise NotOrdinaryError(0, "has a name that no file can have", str(path)) from None
    except FileNotFoundError:
        if path.is_symlink():
            raise NotOrdinaryError(0, "is a link to a file that does not exist", str(path)) from None
        raise
    _check_mode(found.st_mode, path, passed=passed)


def _check_mode(mode: int, path: Path, *, passed: bool) -> None:
    if stat.S_ISREG(mode) or (passed and stat.S_ISFIFO(mode)):
        return
    kind = next((name for is_kind, name in _KINDS if is_kind(mode)), "is not a file")
    raise NotOrdinaryError(0, kind, str(path))
