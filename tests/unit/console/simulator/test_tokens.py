"""The bearer token of a call to Apple: by which key, for which app, and for how long."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from console.simulator.accounts import Accounts, RegisteredKey, SimulatedApp
from console.simulator.tokens import UnauthorizedError, authorize, read_signed
from tests.support.simulated_app import APP, KEY, KEY_ID, NOW, make_simulator

CLAIMS: dict[str, Any] = {"iss": APP.issuer_id, "aud": "appstoreconnect-v1", "bid": APP.bundle_id, "exp": NOW + 300}
ELSEWHERE = SimulatedApp(1, "com.example.elsewhere", "another team")


@pytest.fixture
def accounts() -> Iterator[Accounts]:
    with make_simulator() as simulator:
        simulator.accounts.save_app(ELSEWHERE)
        yield simulator.accounts


def bearer(key: Any = KEY, algorithm: str = "ES256", header: dict[str, Any] | None = None, **claims: Any) -> str:
    """Return an Authorization header with changed claims and JWT header; None removes a claim."""
    given = {name: value for name, value in {**CLAIMS, **claims}.items() if value is not None}
    return "Bearer " + jwt.encode(given, key, algorithm=algorithm, headers={"kid": KEY_ID, **(header or {})})


@pytest.mark.parametrize(
    "header",
    [bearer(), bearer().replace("Bearer", "bearer"), bearer(exp=NOW + 3600), bearer(iat=NOW + 60, exp=NOW + 3600)],
    ids=["five minutes", "scheme in lower case", "an hour", "a clock that is ahead by a minute"],
)
def test_a_token_of_the_team_authorizes_its_app(accounts: Accounts, header: str) -> None:
    """A token by a key of the team, for one of its apps and an hour at most, is authorized as that app."""
    assert authorize(header, accounts, NOW) == APP


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        pytest.param(None, "no bearer token", id="no header"),
        pytest.param("Basic aGVsbG8=", "no bearer token", id="another scheme"),
        pytest.param("Bearer hello", "Not enough segments", id="no JWT"),
        pytest.param(bearer("secret" * 8, "HS256"), "`alg` ES256", id="another algorithm"),
        pytest.param(bearer(header={"typ": "JOSE"}), "`typ` JWT", id="another type"),
        pytest.param(bearer(header={"kid": "ABCDEFGHIJ"}), "`kid` is not a key", id="an unknown key"),
        pytest.param(bearer(ec.generate_private_key(ec.SECP256R1())), "Signature verification", id="another key"),
        pytest.param(bearer(aud="appstoreconnect"), "[Aa]udience", id="another audience"),
        pytest.param(bearer(iss="another team"), "`iss` is not the issuer", id="another issuer"),
        pytest.param(bearer(bid="com.example.no"), "`bid` is not an app", id="an unknown app"),
        pytest.param(bearer(bid=ELSEWHERE.bundle_id), "`bid` is not an app", id="another team's app"),
        pytest.param(bearer(exp=None), "`exp` is missing", id="no end"),
        pytest.param(bearer(exp=NOW), "not valid now", id="ended"),
        pytest.param(bearer(iat=NOW + 61), "not valid now", id="issued in the future"),
        pytest.param(bearer(exp=NOW + 3601), "more than 60 minutes", id="longer than an hour"),
        pytest.param(bearer(iat=NOW - 3400), "more than 60 minutes", id="longer than an hour since it was issued"),
    ],
)
def test_a_wrong_token_is_unauthorized(accounts: Accounts, header: str | None, reason: str) -> None:
    """Each rule of Apple's tokens is checked, and the error names the one that is broken."""
    with pytest.raises(UnauthorizedError, match=reason):
        authorize(header, accounts, NOW)


def test_a_key_that_is_not_ec_verifies_nothing() -> None:
    """An RSA key that is registered under a key id is refused."""
    pem = (
        rsa.generate_private_key(65537, 2048).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    with pytest.raises(UnauthorizedError, match="not an EC key"):
        read_signed(bearer().removeprefix("Bearer "), RegisteredKey(KEY_ID, APP.issuer_id, pem), CLAIMS["aud"])
