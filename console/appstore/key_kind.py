"""Which kind of key an owner has: App Store Connect gives out two, both .p8 files with a key id and an issuer id.

Apple's 401 has no body, so a key of the wrong kind looks like one with the wrong issuer. But the App Store Connect API
takes the one and not the other.
"""

from __future__ import annotations

import re
import time
from http import HTTPStatus
from pathlib import Path
from typing import Final

from retention.request import is_uuid

from console.appstore.api_key import ApiKey
from console.terminal import trust
from console.terminal.failure import Failure

APP_STORE_CONNECT: Final = "https://api.appstoreconnect.apple.com"

_TIMEOUT: Final = (5.0, 10.0)
_LIFETIME: Final = 300
_FILE_NAME: Final = re.compile(r"(AuthKey|SubscriptionKey)_([A-Za-z0-9]+)\.p8")


def is_connect_key(key: ApiKey, url: str = APP_STORE_CONNECT) -> bool | None:
    """Return whether the App Store Connect API takes the key, hence Apple's messaging API does not; None if unknown."""
    import jwt  # noqa: PLC0415  # with requests, half a second that only a refused key costs
    import requests  # noqa: PLC0415  # likewise

    now = int(time.time())
    claims = {"iss": key.issuer_id, "iat": now, "exp": now + _LIFETIME, "aud": "appstoreconnect-v1"}
    token = jwt.encode(claims, key.pem, algorithm="ES256", headers={"kid": key.key_id, "typ": "JWT"})
    try:
        answer = requests.get(
            f"{url}/v1/apps",
            params={"limit": 1},
            headers={"Authorization": f"Bearer {token}"},
            timeout=_TIMEOUT,
            allow_redirects=False,
            auth=lambda request: request,  # else what ~/.netrc has for the host would take the token's place
            verify=trust.bundle() or True,
        )
    except (requests.RequestException, Failure):
        return None
    known = {HTTPStatus.OK: True, HTTPStatus.FORBIDDEN: True, HTTPStatus.UNAUTHORIZED: False}
    return known.get(HTTPStatus(answer.status_code)) if answer.status_code in set(HTTPStatus) else None


def suspicions(key: ApiKey, file: Path | str | None) -> list[str]:
    """Return what of a key is wrong by its looks: its file's name, its issuer."""
    found = []
    named = None if file is None else _FILE_NAME.fullmatch(Path(file).name)  # what is the key itself has no such name
    if named is not None and named[2] != key.key_id:
        found.append(f"{file} is of the key {named[2]}, and the file has `keyId: {key.key_id}`.")
    if named is not None and named[1] == "AuthKey":
        found.append(f"{file} is named like a key of the App Store Connect API; an In-App Purchase key is needed.")
    if not is_uuid(key.issuer_id):
        found.append(f"`issuerId: {key.issuer_id}` is no UUID.")
    return found
