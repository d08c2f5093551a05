"""Who signed a notification or one of the tokens in it, and is it for this deployment? Steps 2 to 7 for notifications.

The signature is judged as for requests. What differs is time: a notification may come days late, and may be listed
months later. It is judged by our clock. Only where a certificate has ended by then, it is judged again, as of the date
in the payload, but of no earlier instant than a late delivery comes from. So for that long after a certificate's end,
what it signed before its end is still taken; and what the owner of the expired key would date back, too.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from retention.errors import ForbiddenError, NoReleaseError, NotUnderstoodError, VerificationError
from retention.jws import Authenticated, SignedPayloadVerifier
from retention.request import ENVIRONMENTS
from retention.strict_json import StrictJSONError, read_object

# A genuine notification has about 18 700 characters; Advanced Commerce may add some. SQS takes four times as many.
MAX_CHARACTERS: Final = 256 * 1024

# Apple's last attempt comes six and a half days after the first, and its history reaches back 180 days.
LATE_DELIVERY: Final = timedelta(days=7)
LATE_LISTING: Final = timedelta(days=200)

# What clocks may differ by. Without this limit, one date in the far future would stay the newest.
MAX_AHEAD: Final = timedelta(minutes=5)

_MILLISECOND: Final = timedelta(milliseconds=1)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class NotificationJudge:
    """Judges what Apple signed, at `now` (aware), for one deployment.

    `apps`: each app of the deployment by its appAppleId, with the bundle id that its live release names, None before
    its first release. `max_late`: LATE_DELIVERY for what was posted to the public URL, LATE_LISTING for what Apple's
    API answered.
    """

    verifier: SignedPayloadVerifier
    apps: Mapping[int, str | None]
    environment: str
    now: datetime
    max_late: timedelta = LATE_DELIVERY

    def authenticate(self, token: str) -> Authenticated:
        """Return the payload of a token and who signed it (steps 2 to 6).

        Raises VerificationError if Apple did not sign it, NotUnderstoodError if Apple did and the payload is no object.
        """
        try:
            return self._authenticate(token, self.now)
        except VerificationError as error:
            signed_at = _date_of(token) if error.code == "certificate_expired" else None
            if signed_at is None or signed_at > self.now:
                raise
        return self._authenticate(token, max(signed_at, self.now - self.max_late))

    def _authenticate(self, token: str, at: datetime) -> Authenticated:
        try:
            return self.verifier.authenticate(token, at, limit=MAX_CHARACTERS)
        except VerificationError as error:
            if error.code == "payload_not_json":  # the last step: the signature is good
                raise NotUnderstoodError(error.code, str(error)) from None
            raise

    def admit_date(self, signed_date: int | None) -> None:
        """Raise ForbiddenError if a date (UNIX ms) lies ahead of our clock. However old, it is admitted."""
        if signed_date is not None and signed_date > (self.now - _EPOCH + MAX_AHEAD) / _MILLISECOND:
            raise ForbiddenError("too_new", f"Signed more than {MAX_AHEAD} ahead of this clock.")

    def admit_environment(self, environment: str) -> None:
        """Raise ForbiddenError if this is not the deployment's environment; `Xcode` and `LocalTesting` never are."""
        if environment not in ENVIRONMENTS or environment != self.environment:
            raise ForbiddenError("wrong_environment", f"Not signed for {self.environment}.", expected=self.environment)

    def app_of(self, app_apple_id: int | None, bundle_id: str | None) -> int:
        """Return the appAppleId of the app that Apple named, by its id or, where there is none, by its bundle id.

        Raises ForbiddenError for an app that is not ours, NoReleaseError for a bundle id that may turn out to be ours,
        NotUnderstoodError if Apple named no app.
        """
        if app_apple_id is not None:
            if app_apple_id not in self.apps:
                raise ForbiddenError("wrong_app", "Signed for an app that is not ours.")
            return app_apple_id
        if bundle_id is None:
            raise NotUnderstoodError("app_missing", "neither `appAppleId` nor `bundleId` is there")
        for ours, named in self.apps.items():
            if named == bundle_id:
                return ours
        if None in self.apps.values():
            raise NoReleaseError(
                "no_release", "An app of this deployment has no live release that names its bundle id."
            )
        raise ForbiddenError("wrong_app", "Signed for an app that is not ours.")


def _date_of(token: str) -> datetime | None:
    """Return the `signedDate` in a payload whose signature is not checked yet; None where there is none to read."""
    payload = token.split(".")[1]
    try:
        claimed = read_object(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))).get("signedDate")
        return _EPOCH + claimed * _MILLISECOND if type(claimed) is int else None
    except (StrictJSONError, ValueError, OverflowError):
        return None
