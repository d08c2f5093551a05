"""Signatures: valid for Apple, with the claims and the layout of Apple's own library."""

from __future__ import annotations

import base64
import json
import uuid
from datetime import UTC, datetime
from typing import Any

import jwt
import pytest
from appstoreserverlibrary.api_client import AppStoreServerAPIClient
from appstoreserverlibrary.jws_signature_creator import PromotionalOfferV2SignatureCreator
from appstoreserverlibrary.models.Environment import Environment
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)
from retention.errors import SigningError
from retention.signing.signer import Signer

NOW = datetime(2026, 11, 24, 12, 0, 0, 250_000, tzinfo=UTC)
ISSUER = "57246542-96fe-1a63-e053-0824d011072a"


def pem(key: PrivateKeyTypes, encryption: KeySerializationEncryption | None = None) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption or NoEncryption())


KEY = ec.generate_private_key(ec.SECP256R1())
SIGNER = Signer.from_pem(pem(KEY), "ABC123DEFG")


def v2() -> str:
    return SIGNER.promotional_offer_v2(
        issuer_id=ISSUER,
        bundle_id="com.example.app",
        product_id="pro.monthly",
        offer_identifier="half",
        transaction_id="99371282",
        now=NOW,
    )


def claims_of(token: str, audience: str) -> dict[str, Any]:
    # PyJWT compares `iat` with the wall clock, and the tests sign at a fixed time.
    options: Any = {"verify_iat": False}
    return jwt.decode(token, KEY.public_key(), algorithms=["ES256"], audience=audience, options=options)


def test_v2_has_the_transaction_and_no_expiry() -> None:
    """A V2 signature names the customer's transaction; it has no `exp`, with which Apple would refuse it."""
    claims = claims_of(v2(), "promotional-offer")
    nonce = claims.pop("nonce")
    assert str(uuid.UUID(nonce)) == nonce
    assert claims == {
        "productId": "pro.monthly",
        "offerIdentifier": "half",
        "transactionId": "99371282",
        "bid": "com.example.app",
        "iss": ISSUER,
        "aud": "promotional-offer",
        "iat": 1795521600,
    }


def test_v2_has_the_layout_of_apples_library() -> None:
    """Header, claims and their order are those that Apple's own library makes."""
    library = PromotionalOfferV2SignatureCreator(pem(KEY), "ABC123DEFG", ISSUER, "com.example.app")
    theirs = library.create_signature("pro.monthly", "half", "99371282")
    assert jwt.get_unverified_header(v2()) == jwt.get_unverified_header(theirs)
    assert list(claims_of(v2(), "promotional-offer")) == list(claims_of(theirs, "promotional-offer"))


def test_v1_covers_the_documented_fields() -> None:
    """A V1 signature is DER over the seven fields joined by INVISIBLE SEPARATOR, the app account token empty."""
    made: dict[str, Any] = SIGNER.promotional_offer_v1(
        bundle_id="com.example.app", product_id="pro.monthly", offer_identifier="half", now=NOW
    )
    covered = "\u2063".join(
        ["com.example.app", "ABC123DEFG", "pro.monthly", "half", "", made["nonce"], str(made["timestamp"])]
    )
    signature = base64.b64decode(made["encodedSignature"], validate=True)
    KEY.public_key().verify(signature, covered.encode(), ec.ECDSA(SHA256()))
    assert made["timestamp"] == 1795521600250
    assert (made["productId"], made["keyId"], made["offerIdentifier"]) == ("pro.monthly", "ABC123DEFG", "half")
    assert made["nonce"] == made["nonce"].lower()


def test_advanced_commerce_wraps_a_request_in_a_token_in_base64() -> None:
    """`advancedCommerceData` holds a JWS whose `request` is the owner's change with this customer's ids."""
    item = {"currentSKU": "a", "SKU": "b", "displayName": "B", "description": "b", "effective": "IMMEDIATELY"}
    data = SIGNER.advanced_commerce(
        issuer_id=ISSUER,
        bundle_id="com.example.app",
        request={"retainBillingCycle": True, "changeItems": [item]},
        transaction_id="99371282",
        now=NOW,
    )
    token = json.loads(base64.b64decode(data, validate=True))["signatureInfo"]["token"]
    claims = claims_of(token, "advanced-commerce-api")
    assert "exp" not in claims
    request = json.loads(base64.b64decode(claims["request"], validate=True))
    reference = request.pop("requestInfo").pop("requestReferenceId")
    assert str(uuid.UUID(reference)) == reference
    assert request == {
        "operation": "MODIFY_SUBSCRIPTION",
        "version": "1",
        "retainBillingCycle": True,
        "changeItems": [item],
        "transactionId": "99371282",
    }


def test_an_api_token_expires_and_has_the_layout_of_apples_library() -> None:
    """A token for one call has an `exp` five minutes later, and otherwise what Apple's own library puts into one."""
    client = AppStoreServerAPIClient(pem(KEY), "ABC123DEFG", ISSUER, "com.example.app", Environment.SANDBOX)
    theirs = client._generate_token()
    ours = SIGNER.api_token(issuer_id=ISSUER, bundle_id="com.example.app", now=datetime.now(UTC))
    assert jwt.get_unverified_header(ours) == jwt.get_unverified_header(theirs)
    audience = "appstoreconnect-v1"
    mine, library = claims_of(ours, audience), claims_of(theirs, audience)
    assert mine["exp"] - mine.pop("iat") == 300
    assert {**mine, "exp": 0} == {**library, "exp": 0}


def test_every_signature_is_new() -> None:
    """Two signatures of the same offer differ in their nonce: Apple accepts each for one purchase."""
    first, second = (claims_of(v2(), "promotional-offer")["nonce"] for _ in range(2))
    assert first != second


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (b"", "key_unreadable"),
        (b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "key_unreadable"),
        (pem(KEY, BestAvailableEncryption(b"secret")), "key_unreadable"),
        (pem(ec.generate_private_key(ec.SECP384R1())), "key_not_p256"),
        (pem(ed25519.Ed25519PrivateKey.generate()), "key_not_p256"),
        (pem(rsa.generate_private_key(65537, 2048)), "key_not_p256"),
    ],
    ids=["empty", "garbage", "encrypted", "P-384", "Ed25519", "RSA"],
)
def test_a_key_that_cannot_sign_for_apple_is_refused(bad: bytes, code: str) -> None:
    """A key that is not an unencrypted P-256 private key is refused when it is read; the error does not quote it."""
    with pytest.raises(SigningError) as caught:
        Signer.from_pem(bad, "ABC123DEFG")
    assert caught.value.code == code
    assert "AAAA" not in str(caught.value)


def test_the_key_is_in_no_repr() -> None:
    """`repr` of a signer shows its key id, never the key."""
    assert repr(SIGNER) == "Signer(key_id='ABC123DEFG')"
