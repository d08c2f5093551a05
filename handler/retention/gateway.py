"""HTTP as API Gateway hands it over: events of payload formats 2.0 and 1.0, and the response that both take."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any, Final

from retention.errors import BodyTooLargeError, MalformedBodyError, MethodNotAllowedError
from retention.request import MAX_BODY_BYTES
from retention.response import CONTENT_TYPE

HttpResponse = dict[str, Any]

# Four base64 characters carry three bytes; a longer text cannot be within the limit.
_MAX_BASE64 = (MAX_BODY_BYTES + 2) // 3 * 4

# API Gateway's ids are base64 of 16 characters or UUIDs. An event is input, and its id goes into a log line.
_REQUEST_ID: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=_-")
_MAX_REQUEST_ID: Final = 64


def read_body(event: object) -> bytes:
    """Return the bytes that were posted, or raise MethodNotAllowedError, BodyTooLargeError or MalformedBodyError."""
    fields: Mapping[str, Any] = event if isinstance(event, Mapping) else {}
    if _method(fields) != "POST":
        raise MethodNotAllowedError("method_not_allowed", "Only POST is answered.")
    body = fields.get("body")
    if not isinstance(body, str):
        return b""
    if fields.get("isBase64Encoded") is True:
        return _decoded(body)
    # Half of a surrogate pair cannot come over HTTP; it fails where every other text that is not UTF-8 does.
    return body.encode("utf-8", "surrogatepass")


def body_length(event: object) -> int:
    """Return the number of characters of the event's body: all that is logged of a body that is refused."""
    body = event.get("body") if isinstance(event, Mapping) else None
    return len(body) if isinstance(body, str) else 0


def request_id_of(event: object) -> str | None:
    """Return the id that API Gateway's access log has for this request, None where the event has none.

    Both payload formats have it at the same place. A text that is longer than any id is cut, and one with a character
    that no id has is left out: it would be a text of the caller's in our log.
    """
    context = event.get("requestContext") if isinstance(event, Mapping) else None
    found = context.get("requestId") if isinstance(context, Mapping) else None
    is_id = isinstance(found, str) and found != "" and _REQUEST_ID.issuperset(found)
    return str(found)[:_MAX_REQUEST_ID] if is_id else None


def http_response(status: int, body: str | None = None, headers: Mapping[str, str] | None = None) -> HttpResponse:
    """Return the response in the form that both payload formats take. `no-store`: an answer is for one customer."""
    response: HttpResponse = {
        "statusCode": status,
        "headers": {"cache-control": "no-store", **(headers or {})},
        "isBase64Encoded": False,
    }
    if body is not None:
        response["headers"]["content-type"] = CONTENT_TYPE
        response["body"] = body
    return response


def _method(event: Mapping[str, Any]) -> object:
    context = event.get("requestContext")
    http = context.get("http") if isinstance(context, Mapping) else None
    if isinstance(http, Mapping):  # 2.0
        return http.get("method")
    return event.get("httpMethod")  # 1.0


def _decoded(body: str) -> bytes:
    if len(body) > _MAX_BASE64:
        raise BodyTooLargeError(
            "body_too_large", f"The body has more than {MAX_BODY_BYTES} bytes.", limit=MAX_BODY_BYTES
        )
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        raise MalformedBodyError("body_not_base64", "The event declares base64 and its body is none.") from None
