"""`publish`, `releases`, `rollback`, `pause`, `resume`: on a table in memory, with the question before production."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from retention.table import read_head

from console.deployment.target import Target
from console.deployment.where import Where
from console.releases.live import live_number
from console.releases.read import ReleaseError
from console.terminal.failure import Failure
from tests.support.called_verb import Call, Recorded
from tests.support.small_release import NOW, put

AT = ("--env", "sandbox")


@pytest.fixture
def two(target: Target) -> Target:
    """A table with two releases, the second one live."""
    put(target.dynamodb, target.table, "one")
    put(target.dynamodb, target.table, "two")
    return target


@pytest.mark.usefixtures("target")
def test_an_empty_table_has_no_releases(call: Call) -> None:
    """That is no failure."""
    ended = call("releases", *AT)
    assert (ended.code, ended.out) == (0, "Nothing has been published for this app.\n")


@pytest.mark.usefixtures("two")
def test_releases_are_listed_newest_first(call: Call) -> None:
    """The document has every release, the live one marked."""
    listed = call("releases", *AT, "--json").document
    assert [(one["number"], one["live"]) for one in listed] == [(2, True), (1, False)]


@pytest.mark.parametrize("number", [(), ("1",)], ids=["the one before", "by its number"])
def test_a_rollback_names_both_releases(call: Call, two: Target, number: tuple[str, ...]) -> None:
    """Text and document have the release that is live now and the one that was."""
    assert call("rollback", *number, *AT).out == "Release 1 is live again, instead of 2.\n"
    assert live_number(two.app_table) == 1
    assert call("rollback", "2", *AT, "--json").document == {"release": 2, "previous": 1}


@pytest.mark.usefixtures("target")
@pytest.mark.parametrize("verb", ["rollback", "pause", "resume"])
def test_before_the_first_publish_there_is_nothing_to_change(call: Call, verb: str) -> None:
    """Each verb fails with the same sentence."""
    with pytest.raises(ReleaseError, match="nothing has been published for this app"):
        call(verb, *AT)


def test_answers_are_paused_and_resumed(call: Call, two: Target) -> None:
    """Both verbs print what the App Store does then."""
    assert call("pause", *AT).out == "Paused: the App Store falls back.\n"
    assert read_head(two.app_table.head()).paused
    assert call("resume", *AT).out == "Answering again.\n"
    assert not read_head(two.app_table.head()).paused
    assert call("pause", *AT, "--json").document == {"paused": True}


@pytest.mark.parametrize(
    ("words", "doing"),
    [
        (("rollback",), "roll back to the release before"),
        (("rollback", "1"), "roll back to release 1"),
        (("pause",), "pause all answers"),
        (("resume",), "resume answering"),
    ],
)
def test_production_is_not_changed_without_a_confirmation(
    call: Call, two: Target, words: tuple[str, ...], doing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sentence names what would be done, and --yes as the way without a terminal."""
    production = replace(two, production=True)
    monkeypatch.setattr("console.deployment.target.find_target", lambda *_: production)
    before = two.app_table.head()
    with pytest.raises(Failure, match=f"would {doing} in production .* Add --yes"):
        call(*words, "--env", "production")
    assert two.app_table.head() == before


@pytest.fixture
def publishing(target: Target, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """The room of `publish`, replaced: a draft for the table, compiled without warnings."""
    from console.rollout.publish import Draft  # noqa: PLC0415  # as the verb imports it

    compiled = SimpleNamespace(warnings=())
    draft = Draft(compiled, target, None, NOW, Path())  # type: ignore[arg-type]  # as far as the verb reads it
    made = SimpleNamespace(prepare=Recorded(draft), publish_draft=Recorded("published"), show=Recorded(), draft=draft)
    for name in ("prepare", "publish_draft", "show"):
        monkeypatch.setattr(f"console.rollout.publish.{name}", getattr(made, name))
    return made


@pytest.mark.parametrize(("words", "reshuffle"), [((), False), (("--reshuffle",), True)])
def test_a_publish_prepares_the_file_and_writes_the_draft(
    call: Call,
    publishing: SimpleNamespace,
    words: tuple[str, ...],
    reshuffle: bool,  # noqa: FBT001  # a parameter
) -> None:
    """The time of the release is that of the writing: the question before it may have waited for hours."""
    assert call("publish", "draft.yaml", *AT, *words).code == 0
    assert publishing.prepare.given == [(Where("sandbox", Path("draft.yaml")),)]
    assert publishing.prepare.named[0]["reshuffle"] is reshuffle
    [(draft, _)] = publishing.publish_draft.given
    assert draft.now > NOW
    assert replace(draft, now=NOW) == publishing.draft
    assert publishing.show.given[0][:3] == ("published", draft, Path("draft.yaml"))


def test_a_publish_to_production_is_confirmed_first(call: Call, publishing: SimpleNamespace) -> None:
    """The file is compiled before the question, so that an operator never confirms a file with mistakes."""
    publishing.prepare.answer = replace(publishing.draft, target=replace(publishing.draft.target, production=True))
    with pytest.raises(Failure, match=r"would publish draft\.yaml in production"):
        call("publish", "draft.yaml", "--env", "production")
    assert (len(publishing.prepare.given), publishing.publish_draft.given) == (1, [])
