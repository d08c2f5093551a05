"""Each failure behind the endpoint: the answer comes in time, is never wrong, is counted, and recovers afterwards."""

from __future__ import annotations

import contextlib
import io
import json
import os
import random
import socket
import threading
import time
import uuid
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pytest
from botocore.session import get_session
from retention import table as rows
from retention.aws.deadline import MAX_ABANDONED
from retention.catalog import FORMAT
from retention.lookup.failures import QUIET_SECONDS
from retention.lookup.head import HEAD_SECONDS
from retention.subscription import to_document

from console.local.embedded_stack import embedded_dynamodb, function_environment
from console.local.rows import create_table
from tests.support.endpoint_on_fakes import AUTHORITY, load_app
from tests.support.endpoint_with_faults import (
    CASES,
    CUSTOMER,
    DISCOUNT,
    EVERYTHING_DUE,
    KEY_ID,
    LOYAL,
    MESSAGES,
    OFFER,
    PEM,
    PREFIX,
    REPORTED,
    Answered,
    EndpointWithFaults,
    connection,
    event,
    fill,
    make_endpoint_with_faults,
    read_line,
    sheets,
)
from tests.support.fake_table import APP, SETTINGS, TABLE, FakeTable
from tests.support.fault_proxy import FaultProxy, trusted
from tests.support.reliability_page import keep, size
from tests.support.table_damage import (
    GIBBERISH,
    Damage,
    document,
    edited,
    empty,
    every_sheet,
    head,
    messages,
    no_head,
    no_messages,
    no_settings,
    no_sheets,
    no_table,
    profile,
    reported,
    settings,
)
from tests.support.waiting import PATIENCE, attempts, eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from tests.support.real_parts import Emulator


# Milliseconds within which every answer is promised: with a catalog in memory, and for a 503 without one.
WARM_MS: Final = 250.0
COLD_MS: Final = 400.0
# An answer that takes as long as this, on any machine, is a hang.
HANG_MS: Final = 60_000.0

# The metric that counts each degradation, in addition to Degraded.
COUNTED_BY: Final = {
    "head": "DegradedHead",
    "catalog": "DegradedCatalog",
    "states": "DegradedCatalog",
    "format": "DegradedCatalog",
    "malformed": "DegradedCatalog",
    "customer": "DegradedCustomer",
    "subscription": "DegradedCustomer",
    "signing": "SigningFailed",
}


TELLING: Final = {*COUNTED_BY.values(), "Unavailable", "NoAnswer", "RejectedForbidden"}


# --- what is expected ---


class Expected(NamedTuple):
    """An expected answer: its status, whose text it has (`good` or `next`, or `nothing`), and its degradations."""

    status: int
    verdict: str
    degraded: frozenset[str]


def good(*degraded: str) -> Expected:
    return Expected(200, "good", frozenset(degraded))


def next_rule(*degraded: str) -> Expected:
    return Expected(200, "next", frozenset(degraded))


UNAVAILABLE: Final = Expected(503, "nothing", frozenset())
ALL_GOOD: Final = dict.fromkeys(CASES, good())
ALL_UNAVAILABLE: Final = dict.fromkeys(CASES, UNAVAILABLE)
OUTDATED: Final = ("head", "states")
UNREAD: Final = ("customer", "subscription")
ALL_OUTDATED: Final[Mapping[str, Expected]] = {
    "message": good(*OUTDATED),
    "facts": next_rule(*OUTDATED, "customer"),
    "both": next_rule(*OUTDATED, *UNREAD),
    "offer": good(*OUTDATED),
}


@dataclass(frozen=True)
class Scenario:
    """A fault of some services, in requests that contain `only`, and the expected answers, in memory and cold.

    None: whether the service is too late depends on the machine, and any lawful answer will do. `heals`: what is needed
    for the first time is read as well, on a new socket.
    """

    name: str
    fault: str
    services: tuple[str, ...]
    warm: Mapping[str, Expected] | None
    cold: Mapping[str, Expected] | None
    only: str = ""
    heals: bool = False


def outage(name: str, fault: str) -> Scenario:
    """Return a fault of DynamoDB and SSM at once, so that the times of all waits add up."""
    return Scenario(f"both {name}", fault, ("dynamodb", "ssm"), ALL_OUTDATED, ALL_UNAVAILABLE)


def without_key(name: str, fault: str) -> Scenario:
    cold = {**ALL_GOOD, "offer": next_rule("signing")}
    return Scenario(f"SSM alone {name}", fault, ("ssm",), ALL_GOOD, cold)


