"""Where the console reads the key for Apple's API from, and that no text shows the key."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import Any

import boto3
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from moto import mock_aws
from retention.signing.signer import Signer

from console.appstore.api_key import VARIABLE, ApiKey, read_api_key
from console.terminal.failure import Failure
from tests.support.simulated_app import PEM

P384 = ec.generate_private_key(ec.SECP384R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def read(**sources: Any) -> ApiKey:
    return read_api_key("KEYID", "issuer", **({"environ": {}} | sources))


def test_the_key_is_read_from_a_file(tmp_path: Path) -> None:
    """A named file goes before the environment variable."""
    (tmp_path / "key.p8").write_bytes(PEM)
    found = read(file=tmp_path / "key.p8", environ={VARIABLE: "nonsense"})
    assert (found.key_id, found.issuer_id, found.pem) == ("KEYID", "issuer", PEM)


def test_the_key_is_read_from_the_environment(tmp_path: Path) -> None:
    """The variable holds the PEM text, perhaps with line ends written as \
, or a path to it."""
    (tmp_path / "key.p8").write_bytes(PEM)
    for held in (PEM.decode(), PEM.decode().replace("\n", "\\n"), str(tmp_path / "key.p8")):
        assert read(environ={VARIABLE: held}).pem.strip() == PEM.strip()


@mock_aws
def test_the_key_is_read_from_ssm() -> None:
    """The parameter is <prefix>/<key id>, a SecureString."""
    ssm = boto3.client("ssm", region_name="us-east-1")
    ssm.put_parameter(Name="/retention/sandbox/KEYID", Value=PEM.decode(), Type="SecureString")
    assert read(ssm=lambda: ssm, prefix="/retention/sandbox/").pem == PEM
    with pytest.raises(Failure, match="no parameter /retention/production/KEYID"):
        read(ssm=lambda: ssm, prefix="/retention/production")


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"hello", "not an unencrypted PEM private key"), (P384, "not a P-256 key"), (b"", "not an unencrypted")],
)
def test_a_key_of_another_kind_is_refused(tmp_path: Path, content: bytes, reason: str) -> None:
    """The error is one sentence with the kind of key, and does not quote the key."""
    (tmp_path / "key.p8").write_bytes(content)
    with pytest.raises(Failure, match=reason) as caught:
        read(file=tmp_path / "key.p8")
    assert "PRIVATE" not in str(caught.value)


BODY = "".join(PEM.decode().splitlines()[1:-1])
KEY = load_pem_private_key(PEM, None)


@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
def test_a_key_in_der_is_read(tmp_path: Path, form: PrivateFormat) -> None:
    """Both forms of DER that openssl writes are read."""
    (tmp_path / "key.der").write_bytes(KEY.private_bytes(Encoding.DER, form, NoEncryption()))
    assert load_pem_private_key(read(file=tmp_path / "key.der").pem, None).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    ) == KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


PUBLIC = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf \n", "empty"),
        (PUBLIC, "a public key"),
        (base64.b64encode(PUBLIC), "a public key"),
        (KEY.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH), "a public key"),
        (b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n", "a certificate"),
        (KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x")), "encrypted"),
        (KEY.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, BestAvailableEncryption(b"x")), "encrypted"),
        (KEY.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()), "a key of OpenSSH"),
        (PEM[:-40], "cut off"),
        (b"<!DOCTYPE html><html>Sign in</html>", "a page of HTML"),
    ],
)
def test_a_file_in_the_keys_place_is_named_by_its_kind(tmp_path: Path, content: bytes, kind: str) -> None:
    """The file often belongs to another step of the same work, such as a public key or a certificate."""
    (tmp_path / "key.p8").write_bytes(content)
    with pytest.raises(Failure, match=f"is {kind}.*, not an unencrypted PEM private key") as caught:
        read(file=tmp_path / "key.p8")
    assert BODY[20:40] not in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """The error for a path that cannot be read has the system's reason."""
    with pytest.raises(Failure, match="No such file"):
        read(environ={VARIABLE: str(tmp_path / "key.p8")})


SEC1 = (
    load_pem_private_key(PEM, None)
    .private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    .decode()
)
PACKED = base64.b64encode(PEM).decode()

