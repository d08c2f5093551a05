"""The table of known chains: each entry is the present result of the full check, and is used for that chain only."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from chains import CHAINS, Chain, judge, read_chains
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from retention import jws
from retention.errors import VerificationError
from retention.jws import TEST_AUTHORITY_KEYS, SignedPayloadVerifier, apple_root
from retention.settings import KNOWN_LEAVES
from retention.verification import signing_path
from retention.verification.certificates import Authorities
from retention.verification.known_chains import KNOWN_CHAINS, KnownChain
from retention.verification.signing_path import SigningPath

from console.simulator.authority import Authority
from tests import minting
from tests.minting import NOW, SECOND, Case, certificate_cases, good_chain, signed

ROOT = Path(__file__).parents[2]


def key_of(certificate_der: bytes) -> str:
    """Return a certificate's key as `TEST_AUTHORITY_KEYS` names keys."""
    key = x509.load_der_x509_certificate(certificate_der).public_key()
    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def entry_of(path: SigningPath) -> KnownChain:
    numbers = path.key.public_numbers()
    return KnownChain(
        x=f"{numbers.x:064x}",
        y=f"{numbers.y:064x}",
        anchor=path.anchor,
        leaf_fingerprint=path.leaf_fingerprint,
        leaf_not_after=int(path.leaf_not_after.timestamp()),
        not_before=path.not_before,
        not_after=path.not_after,
    )


def faults(table: Mapping[str, KnownChain], found: list[Chain], root: bytes) -> list[str]:
    """Return the mistakes of a table: entries without certificates, wrong entries, entries of the test authority."""
    by_key = {chain.key: chain for chain in found}
    wrong = [f"{key}: no certificates" for key in table if key not in by_key]
    wrong += [f"{chain.name}: no entry" for key, chain in by_key.items() if key not in table]
    for key in by_key.keys() & table.keys():
        chain = by_key[key]
        if {key_of(chain.leaf), key_of(chain.intermediate), key_of(root)} & TEST_AUTHORITY_KEYS:
            wrong.append(f"{chain.name}: a key of the test CA")
        if table[key] != entry_of(judge(chain, root)):
            wrong.append(f"{chain.name}: not the full check's verdict")
    return wrong


def test_every_entry_is_the_result_of_the_full_check() -> None:
    """Each entry is the result of the full check of tests/apple_chains under Apple's root."""
    assert faults(KNOWN_CHAINS, read_chains(), apple_root()) == []
    assert KNOWN_CHAINS
    assert {entry.anchor for entry in KNOWN_CHAINS.values()} == {jws.APPLE_ROOT_FINGERPRINT}


def test_mistakes_of_a_table_are_found() -> None:
    """An entry without certificates, a wrong entry and one of the test authority are each found, with their names."""
    (key, entry), *_ = KNOWN_CHAINS.items()
    found, root = read_chains(), apple_root()
    assert faults({**KNOWN_CHAINS, "00" * 32: entry}, found, root) == [f"{'00' * 32}: no certificates"]
    for wrong in (
        replace(entry, not_after=entry.not_after + 1),
        replace(entry, not_before=entry.not_before - 1),
        replace(entry, x=entry.y),
        replace(entry, anchor="ab" * 32),
        replace(entry, leaf_fingerprint="ab" * 32),
        replace(entry, leaf_not_after=entry.leaf_not_after + 1),
    ):
        assert faults({**KNOWN_CHAINS, key: wrong}, found, root) == ["2025-2027: not the full check's verdict"]
    test_ca = Authority.load(ROOT / "events" / "ca")
    chain = Chain("test CA", test_ca.leaf_der, test_ca.intermediate_der)
    table = {chain.key: entry_of(judge(chain, test_ca.root_der))}
    assert faults(table, [chain], test_ca.root_der) == ["test CA: a key of the test CA"]
    with pytest.raises(VerificationError):
        judge(chain, root)


def test_known_leaves_are_those_of_the_table() -> None:
    """The leaves that raise no NewSigningCertificate are those of the table, which are those in tests/apple_chains."""
    leaves = {hashlib.sha256(file.read_bytes()).hexdigest() for file in CHAINS.glob("*/leaf.cer")}
    assert leaves == KNOWN_LEAVES


# What an entry is good for.


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> KnownChain:
    """Put the corpus' good chain into the table."""
    leaf, intermediate, root = good_chain()
    chain = Chain("good", leaf, intermediate)
    entry = entry_of(judge(chain, root))
    monkeypatch.setattr(signing_path, "KNOWN_CHAINS", {chain.key: entry})
    return entry


class Judged(Exception):  # noqa: N818  # no error: a signal
    """Raised if the full check is called."""


