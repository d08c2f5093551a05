"""`SignedPayloadVerifier` on tokens under good certificates, and what it remembers of their paths."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from dataclasses import FrozenInstanceError
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography.x509.verification import PolicyBuilder, Store
from retention import certificates, jws
from retention.errors import ClaimError, ConfigurationError, VerificationError
from retention.jws import MAX_PATHS, SignedPayloadVerifier, apple_root
from retention.signing_path import PATH_SECONDS, SigningPath

from tests import minting
from tests.minting import NOW, Case, certificate_cases, claims, good_chain, signed, token_cases

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[4]
FIFTEEN_MINUTES = timedelta(seconds=PATH_SECONDS)


@pytest.fixture
def verifier() -> SignedPayloadVerifier:
    return SignedPayloadVerifier([good_chain()[2]])


@pytest.fixture
def paths_checked(verifier: SignedPayloadVerifier, monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """Return the instants at which `verifier` has judged a path anew."""
    instants: list[datetime] = []
    check_path = verifier.check_path

    def counted(leaf: bytes, intermediate: bytes, now: datetime) -> SigningPath:
        instants.append(now)
        return check_path(leaf, intermediate, now)

    monkeypatch.setattr(verifier, "check_path", counted)
    return instants


def refusal(verifier: SignedPayloadVerifier, token: str, now: datetime = NOW) -> VerificationError:
    with pytest.raises(VerificationError) as refused:
        verifier.verify(token, now)
    return refused.value


@pytest.mark.parametrize("case", [case for case in token_cases() if case.code is None], ids=lambda case: case.name)
def test_accepts_unusual_and_right(case: Case) -> None:
    """A token that RFC 7515 and Apple's pages allow is accepted, however unusual."""
    assert SignedPayloadVerifier(case.roots).verify(case.token, NOW)["appAppleId"] == minting.APP_ID


@pytest.mark.parametrize("case", [case for case in token_cases() if case.code], ids=lambda case: case.name)
def test_refuses_wrong_in_one_way(case: Case) -> None:
    """A token wrong in one way is refused, and the code says in which."""
    assert refusal(SignedPayloadVerifier(case.roots), case.token).code == case.code


@pytest.mark.parametrize("case", [case for case in token_cases() if case.code], ids=lambda case: case.name)
def test_refuses_alike_when_the_path_is_remembered(case: Case) -> None:
    """What is remembered of a good path excuses no other fault."""
    verifier = SignedPayloadVerifier(case.roots)
    verifier.verify(signed(), NOW)
    assert refusal(verifier, case.token).code == case.code


def test_codes_are_those_documented() -> None:
    """The module's docstring lists exactly the codes with which some token is refused."""
    listed = re.findall(r"\b[a-z0-9]+(?:_[a-z0-9]+)+\b", str(jws.__doc__).partition("\n    2  ")[2])
    assert set(listed) == {case.code for case in (*certificate_cases(), *token_cases()) if case.code}


@pytest.mark.parametrize("case", [case for case in token_cases() if case.code], ids=lambda case: case.name)
def test_evidence_names_no_content(case: Case) -> None:
    """What is logged of a refusal is our own limit or a documented field's name, never the caller's data."""
    refused = refusal(SignedPayloadVerifier(case.roots), case.token)
    field = {"field": case.name.split(" ")[0]} if isinstance(refused, ClaimError) else {}
    limit = {"limit": jws.MAX_CHARACTERS} if refused.code == "token_too_long" else {}
    assert refused.evidence == {**field, **limit}


def test_claims_are_the_payload() -> None:
    """The claims are the payload's fields, unknown ones included."""
    body = claims(storefront="USA")
    assert SignedPayloadVerifier([good_chain()[2]]).verify(signed(body=body), NOW) == body


