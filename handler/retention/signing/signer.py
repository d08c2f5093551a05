"""What an In-App Purchase key signs: offers (promotional, V2 and V1, and Advanced Commerce), and calls of Apple's API.

Every signature is new: Apple takes each nonce for one purchase only, so a signed answer must never be kept. An offer
must have no `exp`, and a call must have one; Apple refuses the opposite of both.

Many processes may be restored from one snapshot, and must not draw the same random numbers. Nonces are UUIDs of the
kernel's randomness, which Lambda makes differ after each restore. ECDSA's own numbers come from the OpenSSL inside
cryptography: its generator is copied with the snapshot, but it mixes key and message into each number, so copies that
sign different messages draw different ones; and every message has a nonce. Do not use `random` here: it would begin
with the same numbers in every copy.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import ModuleType
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from retention.errors import SigningError

# The life of a token. Apple's own library has five minutes too; Apple takes up to an hour.
_TOKEN_SECONDS = 300

# Apple joins the fields of a V1 signature with INVISIBLE SEPARATOR.
_SEPARATOR = "\u2063"


@dataclass(frozen=True, slots=True)
class Signer:
    """An In-App Purchase key. `key_id` is the id App Store Connect gave it; the key itself stays out of every repr."""

    key_id: str
    _key: ec.EllipticCurvePrivateKey = field(repr=False)

    @classmethod
    def from_pem(cls, pem: bytes, key_id: str) -> Signer:
        """Read the `.p8` that App Store Connect gives out, in any form in which stores keep it (`key_forms`).

        Raises SigningError, which quotes nothing of it.
        """
        prepare()  # a real key is read during init, and will sign
        from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415  # see `prepare`

        from retention.signing.key_forms import as_pem  # noqa: PLC0415  # likewise

        try:
            key = load_pem_private_key(as_pem(pem) or pem, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise SigningError("key_unreadable", "The signing key is not an unencrypted PEM private key.") from None
        if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
            raise SigningError("key_not_p256", "The signing key is not a P-256 key; Apple signs offers with ES256.")
        return cls(key_id, key)

    @classmethod
    def throwaway(cls, key_id: str) -> Signer:
        """Make a new key that Apple does not know: for rehearsals and explanations, not for Apple's requests."""
        return cls(key_id, ec.generate_private_key(ec.SECP256R1()))

    def promotional_offer_v2(  # the claims of PromotionalOfferSignatureV2, each by its name
        self,
        *,
        issuer_id: str,
        bundle_id: str,
        product_id: str,
        offer_identifier: str,
        transaction_id: str,
        now: datetime,
    ) -> str:
        """Return the compact JWS of a V2 signature.

        `transaction_id` is required here, though optional elsewhere in StoreKit; there is no `exp`, since one would
        make Apple refuse it (RM/promotionaloffersignaturev2).
        """
        claims = {"productId": product_id, "offerIdentifier": offer_identifier, "transactionId": transaction_id}
        return self._jws("promotional-offer", issuer_id, bundle_id, claims, now)

    def promotional_offer_v1(
        self, *, bundle_id: str, product_id: str, offer_identifier: str, now: datetime
    ) -> dict[str, object]:
        """Return the object of a V1 signature; Apple honours it for 24 hours from `timestamp`, in milliseconds."""
        nonce, timestamp = _new_id(), int(now.timestamp() * 1000)
        # Between the offer and the nonce is the app account token, which Apple's request does not have.
        covered = [bundle_id, self.key_id, product_id, offer_identifier, "", nonce, str(timestamp)]
        signature = self._key.sign(_SEPARATOR.join(covered).encode(), ec.ECDSA(SHA256()))
        return {
            "encodedSignature": base64.b64encode(signature).decode(),
            "productId": product_id,
            "nonce": nonce,
            "timestamp": timestamp,
            "keyId": self.key_id,
            "offerIdentifier": offer_identifier,
        }

    def advanced_commerce(
        self, *, issuer_id: str, bundle_id: str, request: Mapping[str, Any], transaction_id: str, now: datetime
    ) -> str:
        """Return `advancedCommerceData`: base64 of `{"signatureInfo": {"token": JWS}}`.

        `request` is the owner's part of a SubscriptionModifyInAppRequest; its ids are filled in here, per request.
        """
        filled = {
            "operation": "MODIFY_SUBSCRIPTION",
            "version": "1",
            **request,
            "requestInfo": {**request.get("requestInfo", {}), "requestReferenceId": _new_id()},
            "transactionId": transaction_id,
        }
        token = self._jws("advanced-commerce-api", issuer_id, bundle_id, {"request": _base64_json(filled)}, now)
        return _base64_json({"signatureInfo": {"token": token}})

    def api_token(self, *, issuer_id: str, bundle_id: str, now: datetime) -> str:
        """Return the bearer token of one call of the App Store Server API, good for five minutes from `now`."""
        begins = int(now.timestamp())
        claims = {"bid": bundle_id, "iss": issuer_id, "aud": "appstoreconnect-v1", "iat": begins}
        return self._encode({**claims, "exp": begins + _TOKEN_SECONDS})

    def _jws(self, audience: str, issuer_id: str, bundle_id: str, claims: Mapping[str, object], now: datetime) -> str:
        standing = {
            "bid": bundle_id,
            "iss": issuer_id,
            "aud": audience,
            "iat": int(now.timestamp()),
            "nonce": _new_id(),
        }
        return self._encode({**claims, **standing})

    def _encode(self, claims: dict[str, object]) -> str:
        token: str = _pyjwt().encode(claims, self._key, algorithm="ES256", headers={"kid": self.key_id})
        return token


def _base64_json(document: Mapping[str, Any]) -> str:
    # Standard base64, as Apple's library does for both layers; not base64url.
    return base64.b64encode(json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()).decode()


def prepare() -> None:
    """Import what is needed to read a key and to sign with it. Releases without offers start without it.

    It takes longer than all other imports of a cold start together, so `app` runs it while the key is fetched.
    """
    import uuid  # noqa: F401, PLC0415  # see above

    from cryptography.hazmat.primitives import serialization  # noqa: F401, PLC0415

    _pyjwt()


def _pyjwt() -> ModuleType:
    import jwt  # noqa: PLC0415  # see `prepare`

    return jwt


def _new_id() -> str:
    from uuid import uuid4  # noqa: PLC0415  # see `prepare`

    return str(uuid4())
