"""The sentence for an error that ends a command."""

from __future__ import annotations

import pytest
from botocore.exceptions import NoCredentialsError
from retention.errors import RetentionError

from console.cli.sentences import sentence
from console.terminal.failure import Failure


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (Failure("retention.yaml names no app."), "retention.yaml names no app."),
        (RetentionError("code", "release 3 is live already"), "Release 3 is live already."),
        (FileNotFoundError(2, "No such file or directory", "/none.yaml"), "/none.yaml: No such file or directory."),
        (NoCredentialsError(), ("No AWS credentials were found: set AWS_PROFILE, or sign in with `aws login` or"
         " `aws sso login`.")),
    ],
)  # fmt: skip
def test_an_error_that_an_operator_may_meet_has_a_sentence(error: Exception, expected: str) -> None:
    """Ours, the operating system's and AWS's errors all read as one sentence."""
    assert sentence(error) == expected


def test_a_fault_of_the_program_has_none() -> None:
    """Its message could quote a key, so the caller prints its class and place instead."""
    assert sentence(ZeroDivisionError("secret")) is None
