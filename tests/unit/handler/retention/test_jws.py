"""`SignedPayloadVerifier` on tokens under good certificates, and what it remembers of their paths."""

from __future__ import annotations

import hashlib
import re
from dataclasses import FrozenInstanceError
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from cryptography.x509.verification import PolicyBuilder, Store
from retention import jws
from retention.errors import ClaimError, ConfigurationError, VerificationError
from retention.jws import SignedPayloadVerifier, VerifierStats, apple_root
from retention.verification import certificates

from tests import minting
from tests.minting import NOW, Case, certificate_cases, claims, good_chain, signed, token_cases
from tests.support.verified_paths import refusal

ROOT = Path(__file__).parents[4]


@pytest.mark.parametrize("case", [case for case in token_cases() if case.code is None], ids=lambda case: case.name)
def test_accepts_unusual_and_right(case: Case) -> None:
    """A token that RFC 7515 and Apple's pages allow is accepted, however unusual."""
    assert SignedPayloadVerifier(case.roots).verify(case.token, NOW)["appAppleId"] == minting.APP_ID


@pytest.mark.parametrize("case", [case for case in token_cases() if case.code], ids=lambda case: case.name)
def test_refuses_wrong_in_one_way(case: Case) -> None:
    """A token wrong in one way is refused, and the code says in which."""
    assert refusal(SignedPayloadVerifier(case.roots), case.token).code == case.code


@pytest.mark.parametrize("case", [case for case in token_cases() if case.code], ids=lambda case: case.name)
def test_refuses_alike_when_the_path_is_remembered(case: Case) -> None:
    """What is remembered of a good path excuses no other fault."""
    verifier = SignedPayloadVerifier(case.roots)
    verifier.verify(signed(), NOW)
    assert refusal(verifier, case.token).code == case.code


def test_codes_are_those_documented() -> None:
    """The module's docstring lists exactly the codes with which some token is refused."""
    listed = re.findall(r"\b[a-z0-9]+(?:_[a-z0-9]+)+\b", str(jws.__doc__).partition("\n    2  ")[2])
    assert set(listed) == {case.code for case in (*certificate_cases(), *token_cases()) if case.code}


@pytest.mark.parametrize("case", [case for case in token_cases() if case.code], ids=lambda case: case.name)
def test_evidence_names_no_content(case: Case) -> None:
    """What is logged of a refusal is our own limit or a documented field's name, never the caller's data."""
    refused = refusal(SignedPayloadVerifier(case.roots), case.token)
    field = {"field": case.name.split(" ")[0]} if isinstance(refused, ClaimError) else {}
    limit = {"limit": jws.MAX_CHARACTERS} if refused.code == "token_too_long" else {}
    assert refused.evidence == {**field, **limit}


def test_claims_are_the_payload() -> None:
    """The claims are the payload's fields, unknown ones included."""
    body = claims(storefront="USA")
    assert SignedPayloadVerifier([good_chain()[2]]).verify(signed(body=body), NOW) == body


def test_wrong_claims_are_told_from_wrong_signatures(verifier: SignedPayloadVerifier) -> None:
    """A good signature over a wrong field is a `ClaimError`, for Apple may have changed; a wrong signature is not."""
    wrong = claims(productId=1)
    assert isinstance(refusal(verifier, signed(body=wrong)), ClaimError)
    assert not isinstance(refusal(verifier, signed(body=wrong, signing_key=minting.key("stranger"))), ClaimError)


def test_other_payloads_of_the_app_store_are_authenticated(verifier: SignedPayloadVerifier) -> None:
    """A notification has none of a request's claims: who signed it is judged alike, and its fields are its reader's."""
    notification = {"notificationType": "TEST", "version": "2.0", "data": {"bundleId": "com.example"}}
    token = signed(body=notification)
    assert verifier.authenticate(token, NOW).payload == notification
    assert refusal(verifier, token).code == "claim_missing"
    forged = signed(body=notification, signing_key=minting.key("stranger"))
    with pytest.raises(VerificationError, match="did not sign"):
        verifier.authenticate(forged, NOW)


def test_authenticated_names_root_and_leaf(verifier: SignedPayloadVerifier) -> None:
    """With the payload come the root and the leaf that vouch for it, and the end of the leaf."""
    leaf, _, root = good_chain()
    found = verifier.authenticate(signed(), NOW)
    assert found.anchor == hashlib.sha256(root).hexdigest()
    assert found.leaf_fingerprint == hashlib.sha256(leaf).hexdigest()
    assert found.leaf_not_after == NOW + timedelta(days=300)
    with pytest.raises(FrozenInstanceError):
        found.anchor = "another"  # type: ignore[misc]  # that it cannot be set is the point


