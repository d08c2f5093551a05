"""After a failure memory answers for five seconds; one damaged row stops no other view."""

from __future__ import annotations

import pytest
from retention.aws.connection import CallFailedError
from retention.aws.deadline import OutOfTimeError
from retention.errors import CatalogUnavailableError, FormatTooNewError, RowGoneError, UnreadableRowError
from retention.lookup.failures import QUIET_SECONDS, Failures, unavailable

from tests.support.fake_table import APP, Clock

VIEW = (APP, "pro.monthly", "en-US")
OTHER = (APP, "ghost", "en-US")


@pytest.mark.parametrize("failure", [OutOfTimeError(), CallFailedError("ThrottlingException")])
def test_a_failed_call_stops_reads_for_every_view(failure: Exception) -> None:
    """For five seconds no view calls DynamoDB."""
    clock = Clock()
    failures = Failures(clock)
    assert failures.permit(VIEW)
    failures.note(failure)
    assert not failures.permit(VIEW)
    clock.now += QUIET_SECONDS
    assert failures.permit(VIEW)


def test_a_damaged_row_stops_the_view_that_needs_it_alone() -> None:
    """After a damaged row its view pauses for five seconds, and other views are read as before."""
    clock = Clock()
    failures = Failures(clock)
    failures.note(UnreadableRowError("x"))
    failures.note_view(VIEW, unavailable(UnreadableRowError("x")))
    assert (failures.permit(VIEW), failures.permit(OTHER)) == (False, True)
    clock.now += QUIET_SECONDS
    assert failures.permit(VIEW)


@pytest.mark.parametrize(
    ("failure", "code", "reason"),
    [
        (OutOfTimeError(), "deadline", ""),
        (CallFailedError("ThrottlingException"), "dynamodb", ""),
        (FormatTooNewError(), "format", "format"),
        (UnreadableRowError("x"), "malformed", "malformed"),
        (RowGoneError("x"), "malformed", "malformed"),
    ],
)
def test_each_failure_has_a_code_and_a_damaged_row_a_reason(failure: Exception, code: str, reason: str) -> None:
    """The code is logged if memory cannot answer; the reason marks an answer from memory as degraded."""
    error = unavailable(failure)
    assert (type(error), error.code) == (CatalogUnavailableError, code)
    failures = Failures(Clock())
    failures.note_view(VIEW, error)
    assert failures.reason(VIEW) == reason
    failures.forget_view(VIEW)
    assert (failures.reason(VIEW), failures.permit(VIEW)) == ("", True)


def test_the_error_of_a_call_has_the_code_of_aws_as_evidence() -> None:
    """The error has AWS's error code as evidence, which is safe to log."""
    assert unavailable(CallFailedError("ThrottlingException")).evidence == {"cause": "ThrottlingException"}


def test_after_a_restore_nothing_is_remembered() -> None:
    """A failure before a snapshot shows nothing about DynamoDB after its restore."""
    failures = Failures(Clock())
    failures.note(OutOfTimeError())
    failures.note_view(VIEW, unavailable(UnreadableRowError("x")))
    failures.forget()
    assert (failures.permit(VIEW), failures.reason(VIEW)) == (True, "")


def test_the_number_of_failed_views_is_limited() -> None:
    """A flood of unknown products cannot fill the memory: earlier failures are dropped."""
    failures = Failures(Clock())
    for number in range(1001):
        failures.note_view((APP, f"ghost.{number}", "en-US"), unavailable(UnreadableRowError("x")))
    assert failures.reason((APP, "ghost.0", "en-US")) == ""
    assert failures.reason((APP, "ghost.1000", "en-US")) == "malformed"
