"""What an HTTP status of Apple's API means, for the sync and for the console."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from retention.appstore.statuses import (
    NO_ACCESS,
    RATE_LIMITED,
    REFUSED,
    SERVER_FAILED,
    UNAUTHORIZED,
    StatusMeaning,
    meaning_of,
    when_again,
)

KNOWN = {"call": "“A {call}”", "key": "the key", "app": "this app", "status": "HTTP 500", "when": "later", "why": "no"}


@pytest.mark.parametrize(
    ("status", "meaning"),
    [
        *((301, REFUSED), (400, REFUSED), (403, REFUSED), (418, REFUSED), (499, REFUSED)),
        *((401, UNAUTHORIZED), (404, NO_ACCESS), (429, RATE_LIMITED)),
        *((500, SERVER_FAILED), (503, SERVER_FAILED), (599, SERVER_FAILED)),
    ],
)
def test_a_status_has_one_meaning(status: int, meaning: StatusMeaning) -> None:
    """Only failures of Apple's server (500 and above) are worth a second call."""
    assert meaning_of(status) is meaning
    assert meaning_of(status).passing is (status >= 500)


@pytest.mark.parametrize("meaning", [UNAUTHORIZED, NO_ACCESS, RATE_LIMITED, SERVER_FAILED, REFUSED])
def test_a_sentence_is_filled_in_once(meaning: StatusMeaning) -> None:
    """A value that looks like a placeholder is not replaced a second time."""
    sentence = meaning.of(**KNOWN)
    assert ("A {call}" in sentence) is ("{call}" in meaning.sentence)
    assert sentence.replace("A {call}", "").isprintable()
    assert "{" not in sentence.replace("A {call}", "")
    assert not sentence.endswith(".")


def test_the_time_of_the_next_call_is_in_utc() -> None:
    """The time is in UTC, to the second; without one the text is "later"."""
    assert when_again(datetime(2026, 11, 24, 12, 30, tzinfo=UTC)) == "from 2026-11-24 12:30:00 UTC on"
    assert when_again(None) == "later"
