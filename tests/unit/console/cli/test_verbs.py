"""The table of verbs is that of their modules, and a command line is read as Typer will read it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from console.cli.verbs import TABLE, Verbs, find
from tests.support.sam_template import ROOT

# What no `--help` waits for: the file's reader, AWS, Apple's library, and what checks the values of options.
SLOW = ("appstoreserverlibrary", "boto3", "botocore", "cryptography", "pydantic", "requests", "ruamel", "sqlite3")
# Modules of this project and of Python that `--help` may load beyond what Typer loads to print any `--help`.
MOST_MODULES = 45


def verbs(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield every verb, and every verb of a verb, by the words that call it."""
    yield path
    for name, inner in getattr(command, "commands", {}).items():
        yield from verbs(inner, (*path, name))


@pytest.fixture(scope="module")
def loaded() -> Verbs:
    made = Verbs()
    made.load_all()
    return made


@pytest.mark.parametrize(("group", "verb"), [(group, verb) for group, verbs in TABLE.items() for verb in verbs])
def test_the_table_has_the_first_line_of_each_verb(loaded: Verbs, group: str, verb: Any) -> None:
    """`retention --help` prints what `retention VERB --help` begins with."""
    command = loaded.commands[verb.name]
    assert (command.help or "").partition("\n")[0] == verb.line
    assert (group in TABLE, command.name) == (True, verb.name)


def test_every_verb_of_a_module_is_in_the_table(loaded: Verbs) -> None:
    """None is written and forgotten."""
    rows = {(verb.module, verb.name) for verbs in TABLE.values() for verb in verbs}
    for module in {verb.module for verbs in TABLE.values() for verb in verbs}:
        app = sys.modules[f"console.cli.{module}"].verbs
        infos = [*app.registered_commands, *app.registered_groups]
        assert {(module, info.name) for info in infos} <= rows
    assert len(loaded.commands) == len(rows)


def test_help_imports_next_to_nothing(loaded: Verbs) -> None:
    """Of `retention --help` and of each verb: counted in modules, in a process that has Typer and Rich alone."""
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


def test_a_stand_in_has_a_group_and_a_line_and_nothing_else() -> None:
    """Until a verb is called, nothing of it is imported."""
    made = Verbs()
    assert {command.callback for command in made.commands.values()} == {None}
    assert made.load("nope") is None


@pytest.mark.parametrize(
    ("words", "path", "left"),
    [
        ("", "retention", ""),
        ("plan --env sandbox", "retention plan", "--env sandbox"),
        ("endpoint set https://e --json", "retention endpoint set", "https://e --json"),
        ("endpoint nope", "retention endpoint", "nope"),
        ("nope --json", "retention", "nope --json"),
        ("--json plan", "retention", "--json plan"),
        ("validate plan", "retention validate", "plan"),
    ],
)
def test_a_command_is_found_by_its_words(words: str, path: str, left: str) -> None:
    """As far as they name one; the rest is the command's to read."""
    call = find(Verbs(), words.split())
    assert (call.path, call.words) == (tuple(path.split()), tuple(left.split()))


@pytest.mark.parametrize(
    ("words", "asks"),
    [
        ("plan --json", True),
        ("plan --env sandbox --json retention.yaml", True),
        ("plan --nope --json", True),
        ("plan --yes=1 --json", True),
        ("nope --json", True),
        ("--json", True),
        ("endpoint show --json", True),
        ("apply -y --json", True),
        ("apply -esandbox --json", True),
        ("plan", False),
        ("plan -- --json", False),
        ("plan --env --json", False),
        ("plan --env", False),
        ("plan -e --json", False),
        ("apply -ye --json", False),
        ("coverage --product --json --env sandbox", False),
        ("plan --json=1", False),
        ("plan --jsonl", False),
    ],
)
def test_json_is_found_as_an_option(words: str, asks: bool) -> None:  # noqa: FBT001  # a parameter
    """Neither as another option's value nor behind `--`; also where the command refuses what else is there."""
    assert find(Verbs(), words.split()).asks_for_json() is asks
