"""An App Store whose certificates change, and a complete endpoint over real sockets whose clocks a test moves.

newest = app_store("2027", until=NOW + timedelta(days=700))     # signs under the one root of this module
with process(patch, aws) as endpoint:                           # app.wire's own parts; that root passes for Apple's
    endpoint.post(newest, V1)
    endpoint.freeze(timedelta(weeks=3))                         # by the wall clock; the monotonic one stands still
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final, NamedTuple, TypeVar

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from retention import beginning
from retention.aws import connection
from retention.aws.clock import PassedTime
from retention.jws import SignedPayloadVerifier
from retention.log.record import Record, line_of
from retention.lookup import store
from retention.settings import Deployment
from retention.verification.signing_path import SigningPath

from console.local.sample_events import LOYAL, STRANGER
from console.local.samples import SAMPLE_CLOCK
from console.simulator.accounts import RegisteredKey, SimulatedApp
from console.simulator.authority import Authority, request_claims
from console.simulator.signatures import Inspector
from tests.minting import Plan, der, intermediate_plan, key, leaf_plan, root_plan
from tests.support.endpoint_on_fakes import load_app
from tests.support.fake_table import Clock
from tests.support.local_aws import AwsFront
from tests.support.simulated_app import KEY_ID
from tests.support.waiting import PATIENCE, attempts

T = TypeVar("T")

APP: Final = SimulatedApp(6745974591, "com.example.trailhead", "57246542-96fe-1a63-e053-0824d011072a")
NOW: Final = SAMPLE_CLOCK
_GENEROUS: Final = PATIENCE  # what these tests show does not depend on speed


class Asked(NamedTuple):
    """A product of the sample, a customer and a locale, and the expected answer."""

    product: str
    locale: str
    customer: str
    answer: str


V1: Final = Asked("trailhead.pro.annual", "ja", STRANGER, "promotionalOfferSignatureV1")
V2: Final = Asked("trailhead.pro.monthly", "en-US", LOYAL, "promotionalOfferSignatureV2")
ADVANCED: Final = Asked("trailhead.courses", "en-US", STRANGER, "advancedCommerceData")
MESSAGE: Final = Asked("trailhead.pro.annual", "en-US", STRANGER, "messageIdentifier")
OFFERS: Final = (V1, V2, ADVANCED)


# --- certificates ---


@cache
def root_der() -> bytes:
    return der(replace_validity(root_plan()))


@cache
def app_store(
    leaf: str,
    intermediate: str = "first",
    *,
    since: datetime = NOW - timedelta(days=300),
    until: datetime = NOW + timedelta(days=700),
    intermediate_until: datetime = NOW + timedelta(days=3000),
) -> Authority:
    """Return the authority with the leaf and intermediate of these names; same names and times, same bytes."""
    middle, middle_der = _intermediate(intermediate, intermediate_until)
    plan = dataclasses.replace(leaf_plan(middle), key=key(f"leaf {leaf}"), not_before=since, not_after=until)
    return Authority(der(plan.identified(middle.key)), middle_der, root_der(), plan.key)


@cache
def _intermediate(name: str, until: datetime) -> tuple[Plan, bytes]:
    signing_key = key(f"intermediate {name}", "P-384")
    plan = dataclasses.replace(intermediate_plan(), name=f"Intermediate {name}", key=signing_key)
    plan = replace_validity(plan, until).identified(root_plan().key)
    return plan, der(plan)


def replace_validity(plan: Plan, until: datetime = NOW + timedelta(days=6000)) -> Plan:
    return dataclasses.replace(plan, not_before=NOW - timedelta(days=3000), not_after=until)


def fingerprint(authority: Authority) -> str:
    return hashlib.sha256(authority.leaf_der).hexdigest()


class CountingVerifier(SignedPayloadVerifier):
    """Counts the full checks of chains, which remembered chains do not need."""

    checked = 0

    def check_path(self, leaf_der: bytes, intermediate_der: bytes, now: datetime) -> SigningPath:
        self.checked += 1
        return super().check_path(leaf_der, intermediate_der, now)


# --- requests and answers ---


def event_of(authority: Authority, asked: Asked, now: datetime, **claims: Any) -> dict[str, Any]:
    """Return the POST of a request that `authority` signed at `now`."""
    defaults = request_claims(
        original_transaction_id=asked.customer,
        app_apple_id=APP.app_apple_id,
        product_id=asked.product,
        user_locale=asked.locale,
        signed_date=int(now.timestamp() * 1000),
    )
    body = json.dumps({"signedPayload": authority.sign({**defaults, **claims})})
    return {"version": "2.0", "requestContext": {"http": {"method": "POST"}}, "body": body}


def is_signed_by(pem: bytes, asked: Asked, answer: dict[str, Any], now: float) -> bool:
    """Return whether an answer's offer is signed by the key, and correct in every other part."""
    public = load_pem_private_key(pem, None).public_key()
    public_pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    inspector = Inspector(APP, lambda _: RegisteredKey(KEY_ID, APP.issuer_id, public_pem), asked.customer, now)
    (offer,) = json.loads(answer["body"]).values()
    look = {
        V1.answer: inspector.promotional_offer_v1,
        V2.answer: inspector.promotional_offer_v2,
        ADVANCED.answer: inspector.advanced_commerce,
    }[asked.answer]
    return not look(offer[asked.answer])


