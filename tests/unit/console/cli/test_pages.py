"""`preview`: what it asks its room, prints, opens, and ends with."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
import typer

from console.cli.preview_run import PreviewQuestion
from console.cli.preview_watch import WatchOptions
from console.deployment.where import Where
from console.terminal.failure import Misuse
from tests.support.called_verb import Call, Recorded

AT = "2026-12-01T09:00:00Z"
MOMENT = datetime(2026, 12, 1, 9, tzinfo=UTC)


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> Recorded:
    made = Recorded(SimpleNamespace(needs_work=True))
    monkeypatch.setattr("console.cli.preview_run.run_preview", made)
    monkeypatch.setattr("console.pages.preview_report.show", Recorded())
    return made


@pytest.mark.parametrize(
    ("words", "page"),
    [
        ((), Path("preview.html")),
        (("--output", "a.html"), Path("a.html")),
        (("--json",), None),
        (("--markdown",), None),
        (("--json", "--output", "a.html"), Path("a.html")),
        (("--markdown", "--open"), Path("preview.html")),
    ],
)
def test_where_the_page_is_written(
    call: Call, ran: Recorded, words: tuple[str, ...], page: Path | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """preview.html without --output; with --json or --markdown only where it is named or opened."""
    monkeypatch.setattr(typer, "launch", Recorded())
    assert call("preview", "draft.yaml", "--at", AT, *words).code == 0
    [(question, _)] = ran.given
    assert question == PreviewQuestion(
        Path("draft.yaml"), Where(None, Path("retention.yaml")), None, (), (), MOMENT, page
    )


def test_every_option_reaches_the_question(call: Call, ran: Recorded) -> None:
    """Environment, the other side, sets and locales."""
    options = ("--env", "production", "--against", "12", "--set", "a", "--set", "b", "--locale", "fr-CA", "--app", "7")
    call("preview", "--at", AT, *options)
    [(question, _)] = ran.given
    assert (question.draft, question.against, question.sets, question.locales) == (None, "12", ("a", "b"), ("fr-CA",))
    assert (question.where.env, question.where.app) == ("production", 7)


def test_a_check_ends_with_3(call: Call, ran: Recorded) -> None:
    """Where something is wrong, waits or is missing; without --check it is no failure."""
    assert call("preview", "draft.yaml").code == 0
    assert call("preview", "draft.yaml", "--check").code == 3
    ran.answer = SimpleNamespace(needs_work=False)
    assert call("preview", "draft.yaml", "--check").code == 0


@pytest.mark.usefixtures("ran")
def test_the_page_is_opened_where_it_lies(call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """By its complete address."""
    opened = Recorded()
    monkeypatch.setattr(typer, "launch", opened)
    call("preview", "draft.yaml", "--open", "--output", str(tmp_path / "a b.html"))
    assert opened.given == [((tmp_path / "a b.html").as_uri(),)]


def test_a_page_that_is_watched_is_served(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """The port, whether to open it, whether the time is fixed; and the question without a page to write."""
    watched = Recorded()
    monkeypatch.setattr("console.cli.preview_watch.watch_preview", watched)
    assert call("preview", "draft.yaml", "--watch").code == 0
    assert call("preview", "draft.yaml", "--watch", "--port", "8123", "--open", "--at", AT).code == 0
    (_, first, _), (question, second, _) = watched.given
    assert (first, second) == (WatchOptions(0, opened=False, fixed=False), WatchOptions(8123, opened=True, fixed=True))
    assert (question.draft, question.at, question.page) == (Path("draft.yaml"), MOMENT, None)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--watch", "--check"), "leave out --check, or --watch"),
        (("--watch", "--json"), "leave out --json, or --watch"),
        (("--watch", "--markdown", "--output", "a.html"), "leave out --output and --markdown, or --watch"),
        (("--port", "8123"), "--port is the port of --watch"),
    ],
)
def test_what_watching_cannot_give_is_refused(call: Call, words: tuple[str, ...], expected: str) -> None:
    """A check, a document, a comment and a file are results; and a port is for watching alone."""
    with pytest.raises(Misuse, match=expected):
        call("preview", "draft.yaml", *words)
