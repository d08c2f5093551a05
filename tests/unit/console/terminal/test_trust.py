"""Which root certificates are trusted, by the shell's variables; what is wrong with one is named with its variable."""

from __future__ import annotations

import os
import ssl
from pathlib import Path

import pytest

from console.terminal import trust
from console.terminal.failure import Failure


@pytest.mark.parametrize("variable", [*trust.VARIABLES, "AWS_CA_BUNDLE"])
def test_a_device_is_no_file_of_roots(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    """/dev/zero as a file of roots is refused, since reading it would never end."""
    monkeypatch.setenv(variable, "/dev/zero")
    with pytest.raises(Failure, match=f"{variable} names /dev/zero, which cannot be read"):
        trust.bundle(aws=True)


@pytest.fixture
def roots(tmp_path: Path) -> Path:
    file = tmp_path / "roots.pem"
    file.write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    return file


def test_without_a_variable_the_usual_roots_are_trusted() -> None:
    """An empty variable counts as one that is not set."""
    assert trust.bundle({}) is None
    assert trust.bundle({"SSL_CERT_FILE": ""}, aws=True) is None


def test_the_variable_for_fewer_programs_has_precedence(roots: Path) -> None:
    """AWS_CA_BUNDLE is for AWS alone; REQUESTS_CA_BUNDLE precedes SSL_CERT_FILE."""
    environ = {"AWS_CA_BUNDLE": str(roots), "SSL_CERT_FILE": "/nonexistent"}
    assert trust.bundle(environ, aws=True) == str(roots)
    with pytest.raises(Failure, match="SSL_CERT_FILE"):
        trust.bundle(environ)
    assert trust.bundle({"REQUESTS_CA_BUNDLE": str(roots), "SSL_CERT_FILE": "/nonexistent"}) == str(roots)


@pytest.mark.parametrize("content", [None, "", "no certificate\n"])
def test_a_file_without_a_certificate_is_refused(tmp_path: Path, content: str | None) -> None:
    """The sentence names the variable, or the place that the caller gives, and the path."""
    file = tmp_path / "roots.pem"
    if content is not None:
        file.write_text(content)
    with pytest.raises(Failure, match=f"SSL_CERT_FILE names {file}, which "):
        trust.bundle({"SSL_CERT_FILE": str(file)})
    with pytest.raises(Failure, match=f"`ca_bundle` names {file}, which "):
        trust.bundle({"SSL_CERT_FILE": str(file)}, where="`ca_bundle`")


def test_of_several_folders_the_first_that_exists_is_used(tmp_path: Path, roots: Path) -> None:
    """OpenSSL takes a list of folders, and the clients here take one."""
    folder = tmp_path / "folder"
    folder.mkdir()
    roots.rename(folder / "0.pem")
    environ = {"SSL_CERT_DIR": os.pathsep.join(["/nonexistent", str(folder)])}
    assert trust.bundle(environ) == str(folder)


def test_the_null_device_is_no_file_of_roots() -> None:
    """Some people set the variable to /dev/null to trust no root: each connection would then fail without a reason."""
    with pytest.raises(Failure, match="has no certificate in it"):
        trust.bundle({"CURL_CA_BUNDLE": os.devnull})


def test_a_context_verifies_certificates_and_names() -> None:
    """Python's own connections verify by the usual roots where the shell names none."""
    context = trust.context({})
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


@pytest.mark.parametrize(
    ("environ", "aws", "expected"),
    [
        ({}, False, "set SSL_CERT_FILE or REQUESTS_CA_BUNDLE to the file"),
        ({}, True, "set AWS_CA_BUNDLE or SSL_CERT_FILE to the file"),
        ({"SSL_CERT_FILE": "/roots"}, False, "the roots of SSL_CERT_FILE=/roots are trusted"),
        ({"AWS_CA_BUNDLE": "/roots"}, False, "set SSL_CERT_FILE or REQUESTS_CA_BUNDLE to the file"),
    ],
)
def test_a_hint_names_the_variable_that_is_set_or_to_set(environ: dict[str, str], *, aws: bool, expected: str) -> None:
    """The end of a sentence about an untrusted certificate has what its reader can change."""
    assert expected in trust.hint(environ, aws=aws)
