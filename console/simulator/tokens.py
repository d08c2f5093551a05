"""Check the bearer token of a call to Apple: ES256, with a key of the team, for one of its apps, an hour at most."""

from __future__ import annotations

from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from console.simulator.accounts import Accounts, RegisteredKey, SimulatedApp

AUDIENCE: Final = "appstoreconnect-v1"
MAX_SECONDS: Final = 60 * 60

# A client whose clock is a little ahead of ours is not refused for it.
_SKEW_SECONDS: Final = 60


class UnauthorizedError(Exception):
    """The token is refused with 401; Apple documents no body. The message goes into the simulator's log only."""


def authorize(header: str | None, accounts: Accounts, now: float) -> SimulatedApp:
    """Return the app that an `Authorization` header authorizes at `now` (UNIX seconds). Raises UnauthorizedError."""
    scheme, _, token = (header or "").partition(" ")
    if scheme.lower() != "bearer":
        raise UnauthorizedError("no bearer token")
    key = _key(token, accounts)
    claims = read_signed(token, key, AUDIENCE)
    if claims.get("iss") != key.issuer_id:
        raise UnauthorizedError("`iss` is not the issuer of the key")
    _check_lifetime(claims, now)
    app = accounts.app(str(claims.get("bid")))
    if app is None or app.issuer_id != key.issuer_id:
        raise UnauthorizedError("`bid` is not an app of the team")
    return app


def read_signed(token: str, key: RegisteredKey, audience: str) -> dict[str, Any]:
    """Return the claims of an ES256 JWT by `key` for `audience`, without checking its times.

    Raises UnauthorizedError.
    """
    public = load_pem_public_key(key.public_pem)
    if not isinstance(public, ec.EllipticCurvePublicKey):
        raise UnauthorizedError("the key is not an EC key")
    options: Any = {"verify_exp": False, "verify_iat": False, "verify_nbf": False}
    try:
        claims: dict[str, Any] = jwt.decode(token, public, algorithms=["ES256"], audience=audience, options=options)
    except jwt.PyJWTError as error:
        raise UnauthorizedError(str(error)) from None
    return claims


def _key(token: str, accounts: Accounts) -> RegisteredKey:
    try:
        header = jwt.get_unverified_header(token)
    except jwt.PyJWTError as error:
        raise UnauthorizedError(str(error)) from None
    if header.get("alg") != "ES256" or header.get("typ") != "JWT":
        raise UnauthorizedError("the header must have `alg` ES256 and `typ` JWT")
    key = accounts.key(str(header.get("kid")))
    if key is None:
        raise UnauthorizedError("`kid` is not a key of the simulator")
    return key


def _check_lifetime(claims: dict[str, Any], now: float) -> None:
    ends, begins = claims.get("exp"), claims.get("iat", now)
    if not isinstance(ends, int | float) or not isinstance(begins, int | float):
        raise UnauthorizedError("`exp` is missing, or a time is not a number")
    if ends <= now or begins > now + _SKEW_SECONDS:
        raise UnauthorizedError("the token is not valid now")
    if ends - min(begins, now) > MAX_SECONDS:
        raise UnauthorizedError("the token is valid for more than 60 minutes")