def without_profile(name: str, fault: str) -> Scenario:
    either = {**ALL_GOOD, "facts": next_rule("customer"), "both": next_rule(*UNREAD)}
    return Scenario(f"customers' rows alone: {name}", fault, ("dynamodb",), either, either, only="#customer#")


def without_batches(name: str, fault: str) -> Scenario:
    warm = {**dict.fromkeys(CASES, good("states")), "both": next_rule("states", *UNREAD)}
    return Scenario(name, fault, ("dynamodb",), warm, ALL_UNAVAILABLE)


def late(name: str, fault: str) -> Scenario:
    return Scenario(f"both {name}", fault, ("dynamodb", "ssm"), None, None)


def unnoticed(name: str, fault: str) -> Scenario:
    """Return a fault of sockets that were used before: a new socket answers, and no answer differs."""
    return Scenario(f"both {name}", fault, ("dynamodb", "ssm"), ALL_GOOD, ALL_GOOD, heals=True)


NO_NAMES: Final = "no names"  # not a fault of the proxy: a host name that is not resolved

SCENARIOS: Final = (
    outage("have a name that is not resolved: DNS hangs", NO_NAMES),
    outage("refuse connections", "refuse"),
    outage("never accept a connection", "black hole"),
    outage("never answer in the TLS handshake", "TLS hang"),
    outage("drip the TLS handshake", "TLS drip"),
    outage("hang: the request is read and never answered", "hang"),
    late("are slow by 50 ms a call", "slow 50 ms"),
    late("are slow by 200 ms a call", "slow 200 ms"),
    outage("are slow by 500 ms a call", "slow 500 ms"),
    outage("are slow by 2000 ms a call", "slow 2000 ms"),
    outage("drip a byte every 20 ms, headers first", "drip"),
    outage("drip the body, a byte every 20 ms", "drip body"),
    outage("reset the connection mid-body", "reset"),
    outage("close the connection mid-body", "close mid-body"),
    outage("close the connection instead of answering", "close"),
    unnoticed("reset a connection with its second request", "reset if reused"),
    unnoticed("close a connection with its second request", "close if reused"),
    late("never answer a connection's second request", "hang if reused"),
    outage("answer ProvisionedThroughputExceededException", "throughput"),
    outage("answer ThrottlingException", "throttling"),
    outage("answer AccessDeniedException", "access denied"),
    outage("answer 500 InternalServerError", "server error"),
    outage("answer 500 with an empty body", "empty 500"),
    outage("answer 200 in HTML", "HTML 200"),
    outage("answer 502 in HTML", "HTML 502"),
    outage("send JSON cut off, and no checksum", "truncated"),
    outage("send JSON nested 100 000 deep", "deep"),
    outage("send a list", "list"),
    outage("send members of the wrong types", "wrong types"),
    outage("send rows of the wrong types", "wrong types below"),
    outage("send a wrong checksum", "checksum"),
    outage("announce 10 GB and begin to send them", "enormous"),
    outage("send a body that never ends", "endless"),
    outage("send chunks that never end", "endless chunks"),
    outage("send headers that never end, one a millisecond", "endless headers"),
    outage("send one header that never ends", "endless header"),
    outage("answer 100 Continue and never anything else", "endless 100"),
    outage("send 2 MB of well-formed JSON, as much as is read", "2 MB"),
    outage("send 30 MB of well-formed JSON", "30 MB"),
    without_batches("DynamoDB leaves all keys unprocessed, always", "unprocessed"),
    without_batches("DynamoDB leaves keys unprocessed that were not requested", "unprocessed nonsense"),
    without_key("hangs", "hang"),
    without_key("drips", "drip"),
    without_key("throttles", "throttling"),
    without_key("sends another shape", "wrong types"),
    without_profile("hang", "hang"),
    without_profile("throughput exceeded", "throughput"),
    without_profile("cut off", "truncated"),
    without_profile("members of the wrong types", "wrong types"),
)
# One fault of each kind, for the quick run.
QUICKLY: Final = {
    *("refuse", "hang", "drip", "reset", "throughput", "wrong types", "unprocessed nonsense"),
    *("reset if reused", "hang if reused"),
}


# --- the services behind the endpoint, and what was found ---


@dataclass
class Seen:
    """The answers of one kind, shown in one row of the page."""

    answers: list[Answered] = field(default_factory=list)

    def statuses(self) -> str:
        return ", ".join(str(status) for status in sorted({answer.status for answer in self.answers}))

    def slowest(self) -> str:
        return f"{max((answer.ms for answer in self.answers), default=0):.0f}"

    def degraded(self) -> str:
        return ", ".join(sorted(frozenset().union(*(answer.degraded for answer in self.answers)))) or "nothing"

    def counted(self) -> str:
        metrics = {*COUNTED_BY.values(), "Unavailable", "RejectedForbidden"}
        return (
            ", ".join(sorted(metrics.intersection(*[frozenset().union(*(a.metrics for a in self.answers))])))
            or "nothing"
        )


