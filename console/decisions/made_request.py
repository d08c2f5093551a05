"""A request that no device sent: what `explain`, `coverage` and a forecast ask the rules about."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Final

from retention.request import SANDBOX, RetentionRequest

_IDENTIFIER: Final = str(uuid.UUID(int=0))


def made_request(
    product: str, locale: str, *, transaction: str, app_apple_id: int, at: datetime, environment: str = SANDBOX
) -> RetentionRequest:
    """Return a request as of `at`, an aware instant; `environment` is the App Store's, Sandbox or Production."""
    return RetentionRequest(
        original_transaction_id=transaction,
        app_apple_id=app_apple_id,
        product_id=product,
        user_locale=locale,
        request_identifier=_IDENTIFIER,
        environment=environment,
        signed_date=int(at.timestamp() * 1000),
    )
