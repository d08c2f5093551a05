"""Each error that may end a command has one sentence; an error that is a bug of ours has none."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError, SSLError, UnknownServiceError
from botocore.exceptions import SSOTokenLoadError as NoSignIn
from botocore.session import Session
from retention.errors import ConfigurationError, UnreadableRowError

from console.deployment.failures import sentence
from console.terminal.failure import Failure

SIGN_IN = "The AWS session has ended, or has not begun: sign in with `aws sso login --profile p`."


def refused(code: str, message: str = "", operation: str = "GetItem") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (Failure("a.yaml is not there."), "a.yaml is not there."),
        (ConfigurationError("code", "the table is not named"), "The table is not named."),
        (UnreadableRowError("texts is damaged"), "The table has a row that this console did not write: texts is dam"),
        (FileNotFoundError(errno.ENOENT, "No such file", "/a/b"), "/a/b: No such file."),
        (OSError("a socket\nfailed."), "a socket failed."),
    ],
)
def test_our_own_errors_and_the_systems_are_sentences(error: Exception, expected: str) -> None:
    """The sentence is on one line and ends with a full stop."""
    text = sentence(error)
    assert text is not None
    assert text.startswith(expected)
    assert text.endswith(".")
    assert "\n" not in text


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (refused("ResourceNotFoundException"), "There is no such table here: check --table"),
        (refused("ValidationError", "Stack s does not exist"), "Stack s does not exist: deploy it first"),
        (
            refused("ValidationError", "Stack with id s does not exist", "DescribeStacks"),
            "Stack with id s does not exist: deploy it first, name the table with --table, or check account and region",
        ),
        (refused("InvalidAccessKeyId", "", "ListObjectsV2"), "AWS does not accept these credentials (InvalidAccessKe"),
        (refused("SignatureDoesNotMatch"), "AWS does not accept these credentials (SignatureDoesNotMatch): sign in"),
        (
            refused("NoSuchBucket", "The specified bucket does not exist", "ListObjectsV2"),
            "The stack's bucket of lines is not there: deploy the stack with Analysis=off, and then with Analysis=on.",
        ),
        (refused("NoSuchKey", "", "GetObject"), "An object of the stack's bucket was changed or deleted"),
        (refused("PreconditionFailed", "", "GetObject"), "An object of the stack's bucket was changed or deleted"),
        (refused("ExpiredToken"), "AWS does not accept these credentials (ExpiredToken): sign in again."),
        (refused("AccessDenied", "no"), "These credentials may not do GetItem: attach the stack's OperatorPolicyArn."),
        (refused("Throttling", "Slow down."), "AWS refused GetItem (Throttling): Slow down."),
        (refused("Throttling"), "AWS refused GetItem (Throttling): it gives no reason."),
    ],
)
def test_a_refusal_of_aws_has_what_to_do(error: Exception, expected: str) -> None:
    """AWS's own message is quoted where this console knows nothing better."""
    assert str(sentence(error)).startswith(expected)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (NoCredentialsError(), "No AWS credentials were found: set AWS_PROFILE"),
        (
            EndpointConnectionError(endpoint_url="u"),
            'Nothing answers at the endpoint: Could not connect to the endpoint URL: "u". Check the network, the',
        ),
        (SSLError(endpoint_url="https://a", error=OSError("e")), "There is no trusted TLS connection to https://a: "),
        (
            NoSignIn(error_msg="e"),
            SIGN_IN,
        ),
        (UnknownServiceError(service_name="x", known_service_names="y"), "AWS could not be asked: Unknown service"),
    ],
)
def test_an_error_before_awss_answer_has_what_to_do(
    monkeypatch: pytest.MonkeyPatch, error: Exception, expected: str
) -> None:
    """The command to sign in names the profile that the shell has."""
    monkeypatch.setenv("AWS_PROFILE", "p")
    monkeypatch.delenv("AWS_DEFAULT_PROFILE", raising=False)
    assert str(sentence(error)).startswith(expected)


def test_a_directory_that_was_removed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every relative path then fails, and the path itself is not the reason."""

    def gone() -> Path:
        raise FileNotFoundError

    monkeypatch.setattr(Path, "cwd", gone)
    missing = FileNotFoundError(errno.ENOENT, "No such file", "a.yaml")
    assert sentence(missing) == "The current directory is no longer there: change to another one."
    assert sentence(FileNotFoundError(errno.ENOENT, "No such file", "/a")) == "/a: No such file."


def test_a_bug_of_ours_has_no_sentence() -> None:
    """The program's end then names the class and the place of the error."""
    assert sentence(KeyError("x")) is None


def test_an_error_from_below_awss_library_is_about_its_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """botocore lets its parsers' errors through, which are no bugs of ours."""
    monkeypatch.setattr("botocore.configprovider.ConfigValueStore.get_config_variable", int)
    with pytest.raises(Exception, match="int") as failed:
        Session().get_config_variable("region")
    assert str(sentence(failed.value)).startswith("AWS could not be asked (")
