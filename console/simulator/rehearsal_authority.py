"""The authority that signs rehearsals: valid for a week at most, and its key never leaves this machine.

A sandbox stack trusts it while the parameter RehearsalTrustAnchor has its root; a production stack never does.
"""

from __future__ import annotations

import base64
import binascii
import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from console.simulator.authority import Authority
from console.terminal.failure import Failure
from console.terminal.ordinary_file import read_ordinary

VALIDITY: Final = timedelta(days=7)

# Clocks differ: an authority is valid from an hour before it is made, and replaced an hour before it ends.
_SLACK: Final = timedelta(hours=1)
_MAX_BYTES: Final = 2**20


@dataclass(frozen=True, slots=True)
class RehearsalAuthority:
    """An authority, its directory, and until when it is valid. `new`: just made, so no stack can trust it yet."""

    authority: Authority
    directory: Path
    not_after: datetime
    new: bool

    @property
    def anchor(self) -> str:
        """The root as the parameter RehearsalTrustAnchor: base64 of its DER."""
        return base64.b64encode(self.authority.root_der).decode()


def default_directory() -> Path:
    """Return the directory of the authority unless an option names another: in the user's cache."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "retention" / "rehearsal"


def obtain(directory: Path, now: datetime) -> RehearsalAuthority:
    """Return the authority in `directory`, or a new one if there is none or it has expired. Raises Failure."""
    kept = _load(directory)
    if kept is not None:
        not_after = _not_after(kept)
        if now < not_after - _SLACK:
            return RehearsalAuthority(kept, directory, not_after, new=False)
    not_before = now - _SLACK
    not_after = not_before + VALIDITY
    authority = Authority.create("Retention Rehearsal Root CA", not_before, not_after)
    # Other users lose access to the folder before a key is written into it.
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    directory.chmod(0o700)
    authority.save(directory)
    return RehearsalAuthority(authority, directory, _not_after(authority), new=True)


def read_anchor(text: str) -> bytes:
    """Return the DER of a root given as base64, or as a file with base64, DER or PEM in it. Raises Failure."""
    for read in (_as_base64, _as_file):
        der = read(text)
        if der is not None:
            return der
    raise Failure(f"`{_shortened(text)}` is not a trust anchor: give base64 of a certificate's DER, or a file with it.")


def _load(directory: Path) -> Authority | None:
    try:
        return Authority.load(directory)
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise Failure(f"There is no usable authority in {directory}: {error}.") from None


def _not_after(authority: Authority) -> datetime:
    chain = (authority.leaf_der, authority.intermediate_der, authority.root_der)
    return min(x509.load_der_x509_certificate(der).not_valid_after_utc for der in chain)


def _as_base64(text: str | bytes) -> bytes | None:
    try:
        return _certificate(base64.b64decode(text.strip(), validate=True))
    except (binascii.Error, ValueError):
        return None


def _as_file(text: str) -> bytes | None:
    try:
        content = read_ordinary(Path(text), _MAX_BYTES, pipes=True)
    except (OSError, ValueError):
        return None
    return _as_base64(content) or _certificate(content) or _from_pem(content)


def _certificate(der: bytes) -> bytes | None:
    try:
        x509.load_der_x509_certificate(der)
    except ValueError:
        return None
    return der


def _from_pem(content: bytes) -> bytes | None:
    try:
        certificate = x509.load_pem_x509_certificate(content)
    except ValueError:
        return None
    return certificate.public_bytes(Encoding.DER)


def _shortened(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}…"  # noqa: PLR2004  # a line of a terminal
