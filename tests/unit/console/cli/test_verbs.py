"""The table of verbs agrees with their modules, and a command line is read as Typer will read it."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from console.cli.verbs import TABLE, Verbs, find


@pytest.fixture(scope="module")
def loaded() -> Verbs:
    made = Verbs()
    made.load_all()
    return made


@pytest.mark.parametrize(("group", "verb"), [(group, verb) for group, verbs in TABLE.items() for verb in verbs])
def test_the_table_has_the_first_line_of_each_verb(loaded: Verbs, group: str, verb: Any) -> None:
    """`retention --help` shows for each verb the first line of its own help."""
    command = loaded.commands[verb.name]
    assert (command.help or "").partition("\n")[0] == verb.line
    assert (group in TABLE, command.name) == (True, verb.name)


def test_every_verb_of_a_module_is_in_the_table(loaded: Verbs) -> None:
    """A verb that a module registers cannot be missing from the table."""
    rows = {(verb.module, verb.name) for verbs in TABLE.values() for verb in verbs}
    for module in {verb.module for verbs in TABLE.values() for verb in verbs}:
        app = sys.modules[f"console.cli.{module}"].verbs
        infos = [*app.registered_commands, *app.registered_groups]
        assert {(module, info.name) for info in infos} <= rows
    assert len(loaded.commands) == len(rows)


def test_a_verb_is_not_imported_before_it_is_called() -> None:
    """Until a verb is called, the table has its name and a line of help, and no function."""
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
    """As many words as name a command are its path; the others are its arguments."""
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
    """--json counts neither as another option's value nor after `--`; it counts in a refused command line too."""
    assert find(Verbs(), words.split()).asks_for_json() is asks