def test_time_zones_are_one_time(verifier: SignedPayloadVerifier) -> None:
    """`now` is an instant: any zone will do, and none is UTC."""
    leaf_end = NOW + timedelta(days=300)
    east = timezone(timedelta(hours=9))
    for now in (leaf_end, leaf_end.astimezone(east), leaf_end.replace(tzinfo=None)):
        assert verifier.verify(signed(), now)
    for now in (leaf_end.astimezone(east), leaf_end.replace(tzinfo=None)):
        assert refusal(verifier, signed(), now + timedelta(seconds=1)).code == "certificate_expired"


def test_a_fraction_of_the_last_second_counts(verifier: SignedPayloadVerifier) -> None:
    """Certificates count whole seconds: the last one ends when the next begins, remembered or not."""
    last = NOW + timedelta(days=300, microseconds=999_999)
    assert verifier.verify(signed(), last)
    assert verifier.verify(signed(), last)


def test_payload_has_no_say_in_the_time(verifier: SignedPayloadVerifier) -> None:
    """A token signed while its leaf was valid is refused once the leaf has ended."""
    assert refusal(verifier, signed(), NOW + timedelta(days=301)).code == "certificate_expired"


def test_apple_root_is_apples() -> None:
    """The root that ships is Apple Root CA - G3, by the fingerprint that Apple publishes."""
    published = "63343abfb89a6a03ebb57e9b3f5fa7be7c4f5c756f3017b3a8c488c3653e9179"
    assert hashlib.sha256(apple_root()).hexdigest() == jws.APPLE_ROOT_FINGERPRINT == published


def test_another_root_in_its_place_stops_the_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A changed file is a deployment that must not start."""
    monkeypatch.setattr(jws, "__file__", str(tmp_path / "jws.py"))
    (tmp_path / "AppleRootCA-G3.cer").write_bytes(good_chain()[2])
    with pytest.raises(ConfigurationError) as refused:
        apple_root()
    assert refused.value.code == "apple_root_changed"


def of_version(number: int) -> bytes:
    version_3 = bytes.fromhex("a003020102")
    return minting.resigned(good_chain()[2], minting.key("root", "P-384"), version_3, version_3[:-1] + bytes([number]))


@pytest.mark.parametrize("roots", [[], [b""], [b"nonsense"], [good_chain()[2] + b"\x00"], [of_version(7)]])
def test_a_root_that_is_none_stops_the_start(roots: list[bytes]) -> None:
    """Without a readable root nothing could be verified, and the start says so."""
    with pytest.raises(ConfigurationError) as refused:
        SignedPayloadVerifier(roots)
    assert refused.value.code == "trust_anchor_malformed"


def test_apples_root_vouches_for_no_other() -> None:
    """A token under a private CA is refused where only Apple's root is trusted."""
    assert refusal(SignedPayloadVerifier([apple_root()]), signed()).code == "path_untrusted"


def test_a_ca_is_one_by_its_basic_constraints() -> None:
    """Whether an issuer is a CA does not hang on its key usage: basicConstraints that deny it are refused as such."""
    root = minting.root_plan().build()
    builder = PolicyBuilder().store(Store([root])).time(NOW).max_chain_depth(1)
    policy = (
        builder.extension_policies(ca_policy=certificates._CA_POLICY, ee_policy=certificates._LEAF_POLICY)
        .build_client_verifier()
        .policy
    )
    with pytest.raises(ValueError, match="not a CA"):
        certificates._require_ca(policy, root, minting.constraints(ca=False))


def test_now_may_be_any_year(verifier: SignedPayloadVerifier) -> None:
    """A clock at either end of the calendar is wrong, not a crash."""
    assert refusal(verifier, signed(), datetime(1, 1, 1, tzinfo=UTC)).code == "certificate_not_yet_valid"
    assert refusal(verifier, signed(), datetime(9999, 12, 31, tzinfo=UTC)).code == "certificate_expired"


def test_a_header_is_remembered_only_after_a_good_signature(verifier: SignedPayloadVerifier) -> None:
    """The header text of a certificate is read once, and one that nobody vouched for is read anew each time."""
    token = signed()
    header, payload, signature = token.split(".")
    forged = signature[:-4] + ("AAAA" if signature[-4:] != "AAAA" else "BBBA")
    with pytest.raises(VerificationError):
        verifier.verify(f"{header}.{payload}.{forged}", NOW)
    assert verifier.stats() == VerifierStats(paths=0, headers=0)
    verifier.verify(token, NOW)
    assert verifier.stats() == VerifierStats(paths=1, headers=1)
    with pytest.raises(VerificationError):
        verifier.verify(f"{header}.{payload}.{forged}", NOW)
    assert verifier.verify(token, NOW)


@pytest.mark.parametrize("part", [0, 1, 2])
def test_half_a_character_is_no_base64url_in_any_part(verifier: SignedPayloadVerifier, part: int) -> None:
    """Text that no UTF-8 can carry is refused like every other character, also behind a header that is known."""
    token = signed()
    verifier.verify(token, NOW)
    parts = token.split(".")
    parts[part] = "\ud800" + parts[part][1:]
    assert refusal(verifier, ".".join(parts)).code == "token_encoding"
