"""The authority of rehearsals: made for the occasion, valid a week at most, its key on this machine alone.

A sandbox stack believes it while its root is the parameter RehearsalTrustAnchor; no production stack ever does.
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

# Clocks differ: it is valid a little before it is made, and given up a little before it ends.
_SLACK: Final = timedelta(hours=1)
_MAX_BYTES: Final = 2**20


@dataclass(frozen=True, slots=True)
class Occasion:
    """An authority with where it is kept and until when it is valid. `new`: no stack can know it yet."""

    authority: Authority
    directory: Path
    not_after: datetime
    new: bool

    @property
    def anchor(self) -> str:
        """The root as stacks and functions take it: base64 of its DER."""
        return base64.b64encode(self.authority.root_der).decode()


def default_directory() -> Path:
    """Return where the authority is kept unless an option names another place: in the user's cache."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "retention" / "rehearsal"


def obtain(directory: Path, now: datetime) -> Occasion:
    """Return the authority kept in `directory`, or a new one if there is none or its time is up. Raises Failure."""
    kept = _load(directory)
    if kept is not None:
        not_after = _not_after(kept)
        if now < not_after - _SLACK:
            return Occasion(kept, directory, not_after, new=False)
    not_before = now - _SLACK
    not_after = not_before + VALIDITY
    authority = Authority.create("Retention Rehearsal Root CA", not_before, not_after)
    # The folder is closed before there is a key in it.
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    directory.chmod(0o700)
    authority.save(directory)
    return Occasion(authority, directory, _not_after(authority), new=True)


def read_anchor(text: str) -> bytes:
    """Return the DER of a root given as base64, or as a file with base64, DER or PEM in it. Raises Failure."""
    for read in (_as_base64, _as_file):
        der = read(text)
        if der is not None:
            return der
    raise Failure(f"`{_shortened(text)}` is no trust anchor: give base64 of a certificate's DER, or a file with it.")


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
