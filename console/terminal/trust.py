"""Which root certificates TLS trusts, if the shell names some, such as that of a company's proxy that inspects TLS.

Each client has its own variables: Python SSL_CERT_FILE, requests REQUESTS_CA_BUNDLE, curl CURL_CA_BUNDLE, AWS
AWS_CA_BUNDLE. Here all of them are used, for Apple's API and for AWS.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from console.terminal.failure import Failure
from console.terminal.ordinary_file import read_ordinary

# In this order: a variable for fewer programs has precedence.
VARIABLES: Final = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")
_FOR_AWS: Final = ("AWS_CA_BUNDLE", *VARIABLES)
# The file of all public roots has 300 KiB.
_MAX_BYTES: Final = 16 * 2**20
_BEGIN: Final = b"-----BEGIN "


def bundle(environ: Mapping[str, str] = os.environ, *, aws: bool = False, where: str = "") -> str | None:
    """Return the path of the file or folder of roots to trust, None for the usual roots.

    Raises Failure if it cannot be read or is empty. The sentence names the variable, or `where` the path was found.
    """
    for name in _FOR_AWS if aws else VARIABLES:
        value = environ.get(name, "")
        if value:
            return _checked(where or name, value)
    return None


def context(environ: Mapping[str, str] = os.environ) -> ssl.SSLContext:
    """Return the TLS context for Python's own HTTPS connections. Raises Failure, which names the wrong variable."""
    path = bundle(environ)
    if path is None:
        return ssl.create_default_context()
    folder = Path(path).is_dir()
    return ssl.create_default_context(cafile=None if folder else path, capath=path if folder else None)


def hint(environ: Mapping[str, str] = os.environ, *, aws: bool = False) -> str:
    """Return the end of a sentence about an untrusted certificate: what is trusted, or how to trust another root."""
    names = _FOR_AWS if aws else VARIABLES
    used = next((name for name in names if environ.get(name)), None)
    if used is not None:
        return f"the roots of {used}={environ[used]} are trusted, and none of them signed its certificate"
    wanted = "AWS_CA_BUNDLE or SSL_CERT_FILE" if aws else "SSL_CERT_FILE or REQUESTS_CA_BUNDLE"
    return f"if a proxy inspects TLS, set {wanted} to the file with its root certificate (PEM)"


def _has_roots(path: Path) -> bool:
    if path.samefile(os.devnull):  # some users set it to trust no root
        return False
    return _BEGIN in read_ordinary(path, _MAX_BYTES)


def _checked(name: str, value: str) -> str:
    """Return the path of a bundle that can be read and is not empty. Raises Failure."""
    # OpenSSL accepts several folders in SSL_CERT_DIR; the clients here accept one.
    parts = value.split(os.pathsep) if name == "SSL_CERT_DIR" else [value]
    path = next((Path(part) for part in parts if Path(part).is_dir()), Path(parts[0]))
    try:
        good = any(path.iterdir()) if path.is_dir() else _has_roots(path)
    except OSError as error:
        raise Failure(f"{name} names {value}, which cannot be read ({error.strerror}): correct or unset it.") from None
    if not good:
        raise Failure(f"{name} names {value}, which has no certificate in it: name a PEM file, or unset it.")
    return str(path)
