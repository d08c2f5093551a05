"""Check that an offer in an answer is signed as Apple requires (apple-api.md, sections 3 and 4).

Each check returns notes, and raises `Flaw` for what Apple would refuse. One thing is only a note, unless the simulator
is strict: a signature that is correct except for its key. An endpoint signs with a throwaway key when it answers a test
authority, by design.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import jwt
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from retention.limits import MAX_DESCRIPTION, MAX_DISPLAY_NAME, MAX_SKU
from retention.request import is_uuid

from console.simulator.accounts import RegisteredKey, SimulatedApp

_DAY_MS: Final = 24 * 60 * 60 * 1000
_AHEAD_SECONDS: Final = 60
_SEPARATOR: Final = "\u2063"
_EFFECTIVE: Final = ("IMMEDIATELY", "NEXT_BILL_CYCLE")
_REASONS: Final = ("UPGRADE", "DOWNGRADE", "APPLY_OFFER")
_OTHER_KEY: Final = (
    "The offer is not signed with the key {}. An endpoint that answers a test authority signs with a throwaway key;"
    " from any other endpoint, Apple would refuse this signature."
)
_LONGEST: Final = {
    "currentSKU": MAX_SKU,
    "SKU": MAX_SKU,
    "displayName": MAX_DISPLAY_NAME,
    "description": MAX_DESCRIPTION,
}


class Flaw(Exception):  # noqa: N818  # something about an answer
    """Why Apple would refuse an answer: one sentence."""


@dataclass(frozen=True, slots=True)
class Inspector:
    """Checks signatures with what Apple knows: the app, its keys, the customer's transaction id, the time.

    `key` returns the registered key with an id, None if there is none. `now` is in UNIX seconds.
    """

    app: SimulatedApp
    key: Callable[[str], RegisteredKey | None]
    transaction_id: str = field(repr=False)
    now: float
    strict: bool = False

    def promotional_offer_v2(self, token: object) -> list[str]:
        claims, notes = self._token(token, "promotional-offer")
        for name in ("productId", "offerIdentifier"):
            _required_text(claims, name)
        if claims.get("transactionId") != self.transaction_id:
            raise Flaw("transactionId of the offer's signature is not the originalTransactionId of the request.")
        return notes

    def promotional_offer_v1(self, signature: object) -> list[str]:
        if not isinstance(signature, dict):
            raise Flaw("promotionalOfferSignatureV1 is not an object.")
        texts = [_required_text(signature, name) for name in ("productId", "offerIdentifier", "keyId", "nonce")]
        product_id, offer, key_id, nonce = texts
        account_token = signature.get("appAccountToken", "")
        for name, value in (("nonce", nonce), *([("appAccountToken", account_token)] if account_token else [])):
            if not is_uuid(value) or value != value.lower():
                raise Flaw(f"{name} of the offer's signature is not a UUID in lower case.")
        timestamp = signature.get("timestamp")
        if type(timestamp) is not int or not -_DAY_MS < timestamp - self.now * 1000 <= _AHEAD_SECONDS * 1000:
            raise Flaw("timestamp of the offer's signature is not a time in milliseconds of the last 24 hours.")
        covered = [self.app.bundle_id, key_id, product_id, offer, account_token, nonce, str(timestamp)]
        encoded = _base64(_required_text(signature, "encodedSignature"), "encodedSignature")
        return self._verify(key_id, encoded, _SEPARATOR.join(covered).encode())

    def advanced_commerce(self, data: object) -> list[str]:
        wrapped = _json(_base64(data, "advancedCommerceData"), "advancedCommerceData")
        info = wrapped.get("signatureInfo")
        if not isinstance(info, dict):
            raise Flaw("advancedCommerceData has no signatureInfo.")
        claims, notes = self._token(info.get("token"), "advanced-commerce-api")
        request = _json(_base64(claims.get("request"), "request"), "request")
        if (request.get("operation"), request.get("version")) != ("MODIFY_SUBSCRIPTION", "1"):
            raise Flaw("The Advanced Commerce request is not MODIFY_SUBSCRIPTION, version 1.")
        if request.get("transactionId") != self.transaction_id:
            raise Flaw("transactionId of the Advanced Commerce request is not the request's originalTransactionId.")
        information = request.get("requestInfo")
        if not isinstance(information, dict) or not is_uuid(information.get("requestReferenceId")):
            raise Flaw("requestReferenceId of the Advanced Commerce request is not a UUID.")
        if type(request.get("retainBillingCycle")) is not bool:
            raise Flaw("retainBillingCycle of the Advanced Commerce request is neither true nor false.")
        _check_change(request.get("changeItems"))
        return notes

    def _token(self, token: object, audience: str) -> tuple[dict[str, Any], list[str]]:
        """Check a JWS with the claims that every signed request to the App Store has; return its claims, and notes."""
        if not isinstance(token, str):
            raise Flaw("The signature is not a JWS.")
        try:
            parts = jwt.api_jws.PyJWS().decode_complete(token, options={"verify_signature": False})
            header, signature = parts["header"], parts["signature"]
        except jwt.PyJWTError as error:
            raise Flaw(f"The signature is not a JWS: {error}.") from None
        claims = _json(parts["payload"], "the payload of the signature")
        if header.get("alg") != "ES256" or header.get("typ") != "JWT":
            raise Flaw("The header of the signature must have `alg` ES256 and `typ` JWT.")
        self._check_claims(claims, audience)
        signed = token.rpartition(".")[0].encode()
        return claims, self._verify(str(header.get("kid")), _der(signature), signed)

    def _check_claims(self, claims: Mapping[str, Any], audience: str) -> None:
        if "exp" in claims:
            raise Flaw("The signature has an `exp`, and with one Apple refuses it.")
        for name, expected in (("iss", self.app.issuer_id), ("aud", audience), ("bid", self.app.bundle_id)):
            if claims.get(name) != expected:
                raise Flaw(f"`{name}` of the signature is {claims.get(name)!r}, not {expected!r}.")
        issued = claims.get("iat")
        # Assumption: Apple computes the end from `iat` and does not document how; a V1 signature is valid for a day.
        if type(issued) is not int or not -_DAY_MS / 1000 < issued - self.now <= _AHEAD_SECONDS:
            raise Flaw("`iat` of the signature is not a time in seconds of the last 24 hours.")
        if not is_uuid(claims.get("nonce")):
            raise Flaw("`nonce` of the signature is not a UUID.")

    def _verify(self, key_id: str, signature: bytes, signed: bytes) -> list[str]:
        key = self.key(key_id)
        if key is None or key.issuer_id != self.app.issuer_id:
            raise Flaw(f"The offer is signed with {key_id}, which is not a key of the team.")
        public = load_pem_public_key(key.public_pem)
        if not isinstance(public, ec.EllipticCurvePublicKey):
            raise Flaw(f"{key_id} is not an EC key.")
        try:
            public.verify(signature, signed, ec.ECDSA(SHA256()))
        except InvalidSignature:
            if self.strict:
                raise Flaw(f"The offer is not signed with the key {key_id}.") from None
            return [_OTHER_KEY.format(key_id)]
        return []


def _check_change(items: object) -> None:
    if not isinstance(items, list) or len(items) != 1 or not isinstance(items[0], dict):
        raise Flaw("changeItems of the Advanced Commerce request is not a list of one item.")
    item = items[0]
    for name, longest in _LONGEST.items():
        if len(_required_text(item, name)) > longest:
            raise Flaw(f"{name} of the Advanced Commerce request has more than {longest} characters.")
    if item.get("effective") not in _EFFECTIVE or item.get("reason") not in _REASONS:
        raise Flaw("effective or reason of the Advanced Commerce request is not one of Apple's values.")
    if type(item.get("price")) is not int:
        raise Flaw("price of the Advanced Commerce request is not an integer.")


def _required_text(holder: Mapping[str, Any], name: str) -> str:
    value = holder.get(name)
    if not isinstance(value, str) or not value:
        raise Flaw(f"{name} of the signature is missing.")
    return value


def _base64(value: object, name: str) -> bytes:
    try:
        return base64.b64decode(value if isinstance(value, str) else "", validate=True)
    except binascii.Error:
        raise Flaw(f"{name} is not Base64.") from None


def _json(raw: bytes, name: str) -> dict[str, Any]:
    try:
        document = json.loads(raw)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise Flaw(f"{name} is not a JSON object.")
    return document


def _der(signature: bytes) -> bytes:
    """Return a JWS signature (r‖s) in DER, as the library cryptography expects it."""
    half = len(signature) // 2
    r, s = int.from_bytes(signature[:half]), int.from_bytes(signature[half:])
    return encode_dss_signature(r, s)
