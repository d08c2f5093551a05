"""Properties of verification that hold for every token and every text."""

from __future__ import annotations

import base64
import json

import pytest
from cryptography import x509
from hypothesis import example, given, settings
from hypothesis import strategies as st
from retention import jws
from retention.errors import VerificationError
from retention.jws import SignedPayloadVerifier
from retention.strict_json import StrictJSONError, read_object

from tests import minting
from tests.minting import NOW, base64url, claims, good_chain, header, signed

GOOD = signed()
ROOT = good_chain()[2]
VERIFIER = SignedPayloadVerifier([ROOT])

unhurried = settings(deadline=None)  # no test asserts a time, and other programs share the cores

BASE64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
)


def refused(token: str, verifier: SignedPayloadVerifier = VERIFIER) -> bool:
    try:
        verifier.verify(token, NOW)
    except VerificationError:
        return True
    return False


@unhurried
@given(st.integers(0, len(GOOD) - 1), st.characters(codec="ascii") | st.sampled_from(BASE64URL) | st.characters())
def test_any_changed_character_is_refused(place: int, character: str) -> None:
    """If any character of a good token is replaced by any other, the token is refused."""
    changed = GOOD[:place] + character + GOOD[place + 1 :]
    assert refused(changed) is (changed != GOOD)


@pytest.mark.parametrize("warm", [True, False])
def test_every_changed_character_at_the_ends_of_parts_is_refused(*, warm: bool) -> None:
    """At the ends of its parts, where base64url has unused bits, a good token is refused with any other character."""
    dots = [place for place, character in enumerate(GOOD) if character == "."]
    places = {place for dot in (*dots, len(GOOD)) for place in range(dot - 3, min(dot + 3, len(GOOD)))}
    for place in sorted(places):
        for character in BASE64URL + "=+/. \n":
            changed = GOOD[:place] + character + GOOD[place + 1 :]
            verifier = VERIFIER if warm else SignedPayloadVerifier([ROOT])
            assert refused(changed, verifier) is (changed != GOOD)


@unhurried
@given(st.integers(0, len(GOOD)), st.text(min_size=1, max_size=3))
def test_any_inserted_text_is_refused(place: int, text: str) -> None:
    """A good token is refused with any text inserted at any place."""
    assert refused(GOOD[:place] + text + GOOD[place:])


@unhurried
@given(st.integers(0, len(GOOD) - 1), st.integers(1, 200))
def test_any_removed_text_is_refused(place: int, count: int) -> None:
    """A good token is refused without any of its parts."""
    assert refused(GOOD[:place] + GOOD[place + count :])


@unhurried
@given(
    st.text()
    | st.text(alphabet=BASE64URL + ".=", max_size=400)
    | st.lists(st.binary()).map(lambda parts: ".".join(map(base64url, parts)))
)
@example("\x00")
@example("\ud800.\udfff.")
@example("." * 70_000)
def test_any_text_is_refused_and_only_refused(text: str) -> None:
    """For any text the only outcome is a `VerificationError`."""
    assert refused(text)


@unhurried
@given(
    st.dictionaries(st.sampled_from(["alg", "x5c", "crit", "b64", "jwk", "kid", "typ"]) | st.text(max_size=4), anything)
)
def test_any_header_is_accepted_or_refused(changes: dict[str, object]) -> None:
    """For any JOSE header the outcome is acceptance or a `VerificationError`."""
    token = signed(header(**changes))
    accepted = not refused(token)
    assert accepted <= (not {"alg", "x5c", "crit", "b64"} & set(changes))


@unhurried
@given(
    st.lists(
        st.text(max_size=20) | st.binary(max_size=40).map(lambda raw: base64.b64encode(raw).decode()),
        min_size=3,
        max_size=3,
    )
)
def test_any_x5c_is_refused(entries: list[str]) -> None:
    """Any three texts in the place of the certificates are refused."""
    assert refused(signed(header(x5c=entries)))


@unhurried
@given(st.sampled_from([0, 1]), st.integers(0, 500), st.integers(1, 255))
def test_any_changed_byte_of_a_certificate_is_refused(which: int, place: int, change: int) -> None:
    """A certificate with one byte changed is refused, although the token's signature is right."""
    chain = list(good_chain())
    place %= len(chain[which])
    chain[which] = chain[which][:place] + bytes([chain[which][place] ^ change]) + chain[which][place + 1 :]
    assert refused(minting.token_of(chain))


@pytest.mark.parametrize("which", [0, 1])
def test_a_certificate_whose_signature_has_unused_bits_is_refused(which: int) -> None:
    """A signature's last bit, if it is 0, could be counted as unused: the certificate would have a second spelling."""
    chain = list(good_chain())
    while chain[which][-1] % 2:
        chain[which] = minting.der((minting.leaf_plan, minting.intermediate_plan)[which]())
    count = len(chain[which]) - len(x509.load_der_x509_certificate(chain[which]).signature) - 1
    assert chain[which][count] == 0
    chain[which] = chain[which][:count] + b"\x01" + chain[which][count + 1 :]
    assert x509.load_der_x509_certificate(chain[which]).signature  # cryptography takes it
    with pytest.raises(VerificationError) as refusal:
        SignedPayloadVerifier([chain[2]]).verify(minting.token_of(chain), NOW)
    assert refusal.value.code == "certificate_malformed"


@unhurried
@given(st.dictionaries(st.sampled_from(list(minting.FIELDS)) | st.text(max_size=4), anything))
def test_any_payload_is_returned_or_refused(changes: dict[str, object]) -> None:
    """A payload under a good signature is returned as JSON has it, or refused."""
    body = claims(**changes)
    try:
        found = VERIFIER.verify(signed(body=body), NOW)
    except VerificationError:
        return
    assert found == json.loads(json.dumps(body))


@unhurried
@given(st.binary(max_size=64))
def test_canonical_base64_is_decoded(raw: bytes) -> None:
    """Any bytes are decoded from their canonical base64 and base64url."""
    assert jws._base64url(base64url(raw)) == raw
    assert jws._base64(base64.b64encode(raw).decode()) == raw


@unhurried
@given(st.text(alphabet=BASE64URL + "+/=", max_size=12))
def test_only_canonical_base64_is_decoded(text: str) -> None:
    """Text that is decoded is the canonical encoding of the result."""
    for decode, encode in ((jws._base64url, base64url), (jws._base64, lambda raw: base64.b64encode(raw).decode())):
        try:
            raw = decode(text)
        except VerificationError:
            continue
        assert encode(raw) == text


@unhurried
@given(
    st.binary()
    | anything.map(lambda value: json.dumps(value).encode())
    | st.text().map(lambda text: text.encode("utf-8", "surrogatepass"))
)
def test_strict_json_reads_or_refuses(raw: bytes) -> None:
    """Any bytes are an object that can be written again, or raise `StrictJSONError`."""
    try:
        found = read_object(raw)
    except StrictJSONError:
        return
    assert read_object(json.dumps(found, ensure_ascii=False).encode()) == found
