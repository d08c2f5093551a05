"""Services whose answers quote everything that they received, so that a log could repeat it."""

from __future__ import annotations

import http.client
import json
from contextlib import closing
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from console.simulator.api import Request, Response
from tests.support.waiting import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable

_TABLE = {"content-type": "application/x-amz-json-1.0"}


def quoted(request: Request) -> str:
    """Return everything that a caller sent: its headers, with its token, and its body."""
    return f"{dict(request.headers)} {request.body.decode('latin-1')}"


def parameter(value: str) -> Callable[[Request], Response]:
    """Answer as Parameter Store does; the value of every parameter is `value`."""
    document = {"Parameter": {"Name": "a", "Type": "SecureString", "Value": value, "Version": 1}}
    return lambda _: Response(200, {"content-type": "application/x-amz-json-1.1"}, json.dumps(document).encode())


def refusing(kind: str, more: str = "", *, status: int = 400) -> Callable[[Request], Response]:
    """Answer every call of AWS with an error whose type, message and header quote the call, and `more`."""

    def refused(request: Request) -> Response:
        text = f"{more} {quoted(request)}"
        # What comes after the last # and before the first colon is the code.
        code = text.replace("#", "").replace(":", "")
        document = {"__type": f"com.amazonaws#{code}", "message": text, "Message": text}
        header = "".join(letter for letter in text if letter.isprintable() and letter.isascii())
        return Response(status, {**_TABLE, "x-amzn-errortype": f"{kind}:{header}"}, json.dumps(document).encode())

    return refused


def passing(
    url: str, refuses: Callable[[Request], bool], refused: Callable[[Request], Response]
) -> Callable[[Request], Response]:
    """Pass calls on to the DynamoDB at `url`, and refuse some."""

    def answer(request: Request) -> Response:
        if refuses(request):
            return refused(request)
        with closing(http.client.HTTPConnection(urlsplit(url).netloc, timeout=PATIENCE)) as table:
            table.request("POST", "/", request.body, dict(request.headers))
            response = table.getresponse()
            body = response.read()
        kept = {name: response.headers[name] for name in ("content-type", "x-amz-crc32") if name in response.headers}
        return Response(response.status, kept, body)

    return answer


def apple(status: int, **headers: str) -> Callable[[Request], Response]:
    """Answer as Apple's API, but quote the request in the message, the type and a header."""

    def answer(request: Request) -> Response:
        document = {"errorCode": 4000000 + status, "errorMessage": f"Refused: {quoted(request)}"}
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        sent = {"content-type": "application/json", "location": f"/{token}", "x-quoted": token, **headers}
        return Response(status, sent, json.dumps(document).encode())

    return answer


def page(request: Request) -> Response:
    """Answer as a proxy's page might, with the token for its type."""
    token = request.headers.get("authorization", "").removeprefix("Bearer ")
    return Response(200, {"content-type": token or "text/html"}, f"<html>{quoted(request)}".encode())


def listing(request: Request) -> Response:
    """Answer with a list whose ids are pieces of the token, the first of them twice and in two states."""
    token = request.headers.get("authorization", "").removeprefix("Bearer ")
    ids = [token[start : start + 36] for start in (0, 0, 36, 72)]
    found = [
        {"messageIdentifier": id_, "messageState": state, "imageIdentifier": id_, "imageState": state}
        for id_, state in zip(ids, ("APPROVED", "REJECTED", "PENDING", token[:36]), strict=True)
    ]
    document = {"messageIdentifiers": found, "imageIdentifiers": found}
    return Response(200, {"content-type": "application/json"}, json.dumps(document).encode())
