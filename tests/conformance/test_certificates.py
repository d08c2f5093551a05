"""Certificates that are each wrong in one way, in a token that is good in every other way."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from retention.errors import VerificationError
from retention.jws import SignedPayloadVerifier, apple_root
from retention.settings import KNOWN_LEAVES

from tests.minting import NOW, Case, certificate_cases
from tests.minting.odd_keys import compressed

APPLE = Path(__file__).parents[1] / "apple_chains" / "2025-2027"
LEAF_END = datetime(2027, 10, 13, 17, 47, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    "case", [case for case in certificate_cases() if case.code is None], ids=lambda case: case.name
)
def test_accepts_unusual_and_right(case: Case) -> None:
    """An unusual chain that Apple could use in future is accepted."""
    assert SignedPayloadVerifier(case.roots).verify(case.token, NOW)["environment"] == "Production"


@pytest.mark.parametrize("last", [0, 1])
def test_accepts_a_compressed_point_of_either_parity(last: int) -> None:
    """A compressed key, which has x and one bit of y, is accepted with either bit."""
    case = compressed(last)
    assert SignedPayloadVerifier(case.roots).verify(case.token, NOW)["environment"] == "Production"


@pytest.mark.parametrize("case", [case for case in certificate_cases() if case.code], ids=lambda case: case.name)
def test_refuses_wrong_in_one_way(case: Case) -> None:
    """A chain that is wrong in one way is refused, with the code for that way."""
    with pytest.raises(VerificationError) as refused:
        SignedPayloadVerifier(case.roots).verify(case.token, NOW)
    assert refused.value.code == case.code


def test_every_code_of_the_path_is_provoked() -> None:
    """Each code that the module documents for steps 3 and 4 is the code of at least one chain."""
    documented = {
        "certificate_malformed",
        "path_untrusted",
        "path_shape",
        "intermediate_marker_missing",
        "leaf_marker_missing",
        "leaf_key_usage",
        "leaf_is_ca",
        "leaf_key_type",
        "certificate_expired",
        "certificate_not_yet_valid",
    }
    assert documented <= {case.code for case in certificate_cases()}


@pytest.fixture(scope="module")
def apples_chain() -> tuple[bytes, bytes]:
    return (APPLE / "leaf.cer").read_bytes(), (APPLE / "intermediate.cer").read_bytes()


@pytest.mark.parametrize(
    "at", [datetime(2025, 9, 19, 19, 44, 51, tzinfo=UTC), NOW, LEAF_END], ids=["first second", "now", "last second"]
)
def test_apples_chain_passes_while_it_is_valid(apples_chain: tuple[bytes, bytes], at: datetime) -> None:
    """The chain that the App Store signs with reaches Apple Root CA - G3 from its first second to its last."""
    path = SignedPayloadVerifier([apple_root()]).check_path(*apples_chain, at)
    assert path.anchor == "63343abfb89a6a03ebb57e9b3f5fa7be7c4f5c756f3017b3a8c488c3653e9179"
    assert path.leaf_not_after == LEAF_END
    assert path.leaf_fingerprint == hashlib.sha256(apples_chain[0]).hexdigest()
    assert {path.leaf_fingerprint} == KNOWN_LEAVES


def test_apples_chain_ends_with_its_leaf(apples_chain: tuple[bytes, bytes]) -> None:
    """One second after Apple's leaf ends, its path is refused as expired."""
    with pytest.raises(VerificationError) as refused:
        SignedPayloadVerifier([apple_root()]).check_path(*apples_chain, LEAF_END + timedelta(seconds=1))
    assert refused.value.code == "certificate_expired"


def test_apples_chain_is_refused_under_another_root(apples_chain: tuple[bytes, bytes]) -> None:
    """Apple's chain is refused if only a private root is trusted."""
    private_root = certificate_cases()[0].roots
    with pytest.raises(VerificationError) as refused:
        SignedPayloadVerifier(private_root).check_path(*apples_chain, NOW)
    assert refused.value.code == "path_untrusted"
