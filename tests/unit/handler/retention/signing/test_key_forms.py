"""A private key in the forms in which secret stores keep it is made PEM again."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from retention.signing.key_forms import as_pem

KEY = ec.generate_private_key(ec.SECP256R1())
PKCS8, SEC1 = PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL


def pem(form: PrivateFormat = PKCS8) -> bytes:
    return KEY.private_bytes(Encoding.PEM, form, NoEncryption())


def der(form: PrivateFormat = PKCS8) -> bytes:
    return KEY.private_bytes(Encoding.DER, form, NoEncryption())


def one_line(content: bytes) -> bytes:
    return content.replace(b"\n", b"\\n")


def without_frame(content: bytes) -> bytes:
    return b"".join(line for line in content.splitlines() if b"-----" not in line)


FORMS: dict[str, Callable[[], bytes]] = {
    "the file": pem,
    "the file, SEC 1": lambda: pem(SEC1),
    "line ends of Windows": lambda: pem().replace(b"\n", b"\r\n"),
    "with text around it": lambda: b"Key of the app\n" + pem() + b"\nthe end\n",
    "a byte order mark": lambda: b"\xef\xbb\xbf" + pem(),
    "UTF-16": lambda: pem().decode().encode("utf-16"),
    "escaped line ends": lambda: one_line(pem()),
    "line ends escaped twice": lambda: one_line(pem()).replace(b"\\", b"\\\\"),
    "blanks for line ends": lambda: pem().replace(b"\n", b" "),
    "quotes": lambda: b'"' + one_line(pem()) + b'"\n',
    "base64 of the file": lambda: base64.b64encode(pem()),
    "base64 in lines": lambda: base64.encodebytes(pem()),
    "base64 for URLs, unpadded": lambda: base64.urlsafe_b64encode(pem()).rstrip(b"="),
    "base64 of base64": lambda: base64.b64encode(base64.b64encode(pem())),
    "the body alone": lambda: without_frame(pem()),
    "the body alone, SEC 1": lambda: without_frame(pem(SEC1)),
    "DER": der,
    "DER, SEC 1": lambda: der(SEC1),
    "JSON": lambda: json.dumps({"id": "ABC123DEFG", "key": pem().decode()}).encode(),
    "base64 in JSON": lambda: json.dumps({"key": base64.b64encode(pem()).decode()}).encode(),
    "a line of a .env file": lambda: b"export KEY='" + base64.b64encode(pem()) + b"'\n",
}


@pytest.mark.parametrize("form", FORMS)
def test_a_key_is_found_in_each_form(form: str) -> None:
    """The result is PEM that a library reads as the same key."""
    found = as_pem(FORMS[form]())
    assert found is not None
    read = load_pem_private_key(found, None)
    assert isinstance(read, ec.EllipticCurvePrivateKey)
    assert read.private_numbers() == KEY.private_numbers()


@pytest.mark.parametrize(
    "held",
    [
        b"",
        b"hello",
        b"\xff\xfe\x00",
        b"A" * 200,
        bytes(200),
        base64.b64encode(b"A" * 200),
        pytest.param(pem()[:100], id="cut off"),
        b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----",
        pytest.param(pem().replace(b"PRIVATE", b"PUBLIC"), id="called a public key"),
        b"\\n" * 10_000,
    ],
)
def test_what_has_none_of_these_forms_is_no_key(held: bytes) -> None:
    """Nothing is raised for it: the caller has the words for what is wrong."""
    assert as_pem(held) is None


def test_the_label_of_a_frame_is_kept() -> None:
    """Whether it is a key, and of which kind, is not decided here."""
    framed = b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n"
    assert as_pem(framed) == framed
