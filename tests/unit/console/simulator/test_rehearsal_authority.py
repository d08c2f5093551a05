"""The authority of rehearsals: how long it is valid, who can read its key, and how its root is given to a stack."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from retention.jws import SignedPayloadVerifier

from console.simulator.authority import request_claims
from console.simulator.rehearsal_authority import default_directory, obtain, read_anchor
from console.terminal.failure import Failure

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def test_it_is_made_once_and_used_until_it_expires(tmp_path: Path) -> None:
    """The deployed trust anchor stays valid for a week; after that a new authority is made."""
    first = obtain(tmp_path / "ca", NOW)
    again = obtain(tmp_path / "ca", NOW + timedelta(days=6))
    after = obtain(tmp_path / "ca", NOW + timedelta(days=7))
    assert (first.new, again.new, after.new) == (True, False, True)
    assert first.anchor == again.anchor != after.anchor


def test_it_is_valid_for_a_week_at_most(tmp_path: Path) -> None:
    """Each of its certificates, the root too, is valid for seven days at most."""
    made = obtain(tmp_path, NOW).authority
    for der in (made.root_der, made.intermediate_der, made.leaf_der):
        certificate = x509.load_der_x509_certificate(der)
        assert certificate.not_valid_before_utc <= NOW
        assert certificate.not_valid_after_utc - certificate.not_valid_before_utc <= timedelta(days=7)


def test_only_its_owner_can_read_its_key(tmp_path: Path) -> None:
    """The folder is readable by its owner alone, even if it existed before."""
    (tmp_path / "ca").mkdir(mode=0o755)
    obtain(tmp_path / "ca", NOW)
    assert (tmp_path / "ca").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "ca" / "leaf-key.pem").stat().st_mode & 0o777 == 0o600


def test_its_requests_are_verified_under_its_anchor(tmp_path: Path) -> None:
    """A verifier that trusts the printed anchor accepts what the authority signs."""
    signer = obtain(tmp_path, NOW)
    verifier = SignedPayloadVerifier([base64.b64decode(signer.anchor)])
    assert verifier.verify(signer.authority.sign(request_claims()), NOW)["environment"] == "Sandbox"


def test_it_is_kept_in_the_users_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder is below XDG_CACHE_HOME, or below ~/.cache without it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_directory() == tmp_path / "retention" / "rehearsal"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert default_directory() == tmp_path / "home" / ".cache" / "retention" / "rehearsal"


def test_a_damaged_authority_is_a_plain_error(tmp_path: Path) -> None:
    """The error names the folder, and no new authority overwrites the old one."""
    obtain(tmp_path, NOW)
    (tmp_path / "leaf-key.pem").write_text("nothing")
    with pytest.raises(Failure, match=str(tmp_path)):
        obtain(tmp_path, NOW)


def test_an_anchor_is_read_in_any_usual_form(tmp_path: Path) -> None:
    """Base64 as it is printed, or a file with base64, DER or PEM, is read."""
    signer = obtain(tmp_path, NOW)
    der = signer.authority.root_der
    (tmp_path / "anchor.txt").write_text(f"{signer.anchor}\n")
    (tmp_path / "root.pem").write_bytes(x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM))
    for given in (signer.anchor, *(str(tmp_path / name) for name in ("anchor.txt", "root.der", "root.pem"))):
        assert read_anchor(given) == der


@pytest.mark.parametrize("given", ["", "nowhere.der", "AAAA", "x" * 5000, "/dev/zero", "/dev/full", "a\0b", "/"])
def test_an_invalid_anchor_is_refused(given: str) -> None:
    """The error states which forms of a trust anchor are read."""
    with pytest.raises(Failure, match="not a trust anchor"):
        read_anchor(given)
