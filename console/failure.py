"""What ends a command: one sentence, for people and for `--json`. Exit code 1; 2 where it was called wrongly."""

from __future__ import annotations

from typing import Any

from retention.errors import RetentionError
from retention.table import UnreadableRowError

from console.file.mistakes import Mistakes


class Failure(Exception):  # noqa: N818  # it is an outcome
    """A command cannot do what it was asked; the message says why and what to do."""


class Misuse(Failure):
    """A command was called wrongly: an option or argument is missing, or is none of what it can be. Exit code 2."""


def sentence(error: Exception) -> str | None:
    """Return the sentence for an error that a command may meet, or None for one that is a bug of ours.

    A Failure is a finished one, which may begin with the name of a file; a RetentionError is the clause of one. AWS's
    errors are told apart by name: importing botocore here would cost every command half a second.
    """
    if isinstance(error, Failure | Mistakes):
        return str(error)
    if isinstance(error, RetentionError):
        clause = str(error)
        return f"{clause[:1].upper()}{clause[1:].rstrip('.')}."
    if isinstance(error, UnreadableRowError):
        return f"The table has a row that this console did not write: {_short(error)}."
    response = getattr(error, "response", None)
    if type(error).__module__.startswith("botocore") and isinstance(response, dict):
        return _refused(error, response)
    if type(error).__module__.startswith("botocore"):
        return _UNREACHED.get(type(error).__name__, "AWS could not be asked: {error}.").format(error=_short(error))
    if isinstance(error, OSError):
        what = f"{error.filename}: " if error.filename else ""
        return f"{what}{error.strerror or _short(error)}."
    return None


_UNREACHED = {
    "NoCredentialsError": "No AWS credentials were found: set AWS_PROFILE, or sign in with `aws sso login`.",
    "PartialCredentialsError": "The AWS credentials are not complete: {error}.",
    "ProfileNotFound": "{error}: set AWS_PROFILE to one of ~/.aws/config.",
    "NoRegionError": "No AWS region is known: name one with --region, or set AWS_DEFAULT_REGION.",
    "EndpointConnectionError": "Nothing answers at the endpoint: {error}.",
    "ConnectTimeoutError": "AWS did not answer in time: {error}.",
    "ReadTimeoutError": "AWS did not answer in time: {error}.",
    "SSOTokenLoadError": "The AWS session has ended: sign in with `aws sso login`.",
    "UnauthorizedSSOTokenError": "The AWS session has ended: sign in with `aws sso login`.",
    "TokenRetrievalError": "The AWS session has ended: sign in with `aws sso login`.",
}


def _refused(error: Exception, response: dict[str, Any]) -> str:
    details = response.get("Error", {})
    code, message = details.get("Code", ""), str(details.get("Message", "")).rstrip(".")
    operation = getattr(error, "operation_name", "the call")
    if code == "ResourceNotFoundException":
        return "There is no such table here: check --table, --region and --endpoint-url, or deploy the stack first."
    if code == "ValidationError" and "does not exist" in message:
        return f"{message}: deploy it first, or name the table with --table."
    if code in {"ExpiredToken", "ExpiredTokenException", "UnrecognizedClientException", "InvalidClientTokenId"}:
        return f"AWS does not accept these credentials ({code}): sign in again."
    if code in {"AccessDenied", "AccessDeniedException"}:
        return f"These credentials may not do {operation}: attach the stack's OperatorPolicyArn. AWS says: {message}."
    return f"AWS refused {operation} ({code}): {message or 'it does not say why'}."


def _short(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".")
