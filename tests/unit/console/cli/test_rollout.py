"""The verbs of the rollout: what each hands to its room, and the exit code that follows from the answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import typer

from console.deployment.target import Target
from console.deployment.where import Access, Where
from console.rollout.defaults_run import Choice
from console.rollout.prune import Prunable
from console.rollout.runs import Allowed
from console.terminal.failure import Failure
from tests.support.called_verb import Call, Recorded

SESSION = SimpleNamespace(document="document")
AT = Where("sandbox", Path("draft.yaml"))
ACCESS = Access("k.p8", "http://127.0.0.1:8700")
WORDS = ("draft.yaml", "--env", "sandbox", "--key", "k.p8", "--apple-url", "http://127.0.0.1:8700")


@pytest.fixture(autouse=True)
def opened(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Where, Access]]:
    """Notes the sessions that a verb opens."""
    made: list[tuple[Where, Access]] = []

    @contextmanager
    def open_checked(where: Where, access: Access, _: object) -> Iterator[object]:
        made.append((where, access))
        yield SESSION

    monkeypatch.setattr("console.deployment.session.open_checked", open_checked)
    return made


def room(monkeypatch: pytest.MonkeyPatch, **answers: object) -> dict[str, Recorded]:
    """Replace functions of `console.rollout`, by module and name with `__` in between."""
    made = {name: Recorded(answer) for name, answer in answers.items()}
    for name, stand_in in made.items():
        monkeypatch.setattr(f"console.rollout.{name.replace('__', '.')}", stand_in)
    return made


def plan(**more: Any) -> SimpleNamespace:
    return SimpleNamespace(plan=SimpleNamespace(**{"has_changes": False, "agrees": True, **more}))


@pytest.mark.parametrize(
    ("found", "seconds", "code"),
    [
        (plan(), 0.0, 0),
        (plan(has_changes=True, agrees=False), 90.0, 3),
        (plan(agrees=False), 0.0, 3),
    ],
    ids=["agrees", "changes", "waits"],
)
def test_a_plan_ends_with_3_until_all_agree(
    call: Call,
    opened: list[tuple[Where, Access]],
    found: SimpleNamespace,
    seconds: float,
    code: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A plan without changes has no estimate, since Apple is not called."""
    made = room(monkeypatch, runs__plan_with_warnings=found, apply__estimate=90.0, plan_report__show=None)
    assert call("plan", *WORDS).code == code
    assert opened == [(AT, ACCESS)]
    assert made["plan_report__show"].given[0][:3] == (found.plan, "draft.yaml", seconds)


@pytest.mark.parametrize(("agrees", "code"), [(True, 0), (False, 3)])
def test_apply_hands_over_what_the_options_allow(
    call: Call, code: int, monkeypatch: pytest.MonkeyPatch, *, agrees: bool
) -> None:
    """It ends with 3 where something still waits for Apple."""
    made = room(monkeypatch, runs__apply="done", plan_report__show_end=agrees)
    assert call("apply", *WORDS, "--reshuffle", "--allow-silencing", "--yes").code == code
    session, _, allowed = made["runs__apply"].given[0]
    assert (session, allowed) == (SESSION, Allowed(reshuffle=True, silencing=True, yes=True))
    assert made["plan_report__show_end"].given[0][0] == "done"
    call("apply", *WORDS)
    assert made["runs__apply"].given[1][2] == Allowed()


