"""A certificate path that was checked: the leaf's key, the root it leads to, and between which instants it is valid.

`certificates` checks a path while a request waits; those in `known_chains` were checked when the release was made.
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

# For how long a good path is not checked again.
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
        """Return whether the result may be used again at `at` (UNIX seconds). After a clock is set back it may not."""
        return self.checked_at <= at < self.checked_at + PATH_SECONDS and self.not_before <= at <= self.not_after


def chain_key(leaf: str, intermediate: str) -> bytes:
    """Return the SHA-256 of x5c[0] and x5c[1] as they are spelled: the key under which a chain's path is kept."""
    # With the length of the first, so that no other pair gives the same bytes.
    return hashlib.sha256(f"{len(leaf)}.{leaf}{intermediate}".encode()).digest()


def known_path(chain: bytes, anchors: Collection[str], at: int) -> SigningPath | None:
    """Return the path of a chain that this release knows; None if `certificates` has to check it.

    `chain` is the chain's `chain_key`, `anchors` are the fingerprints of this deployment's roots, and `at` is in UNIX
    seconds. The result of a check depends on the two certificates, the roots and the time alone. An entry was checked
    under one root, and is used only where that is the only one: another may change the result. It is used only while
    all certificates of the path are valid: before and after, the full check decides, and names the reason.
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
    """Return an instant in UNIX seconds, rounded down as in certificates. One without a zone is UTC."""
    return floor((instant if instant.tzinfo else instant.replace(tzinfo=UTC)).timestamp())
