"""Apple's request: the body it comes in, the seven claims it makes, and whether they are for us (steps 1 and 7)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import cast

from retention.errors import BodyTooLargeError, ForbiddenError, MalformedBodyError
from retention.strict_json import StrictJSONError, read_object

# A genuine request is about 5 KB, nearly all of it certificates.
MAX_BODY_BYTES = 64 * 1024

# Apple states no window. Five minutes and one minute are what other implementers use; 700 ms is what Apple waits.
MAX_AGE = timedelta(minutes=5)
MAX_AHEAD = timedelta(minutes=1)

ENVIRONMENTS = ("Production", "Sandbox")


@dataclass(frozen=True, slots=True)
class RetentionRequest:
    """DecodedRealtimeRequestBody: what the App Store says of one customer looking at one subscription.

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
        """Name the claims of a verified payload, whose presence and types `jws` has checked (step 6)."""
        return cls(
            original_transaction_id=cast("str", claims["originalTransactionId"]),
            app_apple_id=cast("int", claims["appAppleId"]),
            product_id=cast("str", claims["productId"]),
            user_locale=cast("str", claims["userLocale"]),
            request_identifier=cast("str", claims["requestIdentifier"]).lower(),
            environment=cast("str", claims["environment"]),
            signed_date=cast("int", claims["signedDate"]),
        )


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
