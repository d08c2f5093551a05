"""Only ordinary files up to a limit are read, since a pipe or a device could block the reader."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from console.terminal.ordinary_file import NotOrdinaryError, is_passed, read_beginning, read_ordinary


def refused(path: Path, most: int = 10) -> str:
    with pytest.raises(NotOrdinaryError) as caught:
        read_ordinary(path, most)
    assert caught.value.filename == str(path)
    return str(caught.value.strerror)


def test_a_file_is_read_up_to_its_limit(tmp_path: Path) -> None:
    """A file with exactly as many bytes as the limit is read; one more byte is refused."""
    file = tmp_path / "file"
    file.write_bytes(b"0123456789")
    assert read_ordinary(file, 10) == b"0123456789"
    file.write_bytes(b"0123456789a")
    assert refused(file) == "has 11 bytes; at most 0 KiB are read"
    assert "at most 2 MiB" in refused_large(file)


def refused_large(file: Path) -> str:
    file.write_bytes(bytes(2 * 2**20 + 1))
    return refused(file, 2 * 2**20)


def test_other_kinds_of_file_are_named(tmp_path: Path) -> None:
    """The error names a directory, pipe, socket, device, broken link or impossible name."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(tmp_path / "s"))
        assert refused(tmp_path / "s") == "is a socket"
    assert refused(tmp_path) == "is a directory"
    assert refused(tmp_path / "pipe") == "is a named pipe"
    assert refused(Path("/dev/zero")) == "is a device"
    assert refused(tmp_path / "link") == "is a link to a file that does not exist"
    assert refused(Path("a\0b")) == "has a name that no file can have"


def test_a_missing_file_raises_the_systems_error(tmp_path: Path) -> None:
    """FileNotFoundError has all that a reader needs."""
    with pytest.raises(FileNotFoundError):
        read_ordinary(tmp_path / "none", 10)


def test_a_pipe_of_the_shell_is_read_only_if_allowed() -> None:
    """A shell passes `<(command)` as a pipe under /dev/fd."""
    reading, writing = os.pipe()
    os.write(writing, b"text")
    os.close(writing)
    path = Path(f"/dev/fd/{reading}")
    try:
        assert is_passed(path)
        assert refused(path) == "is a named pipe"
        assert read_ordinary(path, 10, pipes=True) == b"text"
    finally:
        os.close(reading)


def test_the_beginning_of_a_file_of_any_length_is_read(tmp_path: Path) -> None:
    """A long file is cut and a short one is complete; a pipe is refused before it makes its reader wait."""
    (tmp_path / "file").write_bytes(b"0123456789")
    assert (read_beginning(tmp_path / "file", 4), read_beginning(tmp_path / "file", 40)) == (b"0123", b"0123456789")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(NotOrdinaryError):
        read_beginning(tmp_path / "pipe", 4)
