"""A decision becomes Apple's response body of its kind, signed where Apple wants a signature."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from retention.catalog import Answer, Settings
from retention.compose import compose
from retention.decision import Delivery
from retention.errors import SigningError
from retention.locales import LocaleTable
from retention.signing.signer import Signer

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
ISSUER = "57246542-96fe-1a63-e053-0824d011072a"
SETTINGS = Settings(1, "com.example.app", ISSUER, "ABC123DEFG", signs=True, locales=LocaleTable("en-US", {}))
KEY = ec.generate_private_key(ec.SECP256R1())
OFFER = {"productId": "pro.monthly", "offerIdentifier": "half"}


def composed(kind: str, fields: dict[str, Any], signer: Callable[[], Signer] | None = None) -> Any:
    delivery = Delivery(Answer(kind, "keep", fields), "m1", "en-US")
    return compose(delivery, SETTINGS, "99371282", NOW, signer or (lambda: Signer("ABC123DEFG", KEY)))


def claims_of(token: str) -> dict[str, Any]:
    # PyJWT compares `iat` with the wall clock, and ours stands still.
    options: Any = {"verify_iat": False, "verify_aud": False}
    return jwt.decode(token, KEY.public_key(), algorithms=["ES256"], options=options)


def no_key() -> Signer:
    raise SigningError("key_unavailable", "no key can be read")


@pytest.mark.parametrize(
    ("kind", "fields", "body"),
    [
        ("message", {}, {"message": {"messageIdentifier": "m1"}}),
        (
            "alternateProduct",
            {"productId": "pro.annual"},
            {"alternateProduct": {"messageIdentifier": "m1", "productId": "pro.annual"}},
        ),
        (
            "alternateProduct",
            {"productId": "pro.annual", "billingPlanType": "MONTHLY"},
            {
                "alternateProduct": {
                    "messageIdentifier": "m1",
                    "productId": "pro.annual",
                    "billingPlanType": "MONTHLY",
                }
            },
        ),
    ],
)
def test_an_answer_without_a_signature_needs_no_key(kind: str, fields: dict[str, Any], body: object) -> None:
    """Such answers are served while the key cannot be read."""
    assert composed(kind, fields, no_key) == body


def test_an_offer_is_signed_for_this_customers_transaction() -> None:
    """V2 is a JWS with the app, the product, the offer and the transaction."""
    offer = composed("promotionalOffer", {**OFFER, "signature": "v2"})["promotionalOffer"]
    claims = claims_of(offer["promotionalOfferSignatureV2"])
    assert (claims["bid"], claims["iss"], claims["transactionId"]) == ("com.example.app", ISSUER, "99371282")
    assert (claims["productId"], claims["offerIdentifier"]) == ("pro.monthly", "half")
    assert offer["messageIdentifier"] == "m1"


def test_an_offer_of_the_older_form_has_an_object_as_its_signature() -> None:
    """V1 is an object with the fields that it covers; none of them is a transaction."""
    offer = composed("promotionalOffer", {**OFFER, "signature": "v1"})["promotionalOffer"]
    signature = offer["promotionalOfferSignatureV1"]
    assert (signature["productId"], signature["offerIdentifier"]) == ("pro.monthly", "half")
    assert "99371282" not in json.dumps(signature)
    assert "promotionalOfferSignatureV2" not in offer


def test_an_advanced_commerce_answer_has_the_owners_request() -> None:
    """The request of the file is signed, with this customer's transaction in it."""
    body = composed("advancedCommerce", {"request": {"retainBillingCycle": True, "changeItems": []}})
    info = body["advancedCommerceInfo"]
    token = json.loads(base64.b64decode(info["advancedCommerceData"]))["signatureInfo"]["token"]
    request = json.loads(base64.b64decode(claims_of(token)["request"]))
    assert (request["retainBillingCycle"], request["transactionId"]) == (True, "99371282")
    assert info["messageIdentifier"] == "m1"


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("promotionalOffer", {**OFFER, "signature": "v1"}),
        ("promotionalOffer", {**OFFER, "signature": "v2"}),
        ("advancedCommerce", {"request": {}}),
    ],
)
def test_without_a_key_a_signed_answer_is_an_error(kind: str, fields: dict[str, Any]) -> None:
    """The caller then decides again without answers that are signed."""
    with pytest.raises(SigningError):
        composed(kind, fields, no_key)


def test_a_kind_that_apple_does_not_have_is_an_error() -> None:
    """A fallback is no body, so that it is not composed."""
    with pytest.raises(ValueError, match="no response body for an answer of the kind fallback"):
        composed("fallback", {})
