"""A saved request is read in every form in which it can be kept."""

from __future__ import annotations

import base64
import json

import pytest

from console.decisions.received import read_event
from console.local.samples import EVENTS, SAMPLE, SAMPLE_CLOCK
from console.simulator.authority import Authority
from console.terminal.failure import Failure

CLAIMS = {
    "originalTransactionId": "99371282",
    "appAppleId": 6745974591,
    "productId": "trailhead.pro.annual",
    "userLocale": "en-US",
    "requestIdentifier": "3DB5C98D-8acf-4e29-831e-8e1f82f9f6e9",
    "environment": "Sandbox",
    "signedDate": 1795521600000,
}


AUTHORITY = Authority.load(SAMPLE.parent / "ca")


@pytest.mark.parametrize("form", ["token", "body", "event 2.0", "event 1.0", "base64"])
def test_a_saved_request_is_read_in_every_form(form: str) -> None:
    """API Gateway events of both formats, a body, and a bare signedPayload are read."""
    token = AUTHORITY.sign(CLAIMS)
    body = json.dumps({"signedPayload": token})
    forms: dict[str, str] = {
        "token": token,
        "body": body,
        "event 2.0": json.dumps({"requestContext": {"http": {"method": "POST"}}, "body": body}),
        "event 1.0": json.dumps({"httpMethod": "POST", "body": body, "isBase64Encoded": False}),
        "base64": json.dumps(
            {"httpMethod": "POST", "body": base64.b64encode(body.encode()).decode(), "isBase64Encoded": True}
        ),
    }
    received = read_event(forms[form].encode(), SAMPLE_CLOCK, AUTHORITY.root_der)
    assert received.request.product_id == "trailhead.pro.annual"
    assert received.signed_by == "the local test CA"


def test_a_bad_signature_is_reported_and_the_request_explained() -> None:
    """A request with a wrong signature is explained too, with the 401 that the endpoint would answer."""
    received = read_event(AUTHORITY.sign(CLAIMS).encode(), SAMPLE_CLOCK)
    assert received.signed_by == ""
    assert received.refused is not None
    assert received.refused.status == 401


def test_a_request_with_a_wrong_claim_is_explained_with_the_refusal() -> None:
    """The endpoint refuses an identifier that is no UUID; the other claims are read for the explanation."""
    token = AUTHORITY.sign({**CLAIMS, "requestIdentifier": "seven"})
    received = read_event(token.encode(), SAMPLE_CLOCK, AUTHORITY.root_der)
    assert received.request.request_identifier == "seven"
    assert received.refused is not None
    assert (received.refused.status, received.refused.code) == (401, "claim_type")


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"{}", b"a.b", b"a.b.c", b'{"signedPayload": 1}', b"a.bnVsbA.c", b"a.e30.c", b"\xff.\xff.\xff"],
)
def test_a_file_without_a_request_is_a_plain_error(content: bytes) -> None:
    """Any content ends in one sentence and no traceback."""
    with pytest.raises(Failure):
        read_event(content, SAMPLE_CLOCK)


def test_a_tampered_event_is_refused_for_its_signature() -> None:
    """The refusal has the code that an endpoint with the same roots would log."""
    event = (EVENTS / "tampered-401.json").read_bytes()
    received = read_event(event, SAMPLE_CLOCK, (EVENTS / "ca" / "root.der").read_bytes())
    assert received.refused is not None
    assert received.refused.code == "signature_invalid"