@dataclass
class Found:
    """The figures for docs/reliability.md."""

    rows: list[tuple[str, ...]] = field(default_factory=list)
    within: Counter[str] = field(default_factory=Counter)
    of: Counter[str] = field(default_factory=Counter)
    lasting: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, name: str, warm: Seen, cold: Seen, recovered: str) -> None:
        self.time("warm", warm.answers, WARM_MS)
        self.time("cold", [answer for answer in cold.answers if answer.status == 503], COLD_MS)
        shown = (warm.statuses(), warm.slowest(), warm.degraded(), warm.counted()) if warm.answers else ("",) * 4
        also = (cold.statuses(), cold.slowest(), cold.counted()) if cold.answers else ("",) * 3
        self.rows.append((name, *shown, *also, recovered))

    def time(self, kind: str, answers: Iterable[Answered], bound: float) -> None:
        times = [answer.ms for answer in answers]
        self.of[kind] += len(times)
        self.within[kind] += sum(ms <= bound for ms in times)


@dataclass
class Services:
    """DynamoDB and SSM, each behind a proxy."""

    dynamodb: FaultProxy
    ssm: FaultProxy
    client: Any

    def table(self) -> str:
        """Make a table with a release, under a new name: the tests share one DynamoDB Local."""
        name = f"faults-{uuid.uuid4()}"
        create_table(self.client, name)
        fill(self.client, name)
        return name

    def repair(self, table: str) -> None:
        """Repair the table as its owner would: publish, import states, and write the customer's profile."""
        if table not in self.client.list_tables()["TableNames"]:
            create_table(self.client, table)
        empty(self.client, table)
        for _ in range(3):  # the numbers of releases go on
            fill(self.client, table)

    @contextlib.contextmanager
    def suffering(self, scenario: Scenario) -> Iterator[None]:
        if scenario.fault == NO_NAMES:
            with without_names():
                yield
            return
        proxies = [{"dynamodb": self.dynamodb, "ssm": self.ssm}[name] for name in scenario.services]
        with ExitStack() as faults:
            for proxy in proxies:
                faults.enter_context(proxy.suffering(scenario.fault, scenario.only))
            yield
        if scenario.fault not in {"refuse", "black hole"}:  # with these, no request reaches the proxy
            assert proxies[0].met, "the fault never occurred"


