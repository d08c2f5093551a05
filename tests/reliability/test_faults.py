"""Whatever fails behind the endpoint: an answer in time, never a wrong one, counted, and all well once it ends."""

from __future__ import annotations

import uuid
from collections import Counter
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pytest
from botocore.session import get_session
from endpoint_bench import AUTHORITY, load_app
from evidence import keep, size
from fault_bench import CASES, EVERYTHING_DUE, KEY_ID, PEM, PREFIX, Answered, Bench, fill, make_bench
from fault_proxy import FaultProxy, self_signed
from retention.connection import _tls
from retention.store import QUIET_SECONDS

from console.local.surroundings import embedded_dynamodb
from console.releases import create_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

pytestmark = pytest.mark.real

# Milliseconds within which every answer is promised: with a catalog in memory, and 503 without one.
WARM_MS: Final = 250.0
COLD_MS: Final = 400.0
# No answer may take as long as this, on whatever machine: that would be a hang.
HANG_MS: Final = 5000.0

# What each degradation is counted by, besides Degraded.
COUNTED_BY: Final = {
    "head": "DegradedHead",
    "catalog": "DegradedCatalog",
    "states": "DegradedCatalog",
    "format": "DegradedCatalog",
    "malformed": "DegradedCatalog",
    "customer": "DegradedCustomer",
    "signing": "SigningFailed",
}


TELLING: Final = {*COUNTED_BY.values(), "Unavailable", "RejectedForbidden"}


# --- what is expected ---


class Expected(NamedTuple):
    """One answer: its status, whose text it says, and what its line calls degraded."""

    status: int
    said: str
    degraded: frozenset[str]


def good(*degraded: str) -> Expected:
    return Expected(200, "good", frozenset(degraded))


def next_rule(*degraded: str) -> Expected:
    return Expected(200, "next", frozenset(degraded))


UNAVAILABLE: Final = Expected(503, "nothing", frozenset())
ALL_GOOD: Final = dict.fromkeys(CASES, good())
ALL_UNAVAILABLE: Final = dict.fromkeys(CASES, UNAVAILABLE)
OUTDATED: Final = ("head", "states")


@dataclass(frozen=True)
class Scenario:
    """A fault, in which services, in requests that hold `only`; and what becomes of each case, in memory and cold.

    None: it depends on whether the service is late by more than there is time, and any lawful answer will do.
    """

    name: str
    fault: str
    services: tuple[str, ...]
    warm: Mapping[str, Expected] | None
    cold: Mapping[str, Expected] | None
    only: str = ""


def outage(name: str, fault: str) -> Scenario:
    """Return DynamoDB and SSM both failing: the sum of all waits."""
    warm = {"message": good(*OUTDATED), "facts": next_rule(*OUTDATED, "customer"), "offer": good(*OUTDATED)}
    return Scenario(f"both {name}", fault, ("dynamodb", "ssm"), warm, ALL_UNAVAILABLE)


def without_key(name: str, fault: str) -> Scenario:
    cold = {**ALL_GOOD, "offer": next_rule("signing")}
    return Scenario(f"SSM alone {name}", fault, ("ssm",), ALL_GOOD, cold)


def without_profile(name: str, fault: str) -> Scenario:
    either = {**ALL_GOOD, "facts": next_rule("customer")}
    return Scenario(f"customers' profiles alone: {name}", fault, ("dynamodb",), either, either, only="#customer#")


def without_batches(name: str, fault: str) -> Scenario:
    return Scenario(name, fault, ("dynamodb",), dict.fromkeys(CASES, good("states")), ALL_UNAVAILABLE)


def late(name: str, fault: str) -> Scenario:
    return Scenario(f"both {name}", fault, ("dynamodb", "ssm"), None, None)


