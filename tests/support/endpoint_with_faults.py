"""An endpoint wired as in Lambda, except for its clocks, with services that can be made to fail.

    bench = make_endpoint_with_faults(table, connection("dynamodb", url), connection("ssm", url))  nothing in memory
    bench.post("facts")                a signed request; its result, from its log lines
    bench.later(EVERYTHING_DUE)        everything in memory is due to be read again

Four products, whose answers need different things: `message` the catalog, `facts` the profile of a customer as well,
`both` that and what Apple has reported, `offer` the signing key. If a row or the key cannot be read, the next rule
answers with another text.
"""

from __future__ import annotations

import contextlib
import io
import json
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from retention import table as rows
from retention.aws.app_table import AppTable
from retention.aws.connection import Caller, Connection
from retention.aws.credentials import CredentialSource
from retention.aws.service_address import ServiceEndpoint
from retention.log.telemetry import Telemetry
from retention.lookup.failures import QUIET_SECONDS
from retention.lookup.store import Store
from retention.review.snapshot import apply_snapshot
from retention.settings import Deployment
from retention.signing.keys import KeyRing
from retention.signing.signer import Signer
from retention.subscription import PastTransaction, RenewalSnapshot, State, to_document

from console.file.release import CompiledRelease
from console.local.rows import write_profile
from console.releases.publish import publish_release
from console.simulator.authority import Authority, request_claims
from tests.support.endpoint_on_fakes import AUTHORITY, load_app
from tests.support.fake_table import APP, SETTINGS, Clock, sheet
from tests.support.waiting import attempts, eventually

if TYPE_CHECKING:
    from collections.abc import Mapping

CASES: Final = ("message", "facts", "both", "offer")
CUSTOMER: Final = "2000000900000180"
KEEP: Final = "11111111-1111-5111-8111-111111111111"
LOYAL: Final = "22222222-2222-5222-8222-222222222222"
OFFER: Final = "33333333-3333-5333-8333-333333333333"
MESSAGES: Final = (KEEP, LOYAL, OFFER)
GOOD: Final[Mapping[str, tuple[str, str]]] = {
    "message": ("message", KEEP),
    "facts": ("message", LOYAL),
    "both": ("message", LOYAL),
    "offer": ("promotionalOffer", OFFER),
}
NEXT: Final = ("message", KEEP)

KEY: Final = ec.generate_private_key(ec.SECP256R1())
PEM: Final = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
KEY_ID: Final = SETTINGS["keyId"]
PREFIX: Final = "/retention/faults"

EVERYTHING_DUE: Final = 3600.0  # head, states and key are all due to be read again


def _rule(name: str, answer: dict[str, Any], when: list[Any] | None = None) -> dict[str, Any]:
    return {"name": name, "when": when, "from": None, "until": None, "answer": answer}


_SETS: Final = {"keep": KEEP, "loyal": LOYAL, "offer": OFFER}
_EVERYONE: Final = _rule("everyone", {"kind": "message", "set": "keep"})
DISCOUNT: Final = {"kind": "promotionalOffer", "set": "offer", "productId": "offer", "offerIdentifier": "half"}
_RULES: Final[Mapping[str, list[dict[str, Any]]]] = {
    "message": [_EVERYONE],
    "facts": [
        _rule("loyal", {"kind": "message", "set": "loyal"}, ["least", "customer.tenureDays", 180]),
        _EVERYONE,
    ],
    "both": [
        _rule(
            "loyal",
            {"kind": "message", "set": "loyal"},
            ["all", ["least", "customer.tenureDays", 180], ["least", "subscription.renewals", 1]],
        ),
        _EVERYONE,
    ],
    "offer": [_rule("offer", {**DISCOUNT, "signature": "v2"}), _EVERYONE],
}


# What Apple has reported of the customer.
REPORTED: Final = State(
    renewal=RenewalSnapshot(1_795_000_000_000, auto_renew_status=1),
    transactions=(PastTransaction(1_795_000_000_000, "0123456789abcdef", 1_795_000_000_000, reason="RENEWAL"),),
)


def sheets() -> dict[str, dict[str, Any]]:
    texts = {name: {"en-US": [message]} for name, message in _SETS.items()}
    made = {product: sheet(product, "", {}, rules=rules, sets=texts) for product, rules in _RULES.items()}
    return {**made, "*": sheet(None, "", {}, rules=[_EVERYONE], sets=texts)}


def a_release() -> CompiledRelease:
    return CompiledRelease(
        app_apple_id=APP,
        settings={**SETTINGS, "signs": True},
        sheets=sheets(),
        texts={name: {"en-US": (message,)} for name, message in _SETS.items()},
        messages=dict.fromkeys(MESSAGES, ()),
        images={},
        source=b"# faults\n",
    )


def fill(client: Any, table: str) -> None:
    """Publish one more release; all its texts approved, one customer known, by the owner's systems and by Apple."""
    publish_release(AppTable(client, table, APP), a_release(), who="ada", commit=None, now=datetime.now(UTC))
    apply_snapshot(AppTable(client, table, APP), dict.fromkeys(MESSAGES, "APPROVED"), {})
    write_profile(AppTable(client, table, APP), CUSTOMER, {"tenureDays": 412})
    reported = {**rows.document_attributes(to_document(REPORTED)), "version": {"N": "1"}}
    client.put_item(TableName=table, Item={**rows.subscription_key(APP, CUSTOMER), **reported})


