"""A certificate path as the rest needs it: the leaf's key, the root it leads to, and between which instants it holds.

A path is the verdict of `certificates` on two certificates, at run time or, for those in `known_chains`, when the
release was made.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from math import floor
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey

from retention.verification.known_chains import KNOWN_CHAINS

# How long a good path is believed.
PATH_SECONDS: Final = 15 * 60


@dataclass(frozen=True, slots=True)
class SigningPath:
    """A leaf that one of our roots vouches for through one intermediate, between two instants (UNIX seconds)."""

    key: EllipticCurvePublicKey
    anchor: str
    leaf_fingerprint: str
    leaf_not_after: datetime
    not_before: int
    not_after: int
    checked_at: int

    def holds_at(self, at: int) -> bool:
        """Say whether the verdict may be used again at `at`; a clock set back asks for a new one."""
        return self.checked_at <= at < self.checked_at + PATH_SECONDS and self.not_before <= at <= self.not_after


def chain_key(leaf: str, intermediate: str) -> bytes:
    """Return the SHA-256 of x5c[0] and x5c[1] as they were spelled: by what a chain's path is found again."""
    # The length of the one first, so that no other pair gives the same bytes.
    return hashlib.sha256(f"{len(leaf)}.{leaf}{intermediate}".encode()).digest()


def known_path(chain: bytes, anchors: Collection[str], at: int) -> SigningPath | None:
    """Return the verdict of `certificates` on a chain, where this release knows it; None asks for the full check.

    The verdict depends on two certificates, the roots and the time, and on nothing else. `chain` is the `chain_key`
    of the two; `anchors` are the fingerprints of this deployment's roots; `at` is in UNIX seconds. An entry was judged
    under one root, and counts only where that is the only one: another may change the verdict. It counts only between
    the instants at which the last of the path's certificates begins and the first ends: beyond them the refusal, too,
    is the full check's.
    """
    known = KNOWN_CHAINS.get(chain.hex())
    if known is None or {known.anchor} != set(anchors) or not known.not_before <= at <= known.not_after:
        return None
    return SigningPath(
        key=EllipticCurvePublicKey.from_encoded_point(SECP256R1(), b"\x04" + bytes.fromhex(known.x + known.y)),
        anchor=known.anchor,
        leaf_fingerprint=known.leaf_fingerprint,
        leaf_not_after=datetime.fromtimestamp(known.leaf_not_after, UTC),
        not_before=known.not_before,
        not_after=known.not_after,
        checked_at=at,
    )


def whole_seconds(instant: datetime) -> int:
    """Whole UNIX seconds, as certificates count; an instant without a zone is UTC."""
    return floor((instant if instant.tzinfo else instant.replace(tzinfo=UTC)).timestamp())
