"""`preview`: what it asks its room, prints, opens, and ends with."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
import typer

from console.cli.preview_run import PreviewQuestion
from console.deployment.where import Where
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
