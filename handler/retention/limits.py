"""Apple's limits on an app: what it may upload, and how many calls it may make (RM/ and AS/identifying-rate-limits).

Every side that counts uses these: the owner's file, the console's client and the simulator. No request imports them.
"""

from __future__ import annotations

from typing import Final

from retention.request import SANDBOX

# Of each app (apple-api.md, section 5).
MAX_MESSAGES: Final = 2000
MAX_IMAGES: Final = 2000

# RealtimeURL, in characters (apple-api.md, section 1).
MAX_URL: Final = 256

# UploadMessageRequestBody: characters, counted by `utf16_length`, and bullet points.
MAX_HEADER: Final = 66
MAX_BODY: Final = 144
MAX_ALT_TEXT: Final = 150
MAX_BULLET_TEXT: Final = 66
MAX_BULLETS: Final = 5

# SubscriptionModifyInAppRequest: the longest texts, in characters (apple-api.md, section 3).
MAX_SKU: Final = 128
MAX_DISPLAY_NAME: Final = 30
MAX_DESCRIPTION: Final = 45

SECONDS_PER_HOUR: Final = 3600
# Calls in a second, which Apple counts by the hour. The sandbox has a tenth of them.
_CALLS_PER_SECOND: Final = {
    "Configure Default Message": 10,
    "Get Notification History": 50,
    "Get All Subscription Statuses": 50,
    "Get Transaction History": 50,
}
_SANDBOX_SHARE: Final = 0.1


def calls_per_hour(operation: str, environment: str) -> int:
    """Return how many calls of `operation`, by Apple's name for it, an app may make in one hour."""
    hourly = _CALLS_PER_SECOND.get(operation, 1) * SECONDS_PER_HOUR
    return round(hourly * _SANDBOX_SHARE) if environment == SANDBOX else hourly


def utf16_length(text: str) -> int:
    """Return the length of `text` in UTF-16 units, the strictest of Apple's counts.

    Its libraries count graphemes (Swift), code points (Python) or UTF-16 units (Java). A grapheme is one or more code
    points and a code point is one or two units, so the units are never fewer than either of the others.
    """
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
