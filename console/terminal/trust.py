"""Which root certificates TLS trusts, where the shell names some: those of a company's proxy that inspects TLS.

Each client has variables of its own: Python's SSL_CERT_FILE, requests' REQUESTS_CA_BUNDLE, curl's CURL_CA_BUNDLE, and
AWS_CA_BUNDLE for AWS. Here all of them count, for Apple's API and for AWS alike, and a sentence names them.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from console.terminal.failure import Failure
from console.terminal.ordinary_file import read_ordinary

# In this order: what is meant for fewer programs goes first.
VARIABLES: Final = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")
_FOR_AWS: Final = ("AWS_CA_BUNDLE", *VARIABLES)
# The roots of all the world have 300 KiB.
_MAX_BYTES: Final = 16 * 2**20
_BEGIN: Final = b"-----BEGIN "


def bundle(environ: Mapping[str, str] = os.environ, *, aws: bool = False, where: str = "") -> str | None:
    """Return the file, or the folder, of the roots to trust, None for the usual ones.

    Raises Failure for one that cannot be read or is empty, naming the variable, or `where` its path stands instead.
    """
    for name in _FOR_AWS if aws else VARIABLES:
        value = environ.get(name, "")
        if value:
            return _checked(where or name, value)
    return None


def context(environ: Mapping[str, str] = os.environ) -> ssl.SSLContext:
    """Return what Python's own HTTPS connections trust. Raises Failure naming the variable that is wrong."""
    path = bundle(environ)
    if path is None:
        return ssl.create_default_context()
    folder = Path(path).is_dir()
    return ssl.create_default_context(cafile=None if folder else path, capath=path if folder else None)


def hint(environ: Mapping[str, str] = os.environ, *, aws: bool = False) -> str:
    """Return the end of a sentence about an untrusted connection: what was trusted, and how to trust another root."""
    names = _FOR_AWS if aws else VARIABLES
    used = next((name for name in names if environ.get(name)), None)
    if used is not None:
        return f"the roots of {used}={environ[used]} are trusted, and none of them signed its certificate"
    wanted = "AWS_CA_BUNDLE or SSL_CERT_FILE" if aws else "SSL_CERT_FILE or REQUESTS_CA_BUNDLE"
    return f"where a proxy inspects TLS, set {wanted} to the file with its root certificate (PEM)"


def _has_roots(path: Path) -> bool:
    if path.samefile(os.devnull):  # an old way to trust no root at all
        return False
    return _BEGIN in read_ordinary(path, _MAX_BYTES)


def _checked(name: str, value: str) -> str:
    """Return the path of a bundle that can be read and has something in it."""
    # OpenSSL takes several folders in SSL_CERT_DIR; the clients here take one.
    parts = value.split(os.pathsep) if name == "SSL_CERT_DIR" else [value]
    path = next((Path(part) for part in parts if Path(part).is_dir()), Path(parts[0]))
    try:
        good = any(path.iterdir()) if path.is_dir() else _has_roots(path)
    except OSError as error:
        raise Failure(f"{name} names {value}, which cannot be read ({error.strerror}): correct or unset it.") from None
    if not good:
        raise Failure(f"{name} names {value}, which has no certificate in it: name a PEM file, or unset it.")
    return str(path)
