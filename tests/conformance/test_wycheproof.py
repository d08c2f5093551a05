"""Project Wycheproof's vectors against our steps that they test.

`ecdsa_secp256r1_sha256_p1363` (262 vectors) goes through step 5 as it stands. `json_web_signature` (401) knows no
`x5c`: its ES256 groups go through all of `authenticate` with steps 3 and 4 replaced by the group's key; then
every vector of every algorithm, valid or not, goes through it unchanged, for none is the App Store's. Not applicable
are the two ES256 groups about a JWK's `use` and `key_ops`: our key comes in a certificate, whose key usage
`test_certificates` covers.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key
from retention import jws
from retention.errors import VerificationError
from retention.jws import SignedPayloadVerifier
from retention.verification.signing_path import SigningPath

from tests.minting import NOW, good_chain

VECTORS = Path(__file__).parents[3] / "shared" / "fixtures" / "wycheproof"
NOT_APPLICABLE = {"ec_key_for_encryption"}

# Refusals that come after step 5 has found the signature good: the vectors' payload is the word `foo`.
AFTER_THE_SIGNATURE = {"payload_not_json"}


def groups(name: str) -> list[dict[str, Any]]:
    if not VECTORS.is_dir():
        pytest.skip("Wycheproof's vectors are next to the repository, in ../shared/fixtures/wycheproof, and not here")
    found: list[dict[str, Any]] = json.loads((VECTORS / name).read_text())["testGroups"]
    return found


def test_ecdsa_signatures() -> None:
    """Step 5 accepts exactly the signatures that Wycheproof calls valid."""
    count = 0
    for group in groups("ecdsa_secp256r1_sha256_p1363_test.json"):
        key = load_der_public_key(bytes.fromhex(group["publicKeyDer"]))
        assert isinstance(key, ec.EllipticCurvePublicKey)
        for vector in group["tests"]:
            verdict = True
            try:
                jws._check_signature(bytes.fromhex(vector["msg"]), bytes.fromhex(vector["sig"]), key)
            except VerificationError:
                verdict = False
            assert verdict is (vector["result"] == "valid"), (vector["tcId"], vector["comment"])
            count += 1
    assert count == 262


def is_es256(group: dict[str, Any]) -> bool:
    return group["comment"] not in NOT_APPLICABLE and group.get("public", {}).get("crv") == "P-256"


def key_of(group: dict[str, Any]) -> ec.EllipticCurvePublicKey:
    x, y = (int.from_bytes(base64.urlsafe_b64decode(group["public"][name] + "=")) for name in "xy")
    return ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()


def path_of(key: ec.EllipticCurvePublicKey) -> SigningPath:
    at = int(NOW.timestamp())
    return SigningPath(key, "", "", NOW, at, at, at)


def signature_is_good(verifier: SignedPayloadVerifier, token: str) -> bool:
    with pytest.raises(VerificationError) as refused:
        verifier.verify(token, NOW)
    return refused.value.code in AFTER_THE_SIGNATURE


def test_es256_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the certificates taken as given, exactly the ES256 tokens that Wycheproof calls valid get past step 5."""
    monkeypatch.setattr(jws, "_read_chain", lambda _: jws._Chain("", "", b""))
    seen = []
    for group in filter(is_es256, groups("json_web_signature_test.json")):
        verifier, path = SignedPayloadVerifier([good_chain()[2]]), path_of(key_of(group))
        monkeypatch.setattr(verifier, "check_path", lambda *_, path=path: path)
        for vector in group["tests"]:
            verdict = signature_is_good(verifier, vector["jws"])
            assert verdict is (vector["result"] == "valid"), (vector["tcId"], vector["comment"])
            seen.append(vector["result"])
    assert (seen.count("valid"), seen.count("invalid")) == (2, 37)


def test_tokens_without_a_chain() -> None:
    """Every token of Wycheproof's, valid or not, is refused, because it has no chain of the App Store."""
    verifier = SignedPayloadVerifier([good_chain()[2]])
    count = 0
    for group in groups("json_web_signature_test.json"):
        for vector in group["tests"]:
            token = vector["jws"] if isinstance(vector["jws"], str) else json.dumps(vector["jws"])
            assert not signature_is_good(verifier, token), vector["tcId"]
            count += 1
    assert count == 401
