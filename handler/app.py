"""The real-time entry point: the App Store's POST comes in, a RealtimeResponseBody goes out.

Verify, look up, decide, sign, respond. Each step is a module of `retention`; here they are wired and called in order,
and here every exception ends as an HTTP status.
"""

from __future__ import annotations

import gc

# Init makes thousands of objects that stay; looking through them for garbage costs a tenth of a cold start.
gc.disable()

import warnings
from collections.abc import Callable
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from datetime import datetime
from threading import Thread
from typing import Final

from retention.beginning import Beginning, Reach
from retention.errors import ConfigurationError, SigningError, answer_to
from retention.lookup.store import INIT_SECONDS, Store

# The imports that follow need the processor, and reading the table waits for the network, so both go on at once.
with Beginning() as _begun:
    from retention import response
    from retention.aws import sigv4
    from retention.aws.credentials import CredentialSource
    from retention.aws.deadline import Deadline
    from retention.catalog import Catalog
    from retention.compose import compose
    from retention.decision import Decision, decide
    from retention.gateway import HttpResponse, body_length, http_response, read_body, request_id_of
    from retention.jws import APPLE_ROOT_FINGERPRINT, Authenticated, SignedPayloadVerifier, apple_root
    from retention.log.record import APPLE, Record, process_age_ms
    from retention.log.telemetry import Telemetry
    from retention.lookup.customer_facts import NO_CUSTOMER_FACTS, CustomerFacts
    from retention.request import RetentionRequest, admit, read_signed_payload
    from retention.settings import Deployment
    from retention.signing.keys import KeyRing
    from retention.signing.signer import Signer, prepare

# cryptography warns of certificates that any caller may post. stderr is part of the log, where only our lines belong.
warnings.filterwarnings("ignore", category=UserWarning, module=r"retention\.verification\.certificates")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The parts of one deployment, and the one way from an event to a response."""

    deployment: Deployment
    verifier: SignedPayloadVerifier
    store: Store
    keys: KeyRing[Signer]
    telemetry: Telemetry
    throwaway: Callable[[str], Signer] = Signer.throwaway
    credentials: CredentialSource = field(default_factory=CredentialSource)

    def warm(self, *, restored: bool = False, begun: Beginning | None = None) -> None:
        """Fetch what the first request will need, within INIT_SECONDS, and never fail.

        Where a start has `begun` to read, its results and the rest of its time are used. `restored`: from a snapshot.
        """
        deadline = Deadline.after(INIT_SECONDS) if begun is None else begun.deadline
        releases = self.store.warm(self.deployment.app_apple_ids, deadline) if begun is None else begun.releases
        key_ids = [settings.key_id for settings in releases.values() if settings.signs]
        if self.deployment.snapshot and not restored:
            if key_ids:
                prepare()  # code may be in a snapshot, a secret must not
            return
        if key_ids:
            # These imports run while the key is fetched. Reading the key waits for them, so the thread is not joined.
            Thread(target=prepare, name="retention-imports", daemon=True).start()
        for key_id in key_ids:
            with suppress(SigningError):  # the first request that needs the key asks again
                self.keys.get(key_id, deadline)

    def before_snapshot(self) -> None:
        """Leave no secret in a snapshot, and no connection: it would be dead when the snapshot is restored."""
        self._forget()

    def after_restore(self) -> None:
        """Connect, read `head` and fetch the key as after any start: a snapshot may be weeks old."""
        self._forget()
        self.warm(restored=True)

    def _forget(self) -> None:
        self.keys.forget()
        self.store.renew()
        self.credentials.forget()
        sigv4.forget()

    def respond(self, event: object, *, init_ms: float | None = None) -> HttpResponse:
        """Return exactly one response to any API Gateway event, and log one line. Never raises.

        `init_ms` is given for the first request of an environment: for how long its start took, in milliseconds.
        """
        record = Record(
            cold_start=init_ms is not None,
            gateway_request_id=request_id_of(event),
            function_version=self.deployment.function_version,
        )
        level = "info"
        try:
            with record.stage("total"):
                answer = self._answer(event, record)
        except Exception as error:  # noqa: BLE001  # here every exception becomes an HTTP status
            becomes = answer_to(error)
            record.note_error(error, becomes)
            record.size = body_length(event)
            level = becomes.level
            answer = http_response(becomes.status, headers=becomes.headers)
        if init_ms is not None:
            record.cold_wait = round(init_ms + record.times["total"], 1)
        if record.verified and record.trust_anchor != APPLE:
            answer["headers"]["server-timing"] = record.server_timing()  # for rehearsals; Apple gets none
        self.telemetry.emit(record, "warning" if record.degraded and level == "info" else level)
        return answer

    def _answer(self, event: object, record: Record) -> HttpResponse:
        now = self.deployment.clock()
        with record.stage("verify"):
            signed = self.verifier.authenticate(read_signed_payload(read_body(event)), now)
            request = self._admit(signed, now)
        signed_by_apple = signed.anchor == APPLE_ROOT_FINGERPRINT
        record.note_request(request)
        record.note_signer(signed, now, self.deployment.known_leaves, by_apple=signed_by_apple)
        wanted = request.app_apple_id, request.product_id, request.user_locale
        deadline = Deadline.after(self.store.budget(*wanted))
        with record.stage("lookup"):
            loaded = self.store.catalog(*wanted, deadline)
            known = self._customer_facts(request, loaded.catalog, deadline)
        record.note_catalog(loaded, known)
        case = Case(request, loaded.catalog, known, now, deadline, signed_by_apple)
        with record.stage("decide"):
            decision = case.decide()
        try:
            body = self._body(decision, case, record)
        except SigningError as error:
            # The customer gets the answer of the next rule that needs no key; we get a metric, an alarm and the reason.
            record.degraded.append("signing")
            record.reason = error.code
            decision = case.decide(can_sign=False)
            body = self._body(decision, case, record)
        record.note_decision(decision)
        record.status = response.NO_CONTENT if body is None else response.OK
        return http_response(record.status, None if body is None else response.encode(body))

    def _admit(self, signed: Authenticated, now: datetime) -> RetentionRequest:
        request = RetentionRequest.from_claims(signed.payload)
        ours = self.deployment
        admit(request, app_apple_ids=ours.app_apple_ids, environment=ours.environment, now=now)
        return request

    def _customer_facts(self, request: RetentionRequest, catalog: Catalog, deadline: Deadline) -> CustomerFacts:
        if catalog.paused:
            return NO_CUSTOMER_FACTS
        return self.store.customer_facts(request.app_apple_id, request.original_transaction_id, catalog.sheet, deadline)

    def _body(self, decision: Decision, case: Case, record: Record) -> response.Body | None:
        delivery = decision.delivery
        if delivery is None:
            return None
        with record.stage("sign") if delivery.answer.signs else nullcontext():
            return compose(
                delivery,
                case.catalog.settings,
                case.request.original_transaction_id,
                case.now,
                lambda: self._signer(case),
            )

    def _signer(self, case: Case) -> Signer:
        key_id = case.catalog.settings.key_id
        # A request that another CA than Apple's vouches for never gets a signature that Apple would honour.
        return self.keys.get(key_id, case.deadline) if case.signed_by_apple else self.throwaway(key_id)


@dataclass(frozen=True, slots=True)
class Case:
    """One verified request with everything that decides its answer, and whether Apple's own root vouched for it."""

    request: RetentionRequest
    catalog: Catalog
    known: CustomerFacts
    now: datetime
    deadline: Deadline
    signed_by_apple: bool

    def decide(self, *, can_sign: bool = True) -> Decision:
        profile, subscription = self.known.profile, self.known.subscription
        return decide(self.request, self.catalog, self.now, profile, can_sign=can_sign, subscription=subscription)


