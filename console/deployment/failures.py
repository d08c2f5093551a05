"""The sentence for each error that can end a command: ours, AWS's and the operating system's."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

from retention.errors import RetentionError, UnreadableRowError

from console.terminal import trust
from console.terminal.failure import Failure


def sentence(error: Exception) -> str | None:
    """Return the sentence for an error that a command may meet, or None for one that is a bug of ours.

    A Failure holds a complete sentence, which may begin with the name of a file; a RetentionError holds a clause.
    AWS's errors are distinguished by name: importing botocore here would cost every command half a second.
    """
    if isinstance(error, Failure):
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
        return _unreached(error)
    if isinstance(error, OSError):
        if not Path(str(error.filename or "")).is_absolute() and _is_nowhere():
            return "The current directory is no longer there: change to another one."
        what = f"{error.filename}: " if error.filename else ""
        return f"{what}{error.strerror or _short(error)}."
    if _passed_through_botocore(error):
        return (
            f"AWS could not be asked ({type(error).__name__}): look at the AWS_ variables, the profile, and any proxy."
        )
    return None


_SIGN_IN: Final = "The AWS session has ended, or has not begun: sign in with `{command}{profile}`."

_UNREACHED: Final[dict[str, str]] = {
    "NoCredentialsError": "No AWS credentials were found: set AWS_PROFILE, or sign in with `aws login` or"
    " `aws sso login`.",
    "PartialCredentialsError": "The AWS credentials are not complete: {error}.",
    "ProfileNotFound": "{error}: set AWS_PROFILE to one of ~/.aws/config.",
    "NoRegionError": "No AWS region is known: name one with --region, or set AWS_DEFAULT_REGION.",
    "InvalidRegionError": "{error}: write one like us-east-1, with --region or in the file.",
    "EndpointConnectionError": "Nothing answers at the endpoint: {error}. Check the network, the region and"
    " --endpoint-url.",
    "ConnectTimeoutError": "AWS did not answer in time: {error}.",
    "ReadTimeoutError": "AWS did not answer in time: {error}.",
    "ProxyConnectionError": "The proxy does not answer or does not let this through ({error}): check HTTPS_PROXY and"
    " HTTP_PROXY; NO_PROXY names what is asked directly.",
    "InvalidProxiesConfigError": "The proxy cannot be used ({error}): check HTTPS_PROXY and HTTP_PROXY.",
    "SSLError": "There is no trusted TLS connection to {endpoint}: {trusted}.",
    "ResponseParserError": "What answers there is not AWS: check --endpoint-url and AWS_ENDPOINT_URL, and whether a"
    " proxy is in between.",
    "MissingDependencyException": "This profile needs the package awscrt, which this machine has no wheel of. Have the"
    " keys themselves: `aws configure export-credentials --format env`.",
    "CredentialRetrievalError": "The AWS credentials could not be had: {error}.",
    **dict.fromkeys(
        ("SSOTokenLoadError", "UnauthorizedSSOTokenError", "TokenRetrievalError", "SSOError"),
        _SIGN_IN.replace("{command}", "aws sso login"),
    ),
    **dict.fromkeys(
        (
            *("LoginError", "LoginRefreshRequired", "LoginTokenLoadError"),
            *("LoginAuthorizationCodeError", "LoginInsufficientPermissions"),
        ),
        _SIGN_IN.replace("{command}", "aws login"),
    ),
}

# How services name credentials that have ended or are wrong; S3 has names of its own.
_NOT_ACCEPTED: Final = frozenset(
    {
        *("ExpiredToken", "ExpiredTokenException", "UnrecognizedClientException", "InvalidClientTokenId"),
        *("InvalidAccessKeyId", "InvalidToken", "TokenRefreshRequired"),
        *("SignatureDoesNotMatch", "InvalidSignatureException"),
    }
)

# What S3 answers about the bucket of lines, the only one that a command reads.
_CHANGED: Final = "An object of the stack's bucket was changed or deleted while it was read: run the command again."
_OF_OBJECTS: Final[dict[str, str]] = {
    "NoSuchBucket": "The stack's bucket of lines is not there: deploy the stack with Analysis=off, and then with"
    " Analysis=on.",
    "NoSuchKey": _CHANGED,
    "PreconditionFailed": _CHANGED,
}


def _unreached(error: Exception) -> str:
    """Return the sentence for an error of botocore's that is no answer of AWS."""
    profile = os.environ.get("AWS_DEFAULT_PROFILE") or os.environ.get("AWS_PROFILE")
    return _UNREACHED.get(type(error).__name__, "AWS could not be asked: {error}.").format(
        error=_short(error),
        profile=f" --profile {profile}" if profile else "",
        endpoint=getattr(error, "kwargs", {}).get("endpoint_url", "AWS"),
        trusted=trust.hint(aws=True),
    )


def _is_nowhere() -> bool:
    try:
        Path.cwd()
    except OSError:
        return True
    return False


def _passed_through_botocore(error: Exception) -> bool:
    """Return whether AWS's library raised it, or one below: it lets its parsers' errors through as they are."""
    trace, names = error.__traceback__, []
    while trace is not None:
        names.append(str(trace.tb_frame.f_globals.get("__name__", "")))
        trace = trace.tb_next
    return any(name.startswith("botocore") for name in names) and not names[-1].startswith(("console", "retention"))


def _refused(error: Exception, response: dict[str, Any]) -> str:
    details = response.get("Error", {})
    code, message = details.get("Code", ""), str(details.get("Message", "")).rstrip(".")
    operation = getattr(error, "operation_name", "the call")
    if code == "ResourceNotFoundException":
        return "There is no such table here: check --table, --region and --endpoint-url, or deploy the stack first."
    if code == "ValidationError" and "does not exist" in message:
        return (
            f"{message}: deploy it first, name the table with --table, or check account and region (AWS_PROFILE,"
            " --region, and `region` in the file)."
        )
    if code in _NOT_ACCEPTED:
        return f"AWS does not accept these credentials ({code}): sign in again."
    if code in _OF_OBJECTS:
        return _OF_OBJECTS[code]
    if code in {"AccessDenied", "AccessDeniedException"}:
        return (
            f"These credentials may not do {operation}: attach the stack's OperatorPolicyArn. AWS's message: {message}."
        )
    return f"AWS refused {operation} ({code}): {message or 'it gives no reason'}."


def _short(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".")
