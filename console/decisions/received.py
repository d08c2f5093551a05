"""A request to explain, read from a file: an API Gateway event, a body, or a bare signedPayload."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final

from retention.errors import RetentionError
from retention.gateway import read_body
from retention.jws import APPLE_ROOT_FINGERPRINT, SignedPayloadVerifier, apple_root
from retention.request import RetentionRequest, read_signed_payload

from console.decisions.reasons import AskedRequest, Refused
from console.terminal.failure import Failure

_PARTS: Final = 3
_TEXTS: Final = ("originalTransactionId", "productId", "userLocale", "requestIdentifier", "environment")
_NUMBERS: Final = ("appAppleId", "signedDate")


@dataclass(frozen=True, slots=True)
class Received:
    """A request and what its signature is worth: `signed_by` is `Apple`, `the local test CA`, or empty if `refused`."""

    request: RetentionRequest
    signed_by: str
    note: str
    refused: Refused | None = None


def read_event(content: bytes, now: datetime, test_root: bytes | None = None) -> Received:
    """Decode a saved request. Its signature is checked as of `now`; with a bad one, the request is read and `refused`.

    `test_root` is the DER of the local test CA's root, None where that is not trusted. Raises Failure where there is no
    request to be found.
    """
    try:
        signed_payload = _signed_payload(content)
    except RetentionError as error:
        raise Failure(f"This event is refused before its signature is looked at: {error}") from None
    request = _decoded(signed_payload)
    roots = [apple_root(), *([] if test_root is None else [test_root])]
    try:
        signed = SignedPayloadVerifier(roots).authenticate(signed_payload, now)
        RetentionRequest.from_claims(signed.payload)
    except RetentionError as error:
        return Received(request, "", "", Refused(HTTPStatus.UNAUTHORIZED, error.code, str(error)))
    if signed.anchor == APPLE_ROOT_FINGERPRINT:
        return Received(request, "Apple", "Its signature was checked: Apple signed it.")
    note = "Its signature was checked: the local test CA signed it, not Apple."
    return Received(request, "the local test CA", note)


def received_request(content: bytes, at: datetime, test_root: bytes | None, environment: str) -> AskedRequest:
    """Return a saved request, its signature checked as of `at`. Raises Failure where the content is no request.

    `test_root` is the DER of the local test CA's root, None where that is not trusted; `environment` is the App
    Store's that the endpoint answers, empty where it is not known.
    """
    received = read_event(content, at, test_root)
    notes = tuple(_received_notes(received, environment, at))
    return AskedRequest(received.request, environment, received.refused, notes)


def _received_notes(received: Received, environment: str, at: datetime) -> Iterator[str]:
    if received.note:
        yield received.note
    signed, asked = _instant(received.request.signed_date), f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    yield f"It was signed at {signed} and is judged as of {asked}; --at names another moment."
    if not environment:
        yield f"It is of {received.request.environment}; no environment was named that could be another."


def _instant(milliseconds: int) -> str:
    try:
        return f"{datetime.fromtimestamp(milliseconds / 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"
    except (ValueError, OverflowError, OSError):
        return f"{milliseconds} ms"


def _signed_payload(content: bytes) -> str:
    text = content.strip()
    if not text.startswith(b"{"):
        return text.decode("utf-8", "replace")
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Failure(f"This is neither an event, a body nor a signedPayload: {error}.") from None
    if "signedPayload" in document:
        return read_signed_payload(text)
    return read_signed_payload(read_body(document))


def _decoded(signed_payload: str) -> RetentionRequest:
    parts = signed_payload.split(".")
    if len(parts) != _PARTS:
        raise Failure("This is no signedPayload: a JWS has three parts, separated by dots.")
    try:
        claims: Any = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, RecursionError):
        raise Failure("The payload of this signedPayload is not JSON.") from None
    if not isinstance(claims, dict):
        raise Failure("The payload of this signedPayload is no JSON object.")
    for kind, names in ((str, _TEXTS), (int, _NUMBERS)):
        for name in names:
            if not isinstance(claims.get(name), kind):
                raise Failure(f"The payload has no `{name}` as Apple documents it.")
    # Field by field, so that a request which the endpoint refuses for one of them is explained all the same.
    return RetentionRequest(
        original_transaction_id=claims["originalTransactionId"],
        app_apple_id=claims["appAppleId"],
        product_id=claims["productId"],
        user_locale=claims["userLocale"],
        request_identifier=claims["requestIdentifier"].lower(),
        environment=claims["environment"],
        signed_date=claims["signedDate"],
    )
