"""A request that no device sent, for `explain`, `coverage` and forecasts, and the facts assumed of its customer."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from math import floor, isfinite
from typing import Final

from retention.request import SANDBOX, RetentionRequest
from retention.rules import SUBSCRIPTION_PREFIX, UNREADABLE, Customer, Fact, Redemption, Reported, Subscription
from retention.subscription import FACT_KINDS

from console.file.entries import Document
from console.file.mistakes import suggestion
from console.terminal.failure import Failure

_DAY_MS: Final = 86_400_000
_MOST_DAYS: Final = 10_000  # before there was an App Store
_TYPES: Final[Mapping[str, tuple[type, ...]]] = {"number": (int, float), "text": (str,), "truth": (bool,)}
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
        if key.startswith(SUBSCRIPTION_PREFIX):
            raise Failure(f"`{key}` is a fact from Apple: give it with --subscription.")
        facts[key.removeprefix("customer.")] = _fact(value)
    return facts or None


def read_subscription(
    given: Sequence[str], redeemed: Sequence[str], at: datetime, *, unreadable: bool
) -> Subscription | None:
    """Read what Apple has reported: facts as KEY=VALUE, and offers redeemed before `at` as OFFER=DAYS.

    None where nothing is given. Raises Failure for a fact that there is not, or of another type.
    """
    if unreadable:
        return UNREADABLE
    if not given and not redeemed:
        return None
    facts = dict(_reported(item) for item in given)
    return Reported(facts, tuple(sorted((_redemption(item, at) for item in redeemed), key=lambda one: one[1])))


def unknown_redemptions(reported: Reported, document: Document) -> tuple[str, ...]:
    """Return a note for each redeemed identifier that no offer of the file has, such as an offer's name in the file."""
    known = {offer.offer_identifier for offer in document.offers.values()}
    redeemed = {identifier for identifier, _ in reported.redemptions or () if identifier is not None}
    return tuple(_unknown(identifier, document) for identifier in sorted(redeemed - known))


def _unknown(identifier: str, document: Document) -> str:
    named = document.offers.get(identifier)
    hint = "" if named is None else f" The offer of that name has the identifier `{named.offer_identifier}`."
    return f"No offer of the file has the identifier `{identifier}`: only limits with `of: any` count it.{hint}"


def _reported(item: str) -> tuple[str, Fact]:
    key, equals, written = item.partition("=")
    name = key.removeprefix(SUBSCRIPTION_PREFIX)
    if not equals:
        raise Failure(f"`{item}` is no fact: write KEY=VALUE, such as renewals=3.")
    kind = FACT_KINDS.get(name)
    if kind is None:
        raise Failure(f"Apple reports no fact `{name}`. {suggestion(name, FACT_KINDS)}")
    if kind == "text":
        return name, written
    value = _fact(written)
    if kind == "list":
        return name, value if isinstance(value, tuple) else (written,)
    if not isinstance(value, _TYPES[kind]) or (kind == "number" and isinstance(value, bool)):
        raise Failure(f"`{name}` is a {'number' if kind == 'number' else 'truth value'}, not `{written}`.")
    return name, value


def _redemption(item: str, at: datetime) -> Redemption:
    offer, _, days = item.rpartition("=")
    try:
        ago = float(days)
    except ValueError:
        ago = -1.0
    if not offer or not 0 <= ago < _MOST_DAYS:
        raise Failure(f"`{item}` is no redemption: write OFFER=DAYS, such as retention_half_3m=30 for 30 days ago.")
    return offer, floor(at.timestamp() * 1000 - ago * _DAY_MS)


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
