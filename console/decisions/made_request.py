"""A request that no device sent, for `explain`, `coverage` and forecasts, and the facts assumed of its customer."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from datetime import datetime
from math import isfinite
from typing import Final

from retention.request import SANDBOX, RetentionRequest
from retention.rules import UNREADABLE, Customer, Fact

from console.terminal.failure import Failure

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


def read_facts(given: Sequence[str], *, unreadable: bool) -> Customer | None:
    """Read KEY=VALUE: JSON numbers, truth values and lists of texts are what they look like, all else is text."""
    if unreadable:
        return UNREADABLE
    facts: dict[str, Fact] = {}
    for item in given:
        key, equals, value = item.partition("=")
        if not key or not equals:
            raise Failure(f"`{item}` is no fact: write KEY=VALUE, such as tenureDays=200.")
        facts[key.removeprefix("customer.")] = _fact(value)
    return facts or None


def _fact(text: str) -> Fact:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    if isinstance(value, list):
        return tuple(map(str, value))
    if isinstance(value, float) and not isfinite(value):  # neither JSON nor a number of DynamoDB's
        return text
    return value if isinstance(value, bool | int | float) else str(value if isinstance(value, str) else text)
