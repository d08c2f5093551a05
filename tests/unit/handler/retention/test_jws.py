"""`SignedPayloadVerifier` on tokens under good certificates, and what it remembers of their paths."""

from __future__ import annotations

import hashlib
import re
from dataclasses import FrozenInstanceError
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from retention import jws
from retention.errors import ClaimError, ConfigurationError, VerificationError
from retention.jws import SignedPayloadVerifier, VerifierStats, apple_root

from tests import minting
from tests.minting import NOW, Case, certificate_cases, claims, good_chain, signed, token_cases
from tests.support.verified_paths import refusal

ROOT = Path(__file__).parents[4]


@pytest.mark.parametrize("case", [case for case in token_cases() if case.code is None], ids=lambda case: case.name)
def test_accepts_unusual_valid_tokens(case: Case) -> None:
    """A token that RFC 7515 and Apple's documentation allow is accepted, however unusual."""
    assert SignedPayloadVerifier(case.roots).verify(case.token, NOW)["appAppleId"] == minting.APP_ID


@pytest.mark.parametrize("case", [case for case in token_cases() if case.code], ids=lambda case: case.name)
def test_refuses_tokens_with_one_fault(case: Case) -> None:
    """A token with one fault is refused with that fault's code."""
    assert refusal(SignedPayloadVerifier(case.roots), case.token).code == case.code


@pytest.mark.parametrize("case", [case for case in token_cases() if case.code], ids=lambda case: case.name)
def test_refuses_the_same_tokens_when_the_path_is_remembered(case: Case) -> None:
    """With a remembered path, each faulty token is refused with the same code."""
    verifier = SignedPayloadVerifier(case.roots)
    verifier.verify(signed(), NOW)
    assert refusal(verifier, case.token).code == case.code


def test_codes_are_those_documented() -> None:
    """The module's docstring lists exactly the codes with which some token is refused."""
    listed = re.findall(r"\b[a-z0-9]+(?:_[a-z0-9]+)+\b", str(jws.__doc__).partition("\n    2  ")[2])
    assert set(listed) == {case.code for case in (*certificate_cases(), *token_cases()) if case.code}


@pytest.mark.parametrize("case", [case for case in token_cases() if case.code], ids=lambda case: case.name)
def test_evidence_names_no_content(case: Case) -> None:
    """The evidence of a refusal is a limit of ours or the name of a documented field, never a value from the token."""
    refused = refusal(SignedPayloadVerifier(case.roots), case.token)
    field = {"field": case.name.split(" ")[0]} if isinstance(refused, ClaimError) else {}
    limit = {"limit": jws.MAX_CHARACTERS} if refused.code == "token_too_long" else {}
    assert refused.evidence == {**field, **limit}


def test_claims_are_the_payload() -> None:
    """`verify` returns the payload's fields, unknown ones too."""
    body = claims(storefront="USA")
    assert SignedPayloadVerifier([good_chain()[2]]).verify(signed(body=body), NOW) == body


def test_wrong_claims_and_wrong_signatures_have_different_errors(verifier: SignedPayloadVerifier) -> None:
    """A wrong field under a good signature is a `ClaimError`, for Apple may have changed; a wrong signature is not."""
    wrong = claims(productId=1)
    assert isinstance(refusal(verifier, signed(body=wrong)), ClaimError)
    assert not isinstance(refusal(verifier, signed(body=wrong, signing_key=minting.key("stranger"))), ClaimError)


def test_other_payloads_of_the_app_store_are_authenticated(verifier: SignedPayloadVerifier) -> None:
    """`authenticate` accepts a notification, which lacks a request's claims, and refuses a forged one."""
    notification = {"notificationType": "TEST", "version": "2.0", "data": {"bundleId": "com.example"}}
    token = signed(body=notification)
    assert verifier.authenticate(token, NOW).payload == notification
    assert refusal(verifier, token).code == "claim_missing"
    forged = signed(body=notification, signing_key=minting.key("stranger"))
    with pytest.raises(VerificationError, match="did not sign"):
        verifier.authenticate(forged, NOW)