SCENARIOS: Final = (
    outage("refuse connections", "refuse"),
    outage("let nobody in: a connection is never accepted", "black hole"),
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
    outage("say ProvisionedThroughputExceededException", "throughput"),
    outage("say ThrottlingException", "throttling"),
    outage("say AccessDeniedException", "access denied"),
    outage("say 500 InternalServerError", "server error"),
    outage("say 500 and nothing else", "empty 500"),
    outage("say 200 in HTML", "HTML 200"),
    outage("say 502 in HTML", "HTML 502"),
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
    outage("say 100 Continue and never anything else", "endless 100"),
    outage("send 2 MB of well-formed JSON, as much as is read", "2 MB"),
    outage("send 30 MB of well-formed JSON", "30 MB"),
    without_batches("DynamoDB leaves all keys unprocessed, always", "unprocessed"),
    without_batches("DynamoDB leaves keys unprocessed that nobody asked for", "unprocessed nonsense"),
    without_key("hangs", "hang"),
    without_key("drips", "drip"),
    without_key("throttles", "throttling"),
    without_key("sends another shape", "wrong types"),
    without_profile("hang", "hang"),
    without_profile("throughput exceeded", "throughput"),
    without_profile("cut off", "truncated"),
    without_profile("members of the wrong types", "wrong types"),
)
# One of each kind, where there is little time.
QUICKLY: Final = {"refuse", "black hole", "hang", "drip", "reset", "throughput", "wrong types", "unprocessed nonsense"}


# --- the services behind, and what was found ---


@dataclass
class Seen:
    """The answers of one kind, to be told in a row."""

    answers: list[Answered] = field(default_factory=list)

    def statuses(self) -> str:
        return ", ".join(str(status) for status in sorted({answer.status for answer in self.answers}))

    def slowest(self) -> str:
        return f"{max((answer.ms for answer in self.answers), default=0):.0f}"

    def degraded(self) -> str:
        return ", ".join(sorted(frozenset().union(*(answer.degraded for answer in self.answers)))) or "nothing"

    def counted(self) -> str:
        told = {*COUNTED_BY.values(), "Unavailable", "RejectedForbidden"}
        return (
            ", ".join(sorted(told.intersection(*[frozenset().union(*(a.metrics for a in self.answers))]))) or "nothing"
        )


@dataclass
class Found:
    """What the page tells."""

    rows: list[tuple[str, ...]] = field(default_factory=list)
    within: Counter[str] = field(default_factory=Counter)
    of: Counter[str] = field(default_factory=Counter)
    also: list[str] = field(default_factory=list)

    def add(self, name: str, warm: Seen, cold: Seen, recovered: str) -> None:
        self.time("warm", warm.answers, WARM_MS)
        self.time("cold", [answer for answer in cold.answers if answer.status == 503], COLD_MS)
        told = (warm.statuses(), warm.slowest(), warm.degraded(), warm.counted()) if warm.answers else ("",) * 4
        also = (cold.statuses(), cold.slowest(), cold.counted()) if cold.answers else ("",) * 3
        self.rows.append((name, *told, *also, recovered))

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
        """Make a table with a release, of its own name: the part is shared."""
        name = f"faults-{uuid.uuid4()}"
        create_table(self.client, name)
        fill(self.client, name)
        return name

    @contextmanager
    def suffering(self, scenario: Scenario) -> Iterator[None]:
        proxies = [{"dynamodb": self.dynamodb, "ssm": self.ssm}[name] for name in scenario.services]
        with ExitStack() as faults:
            for proxy in proxies:
                faults.enter_context(proxy.suffering(scenario.fault, scenario.only))
            yield
        if scenario.fault not in {"refuse", "black hole"}:  # those meet nobody
            assert proxies[0].met, "the fault never came about"


