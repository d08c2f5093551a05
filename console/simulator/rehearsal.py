"""`retention rehearse`: a run like Apple's performance test, with more detail than Apple's report.

Requests are sent evenly over the test's duration, at most a given number at a time, each over its own connection and
signed when it is sent. At its threshold, Apple closes the connection. We count such a request as Apple does and send
the next one as Apple does, but we keep the connection open, to measure how late the answer was.
"""

from __future__ import annotations

import json
import math
import uuid
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from http import HTTPStatus
from threading import Event, Lock, Semaphore, Timer
from typing import Any, Final

from retention.request import SANDBOX

from console.simulator.answers import KINDS
from console.simulator.authority import Authority, request_claims
from console.simulator.endpoint_call import INVALID_RESPONSE, SUCCESS, TIMED_OUT, Attempt, call
from console.simulator.performance import FAIL, PASS, Tally, paced, response_times
from console.simulator.simulator import TestConfig
from console.terminal.output import ReportProgress, no_progress

_LINGER_MS: Final = 3000
_SLOWEST: Final = 5

_NO_SLOT: Final = nullcontext()

# The endpoint answers these if it does not trust our authority. Every further request would fail too, so we stop.
_REFUSALS: Final = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}


@dataclass(frozen=True, slots=True)
class Sent:
    """One request and its result.

    `result` is what Apple's report would count, which closes the connection at its threshold. `timing` are the
    durations of the Server-Timing header in ms; `message` is the id in the answer.
    """

    number: int
    request_identifier: str
    result: str
    reason: str
    attempt: Attempt
    timing: Mapping[str, float]
    message: str | None

    @property
    def cold(self) -> bool:
        """Whether Server-Timing shows a cold start. False also without an answer, when it is unknown."""
        return "cold" in self.timing

    def document(self) -> dict[str, Any]:
        return {
            "number": self.number,
            "requestIdentifier": self.request_identifier,
            "apiRequestId": self.attempt.headers.get("apigw-requestid"),
            "result": self.result,
            "reason": self.reason,
            "status": self.attempt.status,
            "tookMs": self.attempt.took_ms,
            "cold": self.cold,
            "serverTiming": dict(self.timing),
        }


@dataclass(frozen=True, slots=True)
class RequestTemplate:
    """What all requests have in common: the same customer, product and locale, as in Apple's test."""

    authority: Authority
    app_apple_id: int
    product: str
    locale: str
    transaction: str = field(repr=False)

    def signed(self, request_identifier: str) -> str:
        """Return a signedPayload dated now."""
        claims = request_claims(
            original_transaction_id=self.transaction,
            app_apple_id=self.app_apple_id,
            product_id=self.product,
            user_locale=self.locale,
            environment=SANDBOX,  # production accepts no signature except Apple's
            request_identifier=request_identifier,
        )
        return self.authority.sign(claims)


@dataclass(slots=True)
class Rehearsal:
    """One test, running or finished. `stopped` is why it ended early, "" if it did not."""

    tally: Tally
    sent: list[Sent] = field(default_factory=list)
    stopped: str = ""
    refused: bool = False

    @property
    def result(self) -> str:
        """Apple's PASS or FAIL; a test that ended early is FAIL."""
        return self.tally.result if not self.tally.pending else FAIL

    @property
    def passed(self) -> bool:
        return self.result == PASS

    @property
    def cold(self) -> list[Sent]:
        return [sent for sent in self.sent if sent.cold]

    @property
    def warm(self) -> list[Sent]:
        """Requests to an execution environment that had answered before."""
        return [sent for sent in self.sent if sent.timing and not sent.cold]

    @property
    def late(self) -> list[Sent]:
        """Requests whose answer came after Apple would have closed the connection."""
        return [sent for sent in self.sent if sent.result == TIMED_OUT and sent.attempt.status is not None]

    @property
    def slowest(self) -> list[Sent]:
        return sorted(self.sent, key=lambda sent: -sent.attempt.took_ms)[:_SLOWEST]

    @property
    def reasons(self) -> dict[str, str]:
        """Apple's result → our explanation, from the first request that failed with that result."""
        failed = (sent for sent in reversed(self.sent) if sent.result != SUCCESS)
        return {sent.result: sent.reason for sent in failed}

    def document(self) -> dict[str, Any]:
        """Return the --json document: a PerformanceTestResultResponse, with our own figures under `rehearsal`."""
        more = {
            "stopped": self.stopped or None,
            "cold": {
                "requests": len(self.cold),
                "responseTimes": _times(self.cold),
                "initAndAnswer": response_times([round(sent.timing["cold"]) for sent in self.cold]),
            },
            "warm": {"requests": len(self.warm), "responseTimes": _times(self.warm)},
            "late": [sent.document() for sent in self.late],
            "slowest": [sent.document() for sent in self.slowest],
            "reasons": self.reasons,
        }
        return {**self.tally.report(), "result": self.result, "rehearsal": more}