def test_promote_names_one_file_in_two_environments(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each environment may have a table of its own."""
    made = room(monkeypatch, runs__promote="done", plan_report__show_end=True)
    call("promote", "draft.yaml", "--from", "a", "--to", "b", "--from-table", "ta", "--to-table", "tb", "--key", "k")
    source, target, access, _, allowed = made["runs__promote"].given[0]
    assert (source, target) == (Where("a", Path("draft.yaml"), "ta"), Where("b", Path("draft.yaml"), "tb"))
    assert (access.key, allowed) == ("k", Allowed())


def test_a_file_is_not_promoted_to_where_it_comes_from(call: Call) -> None:
    """That is a wrong command line."""
    with pytest.raises(typer.BadParameter, match="name two environments"):
        call("promote", "--from", "production", "--to", "production")


@pytest.mark.parametrize(("settled", "code"), [(True, 0), (False, 3)])
def test_status_ends_with_3_while_a_text_is_not_approved(
    call: Call, code: int, monkeypatch: pytest.MonkeyPatch, *, settled: bool
) -> None:
    """The status is made of what was observed, with arms reshuffled: texts are the same either way."""
    standing = SimpleNamespace(settled=settled)
    made = room(
        monkeypatch, apply__observe_and_plan=SimpleNamespace(compiled="compiled", seen="seen"),
        status__make_status=standing, status__show=None,
    )  # fmt: skip
    assert call("status", *WORDS).code == code
    assert made["status__make_status"].given == [("document", "compiled", "seen")]
    assert made["status__show"].given[0][0] is standing


@pytest.mark.parametrize(
    ("words", "choice"),
    [
        ((), Choice()),
        (("--show",), Choice(show_only=True)),
        (("--verify", "--yes"), Choice(verify=True, yes=True)),
        (("--delete-others",), Choice(delete_others=True)),
    ],
)
@pytest.mark.parametrize(("settled", "code"), [(True, 0), (False, 3)])
def test_defaults_are_settled_as_chosen(
    call: Call, words: tuple[str, ...], choice: Choice, code: int, monkeypatch: pytest.MonkeyPatch, *, settled: bool
) -> None:
    """The exit code is 3 where some still wait."""
    made = room(monkeypatch, defaults_run__settle="settled", defaults_run__show_end=settled)
    assert call("defaults", *WORDS, *words).code == code
    assert made["defaults_run__settle"].given[0][:2] == (SESSION, choice)


def test_defaults_cannot_be_shown_and_deleted_at_once(call: Call, opened: list[tuple[Where, Access]]) -> None:
    """The command line is refused before anything is opened."""
    with pytest.raises(typer.BadParameter, match="leave one of the two out"):
        call("defaults", *WORDS, "--show", "--delete-others")
    assert opened == []


SOME = Prunable({"old": "APPROVED"}, {}, frozenset())


@pytest.mark.parametrize(
    ("prunable", "words", "kept"),
    [
        (SOME, (), ["picture"]),
        (SOME, ("--show",), None),
        (Prunable({}, {}, frozenset()), (), None),
    ],
    ids=["deletes", "shows", "nothing to delete"],
)
def test_prune_deletes_unless_it_only_shows(
    call: Call, prunable: Prunable, words: tuple[str, ...], kept: list[str] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What can be deleted is shown first; without anything to delete the operator is not asked."""
    made = room(
        monkeypatch, prune_run__examine=prunable, prune_run__show=None, prune_run__prune=["picture"],
        prune_run__show_end=None,
    )  # fmt: skip
    assert call("prune", *WORDS, "--yes", *words).code == 0
    assert len(made["prune_run__show"].given) == 1
    assert made["prune_run__prune"].named == ([{"yes": True}] if kept else [])
    assert made["prune_run__show_end"].given[0][:2] == (prunable, kept)


@pytest.mark.parametrize(("well", "code"), [(True, 0), (False, 1)])
def test_doctor_ends_with_1_where_something_is_wrong(
    call: Call, code: int, monkeypatch: pytest.MonkeyPatch, *, well: bool
) -> None:
    """It opens no session: a file with mistakes must not end it."""
    made = room(monkeypatch, doctor__examine=well)
    assert call("doctor", *WORDS).code == code
    assert made["doctor__examine"].given[0][:2] == (AT, ACCESS)


def test_states_are_imported_from_the_files_named(call: Call, target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    """The files are read before the table is found; production needs a confirmation."""
    read = Recorded("lists")
    monkeypatch.setattr("console.appstore.saved_lists.read_lists", read)
    made = room(monkeypatch, states__import_states="report", states__show=None)
    assert call("import-states", "a.json", "b.json", "--env", "sandbox", "--allow-silencing").code == 0
    assert read.given == [([Path("a.json"), Path("b.json")],)]
    assert made["states__import_states"].given == [(target, "lists")]
    assert made["states__import_states"].named == [{"allow_silencing": True}]
    assert made["states__show"].given[0][:3] == ("report", "lists", target)
    production = replace(target, production=True)
    monkeypatch.setattr("console.deployment.target.find_target", lambda *_: production)
    with pytest.raises(Failure, match="would import review states in production"):
        call("import-states", "a.json", "--env", "production")