def test_authenticate_returns_root_and_leaf(verifier: SignedPayloadVerifier) -> None:
    """The payload comes with the fingerprints of root and leaf, and with the end of the leaf's validity."""
    leaf, _, root = good_chain()
    found = verifier.authenticate(signed(), NOW)
    assert found.anchor == hashlib.sha256(root).hexdigest()
    assert found.leaf_fingerprint == hashlib.sha256(leaf).hexdigest()
    assert found.leaf_not_after == NOW + timedelta(days=300)
    with pytest.raises(FrozenInstanceError):
        found.anchor = "another"  # type: ignore[misc]  # the test checks that it cannot be set


def test_now_may_have_any_time_zone(verifier: SignedPayloadVerifier) -> None:
    """`now` is an instant: its time zone does not matter, and without a zone it is UTC."""
    leaf_end = NOW + timedelta(days=300)
    east = timezone(timedelta(hours=9))
    for now in (leaf_end, leaf_end.astimezone(east), leaf_end.replace(tzinfo=None)):
        assert verifier.verify(signed(), now)
    for now in (leaf_end.astimezone(east), leaf_end.replace(tzinfo=None)):
        assert refusal(verifier, signed(), now + timedelta(seconds=1)).code == "certificate_expired"


def test_a_fraction_of_the_last_second_counts(verifier: SignedPayloadVerifier) -> None:
    """Certificates count full seconds: the last second ends when the next begins, also for a remembered path."""
    last = NOW + timedelta(days=300, microseconds=999_999)
    assert verifier.verify(signed(), last)
    assert verifier.verify(signed(), last)


def test_the_payload_does_not_set_the_time(verifier: SignedPayloadVerifier) -> None:
    """A token signed while its leaf was valid is refused once the leaf has expired."""
    assert refusal(verifier, signed(), NOW + timedelta(days=301)).code == "certificate_expired"


def test_apple_root_is_apples() -> None:
    """The root that ships is Apple Root CA - G3, by the fingerprint that Apple publishes."""
    published = "63343abfb89a6a03ebb57e9b3f5fa7be7c4f5c756f3017b3a8c488c3653e9179"
    assert hashlib.sha256(apple_root()).hexdigest() == jws.APPLE_ROOT_FINGERPRINT == published


def test_another_root_in_its_place_stops_the_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """If the root's file was changed, the function does not start."""
    monkeypatch.setattr(jws, "__file__", str(tmp_path / "jws.py"))
    (tmp_path / "AppleRootCA-G3.cer").write_bytes(good_chain()[2])
    with pytest.raises(ConfigurationError) as refused:
        apple_root()
    assert refused.value.code == "apple_root_changed"


def test_a_private_root_is_not_trusted_by_default() -> None:
    """A token under a private CA is refused where only Apple's root is trusted."""
    assert refusal(SignedPayloadVerifier([apple_root()]), signed()).code == "path_untrusted"


def test_now_may_be_any_year(verifier: SignedPayloadVerifier) -> None:
    """A clock at either end of the calendar leads to a refusal, not to an unexpected exception."""
    assert refusal(verifier, signed(), datetime(1, 1, 1, tzinfo=UTC)).code == "certificate_not_yet_valid"
    assert refusal(verifier, signed(), datetime(9999, 12, 31, tzinfo=UTC)).code == "certificate_expired"


def test_a_header_is_remembered_only_after_a_good_signature(verifier: SignedPayloadVerifier) -> None:
    """A header is kept once a token with it was verified; that of a forged token is not kept."""
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
def test_a_lone_surrogate_is_refused_in_any_part(verifier: SignedPayloadVerifier, part: int) -> None:
    """Text that UTF-8 cannot carry is refused like any wrong character, also when its header is remembered."""
    token = signed()
    verifier.verify(token, NOW)
    parts = token.split(".")
    parts[part] = "\ud800" + parts[part][1:]
    assert refusal(verifier, ".".join(parts)).code == "token_encoding"
