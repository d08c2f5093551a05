"""The result of a scheduled function for one app, as it is logged and counted."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from retention.appstore.transport import RateLimitedError
from retention.aws.connection import CallFailedError
from retention.errors import RetentionError
from retention.log.app_result import AppResult, report_run

from tests.support.sync_entry import Lines

RATE_LIMITED = RateLimitedError("/messageList", datetime(2026, 11, 30, 20, tzinfo=UTC))
FAILED = RetentionError("apple_failed", "Apple answered 500 twice", status=500)


@pytest.mark.parametrize(
    ("error", "word", "level", "fields"),
    [
        (
            RATE_LIMITED,
            "rate limited",
            "warning",
            {"reason": RATE_LIMITED.code, "evidence": {"until": "2026-11-30T20:00:00+00:00"}},
        ),
        (
            FAILED,
            "failed",
            "error",
            {"reason": "apple_failed", "explanation": "Apple answered 500 twice", "evidence": {"status": 500}},
        ),
        (CallFailedError("ThrottlingException"), "failed", "error", {"reason": "ThrottlingException"}),
    ],
    ids=["rate limited", "ours", "AWS"],
)
def test_a_failure_has_its_reason(error: Exception, word: str, level: str, fields: dict[str, object]) -> None:
    """An error of ours has its sentence, one of AWS its code alone; Apple's rate limit ends by itself."""
    result = AppResult(1, "failed")
    result.fail(error, "SyncFailed")
    assert (result.word, result.level, result.fields) == (word, level, fields)
    assert result.counts == {"SyncFailed": 1}
    assert not result.succeeded


def test_an_unexpected_failure_has_its_place_and_no_message() -> None:
    """The message of another library's exception may quote a secret."""
    result = AppResult(1, "failed")
    with pytest.raises(ValueError, match="secret") as caught:
        int("secret")
    result.fail(caught.value, "SyncFailed")
    assert result.fields["reason"] == "ValueError"
    assert "secret" not in str(result.fields)
    assert "test_app_result" in str(result.fields["evidence"])


def test_the_line_names_the_app_first() -> None:
    """The line has the app, and then what was found out."""
    lines, result = Lines(), AppResult(1, "failed")
    result.succeed("synced")
    result.fields = {"imported": 2}
    result.report(lines)  # type: ignore[arg-type]  # in its place
    assert lines.reported == [("synced", "info", {"appAppleId": 1, "imported": 2})]


@pytest.mark.parametrize("succeeded", [True, False], ids=["all", "not all"])
def test_a_run_is_counted_where_every_app_succeeded(succeeded: bool) -> None:  # noqa: FBT001  # a parameter
    """One app that fails is not hidden by the others."""
    lines, one, other = Lines(), AppResult(1, "failed"), AppResult(2, "failed")
    one.succeed("synced")
    if succeeded:
        other.succeed("unpublished")
    found = report_run(lines, [one, other], "sync succeeded", "SyncSucceeded")  # type: ignore[arg-type]  # in its place
    assert [app["outcome"] for app in found["apps"]] == ["synced", other.word]
    assert lines.reported == [("sync succeeded", "info", {"apps": 2})] * succeeded
    assert lines.counted == ({"SyncSucceeded": [1]} if succeeded else {})
