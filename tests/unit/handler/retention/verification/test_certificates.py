"""Two certificates and one of our roots make a path that signs App Store data, or the refusal has its code."""

from __future__ import annotations

import base64
import hashlib
from datetime import timedelta

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.verification import PolicyBuilder, Store
from retention.errors import ConfigurationError, VerificationError
from retention.verification import certificates
from retention.verification.certificates import Authorities, anchor_key
from retention.verification.signing_path import whole_seconds

from tests import minting
from tests.minting import NOW, certificate_cases, good_chain


def root_of_version(number: int) -> bytes:
    version_3 = bytes.fromhex("a003020102")
    return minting.resigned(good_chain()[2], minting.key("root", "P-384"), version_3, version_3[:-1] + bytes([number]))


@pytest.mark.parametrize("roots", [[], [b""], [b"nonsense"], [good_chain()[2] + b"\x00"], [root_of_version(7)]])
def test_an_unreadable_root_stops_the_start(roots: list[bytes]) -> None:
    """Without a readable root no request can be verified, so the start fails with a code."""
    with pytest.raises(ConfigurationError) as refused:
        Authorities(roots)
    assert refused.value.code == "trust_anchor_malformed"


def test_a_ca_needs_basic_constraints() -> None:
    """An issuer whose basicConstraints deny that it is a CA is refused, although its key usage permits it."""
    root = minting.root_plan().build()
    builder = PolicyBuilder().store(Store([root])).time(NOW).max_chain_depth(1)
    policy = (
        builder.extension_policies(ca_policy=certificates._CA_POLICY, ee_policy=certificates._LEAF_POLICY)
        .build_client_verifier()
        .policy
    )
    with pytest.raises(ValueError, match="not a CA"):
        certificates._require_ca(policy, root, minting.constraints(ca=False))


def refusal(*chain: bytes, roots: tuple[bytes, ...] | None = None, days: int = 0) -> str:
    """Return the code with which leaf and intermediate are refused, so many days from NOW."""
    with pytest.raises(VerificationError) as refused:
        Authorities(roots or (good_chain()[2],)).path(chain[0], chain[1], NOW + timedelta(days=days))
    return refused.value.code


def test_a_path_has_what_the_token_is_verified_with() -> None:
    """The leaf's key, the fingerprints of root and leaf, and the times between which all three are valid."""
    leaf, intermediate, root = good_chain()
    path = Authorities([root]).path(leaf, intermediate, NOW)
    loaded = [x509.load_der_x509_certificate(each) for each in (leaf, intermediate, root)]
    assert path.key.public_numbers() == loaded[0].public_key().public_numbers()  # type: ignore[union-attr]  # on P-256
    assert (path.leaf_fingerprint, path.anchor) == (hashlib.sha256(leaf).hexdigest(), hashlib.sha256(root).hexdigest())
    assert path.leaf_not_after == loaded[0].not_valid_after_utc
    assert path.not_before == max(whole_seconds(each.not_valid_before_utc) for each in loaded)
    assert path.not_after == min(whole_seconds(each.not_valid_after_utc) for each in loaded)
    assert path.checked_at == whole_seconds(NOW)


def test_the_path_ends_in_any_of_the_roots() -> None:
    """Several roots are trusted while Apple changes its own."""
    leaf, intermediate, root = good_chain()
    other = minting.der(minting.root_plan(root_key=minting.key("impostor", "P-384")))
    assert Authorities([other, root]).path(leaf, intermediate, NOW).anchor == hashlib.sha256(root).hexdigest()
    assert refusal(leaf, intermediate, roots=(other,)) == "path_untrusted"


@pytest.mark.parametrize(("days", "code"), [(301, "certificate_expired"), (-10_000, "certificate_not_yet_valid")])
def test_a_time_outside_of_the_certificates_has_its_own_code(days: int, code: str) -> None:
    """A clock that is wrong can then be distinguished from a forgery."""
    leaf, intermediate, _ = good_chain()
    assert refusal(leaf, intermediate, days=days) == code


def test_the_order_of_a_chain_is_leaf_and_intermediate() -> None:
    """Another certificate in either place is no path, and bytes that are none are malformed."""
    leaf, intermediate, root = good_chain()
    assert refusal(intermediate, leaf) == "path_shape"
    assert refusal(leaf, root) == "path_untrusted"
    assert refusal(b"nonsense", intermediate) == "certificate_malformed"
    assert refusal(leaf, intermediate + b"\x00") == "certificate_malformed"


def test_an_anchors_key_is_the_hash_of_a_roots_public_key() -> None:
    """It stays the same when a root is issued again with the same key."""
    root = x509.load_der_x509_certificate(good_chain()[2])
    public = root.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert anchor_key(good_chain()[2]) == hashlib.sha256(public).hexdigest()


@pytest.mark.parametrize(
    ("der", "code"),
    [
        (b"nonsense", "trust_anchor_malformed"),
        (good_chain()[0], "trust_anchor_not_root"),
        (good_chain()[1], "trust_anchor_not_root"),
    ],
)
def test_an_anchor_signed_itself(der: bytes, code: str) -> None:
    """With Apple's leaf or intermediate as an anchor, each request of Apple's would be refused."""
    with pytest.raises(ConfigurationError) as refused:
        anchor_key(der)
    assert refused.value.code == code


ONE_CASE_EACH = {case.code: case for case in reversed(certificate_cases()) if case.code}


@pytest.mark.parametrize("code", ["intermediate_marker_missing", "leaf_marker_missing", "leaf_key_usage", "leaf_is_ca"])
def test_a_certificate_for_another_use_is_refused(code: str) -> None:
    """Apple's root also signs certificates that are not for App Store data; tests/conformance has every chain."""
    case = ONE_CASE_EACH[code]
    header = jwt.get_unverified_header(case.token)
    leaf, intermediate, *_ = (base64.b64decode(entry) for entry in header["x5c"])
    assert refusal(leaf, intermediate, roots=case.roots) == code
