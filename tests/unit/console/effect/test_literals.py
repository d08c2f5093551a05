"""A value gets into a query as a literal of harmless characters, or not at all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from console.effect.literals import instant_text, render
from console.terminal.failure import Failure


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("switch-2026q4", "switch-2026q4"),
        ("Wechsel im März (2)", "Wechsel im März (2)"),
        ("", ""),
        (6745974591, "6745974591"),
        (-3, "-3"),
        (datetime(2026, 11, 30, 0, 53, 20, 122_999, UTC), "2026-11-30 00:53:20.122"),
        (datetime(2026, 11, 30, 1, 0, tzinfo=timezone(timedelta(hours=1))), "2026-11-30 00:00:00.000"),
    ],
)
def test_a_value_is_written_between_quotes(value: Any, written: str) -> None:
    """A text as it is, a number in digits, an instant in UTC with milliseconds."""
    assert render("WHERE a = '@key' AND b = '@key'", {"key": value}) == f"WHERE a = '{written}' AND b = '{written}'"


@pytest.mark.parametrize(
    "hostile",
    [
        "a' OR '1'='1",
        "a''b",
        'a"b',
        "a\\'b",
        "a; DROP TABLE b",
        "a\nb",
        "a\x00b",
        "a`b",
        "a$$b",
        "\u2019",  # the typographic apostrophe
        "\u02bc",  # a letter that looks like one
        "a%b",
        "a*b",
        "{a}",
        "a" * 129,
        10**18,
        True,
        1.5,
        None,
    ],
    ids=ascii,
)
def test_another_value_is_refused(hostile: Any) -> None:
    """What could end a literal, or is no text, number or instant, is refused; the message does not repeat it."""
    with pytest.raises(Failure) as refused:
        render("WHERE a = '@key'", {"key": hostile})
    assert "The key of this analysis" in str(refused.value)
    assert not isinstance(hostile, str) or hostile not in str(refused.value)


def test_a_value_that_looks_like_a_place_stays_as_it_is() -> None:
    """A value is not searched for further places."""
    assert render("'@key' '@app'", {"key": "@app", "app": 1}) == "'@app' '1'"


def test_a_place_without_a_value_is_a_mistake_of_ours() -> None:
    """A missing value raises KeyError: no query is sent without one."""
    with pytest.raises(KeyError):
        render("'@other'", {"key": "a"})


def test_an_instant_is_cut_to_milliseconds() -> None:
    """It is never rounded up to a later one."""
    assert instant_text(datetime(2026, 1, 1, 0, 0, 0, 999, UTC)) == "2026-01-01 00:00:00.000"
