"""What facts about the customer cost a request: deciding by them, reading their rows, and a row at its largest."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

from retention import table as rows
from retention.aws import connection
from retention.aws.connection import Caller
from retention.aws.deadline import Deadline
from retention.catalog import APPROVED, Catalog, MessageState, Settings, Sheet
from retention.decision import decide
from retention.locales import LocaleTable
from retention.lookup.customer_facts import CustomerFacts
from retention.lookup.store import Store
from retention.rules import (
    CUSTOMER_PREFIX,
    NO_FACTS,
    SUBSCRIPTION_PREFIX,
    UNREADABLE,
    Customer,
    Reported,
    Subscription,
    Unreadable,
)
from retention.subscription import (
    MAX_SNAPSHOTS,
    MAX_TRANSACTIONS,
    PastTransaction,
    RenewalSnapshot,
    State,
    TransactionSnapshot,
    facts,
    offers_taken,
    to_document,
)

from benchmarks import catalogs
from benchmarks.in_process import Times, made_request
from benchmarks.scene import SMALL_APP, TABLE, Scene
from benchmarks.timing import in_turns

PERSON: Final = "99371282"

# Seconds that DynamoDB takes for a call, as a stack would see it: DynamoDB Local on the same machine takes a third of a
# millisecond, in which the work on the answer would pass for half of the look-up.
SERVICE_SECONDS: Final = 0.005

_PATIENCE: Final = 10.0
_MANY: Final = 20
_DAY: Final = 86_400_000
_BEGUN: Final = 1_700_000_000_000
_NOW: Final = datetime(2026, 11, 24, 12, tzinfo=UTC)

_PROFILE: Final[dict[str, Any]] = {
    "tenureDays": {"N": "412"},
    "storefront": {"S": "FRA"},
    "inTrial": {"BOOL": False},
    "segments": {"L": [{"S": "hikers"}]},
}
# What the rules ask, each of a fact that is there and does not fit.
_ASKED: Final = (("least", "tenureDays", 100_000), ("is", "storefront", ["ISL"]), ("is", "inTrial", [True]))


def full_state() -> State:
    """Return a state at its bounds: a customer of five years, with an offer now and then and a failed payment."""
    transactions = tuple(_transaction(number) for number in range(MAX_TRANSACTIONS))
    marks = tuple((_BEGUN + number * 7 * _DAY + number * 977, bool(number % 2)) for number in range(MAX_SNAPSHOTS))
    now = int(_NOW.timestamp() * 1000)
    product = catalogs.product_id(0)
    return State(
        RenewalSnapshot(
            *(now, 1, product, product, 1),
            renewal_date=now + 9 * _DAY,
            renewal_price=5990,
            recent_subscription_start_date=_BEGUN,
        ),
        TransactionSnapshot(now, product, _BEGUN, now + 9 * _DAY, "21474836", "FRA", "EUR", 5990),
        transactions,
        marks,
        marks,
        history_complete=True,
    )


def _transaction(number: int) -> PastTransaction:
    """Return one a month, with the digits of instants and digests that Apple's have."""
    digest = hashlib.sha256(str(number).encode()).hexdigest()[:16]
    purchased = _BEGUN + number * 30 * _DAY + int(digest[:5], 16)
    offered = number % 7 == 0
    return PastTransaction(
        *(purchased, digest, purchased - int(digest[5:9], 16), catalogs.product_id(0)),
        *("RENEWAL" if number % 9 else "PURCHASE", 2 if offered else None, "winter_half_3m" if offered else None),
        price=2990 if offered else 5990,
    )


def packed_bytes() -> int:
    """Return the bytes of a full state's document as its row has it."""
    return len(rows.binary(rows.document_attributes(to_document(full_state())), "document"))


def sheet(*prefixes: str) -> Sheet:
    """Return 20 rules, of which 19 ask three facts under each prefix and do not match; the last one answers."""
    asked = [[operator, prefix + fact, operand] for prefix in prefixes for operator, fact, operand in _ASKED]
    answer = {"kind": "message", "set": "keep"}
    rules = [
        {"name": f"r{number}", "when": ["any", *asked] if number < 19 else None, "from": None, "until": None}
        | {"answer": answer}
        for number in range(20)
    ]
    document = {"product": None, "rules": rules, "sets": {"keep": {catalogs.ASKED_LOCALE: ["1"]}}, "pictured": []}
    return Sheet.from_document(document, LocaleTable(catalogs.ASKED_LOCALE, {}))


