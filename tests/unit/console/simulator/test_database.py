"""The simulator's database: transactions, and what other processes see of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, nullcontext
from pathlib import Path

import pytest

from console.simulator.database import Database

INSERT = "INSERT INTO setting VALUES (?, ?)"
NAMES = "SELECT name FROM setting ORDER BY name"


@pytest.fixture
def database() -> Iterator[Database]:
    with closing(Database(":memory:")) as database:
        yield database


def names(database: Database) -> list[str]:
    return [name for (name,) in database.all(NAMES)]


def test_a_statement_reports_how_many_rows_it_changed(database: Database) -> None:
    """`run` returns the number of changed rows, `one` the first row or None."""
    assert [database.run(INSERT, name, "") for name in "ab"] == [1, 1]
    assert database.run("UPDATE setting SET value = 'x'") == 2
    assert database.run("DELETE FROM setting WHERE name = ?", "c") == 0
    assert database.one(NAMES) == ("a",)
    assert database.one("SELECT 1 FROM setting WHERE name = ?", "c") is None


def fail_after(database: Database, name: str, *, inner: bool) -> None:
    """Insert a row in a transaction that fails, with `inner` in a finished transaction inside it."""
    with database.transaction():
        with database.transaction() if inner else nullcontext():
            database.run(INSERT, name, "")
        raise RuntimeError


def test_a_failed_transaction_leaves_nothing(database: Database) -> None:
    """If the block fails, none of its statements has any effect."""
    with pytest.raises(RuntimeError):
        fail_after(database, "a", inner=False)
    assert names(database) == []


def test_an_inner_transaction_is_part_of_the_outer_one(database: Database) -> None:
    """What a finished inner block wrote is gone if the outer one fails."""
    with pytest.raises(RuntimeError):
        fail_after(database, "inner", inner=True)
    assert names(database) == []


def test_the_outer_transaction_goes_on_after_a_failed_inner_one(database: Database) -> None:
    """An inner block that failed and was handled does not end the outer transaction."""
    with database.transaction():
        with pytest.raises(RuntimeError), database.transaction():
            raise RuntimeError
        database.run(INSERT, "outer", "")
    assert names(database) == ["outer"]


def test_another_connection_sees_a_transaction_when_it_is_over(tmp_path: Path) -> None:
    """A second process sees nothing of a transaction before its end, and all of it afterwards."""
    path = tmp_path / "box.sqlite3"
    with closing(Database(path)) as writing, closing(Database(path)) as reading:
        with writing.transaction():
            writing.run(INSERT, "a", "")
            during = names(reading)
        assert (during, names(reading)) == ([], ["a"])


def test_a_database_that_is_opened_again_has_its_rows(tmp_path: Path) -> None:
    """Opening an existing file keeps what it has."""
    path = tmp_path / "box.sqlite3"
    for name in ("a", "b"):
        with closing(Database(path)) as database:
            database.run(INSERT, name, "")
    with closing(Database(path)) as database:
        assert names(database) == ["a", "b"]
