"""The test authority signs as the App Store does, can be saved and loaded, and is not trusted as Apple."""

from __future__ import annotations

import hashlib
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from retention.errors import VerificationError
from retention.jws import TEST_AUTHORITY_KEYS, SignedPayloadVerifier, apple_root

from console.simulator.authority import Authority, request_claims
from tests.support.sam_template import ROOT

COMMITTED = ROOT / "events" / "ca"


APPLES = {
    "leaf": ROOT / "tests" / "apple_chains" / "2025-2027" / "leaf.cer",
    "intermediate": ROOT / "tests" / "apple_chains" / "2025-2027" / "intermediate.cer",
    "root": ROOT / "handler" / "retention" / "AppleRootCA-G3.cer",
}


NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def made() -> Authority:
    return Authority.create("Rehearsal Root")


def test_what_it_signs_is_verified_under_its_root(made: Authority) -> None:
    """A verifier that trusts the authority's root returns the claims as they were signed."""
    claims = request_claims(product_id="pro.monthly", user_locale="zh-Hant-HK") | {"note": "é"}
    found = SignedPayloadVerifier([made.root_der]).authenticate(made.sign(claims), NOW)
    assert found.payload == claims
    assert found.anchor == made.fingerprint == hashlib.sha256(made.root_der).hexdigest()


def test_its_signatures_are_refused_under_apples_root(made: Authority) -> None:
    """A verifier that trusts only Apple's root does not trust the authority."""
    with pytest.raises(VerificationError) as refused:
        SignedPayloadVerifier([apple_root()]).verify(made.sign(request_claims()), NOW)
    assert refused.value.code == "path_untrusted"


def test_two_authorities_do_not_vouch_for_each_other(made: Authority) -> None:
    """Two authorities with the same name have different keys."""
    other = Authority.create("Rehearsal Root")
    with pytest.raises(VerificationError):
        SignedPayloadVerifier([made.root_der]).verify(other.sign(request_claims()), NOW)


def test_its_certificates_are_valid_between_two_instants() -> None:
    """The chain is valid from its first second to its last, and not a second longer."""
    begin, end = NOW, NOW + timedelta(days=1)
    brief = Authority.create("Brief Root", begin, end)
    verifier, token = SignedPayloadVerifier([brief.root_der]), brief.sign(request_claims())
    for inside in (begin, end):
        assert verifier.verify(token, inside)
    for outside in (begin - timedelta(seconds=1), end + timedelta(seconds=1)):
        with pytest.raises(VerificationError):
            verifier.verify(token, outside)


def test_it_signs_after_it_was_saved_and_loaded(made: Authority, tmp_path: Path) -> None:
    """A loaded authority signs under the same root; only its owner can read its key."""
    made.save(tmp_path / "ca")
    loaded = Authority.load(tmp_path / "ca")
    assert loaded.root_der == made.root_der
    assert SignedPayloadVerifier([made.root_der]).verify(loaded.sign(request_claims()), NOW)
    assert (tmp_path / "ca" / "leaf-key.pem").stat().st_mode & 0o077 == 0


def test_another_kind_of_key_is_refused(made: Authority, tmp_path: Path) -> None:
    """A folder with a key that cannot sign ES256 is no authority."""
    made.save(tmp_path)
    key = ed25519.Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "leaf-key.pem").write_bytes(pem)
    with pytest.raises(ValueError, match="not an EC private key"):
        Authority.load(tmp_path)


def test_claims_are_those_of_a_new_request() -> None:
    """The seven documented claims, with a new request identifier each time, signed now in milliseconds."""
    first, second = request_claims(), request_claims()
    assert list(first) == [
        "originalTransactionId",
        "appAppleId",
        "productId",
        "userLocale",
        "requestIdentifier",
        "environment",
        "signedDate",
    ]
    assert uuid.UUID(str(first["requestIdentifier"])) != uuid.UUID(str(second["requestIdentifier"]))
    assert isinstance(first["signedDate"], int)
    assert abs(first["signedDate"] / 1000 - datetime.now(UTC).timestamp()) < 60
    assert request_claims(signed_date=0, request_identifier="x")["signedDate"] == 0


@pytest.mark.parametrize("name", ["leaf", "intermediate", "root"])
def test_certificates_are_shaped_like_apples(made: Authority, name: str) -> None:
    """Extensions, their criticality and the curve are those of Apple's certificate; the size is about the same."""
    theirs_der = APPLES[name].read_bytes()
    ours_der: bytes = getattr(made, f"{name}_der")
    ours, theirs = x509.load_der_x509_certificate(ours_der), x509.load_der_x509_certificate(theirs_der)
    assert {(e.oid, e.critical) for e in ours.extensions} == {(e.oid, e.critical) for e in theirs.extensions}
    for kind in (x509.KeyUsage, x509.BasicConstraints):
        assert ours.extensions.get_extension_for_class(kind) == theirs.extensions.get_extension_for_class(kind)
    our_key, their_key = ours.public_key(), theirs.public_key()
    assert isinstance(our_key, ec.EllipticCurvePublicKey)
    assert isinstance(their_key, ec.EllipticCurvePublicKey)
    assert our_key.curve.name == their_key.curve.name
    assert ours.signature_algorithm_oid == theirs.signature_algorithm_oid
    assert len(ours_der) == pytest.approx(len(theirs_der), rel=0.1)


def test_deployed_stacks_refuse_the_committed_keys() -> None:
    """`events/ca` has the three keys that a deployed handler refuses, and is valid until 2099."""
    committed = Authority.load(COMMITTED)
    chain = (committed.root_der, committed.intermediate_der, committed.leaf_der)
    keys = [x509.load_der_x509_certificate(der).public_key() for der in chain]
    infos = [key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) for key in keys]
    assert {hashlib.sha256(info).hexdigest() for info in infos} == TEST_AUTHORITY_KEYS
    token = committed.sign(request_claims())
    for year in (2020, 2026, 2099):
        assert SignedPayloadVerifier([committed.root_der]).verify(token, datetime(year, 12, 31, tzinfo=UTC))


def test_only_the_leafs_key_is_committed() -> None:
    """No other certificate can be made under the committed root, since the keys above the leaf were not kept."""
    names = {"README.md", "leaf.der", "intermediate.der", "root.der", "leaf-key.pem"}
    assert {entry.name for entry in COMMITTED.iterdir()} == names
    committed = Authority.load(COMMITTED)
    assert committed.leaf_key.public_key() == x509.load_der_x509_certificate(committed.leaf_der).public_key()