@dataclass(frozen=True)
class Answered:
    """The result of one request. `verdict` is `good`, `next` (the next rule's answer), `nothing` or `wrong`."""

    case: str
    status: int
    verdict: str
    ms: float
    degraded: frozenset[str]
    reason: str
    metrics: frozenset[str]


def verdict_on(case: str, body: str | None) -> str:
    if body is None:
        return "nothing"
    ((kind, content),) = json.loads(body).items()
    shown = kind, content["messageIdentifier"]
    if kind == "promotionalOffer":
        signature, audience = content["promotionalOfferSignatureV2"], "promotional-offer"
        # It is signed at the time of our clock, which some tests move.
        claims = jwt.decode(signature, KEY.public_key(), ["ES256"], options={"verify_iat": False}, audience=audience)
        shown = shown if claims["transactionId"] == CUSTOMER and claims["productId"] == "offer" else ("", "")
    if shown == GOOD[case]:
        return "good"
    return "next" if shown == NEXT and case != "message" else "wrong"


def event(case: str, now: datetime, locale: str = "en-US", authority: Authority = AUTHORITY) -> dict[str, Any]:
    claims = request_claims(
        original_transaction_id=CUSTOMER,
        app_apple_id=APP,
        product_id=case,
        user_locale=locale,
        signed_date=round(now.timestamp() * 1000),
    )
    body = json.dumps({"signedPayload": authority.sign(claims)})
    return {"version": "2.0", "requestContext": {"http": {"method": "POST"}}, "body": body}


def read_line(case: str, line: str, body: str | None, ms: float = 0.0) -> Answered:
    """Read a request's line. Without `ms`, the function's own measurement is taken."""
    log = json.loads(line)
    (directive,) = log["_aws"]["CloudWatchMetrics"]
    counted = frozenset(metric["Name"] for metric in directive["Metrics"])
    assert counted <= set(log)
    return Answered(
        case=case,
        status=log["status"],
        verdict=verdict_on(case, body),
        ms=ms or log["times"]["total"],
        degraded=frozenset(log.get("degraded", ())),
        reason=log.get("reason", ""),
        metrics=counted,
    )


@dataclass
class EndpointWithFaults:
    """One endpoint. Its clock for ages stands until pushed; deadlines and sockets are real."""

    endpoint: Any
    store: Store
    keys: KeyRing[Signer]
    services: tuple[Caller, Caller]
    clock: Clock = field(default_factory=Clock)
    skew: timedelta = timedelta()  # of the server's wall clock

    def now(self) -> datetime:
        return datetime.now(UTC) + self.skew

    def post(self, case: str, locale: str = "en-US", *, at: datetime | None = None) -> Answered:
        asked = event(case, at or self.now(), locale)
        lines = io.StringIO()
        with contextlib.redirect_stdout(lines):
            began = time.perf_counter()
            answer = self.endpoint.respond(asked)
            ms = (time.perf_counter() - began) * 1000
        answered = read_line(case, lines.getvalue(), answer.get("body"), ms)
        assert answered.status == answer["statusCode"]
        return answered

    def later(self, seconds: float) -> None:
        self.clock.now += seconds

    def load(self) -> None:
        """Read everything into memory, with requests until all answers are good."""
        for _ in attempts():
            if all(self.post(case).verdict == "good" for case in CASES):
                return
            self.later(QUIET_SECONDS)
        raise AssertionError("the services behind do not answer in time even without a fault")

    def hung_lookups(self) -> int:
        """Return how many look-ups of a name were given up and have not ended."""
        return sum(service.hung_lookups for service in self.services if isinstance(service, Connection))

    def settled(self) -> bool:
        """Return whether every call that was left behind has ended."""
        return eventually(lambda: not self.hung_lookups())

    def close(self) -> None:
        """Drop the connections; the next request makes new ones."""
        for service in self.services:
            service.close()


def make_endpoint_with_faults(table: str, dynamodb: Caller, ssm: Caller) -> EndpointWithFaults:
    """Wire an endpoint as `app.wire` does. The authority's requests count as Apple's, so that offers need the key."""
    app = load_app()
    if AUTHORITY.fingerprint != app.APPLE_ROOT_FINGERPRINT:
        raise ValueError(
            "patch APPLE_ROOT_FINGERPRINT first: only answers to requests under Apple's root are signed with the key"
        )
    clock = Clock()
    deployment = Deployment(
        table=table,
        environment="Sandbox",
        app_apple_ids=frozenset({APP}),
        key_prefix=PREFIX,
        trust_anchor=None,
        clock=lambda: bench.now(),  # noqa: PLW0108  # it is not there yet
        initialization="on-demand",
    )
    store = Store(lambda: dynamodb, table, monotonic=clock, clock=lambda: bench.now().timestamp())
    keys = KeyRing(lambda: ssm, PREFIX, Signer.from_pem, monotonic=clock)
    verifier = app.SignedPayloadVerifier([AUTHORITY.root_der])
    endpoint = app.Endpoint(deployment, verifier, store, keys, Telemetry())
    bench = EndpointWithFaults(endpoint, store, keys, (dynamodb, ssm), clock)
    return bench


def connection(service: str, url: str) -> Connection:
    """Return the connection of `app.connect`, to `url`."""
    return Connection(
        ServiceEndpoint.of(service, {"AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL": url}), CredentialSource()
    )