def rehearse(
    url: str, config: TestConfig, template: RequestTemplate, report: ReportProgress = no_progress
) -> Rehearsal:
    """Run the test against `url`, which `check_url` accepted. Ends early on Ctrl-C, or if the endpoint refuses us."""
    rehearsal = Rehearsal(Tally(url, config))
    stop, lock, slots = Event(), Lock(), Semaphore(config.max_concurrent_requests)

    def attempt(number: int) -> None:
        slot = _Slot(slots, config.response_time_threshold_ms / 1000)
        try:
            if stop.is_set():
                return
            sent = send(number, url, config.response_time_threshold_ms, template, slot)
            with lock:
                _note(rehearsal, sent)
                if rehearsal.stopped:
                    stop.set()  # before the next request is sent
                report("requests", len(rehearsal.sent), config.total_requests)
        finally:
            slot.free()

    with _workers(_most_at_once(config), stop) as pool:
        try:
            running = []
            for number in paced(config, stop.wait):
                slots.acquire()
                if stop.is_set():
                    break
                running.append(pool.submit(attempt, number))
            for future in running:
                future.result()
        except KeyboardInterrupt:
            rehearsal.stopped = "interrupted"
    return rehearsal


def _most_at_once(config: TestConfig) -> int:
    """Return how many requests can be open at a time: those in flight, and those that Apple would have closed."""
    rounds = 1 + math.ceil(_LINGER_MS / config.response_time_threshold_ms)
    return min(config.max_concurrent_requests * rounds, config.total_requests)


class _Slot:
    """The place of one request among those in flight. It is freed `seconds` after the request was sent.

    By then Apple would have closed the connection, even if we still wait. A request that ends earlier calls `free`.
    """

    def __init__(self, slots: Semaphore, seconds: float) -> None:
        self._slots, self._once = slots, Lock()
        self._timer = Timer(seconds, self.free)
        self._timer.daemon = True

    def free(self) -> None:
        if self._once.acquire(blocking=False):
            self._slots.release()

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()


@contextmanager
def _workers(number: int, stop: Event) -> Iterator[ThreadPoolExecutor]:
    """Give a pool of `number` threads. On leaving, `stop` is set, so that requests that have not begun are not sent."""
    with ThreadPoolExecutor(number) as pool:
        try:
            yield pool
        finally:
            stop.set()


def send(
    number: int,
    url: str,
    threshold_ms: int,
    template: RequestTemplate,
    in_flight: AbstractContextManager[None] = _NO_SLOT,
) -> Sent:
    """Send one request and judge the answer as Apple would. `in_flight` is held until the answer is read.

    `threshold_ms` is Apple's time limit in milliseconds.
    """
    request_identifier = str(uuid.uuid4())
    signed = template.signed(request_identifier)
    with in_flight:
        attempt = call(url, signed, threshold_ms + _LINGER_MS)
    message, flaw = _message_in(attempt.body) if attempt.result == SUCCESS else (None, "")
    result, reason = (INVALID_RESPONSE, flaw) if flaw else (attempt.result, attempt.reason)
    if attempt.took_ms > threshold_ms:
        answered = f"answered after {attempt.took_ms} ms" if attempt.status is not None else "no answer"
        result, reason = TIMED_OUT, f"{answered}; Apple waits {threshold_ms} ms"
    return Sent(number, request_identifier, result, reason, attempt, server_timing(attempt.headers), message)


def server_timing(headers: Mapping[str, str]) -> dict[str, float]:
    """Return name → duration in ms of a Server-Timing header; entries without a duration are left out."""
    found = {}
    for entry in headers.get("server-timing", "").split(","):
        name, *parameters = (part.strip() for part in entry.split(";"))
        for parameter in parameters:
            key, _, value = parameter.partition("=")
            try:
                if name and key.strip().lower() == "dur":
                    found[name] = float(value.strip().strip('"'))
            except ValueError:
                continue
    return found


def _message_in(body: bytes) -> tuple[str | None, str]:
    """Return the message id of a RealtimeResponseBody, and what is wrong with the body, "" if nothing is."""
    try:
        document = json.loads(body.decode())
    except ValueError:
        return None, "the body is not JSON in UTF-8"
    if not isinstance(document, dict) or len(document) != 1 or next(iter(document)) not in KINDS:
        return None, f"the body has not exactly one of {', '.join(KINDS)}"
    (answer,) = document.values()
    try:
        return str(uuid.UUID(answer["messageIdentifier"])), ""
    except (KeyError, TypeError, ValueError, AttributeError):
        return None, "the answer's messageIdentifier is missing, or not a UUID"


def _note(rehearsal: Rehearsal, sent: Sent) -> None:
    in_time = sent.attempt.status is not None and sent.result != TIMED_OUT
    rehearsal.sent.append(sent)
    rehearsal.tally.add(sent.result, sent.attempt.took_ms if in_time else None)
    accepted_before = rehearsal.tally.results[SUCCESS] > 0
    if sent.attempt.status in _REFUSALS and not accepted_before:
        rehearsal.refused = True
        rehearsal.stopped = rehearsal.stopped or f"the endpoint refuses these requests: {sent.attempt.status}"


def _times(sent: Sequence[Sent]) -> dict[str, int]:
    return response_times([one.attempt.took_ms for one in sent])
