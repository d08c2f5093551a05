"""Chains, each wrong in one way or unusual and right: by whom, how long, for what, with which extensions and keys."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier

from tests.minting.certificates import (
    ECDSA_WITH_SHA384,
    INTERMEDIATE_MARKER,
    LEAF_MARKER,
    NOW,
    SECOND,
    UNKNOWN,
    Plan,
    constraints,
    der,
    good_chain,
    intermediate_plan,
    key,
    leaf_plan,
    resigned,
    root_plan,
    usage,
)
from tests.minting.forgeries import forged_chains
from tests.minting.odd_certificates import odd_certificates
from tests.minting.tokens import Case, signed, token_of
from tests.minting.x5c_entries import encodings, shapes


def _chain_case(
    name: str,
    code: str | None,
    *,
    leaf: Callable[[Plan], Plan] = lambda plan: plan,
    intermediate: Callable[[Plan], Plan] = lambda plan: plan,
    root: Callable[[Plan], Plan] = lambda plan: plan,
) -> Case:
    """Make a chain in which one plan is changed; those below are planned upon the changed ones."""
    root_made = root(root_plan())
    intermediate_made = intermediate(intermediate_plan(root_made))
    leaf_made = leaf(leaf_plan(intermediate_made))
    chain = (der(leaf_made), der(intermediate_made), der(root_made))
    signer = leaf_made.key if isinstance(leaf_made.key, ec.EllipticCurvePrivateKey) else None
    return Case(name, code, token_of(chain, signer), (chain[2],))


@cache
def certificate_cases() -> tuple[Case, ...]:
    """Return a case for everything that can be wrong, or unusual and right, with the certificates of a token."""
    return (
        *(*_times(), *_issuers(), *_markers(), *_extensions(), *_keys(), *_constraints()),
        *(*forged_chains(), *odd_certificates(), *shapes(), *encodings()),
    )


def _times() -> list[Case]:
    every: list[Case] = []
    for place in ("leaf", "intermediate", "root"):
        # For an expired or future root, cryptography reports only that it found no path.
        expired = "path_untrusted" if place == "root" else "certificate_expired"
        future = "path_untrusted" if place == "root" else "certificate_not_yet_valid"
        changes: list[tuple[str, str | None, Callable[[Plan], Plan]]] = [
            ("expired by a second", expired, lambda plan: replace(plan, not_after=NOW - SECOND)),
            ("in its last second", None, lambda plan: replace(plan, not_after=NOW)),
            ("not yet valid by a second", future, lambda plan: replace(plan, not_before=NOW + SECOND)),
            ("in its first second", None, lambda plan: replace(plan, not_before=NOW)),
        ]
        every += [_chain_case(f"{place} {name}", code, **{place: change}) for name, code, change in changes]
    return every


def _issuers() -> list[Case]:
    leaf, intermediate, root = good_chain()
    impostor = root_plan(root_key=key("impostor", "P-384"))
    forged_intermediate = intermediate_plan(impostor)
    forged = (der(leaf_plan(forged_intermediate)), der(forged_intermediate), der(impostor))
    middle_leaf = replace(leaf_plan(), name="Middle leaf", key=key("middle")).marked(INTERMEDIATE_MARKER)
    lower_leaf = leaf_plan(middle_leaf)
    self_signed = replace(leaf_plan(), issuer_name="", issuer_key=None)
    issued_by_root = leaf_plan(root_plan())
    stranger = replace(intermediate_plan(), key=key("stranger", "P-384")).identified(key("root", "P-384"))
    second = replace(intermediate_plan(), name="Second", key=key("second", "P-384"), issuer_name="Intermediate")
    second = replace(second, issuer_key=key("intermediate", "P-384"))
    other_name = replace(leaf_plan(), issuer_name="Somebody else")
    capitals = replace(leaf_plan(), issuer_name="INTERMEDIATE")
    no_text = resigned(leaf, key("intermediate", "P-384"), b"\x0c\x04Leaf", b"\x0c\x04Le\xff\xfe")
    broken = leaf[:-1] + bytes([leaf[-1] ^ 1])
    broken_intermediate = intermediate[:-1] + bytes([intermediate[-1] ^ 1])
    two_algorithms = resigned(leaf, key("intermediate", "P-384"), ECDSA_WITH_SHA384, ECDSA_WITH_SHA384[:-1] + b"\x02")
    return [
        Case("good", None, signed(), (root,)),
        Case("good, among other roots", None, signed(), (der(impostor), root)),
        Case("root of the same name and another key", "path_untrusted", token_of(forged), (root,)),
        Case("x5c[2] is the impostor's root and not asked", "path_untrusted", token_of((*forged[:2], root)), (root,)),
        Case("leaf minted by a leaf", "path_untrusted", token_of((der(lower_leaf), der(middle_leaf), root)), (root,)),
        Case("self-signed leaf", "path_untrusted", token_of((der(self_signed), intermediate, root)), (root,)),
        Case(
            "self-signed leaf that is itself the anchor",
            "path_untrusted",
            token_of((der(self_signed), intermediate, root)),
            (der(self_signed),),
        ),
        Case("leaf issued by the root", "path_shape", token_of((der(issued_by_root), intermediate, root)), (root,)),
        Case("leaf is the root", "path_shape", token_of((root, intermediate, root)), (root,)),
        Case("intermediate is the root", "path_untrusted", token_of((leaf, root, root)), (root,)),
        Case("leaf in the place of the intermediate", "path_untrusted", token_of((leaf, leaf, root)), (root,)),
        Case("leaf and intermediate exchanged", "path_shape", token_of((intermediate, leaf, root)), (root,)),
        Case(
            "intermediate of the same name and another key",
            "path_untrusted",
            token_of((leaf, der(stranger), root)),
            (root,),
        ),
        Case(
            "leaf below a second intermediate",
            "path_untrusted",
            token_of((der(leaf_plan(second)), der(second), root)),
            (root,),
        ),
        Case("intermediate named as the anchor", "path_shape", signed(), (intermediate,)),
        Case("issuer's name differs", "path_untrusted", token_of((der(other_name), intermediate, root)), (root,)),
        Case("issuer's name in capitals", "path_untrusted", token_of((der(capitals), intermediate, root)), (root,)),
        Case("leaf's name is no text", "certificate_malformed", token_of((no_text, intermediate, root)), (root,)),
        _chain_case("leaf names another key as its issuer's", "path_untrusted", leaf=_misled),
        _chain_case("intermediate names another key as its issuer's", "path_untrusted", intermediate=_misled),
        Case("leaf's signature damaged", "path_untrusted", token_of((broken, intermediate, root)), (root,)),
        Case(
            "intermediate's signature damaged", "path_untrusted", token_of((leaf, broken_intermediate, root)), (root,)
        ),
        Case("leaf names two algorithms", "path_untrusted", token_of((two_algorithms, intermediate, root)), (root,)),
    ]


def _misled(plan: Plan) -> Plan:
    return plan.having(x509.AuthorityKeyIdentifier.from_issuer_public_key(key("stranger").public_key()))


def _markers() -> list[Case]:
    leaf_missing, intermediate_missing = "leaf_marker_missing", "intermediate_marker_missing"
    return [
        _chain_case("leaf without its marker", leaf_missing, leaf=lambda p: p.lacking(LEAF_MARKER)),
        _chain_case(
            "intermediate without its marker",
            intermediate_missing,
            intermediate=lambda p: p.lacking(INTERMEDIATE_MARKER),
        ),
        _chain_case(
            "leaf with the intermediate's marker",
            leaf_missing,
            leaf=lambda p: p.lacking(LEAF_MARKER).marked(INTERMEDIATE_MARKER),
        ),
        _chain_case(
            "intermediate with the leaf's marker",
            intermediate_missing,
            intermediate=lambda p: p.lacking(INTERMEDIATE_MARKER).marked(LEAF_MARKER),
        ),
        _chain_case(
            "root with the intermediate's marker, intermediate without",
            intermediate_missing,
            root=lambda p: p.marked(INTERMEDIATE_MARKER),
            intermediate=lambda p: p.lacking(INTERMEDIATE_MARKER),
        ),
        _chain_case("leaf with both markers", None, leaf=lambda p: p.marked(INTERMEDIATE_MARKER)),
        _chain_case("leaf's marker is critical", None, leaf=lambda p: p.marked(LEAF_MARKER, critical=True)),
        _chain_case(
            "intermediate's marker is critical",
            None,
            intermediate=lambda p: p.marked(INTERMEDIATE_MARKER, critical=True),
        ),
        _chain_case(
            "markers with another value", None, leaf=lambda p: p.having(_unrecognized(LEAF_MARKER, b"\x0c\x00"))
        ),
    ]


def _unrecognized(oid: ObjectIdentifier, value: bytes) -> x509.UnrecognizedExtension:
    return x509.UnrecognizedExtension(oid, value)


def _extensions() -> list[Case]:
    policies = x509.CertificatePolicies([x509.PolicyInformation(ObjectIdentifier("1.2.840.113635.100.5.6.1"), None)])
    names = x509.SubjectAlternativeName([x509.DNSName("apple.example")])
    web = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    clients = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
    anything = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE])
    code = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING])
    key_ids = (x509.SubjectKeyIdentifier.oid, x509.AuthorityKeyIdentifier.oid)
    places = ("leaf", "intermediate", "root")
    return [
        *(
            _chain_case(
                f"{place} with an unknown critical extension",
                "path_untrusted",
                **{place: lambda p: p.marked(UNKNOWN, critical=True)},
            )
            for place in places
        ),
        *(
            _chain_case(f"{place} with an unknown extension", None, **{place: lambda p: p.marked(UNKNOWN)})
            for place in places
        ),
        *(
            _chain_case(
                f"{place} with critical certificatePolicies",
                None,
                **{place: lambda p: p.having(policies, critical=True)},
            )
            for place in places
        ),
        *(
            _chain_case(f"{place} without key identifiers", None, **{place: lambda p: p.lacking(*key_ids)})
            for place in places
        ),
        _chain_case(
            "intermediate with critical policyConstraints",
            "path_untrusted",
            intermediate=lambda p: p.having(x509.PolicyConstraints(0, None), critical=True),
        ),
        _chain_case("intermediate for web servers only", "path_untrusted", intermediate=lambda p: p.having(web)),
        _chain_case("intermediate for clients only", None, intermediate=lambda p: p.having(clients)),
        _chain_case("intermediate for anything", None, intermediate=lambda p: p.having(anything)),
        _chain_case("leaf for web servers only", None, leaf=lambda p: p.having(web)),
        _chain_case("leaf for signing code only", None, leaf=lambda p: p.having(code)),
        _chain_case("leaf for signing code only, critical", None, leaf=lambda p: p.having(code, critical=True)),
        _chain_case(
            "intermediate with critical inhibitAnyPolicy",
            "path_untrusted",
            intermediate=lambda p: p.having(x509.InhibitAnyPolicy(0), critical=True),
        ),
        _chain_case("leaf with critical subjectAltName", None, leaf=lambda p: p.having(names, critical=True)),
        _chain_case(
            "intermediate that excludes the leaf's names",
            "path_untrusted",
            intermediate=lambda p: p.having(x509.NameConstraints(None, [x509.DNSName("example")]), critical=True),
            leaf=lambda p: p.having(names),
        ),
        _chain_case(
            "intermediate that permits the leaf's names",
            None,
            intermediate=lambda p: p.having(x509.NameConstraints([x509.DNSName("example")], None), critical=True),
            leaf=lambda p: p.having(names),
        ),
        _chain_case(
            "root with critical nameConstraints of another name",
            "path_untrusted",
            root=lambda p: p.having(x509.NameConstraints([x509.DNSName("other.example")], None), critical=True),
            leaf=lambda p: p.having(names),
        ),
        _chain_case(
            "intermediate without a name",
            "path_untrusted",
            intermediate=lambda p: replace(p, name=""),
            leaf=lambda p: p,
        ),
        _chain_case("root without a name", "path_untrusted", root=lambda p: replace(p, name="")),
        _chain_case("leaf with subjectAltName", None, leaf=lambda p: p.having(names)),
        _chain_case(
            "intermediate that permits other names only",
            "path_untrusted",
            intermediate=lambda p: p.having(x509.NameConstraints([x509.DNSName("other.example")], None), critical=True),
            leaf=lambda p: p.having(names),
        ),
        _with_duplicate_extension(),
    ]


def _with_duplicate_extension() -> Case:
    """Make `UNKNOWN`'s object identifier into the marker's, which is as long, so that the leaf has the marker twice."""
    _, intermediate, root = good_chain()
    other = ObjectIdentifier("1.2.840.113635.100.6.11.9")
    twice = resigned(
        der(leaf_plan().marked(other)), key("intermediate", "P-384"), b"\x64\x06\x0b\x09", b"\x64\x06\x0b\x01"
    )
    return Case("leaf with its marker twice", "path_untrusted", token_of((twice, intermediate, root)), (root,))


def _keys() -> list[Case]:
    def own(kind: str) -> Callable[[Plan], Plan]:
        return lambda plan: plan.with_key(key(f"{plan.name} {kind}", kind))

    return [
        _chain_case("leaf's key is RSA", "leaf_key_type", leaf=own("RSA")),
        _chain_case("leaf's key is on P-384", "leaf_key_type", leaf=own("P-384")),
        _chain_case("leaf's key is Ed25519", "leaf_key_type", leaf=own("Ed25519")),
        _chain_case("leaf's key is on P-521", "leaf_key_type", leaf=own("P-521")),
        _chain_case("intermediate's key is RSA of 1024 bits", "path_untrusted", intermediate=own("RSA-1024")),
        _chain_case("intermediate's key is on P-521", None, intermediate=own("P-521")),
        _chain_case("intermediate's key is Ed25519", "path_untrusted", intermediate=own("Ed25519")),
        _chain_case("root's key is Ed25519", "path_untrusted", root=own("Ed25519")),
        _chain_case("intermediate's key is on P-256", None, intermediate=own("P-256")),
        _chain_case("intermediate's key is RSA", None, intermediate=own("RSA")),
        _chain_case("root's key is on P-256", None, root=own("P-256")),
        _chain_case("leaf without key usage", "leaf_key_usage", leaf=lambda p: p.lacking(x509.KeyUsage.oid)),
        _chain_case(
            "leaf not for signatures", "leaf_key_usage", leaf=lambda p: p.having(usage("key_agreement"), critical=True)
        ),
        _chain_case(
            "leaf with keyCertSign",
            "leaf_key_usage",
            leaf=lambda p: p.having(usage("digital_signature", "key_cert_sign"), critical=True),
        ),
        _chain_case("leaf's key usage is not critical", None, leaf=lambda p: p.having(usage("digital_signature"))),
        _chain_case(
            "intermediate without key usage", "path_untrusted", intermediate=lambda p: p.lacking(x509.KeyUsage.oid)
        ),
        _chain_case(
            "intermediate without keyCertSign",
            "path_untrusted",
            intermediate=lambda p: p.having(usage("digital_signature", "crl_sign"), critical=True),
        ),
        _chain_case("root without key usage", "path_untrusted", root=lambda p: p.lacking(x509.KeyUsage.oid)),
    ]


def _constraints() -> list[Case]:
    basic = x509.BasicConstraints.oid
    return [
        _chain_case("leaf is a CA", "leaf_is_ca", leaf=lambda p: p.having(constraints(ca=True), critical=True)),
        _chain_case("leaf without basicConstraints", None, leaf=lambda p: p.lacking(basic)),
        _chain_case(
            "intermediate is not a CA",
            "path_untrusted",
            intermediate=lambda p: p.having(constraints(ca=False), critical=True),
        ),
        _chain_case("intermediate without basicConstraints", "path_untrusted", intermediate=lambda p: p.lacking(basic)),
        _chain_case(
            "intermediate's basicConstraints are not critical",
            None,
            intermediate=lambda p: p.having(constraints(ca=True, path_length=0)),
        ),
        _chain_case(
            "intermediate without a path length",
            None,
            intermediate=lambda p: p.having(constraints(ca=True), critical=True),
        ),
        _chain_case("root without basicConstraints", "path_untrusted", root=lambda p: p.lacking(basic)),
        _chain_case(
            "root is not a CA", "path_untrusted", root=lambda p: p.having(constraints(ca=False), critical=True)
        ),
        _chain_case(
            "root allows no intermediate",
            "path_untrusted",
            root=lambda p: p.having(constraints(ca=True, path_length=0), critical=True),
        ),
        _chain_case(
            "root allows one intermediate",
            None,
            root=lambda p: p.having(constraints(ca=True, path_length=1), critical=True),
        ),
    ]
