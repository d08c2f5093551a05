"""Where the key for Apple's API comes from, and that it is never shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import boto3
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from moto import mock_aws
from simulated import PEM

from console.appstore.api_key import VARIABLE, ApiKey, read_api_key
from console.failure import Failure

P384 = ec.generate_private_key(ec.SECP384R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def read(**sources: Any) -> ApiKey:
    return read_api_key("KEYID", "issuer", **({"environ": {}} | sources))


def test_from_a_file(tmp_path: Path) -> None:
    """A file that is named wins over everything else."""
    (tmp_path / "key.p8").write_bytes(PEM)
    found = read(file=tmp_path / "key.p8", environ={VARIABLE: "nonsense"})
    assert (found.key_id, found.issuer_id, found.pem) == ("KEYID", "issuer", PEM)


def test_from_the_environment(tmp_path: Path) -> None:
    """The variable holds the PEM text, its line ends perhaps written as \\n, or a path to it."""
    (tmp_path / "key.p8").write_bytes(PEM)
    for held in (PEM.decode(), PEM.decode().replace("\n", "\\n"), str(tmp_path / "key.p8")):
        assert read(environ={VARIABLE: held}).pem.strip() == PEM.strip()


@mock_aws
def test_from_ssm() -> None:
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
def test_what_is_no_key(tmp_path: Path, content: bytes, reason: str) -> None:
    """A key of another kind is told in one sentence that quotes nothing of it."""
    (tmp_path / "key.p8").write_bytes(content)
    with pytest.raises(Failure, match=reason) as caught:
        read(file=tmp_path / "key.p8")
    assert "PRIVATE" not in str(caught.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """A path that cannot be read is named."""
    with pytest.raises(Failure, match="No such file"):
        read(environ={VARIABLE: str(tmp_path / "key.p8")})


@pytest.mark.parametrize("form", ["pem", "body", "one line"])
def test_a_key_in_the_place_of_its_file_is_not_repeated(form: str) -> None:
    """Who pastes the key where its file belongs does not find it in the log of a CI system."""
    pem = PEM.decode()
    body = "".join(pem.splitlines()[1:-1])
    given = {"pem": pem, "body": body, "one line": pem.replace("\n", " ")}[form]
    with pytest.raises(Failure, match="given with --key cannot be read") as caught:
        read(file=Path(given))
    assert body[:16] not in str(caught.value)


def test_a_variable_with_half_a_key_is_not_repeated() -> None:
    """Without its first line a key looks like a path; the sentence names the variable, not what it holds."""
    body = "".join(PEM.decode().splitlines()[1:-1])
    with pytest.raises(Failure, match=f"that {VARIABLE} names cannot be read") as caught:
        read(environ={VARIABLE: body})
    assert body[:16] not in str(caught.value)


def test_no_key_at_all() -> None:
    """Without any source the sentence names them all."""
    with pytest.raises(Failure, match=VARIABLE):
        read()
