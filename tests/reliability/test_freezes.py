"""The function is frozen between requests while connections are cut, as Lambda freezes every environment.

The built artefact under Lambda's runtime is stopped and continued, as its environment is between two requests. During
the stop its wall clock advances by seconds or weeks, connections end in several ways, and the owner publishes or
pauses.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import signal
import time
import uuid
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import pytest
from botocore.session import get_session
from retention.aws.app_table import AppTable
from retention.lookup.head import HEAD_SECONDS
from retention.lookup.store import CACHED_SECONDS

from console.local.embedded_stack import function_environment
from console.local.rows import create_table
from console.releases.head import pause, resume
from tests.support.endpoint_on_fakes import AUTHORITY
from tests.support.endpoint_with_faults import event, fill
from tests.support.fake_table import APP
from tests.support.fault_proxy import FaultProxy, trusted
from tests.support.function_process import FunctionProcess, new_mark
from tests.support.real_parts import Emulator, free_port
from tests.support.reliability_page import keep, size
from tests.support.waiting import attempts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tests.support.real_parts import Artefact

    Change: TypeAlias = Callable[["Owner"], None]
    Lines: TypeAlias = list[dict[str, Any]]


TESTS: Final = Path(__file__).parents[1]

# What happens to the connections during a freeze, with the proxy's fault that does it.
CUTS: Final = {
    "kept": "",
    "reset meanwhile": "cut",
    "reset by the next packet": "reset if old",
    "no packet answered from then on": "hang if old",
}
# How far the wall clock advances, in seconds: nothing is due, head is, states are, everything is too old to be used.
JUMPS: Final = (0, 8, 31, 301, 7200, 604_800)
# Requests go on for 25 s before a freeze of 8 s: then head is due, and the sockets are young enough to be used again.
BUSY: Final = 25

# An answer that takes as long as this, on any machine, is a hang.
HANG_MS: Final = 60_000.0


@dataclass
class Owner:
    """The owner, who publishes and pauses, with the number of the live release."""

    client: Any
    table: str
    release: int = 0
    paused: bool = False

    def publish(self) -> None:
        fill(self.client, self.table)
        self.release += 1

    def turn_pause(self) -> None:
        (resume if self.paused else pause)(AppTable(self.client, self.table, APP))
        self.paused = not self.paused


def nothing(_: Owner) -> None:
    """Leave the table as it is."""


@dataclass
class Environment:
    """One execution environment: frozen and continued by signals, called as Lambda calls it."""

    emulator: Emulator
    clock: Path
    mark: Mapping[str, str]
    ahead: float = 0.0
    process: FunctionProcess | None = None

    def stop(self) -> None:
        self.process = self.process or FunctionProcess.marked(dict(self.mark))
        os.kill(self.process.pid, signal.SIGSTOP)

    def go_on(self, later: float) -> None:
        """Continue the process, with its wall clock `later` seconds ahead."""
        assert self.process is not None
        self.push(later)
        os.kill(self.process.pid, signal.SIGCONT)

    def push(self, later: float) -> None:
        self.ahead += later
        self.clock.write_text(str(self.ahead), encoding="ascii")

    def post(self, case: str) -> dict[str, Any]:
        """Post one request and return its log line."""
        before = len(self.lines())
        answer = self.emulator.invoke(event(case, datetime.now(UTC)))
        (line,) = self.lines()[before:]
        found: dict[str, Any] = json.loads(line)
        assert found["status"] == answer["statusCode"]
        assert found["times"]["total"] < HANG_MS
        return found

    def lines(self) -> list[str]:
        return [line for line in self.emulator.log.splitlines() if line.startswith("{")]


@dataclass
class Seen:
    """What happened with one way of cutting connections."""

    turns: int = 0
    met: int = 0
    current: int = 0
    pauses: int = 0
    again: int = 0
    lookups: list[float] = field(default_factory=list)

    @property
    def over(self) -> int:
        """Return how many look-ups took longer than their deadline."""
        return sum(took > CACHED_SECONDS * 1000 for took in self.lookups)

    def row(self, cut: str) -> tuple[object, ...]:
        slowest = f"{max(self.lookups):.0f}"
        return cut, self.turns, len(self.lookups), self.met, self.current, self.pauses, slowest, self.over, self.again


@pytest.fixture
def scene(dynamodb_local: str, artefact: Artefact, tmp_path: Path) -> Iterator[tuple[Owner, FaultProxy, Environment]]:
    clock, mark = tmp_path / "clock", new_mark()
    clock.write_text("0", encoding="ascii")
    client = get_session().create_client("dynamodb", endpoint_url=dynamodb_local)
    owner = Owner(client, f"freezes-{uuid.uuid4()}")
    create_table(client, owner.table)
    owner.publish()
    with trusted(tmp_path) as certificate, FaultProxy(dynamodb_local, certificate) as proxy, ExitStack() as parts:
        variables = {
            **function_environment(proxy.url, APP, trust_anchor=AUTHORITY.root_der),
            **mark,
            "AWS_ENDPOINT_URL_SSM": f"http://127.0.0.1:{free_port()}",
            "AWS_CA_BUNDLE": str(certificate),
            "RETENTION_TABLE": owner.table,
            "THAWED_FILE": str(clock),
        }
        path = Emulator(artefact, variables).environment["PYTHONPATH"]
        variables |= {
            "PYTHONPATH": os.pathsep.join([path, str(TESTS / "support")])
        }  # last: only the entry point is found there
        emulator = parts.enter_context(Emulator(artefact, variables, handler="frozen_function.get_retention_message"))
        yield owner, proxy, Environment(emulator, clock, mark)


def load(environment: Environment) -> None:
    """Fill the memory, with head just compared and the sockets just used."""
    for _ in attempts():
        environment.push(HEAD_SECONDS + 1)
        lines = [environment.post(case) for case in ("message", "facts")]
        if all(line["status"] == 200 and "degraded" not in line for line in lines):
            return
    raise AssertionError(lines)


@dataclass(frozen=True)
class Freeze:
    """One freeze: the fate of connections, the seconds that the clock advances, and whether requests came before."""

    cut: str
    seconds: float
    busy: bool

    def suffer(self, environment: Environment, proxy: FaultProxy, owner: Owner, seen: Seen, change: Change) -> Lines:
        """Freeze, cut, continue, and post two requests. Returns the lines of both."""
        if self.busy:
            if owner.paused:  # a paused app reads only head
                owner.turn_pause()
            load(environment)
            environment.push(BUSY)
            environment.post("facts")
        environment.stop()
        with ExitStack() as faults:
            if CUTS[self.cut]:
                faults.enter_context(proxy.suffering(CUTS[self.cut]))
            change(owner)
            time.sleep(size(200, 20) / 1000)  # so that the process is really stopped for a while
            environment.go_on(self.seconds)
            lines = [environment.post(case) for case in ("message", "facts")]
        seen.met += proxy.met if CUTS[self.cut] else 0
        seen.turns += 1
        seen.lookups += [line["times"]["lookup"] for line in lines]
        return lines


FREEZES: Final = [
    Freeze(cut, seconds, busy)
    for cut in CUTS
    for seconds, busy in [*((seconds, False) for seconds in JUMPS), (8, True), (8, True)]
]


def excused(freeze: Freeze) -> set[str]:
    """Return what may be degraded: with connections that give no answer, a customer's facts, which have only 60 ms."""
    return {"customer"} if CUTS[freeze.cut] == "hang if old" else set()


