"""Behind a proxy that inspects TLS: its root is trusted for Apple, for an endpoint and for AWS, by every variable."""

from __future__ import annotations

import datetime as dt
import ipaddress
import os
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from unittest.mock import patch

import boto3
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from console.appstore.api_key import ApiKey
from console.appstore.errors import AppleError, Kind
from console.appstore.wire import Wire
from console.deployment.aws import client
from console.deployment.failures import sentence
from console.simulator import endpoint_call
from console.terminal import trust
from console.terminal.failure import Failure
from tests.support.simulated_app import PEM

ANSWER = b'{"messageIdentifiers": []}'


def _certificate(
    name: str, issuer: tuple[ec.EllipticCurvePrivateKey, x509.Certificate] | None
) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    """Return a key and its certificate: of a root, or signed by the root for this machine."""
    key, now = ec.generate_private_key(ec.SECP256R1()), dt.datetime.now(dt.UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if issuer is None else issuer[1].subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(1))
        .not_valid_after(now + dt.timedelta(1))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if issuer is None:
        usage = dict.fromkeys(
            ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"), False
        )
        signs = x509.KeyUsage(**usage, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False)
        return key, builder.add_extension(signs, critical=True).sign(key, hashes.SHA256())
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer[0].public_key())
    builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return key, builder.add_extension(authority, critical=False).sign(issuer[0], hashes.SHA256())


class Intercepted(BaseHTTPRequestHandler):
    """The server that answers in the place of every other."""

    heard: list[str]

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.heard.append(self.headers.get("authorization", ""))
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(ANSWER)))
        self.end_headers()
        self.wfile.write(ANSWER)

    do_POST = do_GET  # noqa: N815  # the parent's names

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the parent's name for it
        del format, args


@pytest.fixture(scope="module")
def inspected(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path, list[str]]]:
    """An HTTPS server on this machine, the file of the root that signed it, and the credentials that it received."""
    folder = tmp_path_factory.mktemp("a root's é")
    root = _certificate("Corp Root", None)
    key, leaf = _certificate("localhost", root)
    (folder / "ca.pem").write_bytes(root[1].public_bytes(Encoding.PEM))
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "leaf.pem").write_bytes(leaf.public_bytes(Encoding.PEM) + private)
    heard: list[str] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (Intercepted,), {"heard": heard}))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "leaf.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield f"https://localhost:{server.server_address[1]}", folder / "ca.pem", heard
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with patch.dict(os.environ):
        monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
        endpoint_call._tls.cache_clear()
        yield
    endpoint_call._tls.cache_clear()


def ask_apple(url: str) -> None:
    key = ApiKey("2X9R4HXF34", "57246542-96fe-1a63-e053-0824d011072a", PEM)
    with Wire(key, "a.b", "Sandbox", base_url=url) as wire:
        wire.get_message_list()


def ask_aws(url: str) -> None:
    client("dynamodb", region="us-east-1", endpoint_url=url).list_tables()


@pytest.mark.parametrize("variable", trust.VARIABLES[:3])
def test_the_root_that_a_variable_names_is_trusted(
    monkeypatch: pytest.MonkeyPatch, inspected: tuple[str, Path, list[str]], variable: str
) -> None:
    """The root that a variable names is trusted for Apple's API, for AWS and for an endpoint."""
    url, root, _ = inspected
    monkeypatch.setenv(variable, str(root))
    ask_apple(url)
    ask_aws(url)
    assert endpoint_call.call(f"{url}/v1", "x", 5000).result != endpoint_call.TLS_ISSUE


def test_awss_own_variable_is_for_aws_alone(
    monkeypatch: pytest.MonkeyPatch, inspected: tuple[str, Path, list[str]]
) -> None:
    """AWS_CA_BUNDLE names the roots of calls to AWS only, not of those to Apple."""
    url, root, _ = inspected
    monkeypatch.setenv("AWS_CA_BUNDLE", str(root))
    monkeypatch.setenv("SSL_CERT_FILE", "")
    ask_aws(url)
    with pytest.raises(AppleError):
        ask_apple(url)