def test_wrong_claims_are_told_from_wrong_signatures(verifier: SignedPayloadVerifier) -> None:
    """A good signature over a wrong field is a `ClaimError`, for Apple may have changed; a wrong signature is not."""
    wrong = claims(productId=1)
    assert isinstance(refusal(verifier, signed(body=wrong)), ClaimError)
    assert not isinstance(refusal(verifier, signed(body=wrong, signing_key=minting.key("stranger"))), ClaimError)


def test_other_payloads_of_the_app_store_are_authenticated(verifier: SignedPayloadVerifier) -> None:
    """A notification has none of a request's claims: who signed it is judged alike, and its fields are its reader's."""
    notification = {"notificationType": "TEST", "version": "2.0", "data": {"bundleId": "com.example"}}
    token = signed(body=notification)
    assert verifier.authenticate(token, NOW).payload == notification
    assert refusal(verifier, token).code == "claim_missing"
    forged = signed(body=notification, signing_key=minting.key("stranger"))
    with pytest.raises(VerificationError, match="did not sign"):
        verifier.authenticate(forged, NOW)


def test_authenticated_names_root_and_leaf(verifier: SignedPayloadVerifier) -> None:
    """With the payload come the root and the leaf that vouch for it, and the end of the leaf."""
    leaf, _, root = good_chain()
    found = verifier.authenticate(signed(), NOW)
    assert found.anchor == hashlib.sha256(root).hexdigest()
    assert found.leaf_fingerprint == hashlib.sha256(leaf).hexdigest()
    assert found.leaf_not_after == NOW + timedelta(days=300)
    with pytest.raises(FrozenInstanceError):
        found.anchor = "another"  # type: ignore[misc]  # that it cannot be set is the point


def test_time_zones_are_one_time(verifier: SignedPayloadVerifier) -> None:
    """`now` is an instant: any zone will do, and none is UTC."""
    leaf_end = NOW + timedelta(days=300)
    east = timezone(timedelta(hours=9))
    for now in (leaf_end, leaf_end.astimezone(east), leaf_end.replace(tzinfo=None)):
        assert verifier.verify(signed(), now)
    for now in (leaf_end.astimezone(east), leaf_end.replace(tzinfo=None)):
        assert refusal(verifier, signed(), now + timedelta(seconds=1)).code == "certificate_expired"


def test_a_fraction_of_the_last_second_counts(verifier: SignedPayloadVerifier) -> None:
    """Certificates count whole seconds: the last one ends when the next begins, remembered or not."""
    last = NOW + timedelta(days=300, microseconds=999_999)
    assert verifier.verify(signed(), last)
    assert verifier.verify(signed(), last)


def test_payload_has_no_say_in_the_time(verifier: SignedPayloadVerifier) -> None:
    """A token signed while its leaf was valid is refused once the leaf has ended."""
    assert refusal(verifier, signed(), NOW + timedelta(days=301)).code == "certificate_expired"


# What is remembered.


def test_a_path_is_judged_once(verifier: SignedPayloadVerifier, paths_checked: list[datetime]) -> None:
    """Tokens under the same leaf and intermediate share one verdict, whatever x5c[2] and the payload are."""
    leaf, intermediate, _ = good_chain()
    verifier.verify(signed(), NOW)
    verifier.verify(signed(body=claims(productId="another")), NOW)
    verifier.verify(minting.token_of((leaf, intermediate, b"another")), NOW)
    assert len(paths_checked) == 1


def test_a_verdict_lasts_fifteen_minutes(verifier: SignedPayloadVerifier, paths_checked: list[datetime]) -> None:
    """A verdict is used up to a second before fifteen minutes are over, then made anew."""
    for now in (NOW, NOW + FIFTEEN_MINUTES - minting.SECOND, NOW + FIFTEEN_MINUTES):
        verifier.verify(signed(), now)
    assert paths_checked == [NOW, NOW + FIFTEEN_MINUTES]