@pytest.fixture(scope="module")
def services(dynamodb_local: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    """Both services behind proxies, over TLS, and an `app` that takes the test authority for Apple."""
    directory: Path = tmp_path_factory.mktemp("faults")
    certificate, key = self_signed("127.0.0.1")
    (directory / "proxy.pem").write_bytes(certificate + key)
    with pytest.MonkeyPatch.context() as patch, ExitStack() as parts:
        patch.setenv("AWS_CA_BUNDLE", str(directory / "proxy.pem"))
        patch.setattr(load_app(), "APPLE_ROOT_FINGERPRINT", AUTHORITY.fingerprint)
        _tls.cache_clear()
        parts.callback(_tls.cache_clear)
        ssm_url = parts.enter_context(embedded_dynamodb())
        parameters: Any = get_session().create_client("ssm", endpoint_url=ssm_url)
        parameters.put_parameter(Name=f"{PREFIX}/{KEY_ID}", Value=PEM, Type="SecureString")
        yield Services(
            parts.enter_context(FaultProxy(dynamodb_local, directory / "proxy.pem")),
            parts.enter_context(FaultProxy(ssm_url, directory / "proxy.pem")),
            get_session().create_client("dynamodb", endpoint_url=dynamodb_local),
        )


@pytest.fixture(scope="module")
def table(services: Services) -> str:
    return services.table()


@pytest.fixture(scope="module")
def found() -> Iterator[Found]:
    told = Found()
    yield told
    columns = (
        *("fault", "in memory: status", "ms (max)", "degraded", "counted by"),
        *("cold: status", "ms (max)", "counted by", "recovers"),
    )
    keep("faults", _said(told), columns, told.rows)


def _said(found: Found) -> str:
    return (
        f"{found.within['warm']} of {found.of['warm']} answers with the catalog in memory took at most "
        f"{WARM_MS:.0f} ms, and {found.within['cold']} of {found.of['cold']} refusals without one at most "
        f"{COLD_MS:.0f} ms. " + " ".join(found.also)
    )


def judge(answered: Answered) -> None:
    """Whatever the fault: no hang, no bug, no wrong text, no silent or uncounted degradation."""
    assert answered.ms < HANG_MS
    assert answered.status in {200, 503}, answered
    assert answered.said != "wrong", answered
    assert (answered.status == 503) == (answered.said == "nothing") == ("Unavailable" in answered.metrics)
    if answered.said == "next":
        assert answered.degraded & {"customer", "signing"}, answered
    assert {COUNTED_BY[reason] for reason in answered.degraded} <= answered.metrics
    assert bool(answered.degraded) == ("Degraded" in answered.metrics)


def check(answered: Answered, expected: Mapping[str, Expected] | None) -> Answered:
    judge(answered)
    if expected is not None:
        assert Expected(answered.status, answered.said, answered.degraded) == expected[answered.case], answered
    return answered


def bench_of(services: Services, table: str) -> Bench:
    return make_bench(table, services.dynamodb.url, services.ssm.url)


def recovered(bench: Bench) -> str:
    """Everything left behind has ended, and once memory has been left alone long enough, all is well."""
    assert bench.settled()
    bench.later(QUIET_SECONDS)
    answers = [bench.post(case) for case in CASES]
    if not all(answer.said == "good" and not answer.degraded for answer in answers):
        bench.later(QUIET_SECONDS)  # a machine that was busy elsewhere looks like a slow service
        answers = [bench.post(case) for case in CASES]
    assert all(answer.said == "good" and not answer.degraded for answer in answers), answers
    return "next request"


# --- faults of the network and of the services ---


@pytest.mark.parametrize(
    "scenario",
    [each for each in SCENARIOS if size(1, 0) or each.fault in QUICKLY],
    ids=lambda scenario: scenario.name.replace(" ", "-"),
)
def test_a_fault_degrades_as_documented_and_leaves_nothing_behind(
    services: Services, table: str, found: Found, scenario: Scenario
) -> None:
    """From memory all is answered, cold what can be and 503 for the rest; each counted; all well once it ends."""
    warm, cold = Seen(), Seen()
    bench = bench_of(services, table)
    bench.load()
    fresh = [bench_of(services, table) for _ in range(size(2, 1))]
    with services.suffering(scenario):
        for _ in range(size(3, 1)):
            bench.later(EVERYTHING_DUE)
            warm.answers += [check(bench.post(case), scenario.warm) for case in (*CASES, *CASES)]
        if "ssm" in scenario.services:
            bench.keys.forget()  # a key that is needed for the first time
            for _ in range(2):
                answered = bench.post("offer")
                judge(answered)
                assert scenario.warm is None or (answered.said, "signing" in answered.degraded) == ("next", True)
                warm.answers.append(answered)
        for each in fresh:
            cold.answers += [check(each.post(case), scenario.cold) for case in (*CASES, *CASES)]
    for each in (bench, *fresh):
        recovery = recovered(each)
        each.close()
    found.add(scenario.name, warm, cold, recovery)
