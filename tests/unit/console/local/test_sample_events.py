"""The sample events: what each is signed for, what is wrong with it, and the format in which it comes."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from retention.errors import VerificationError
from retention.jws import SignedPayloadVerifier
from retention.request import MAX_BODY_BYTES

from console.local.sample_events import APP, PATH, SAMPLES, Sample, event_of, write_sample_events
from console.local.samples import EVENTS, SAMPLE_CLOCK
from console.simulator.authority import Authority

AUTHORITY = Authority.load(EVENTS / "ca")
VERIFIER = SignedPayloadVerifier([AUTHORITY.root_der])
SIGNED_AT = int((SAMPLE_CLOCK - timedelta(seconds=1)).timestamp() * 1000)


def body_of(event: dict[str, Any]) -> str:
    body: str = event["body"]
    return base64.b64decode(body).decode() if event["isBase64Encoded"] else body


def claims_of(event: dict[str, Any]) -> dict[str, Any]:
    return dict(VERIFIER.verify(json.loads(body_of(event))["signedPayload"], SAMPLE_CLOCK))


def test_a_sample_is_signed_for_its_customer() -> None:
    """The claims are those of the sample, dated a second before the samples' clock."""
    claims = claims_of(event_of(Sample("any", 200, product="p", locale="ja", customer="7"), AUTHORITY))
    assert {name: claims[name] for name in claims if name != "requestIdentifier"} == {
        "originalTransactionId": "7",
        "appAppleId": APP,
        "productId": "p",
        "userLocale": "ja",
        "environment": "Sandbox",
        "signedDate": SIGNED_AT,
    }


def test_claims_of_a_sample_replace_the_usual_ones() -> None:
    """A sample can be signed for another app, environment or date."""
    claims = claims_of(event_of(Sample("any", 403, claims={"appAppleId": 1, "signedDate": 2}), AUTHORITY))
    assert (claims["appAppleId"], claims["signedDate"]) == (1, 2)


def test_the_committed_authority_signs_the_same_bytes() -> None:
    """The committed authority signs the same bytes for the same claims."""
    authority = Authority.load(EVENTS / "ca")
    assert event_of(SAMPLES[0], authority) == event_of(SAMPLES[0], authority)


def test_each_sample_has_its_own_file_and_request_identifier() -> None:
    """Names, files and request identifiers differ, and each file's name ends with the status."""
    assert len({sample.file_name for sample in SAMPLES}) == len(SAMPLES)
    assert all(sample.file_name == f"{sample.name}-{sample.status}.json" for sample in SAMPLES)
    read = [claims_of(event_of(sample, AUTHORITY)) for sample in SAMPLES if not sample.spoilt]
    assert len({claims["requestIdentifier"] for claims in read}) == len(read)


def test_a_body_can_be_no_json() -> None:
    """A sample that is not JSON has the token as a form would send it."""
    assert body_of(event_of(Sample("any", 400, spoilt="not json"), AUTHORITY)).startswith("signedPayload=eyJ")


def test_a_token_can_be_changed_after_signing() -> None:
    """The changed token has another product, and its signature does not verify."""
    event = event_of(Sample("any", 401, product="p", spoilt="another product after signing"), AUTHORITY)
    payload = json.loads(body_of(event))["signedPayload"]
    assert json.loads(base64.urlsafe_b64decode(payload.split(".")[1] + "=="))["productId"] == "trailhead.pro.annual"
    with pytest.raises(VerificationError):
        VERIFIER.verify(payload, SAMPLE_CLOCK)


def test_a_body_can_be_too_large() -> None:
    """A padded body is larger than the function reads."""
    event = event_of(Sample("any", 413, spoilt="padded beyond the limit"), AUTHORITY)
    assert len(body_of(event)) > MAX_BODY_BYTES


@pytest.mark.parametrize(("spoilt", "method"), [("", "POST"), ("GET", "GET")])
@pytest.mark.parametrize("payload_format", ["1.0", "2.0"])
def test_an_event_has_the_fields_of_its_format(payload_format: str, spoilt: str, method: str) -> None:
    """Method and path are where each payload format has them; format 1.0 has its body in base64."""
    event = event_of(Sample("any", 200, spoilt=spoilt, payload_format=payload_format), AUTHORITY)
    place = event if payload_format == "1.0" else event["requestContext"]["http"]
    named = place["httpMethod" if payload_format == "1.0" else "method"]
    assert (event["version"], named, place["path"]) == (payload_format, method, PATH)
    assert event["isBase64Encoded"] == (payload_format == "1.0")
    assert claims_of(event)["appAppleId"] == APP


def test_events_are_written_with_the_functions_variables(tmp_path: Path) -> None:
    """Each sample has a file; environment.json has each function's variables, and none that Lambda sets."""
    write_sample_events(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {sample.file_name for sample in SAMPLES} | {"environment.json"}
    functions = json.loads((tmp_path / "environment.json").read_text())
    assert set(functions) == {"GetRetentionMessage", "TakeInNotifications"}
    for variables in functions.values():
        assert variables["RETENTION_CLOCK"] == SAMPLE_CLOCK.isoformat()
        assert {"AWS_REGION", "AWS_DEFAULT_REGION", "AWS_EC2_METADATA_DISABLED"}.isdisjoint(variables)