def decisions(rounds: int) -> Times:
    """Measure deciding by the last of 20 rules, where the others ask facts of the profile, and where Apple's."""
    state = full_state()
    known = facts(state, _NOW.timestamp(), [fact for _, fact, _ in _ASKED])
    works = {
        "decide_customer": _decision(CUSTOMER_PREFIX, known, UNREADABLE),
        "decide_subscription": _decision(SUBSCRIPTION_PREFIX, UNREADABLE, Reported(known, offers_taken(state))),
    }
    return in_turns(works, rounds, dict.fromkeys(works, _MANY))


def _decision(prefix: str, profile: Customer, reported: Subscription) -> Callable[[], object]:
    settings = Settings(SMALL_APP, "com.example.app", "issuer", "KEY", signs=False, locales=LocaleTable("en-US", {}))
    catalog = Catalog(sheet(prefix), settings, {"1": MessageState(APPROVED)}, release=1, customer_key=bytes(32))
    request = made_request(SMALL_APP, catalogs.product_id(0))
    decision = decide(request, catalog, _NOW, profile, subscription=reported)
    if [passed.reason for passed in decision.passed] != ["condition_false"] * 19:
        raise RuntimeError(f"every fact should be there and not fit, but the decision is {decision}")
    return lambda: decide(request, catalog, _NOW, profile, subscription=reported)


def lookups(scene: Scene, rounds: int) -> Times:
    """Measure reading the profile alone, Apple's facts alone, and both; then all of it without SERVICE_SECONDS."""
    os.environ |= scene.ours
    put(scene.client)
    client = connection.connect("dynamodb")
    asking = {
        "facts_profile": sheet(CUSTOMER_PREFIX),
        "facts_subscription": sheet(SUBSCRIPTION_PREFIX),
        "facts_both": sheet(CUSTOMER_PREFIX, SUBSCRIPTION_PREFIX),
    }
    stores = {"": Store(lambda: Distant(client), TABLE), "_at_once": Store(lambda: client, TABLE)}
    works = {
        name + suffix: partial(look_up, store, wanted)
        for suffix, store in stores.items()
        for name, wanted in asking.items()
    }
    return in_turns(works, rounds)


def put(client: Any) -> None:  # noqa: ANN401  # botocore makes the class
    """Write both rows of the customer, the one of Apple's facts as large as it can be."""
    document = rows.document_attributes(to_document(full_state()))
    client.put_item(TableName=TABLE, Item={**rows.profile_key(SMALL_APP, PERSON), **_PROFILE})
    reported = {**document, "version": {"N": "64"}, "expiresAt": {"N": "4102444800"}}
    client.put_item(TableName=TABLE, Item={**rows.subscription_key(SMALL_APP, PERSON), **reported})


def look_up(store: Store, wanted: Sheet) -> CustomerFacts:
    """Read what a sheet asks for. Raises RuntimeError where a row is not there or not understood."""
    found = store.customer_facts(SMALL_APP, PERSON, wanted, Deadline.after(_PATIENCE), _PATIENCE)
    if wanted.reads_customer and found.profile in (NO_FACTS, UNREADABLE):
        raise RuntimeError("the profile was not read")
    if wanted.reads_subscription and (isinstance(found.subscription, Unreadable) or not found.subscription.redemptions):
        raise RuntimeError("what Apple has reported was not read")
    return found


class Distant:
    """A connection on which every call takes SERVICE_SECONDS longer."""

    def __init__(self, near: Caller) -> None:
        self._near = near

    def call(self, operation: str, request: Mapping[str, Any], deadline: Deadline) -> dict[str, Any]:
        time.sleep(SERVICE_SECONDS)
        return self._near.call(operation, request, deadline)

    def close(self) -> None:
        self._near.close()