def test_a_verdict_ends_with_the_first_certificate() -> None:
    """However fresh the verdict, a certificate that ends takes it along: of the three, whichever ends first."""
    last_second = [case for case in certificate_cases() if case.name.endswith("in its last second")]
    for case in last_second:
        verifier = SignedPayloadVerifier(case.roots)
        verifier.verify(case.token, NOW)
        assert refusal(verifier, case.token, NOW + minting.SECOND).code in {"certificate_expired", "path_untrusted"}
    assert len(last_second) == 3


def test_a_clock_set_back_is_not_believed(verifier: SignedPayloadVerifier, paths_checked: list[datetime]) -> None:
    """A verdict from the future is made anew, and refused before the certificates begin."""
    verifier.verify(signed(), NOW)
    verifier.verify(signed(), NOW - minting.SECOND)
    assert paths_checked == [NOW, NOW - minting.SECOND]
    assert refusal(verifier, signed(), NOW - timedelta(days=301)).code == "certificate_not_yet_valid"


def test_nothing_is_remembered_of_a_bad_signature(
    verifier: SignedPayloadVerifier, paths_checked: list[datetime]
) -> None:
    """Apple's certificates are public: only a token signed by the leaf's key may take one of the four places."""
    forged = signed(signing_key=minting.key("stranger"))
    refusal(verifier, forged)
    refusal(verifier, forged)
    assert len(paths_checked) == 2


def test_a_wrong_claim_does_not_make_a_path_forgotten(
    verifier: SignedPayloadVerifier, paths_checked: list[datetime]
) -> None:
    """The path is about the signature; a payload that Apple has changed costs no second judgement."""
    refusal(verifier, signed(body=claims(productId=1)))
    verifier.verify(signed(), NOW)
    assert len(paths_checked) == 1


def test_a_remembered_leaf_vouches_for_no_other_intermediate(
    verifier: SignedPayloadVerifier, paths_checked: list[datetime]
) -> None:
    """The verdict is about the pair: the same leaf beside another intermediate is judged anew, and refused."""
    leaf, intermediate, root = good_chain()
    verifier.verify(signed(), NOW)
    refusal(verifier, minting.token_of((leaf, root, root)))
    refusal(verifier, minting.token_of((leaf + intermediate[:3], intermediate[3:], root)))
    assert len(paths_checked) == 3


def leaves(count: int) -> Iterator[str]:
    _, intermediate, root = good_chain()
    for _ in range(count):
        yield minting.token_of((minting.der(minting.leaf_plan()), intermediate, root))


def test_four_paths_are_remembered(verifier: SignedPayloadVerifier, paths_checked: list[datetime]) -> None:
    """A fifth path takes the place of the oldest, and the other three stay."""
    oldest, *others = tokens = list(leaves(MAX_PATHS + 1))
    for token in tokens:
        verifier.verify(token, NOW)
    assert len(verifier._paths) == MAX_PATHS == 4
    for token in others:
        verifier.verify(token, NOW)
    assert len(paths_checked) == 5
    verifier.verify(oldest, NOW)
    assert len(paths_checked) == 6


def test_a_renewed_verdict_takes_its_own_place(verifier: SignedPayloadVerifier) -> None:
    """Judging a path again after fifteen minutes makes no other forgotten."""
    tokens = list(leaves(MAX_PATHS))
    for now in (NOW, NOW + FIFTEEN_MINUTES):
        for token in tokens:
            verifier.verify(token, now)
    assert len(verifier._paths) == MAX_PATHS


# Trust anchors and imports.


def test_apple_root_is_apples() -> None:
    """The root that ships is Apple Root CA - G3, by the fingerprint that Apple publishes."""
    published = "63343abfb89a6a03ebb57e9b3f5fa7be7c4f5c756f3017b3a8c488c3653e9179"
    assert hashlib.sha256(apple_root()).hexdigest() == jws.APPLE_ROOT_FINGERPRINT == published


