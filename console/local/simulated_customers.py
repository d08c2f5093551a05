"""Play many customers by a script against what is published in a stack on this machine, and write both of its logs.

The release, the review states and the app's data at Apple are copied into memory first. Every page view is a request
that is signed and answered by the function, and every notification passes the intake, both on a clock that goes from
one event to the next: weeks take seconds. Neither the stack nor the simulator's folder has these customers afterwards.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Final

from retention.aws.app_table import AppTable
from retention.log.outcome import instant
from retention.log.record import Record

from console.local.memory_table import MemoryTable
from console.local.timed_functions import TimedFunctions, TimedStack, Write, timed_functions
from console.releases.live import require_live
from console.releases.read import StoredRelease
from console.simulator.accounts import Purchase, SimulatedApp
from console.simulator.customer import screen_of
from console.simulator.realtime import RealtimeCaller
from console.simulator.scripted.agenda import Agenda, SimulatedClock
from console.simulator.scripted.plans import CustomerPlan, draw_plan
from console.simulator.scripted.script import CustomerScript, SeenAnswer
from console.simulator.scripted.scripted_customer import CustomerTruth, PageView, ScriptedCustomer
from console.simulator.simulator import Simulator
from console.simulator.subscriptions.billing_periods import DAY, HOUR
from console.simulator.subscriptions.customers import Customers
from console.simulator.subscriptions.event import Event
from console.simulator.subscriptions.notification_claims import signed
from console.terminal.failure import Failure
from console.terminal.output import ReportProgress, no_progress

EXPOSURES: Final = "exposures.jsonl.gz"
OUTCOMES: Final = "outcomes.jsonl.gz"

_LOCALE: Final = "en-US"
# The endpoint answers in this process, so nothing is late: which customer sees what does not depend on the machine.
_NO_LIMIT: Final = 300_000
_URL: Final = "http://127.0.0.1/v1/retention-message"
# gzip's fastest level: the files are read once or twice.
_LEVEL: Final = 1


@dataclass(frozen=True, slots=True)
class SimulationOptions:
    """What is played: so many customers by a script, from the instant `starts` on. `seed` chooses them."""

    script: CustomerScript
    count: int
    seed: int
    starts: datetime


@dataclass(frozen=True, slots=True)
class PlayedAt:
    """Whose customers: an app at the simulated App Store, and the rows of its stack on this machine.

    `environment` is Sandbox or Production. `endpoint_url` is the address of the AWS that has the table.
    """

    simulator: Simulator
    app: SimulatedApp
    environment: str
    app_table: AppTable
    endpoint_url: str


@dataclass(frozen=True, slots=True)
class Played:
    """What was played: what became of each customer, the lines of both logs, and until when they are complete."""

    truths: tuple[CustomerTruth, ...]
    page_views: int
    notifications: int
    release: int
    began: datetime
    ended: datetime


def play(at: PlayedAt, options: SimulationOptions, folder: Path, progress: ReportProgress = no_progress) -> Played:
    """Play the customers, and write EXPOSURES and OUTCOMES into `folder`, both complete or neither changed.

    Raises Failure, and ReleaseError where the live release is damaged.
    """
    live = require_live(at.app_table)
    table = MemoryTable.of(chain(at.app_table.of_app(), at.app_table.of_release(live.number)))
    starts = int(options.starts.timestamp() * 1000)
    clock = SimulatedClock(starts - options.script.bought_to * DAY)
    began = clock.now()
    with at.simulator.copy(clock.seconds) as simulator, _log_files(folder) as (exposures, outcomes):
        stack = TimedStack(
            at.app.app_apple_id, at.environment, simulator.authority.root_der, at.endpoint_url, at.app_table.name
        )
        functions = timed_functions(stack, table, clock, exposures, outcomes)
        crowd = _Crowd(replace(at, simulator=simulator), live, functions, Agenda(clock))
        crowd.play(options, starts, progress)
        clock.milliseconds += HOUR  # until the hourly repair, which states what is complete
        _note_complete(functions, at.app.app_apple_id, int(began.timestamp() * 1000), clock.milliseconds)
    return Played(tuple(crowd.done), crowd.page_views, crowd.notifications, live.number, began, clock.now())


@dataclass(slots=True)
class _Crowd:
    """All customers of one run, and the App Store as they meet it."""

    at: PlayedAt
    live: StoredRelease
    functions: TimedFunctions
    agenda: Agenda
    done: list[CustomerTruth] = field(default_factory=list)
    page_views: int = 0
    notifications: int = 0
    _sets: Mapping[str, str] = field(default_factory=dict)

    def play(self, options: SimulationOptions, starts: int, progress: ReportProgress) -> None:
        at, app = self.at, self.at.app
        at.simulator.app_data(app.app_apple_id, at.environment).set_realtime_url(_URL)
        self._sets = _sets_by_message(self.live)
        customers = Customers(at.simulator, app, at.environment)
        script = options.script
        products = script.products or self._products()
        for product in products:
            customers.product(product)  # raises Failure for one that the app does not have
        for number in range(options.count):
            plan = draw_plan(script, products, seed=options.seed, number=number, starts=starts)
            ScriptedCustomer(plan, script, customers, self.agenda, self, self.done).begin()

        def goes_on() -> bool:
            # Half of the work is done when all have opened the page.
            progress("customers", (min(self.page_views, options.count) + len(self.done)) // 2, options.count)
            return len(self.done) < options.count

        self.agenda.run(goes_on)

    def _products(self) -> Mapping[str, float]:
        """Return the products with an experiment, all alike; without an experiment, or with a holdout, every product.

        Raises Failure where the simulator knows none.
        """
        known, sheets = self.at.simulator.accounts.products(self.at.app.app_apple_id), self.live.sheets
        if not known:
            raise Failure("The simulator knows no product of the app: name some under `products` in the script.")
        asked = [name for name in known for rule in sheets.get(name, {}).get("rules", ()) if "experiment" in rule]
        holdout = any("holdout" in sheet for sheet in sheets.values())
        return dict.fromkeys(known if holdout or not asked else asked, 1.0)

    def view(self, plan: CustomerPlan, product_id: str) -> PageView:
        """Let a customer open the page: the endpoint is asked, and Apple chooses what is shown."""
        at, functions = self.at, self.functions
        caller = RealtimeCaller(at.simulator, at.app, at.environment, functions.call, plan.new_id)
        purchase = Purchase(plan.transaction_id, at.app.app_apple_id, product_id)
        screen = screen_of(caller, purchase, _LOCALE, _NO_LIMIT)
        record = functions.decisions.last
        self.page_views += 1
        if record is None or not record.customer_hash:
            raise Failure(f"The endpoint decided nothing: {screen.steps[0].reason or screen.result}.")
        return PageView(screen, SeenAnswer(self._names(record)), record.customer_hash)

    def notify(self, plan: CustomerPlan, event: Event) -> None:
        """Sign the notification of an event as Apple does, and hand it to the intake."""
        notification = signed(event, self.at.simulator.authority, plan.new_id())
        self.notifications += 1
        if not self.functions.notify(notification.uuid, notification.signed_payload):
            raise Failure(f"The intake did not take in a notification of the type {notification.notification_type}.")

    def _names(self, record: Record) -> Mapping[str, str]:
        """Return what a reaction can ask for of a decision."""
        found = {
            "experiment": record.experiment,
            "arm": record.arm,
            "rule": record.rule,
            "kind": record.kind or record.outcome,
            "message": self._sets.get(record.message or ""),
            "holdout": record.holdout_arm,
        }
        return {name: value for name, value in found.items() if value is not None}


def _sets_by_message(live: StoredRelease) -> Mapping[str, str]:
    """Return the message set of each message id."""
    return {id_: name for name, locales in live.texts.items() for ids in locales.values() for id_ in ids}


def _note_complete(functions: TimedFunctions, app: int, since: int, until: int) -> None:
    """Write the line by which the pull of the history states that no notification is missing; times are UNIX ms."""
    fields = {"appAppleId": app, "completeSince": instant(since), "completeUntil": instant(until), "parked": 0}
    functions.outcomes.report("complete until", "info", fields, {})


@contextmanager
def _log_files(folder: Path) -> Iterator[tuple[Write, Write]]:
    """Give functions that write a line into each of the two logs; they replace earlier ones when both are complete."""
    folder.mkdir(parents=True, exist_ok=True)
    parts = [folder / f".{name}.part" for name in (EXPOSURES, OUTCOMES)]
    try:
        with ExitStack() as opened:
            first, second = (opened.enter_context(gzip.open(part, "wt", _LEVEL, encoding="utf-8")) for part in parts)
            yield first.write, second.write
        for part, name in zip(parts, (EXPOSURES, OUTCOMES), strict=True):
            part.replace(folder / name)
    finally:
        for part in parts:
            part.unlink(missing_ok=True)