def judged(owner: Owner, lines: list[dict[str, Any]], seen: Seen) -> None:
    """Check that requests which came when `head` was due have the owner's last change."""
    for line in lines:
        assert line["status"] == (204 if owner.paused else 200), line
        assert owner.paused or line["release"] == owner.release, line  # a paused app reads nothing but head
    seen.current += len(lines)
    seen.pauses += owner.paused


def test_after_a_freeze_every_request_is_answered_from_a_current_catalog(
    scene: tuple[Owner, FaultProxy, Environment],
) -> None:
    """After 30 s the first request has a new release or pause, for each way of ending connections."""
    owner, proxy, environment = scene
    load(environment)
    chance, seen, age = random.Random(11), {cut: Seen() for cut in CUTS}, 0.0
    for freeze in chance.sample(FREEZES * size(20, 1), len(FREEZES) * size(20, 1)):
        change = chance.choice([Owner.publish, Owner.turn_pause, Owner.turn_pause, nothing])
        found = seen[freeze.cut]
        for _ in attempts():
            lines = freeze.suffer(environment, proxy, owner, found, change)
            due = freeze.busy or age + freeze.seconds >= HEAD_SECONDS
            age, change = lines[-1]["catalogAge"], nothing
            if not set(itertools.chain(*(line.get("degraded", ()) for line in lines))) - excused(freeze):
                break
            found.again += 1
        else:
            raise AssertionError(f"{freeze}, again and again: {lines}")
        if due:
            judged(owner, lines, found)
    assert all(found.met for cut, found in seen.items() if CUTS[cut])
    keep("freezes", page_text(seen), COLUMNS, [found.row(cut) for cut, found in seen.items()])


COLUMNS: Final = (
    *("connections", "freezes", "requests", "cuts met", "had to be current, and were", "pauses seen at once"),
    *("slowest look-up, ms", "over 200 ms", "tried again"),
)


def page_text(seen: Mapping[str, Seen]) -> str:
    turns, over = sum(found.turns for found in seen.values()), sum(found.over for found in seen.values())
    asked = sum(len(found.lookups) for found in seen.values())
    return (
        "The built artefact ran under Lambda's runtime, with DynamoDB Local behind a proxy over TLS. Its process was "
        f"stopped and continued {turns} times. While it was stopped, its wall clock advanced by 0 s to a week, every "
        "connection was kept, reset, forgotten (the next packet gets a reset) or left without any answer, and the "
        f"owner published, paused or resumed. Then came two requests, {asked} in all. Each request that came 30 s or "
        "more after `head` was last compared had to use the live release and respect the pause, without any "
        "degradation; only a customer's facts may be missing where connections gave no answer. A look-up has 200 ms; "
        f"{over} of them took longer. *Tried again*: something was marked degraded, as happens on a busy machine, and "
        "the same freeze was repeated; if it stays degraded, the test fails."
    )
