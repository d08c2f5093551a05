"""`retention explain` decides by what the table has of a subscription, as the function does, and names its age."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from retention import table as rows
from retention.subscription import PastTransaction, RenewalSnapshot, State, to_document

from console.local.embedded_stack import embedded_dynamodb
from console.local.rows import create_table
from console.local.samples import SAMPLE_CLOCK
from tests.support.edited_sample import APP, Run, edited, runner
from tests.support.logged_decisions import FACTS_FROM_APPLE, PRO

CUSTOMER = "2000000900000180"
DAY = 86_400_000
SIGNED = int(SAMPLE_CLOCK.timestamp() * 1000) - 2 * DAY
AT = ("--at", SAMPLE_CLOCK.isoformat())


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    return runner(capsys)


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with embedded_dynamodb() as url:
        yield url


def put(endpoint: str, redeemed_days_ago: int | None) -> None:
    """Write what Apple has reported of a subscription that began 200 days ago."""
    bought = PastTransaction(SIGNED - 200 * DAY, "aa", SIGNED - 200 * DAY, PRO, "PURCHASE")
    offer = [] if redeemed_days_ago is None else [PastTransaction(
        SIGNED - redeemed_days_ago * DAY, "bb", SIGNED, PRO, "RENEWAL", 2, "another",
    )]  # fmt: skip
    state = State(
        renewal=RenewalSnapshot(SIGNED, status=1, recent_subscription_start_date=SIGNED - 200 * DAY),
        transactions=(bought, *offer),
    )
    item: dict[str, Any] = {
        **rows.subscription_key(int(APP), CUSTOMER),
        **rows.document_attributes(to_document(state)),
        "version": {"N": "1"},
        "expiresAt": {"N": str(SIGNED // 1000 + 400 * 86_400)},
    }
    boto3.client("dynamodb", endpoint_url=endpoint).put_item(TableName="t", Item=item)


def test_a_limit_and_facts_are_explained_from_the_table(run: Run, endpoint: str, tmp_path: Path) -> None:
    """Before Apple reports anything no offer is made; then it is, until the customer has redeemed one."""
    create_table(boto3.client("dynamodb", endpoint_url=endpoint), "t")
    file = edited(tmp_path, *FACTS_FROM_APPLE)
    table = ("--table", "t", "--endpoint-url", endpoint)
    assert run("publish", str(file), *table)[0] == 0
    asked = ("explain", str(file), *table, "--product", PRO, "--transaction", CUSTOMER, *AT, "--json")

    def explained() -> tuple[dict[str, Any], dict[str, str], dict[str, Any]]:
        document = json.loads(run(*asked)[1])
        reasons = {rule["rule"]: rule["reason"] for rule in document["rules"]}
        return document, reasons, {fact["name"]: fact for fact in document["facts"]}

    _, reasons, facts = explained()
    assert reasons["winter-half-price"] == "condition_unknown"
    assert facts["redemptions"]["found"] == "missing"
    assert facts["subscription.tenureDays"]["source"] == "Apple has reported nothing"

    put(endpoint, None)
    _, reasons, facts = explained()
    assert facts["subscription.tenureDays"] == {
        "name": "subscription.tenureDays",
        "found": "202",
        "source": "Apple, renewal info",
        "signedAt": "2026-11-22T12:00:00+00:00",
        "ageDays": 2,
    }
    assert (facts["redemptions"]["found"], reasons["winter-half-price"]) == ("none", "not_approved")

    put(endpoint, 30)
    _, reasons, facts = explained()
    assert (facts["redemptions"]["found"], reasons["winter-half-price"]) == ("another 32 days ago", "offer_limit")
