"""The authority of rehearsals: how long it lives, who may read it, and how its root is handed on."""

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


def test_it_is_made_once_and_used_until_it_ends(tmp_path: Path) -> None:
    """The anchor that was deployed stays good until its week is over; then there is another."""
    first = obtain(tmp_path / "ca", NOW)
    again = obtain(tmp_path / "ca", NOW + timedelta(days=6))
    after = obtain(tmp_path / "ca", NOW + timedelta(days=7))
    assert (first.new, again.new, after.new) == (True, False, True)
    assert first.anchor == again.anchor != after.anchor


def test_it_is_valid_for_a_week_at_most(tmp_path: Path) -> None:
    """Every certificate of it, the root included, ends within seven days."""
    made = obtain(tmp_path, NOW).authority
    for der in (made.root_der, made.intermediate_der, made.leaf_der):
        certificate = x509.load_der_x509_certificate(der)
        assert certificate.not_valid_before_utc <= NOW
        assert certificate.not_valid_after_utc - certificate.not_valid_before_utc <= timedelta(days=7)


def test_nobody_else_may_read_its_key(tmp_path: Path) -> None:
    """The folder is the owner's alone, even if it was there before."""
    (tmp_path / "ca").mkdir(mode=0o755)
    obtain(tmp_path / "ca", NOW)
    assert (tmp_path / "ca").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "ca" / "leaf-key.pem").stat().st_mode & 0o777 == 0o600


def test_its_requests_are_believed_by_who_has_its_anchor(tmp_path: Path) -> None:
    """What it signs verifies under the printed anchor, now."""
    signer = obtain(tmp_path, NOW)
    verifier = SignedPayloadVerifier([base64.b64decode(signer.anchor)])
    assert verifier.verify(signer.authority.sign(request_claims()), NOW)["environment"] == "Sandbox"


def test_it_is_kept_in_the_users_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """XDG_CACHE_HOME decides, else ~/.cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_directory() == tmp_path / "retention" / "rehearsal"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert default_directory() == tmp_path / "home" / ".cache" / "retention" / "rehearsal"


def test_a_damaged_one_is_said(tmp_path: Path) -> None:
    """A key that cannot be read is a sentence naming the folder, not a new authority over the old."""
    obtain(tmp_path, NOW)
    (tmp_path / "leaf-key.pem").write_text("nothing")
    with pytest.raises(Failure, match=str(tmp_path)):
        obtain(tmp_path, NOW)


def test_an_anchor_is_read_in_any_usual_form(tmp_path: Path) -> None:
    """Base64 as it is printed, or a file with base64, DER or PEM."""
    signer = obtain(tmp_path, NOW)
    der = signer.authority.root_der
    (tmp_path / "anchor.txt").write_text(f"{signer.anchor}\n")
    (tmp_path / "root.pem").write_bytes(x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM))
    for given in (signer.anchor, *(str(tmp_path / name) for name in ("anchor.txt", "root.der", "root.pem"))):
        assert read_anchor(given) == der


@pytest.mark.parametrize("given", ["", "nowhere.der", "AAAA", "x" * 5000, "/dev/zero", "/dev/full", "a\0b", "/"])
def test_what_is_no_anchor_is_refused(given: str) -> None:
    """Neither a file nor a certificate: the sentence says what is wanted."""
    with pytest.raises(Failure, match="not a trust anchor"):
        read_anchor(given)
