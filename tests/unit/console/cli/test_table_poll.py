"""A table that is read again and again: what counts as a change, and what an error leaves."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from console.cli import table_poll as module
from console.cli.editions import FoundTable
from console.cli.table_poll import NamedTable, TablePoll, table_poll
from console.deployment.where import Where
from console.releases.overview import TableOverview
from console.terminal.failure import Failure
from tests.support.edited_sample import edited

NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)


def found(*, paused: bool = False) -> FoundTable:
    return FoundTable(None, TableOverview(paused=paused))  # type: ignore[arg-type]


class Answers:
    """Gives one answer after another, and the last one from then on; an exception is raised."""

    def __init__(self, *given: FoundTable | Exception) -> None:
        self.given = list(given)

    def __call__(self) -> FoundTable:
        answer = self.given.pop(0) if len(self.given) > 1 else self.given[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def test_only_a_difference_is_a_change() -> None:
    """Another reading, an error, another error and its end each count once."""
    poll = TablePoll(
        Answers(found(), found(), found(paused=True), OSError("a"), OSError("a"), OSError("b"), found(paused=True)),
        lambda: NOW,
    )
    numbers = []
    for _ in range(8):
        poll.once()
        numbers.append(poll.number)
    assert numbers == [1, 1, 2, 3, 3, 4, 5, 5]


def test_what_was_read_outlasts_an_error() -> None:
    """The page is drawn with it meanwhile; before anything was read, the error itself is raised."""
    poll = TablePoll(Answers(OSError("away"), found(), OSError("away")), lambda: NOW)
    with pytest.raises(Failure, match="is being read"):
        poll.latest()
    poll.once()
    with pytest.raises(OSError, match="away"):
        poll.latest()
    poll.once()
    assert (poll.latest(), poll.failure, poll.read_at) == (found(), None, NOW)
    poll.once()
    assert (poll.latest(), str(poll.failure)) == (found(), "away")


def test_the_stack_is_found_again_only_where_the_file_names_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other edits, and files that cannot be read, leave the clients as they are."""
    asked: list[Any] = []

    def find(where: Where, document: Any) -> SimpleNamespace:
        asked.append((where, document))
        return SimpleNamespace(app_table=len(asked))

    monkeypatch.setattr(module, "find_target", find)
    monkeypatch.setattr(module, "look_at_table", lambda table, _: TableOverview(defaults={("p", "l"): table}))
    file = edited(tmp_path)
    reader = NamedTable(Where("sandbox", file))
    edits = (("default: en-US", "default: en-US"), ("Keep your weekend walks", "Keep"), ("retention-sandbox", "other"))
    for change in edits:
        edited(tmp_path, change)
        reader()
    assert len(asked) == 2
    file.write_text("rules: [", encoding="utf-8")
    assert reader().target.app_table == 2  # type: ignore[comparison-overlap]
    file.unlink()
    reader()
    assert len(asked) == 2
    with pytest.raises(Failure, match="There is no"):
        NamedTable(Where("sandbox", file))()


def test_without_a_table_nothing_is_polled() -> None:
    """A file alone is drawn without AWS; the file that is watched is the one that names the environment."""
    assert table_poll(Path("a.yaml"), Where(None)) is None
    made = table_poll(Path("a.yaml"), Where("sandbox"))
    assert made is not None
    assert isinstance(made.read, NamedTable)
    assert made.read.where.file == Path("a.yaml")