@pytest.mark.parametrize("set_to", ["", "another"])
def test_an_untrusted_root_is_reported_with_the_variable_to_set(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, inspected: tuple[str, Path, list[str]], set_to: str
) -> None:
    """The error names SSL_CERT_FILE, with its value if it is set."""
    url = inspected[0]
    if set_to:
        other = tmp_path / "other.pem"
        other.write_bytes(_certificate("Another Root", None)[1].public_bytes(Encoding.PEM))
        monkeypatch.setenv("SSL_CERT_FILE", str(other))
    wanted = f"SSL_CERT_FILE={tmp_path / 'other.pem'}" if set_to else "SSL_CERT_FILE"
    with pytest.raises(AppleError) as refused:
        ask_apple(url)
    assert refused.value.kind is Kind.TLS
    assert wanted in str(refused.value)
    with pytest.raises(Exception, match="SSL") as failed:
        ask_aws(url)
    assert wanted in str(sentence(failed.value))
    called = endpoint_call.call(f"{url}/v1", "x", 5000)
    assert called.result == endpoint_call.TLS_ISSUE
    assert wanted in called.reason


@pytest.mark.parametrize("variable", trust.VARIABLES)
@pytest.mark.parametrize("content", [None, "", "no certificate\n"])
def test_a_file_without_roots_is_named_with_its_variable(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str, content: str | None
) -> None:
    """A file without roots is reported with its variable, for Apple, AWS and an endpoint."""
    file = tmp_path / "roots.pem"
    if content is not None and variable != "SSL_CERT_DIR":
        file.write_text(content)
    monkeypatch.setenv(variable, str(file))
    for ask in (ask_apple, ask_aws):
        with pytest.raises(Failure, match=variable) as failed:
            ask("https://localhost:9")
        assert str(file) in str(failed.value)
    called = endpoint_call.call("https://localhost:9/v1", "x", 5000)
    assert called.result == endpoint_call.TLS_ISSUE
    assert variable in called.reason


def test_missing_roots_do_not_stop_plain_http(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A server on this machine without TLS is called although the files of roots do not exist."""
    for name in trust.VARIABLES:
        monkeypatch.setenv(name, "/nonexistent")
    with pytest.raises(AppleError, match="refuses connections"):
        ask_apple("http://127.0.0.1:9")


def test_a_netrc_does_not_take_the_place_of_the_token(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, inspected: tuple[str, Path, list[str]]
) -> None:
    """A netrc does not replace the token, as requests would have it: Apple would refuse the password."""
    url, root, heard = inspected
    netrc = tmp_path / "netrc"
    netrc.write_text("default login me password hush\nmachine localhost login me password hush\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("SSL_CERT_FILE", str(root))
    heard.clear()
    ask_apple(url)
    assert [value.partition(" ")[0] for value in heard] == ["Bearer"]


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("HTTPS_PROXY", "http://127.0.0.1:9"),
        ("https_proxy", "socks5://127.0.0.1:9"),
        ("ALL_PROXY", "socks5://127.0.0.1:9"),
        ("HTTPS_PROXY", "http://"),
    ],
)
def test_an_unusable_proxy_is_named(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    """If the proxy to Apple cannot be used, the error names its variable."""
    monkeypatch.setenv(variable, value)
    with pytest.raises(AppleError, match=variable):
        ask_apple("https://api.storekit-sandbox.apple.com")


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
def test_this_machine_is_called_directly(
    monkeypatch: pytest.MonkeyPatch, inspected: tuple[str, Path, list[str]], variable: str
) -> None:
    """A simulator or an AWS on this machine is called without the shell's proxy."""
    url, root, _ = inspected
    monkeypatch.setenv(variable, "http://127.0.0.1:9")
    monkeypatch.setenv("SSL_CERT_FILE", str(root))
    ask_apple(url)
    ask_aws(url)
