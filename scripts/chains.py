"""Writes `retention/verification/known_chains.py`: the results of the full check of the App Store's chains.

chains.py write   check every chain of tests/apple_chains, and write the table
chains.py check   check them again, and fail if the table differs; `make pins` runs it with the new versions
chains.py write ROOT CHAINS TABLE      the same under another root (DER), for the copy that `make bench` measures

A chain is a folder with `leaf.cer` and `intermediate.cer` (DER), as Apple publishes them. For Apple's next certificate,
add its folder, run `write`, and review the difference.
"""

from __future__ import annotations

import base64
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[1]
CHAINS = _ROOT / "tests" / "apple_chains"
TABLE = _ROOT / "handler" / "retention" / "verification" / "known_chains.py"

sys.path.insert(0, str(_ROOT / "handler"))

from cryptography import x509  # noqa: E402  # the path above, as below
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey  # noqa: E402
from retention.jws import apple_root  # noqa: E402
from retention.verification.certificates import Authorities  # noqa: E402
from retention.verification.signing_path import SigningPath, chain_key  # noqa: E402

# The entries follow this line of the module; what is above it is written by hand.
BEGINS = "KNOWN_CHAINS: Final[dict[str, KnownChain]] = {\n"


@dataclass(frozen=True, slots=True)
class Chain:
    """Two certificates (DER), and the name of their folder."""

    name: str
    leaf: bytes
    intermediate: bytes

    @property
    def key(self) -> str:
        """The chain's key in the table, in hex, computed from the certificates as `x5c` spells them."""
        leaf, intermediate = (base64.b64encode(der).decode() for der in (self.leaf, self.intermediate))
        return chain_key(leaf, intermediate).hex()


def read_chains(folder: Path = CHAINS) -> list[Chain]:
    """Return the chains in `folder`, in the order of their names. Files in it, such as .DS_Store, are ignored."""
    return [
        Chain(path.name, (path / "leaf.cer").read_bytes(), (path / "intermediate.cer").read_bytes())
        for path in sorted(folder.iterdir())
        if path.is_dir()
    ]


def judge(chain: Chain, root: bytes) -> SigningPath:
    """Return the result of the full check of a chain under one root (DER). Raises VerificationError."""
    certificates = (x509.load_der_x509_certificate(der) for der in (chain.leaf, chain.intermediate, root))
    begun = max(certificate.not_valid_before_utc for certificate in certificates)
    authorities = Authorities([root])
    path = authorities.path(chain.leaf, chain.intermediate, begun)
    authorities.path(chain.leaf, chain.intermediate, datetime.fromtimestamp(path.not_after, UTC))
    return path


def render(module: str, chains: Iterable[Chain], root: bytes) -> str:
    """Return the module's text `module`, with the entries of its table replaced by those of `chains`."""
    head, begins, _ = module.partition(BEGINS)
    return head + begins + "".join(_entry(chain, judge(chain, root)) for chain in chains) + "}\n"


def _entry(chain: Chain, path: SigningPath) -> str:
    numbers = _point(path.key)
    return f"""\
    # {chain.name}: until {datetime.fromtimestamp(path.not_after, UTC):%Y-%m-%d}
    "{chain.key}": KnownChain(
        x="{numbers[0]}",
        y="{numbers[1]}",
        anchor="{path.anchor}",
        leaf_fingerprint="{path.leaf_fingerprint}",
        leaf_not_after={int(path.leaf_not_after.timestamp())},
        not_before={path.not_before},
        not_after={path.not_after},
    ),
"""


def _point(key: EllipticCurvePublicKey) -> tuple[str, str]:
    numbers = key.public_numbers()
    return f"{numbers.x:064x}", f"{numbers.y:064x}"


def _write(table: Path, chains: Path, root: bytes) -> None:
    text = render(table.read_text(encoding="utf-8"), read_chains(chains), root)
    table.write_text(text, encoding="utf-8")


def main(arguments: list[str]) -> int:
    """Write or check the table. Returns the exit code: 1 if it differs, 2 for unknown arguments."""
    match arguments:
        case ["write"]:
            _write(TABLE, CHAINS, apple_root())
        case ["write", root, folder, table]:
            _write(Path(table), Path(folder), Path(root).read_bytes())
        case ["check"]:
            table = TABLE.read_text(encoding="utf-8")
            if table != render(table, read_chains(), apple_root()):
                sys.stderr.write(
                    "handler/retention/verification/known_chains.py differs from the results for tests/apple_chains."
                    " Write it, and review the difference: python scripts/chains.py write\n"
                )
                return 1
        case _:
            sys.stderr.write(f"{__doc__}\n")
            return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