@contextlib.contextmanager
def without_names() -> Iterator[None]:
    """Let every look-up of a name hang, inside this process: the machine's resolver is shared, unlike the proxies."""
    answered, look_up = threading.Event(), socket.getaddrinfo

    def hang(*wanted: Any, **more: Any) -> Any:
        answered.wait(PATIENCE)
        return look_up(*wanted, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", hang)
        yield
    answered.set()


@pytest.fixture(scope="module")
def services(dynamodb_local: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    """Both services behind proxies, over TLS, and an `app` that takes the test authority's root for Apple's."""
    with pytest.MonkeyPatch.context() as patch, ExitStack() as parts:
        patch.setattr(load_app(), "APPLE_ROOT_FINGERPRINT", AUTHORITY.fingerprint)
        certificate = parts.enter_context(trusted(tmp_path_factory.mktemp("faults")))
        ssm_url = parts.enter_context(embedded_dynamodb())
        parameters: Any = get_session().create_client("ssm", endpoint_url=ssm_url)
        parameters.put_parameter(Name=f"{PREFIX}/{KEY_ID}", Value=PEM, Type="SecureString")
        yield Services(
            parts.enter_context(FaultProxy(dynamodb_local, certificate)),
            parts.enter_context(FaultProxy(ssm_url, certificate)),
            get_session().create_client("dynamodb", endpoint_url=dynamodb_local),
        )


@pytest.fixture(scope="module")
def table(services: Services) -> str:
    return services.table()


@pytest.fixture(scope="module")
def found() -> Iterator[Found]:
    figures = Found()
    yield figures
    columns = (
        *("fault", "in memory: status", "ms (max)", "degraded", "counted by"),
        *("cold: status", "ms (max)", "counted by", "recovers"),
    )
    keep("faults", _page_text(figures), columns, figures.rows)


def _page_text(found: Found) -> str:
    kept = (
        f"{found.within['warm']} of {found.of['warm']} answers with the catalog in memory took at most "
        f"{WARM_MS:.0f} ms. {found.within['cold']} of {found.of['cold']} refusals without a catalog took at most "
        f"{COLD_MS:.0f} ms."
    )
    how = (
        "Real signed requests to the endpoint, wired as in Lambda with its own connections, in one process. DynamoDB "
        "Local and moto's SSM are behind proxies in processes of their own, over TLS. Rows that begin with \"under "
        "Lambda's runtime\" use the built artefact. *In memory*: a message, an answer by a customer's profile, one by "
        "the profile and what Apple has reported, and a signed offer, with head, states and key all due to be read "
        "again, each requested twice, then an offer whose key is needed for the first time. *Cold*: the same four, "
        "twice, by an endpoint with an empty memory. "
        "Degradations and metrics are those of all answers of a row. *Recovers*: the time after the fault until all "
        "four were answered normally."
    )
    lasting = (
        f"{size(200, 15)} requests in a row during a fault, each of which gives up a call at its deadline: "
        f"{'; '.join(found.lasting)}; afterwards there was no socket and no thread more than before, except one idle "
        "thread for each service, which looks up its host's name."
    )
    return "\n\n".join([kept, how, " ".join([lasting, *found.notes])])


def judge(answered: Answered) -> Answered:
    """Check what holds in every fault: no hang, no bug, no wrong text, and each degradation counted."""
    assert answered.ms < HANG_MS
    assert answered.status in {200, 204, 503}, answered
    assert answered.verdict != "wrong", answered
    assert (answered.status == 503) == ("Unavailable" in answered.metrics)
    assert (answered.status == 204) == ("NoAnswer" in answered.metrics)
    assert {COUNTED_BY[reason] for reason in answered.degraded} <= answered.metrics
    assert bool(answered.degraded) == ("Degraded" in answered.metrics)
    return answered


def lawful(answered: Answered) -> Answered:
    """Check an answer where every text may be shown: another text than the best one only for a degradation."""
    judge(answered)
    assert answered.status != 204, answered
    assert answered.verdict != "next" or answered.degraded & {*UNREAD, "signing"}, answered
    return answered


def ask(bench: EndpointWithFaults, case: str, expected: Mapping[str, Expected] | None) -> Answered:
    """Ask, and return the answer if it is the expected one.

    On a busy machine a service seems late, and more is degraded than the fault causes: then ask again. An answer with
    fewer or other degradations fails the test.
    """
    if expected is None:
        return lawful(bench.post(case))
    for _ in attempts():
        answered = judge(bench.post(case))
        if Expected(answered.status, answered.verdict, answered.degraded) == expected[case]:
            return answered
        assert answered.status == 503 or answered.degraded > expected[case].degraded, answered
        bench.later(EVERYTHING_DUE)
    raise AssertionError(answered)


def bench_of(services: Services, table: str) -> EndpointWithFaults:
    dynamodb, ssm = connection("dynamodb", services.dynamodb.url), connection("ssm", services.ssm.url)
    return make_endpoint_with_faults(table, dynamodb, ssm)


def recovered(bench: EndpointWithFaults, after: float = QUIET_SECONDS) -> str:
    """Check that all calls have ended, and that the endpoint recovers `after` seconds later. Returns that as text."""
    assert bench.settled()
    for _ in attempts():  # on a busy machine a service seems slow: then wait and ask again
        bench.later(after)
        answers = [bench.post(case) for case in CASES]
        if all(answer.verdict == "good" and not answer.degraded for answer in answers):
            return f"after {after:.0f} s" if after else "at once"
    raise AssertionError(answers)


# --- faults of the network and of the services ---


@pytest.mark.parametrize(
    "scenario",
    [each for each in SCENARIOS if size(1, 0) or each.fault in QUICKLY],
    ids=lambda scenario: scenario.name.replace(" ", "-"),
)
def test_a_fault_degrades_as_documented_and_leaves_nothing_behind(
    services: Services, table: str, found: Found, scenario: Scenario
) -> None:
    """In a fault, memory answers; a cold endpoint answers what it can, else 503; each is counted, and all recover."""
    warm, cold = Seen(), Seen()
    bench = bench_of(services, table)
    bench.load()
    fresh = [bench_of(services, table) for _ in range(size(2, 1))]
    if scenario.fault == NO_NAMES:
        bench.close()  # an open connection needs no name
    with services.suffering(scenario):
        for _ in range(size(3, 1)):
            bench.later(EVERYTHING_DUE)
            warm.answers += [ask(bench, case, scenario.warm) for case in (*CASES, *CASES)]
        if "ssm" in scenario.services:
            bench.keys.forget()  # so that the key is needed for the first time
            for _ in range(2):
                answered = bench.post("offer")
                lawful(answered)
                lost = (answered.verdict, "signing" in answered.degraded) == ("next", True)
                assert scenario.warm is None or scenario.heals or lost
                warm.answers.append(answered)
        for each in fresh:
            cold.answers += [ask(each, case, scenario.cold) for case in (*CASES, *CASES)]
    for each in (bench, *fresh):
        recovery = recovered(each)
        each.close()
    found.add(scenario.name, warm, cold, recovery)


# --- a fault that lasts ---


@pytest.mark.parametrize("fault", [NO_NAMES, "black hole", "TLS hang", "hang", "drip"][:: size(1, 3)])
def test_many_requests_while_a_fault_lasts_leave_neither_threads_nor_sockets(
    services: Services, table: str, found: Found, fault: str
) -> None:
    """Each request needs rows of the customer that never come; at most MAX_ABANDONED calls stay, none in the end."""
    scenario = next(each for each in SCENARIOS if each.fault == fault)
    bench = bench_of(services, table)
    bench.load()
    answers, behind, threads, sockets = [], 0, threading.active_count(), open_files()
    if fault == NO_NAMES:
        bench.close()
    with services.suffering(scenario):
        for number in range(size(200, 15)):
            if not number % 10:
                bench.later(EVERYTHING_DUE)
            answered = bench.post(("facts", "both")[number % 2])
            lawful(answered)
            assert (answered.verdict, "customer" in answered.degraded) == ("next", True)
            answers.append(answered)
            behind = max(behind, bench.hung_lookups())
    assert behind <= MAX_ABANDONED
    assert bench.settled()
    # One thread of each service stays idle, for the next look-up of its host. The proxy's own are in this process, too.
    assert eventually(lambda: threading.active_count() <= threads + 2)
    bench.close()
    assert eventually(lambda: open_files() <= sockets)
    found.time("warm", answers, WARM_MS)
    slowest = max(answered.ms for answered in answers)
    found.lasting.append(f"*{scenario.name}*, slowest {slowest:.0f} ms, at most {behind} left behind")


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


# --- damaged rows in the table ---


KEEPS_LAST_GOOD: Final = (dict.fromkeys(CASES, good("malformed")), ALL_UNAVAILABLE)
KEEPS_READABLE: Final = (dict.fromkeys(CASES, good("format")), ALL_UNAVAILABLE)
KEEPS_HEAD: Final = (dict.fromkeys(CASES, good("head")), ALL_UNAVAILABLE)
NOTHING_APPROVED: Final = (dict.fromkeys(CASES, Expected(204, "nothing", frozenset())),) * 2
TEXTS_PASSED_OVER: Final = ({**dict.fromkeys(CASES, next_rule()), "message": good()},) * 2
FACT_UNKNOWN: Final = ({**ALL_GOOD, "facts": next_rule(), "both": next_rule()},) * 2
REPORT_UNKNOWN: Final = ({**ALL_GOOD, "both": next_rule()},) * 2
REPORT_UNREADABLE: Final = ({**ALL_GOOD, "both": next_rule("subscription")},) * 2

CONTENT: Final[Mapping[str, tuple[Damage, tuple[Mapping[str, Expected], Mapping[str, Expected]]]]] = {
    "a head without `current`": (head("current"), KEEPS_HEAD),
    "a head whose `current` is text": (head(current={"S": "one"}), KEEPS_HEAD),
    "a head whose `current` is 1.5": (head(current={"N": "1.5"}), KEEPS_HEAD),
    "a head whose `customerKey` is text": (head(customerKey={"S": "secret"}), KEEPS_HEAD),
    "a head whose `catalogVersion` is a list": (head(catalogVersion={"L": []}), KEEPS_HEAD),
    "a head whose `paused` is text": (head(paused={"S": "no"}), KEEPS_HEAD),
    "a head that names a release that is not there": (head(current={"N": "99"}), KEEPS_LAST_GOOD),
    "no head": (no_head, KEEPS_HEAD),
    "a release without settings": (no_settings, KEEPS_LAST_GOOD),
    "a release without its sheets": (no_sheets, KEEPS_LAST_GOOD),
    "a release of a newer format": (settings(format={"N": str(FORMAT + 1)}), KEEPS_READABLE),
    "settings whose `format` is text": (settings(format={"S": "1"}), KEEPS_LAST_GOOD),
    "settings without the roll of products": (settings("products"), KEEPS_LAST_GOOD),
    "settings that are gibberish": (settings(document=GIBBERISH), KEEPS_LAST_GOOD),
    "settings that are a list": (settings(**document(b"[]")), KEEPS_LAST_GOOD),
    "settings that are no JSON": (settings(**document(b"{")), KEEPS_LAST_GOOD),
    "sheets that are gibberish": (every_sheet(document=GIBBERISH), KEEPS_LAST_GOOD),
    "sheets with another digest": (every_sheet(digest={"S": "0" * 64}), KEEPS_LAST_GOOD),
    "sheets without a digest": (every_sheet("digest"), KEEPS_LAST_GOOD),
    "sheets that are a number": (every_sheet(**document(b"7")), KEEPS_LAST_GOOD),
    "sheets with a rule of no kind": (every_sheet(**document(b'{"product":null,"rules":[{}]}')), KEEPS_LAST_GOOD),
    "message rows without a state": (messages(LOYAL, OFFER, gone="state"), TEXTS_PASSED_OVER),
    "message rows whose state is a list": (messages(LOYAL, OFFER, state={"L": []}), TEXTS_PASSED_OVER),
    "message rows whose images are text": (messages(LOYAL, OFFER, images={"S": "hero"}), TEXTS_PASSED_OVER),
    "message rows that are all without a state": (messages(*MESSAGES, gone="state"), NOTHING_APPROVED),
    "no message rows": (no_messages(*MESSAGES), (dict.fromkeys(CASES, good("states")), ALL_UNAVAILABLE)),
    "a profile whose fact is text": (profile(tenureDays={"S": "many"}), FACT_UNKNOWN),
    "a profile whose fact is a map": (profile(tenureDays={"M": {"days": {"N": "412"}}}), FACT_UNKNOWN),
    "a profile whose `expiresAt` is text": (profile(expiresAt={"S": "tomorrow"}), FACT_UNKNOWN),
    "what Apple has reported with another digest": (reported(digest={"S": "0" * 64}), REPORT_UNREADABLE),
    "what Apple has reported as gibberish": (reported(document=GIBBERISH), REPORT_UNREADABLE),
    "what Apple has reported without a document": (reported("document"), REPORT_UNREADABLE),
    "what Apple has reported as a list": (reported(**document(b"[]")), REPORT_UNREADABLE),
    "what Apple has reported, whose `expiresAt` is text": (reported(expiresAt={"S": "tomorrow"}), REPORT_UNKNOWN),
    "no row at all": (
        empty,
        ({**ALL_OUTDATED, "facts": next_rule(*OUTDATED), "both": next_rule(*OUTDATED)}, ALL_UNAVAILABLE),
    ),
    "no table at all": (no_table, (ALL_OUTDATED, ALL_UNAVAILABLE)),
}


@pytest.mark.parametrize("name", list(CONTENT)[:: size(1, 5)], ids=lambda name: name.replace(" ", "-"))
def test_a_damaged_table_never_reaches_a_customer(services: Services, found: Found, name: str) -> None:
    """The last good catalog is served on, a message without a readable state is passed over, and a repair is read."""
    damage, (in_memory, cold_expected) = CONTENT[name]
    table = services.table()
    bench, fresh = bench_of(services, table), bench_of(services, table)
    bench.load()
    damage(services.client, table)
    bench.later(EVERYTHING_DUE)
    warm, cold = Seen(), Seen()
    for _ in range(2):
        warm.answers += [ask(bench, case, in_memory) for case in CASES]
        cold.answers += [ask(fresh, case, cold_expected) for case in CASES]
    services.repair(table)
    for each in (bench, fresh):
        recovery = recovered(each, 0 if "profile" in name or "reported" in name else HEAD_SECONDS)
        each.close()
    found.add(f"in the table: {name}", warm, cold, recovery)


ARMS: Final = [
    ["a", 5000, {"kind": "message", "set": "keep"}],
    ["b", 5000, {**DISCOUNT, "signature": "v1"}],
]
EVERY_KIND: Final[tuple[dict[str, Any], ...]] = (
    {
        "when": [
            *("all", ["any", ["is", "productId", ["message"]], ["starts", "userLocale", ["fr"]]]),
            *(["not", ["least", "customer.tenureDays", 1000]], ["present", "customer.tenureDays"]),
        ],
        "answer": {"kind": "advancedCommerce", "set": "keep", "request": {"requestInfo": {}, "changeItems": [{}]}},
    },
    {"answer": {"kind": "alternateProduct", "set": "keep", "productId": "facts", "group": "pro"}},
    {"experiment": {"key": "salt", "arms": ARMS}},
    {
        "when": ["any", ["least", "subscription.renewals", 9], ["not", ["present", "subscription.tenureDays"]]],
        "answer": {**DISCOUNT, "signature": "v2", "limit": {"times": 1, "days": 90, "of": "any"}},
    },
    {"answer": {**DISCOUNT, "signature": "v2"}},
    {"answer": {"kind": "message", "set": "keep"}},
)


class OneKey:
    """Stands in for SSM: has one parameter."""

    def call(self, _operation: str, _request: Mapping[str, Any], _deadline: object) -> dict[str, Any]:
        return {"Parameter": {"Value": PEM}}

    def close(self) -> None:
        pass


@pytest.mark.usefixtures("services")
def test_a_release_edited_at_random_is_answered_or_refused(found: Found) -> None:
    """A release with random edits under a right digest is answered with 200 or 204, or refused with 503; never 500."""
    chance, answers, tried = random.Random(5), Counter[int](), size(3000, 100)
    for _ in range(tried):
        bench = make_endpoint_with_faults(TABLE, edited_table(chance), OneKey())
        for case, locale in (("message", "en-US"), ("facts", "fr-FR"), ("both", "fr-FR"), ("offer", "en-US")):
            with contextlib.redirect_stdout(io.StringIO()):
                response = bench.endpoint.respond(event(case, bench.now(), locale))
            response.get("body", "").encode()  # no unpaired surrogates
            answers[response["statusCode"]] += 1
    assert {200, 503} <= set(answers) <= {200, 204, 503}
    statuses = ", ".join(f"{status}: {answers[status]}" for status in sorted(answers))
    found.notes.append(
        f"{tried} releases were loaded whose settings and sheets had been edited at random under a correct digest, and "
        "every second time what Apple had reported of the customer as well; "
        f"answers by status: {statuses}."
    )


def edited_table(chance: random.Random) -> FakeTable:
    """Return a table whose release has edited settings or, three times out of four, edited sheets."""
    rules = [{"name": str(n), "when": None, "from": None, "until": None, **rule} for n, rule in enumerate(EVERY_KIND)]
    table = FakeTable()
    table.publish(1, {}, settings={})
    spoil_settings = not chance.randrange(4)

    def written(original: Any, *, spoil: bool) -> dict[str, Any]:
        return document(edited(original, chance) if spoil else json.dumps(original).encode())

    edited_settings: Any = {**SETTINGS, "signs": True, "locales": {"default": "en-US", "fallbacks": {"fr": ["en-US"]}}}
    roll = rows.settings_attributes({}, FORMAT, CASES)
    table.put(rows.settings_key(APP, 1), {**roll, **written(edited_settings, spoil=spoil_settings)})
    for case, sheet in sheets().items():
        product = sheet["product"] and {**sheet["product"], "advancedCommerce": True}
        edited_sheet = {**sheet, "product": product, "rules": chance.sample(rules, len(rules))}
        table.put(rows.sheet_key(APP, 1, case), written(edited_sheet, spoil=not spoil_settings))
    for message in MESSAGES:
        table.state(message, "APPROVED")
    table.put(rows.profile_key(APP, CUSTOMER), {"tenureDays": {"N": "412"}})
    table.put(rows.subscription_key(APP, CUSTOMER), written(to_document(REPORTED), spoil=bool(chance.randrange(2))))
    return table


# --- clocks ---


@pytest.mark.parametrize(("hours", "jump"), [(1, "an hour ahead"), (-1, "an hour back"), (175_320, "20 years ahead")])
def test_a_wall_clock_that_jumps_refuses_but_keeps_its_catalog(
    services: Services, table: str, found: Found, hours: int, jump: str
) -> None:
    """A request that our wall clock finds too old or too new is refused; nothing has to be read again for it."""
    bench = bench_of(services, table)
    bench.load()
    true = bench.now()
    bench.skew = timedelta(hours=hours)
    refused = Seen([bench.post(case, at=true) for case in CASES])
    assert {(answered.status, answered.reason) for answered in refused.answers} == {
        (403, "too_old" if hours > 0 else "too_new")
    }
    assert all("RejectedForbidden" in answered.metrics for answered in refused.answers)
    for case in CASES:  # if Apple's clock jumped as well, every request is answered
        ask(bench, case, ALL_GOOD)
    bench.skew = timedelta()
    for case in CASES:
        ask(bench, case, ALL_GOOD)
    bench.close()
    found.add(f"the wall clock jumps {jump}", refused, Seen(), "at once")


def test_a_process_that_was_frozen_for_a_week_reads_everything_again(
    services: Services, table: str, found: Found
) -> None:
    """After a week by the clock of ages, everything is read again before it is served."""
    bench = bench_of(services, table)
    bench.load()
    bench.later(7 * 24 * 3600)
    thawed = Seen([ask(bench, case, ALL_GOOD) for case in CASES])
    bench.close()
    found.add("the clock of ages jumps a week ahead", thawed, Seen(), "at once")


# --- the built artefact, under Lambda's runtime ---


@dataclass
class Function:
    """One execution environment, and the log line of each request."""

    emulator: Emulator

    def post(self, case: str, locale: str = "en-US") -> Answered:
        before = len(self._lines())
        answer = self.emulator.invoke(event(case, datetime.now(UTC), locale))
        answered = read_line(case, "\n".join(self._lines()[before:]), answer.get("body"))
        assert answered.status == answer["statusCode"]
        return answered

    def post_until_good(self, case: str) -> Answered:
        for _ in attempts(0.2):
            answered = self.post(case)
            if answered.verdict == "good" and not answered.degraded:
                return answered
        raise AssertionError(answered)

    def _lines(self) -> list[str]:
        return [line for line in self.emulator.log.splitlines() if line.startswith("{")]


@pytest.fixture
def function(
    services: Services, table: str, emulator: Callable[[Mapping[str, str]], Emulator]
) -> Callable[..., Function]:
    """Return a function that starts an environment of the built artefact, with the proxies in AWS's place."""
    variables = {
        **function_environment(services.dynamodb.url, APP, trust_anchor=AUTHORITY.root_der),
        "AWS_ENDPOINT_URL_SSM": services.ssm.url,
        "AWS_CA_BUNDLE": os.environ["AWS_CA_BUNDLE"],
        "RETENTION_TABLE": table,
        "RETENTION_KEY_PREFIX": PREFIX,
    }
    return lambda on=table: Function(emulator({**variables, "RETENTION_TABLE": on}))


UNDER_LAMBDA: Final = ("hang", "refuse", "black hole", "TLS hang", "slow 500 ms", "drip", "reset", "endless", "30 MB")


def test_the_built_artefact_answers_in_each_fault(
    services: Services, found: Found, function: Callable[..., Function]
) -> None:
    """One environment goes through the faults in turn; a new locale stands for an empty memory.

    The release is changed to name no sheets to read ahead, so that a new locale has to be read.
    """
    table = services.table()
    settings_key = rows.settings_key(APP, 1)
    services.client.update_item(
        TableName=table,
        Key=settings_key,
        UpdateExpression="REMOVE #first",
        ExpressionAttributeNames={"#first": "first"},
    )
    environment = function(table)
    for case in ("message", "facts"):
        environment.post_until_good(case)
    time.sleep(size(int(HEAD_SECONDS), 0))  # then head is due to be read, and again after each failure
    for fault in UNDER_LAMBDA[:: size(1, 3)]:
        scenario = next(each for each in SCENARIOS if each.fault == fault)
        warm, cold = Seen(), Seen()
        with services.suffering(scenario):
            for number in range(3):
                warm.answers += [environment.post(case) for case in ("facts", "message")]
                cold.answers.append(environment.post("message", f"x{number}-{uuid.uuid4().hex[:8]}"))
        for answered in (*warm.answers, *cold.answers):
            lawful(answered)
        assert {answered.verdict for answered in warm.answers} == {"good", "next"}
        assert {answered.status for answered in cold.answers} == {503}
        began = time.monotonic()
        for case in ("message", "facts"):
            environment.post_until_good(case)
        took = time.monotonic() - began
        found.add(f"under Lambda's runtime: {scenario.name}", warm, cold, f"after {took:.1f} s")


@pytest.mark.parametrize("fault", ["refuse", "hang", "drip"][:: size(1, 3)])
def test_an_environment_that_starts_in_a_fault_refuses_and_recovers(
    services: Services, found: Found, function: Callable[..., Function], fault: str
) -> None:
    """Started in a fault, an environment answers its first requests with 503, counted; after the fault it recovers."""
    scenario = next(each for each in SCENARIOS if each.fault == fault)
    environment, cold = function(), Seen()
    with services.suffering(scenario):
        cold.answers += [environment.post(case) for case in ("message", "facts")]
    for answered in cold.answers:
        lawful(answered)
        assert answered.status == 503
    for case in ("message", "facts"):
        environment.post_until_good(case)
    found.add(f"under Lambda's runtime, from its first start: {scenario.name}", Seen(), cold, "next request")
