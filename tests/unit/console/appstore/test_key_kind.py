"""Which of App Store Connect's two kinds of key an owner has: by its looks, and by who accepts it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt
import pytest
import requests

from console.appstore.api_key import ApiKey
from console.appstore.key_kind import is_connect_key, suspicions
from tests.support.simulated_app import APP, KEY, KEY_ID, PEM

GIVEN = ApiKey(KEY_ID, APP.issuer_id, PEM)


@dataclass
class Answer:
    status_code: int


@pytest.mark.parametrize(
    ("status", "kind"), [(200, True), (403, True), (401, False), (404, None), (500, None), (799, None)]
)
def test_the_app_store_connect_api_accepts_its_own_keys(
    monkeypatch: pytest.MonkeyPatch, status: int, *, kind: bool | None
) -> None:
    """A key that it accepts is of the wrong kind for Apple's messaging API; any other status shows nothing."""
    asked: list[dict[str, Any]] = []

    def get(url: str, **options: Any) -> Answer:
        asked.append({"url": url, **options})
        return Answer(status)

    monkeypatch.setattr(requests, "get", get)
    assert is_connect_key(GIVEN, "https://connect.example.com") is kind
    [call] = asked
    assert (call["url"], call["allow_redirects"]) == ("https://connect.example.com/v1/apps", False)
    token = call["headers"]["Authorization"].removeprefix("Bearer ")
    claims = jwt.decode(token, KEY.public_key(), algorithms=["ES256"], audience="appstoreconnect-v1")
    assert (claims["iss"], claims["exp"] - claims["iat"]) == (APP.issuer_id, 300)


def test_without_an_answer_the_kind_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    """A network that fails, or roots that cannot be read, do not end the command."""

    def fail(*_: object, **__: object) -> None:
        raise requests.ConnectionError

    monkeypatch.setattr(requests, "get", fail)
    assert is_connect_key(GIVEN) is None
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nonexistent")
    assert is_connect_key(GIVEN) is None


@pytest.mark.parametrize(
    ("key", "file", "expected"),
    [
        (GIVEN, Path(f"SubscriptionKey_{KEY_ID}.p8"), []),
        (GIVEN, "my.p8", []),
        (GIVEN, None, []),
        (GIVEN, f"AuthKey_{KEY_ID}.p8", ["is named like a key of the App Store Connect API"]),
        (
            GIVEN,
            "keys/SubscriptionKey_ABCDEFGHIJ.p8",
            ["is of the key ABCDEFGHIJ, and the file has `keyId: "],
        ),
        (
            ApiKey(KEY_ID, "me", PEM),
            "AuthKey_ABCDEFGHIJ.p8",
            ["is of the key ABCDEFGHIJ", "an In-App Purchase key is needed", "`issuerId: me` is no UUID."],
        ),
    ],
)
def test_a_wrong_key_is_suspected_by_its_looks(key: ApiKey, file: Path | str | None, expected: list[str]) -> None:
    """The file's name has the kind and the id that App Store Connect gave it; an issuer id is a UUID."""
    found = suspicions(key, file)
    assert len(found) == len(expected)
    assert all(part in sentence for part, sentence in zip(expected, found, strict=True))