# The forms in which secret stores, their web pages and people's scripts keep the content of a .p8 file.
FORMS = {
    "as it is": PEM.decode(),
    "CRLF": PEM.decode().replace("\n", "\r\n"),
    "a byte order mark": "\ufeff" + PEM.decode(),
    "blanks for line ends": PEM.decode().strip().replace("\n", " "),
    "joined lines": PEM.decode().replace("\n", ""),
    "quotes": f'"{PEM.decode().strip()}"',
    "written line ends": PEM.decode().replace("\n", "\\n"),
    "written CRLF": PEM.decode().replace("\n", "\\r\\n"),
    "written twice": PEM.decode().replace("\n", "\\\\n"),
    "quoted and written": '"' + PEM.decode().replace("\n", "\\n") + '"',
    "indented": "\n".join(f"    {line}" for line in PEM.decode().splitlines()),
    "words around it": f"Key:\n{PEM.decode()}\nend",
    "base64": PACKED,
    "base64, wrapped": base64.encodebytes(PEM).decode(),
    "base64 with written line ends": base64.encodebytes(PEM).decode().replace("\n", "\\n"),
    "base64 for URLs": base64.urlsafe_b64encode(PEM).decode().rstrip("="),
    "base64 of CRLF": base64.b64encode(PEM.replace(b"\n", b"\r\n")).decode(),
    "base64 of UTF-16": base64.b64encode(PEM.decode().encode("utf-16")).decode(),
    "base64 of base64": base64.b64encode(PACKED.encode()).decode(),
    "base64 in JSON": json.dumps({"key_id": "2X9R4HXF34", "key": PACKED, "is_key_content_base64": True}),
    "base64 in lines in JSON": json.dumps({"key": base64.encodebytes(PEM).decode()}),
    "the body in JSON": json.dumps({"privateKey": BODY}),
    "PEM in JSON": json.dumps({"keyId": "2X9R4HXF34", "privateKey": PEM.decode()}),
    "a line of .env": f"RETENTION_API_KEY={PACKED}",
    "an export": f"export RETENTION_API_KEY='{PACKED}'",
    "the body alone": BODY,
    "the body in its lines": "\n".join(PEM.decode().splitlines()[1:-1]),
    "SEC 1": SEC1,
    "SEC 1's body alone": "".join(SEC1.splitlines()[1:-1]),
}


def same_key(pem: bytes) -> bool:
    numbers = [load_pem_private_key(each, None).private_numbers() for each in (pem, PEM)]  # type: ignore[union-attr]
    return numbers[0] == numbers[1]


@pytest.mark.parametrize("form", FORMS)
def test_a_key_is_read_in_any_form(form: str, tmp_path: Path) -> None:
    """Each form is read from the variable, --key, a file and SSM, and by the function, from the same parameter."""
    text = FORMS[form]
    (tmp_path / "key.p8").write_text(text, encoding="utf-8", newline="")
    (tmp_path / "wide.p8").write_text(text.removeprefix("\ufeff"), encoding="utf-16", newline="")
    assert same_key(read(environ={VARIABLE: text}).pem)
    assert same_key(read(file=text).pem)
    assert same_key(read(file=tmp_path / "key.p8").pem)
    assert same_key(read(environ={VARIABLE: str(tmp_path / "wide.p8")}).pem)
    with mock_aws():
        ssm = boto3.client("ssm", region_name="us-east-1")
        ssm.put_parameter(Name="/p/KEYID", Value=text, Type="SecureString")
        assert same_key(read(ssm=lambda: ssm, prefix="/p").pem)
    assert Signer.from_pem(text.encode(), "KEYID").key_id == "KEYID"


DAMAGED = {
    "half a body": BODY[: len(BODY) // 2],
    "a body without its beginning": BODY[9:],
    "half of base64": PACKED[: len(PACKED) // 2 + 1],
    "base64 of something else": base64.b64encode(b"hello " * 30).decode(),
    "without its first line": PEM.decode().partition("\n")[2],
    "without its last line": PEM.decode().rpartition("-----END")[0],
    "with a stranger in it": BODY[:40] + "?" + BODY[41:],
    "base64 with slashes": "/".join(BODY[start : start + 9] for start in range(0, 150, 9)),
}


@pytest.mark.parametrize("source", ["--key", VARIABLE])
@pytest.mark.parametrize("damaged", DAMAGED)
def test_a_damaged_key_is_not_quoted(damaged: str, source: str) -> None:
    """The error names the place of the key, without the system's text about a path and without any part of the key."""
    text = DAMAGED[damaged]
    with pytest.raises(Failure, match=source) as caught:
        read(file=text) if source == "--key" else read(environ={VARIABLE: text})
    text_shown = str(caught.value)
    assert "too long" not in text_shown
    assert "No such file" not in text_shown
    assert not any(text[start : start + 12] in text_shown for start in range(0, len(text) - 12, 6))


def test_a_pipe_a_device_and_a_folder_are_refused_at_once(tmp_path: Path) -> None:
    """Only a pipe that the shell passes as /dev/fd is read."""
    os.mkfifo(tmp_path / "pipe")
    for path, reason in (
        (tmp_path / "pipe", "it is a named pipe"),
        ("/dev/zero", "it is a device"),
        (tmp_path, "it is a dir"),
    ):
        with pytest.raises(Failure, match=reason):
            read(environ={VARIABLE: str(path)})
        with pytest.raises(Failure, match=reason):
            read(file=path)
    reading, writing = os.pipe()
    os.write(writing, PEM)
    os.close(writing)
    assert same_key(read(file=f"/dev/fd/{reading}").pem)
    os.close(reading)


def test_without_a_key_the_error_names_every_source() -> None:
    """Without a key, the error names the places where one is looked for."""
    with pytest.raises(Failure, match=VARIABLE):
        read()