@pytest.fixture
def unasked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the full check raise, to find out whether it is called."""

    def asked(*_: object) -> SigningPath:
        raise Judged

    monkeypatch.setattr(SignedPayloadVerifier, "check_path", asked)


def refusal(verifier: SignedPayloadVerifier, token: str, now: datetime = NOW) -> str:
    with pytest.raises(VerificationError) as refused:
        verifier.verify(token, now)
    return refused.value.code


@pytest.mark.usefixtures("known", "unasked")
def test_a_known_chain_needs_no_full_check() -> None:
    """A token under a known chain is checked without the full check of the chain; all other steps are made."""
    verifier = SignedPayloadVerifier([good_chain()[2]])
    assert verifier.verify(signed(), NOW)["appAppleId"] == minting.APP_ID
    assert refusal(verifier, signed(signing_key=minting.key("stranger"))) == "signature_invalid"
    assert refusal(verifier, signed(body=minting.claims(productId=1))) == "claim_type"
    later = NOW + timedelta(seconds=signing_path.PATH_SECONDS)
    assert verifier.verify(signed(), later)


def test_an_entry_equals_the_result_of_the_full_check(known: KnownChain) -> None:
    """An entry has the same key, anchor, leaf and instants as the result of the full check."""
    leaf, intermediate, root = good_chain()
    verifier = SignedPayloadVerifier([root])
    by_table = verifier.authenticate(signed(), NOW)
    (path,) = verifier._paths.values()
    checked = verifier.check_path(leaf, intermediate, NOW)
    assert path.key.public_numbers() == checked.key.public_numbers()
    assert replace(path, key=checked.key) == checked
    assert by_table.leaf_not_after == checked.leaf_not_after
    assert known.anchor == by_table.anchor


@pytest.mark.usefixtures("known", "unasked")
def test_an_entry_counts_only_under_its_own_root() -> None:
    """A deployment that trusts another root, alone or in addition to Apple's, makes the full check."""
    root, other = good_chain()[2], Authority.create("Another").root_der
    with pytest.raises(Judged):
        SignedPayloadVerifier([other]).verify(signed(), NOW)
    with pytest.raises(Judged):
        SignedPayloadVerifier([apple_root()]).verify(signed(), NOW)
    with pytest.raises(Judged):
        SignedPayloadVerifier([other, root]).verify(signed(), NOW)
    assert SignedPayloadVerifier([root, root]).verify(signed(), NOW)


@pytest.mark.usefixtures("known")
def test_a_trusted_intermediate_ends_the_path_of_a_known_chain() -> None:
    """If the intermediate itself is trusted, the path of a known chain ends there, as that of an unknown one does."""
    _, intermediate, root = good_chain()
    assert refusal(SignedPayloadVerifier([root, intermediate]), signed()) == "path_shape"


@pytest.mark.usefixtures("known")
def test_a_known_chain_is_refused_under_another_root() -> None:
    """A chain of the table is refused if its root is not trusted."""
    assert refusal(SignedPayloadVerifier([apple_root()]), signed()) == "path_untrusted"


def test_an_entry_counts_only_between_the_paths_instants(known: KnownChain) -> None:
    """An entry is used from its first to its last second; outside, the full check refuses with its own code."""
    verifier = SignedPayloadVerifier([good_chain()[2]])
    begins, ends = (datetime.fromtimestamp(at, UTC) for at in (known.not_before, known.not_after))
    assert refusal(verifier, signed(), begins - SECOND) == "certificate_not_yet_valid"
    assert refusal(verifier, signed(), ends + SECOND) == "certificate_expired"
    assert verifier.verify(signed(), begins)
    assert verifier.verify(signed(), ends)
    assert refusal(verifier, signed(), ends + SECOND) == "certificate_expired"


@pytest.mark.usefixtures("known", "unasked")
@pytest.mark.parametrize("swap", ["leaf", "intermediate", "boundary", "order"])
def test_an_entry_is_of_its_two_certificates_alone(swap: str) -> None:
    """Another leaf, another intermediate, and the same bytes split elsewhere each get the full check."""
    leaf, intermediate, root = good_chain()
    chain = {
        "leaf": (minting.der(minting.leaf_plan()), intermediate, root),
        "intermediate": (leaf, root, root),
        "boundary": (leaf + intermediate[:3], intermediate[3:], root),
        "order": (intermediate, leaf, root),
    }[swap]
    with pytest.raises(Judged):
        SignedPayloadVerifier([root]).verify(minting.token_of(chain), NOW)


def chain_in(case: Case) -> Chain:
    header = json.loads(base64.urlsafe_b64decode(case.token.partition(".")[0] + "=="))
    leaf, intermediate, _ = (base64.b64decode(entry) for entry in header["x5c"])
    return Chain(case.name, leaf, intermediate)


@pytest.mark.parametrize(
    "case", [case for case in certificate_cases() if case.code is None], ids=lambda case: case.name
)
def test_any_good_chain_could_stand_in_the_table(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """For every good chain, the script's entry and the full check have the same result."""
    chain = chain_in(case)
    checked = Authorities(case.roots).path(chain.leaf, chain.intermediate, NOW)
    monkeypatch.setattr(signing_path, "KNOWN_CHAINS", {chain.key: entry_of(checked)})
    verifier = SignedPayloadVerifier(case.roots)
    assert verifier.verify(case.token, NOW)
    (path,) = verifier._paths.values()
    assert replace(path, key=checked.key) == checked


def test_apples_chain_needs_no_x509() -> None:
    """A token under Apple's chain is verified in a process that never imports the certificates module."""
    chain = read_chains()[0]
    token = minting.token_of((chain.leaf, chain.intermediate, apple_root()))
    program = (
        "import json, sys; from datetime import datetime, UTC; from retention.errors import VerificationError\n"
        "from retention.jws import SignedPayloadVerifier, apple_root\n"
        "try: SignedPayloadVerifier([apple_root()]).verify(sys.argv[1], datetime(2026, 11, 24, tzinfo=UTC))\n"
        "except VerificationError as error: print(json.dumps([error.code, [*sys.modules]]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, token],
        env={"PYTHONPATH": str(ROOT / "handler")},
        check=True,
        capture_output=True,
        text=True,
    )
    code, modules = json.loads(done.stdout)
    assert code == "signature_invalid"
    assert not {"cryptography.x509", "retention.verification.certificates"} & set(modules)


def test_our_es256_equals_cryptographys() -> None:
    """Our ES256 object has every attribute that cryptography's constructor sets."""
    made: Any = ECDSA(SHA256())
    for name in [name for name in dir(made) if not name.startswith("_")]:
        ours = getattr(jws._es256, name)
        assert type(ours) is type(getattr(made, name))
        if not isinstance(ours, SHA256):
            assert ours == getattr(made, name)
    assert isinstance(jws._es256, ECDSA)
