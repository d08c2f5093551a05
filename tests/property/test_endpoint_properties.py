"""How the endpoint answers anything that can be sent to it."""

from __future__ import annotations

import base64
import json

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.endpoint_on_fakes import MESSAGE, catalog, make_endpoint, rule, signed

ENDPOINT = make_endpoint(catalog(rule(MESSAGE)))
# Compact, since JSON in which a space became a tab would still be the same request.
BODY = json.dumps({"signedPayload": signed()}, separators=(",", ":")).encode()
REFUSED = {400, 401, 403, 413}

unhurried = settings(deadline=None)  # no test asserts a time, and other programs share the cores

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=14), inner, max_size=3),
)


def status_of(body: bytes) -> int:
    event = {
        "version": "2.0",
        "requestContext": {"http": {"method": "POST"}},
        "body": base64.b64encode(body).decode(),
        "isBase64Encoded": True,
    }
    answer = ENDPOINT.endpoint.respond(event)
    assert ("body" in answer) == (answer["statusCode"] == 200)
    return int(answer["statusCode"])


@unhurried
@given(st.binary(max_size=70_000))
def test_any_bytes_are_refused(body: bytes) -> None:
    """Any bytes as the body get 400, 401, 403 or 413, never 200 and never 500."""
    assert status_of(body) in REFUSED


@unhurried
@given(json_values)
def test_any_json_is_refused(document: object) -> None:
    """JSON of any shape is refused, also as the value of `signedPayload`."""
    assert status_of(json.dumps(document).encode()) in REFUSED
    assert status_of(json.dumps({"signedPayload": document}).encode()) in REFUSED


@unhurried
@given(st.integers(0, len(BODY) - 1), st.integers(1, 255))
def test_any_single_changed_byte_is_refused(place: int, difference: int) -> None:
    """The body of a genuine request with any one byte changed is refused."""
    changed = bytearray(BODY)
    changed[place] ^= difference
    assert status_of(bytes(changed)) in REFUSED


def test_the_unchanged_body_is_answered() -> None:
    """The body that the other tests change is answered as it is."""
    assert status_of(BODY) == 200


@unhurried
@given(json_values)
def test_any_event_is_answered_with_a_status(event: object) -> None:
    """Any JSON value as the event gets 400, 401, 403, 405 or 413."""
    assert ENDPOINT.endpoint.respond(event)["statusCode"] in {405, *REFUSED}
