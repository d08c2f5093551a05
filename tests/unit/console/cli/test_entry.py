"""The entry point prepares the process before it imports the commands."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import ModuleType

import pytest

from console.cli import entry
from console.cli.sentences import sentence
from console.terminal import program


def test_the_process_is_prepared_before_the_commands_are_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C while they are imported ends in one word, by the sentences that the commands use too."""
    order: list[object] = []

    class Main(ModuleType):
        @property
        def main(self) -> object:
            order.append("imported")
            return lambda: order.append("run")

    monkeypatch.setattr(program, "begin", order.append)
    monkeypatch.setitem(sys.modules, "console.cli.main", Main("console.cli.main"))
    run: Callable[[], object] = entry.retention  # it does not return, unless what it calls is replaced
    run()
    assert order == [sentence, "imported", "run"]


def test_an_interrupted_import_is_left_to_the_prepared_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """The exception passes through to the hook that `begin` has set."""

    class Interrupted(ModuleType):
        @property
        def main(self) -> object:
            raise KeyboardInterrupt

    monkeypatch.setattr(program, "begin", lambda _: None)
    monkeypatch.setitem(sys.modules, "console.cli.main", Interrupted("console.cli.main"))
    with pytest.raises(KeyboardInterrupt):
        entry.retention()
