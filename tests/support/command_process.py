"""Commands and entry points of one checkout, run one after another in a process of their own.

A process for each command would spend most of a test's time on imports. As a program this file reads one JSON document
a line from standard input and answers each with one; it imports nothing of ours, so that it runs any checkout. Its
argument is the entry point of the command.
"""

from __future__ import annotations

import importlib
import io
import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended: its exit code, and all that it printed."""

    code: int
    out: str
    err: str


class Commands:
    """The process, seen from outside."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def run(self, *arguments: str) -> Ended:
        """Run `retention` with these arguments, through the entry point that is installed as the command."""
        found = self._ask({"arguments": arguments})
        return Ended(found["code"], found["out"], found["err"])

    def call(self, entry: str, event: object) -> tuple[Any, list[str]]:
        """Call a Lambda function, `module.function`; return its result and the lines it wrote to standard output."""
        found = self._ask({"entry": entry, "event": event})
        return found["result"], found["out"].splitlines()

    def _ask(self, document: object) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(document) + "\n")
        self._process.stdin.flush()
        answered = self._process.stdout.readline()
        if not answered:
            raise RuntimeError("the process that runs the commands has ended")
        found: dict[str, Any] = json.loads(answered)
        return found


@contextmanager
def commands(tree: Path, folder: Path, environment: Mapping[str, str]) -> Iterator[Commands]:
    """Start the process for the checkout `tree`, in `folder`, with `environment` alone; it ends with the block."""
    with (
        (folder / "commands.err").open("w", encoding="utf-8") as errors,
        subprocess.Popen(
            [sys.executable, "-P", __file__, entry_point(tree)],
            cwd=folder,
            env={**environment, **paths(tree)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            encoding="utf-8",
        ) as process,
    ):
        yield Commands(process)
        assert process.stdin is not None
        process.stdin.close()


def entry_point(tree: Path) -> str:
    """Return the `module:function` that a checkout installs as the command `retention`."""
    project = tomllib.loads((tree / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return str(project["scripts"]["retention"])


def paths(tree: Path) -> dict[str, str]:
    """Return the variable that has a Python process import the project from `tree`, wherever it is installed."""
    return {"PYTHONPATH": os.pathsep.join([str(tree), str(tree / "handler")])}


def _answer_all() -> None:
    asked, answers, entry = sys.stdin, sys.stdout, sys.argv[1]
    # Two streams for all that runs here: a logger keeps the one that it found first.
    sys.stdin = io.StringIO()
    sys.stdout, sys.stderr = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    for line in asked:
        answers.write(json.dumps(_answer(entry, json.loads(line))) + "\n")
        answers.flush()


def _answer(entry: str, asked: dict[str, Any]) -> dict[str, Any]:
    environment = dict(os.environ)
    try:
        found = _typed(entry, asked["arguments"]) if "arguments" in asked else _called(asked["entry"], asked["event"])
        return {**found, "out": _written(sys.stdout), "err": _written(sys.stderr)}
    finally:
        os.environ.clear()
        os.environ.update(environment)


def _typed(entry: str, arguments: list[str]) -> dict[str, Any]:
    sys.argv = ["retention", *arguments]
    module, _, function = entry.partition(":")
    try:
        getattr(importlib.import_module(module), function)()
    except SystemExit as ended:
        return {"code": ended.code or 0}
    return {"code": 0}


def _called(entry: str, event: object) -> dict[str, Any]:
    module, _, function = entry.rpartition(".")
    return {"result": getattr(importlib.import_module(module), function)(event, None)}


def _written(stream: Any) -> str:
    """Return what was written since the last time, and forget it."""
    stream.flush()
    written: bytes = stream.buffer.getvalue()
    stream.buffer.seek(0)
    stream.buffer.truncate()
    return written.decode()


if __name__ == "__main__":
    _answer_all()
