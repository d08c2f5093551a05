"""A release with an experiment, published into a table in memory, and a simulator that has its messages.

at = experiment_stack()
play(at, options("no-effect", 200), folder)
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final

from retention import table as rows
from retention.aws.app_table import AppTable
from retention.catalog import APPROVED
from retention.request import SANDBOX
from retention.review.snapshot import apply_snapshot

from console.file.compile import compile_document
from console.file.document import read_document
from console.local.simulated_customers import PlayedAt, SimulationOptions
from console.releases.publish import publish_release
from console.simulator import staff_actions
from console.simulator.accounts import SimulatedApp
from console.simulator.app_data import UploadedMessage
from console.simulator.database import Database
from console.simulator.grants import sold
from console.simulator.scripted.reading import read_script
from console.simulator.scripted.script import CustomerScript
from console.simulator.simulator import Simulator
from tests.support.fake_table import CUSTOMER_KEY, TABLE
from tests.support.simulated_app import AUTHORITY, KEY_ID, PEM
from tests.support.writable_table import WritableTable

PUBLISHED: Final = datetime(2026, 12, 1, tzinfo=UTC)
APP: Final = SimulatedApp(6745974591, "com.example.app", "57246542-96fe-1a63-e053-0824d011072a")
EXPERIMENT: Final = "switch-1"

FILE: Final = f"""
app: {{appAppleId: {APP.app_apple_id}, bundleId: {APP.bundle_id}, issuerId: {APP.issuer_id}, keyId: {KEY_ID}}}
environments: {{sandbox: {{stack: retention-sandbox, region: us-east-1}}}}
products:
  pro.monthly: {{group: pro, period: P1M, default: keep}}
  pro.annual: {{group: pro, period: P1Y, default: keep}}
locales: {{default: en-US}}
messages:
  keep: {{en-US: {{header: Before you go, body: Your maps stay.}}}}
  switch-text: {{en-US: {{header: Another plan, body: It costs less a month.}}}}
  offer-text: {{en-US: {{header: Half of the price, body: For three months.}}}}
offers:
  half: {{productId: pro.monthly, offerIdentifier: half_3m}}
rules:
  - name: half-try-the-switch
    when: {{productId: pro.monthly}}
    experiment:
      key: {EXPERIMENT}
      arms:
        control: {{weight: 50, answer: {{message: keep}}}}
        switch: {{weight: 50, answer: ANSWER}}
  - {{name: keep-everyone, answer: {{message: keep}}}}
"""
_KEY: Final = f"      key: {EXPERIMENT}\n"


def with_plan(customers: int) -> str:
    """Return FILE with a plan for so many customers."""
    plan = f"      plan: {{metric: kept, horizonDays: 30, customers: {customers}, guardrails: [refunded]}}\n"
    return FILE.replace(_KEY, _KEY + plan)


TO_SWITCH: Final = "{alternateProduct: pro.annual, message: switch-text}"
TO_OFFER: Final = "{promotionalOffer: half, message: offer-text}"


@contextmanager
def experiment_stack(answer: str = TO_SWITCH, file: str = FILE) -> Iterator[PlayedAt]:
    """Give a stack whose second arm has this answer; its customers' hashes are the same in every run."""
    document = read_document(file.replace("ANSWER", answer).encode(), file="retention.yaml")
    compiled = compile_document(document, now=PUBLISHED)
    table = WritableTable()
    app_table = AppTable(table.client(), TABLE, APP.app_apple_id)
    publish_release(app_table, compiled.release, who="test", commit=None, now=PUBLISHED)
    key = rows.head_key(APP.app_apple_id)
    table.items[key["pk"]["S"], key["sk"]["S"]]["customerKey"] = {"B": CUSTOMER_KEY}
    apply_snapshot(app_table, dict.fromkeys(compiled.release.messages, APPROVED), {})
    with Simulator(Database(":memory:"), AUTHORITY) as simulator:
        staff_actions.grant(simulator, APP, KEY_ID, PEM, [sold(product) for product in document.products.values()])
        app_data = simulator.app_data(APP.app_apple_id, SANDBOX)
        for message in compiled.content.all_messages():
            app_data.add_message(UploadedMessage(message.identifier, json.loads(message.body), APPROVED), 0)
        for product in document.products:
            app_data.configure_default(product, "en-US", compiled.content.messages["keep"]["en-US"].identifier)
        yield PlayedAt(simulator, APP, SANDBOX, app_table, "http://127.0.0.1:9")


def options(script: str | CustomerScript, count: int, seed: int = 1) -> SimulationOptions:
    """Return what is played: so many customers by a script or one of its name, from the day of the publishing on."""
    found = read_script(script) if isinstance(script, str) else script
    return SimulationOptions(found, count, seed, PUBLISHED)
