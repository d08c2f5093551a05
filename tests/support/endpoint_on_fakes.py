"""An endpoint on fakes: real signatures, a catalog in memory, and records instead of lines."""

from __future__ import annotations

import dataclasses
import importlib
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache
from types import ModuleType
from typing import Any

import pytest
from retention.catalog import APPROVED, Catalog, MessageState, Settings, Sheet
from retention.errors import SigningError
from retention.log.record import Record
from retention.lookup.app import Loaded
from retention.lookup.customer_facts import NO_CUSTOMER_FACTS, CustomerFacts
from retention.rules import NO_FACTS, NO_SUBSCRIPTION, UNREADABLE, Customer, Subscription
from retention.settings import KNOWN_LEAVES, Deployment
from retention.signing.signer import Signer

from console.simulator.authority import Authority, request_claims

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
APP = 6745974591
TRANSACTION = "99371282000017"
PLAIN = "0c1f6f0e-3c0b-5d1e-9a53-6b8f2c1d0a01"
TEXT = "0c1f6f0e-3c0b-5d1e-9a53-6b8f2c1d0a02"

AUTHORITY = Authority.create()
OTHER = Authority.create("Somebody Else's Root")

MESSAGE = {"kind": "message", "set": "plain"}
SWITCH = {"kind": "alternateProduct", "set": "text", "productId": "pro.annual", "group": "pro"}
OFFER = {"kind": "promotionalOffer", "set": "text", "productId": "pro.monthly", "offerIdentifier": "half"}
ADVANCED = "advancedCommerceInfo"
CHANGE = {"retainBillingCycle": True, "changeItems": [{"currentSKU": "a", "SKU": "b"}]}


def rule(answer: dict[str, Any], when: list[Any] | None = None) -> dict[str, Any]:
    return {"name": answer["kind"], "when": when, "from": None, "until": None, "answer": answer}


def catalog(*rules: dict[str, Any], paused: bool = False, state: str = APPROVED) -> Catalog:
    settings = Settings.from_document(
        {
            "appAppleId": APP,
            "bundleId": "com.example.app",
            "issuerId": "57246542-96fe-1a63-e053-0824d011072a",
            "keyId": "ABC123DEFG",
            "signs": True,
            "locales": {"default": "en-US", "fallbacks": {}},
        }
    )
    document = {
        "product": {"productId": "pro.monthly", "group": "pro", "advancedCommerce": True, "bundle": False},
        "rules": list(rules),
        "sets": {"plain": {"en-US": [PLAIN]}, "text": {"en-US": [TEXT]}},
        "pictured": [PLAIN],
    }
    states = {PLAIN: MessageState(state), TEXT: MessageState(state)}
    return Catalog(Sheet.from_document(document, settings.locales), settings, states, 7, b"k" * 32, paused=paused)


class FakeStore:
    """Has one catalog, or raises a given error."""

    def __init__(
        self,
        held: Catalog | Exception,
        customer: Customer,
        degraded: tuple[str, ...],
        subscription: Subscription = UNREADABLE,
    ) -> None:
        self.held, self.profile, self.degraded, self.subscription = held, customer, degraded, subscription
        self.customers_read = 0
        self.renewed = 0

    def warm(self, apps: Iterable[int], _: object) -> dict[int, Settings]:
        return {} if isinstance(self.held, Exception) else dict.fromkeys(apps, self.held.settings)

    def renew(self) -> None:
        self.renewed += 1

    def budget(self, *_: object) -> float:
        return 0.2

    def catalog(self, *_: object) -> Loaded:
        if isinstance(self.held, Exception):
            raise self.held
        return Loaded(self.held, has_default=True, age=2.0, degraded=self.degraded)

    def customer_facts(self, _app: int, _person: str, sheet: Sheet, _deadline: object) -> CustomerFacts:
        if not (sheet.reads_customer or sheet.reads_subscription):
            return NO_CUSTOMER_FACTS
        self.customers_read += 1
        return CustomerFacts(
            self.profile if sheet.reads_customer else NO_FACTS,
            self.subscription if sheet.reads_subscription else NO_SUBSCRIPTION,
        )


class FakeKeys:
    """Has one key, or none."""

    def __init__(self, signer: Signer | None) -> None:
        self.signer, self.asked, self.forgotten = signer, 0, 0

    def forget(self) -> None:
        self.forgotten += 1

    def get(self, key_id: str, _: object) -> Signer:
        self.asked += 1
        if self.signer is None:
            raise SigningError("key_unavailable", "no key", key_id=key_id)
        return self.signer


class Lines:
    """Keeps the records instead of writing them."""

    def __init__(self) -> None:
        self.records: list[Record] = []

    def emit(self, record: Record, level: str) -> None:
        assert level in {"info", "warning", "error"}
        self.records.append(record)


VARIABLES = {
    "RETENTION_TABLE": "nowhere",
    "RETENTION_ENVIRONMENT": "Sandbox",
    "RETENTION_APP_APPLE_IDS": str(APP),
    "RETENTION_KEY_PREFIX": "/retention",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    "POWERTOOLS_SERVICE_NAME": "retention-unit",
    "POWERTOOLS_METRICS_NAMESPACE": "Retention",
}


@cache
def load_app() -> ModuleType:
    """Import `app` as a deployment of no table would."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in VARIABLES.items():
            patch.setenv(name, value)
        return importlib.import_module("app")


@dataclasses.dataclass
class EndpointOnFakes:
    """An endpoint on fakes, and what it did."""

    endpoint: Any
    store: FakeStore
    keys: FakeKeys
    lines: Lines

    def post(self, payload: str, **event: Any) -> tuple[int, Any, Record]:
        body = json.dumps({"signedPayload": payload})
        event = {"version": "2.0", "requestContext": {"http": {"method": "POST"}}, "body": body, **event}
        answer = self.endpoint.respond(event)
        return answer["statusCode"], json.loads(answer["body"]) if "body" in answer else None, self.lines.records[-1]


def make_endpoint(
    held: Catalog | Exception,
    *,
    customer: Customer = UNREADABLE,
    subscription: Subscription = UNREADABLE,
    signer: Signer | None = None,
    degraded: tuple[str, ...] = (),
    roots: tuple[bytes, ...] = (AUTHORITY.root_der,),
    initialization: str = "on-demand",
    acknowledged: frozenset[str] = frozenset(),
) -> EndpointOnFakes:
    """Make an endpoint of the sandbox and one app, with fakes; its clock stands at NOW."""
    app = load_app()
    deployment = Deployment(
        table="nowhere",
        environment="Sandbox",
        app_apple_ids=frozenset({APP}),
        key_prefix="/retention",
        trust_anchor=None,
        known_leaves=KNOWN_LEAVES | acknowledged,
        clock=lambda: NOW,
        initialization=initialization,
        function_version="7",
    )
    store, keys, lines = FakeStore(held, customer, degraded, subscription), FakeKeys(signer), Lines()
    return EndpointOnFakes(
        app.Endpoint(deployment, app.SignedPayloadVerifier(roots), store, keys, lines), store, keys, lines
    )


def signed(authority: Authority = AUTHORITY, **claims: Any) -> str:
    defaults = request_claims(
        original_transaction_id=TRANSACTION,
        app_apple_id=APP,
        product_id="pro.monthly",
        signed_date=int(NOW.timestamp() * 1000),
    )
    return authority.sign({**defaults, **claims})
