"""Chains that an attacker without Apple's keys would make, with every name, number and identifier of a genuine one."""

from __future__ import annotations

from dataclasses import replace

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from retention.jws import apple_root

from tests.minting.asn1 import children, edited, opened
from tests.minting.certificates import (
    ECDSA_WITH_SHA384,
    certificate_of,
    der,
    good_chain,
    intermediate_plan,
    key,
    leaf_plan,
    reworked,
    root_plan,
)
from tests.minting.curveball import signed_under_it, spelled_out
from tests.minting.leaves import ISSUER, KEY
from tests.minting.tokens import Case, signed, token_of


def forged_chains() -> list[Case]:
    """Return a case for each way; the roots are the genuine one's, never the attacker's."""
    leaf, intermediate, root = good_chain()
    own = key("attacker"), key("attacker's CA", "P-384")
    copied = _with_key_of(leaf, own[0], own[1]), _with_key_of(intermediate, own[1], own[1])
    copied_root = _with_key_of(root, own[1], own[1])
    kept = _keeping_the_signature(leaf, own[0])
    cross_signed = der(replace(intermediate_plan(), issuer_key=own[1]))
    second = replace(intermediate_plan(), name="Second", key=key("second", "P-384"), issuer_name="Intermediate")
    second = replace(second, issuer_key=key("intermediate", "P-384"))
    below_second = der(leaf_plan(second))
    from_leaf = replace(leaf_plan(), key=own[0], name="Leaf of the leaf", issuer_name="Leaf", issuer_key=key("leaf"))
    apples = apple_root()
    below_apple = copied[0], _issued_by_name_of(copied[1], apples, own[1]), apples
    curveball = _under_another_generator(intermediate, root, own[1])

    def case(name: str, code: str, *chain: bytes, signing_key: ec.EllipticCurvePrivateKey = own[0]) -> Case:
        return Case(name, code, token_of(chain, signing_key), (root,))

    return [
        case("forged: every certificate a copy under other keys", "path_untrusted", *copied, copied_root),
        case("forged: copies of leaf and intermediate below the root itself", "path_untrusted", *copied, root),
        case(
            "forged: a copy of the leaf below the intermediate itself", "path_untrusted", copied[0], intermediate, root
        ),
        case(
            "forged: another key put into the leaf, whose signature is kept", "path_untrusted", kept, intermediate, root
        ),
        case("forged: the leaf itself, signed by another key", "signature_invalid", leaf, intermediate, root),
        case(
            "forged: the leaf itself below a copy of the intermediate",
            "path_untrusted",
            leaf,
            copied[1],
            root,
            signing_key=key("leaf"),
        ),
        case(
            "forged: the intermediate's own key, vouched for by another root",
            "path_untrusted",
            leaf,
            cross_signed,
            copied_root,
            signing_key=key("leaf"),
        ),
        case("forged: a leaf that the leaf's own key issued", "path_untrusted", der(from_leaf), leaf, intermediate),
        case(
            "forged: a leaf that the leaf's own key issued, the intermediate next to it",
            "path_untrusted",
            der(from_leaf),
            intermediate,
            leaf,
        ),
        case("forged: Apple's root in the last place", "path_untrusted", *copied, apples),
        Case(
            "forged: an intermediate that names Apple's root as issuer",
            "path_untrusted",
            token_of(below_apple, own[0]),
            (apples,),
        ),
        case(
            "forged: the root's key under parameters of the attacker's (CVE-2020-0601)",
            "path_untrusted",
            copied[0],
            *curveball,
        ),
        Case(
            "below a second intermediate, the first in x5c[2]",
            "path_untrusted",
            token_of((below_second, der(second), intermediate)),
            (root,),
        ),
        Case(
            "below a second intermediate, the first in x5c[1]",
            "path_untrusted",
            token_of((below_second, intermediate, der(second))),
            (root,),
        ),
        Case("the chain upside down", "path_shape", token_of((root, intermediate, leaf)), (root,)),
        Case("the leaf three times", "path_untrusted", token_of((leaf, leaf, leaf)), (root,)),
        Case(
            "the root three times",
            "path_shape",
            token_of(
                (root, root, root),
            ),
            (root,),
        ),
        Case(
            "the intermediate three times", "path_shape", token_of((intermediate, intermediate, intermediate)), (root,)
        ),
        Case(
            "an anchor that is not asked for by its chain",
            "path_untrusted",
            signed(),
            (der(root_plan("Nobody", own[1])),),
        ),
        Case("anchored at the leaf", "path_shape", signed(), (leaf,)),
    ]


def _with_key_of(certificate: bytes, own: ec.EllipticCurvePrivateKey, issuer: ec.EllipticCurvePrivateKey) -> bytes:
    """Return `certificate` with another key in it, signed by another issuer; all else, identifiers too, as it was."""
    return reworked(certificate, issuer, (KEY,), lambda _: _public(own))


def _keeping_the_signature(certificate: bytes, own: ec.EllipticCurvePrivateKey) -> bytes:
    return edited(certificate, (0, KEY), lambda _: _public(own))


def _public(own: ec.EllipticCurvePrivateKey) -> bytes:
    return own.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _issued_by_name_of(certificate: bytes, root: bytes, issuer: ec.EllipticCurvePrivateKey) -> bytes:
    """Return `certificate` with the name of `root` as its issuer's, signed by `issuer`."""
    name = x509.load_der_x509_certificate(root).subject.public_bytes()
    return reworked(certificate, issuer, (ISSUER,), lambda _: name)


def _under_another_generator(intermediate: bytes, root: bytes, own: ec.EllipticCurvePrivateKey) -> tuple[bytes, bytes]:
    """Return an intermediate for the key `own` that the root's key signed, and a root, on a curve of the attacker's."""
    root_key = key("root", "P-384").public_key()

    def made(certificate: bytes, public: bytes) -> bytes:
        signed_part = edited(children(opened(certificate)[1])[0], (KEY,), lambda _: public)
        return certificate_of(signed_part, ECDSA_WITH_SHA384, signed_under_it(root_key, signed_part))

    return made(intermediate, _public(own)), made(root, spelled_out(root_key))