def metrics_of(record: Record) -> dict[str, Any]:
    """Return the metrics that CloudWatch reads from a request's log line."""
    metrics: dict[str, Any] = json.loads(line_of(record, "info", service="s", namespace="n", at=0.0))
    return metrics


# --- a complete endpoint ---


@dataclass
class Clocks:
    """The server's clocks: a wall clock, and a monotonic one that stops while the process is frozen."""

    now: datetime = NOW
    monotonic: Clock = field(default_factory=Clock)

    def wall(self) -> float:
        return self.now.timestamp()

    def later(self, **delta: float) -> None:
        self.now += timedelta(**delta)
        self.monotonic.now += timedelta(**delta).total_seconds()


@dataclass
class Process:
    """One function's process: everything that `app.wire` makes, its clocks, and its log lines."""

    endpoint: Any
    clocks: Clocks
    aws: AwsFront
    records: list[Record] = field(default_factory=list)

    def emit(self, record: Record, _level: str) -> None:
        self.records.append(record)

    def post(self, authority: Authority, asked: Asked) -> tuple[dict[str, Any], Record]:
        answer: dict[str, Any] = self.endpoint.respond(event_of(authority, asked, self.clocks.now))
        return answer, self.records[-1]

    def freeze(self, slept: timedelta) -> None:
        """Freeze the process: its peers close their connections, and its monotonic clock stops."""
        self.aws.hang_up()
        self.clocks.now += slept

    def calls(self) -> list[str]:
        made, self.aws.calls[:] = list(self.aws.calls), []
        return made

    def idle(self) -> list[Any]:
        """Return the sockets that are kept for the next call."""
        kept = (self.endpoint.store._reader._connection, self.endpoint.keys._connection)
        return [wire for made in kept if made is not None for wire in made._idle]


@contextmanager
def process(
    patch: pytest.MonkeyPatch, aws: AwsFront, variables: Mapping[str, str], *, apples: bool = True
) -> Iterator[Process]:
    """Wire the endpoint as `app` does, with `root_der()` as its anchor; with `apples`, that root counts as Apple's.

    Only its deadlines are longer than the real ones, so that a busy machine changes no result.
    """
    app, clocks = load_app(), Clocks()
    for name in ("CACHED_SECONDS", "COLD_SECONDS", "CUSTOMER_SECONDS"):
        patch.setattr(store, name, _GENEROUS)
    for name in ("CONNECT_SECONDS", "READ_SECONDS"):
        patch.setattr(connection, name, _GENEROUS)
    patch.setattr(app, "INIT_SECONDS", _GENEROUS)
    patch.setattr(beginning, "PassedTime", lambda: PassedTime(clocks.monotonic, clocks.wall))
    if apples:
        patch.setattr(app, "APPLE_ROOT_FINGERPRINT", hashlib.sha256(root_der()).hexdigest())
    patch.setenv("AWS_ENDPOINT_URL", aws.url)
    deployment = Deployment.from_env({**variables, "RETENTION_CLOCK": "", "RETENTION_TRUST_ANCHOR": ""})
    deployment = dataclasses.replace(
        deployment, trust_anchor=root_der(), clock=lambda: clocks.now, initialization="snap-start"
    )
    made = Process(None, clocks, aws)
    made.endpoint = app.wire(deployment, made)
    yield made
    made.endpoint.before_snapshot()


def ask_until(ask: Callable[[], T], fits: Callable[[T], bool]) -> T:
    """Send the request until the answer is as expected: a cold function on a busy machine can answer 503 first."""
    for _ in attempts():
        if fits(answer := ask()):
            break
    return answer
