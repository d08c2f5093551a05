"""Apple's request: the body it comes in (step 1), its seven claims (step 6), and whether they are for us (step 7)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from retention.errors import BodyTooLargeError, ClaimError, ForbiddenError, MalformedBodyError
from retention.strict_json import StrictJSONError, read_object

if TYPE_CHECKING:
    from typing import TypeGuard

# A genuine request is about 5 KB, nearly all of it certificates.
MAX_BODY_BYTES: Final = 64 * 1024

# Apple states no window. Five minutes and one minute are what other implementers use. Apple waits 700 ms for an answer.
MAX_AGE: Final = timedelta(minutes=5)
MAX_AHEAD: Final = timedelta(minutes=1)

PRODUCTION: Final = "Production"
SANDBOX: Final = "Sandbox"
ENVIRONMENTS: Final = (PRODUCTION, SANDBOX)


@dataclass(frozen=True, slots=True)
class RetentionRequest:
    """DecodedRealtimeRequestBody: one customer looking at one subscription, as the App Store describes them.

    `signed_date` is in UNIX milliseconds. The transaction id names a person and stays out of every `repr`.
    """

    original_transaction_id: str = field(repr=False)
    app_apple_id: int
    product_id: str
    user_locale: str
    request_identifier: str
    environment: str
    signed_date: int

    @classmethod
    def from_claims(cls, claims: Mapping[str, object]) -> RetentionRequest:
        """Read the claims of a payload that Apple signed: seven fields, all required; others are ignored (step 6).

        Raises ClaimError, with the field's name as evidence, for the first that is missing or of another type.
        """
        return cls(
            original_transaction_id=_identifier(claims, "originalTransactionId"),
            app_apple_id=_int64(claims, "appAppleId"),
            product_id=_text(claims, "productId"),
            user_locale=_text(claims, "userLocale"),
            request_identifier=_uuid(claims, "requestIdentifier").lower(),
            environment=_text(claims, "environment"),
            signed_date=_int64(claims, "signedDate"),
        )


def is_uuid(value: object) -> TypeGuard[str]:
    """Return whether this is a UUID as Apple writes them: hex digits of either case in five groups, no braces."""
    if not isinstance(value, str) or len(value) != _UUID_LENGTH or not value.isascii():
        return False
    # Hyphens at 8, 13, 18 and 23, and hex digits elsewhere. A pattern would have to be compiled at every start.
    return value[8:24:5] == _HYPHENS and value.encode().translate(None, _HEX_DIGITS) == _HYPHENS.encode()


_UUID_LENGTH: Final = 36
_HYPHENS: Final = "----"
_HEX_DIGITS: Final = b"0123456789abcdefABCDEF"


def _text(claims: Mapping[str, object], name: str) -> str:
    value = _claim(claims, name)
    if not isinstance(value, str):
        raise _of_another_type(name)
    return value


def _identifier(claims: Mapping[str, object], name: str) -> str:
    text = _text(claims, name)
    if not text:
        raise _of_another_type(name)
    return text


def _uuid(claims: Mapping[str, object], name: str) -> str:
    value = _claim(claims, name)
    if not is_uuid(value):
        raise _of_another_type(name)
    return value


def _int64(claims: Mapping[str, object], name: str) -> int:
    """Neither `true`, which Python counts as 1, nor `1.0`, which Apple never sends."""
    value = _claim(claims, name)
    if type(value) is not int or value not in _INT64:
        raise _of_another_type(name)
    return value


_INT64 = range(-(2**63), 2**63)


def _claim(claims: Mapping[str, object], name: str) -> object:
    if name not in claims:
        raise ClaimError("claim_missing", "a documented field is missing", field=name)
    return claims[name]


def _of_another_type(name: str) -> ClaimError:
    return ClaimError("claim_type", "a documented field is not of its documented type", field=name)


def read_signed_payload(body: bytes) -> str:
    """Step 1: return the JWS in an HTTP body, or raise BodyTooLargeError or MalformedBodyError.

    Content-Type is ignored: Apple does not state one.
    """
    if len(body) > MAX_BODY_BYTES:
        raise BodyTooLargeError(
            "body_too_large", f"The body has more than {MAX_BODY_BYTES} bytes.", limit=MAX_BODY_BYTES
        )
    try:
        document = read_object(body)
    except StrictJSONError as error:
        raise MalformedBodyError("body_not_json", f"The body is refused: {error}.") from None
    signed_payload = document.get("signedPayload")
    if not isinstance(signed_payload, str):
        raise MalformedBodyError("signed_payload_missing", "The body has no string `signedPayload`.")
    return signed_payload


def admit(request: RetentionRequest, *, app_apple_ids: Collection[int], environment: str, now: datetime) -> None:
    """Step 7: raise ForbiddenError unless a verified request is for our app, this environment and this moment.

    Apple: "Always check that appAppleId matches your app. If it doesn't, don't respond." Its library does so in
    Production only; we do so everywhere. `now` is the server's clock, aware.
    """
    if request.app_apple_id not in app_apple_ids:
        raise ForbiddenError("wrong_app", "Signed for an app that is not ours.")
    if request.environment not in ENVIRONMENTS or request.environment != environment:
        raise ForbiddenError("wrong_environment", f"Not signed for {environment}.", expected=environment)
    # Milliseconds as integers: a date of 30 digits has no datetime.
    age = round((now - _EPOCH) / _MILLISECOND) - request.signed_date
    if age > MAX_AGE / _MILLISECOND:
        raise ForbiddenError("too_old", f"Signed more than {MAX_AGE} ago.")
    if age < -MAX_AHEAD / _MILLISECOND:
        raise ForbiddenError("too_new", f"Signed more than {MAX_AHEAD} ahead of this clock.")


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
