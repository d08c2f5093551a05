"""The table and the variables of a function on this machine. On moto, in process."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.session import get_session
from moto import mock_aws
from retention import table as rows
from retention.aws.app_table import AppTable
from retention.settings import Deployment

from console.local.embedded_stack import REGION, TABLE, LocalTable, OneTableCallAtATime, function_environment
from console.local.samples import CUSTOMERS, EVENTS, SAMPLE_CLOCK
from console.releases.overview import look_at_table
from console.simulator.authority import Authority

# Requests to AWS's own address are those that moto answers in this process.
AWS = "https://dynamodb.us-east-1.amazonaws.com"
APP = 6745974591
OWN = """\
app: {appAppleId: 6745974591, bundleId: com.example.app, issuerId: 57246542-96fe-1a63-e053-0824d011072a, keyId: K1}
environments: {sandbox: {stack: s, region: us-east-1}}
products:
  pro.monthly: {group: pro, period: P1M, default: keep}
locales: {default: en-US}
messages:
  keep: {en-US: {header: Stay, body: Please}, fr-FR: {header: Restez, body: Merci}}
rules:
  - {name: keep, answer: {message: keep}}
"""


@pytest.fixture
def client() -> Iterator[Any]:
    with mock_aws():
        yield get_session().create_client("dynamodb", region_name=REGION)


def test_the_sample_is_published_with_apples_states(client: Any) -> None:
    """The sample's release is live, with the review states of its two files: one text in review, one rejected."""
    table = LocalTable(AWS)
    compiled, published = table.publish(SAMPLE_CLOCK)
    report = table.import_states(compiled)
    assert (compiled.release.app_apple_id, published.number) == (APP, 1)
    assert report.messages == len(compiled.release.messages)
    found = look_at_table(AppTable(client, TABLE, APP))
    states = Counter(row.state.message for row in found.message_rows.values())
    assert (states["PENDING"], states["REJECTED"], states.total()) == (1, 1, report.messages)


def test_another_file_is_all_approved_with_its_defaults(tmp_path: Path, client: Any) -> None:
    """Every message of another file is APPROVED, and its defaults are recorded as if configured at Apple."""
    (tmp_path / "retention.yaml").write_text(OWN)
    table = LocalTable(AWS, tmp_path / "retention.yaml")
    compiled, _ = table.publish(SAMPLE_CLOCK)
    table.import_states(compiled)
    found = look_at_table(AppTable(client, TABLE, APP))
    assert {row.state.message for row in found.message_rows.values()} == {"APPROVED"}
    assert found.message_rows.keys() == compiled.release.messages.keys()
    texts = {locale: message.identifier for locale, message in compiled.content.messages["keep"].items()}
    assert {place: record.message for place, record in found.defaults.items()} == {
        ("pro.monthly", locale): identifier for locale, identifier in texts.items()
    }


def test_the_samples_customers_have_profiles(client: Any) -> None:
    """Each customer of the sample has the facts that the sample's rules use."""
    LocalTable(AWS).write_customers(APP)
    for transaction, facts in CUSTOMERS.items():
        item = client.get_item(**rows.get(TABLE, rows.profile_key(APP, transaction)))["Item"]
        assert rows.read_profile(item, SAMPLE_CLOCK.timestamp()) == facts


def test_a_table_that_is_there_is_used(client: Any) -> None:
    """A DynamoDB that has the table already keeps its rows, and the next release follows the last one."""
    numbers = [LocalTable(AWS).publish(SAMPLE_CLOCK)[1].number for _ in range(2)]
    assert numbers[0] == 1
    assert client.list_tables()["TableNames"] == [TABLE]
    live = look_at_table(AppTable(client, TABLE, APP)).live
    assert live is not None
    assert live.number == numbers[1]


def test_the_functions_variables_are_those_of_a_sandbox() -> None:
    """The function reads its settings from these variables: the sandbox, one app, and the test authority's root."""
    variables = function_environment("http://127.0.0.1:8000", APP, SAMPLE_CLOCK.isoformat())
    settings = Deployment.from_env(variables)
    assert variables["AWS_ENDPOINT_URL_DYNAMODB"] == "http://127.0.0.1:8000"
    assert variables["RETENTION_ENVIRONMENT"] == "Sandbox"
    assert base64.b64decode(variables["RETENTION_TRUST_ANCHOR"]) == Authority.load(EVENTS / "ca").root_der
    assert settings.table == TABLE


def test_another_root_can_be_trusted() -> None:
    """A trust anchor replaces the test authority's; without a clock, the function uses the real time."""
    variables = function_environment("http://127.0.0.1:8000", APP, trust_anchor=b"root")
    assert (base64.b64decode(variables["RETENTION_TRUST_ANCHOR"]), variables["RETENTION_CLOCK"]) == (b"root", "")


@pytest.mark.parametrize(
    ("target", "others_wait"),
    [("DynamoDB_20120810.TransactWriteItems", True), ("DynamoDB_20120810.GetItem", True), ("AmazonSQS.x", False)],
)
def test_one_call_of_a_table_is_answered_at_a_time(target: str, *, others_wait: bool) -> None:
    """While a call of DynamoDB is answered, others wait; calls of other services, and what follows, do not."""
    seen: list[bool] = []

    def answer(*_: object) -> list[bytes]:
        seen.append(application._lock.locked())
        return [b"{}"]

    application = OneTableCallAtATime(answer)
    assert application({"HTTP_X_AMZ_TARGET": target}, None) == [b"{}"]
    assert application({}, None) == [b"{}"]  # as a browser asks: no service is named
    assert seen == [others_wait, False]
