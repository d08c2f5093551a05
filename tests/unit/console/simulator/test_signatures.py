"""The simulator's checks of signed offers: what Apple would accept, and each thing that it would refuse."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import jwt
import pytest
from appstoreserverlibrary.jws_signature_creator import PromotionalOfferV2SignatureCreator
from retention.signing.signer import Signer

from console.simulator.accounts import RegisteredKey
from console.simulator.signatures import Flaw, Inspector
from console.simulator.staff_actions import public_half
from tests.support.signed_offers import ITEM, REQUEST, TRANSACTION, commerce, v1, v2
from tests.support.simulated_app import APP, KEY, KEY_ID, MONTHLY, NOW, PEM, new_id

REGISTERED = {KEY_ID: RegisteredKey(KEY_ID, APP.issuer_id, public_half(PEM))}


@pytest.fixture
def inspector() -> Inspector:
    return Inspector(APP, REGISTERED.get, TRANSACTION, NOW)


def test_our_own_v2_signature_is_accepted(inspector: Inspector) -> None:
    """The simulator verifies what the function signs, with nothing to note."""
    assert inspector.promotional_offer_v2(v2()) == []


def test_a_v2_signature_of_apples_library_is_accepted(inspector: Inspector) -> None:
    """The simulator also verifies what Apple's library signs."""
    creator = PromotionalOfferV2SignatureCreator(PEM, KEY_ID, APP.issuer_id, APP.bundle_id)
    signature = creator.create_signature(MONTHLY, "half", TRANSACTION)
    now = datetime.now(UTC).timestamp()  # Apple's library signs with the real time
    assert replace(inspector, now=now).promotional_offer_v2(signature) == []


def resigned(changes: dict[str, Any], headers: dict[str, Any]) -> str:
    """Return a V2 signature with changed claims and headers, signed again; None removes a claim."""
    claims = jwt.decode(v2(), options={"verify_signature": False}) | changes
    claims = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(claims, KEY, algorithm="ES256", headers={"kid": KEY_ID, **headers})


@pytest.mark.parametrize(
    ("changes", "headers", "reason"),
    [
        ({"exp": int(NOW) + 300}, {}, "`exp`"),
        ({"transactionId": None}, {}, "transactionId"),
        ({"transactionId": "1"}, {}, "transactionId"),
        ({"productId": None}, {}, "productId"),
        ({"offerIdentifier": ""}, {}, "offerIdentifier"),
        ({"aud": "appstoreconnect-v1"}, {}, "`aud`"),
        ({"bid": "com.example.no"}, {}, "`bid`"),
        ({"iss": "another team"}, {}, "`iss`"),
        ({"iat": int(NOW * 1000)}, {}, "`iat`"),
        ({"iat": int(NOW) - 90_000}, {}, "`iat`"),
        ({"nonce": "hello"}, {}, "`nonce`"),
        ({}, {"kid": "ABCDEFGHIJ"}, "ABCDEFGHIJ"),
        ({}, {"typ": "JOSE"}, "`typ`"),
    ],
)
def test_a_wrong_v2_signature_is_refused(
    inspector: Inspector, changes: dict[str, Any], headers: dict[str, Any], reason: str
) -> None:
    """Each claim of a V2 signature is checked, and it must have no `exp`."""
    with pytest.raises(Flaw, match=reason):
        inspector.promotional_offer_v2(resigned(changes, headers))


def test_our_own_v1_signature_is_accepted(inspector: Inspector) -> None:
    """The older signature is verified over its seven fields."""
    assert inspector.promotional_offer_v1(v1()) == []


@pytest.mark.parametrize(
    ("signature", "reason"),
    [
        ("hello", "not an object"),
        (v1(productId=None), "productId"),
        (v1(nonce="hello"), "nonce"),
        (v1(nonce=new_id().upper()), "nonce"),
        (v1(timestamp=int(NOW)), "timestamp"),
        (v1(timestamp=int(NOW * 1000) - 86_400_001), "timestamp"),
        (v1(encodedSignature="%"), "encodedSignature"),
        (v1(keyId="ABCDEFGHIJ"), "ABCDEFGHIJ"),
        (v1(appAccountToken="hello"), "appAccountToken"),
    ],
)
def test_a_wrong_v1_signature_is_refused(inspector: Inspector, signature: Any, reason: str) -> None:
    """Each field of a V1 signature is checked, and it is valid for 24 hours."""
    with pytest.raises(Flaw, match=reason):
        inspector.promotional_offer_v1(signature)


@pytest.mark.parametrize(
    ("check", "signature"),
    [
        (Inspector.promotional_offer_v2, v2(Signer.throwaway(KEY_ID))),
        (Inspector.promotional_offer_v1, v1(offerIdentifier="all")),
    ],
)
def test_a_signature_by_another_key_is_noted(
    inspector: Inspector, check: Callable[[Inspector, object], list[str]], signature: object
) -> None:
    """The simulator accepts a signature by a throwaway key with a note; in strict mode it refuses it."""
    (note,) = check(inspector, signature)
    assert "throwaway" in note
    with pytest.raises(Flaw, match="not signed with the key"):
        check(replace(inspector, strict=True), signature)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ("%", "not Base64"),
        (base64.b64encode(b"[]").decode(), "not a JSON object"),
        (base64.b64encode(b"{}").decode(), "signatureInfo"),
        (base64.b64encode(json.dumps({"signatureInfo": {"token": "x"}}).encode()).decode(), "not a JWS"),
        (commerce(transaction_id="1"), "transactionId"),
        (commerce({**REQUEST, "changeItems": [ITEM, ITEM]}), "one item"),
        (commerce({**REQUEST, "changeItems": [{**ITEM, "displayName": "x" * 31}]}), "displayName"),
        (commerce({**REQUEST, "changeItems": [{**ITEM, "effective": "LATER"}]}), "effective"),
        (commerce({**REQUEST, "changeItems": [{**ITEM, "price": "4.99"}]}), "price"),
        (commerce({**REQUEST, "version": "2"}), "version 1"),
        (commerce({"changeItems": [ITEM]}), "retainBillingCycle"),
    ],
)
def test_a_wrong_advanced_commerce_request_is_refused(inspector: Inspector, data: str, reason: str) -> None:
    """Every field of the wrapped request is checked."""
    with pytest.raises(Flaw, match=reason):
        inspector.advanced_commerce(data)


@pytest.mark.parametrize(
    "keys",
    [{}, {KEY_ID: RegisteredKey(KEY_ID, "another team", public_half(PEM))}],
    ids=["no such key", "another team's key"],
)
def test_a_key_of_another_team_is_refused(keys: dict[str, RegisteredKey]) -> None:
    """A signature by a key that the app's team does not have is refused, even if the signature is correct."""
    with pytest.raises(Flaw, match=f"{KEY_ID}, which is not a key of the team"):
        Inspector(APP, keys.get, TRANSACTION, NOW).promotional_offer_v2(v2())


@pytest.mark.parametrize("token", [None, 7, "", "a.b", "a.b.c"])
def test_what_is_no_jws_is_refused(inspector: Inspector, token: object) -> None:
    """A V2 signature that is not a JWS is refused."""
    with pytest.raises(Flaw, match="not a JWS"):
        inspector.promotional_offer_v2(token)
