"""The key for Apple's API: from a file, an environment variable or an SSM parameter, and never shown."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from retention.errors import SigningError
from retention.signing.key_forms import as_pem
from retention.signing.signer import Signer

from console.appstore.not_a_key import kind_of
from console.terminal.failure import Failure
from console.terminal.ordinary_file import NotOrdinaryError, read_ordinary

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
    file: Path | str | None = None,
    environ: Mapping[str, str] = os.environ,
    ssm: Callable[[], Any] | None = None,
    prefix: str | None = None,
) -> ApiKey:
    """Return the key from the first of these that is given; raise Failure where it is none, or there is none.

    `file`; RETENTION_API_KEY in `environ`; the SSM parameter `<prefix>/<key_id>`, read with the client that `ssm()`
    returns. The first two are a path to the .p8 or what it holds, and all are read in any form of `key_forms`.
    """
    if file is not None:
        return _checked(key_id, issuer_id, *_held(str(file), "given with --key", "--key"))
    held = environ.get(VARIABLE, "").strip()
    if held:
        return _checked(key_id, issuer_id, *_held(held, f"that {VARIABLE} names", VARIABLE))
    if ssm is not None and prefix is not None:
        name = f"{prefix.rstrip('/')}/{key_id}"
        return _checked(key_id, issuer_id, _parameter(ssm(), name), f"the parameter {name}")
    raise Failure(f"There is no API key: name its .p8 file, set {VARIABLE} to it, or put it into SSM.")


def read_key_file(path: Path) -> bytes:
    """Return the PEM of a key's file. Raises Failure where it cannot be read."""
    content = _read(path, str(path))
    return as_pem(content) or content


def _checked(key_id: str, issuer_id: str, held: bytes, where: str) -> ApiKey:
    pem = as_pem(held) or held
    try:
        Signer.from_pem(pem, key_id)
    except SigningError as error:
        if error.code == "key_not_p256":
            reason = "is not a P-256 key"
        else:
            kind = kind_of(held)
            reason = (
                f"is {kind}, not an unencrypted PEM private key" if kind else "is not an unencrypted PEM private key"
            )
        raise Failure(f"The API key in {where} {reason}; App Store Connect's .p8 files are.") from None
    return ApiKey(key_id, issuer_id, pem)


def _held(given: str, named: str, source: str) -> tuple[bytes, str]:
    """Return what holds the key, and its name: `given` itself, or the file whose path it is.

    Nothing of a key is repeated: who gives half of one in the place of a path must not read it in a log.
    """
    content = given.encode("utf-8", "surrogateescape")
    if as_pem(content) is not None or "-----BEGIN" in given:
        return content, source
    path = _path(given)
    if path is None or (_KEY_LIKE.search(given) and not _is_somewhere(path)):
        raise Failure(
            f"What {source} holds is neither a key nor the name of a file: give it what is in the .p8, its base64, or a"
            " path to it."
        )
    # A path that looks like a key is not repeated either.
    shown = named if _KEY_LIKE.search(given) or source == VARIABLE else given
    return _read(path, shown), source if source == VARIABLE or shown == named else given


# Base64 of a P-256 key has more than twice as many characters, but half of one is a secret too.
_KEY_LIKE: Final = re.compile("[A-Za-z0-9+/=_-]{40}")
_MAX_KEY_BYTES: Final = 64 * 2**10


def _path(given: str) -> Path | None:
    """Return the path that a text may be, or None: neither a line's end nor a NUL stands in one."""
    if re.search("[\0\r\n]", given):
        return None
    try:
        return Path(given).expanduser()
    except RuntimeError:  # a `~name` that this machine does not know
        return Path(given)


def _is_somewhere(path: Path) -> bool:
    """Return whether a path leads to a file, or into a folder that is there, as base64 with slashes in it does not."""
    try:
        return path.exists() or (len(path.parts) > 1 and path.parent.is_dir())
    except OSError:
        return False


def _read(path: Path, named: str) -> bytes:
    try:
        return read_ordinary(path, _MAX_KEY_BYTES, pipes=True)
    except NotOrdinaryError as error:
        raise Failure(f"The API key {named} cannot be read: it {error.strerror}.") from None
    except OSError as error:
        raise Failure(f"The API key {named} cannot be read: {error.strerror}.") from None


def _parameter(client: Any, name: str) -> bytes:  # noqa: ANN401  # boto3 makes clients at run time
    try:
        value = client.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"]
    except client.exceptions.ParameterNotFound:
        raise Failure(f"There is no parameter {name} in SSM: put the .p8 there as a SecureString.") from None
    return str(value).encode()
