"""The key for Apple's API: from a file, an environment variable or an SSM parameter, and never shown."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from retention.errors import SigningError
from retention.offers import Signer

from console.failure import Failure

VARIABLE: Final = "RETENTION_API_KEY"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """An In-App Purchase key: `pem` is the .p8 as App Store Connect gave it out."""

    key_id: str
    issuer_id: str
    pem: bytes = field(repr=False)


def read_api_key(
    key_id: str,
    issuer_id: str,
    *,
    file: Path | None = None,
    environ: Mapping[str, str] = os.environ,
    ssm: Callable[[], Any] | None = None,
    prefix: str | None = None,
) -> ApiKey:
    """Return the key from the first of these that is given; raise Failure where it is none, or there is none.

    `file`; RETENTION_API_KEY in `environ`, which holds the PEM text or a path to it; the SSM parameter
    `<prefix>/<key_id>`, read with the client that `ssm()` returns.
    """
    if file is not None:
        return _checked(key_id, issuer_id, _read(file, _named(file)), str(file))
    held = environ.get(VARIABLE, "").strip()
    if held:
        # Some CI systems keep a secret's line ends as \n.
        pem = held.replace("\\n", "\n").encode() if "BEGIN" in held else _read(Path(held), f"that {VARIABLE} names")
        return _checked(key_id, issuer_id, pem, VARIABLE)
    if ssm is not None and prefix is not None:
        name = f"{prefix.rstrip('/')}/{key_id}"
        return _checked(key_id, issuer_id, _parameter(ssm(), name), f"the parameter {name}")
    raise Failure(f"There is no API key: name its .p8 file, set {VARIABLE} to it, or put it into SSM.")


def _checked(key_id: str, issuer_id: str, pem: bytes, where: str) -> ApiKey:
    try:
        Signer.from_pem(pem, key_id)
    except SigningError as error:
        reason = "is not a P-256 key" if error.code == "key_not_p256" else "is not an unencrypted PEM private key"
        raise Failure(f"The API key in {where} {reason}; App Store Connect's .p8 files are.") from None
    return ApiKey(key_id, issuer_id, pem)


def _read(path: Path, named: str) -> bytes:
    try:
        return path.expanduser().read_bytes()
    except OSError as error:
        raise Failure(f"The API key {named} cannot be read: {error.strerror}.") from None


# Base64 of a P-256 key, with or without what PEM writes around it. A path may look like it too, and is then not named.
_KEY_LIKE: Final = re.compile(r"[A-Za-z0-9+/=_-]{60}")


def _named(path: Path) -> str:
    """Return the path as an error may name it: whoever gave the key itself in its place must not read it in a log."""
    given = str(path)
    return "given with --key" if "\n" in given or _KEY_LIKE.search(given) else given


def _parameter(client: Any, name: str) -> bytes:  # noqa: ANN401  # boto3 makes clients at run time
    try:
        value = client.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"]
    except client.exceptions.ParameterNotFound:
        raise Failure(f"There is no parameter {name} in SSM: put the .p8 there as a SecureString.") from None
    return str(value).encode()
