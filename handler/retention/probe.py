"""Calls the stack's own URL from outside, as Apple does: one POST of `{}`, which the function answers with 400.

Only Apple calls the URL, so a broken domain, stage, integration, permission or alias would otherwise be noticed only
after hours without a request. The probe does not use the path secret: a stack with one has a second route, under IAM,
to the same integration. So no variable holds the secret, and API Gateway still refuses everyone else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

import urllib3

from retention.appstore.transport import public_roots
from retention.aws.credentials import CredentialSource
from retention.aws.deadline import Deadline, Workers
from retention.aws.sigv4 import Credentials, Scope, signed_headers

# API Gateway gives an integration five seconds, so that after eight no answer comes.
SECONDS: Final = 8.0

_BODY: Final = b"{}"
_EXPECTED: Final = HTTPStatus.BAD_REQUEST


@dataclass(frozen=True, slots=True)
class Probed:
    """The result of one probe. `status` is the HTTP status, 0 where there was none; `error` then names the failure."""

    status: int
    error: str = ""

    @property
    def good(self) -> bool:
        """Return whether the function answered, with its status for a body that holds no request."""
        return self.status == _EXPECTED


def probe(
    url: str,
    region: str,
    *,
    seconds: float = SECONDS,
    credentials: Callable[[], Credentials] | None = None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Probed:
    """POST `{}` to `url` once, signed for API Gateway in `region`. Never raises; waits `seconds` at the most.

    No redirect is followed, and no proxy of the environment is asked.
    """
    pool = urllib3.PoolManager(
        num_pools=1, timeout=seconds, ssl_context=public_roots() if url.startswith("https:") else None
    )
    workers = Workers(lambda _: pool.clear())
    try:
        lent = (credentials or CredentialSource().get)()
        headers = _headers(url, region, lent, clock())
        return workers.run(lambda: Probed(_status(pool, url, headers)), Deadline.after(seconds))
    except Exception as error:  # noqa: BLE001  # a probe that cannot be sent has failed; the sync goes on
        return Probed(0, type(error).__name__)
    finally:
        pool.clear()


def _headers(url: str, region: str, credentials: Credentials, now: datetime) -> dict[str, str]:
    parts = urlsplit(url)
    given = {"host": parts.netloc, "content-type": "application/json"}
    signed = signed_headers(given, parts.path or "/", _BODY, Scope(region, "execute-api"), credentials, now)
    return {**signed, "user-agent": "retention-probe"}


def _status(pool: urllib3.PoolManager, url: str, headers: dict[str, str]) -> int:
    response = pool.request(
        "POST", url, body=_BODY, headers=headers, redirect=False, retries=False, preload_content=False
    )
    response.close()
    return response.status
