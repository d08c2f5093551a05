"""Leaves with one odd thing in them, signed by the good intermediate, and the tokens of their chains."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric import ec

from tests.minting.certificates import (
    good_chain,
    key,
    reworked,
)
from tests.minting.tokens import Case, token_of

# Paths of elements in the signed part of a certificate (TBSCertificate, RFC 5280, 4.1).
VERSION, SERIAL, ALGORITHM, ISSUER, VALIDITY, SUBJECT, KEY, EXTENSIONS = range(8)


def leafs_issuer() -> ec.EllipticCurvePrivateKey:
    found: ec.EllipticCurvePrivateKey = key("intermediate", "P-384")
    return found


def leaf_case(name: str, code: str | None, leaf: bytes) -> Case:
    _, intermediate, root = good_chain()
    return Case(name, code, token_of((leaf, intermediate, root)), (root,))


def leaf_with(name: str, code: str | None, path: tuple[int, ...], element: bytes) -> Case:
    """Return a case whose leaf has `element` at `path`."""
    return leaf_case(name, code, reworked(good_chain()[0], leafs_issuer(), path, lambda _: element))
