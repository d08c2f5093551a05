"""What can go wrong at Apple's API is one kind, one sentence, and the evidence."""

from __future__ import annotations

import pytest

from console.appstore.errors import IMAGE_IN_USE, AppleError, Kind, rate_limited, refused, taken


@pytest.mark.parametrize(
    ("code", "message", "expected"),
    [
        (4000001, "Bad.", "Apple refuses “Upload Image”: Bad (4000001)."),
        (4000001, "", "Apple refuses “Upload Image”: HTTP 400 (4000001)."),
        (IMAGE_IN_USE, "In use", f"In use ({IMAGE_IN_USE}). Delete the messages that use the image first."),
    ],
)
def test_a_refusal_is_apples_text_with_a_hint(code: int, message: str, expected: str) -> None:
    """Where Apple's text does not state what to do, a hint does."""
    error = refused("Upload Image", 400, code, message)
    assert str(error).endswith(expected)
    assert error.evidence == {"kind": "refused", "httpStatus": 400, "errorCode": code}


def test_a_rate_limit_has_the_time_from_which_calls_are_taken() -> None:
    """The time is in UTC, in the sentence and in the evidence; without one the sentence has none."""
    error = rate_limited("Upload Image", 1_800_003_600.0, 4290000)
    assert "2027-01-15 09:00:00 UTC" in str(error)
    assert error.evidence == {
        "kind": "rate-limited",
        "httpStatus": 429,
        "errorCode": 4290000,
        "retryAt": 1_800_003_600.0,
    }
    assert rate_limited("Upload Image", None, None).evidence == {"kind": "rate-limited", "httpStatus": 429}


def test_a_taken_identifier_needs_another_revision() -> None:
    """An identifier follows from content, so that another one needs another `revision`."""
    error = taken("message", "id")
    assert (error.kind, error.status) == (Kind.TAKEN, 409)
    assert "Write another `revision` for that message" in str(error)


@pytest.mark.parametrize("kind", Kind)
def test_only_some_failures_leave_open_whether_apple_did_it(kind: Kind) -> None:
    """After a server's failure, a time-out or a lost connection Apple may have done what was asked."""
    assert AppleError(kind, "…").unclear is (kind in {Kind.SERVER, Kind.TIMED_OUT, Kind.UNREACHABLE})
