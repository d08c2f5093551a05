"""Beginning: a thread reads the table while the main thread imports; init waits for it for a limited time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from retention import beginning
from retention.aws.deadline import Deadline
from retention.beginning import Beginning
from retention.lookup.store import INIT_SECONDS
from retention.signing.signer import Signer

from tests.support.endpoint_on_fakes import APP, MESSAGE, VARIABLES, catalog, load_app, make_endpoint, rule
from tests.support.waiting import PATIENCE, eventually

RELEASES: Any = {APP: catalog(rule(MESSAGE)).settings}


class Table:
    """Stands in for the store; `warm` calls the test's `read`."""

    def __init__(self, read: Callable[[Deadline], Any]) -> None:
        self.read = read
        self.apps: list[int] = []

    def warm(self, apps: Iterable[int], deadline: Deadline) -> Any:
        self.apps += apps
        return self.read(deadline)


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Deadline], Any]], Table]:
    """Return a function that puts a fake store in the place of the one that the environment names."""
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)

    def put(read: Callable[[Deadline], Any]) -> Table:
        table = Table(read)
        monkeypatch.setattr(beginning, "Store", lambda *_, **__: table)
        return table

    return put


def test_the_table_is_read_while_the_with_block_runs(stand_in: Any) -> None:
    """The read and the `with` block run at the same time."""
    both = threading.Barrier(2, timeout=PATIENCE)

    def read(_: Deadline) -> Any:
        both.wait()
        return RELEASES

    table = stand_in(read)
    with Beginning() as begun:
        both.wait()
    assert (begun.releases, table.apps) == (RELEASES, [APP])


def test_the_deadline_counts_from_the_end_of_the_with_block(stand_in: Any) -> None:
    """However long the block takes, the read has all of INIT_SECONDS left at its end, and no more after it."""
    seen: list[Deadline] = []

    def read(deadline: Deadline) -> Any:
        seen.append(deadline)
        return RELEASES

    table = stand_in(read)
    with Beginning() as begun:
        assert eventually(lambda: bool(seen))
        assert seen[0].left() == INIT_SECONDS
        assert seen[0].left() == INIT_SECONDS
    threading.Event().wait(0.001)
    assert seen[0].left() < INIT_SECONDS
    assert begun.deadline.left() < INIT_SECONDS
    assert table.apps


def test_a_table_that_does_not_answer_is_not_waited_for(stand_in: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Init goes on at its deadline; what is read later is there for the first request."""
    monkeypatch.setattr(beginning, "INIT_SECONDS", 0.05)
    released = threading.Event()
    stand_in(lambda _: RELEASES if released.wait(PATIENCE) else {})
    with Beginning() as begun:
        pass
    assert not released.is_set()
    assert (begun.releases, begun.deadline.left()) == ({}, 0)
    released.set()


def test_an_exception_in_the_reading_thread_fails_the_start(stand_in: Any) -> None:
    """A bug in the thread is raised from the `with` block."""

    def read(_: Deadline) -> Any:
        raise KeyError("a bug")

    stand_in(read)
    with pytest.raises(KeyError, match="a bug"), Beginning():
        pass


@pytest.mark.parametrize(
    "variables", [{"RETENTION_TABLE": ""}, {"AWS_ENDPOINT_URL": "nowhere"}, {"RETENTION_ENVIRONMENT": "Xcode"}]
)
def test_an_invalid_deployment_begins_nothing(
    stand_in: Any, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]
) -> None:
    """`start` reports afterwards what is wrong with the environment."""
    table = stand_in(lambda _: RELEASES)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with Beginning() as begun:
        pass
    assert (begun.reach, begun.releases, table.apps) == (None, {}, [])


def test_a_start_reads_nothing_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """The endpoint uses the store and credentials that were begun; the key is fetched in the remaining time."""
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    with Beginning() as begun:
        pass
    app = load_app()
    endpoint = app.start(begun)
    assert begun.reach
    assert endpoint.store is begun.reach.store
    assert endpoint.credentials is begun.reach.credentials

    at = make_endpoint(catalog(rule(MESSAGE)), signer=Signer.throwaway("REAL"))
    monkeypatch.setattr(at.store, "warm", None)  # must not be called
    begun.releases = RELEASES
    at.endpoint.warm(begun=begun)
    assert at.keys.asked == 1