def test_another_root_in_its_place_stops_the_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A changed file is a deployment that must not start."""
    monkeypatch.setattr(jws, "__file__", str(tmp_path / "jws.py"))
    (tmp_path / "AppleRootCA-G3.cer").write_bytes(good_chain()[2])
    with pytest.raises(ConfigurationError) as refused:
        apple_root()
    assert refused.value.code == "apple_root_changed"


def of_version(number: int) -> bytes:
    version_3 = bytes.fromhex("a003020102")
    return minting.resigned(good_chain()[2], minting.key("root", "P-384"), version_3, version_3[:-1] + bytes([number]))


@pytest.mark.parametrize("roots", [[], [b""], [b"nonsense"], [good_chain()[2] + b"\x00"], [of_version(7)]])
def test_a_root_that_is_none_stops_the_start(roots: list[bytes]) -> None:
    """Without a readable root nothing could be verified, and the start says so."""
    with pytest.raises(ConfigurationError) as refused:
        SignedPayloadVerifier(roots)
    assert refused.value.code == "trust_anchor_malformed"


def test_apples_root_vouches_for_no_other() -> None:
    """A token under a private CA is refused where only Apple's root is trusted."""
    assert refusal(SignedPayloadVerifier([apple_root()]), signed()).code == "path_untrusted"


def test_a_ca_is_one_by_its_basic_constraints() -> None:
    """Whether an issuer is a CA does not hang on its key usage: basicConstraints that deny it are refused as such."""
    root = minting.root_plan().build()
    builder = PolicyBuilder().store(Store([root])).time(NOW).max_chain_depth(1)
    policy = (
        builder.extension_policies(ca_policy=certificates._CA_POLICY, ee_policy=certificates._LEAF_POLICY)
        .build_client_verifier()
        .policy
    )
    with pytest.raises(ValueError, match="not a CA"):
        certificates._require_ca(policy, root, minting.constraints(ca=False))


def test_importing_brings_no_http_client() -> None:
    """Verification makes no request, so neither requests nor pyOpenSSL nor Apple's library is loaded for it."""
    loaded = subprocess.run(
        [sys.executable, "-c", "import json, sys, retention.jws; print(json.dumps(sorted(sys.modules)))"],
        cwd=ROOT / "handler",
        capture_output=True,
        check=True,
        text=True,
    )
    roots = {name.partition(".")[0] for name in json.loads(loaded.stdout)}
    assert roots.isdisjoint({"requests", "urllib3", "OpenSSL", "appstoreserverlibrary", "boto3", "botocore"})


def test_now_may_be_any_year(verifier: SignedPayloadVerifier) -> None:
    """A clock at either end of the calendar is wrong, not a crash."""
    assert refusal(verifier, signed(), datetime(1, 1, 1, tzinfo=UTC)).code == "certificate_not_yet_valid"
    assert refusal(verifier, signed(), datetime(9999, 12, 31, tzinfo=UTC)).code == "certificate_expired"


def test_a_header_is_remembered_only_after_a_good_signature(verifier: SignedPayloadVerifier) -> None:
    """The header text of a certificate is read once, and one that nobody vouched for is read anew each time."""
    token = signed()
    header, payload, signature = token.split(".")
    forged = signature[:-4] + ("AAAA" if signature[-4:] != "AAAA" else "BBBA")
    with pytest.raises(VerificationError):
        verifier.verify(f"{header}.{payload}.{forged}", NOW)
    assert not verifier._chains
    verifier.verify(token, NOW)
    assert list(verifier._chains) == [header]
    with pytest.raises(VerificationError):
        verifier.verify(f"{header}.{payload}.{forged}", NOW)
    assert verifier.verify(token, NOW)


@pytest.mark.parametrize("part", [0, 1, 2])
def test_half_a_character_is_no_base64url_in_any_part(verifier: SignedPayloadVerifier, part: int) -> None:
    """Text that no UTF-8 can carry is refused like every other character, also behind a header that is known."""
    token = signed()
    verifier.verify(token, NOW)
    parts = token.split(".")
    parts[part] = "\ud800" + parts[part][1:]
    assert refusal(verifier, ".".join(parts)).code == "token_encoding"
