"""What the console does around the programs that it starts: find them, find ports, put downloads into place."""

from __future__ import annotations

import socket
from pathlib import Path
from subprocess import Popen
from typing import Any

import pytest

from console.local import processes
from console.local.processes import PartMissingError, free_port, move_into_place, program, wait_for_port
from console.terminal.failure import Failure


def test_a_free_port_can_be_used() -> None:
    """A server can have the port that is returned."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", free_port()))


def test_a_program_is_found_on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program on the PATH is returned with its folder."""
    made = tmp_path / "java"
    made.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert program("java", "Java 17") == str(made)


def test_a_missing_program_is_named_with_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the program and what has it, and ends a command like every Failure."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PartMissingError, match="java is missing; install Java 17"):
        program("java", "Java 17")
    assert issubclass(PartMissingError, Failure)


class EndedProcess:
    """In the place of a process that has ended."""

    def poll(self) -> int:
        return 1


class RunningProcess:
    """In the place of a process that runs."""

    def poll(self) -> None:
        return None


def test_waiting_ends_with_the_process() -> None:
    """If the process ends before it listens, no further time is waited."""
    ended: Any = EndedProcess()
    process: Popen[bytes] = ended
    assert not wait_for_port(free_port(), process)


def test_waiting_ends_after_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that runs and does not listen is given up when the time is over."""
    monkeypatch.setattr(processes, "_START_SECONDS", 0)
    running: Any = RunningProcess()
    assert not wait_for_port(free_port(), running)


def made(folder: Path, text: str) -> Path:
    folder.mkdir()
    (folder / "file").write_text(text)
    return folder


def test_what_was_made_is_moved_into_place(tmp_path: Path) -> None:
    """The folder has its final name, and no longer its first one."""
    move_into_place(made(tmp_path / "scratch", "new"), tmp_path / "home")
    assert (tmp_path / "home" / "file").read_text() == "new"
    assert not (tmp_path / "scratch").exists()


def test_the_copy_of_the_first_process_is_kept(tmp_path: Path) -> None:
    """If another process has put the folder there already, that one stays."""
    made(tmp_path / "home", "first")
    move_into_place(made(tmp_path / "scratch", "second"), tmp_path / "home")
    assert (tmp_path / "home" / "file").read_text() == "first"


def test_a_move_that_fails_is_reported(tmp_path: Path) -> None:
    """If the folder is not there after the move either, the error is raised."""
    with pytest.raises(OSError, match="scratch"):
        move_into_place(tmp_path / "scratch", tmp_path / "no such folder" / "home")
