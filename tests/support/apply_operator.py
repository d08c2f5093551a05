"""An operator with one retention.yaml, a table and an app in the simulator: what `plan` and `apply` are tested with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from moto import mock_aws
from retention import table as rows
from retention.catalog import APPROVED
from retention.request import PRODUCTION, SANDBOX

from console.appstore.api_key import ApiKey
from console.appstore.client import Apple
from console.deployment.session import Session
from console.deployment.stack import Stack
from console.deployment.target import Target
from console.deployment.where import Where
from console.file.document import read_document
from console.local.rows import create_table
from console.rollout.apply import ApplyResult, ApplyRun, PlanWithInputs, observe_and_plan
from console.rollout.plan import Plan
from console.simulator import staff_actions
from console.simulator.api import Answer
from console.simulator.app_data import AppData
from console.simulator.server import SimulatorServer
from console.simulator.simulator import Simulator
from console.terminal.output import Output
from tests.support.moto_client import dynamodb_client
from tests.support.simulated_app import APP, BULLET, FULL, KEY_ID, MONTHLY, PEM, Clock, make_simulator

TABLE = "retention"
KEY = ApiKey(KEY_ID, APP.issuer_id, PEM)
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)

HEAD = f"""
app: {{appAppleId: {APP.app_apple_id}, bundleId: {APP.bundle_id}, issuerId: {APP.issuer_id}, keyId: {KEY_ID}}}
environments:
  sandbox: {{stack: retention-sandbox, region: us-east-1}}
  production: {{stack: retention-production, region: us-east-1}}
locales: {{default: en-US}}
"""
FILE = f"""{HEAD}
products:
  {MONTHLY}: {{group: pro, period: P1M, default: keep}}
images:
  hero: {{file: hero.png}}
  tick: {{file: tick.png, size: BULLET_POINT}}
messages:
  keep:
    en-US:
      {{header: Stay, body: Keep your maps., image: hero, altText: A ridge,
       bullets: [{{text: All trails, image: tick, altText: A tick}}]}}
    fr-FR: {{header: Restez, body: Gardez vos cartes.}}
rules:
  - {{name: everyone, answer: {{message: keep}}}}
"""


@dataclass
class Operator:
    """An operator of one environment. `dynamodb` can have faults; `looking` is the same table without faults."""

    directory: Path
    simulator: Simulator
    server: SimulatorServer
    looking: Any
    environment: str = SANDBOX
    dynamodb: Any = None
    clock: Clock = field(default_factory=Clock)
    patience: float = 7200
    table: str = TABLE

    @property
    def file(self) -> Path:
        return self.directory / "retention.yaml"

    @property
    def app_data(self) -> AppData:
        return self.simulator.app_data(APP.app_apple_id, self.environment)

    def write(self, text: str = FILE) -> None:
        self.file.write_text(text)

    def rewrite(self, old: str, new: str) -> None:
        text = self.file.read_text()
        assert old in text
        self.write(text.replace(old, new))

    @contextmanager
    def session(self) -> Iterator[Session]:
        target = Target(
            self.dynamodb or self.looking,
            Stack("", self.table, "", self.environment),
            APP.app_apple_id,
            APP.bundle_id,
            production=False,
        )
        with Apple(
            KEY,
            APP.bundle_id,
            self.environment,
            base_url=self.server.base_url(self.environment),
            clock=self.clock,
            sleep=self.clock.sleep,
            patience=self.patience,
        ) as apple:
            yield Session(Where(file=self.file), read_document(self.file), target, apple)

    def look(self) -> PlanWithInputs:
        with self.session() as session:
            return observe_and_plan(session, now=NOW)

    def plan(self) -> Plan:
        return self.look().plan

    def apply(self, **options: Any) -> ApplyResult:
        with self.session() as session:
            applying = ApplyRun(session, Output(as_json=True), now=lambda: NOW, **options)
            return applying.run(observe_and_plan(session, now=NOW))

    def approve(self, state: str = APPROVED, *identifiers: str) -> None:
        staff_actions.review(self.app_data, state, identifiers)

    def row(self, key: rows.Key) -> Any:
        return self.looking.get_item(**rows.get(self.table, key)).get("Item")


@contextmanager
def operator(
    directory: Path,
    *,
    environment: str = PRODUCTION,
    wrap: Callable[[Answer], Answer] = lambda answer: answer,
    text: str = FILE,
) -> Iterator[Operator]:
    """Give an operator with a file, an empty table, and an app in the simulator."""
    clock = Clock()
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "hero.png").write_bytes(FULL)
    (directory / "tick.png").write_bytes(BULLET)
    with closing(make_simulator(clock)) as simulator, mock_aws(), SimulatorServer(simulator, wrap=wrap) as server:
        client = dynamodb_client()
        create_table(client, TABLE)
        made = Operator(directory, simulator, server, client, environment, clock=clock)
        made.write(text)
        yield made
