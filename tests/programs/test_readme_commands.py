"""The commands that README and docs/messages.md show, typed one after another: they print what is shown."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.support.sam_template import ROOT
from tests.support.waiting import PATIENCE, attempts

README: Final = ROOT / "README.md"
# Where `make sandbox` listens: the endpoint, AWS, the App Store. The test has ports of its own in their place.
PORTS: Final = ("127.0.0.1:8080", "127.0.0.1:8000", "127.0.0.1:8700")


START_SECONDS: Final = PATIENCE


# plan: there are changes to apply.
EXIT_CODES: Final = {"retention plan": 3}


def commands_shown() -> list[tuple[str, str]]:
    """Return the README's commands, each with the output below it."""
    blocks = re.findall(r"^```console\n(.*?)^```$", README.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    typed = "".join(blocks).replace("\\\n", " ")
    parts = re.split(r"^\$ (.*)\n", typed, flags=re.MULTILINE)
    assert parts[0] == ""
    return list(zip(parts[1::2], parts[2::2], strict=True))


def pattern_of(expected: str) -> re.Pattern[str]:
    """Return what matches the README's output: `…` stands for anything in a line, and alone for any lines."""
    lines = expected.splitlines()
    patterns = [r"(?:.*\n)*?" if each.strip() == "…" else line(each) for each in lines]
    return re.compile("".join(patterns))


def line(expected: str) -> str:
    return ".*".join(re.escape(part.rstrip() if part.isspace() else part) for part in expected.split("…")) + r" *\n"


@contextmanager
def running(folder: Path, environment: dict[str, str]) -> Iterator[str]:
    """Run what `make sandbox` runs, on free ports; gives what it prints once it is up. Stopped as by `kill`."""
    command = [sys.executable, "-m", "console.local.sandbox", *("--port", "0", "--aws-port", "0", "--apple-port", "0")]
    log, heard = folder / "sandbox.out", folder / "sandbox.err"
    with log.open("wb") as out, heard.open("wb") as err:
        server = subprocess.Popen(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=err
        )
    try:
        give_up = time.monotonic() + START_SECONDS
        while not re.search(r"^  export .*\n", heard.read_text(encoding="utf-8"), re.MULTILINE):
            if time.monotonic() > give_up or server.poll() is not None:
                raise RuntimeError(f"it does not start:\n{heard.read_text(encoding='utf-8')}")
            time.sleep(0.05)
        yield heard.read_text(encoding="utf-8")
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(START_SECONDS)


@dataclass(slots=True)
class Terminal:
    """A new terminal in `folder`: its PATH has no `retention` until a line that is typed puts it there.

    As in a checkout, `folder` has `.venv/bin/retention`.
    """

    folder: Path
    environment: dict[str, str]
    exports: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        program = self.folder / ".venv" / "bin" / "retention"
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m console.cli.main "$@"\n')
        program.chmod(0o755)

    def type(self, line: str) -> str:
        """Run one line in a shell that has the exports before it; gives all it printed, standard error first."""
        if line.startswith("export "):
            self.exports.append(line)
            return ""
        done = subprocess.run(
            ["/bin/sh", "-c", "\n".join([*self.exports, line])],
            cwd=self.folder,
            env={**self.environment, "PATH": os.defpath},
            check=False,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        assert done.returncode == EXIT_CODES.get(" ".join(line.split()[:2]), 0), done.stderr
        return done.stderr + done.stdout


def typed(folder: Path, environment: dict[str, str], command: str, *, code: int | None = None) -> str:
    """Run one `retention` command; gives all it printed, standard error first. Other exit codes than `code` fail."""
    _, *arguments = shlex.split(command)
    done = subprocess.run(
        [sys.executable, "-m", "console.cli.main", *arguments],
        cwd=folder,
        env=environment,
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    verb = " ".join(command.split()[:2])
    assert done.returncode == (EXIT_CODES.get(verb, 0) if code is None else code), done.stderr
    return done.stderr + done.stdout


def test_the_readmes_commands_print_what_it_shows(tmp_path: Path) -> None:
    """init, plan, apply, status, endpoint, cancel, each typed in its terminal: they print what README shows."""
    steps = commands_shown()
    assert [command.split()[1] for command, _ in steps if command.startswith("retention ")] == (
        ["init", "plan", "apply", "status", "endpoint", "simulator", "simulator", "facts", "simulator"]
    )
    assert len(steps) <= 14
    (path, no_output), (init, written), (uncomment, nothing), (make, up), *second = steps
    assert (path, make, no_output) == ('export PATH="$PWD/.venv/bin:$PATH"', "make sandbox", "")
    terminal = Terminal(tmp_path, at_a_terminal())
    terminal.type(path)
    compare(init, written, terminal.type(init))
    compare(uncomment, nothing, terminal.type(uncomment))
    with running(tmp_path, at_a_terminal()) as heard:
        addresses = dict.fromkeys(re.findall(r"127\.0\.0\.1:\d+", heard))
        # In the order in which they are first printed: the endpoint, the App Store, and AWS in the line to copy.
        here = dict(zip((PORTS[0], PORTS[2], PORTS[1]), addresses, strict=False))
        compare(make, up, as_usual(heard, here))
        (export,) = [command for command, _ in second if command.startswith("export AWS_")]
        assert f"  {export}\n" in as_usual(heard, here)
        terminal = Terminal(tmp_path, at_a_terminal())
        for command, expected in second:
            compare_soon(command, expected, lambda typed: as_usual(terminal.type(as_here(typed, here)), here))


def test_every_block_of_the_readme_finds_the_program() -> None:
    """A block of commands that runs `retention` in a new terminal puts it on PATH first."""
    blocks = re.findall(r"^```\w*\n(.*?)^```$", README.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    found = [block for block in blocks if re.search(r"^(\$ )?retention ", block, re.MULTILINE)]
    assert len(found) == 3
    assert {block.splitlines()[0].removeprefix("$ ") for block in found} == {'export PATH="$PWD/.venv/bin:$PATH"'}


def test_production_is_rehearsed_before_apple_grants_access(tmp_path: Path) -> None:
    """The commands of docs/messages.md work: promote, approve, apply; the simulator reviews production's messages."""
    messages = (ROOT / "docs" / "messages.md").read_text(encoding="utf-8")
    section = messages.partition("## Rehearsing production")[2]
    block = section.split("```")[1]
    steps = [line.split("#")[0].strip() for line in block.splitlines() if line.startswith("retention ")]
    assert [step.split()[1] for step in steps] == ["promote", "simulator", "apply", "status"]
    environment = at_a_terminal()
    typed(tmp_path, environment, commands_shown()[1][0])
    with running(tmp_path, environment) as heard:
        settings = dict(re.findall(r"(\w+)=(\S+)", next(line for line in heard.splitlines() if "export" in line)))
        environment |= settings
        typed(tmp_path, environment, "retention apply --env sandbox")
        printed = [
            typed(tmp_path, environment, step, code=code) for step, code in zip(steps, (3, 0, 0, 0), strict=True)
        ]
        assert "waiting for Apple: 1 message, 1 default" in printed[0]
        assert "The file, Apple and the table agree." in printed[2]
        assert "APPROVED" in printed[3]
        assert "✓ SyncSchedule is off" in typed(tmp_path, environment, "retention doctor --env production", code=1)


def at_a_terminal() -> dict[str, str]:
    paths = os.pathsep.join([str(ROOT), str(ROOT / "handler")])
    return {**os.environ, "PYTHONPATH": paths, "COLUMNS": "200"}


def as_here(command: str, here: dict[str, str]) -> str:
    """Return `command` with the ports of this test."""
    for usual, actual in here.items():
        command = command.replace(usual, actual)
    return command


def as_usual(text: str, here: dict[str, str]) -> str:
    """Return `text` with the ports that the README knows."""
    for usual, actual in here.items():
        text = text.replace(actual, usual)
    return text


def compare_soon(command: str, expected: str, run: Callable[[str], str]) -> None:
    """Compare, and type again what depends on a notification that is on its way, or on a row that was read too late."""
    again = attempts() if command.startswith(("retention facts show", "retention simulator cancel")) else [0]
    for _ in again:
        found = run(command)
        if pattern_of(expected).fullmatch(found):
            return
    compare(command, expected, found)


def compare(command: str, expected: str, found: str) -> None:
    assert pattern_of(expected).fullmatch(found), f"`{command}` printed:\n{found}\nThe README shows:\n{expected}"
