"""`--help` imports next to nothing, because a person who learns a verb waits for it again and again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from console.cli.verbs import Verbs
from tests.support.sam_template import ROOT

# Modules that no `--help` imports: the file's reader, AWS, Apple's library, and what checks the values of options.
SLOW = ("appstoreserverlibrary", "boto3", "botocore", "cryptography", "pydantic", "requests", "ruamel", "sqlite3")
# Modules of this project and of Python that `--help` may load beyond what Typer loads to print any `--help`.
MOST_MODULES = 45


def verbs(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield every verb, and every verb of a verb, as the words that call it."""
    yield path
    for name, inner in getattr(command, "commands", {}).items():
        yield from verbs(inner, (*path, name))


def test_help_imports_next_to_nothing() -> None:
    """Count the modules of `retention --help` and of each verb's, in a process that has imported Typer and Rich."""
    loaded = Verbs()
    loaded.load_all()
    calls = [*verbs(loaded)]
    assert len(calls) > 40
    code = """
import json, os, sys
import typer.rich_utils
before = set(sys.modules)
for call in json.loads(sys.argv[1]):
    read, write = os.pipe()
    if os.fork() == 0:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        try:
            from console.cli.main import main
            main([*call, "--help"])
        except SystemExit as ended:
            os.write(write, json.dumps([ended.code, sorted(set(sys.modules) - before)]).encode())
        os._exit(0)
    os.close(write)
    with open(read) as pipe:
        print(pipe.read())
    os.wait()
"""
    done = subprocess.run(
        [sys.executable, "-c", code, json.dumps(calls)],
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'handler'}"},
        check=True,
        capture_output=True,
        text=True,
    )
    for call, line in zip(calls, done.stdout.splitlines(), strict=True):
        code, more = json.loads(line)
        assert code == 0, call
        assert not [name for name in more if name.partition(".")[0] in SLOW], call
        assert len(more) <= MOST_MODULES, (call, more)
