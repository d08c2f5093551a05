"""The chains that the App Store signs with, as `certificates` checked them when the release was made.

scripts/chains.py writes the entries from the certificates in tests/apple_chains. A test judges them again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class KnownChain:
    """A path that passed the full check.

    `x` and `y` are the leaf's public point on P-256; `anchor` and `leaf_fingerprint` are SHA-256. All four are hex, in
    lower case. The path holds from `not_before` to `not_after`, the leaf alone to `leaf_not_after`: UNIX seconds.
    """

    x: str
    y: str
    anchor: str
    leaf_fingerprint: str
    leaf_not_after: int
    not_before: int
    not_after: int


# By `signing_path.chain_key`, in hex.
KNOWN_CHAINS: Final[dict[str, KnownChain]] = {
    # 2025-2027: until 2027-10-13
    "666765cf91a7aa88938186ec1bfdedcf44e5a5d006720fc161ef48756c1e5b20": KnownChain(
        x="d9d5be172fee24feec4c79b4130182b42ca47cc8b17462d18c5f7a4ee5bfcc04",
        y="9a3fdb1e25ad37026a7360681f3b108848cfeca14820a83863ccb4fe7ca7b809",
        anchor="63343abfb89a6a03ebb57e9b3f5fa7be7c4f5c756f3017b3a8c488c3653e9179",
        leaf_fingerprint="4c381556c16121e605d1fc2eef6d0de4e072ed65964fe72f575f19711e84c417",
        leaf_not_after=1823449643,
        not_before=1758311091,
        not_after=1823449643,
    ),
}
