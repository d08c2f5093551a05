"""A start: the table is read beside the imports, waited for at their end, and never for long."""

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
    """Stands where the store would, and is warmed by `read`."""

    def __init__(self, read: Callable[[Deadline], Any]) -> None:
        self.read = read
        self.apps: list[int] = []

    def warm(self, apps: Iterable[int], deadline: Deadline) -> Any:
        self.apps += apps
        return self.read(deadline)


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Deadline], Any]], Table]:
    """Puts a table in the place of the one that the environment names."""
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)

    def put(read: Callable[[Deadline], Any]) -> Table:
        table = Table(read)
        monkeypatch.setattr(beginning, "Store", lambda *_, **__: table)
        return table

    return put


def test_the_table_is_read_while_what_is_enclosed_goes_on(stand_in: Any) -> None:
    """Neither waits for the other until the end."""
    both = threading.Barrier(2, timeout=PATIENCE)

    def read(_: Deadline) -> Any:
        both.wait()
        return RELEASES

    table = stand_in(read)
    with Beginning() as begun:
        both.wait()
    assert (begun.releases, table.apps) == (RELEASES, [APP])


def test_time_counts_from_the_end_of_what_is_enclosed(stand_in: Any) -> None:
    """However long that took, what reads has all of init's time, and no more than that after it."""
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


def test_a_table_that_does_not_answer_is_left_behind(stand_in: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Init goes on at its deadline with nothing left of it; what comes later is the first request's gain."""
    monkeypatch.setattr(beginning, "INIT_SECONDS", 0.05)
    let_go = threading.Event()
    stand_in(lambda _: RELEASES if let_go.wait(PATIENCE) else {})
    with Beginning() as begun:
        pass
    assert not let_go.is_set()
    assert (begun.releases, begun.deadline.left()) == ({}, 0)
    let_go.set()


def test_what_fails_beside_fails_the_start_as_it_would_in_its_own_line(stand_in: Any) -> None:
    """A bug is not swallowed."""

    def read(_: Deadline) -> Any:
        raise KeyError("a bug")

    stand_in(read)
    with pytest.raises(KeyError, match="a bug"), Beginning():
        pass


@pytest.mark.parametrize(
    "variables", [{"RETENTION_TABLE": ""}, {"AWS_ENDPOINT_URL": "nowhere"}, {"RETENTION_ENVIRONMENT": "Xcode"}]
)
def test_what_is_no_deployment_begins_nothing(
    stand_in: Any, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]
) -> None:
    """`start` says what is wrong with it."""
    table = stand_in(lambda _: RELEASES)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with Beginning() as begun:
        pass
    assert (begun.reach, begun.releases, table.apps) == (None, {}, [])


def test_a_start_reads_nothing_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was begun is what the endpoint is wired with; the key is fetched in the time it left."""
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
    monkeypatch.setattr(at.store, "warm", None)  # nobody calls it
    begun.releases = RELEASES
    at.endpoint.warm(begun=begun)
    assert at.keys.asked == 1
