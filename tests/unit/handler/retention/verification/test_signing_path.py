"""Verdicts on certificate paths are remembered for fifteen minutes, four at most."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from retention.jws import MAX_PATHS, SignedPayloadVerifier
from retention.verification.signing_path import PATH_SECONDS, SigningPath

from tests import minting
from tests.minting import NOW, certificate_cases, claims, good_chain, signed

if TYPE_CHECKING:
    from collections.abc import Iterator
from tests.support.verified_paths import refusal

FIFTEEN_MINUTES = timedelta(seconds=PATH_SECONDS)


@pytest.fixture
def paths_checked(verifier: SignedPayloadVerifier, monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """Return the instants at which `verifier` has checked a path."""
    instants: list[datetime] = []
    check_path = verifier.check_path

    def counted(leaf: bytes, intermediate: bytes, now: datetime) -> SigningPath:
        instants.append(now)
        return check_path(leaf, intermediate, now)

    monkeypatch.setattr(verifier, "check_path", counted)
    return instants


def test_a_path_is_checked_once(verifier: SignedPayloadVerifier, paths_checked: list[datetime]) -> None:
    """Tokens under the same leaf and intermediate share one verdict, with any x5c[2] and any payload."""
    leaf, intermediate, _ = good_chain()
    verifier.verify(signed(), NOW)
    verifier.verify(signed(body=claims(productId="another")), NOW)
    verifier.verify(minting.token_of((leaf, intermediate, b"another")), NOW)
    assert len(paths_checked) == 1


def test_a_verdict_lasts_fifteen_minutes(verifier: SignedPayloadVerifier, paths_checked: list[datetime]) -> None:
    """A verdict is used until a second before fifteen minutes are over, then the path is checked again."""
    for now in (NOW, NOW + FIFTEEN_MINUTES - minting.SECOND, NOW + FIFTEEN_MINUTES):
        verifier.verify(signed(), now)
    assert paths_checked == [NOW, NOW + FIFTEEN_MINUTES]


def test_a_verdict_ends_with_the_first_certificate_that_expires() -> None:
    """A remembered path is refused as soon as one of its three certificates has expired."""
    last_second = [case for case in certificate_cases() if case.name.endswith("in its last second")]
    for case in last_second:
        verifier = SignedPayloadVerifier(case.roots)
        verifier.verify(case.token, NOW)
        assert refusal(verifier, case.token, NOW + minting.SECOND).code in {"certificate_expired", "path_untrusted"}
    assert len(last_second) == 3


def test_a_clock_set_back_is_not_believed(verifier: SignedPayloadVerifier, paths_checked: list[datetime]) -> None:
    """If the clock is before the verdict's time, the path is checked again."""
    verifier.verify(signed(), NOW)
    verifier.verify(signed(), NOW - minting.SECOND)
    assert paths_checked == [NOW, NOW - minting.SECOND]
    assert refusal(verifier, signed(), NOW - timedelta(days=301)).code == "certificate_not_yet_valid"


def test_nothing_is_remembered_of_a_bad_signature(
    verifier: SignedPayloadVerifier, paths_checked: list[datetime]
) -> None:
    """Apple's certificates are public: only a token signed by the leaf's key may use one of the four places."""
    forged = signed(signing_key=minting.key("stranger"))
    refusal(verifier, forged)
    refusal(verifier, forged)
    assert len(paths_checked) == 2


def test_a_wrong_claim_does_not_make_a_path_forgotten(
    verifier: SignedPayloadVerifier, paths_checked: list[datetime]
) -> None:
    """The path concerns the signature; a payload that Apple has changed causes no second check."""
    refusal(verifier, signed(body=claims(productId=1)))
    verifier.verify(signed(), NOW)
    assert len(paths_checked) == 1


def test_a_remembered_leaf_needs_its_own_intermediate(
    verifier: SignedPayloadVerifier, paths_checked: list[datetime]
) -> None:
    """A verdict is about both certificates: the same leaf with another intermediate is checked again, and refused."""
    leaf, intermediate, root = good_chain()
    verifier.verify(signed(), NOW)
    refusal(verifier, minting.token_of((leaf, root, root)))
    refusal(verifier, minting.token_of((leaf + intermediate[:3], intermediate[3:], root)))
    assert len(paths_checked) == 3


def tokens_of_new_leaves(count: int) -> Iterator[str]:
    _, intermediate, root = good_chain()
    for _ in range(count):
        yield minting.token_of((minting.der(minting.leaf_plan()), intermediate, root))


def test_four_paths_are_remembered(verifier: SignedPayloadVerifier, paths_checked: list[datetime]) -> None:
    """A fifth path replaces the oldest one; the other three stay."""
    oldest, *others = tokens = list(tokens_of_new_leaves(MAX_PATHS + 1))
    for token in tokens:
        verifier.verify(token, NOW)
    assert verifier.stats().paths == MAX_PATHS == 4
    for token in others:
        verifier.verify(token, NOW)
    assert len(paths_checked) == 5
    verifier.verify(oldest, NOW)
    assert len(paths_checked) == 6


def test_a_renewed_verdict_replaces_itself(verifier: SignedPayloadVerifier) -> None:
    """Checking a path again after fifteen minutes drops no other path."""
    tokens = list(tokens_of_new_leaves(MAX_PATHS))
    for now in (NOW, NOW + FIFTEEN_MINUTES):
        for token in tokens:
            verifier.verify(token, now)
    assert verifier.stats().paths == MAX_PATHS
