"""Step 1, the body; step 6, the claims; and step 7, whether a verified request is for this app and this time."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from retention.errors import BodyTooLargeError, ClaimError, ForbiddenError, MalformedBodyError
from retention.request import MAX_BODY_BYTES, RetentionRequest, admit, is_uuid, read_signed_payload

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
CLAIMS: dict[str, object] = {
    "originalTransactionId": "99371282",
    "appAppleId": 531412,
    "productId": "com.example.product",
    "userLocale": "en-US",
    "requestIdentifier": "3DB5C98D-8ACF-4E29-831E-8E1F82F9F6E9",
    "environment": "Sandbox",
    "signedDate": int(NOW.timestamp() * 1000),
}


def test_step_1_returns_the_jws() -> None:
    """A body is a JSON object with a text `signedPayload`; other keys are ignored."""
    assert read_signed_payload(b'{"signedPayload": "a.b.c", "later": 1}') == "a.b.c"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff",
        b"{}",
        b'{"signedPayload": 1}',
        b'{"signedPayload": null}',
        b"[" * 50000,
        b'{"signedPayload": "a", "signedPayload": "b"}',
        b'\xef\xbb\xbf{"signedPayload": "a"}',
    ],
)
def test_step_1_refuses_every_other_body(body: bytes) -> None:
    """Every other body is malformed."""
    with pytest.raises(MalformedBodyError):
        read_signed_payload(body)


def test_step_1_refuses_a_body_over_64_kib() -> None:
    """A body of 65 536 bytes is read; one byte more is refused."""
    frame = len(json.dumps({"signedPayload": ""}))
    read_signed_payload(json.dumps({"signedPayload": "a" * (MAX_BODY_BYTES - frame)}).encode())
    with pytest.raises(BodyTooLargeError):
        read_signed_payload(json.dumps({"signedPayload": "a" * (MAX_BODY_BYTES - frame + 1)}).encode())


def test_claims_become_a_request() -> None:
    """The identifier is in lower case, and `repr` does not show the original transaction id."""
    request = RetentionRequest.from_claims(CLAIMS)
    assert request.request_identifier == "3db5c98d-8acf-4e29-831e-8e1f82f9f6e9"
    assert request.app_apple_id == 531412
    assert "99371282" not in repr(request)


@pytest.mark.parametrize("name", CLAIMS)
def test_step_6_refuses_a_request_without_a_documented_claim(name: str) -> None:
    """Each of the seven claims is required; the refusal names the missing one and quotes nothing of the payload."""
    with pytest.raises(ClaimError) as refused:
        RetentionRequest.from_claims({key: value for key, value in CLAIMS.items() if key != name})
    assert (refused.value.code, refused.value.evidence) == ("claim_missing", {"field": name})


OTHER_TYPES: list[object] = [None, [], {}, 1.0, True]
WRONG_CLAIMS: list[tuple[str, object]] = [
    *((name, value) for name in CLAIMS for value in OTHER_TYPES),
    *((name, 7) for name, value in CLAIMS.items() if isinstance(value, str)),
    *((name, "7") for name, value in CLAIMS.items() if isinstance(value, int)),
    ("originalTransactionId", ""),
    ("appAppleId", 2**63),
    ("signedDate", -(2**63) - 1),
    ("requestIdentifier", "{3DB5C98D-8ACF-4E29-831E-8E1F82F9F6E9}"),
    ("requestIdentifier", "3DB5C98D8ACF4E29831E8E1F82F9F6E9"),
    ("requestIdentifier", "3DB5C98D-8ACF-4E29-831E-8E1F82F9F6E9\n"),
]


@pytest.mark.parametrize(("name", "value"), WRONG_CLAIMS)
def test_step_6_refuses_a_claim_of_another_type(name: str, value: object) -> None:
    """A text must be a text, an int64 an integer within 64 bits, and an identifier must not be empty."""
    with pytest.raises(ClaimError) as refused:
        RetentionRequest.from_claims({**CLAIMS, name: value})
    assert (refused.value.code, refused.value.evidence) == ("claim_type", {"field": name})


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("3db5c98d-8acf-4e29-831e-8e1f82f9f6e9", True),
        ("3DB5C98D-8ACF-4E29-831E-8E1F82F9F6E9", True),
        ("{3db5c98d-8acf-4e29-831e-8e1f82f9f6e9}", False),
        ("urn:uuid:3db5c98d-8acf-4e29-831e-8e1f82f9f6e9", False),
        ("3db5c98d8acf4e29831e8e1f82f9f6e9", False),
        ("3db5c98d-8acf-4e29-831e-8e1f82f9f6e", False),
        ("\N{FULLWIDTH DIGIT THREE}db5c98d-8acf-4e29-831e-8e1f82f9f6e9", False),
        ("3db5c98d-8acf-4e29-831e-8e1f82f9f6e9 ", False),
        ("", False),
        (None, False),
        (7, False),
    ],
)
def test_a_uuid_is_five_groups_of_hex_digits(value: object, expected: bool) -> None:  # noqa: FBT001  # a column of the table
    """Apple's form, in upper or lower case; the other forms that Python's `uuid.UUID` reads are refused."""
    assert is_uuid(value) is expected


def test_step_6_names_the_first_wrong_claim() -> None:
    """Claims are checked in Apple's order, missing ones and wrong ones alike."""
    with pytest.raises(ClaimError) as refused:
        RetentionRequest.from_claims({**CLAIMS, "appAppleId": "7", "productId": 7})
    assert refused.value.evidence == {"field": "appAppleId"}


def refusal_code(**claims: object) -> str:
    """Return the code with which step 7 refuses these claims, or an empty text."""
    request = RetentionRequest.from_claims({**CLAIMS, **claims})
    try:
        admit(request, app_apple_ids={531412}, environment="Sandbox", now=NOW)
    except ForbiddenError as error:
        return error.code
    return ""


def milliseconds(offset: timedelta) -> int:
    return int((NOW + offset).timestamp() * 1000)


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({}, ""),
        ({"appAppleId": 1}, "wrong_app"),
        ({"environment": "Production"}, "wrong_environment"),
        ({"environment": "Xcode"}, "wrong_environment"),
        ({"environment": "LocalTesting"}, "wrong_environment"),
        ({"environment": "sandbox"}, "wrong_environment"),
        ({"signedDate": milliseconds(timedelta(minutes=-5))}, ""),
        ({"signedDate": milliseconds(timedelta(minutes=-5)) - 1}, "too_old"),
        ({"signedDate": milliseconds(timedelta(minutes=1))}, ""),
        ({"signedDate": milliseconds(timedelta(minutes=1)) + 1}, "too_new"),
        ({"signedDate": -(2**63)}, "too_old"),
        ({"signedDate": 2**63 - 1}, "too_new"),
    ],
)
def test_step_7_admits_this_app_this_environment_and_recent_requests(claims: dict[str, object], code: str) -> None:
    """A request must be for this app and environment, at most 5 min old and 1 min ahead, to the millisecond."""
    assert refusal_code(**claims) == code


@pytest.mark.parametrize("environment", ["Xcode", "LocalTesting"])
def test_local_environments_are_never_admitted(environment: str) -> None:
    """A deployment for Xcode or LocalTesting does not admit requests of these environments either."""
    request = RetentionRequest.from_claims({**CLAIMS, "environment": environment})
    with pytest.raises(ForbiddenError):
        admit(request, app_apple_ids={531412}, environment=environment, now=NOW)
