"""What the endpoint does with everything that can be posted to it."""

from __future__ import annotations

import base64
import json

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.endpoint_on_fakes import MESSAGE, catalog, make_endpoint, rule, signed

BENCH = make_endpoint(catalog(rule(MESSAGE)))
# Compact: a space of JSON may be changed to a tab and mean the same.
BODY = json.dumps({"signedPayload": signed()}, separators=(",", ":")).encode()
REFUSED = {400, 401, 403, 413}

unhurried = settings(deadline=None)  # two cores are shared, and no test is about time

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
    answer = BENCH.endpoint.respond(event)
    assert ("body" in answer) == (answer["statusCode"] == 200)
    return int(answer["statusCode"])


@unhurried
@given(st.binary(max_size=70_000))
def test_any_bytes_at_all_are_refused(body: bytes) -> None:
    """Whatever is posted, the answer is 400, 401, 403 or 413, never 200 and never 500."""
    assert status_of(body) in REFUSED


@unhurried
@given(json_values)
def test_any_json_at_all_is_refused(document: object) -> None:
    """JSON of any shape, `signedPayload` of any type."""
    assert status_of(json.dumps(document).encode()) in REFUSED
    assert status_of(json.dumps({"signedPayload": document}).encode()) in REFUSED


@unhurried
@given(st.integers(0, len(BODY) - 1), st.integers(1, 255))
def test_any_single_changed_byte_is_refused(place: int, difference: int) -> None:
    """The body of a good request with any byte changed to any other is refused."""
    changed = bytearray(BODY)
    changed[place] ^= difference
    assert status_of(bytes(changed)) in REFUSED


def test_the_unchanged_body_is_answered() -> None:
    """What the tests above spoil is a request that is answered."""
    assert status_of(BODY) == 200


@unhurried
@given(json_values)
def test_any_event_at_all_is_answered_with_a_status(event: object) -> None:
    """Lambda may be invoked with anything; the endpoint answers it like a gateway's event."""
    assert BENCH.endpoint.respond(event)["statusCode"] in {405, *REFUSED}