def wire(deployment: Deployment, telemetry: Telemetry, reach: Reach | None = None) -> Endpoint:
    """Build one deployment's endpoint. Raises ConfigurationError; touches no network."""
    roots = [apple_root(), *([deployment.trust_anchor] if deployment.trust_anchor else [])]
    made = reach or Reach.of(deployment)
    return Endpoint(
        deployment,
        SignedPayloadVerifier(roots),
        made.store,
        KeyRing(lambda: made.ssm, deployment.key_prefix, Signer.from_pem, monotonic=made.passed),
        telemetry,
        credentials=made.credentials,
    )


def start(begun: Beginning | None = None) -> Endpoint:
    """Build the endpoint from the environment's variables, and fetch what the first request will need.

    Logs and raises ConfigurationError where the variables contradict each other. What cannot be fetched stops no start.
    """
    telemetry = Telemetry()
    try:
        endpoint = wire(Deployment.from_env(), telemetry, begun.reach if begun else None)
    except ConfigurationError as error:
        telemetry.refused_to_start(error.code, str(error))
        raise
    endpoint.warm(begun=begun)
    if endpoint.deployment.snapshot:
        # A module of Lambda's runtime, needed under SnapStart alone.
        from snapshot_restore_py import register_after_restore, register_before_snapshot  # noqa: PLC0415

        register_before_snapshot(endpoint.before_snapshot)
        register_after_restore(endpoint.after_restore)
    return endpoint


ENDPOINT: Final = start(_begun)
gc.freeze()
gc.enable()
# For the first request. An iterator gives it to one request only, though `make serve` runs several at a time.
_first_waits: Final = iter([process_age_ms() if ENDPOINT.deployment.init_is_waited_for else 0.0])


def get_retention_message(event: object, _context: object) -> HttpResponse:
    """Return the response to one API Gateway event; see `Endpoint.respond`."""
    return ENDPOINT.respond(event, init_ms=next(_first_waits, None))
