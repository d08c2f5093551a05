"""Rights, compared with real calls: functions and operator have the rights for what they do, and no others.

test_template.py compares the same by reading the code. Here calls are recorded as they leave, with the table, the key
and the parameter they name, and judged by the policies as CloudFormation would fill them in.
"""

from __future__ import annotations

import gzip
import importlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest
from botocore.client import BaseClient
from botocore.session import get_session
from moto import mock_aws
from retention import table as rows
from retention.aws.deadline import Deadline
from retention.aws.sdk import SdkConnection
from retention.background_settings import NotificationsDeployment, SyncDeployment
from retention.lookup.store import Store
from retention.notifications.relaying import GIVE_UP_SECONDS, OwnerRelay, Receiver, RelayMessage
from retention.review.lists import AppStore
from retention.signing.keys import KeyRing
from retention.signing.signer import Signer

from console.cli.main import main
from console.deployment.aws import client
from console.deployment.stack import find_stack
from console.deployment.stored_lines import EXPOSURES, list_days
from console.effect.athena_engine import AthenaEngine
from console.effect.queries import literals_of
from console.effect.rows import EffectQuestion
from console.effect.stored_days import fetch_days
from console.local.embedded_stack import embedded_dynamodb
from console.local.rows import create_table
from console.simulator import staff_actions
from console.simulator.outbox import OutgoingNotification
from console.simulator.server import SimulatorServer
from tests.minting.certificates import NOW as MINTED
from tests.minting.certificates import NOW_MS, good_chain
from tests.minting.notifications import body, notification
from tests.support.analysis_parts import needs_analysis
from tests.support.fake_table import APP, TABLE, FakeTable, published
from tests.support.iam_policies import ApiCall, Rights, arn, asks, written
from tests.support.moto_client import dynamodb_client
from tests.support.notifications_entry import FunctionContext, batch_of, notifications_entry
from tests.support.notified_customers import fill, send
from tests.support.operator_setup import APP_ID, PREFIX, TEMPLATE, OperatorSetup, set_up_operator
from tests.support.pulled_stack import SELLER, pulled_stack
from tests.support.sam_template import ROOT, template
from tests.support.simulated_app import APP as SIMULATED_APP
from tests.support.simulated_app import KEY_ID, PEM, make_simulator
from tests.support.small_release import put
from tests.support.waiting import PATIENCE

OTHERS: Final = APP * 10  # whose number begins with ours
DOCUMENTS: Final = (ROOT / "README.md", ROOT / "docs" / "operations.md")
QUEUES: Final = ("NotificationQueue", "ParkingQueue", "RelayQueue", "RelayDeadLetters")
STREAMS: Final = ("ExposureStream", "OutcomeStream")
# Parameters with which a stack has every part for Apple's notifications.
PUSHED: Final = {"Notifications": "push", "RelayUrl": "https://receiver.example.com/asn"}
# And those with which it has every part.
EVERY_PART: Final = {**PUSHED, "Analysis": "on"}
LOGS: Final = {"logs:CreateLogStream", "logs:PutLogEvents"}  # Lambda itself, in the function's name

# What Lambda does in the name of a function that reads a queue.
OF_A_QUEUE: Final = {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"}

# What Athena does in the name of who runs a query: it looks up the table, and writes the result into the bucket.
OF_A_QUERY: Final = {"glue:GetDatabase", "glue:GetTable", "s3:GetBucketLocation", "s3:PutObject"}
TODAY: Final = datetime.now(UTC).date()

# What only an administrator needs, who may restore a table and deploy.
ADMINISTRATORS: Final = {
    "cloudformation:ContinueUpdateRollback",
    "cloudformation:DeleteStack",
    "cloudformation:DescribeStackResource",
    "cloudformation:SetStackPolicy",
    "cloudformation:UpdateTerminationProtection",
    "dynamodb:UpdateTable",
    "lambda:DeleteFunction",
    "lambda:GetAccountSettings",
    "lambda:ListVersionsByFunction",
    "logs:Tail",
    "logs:TestMetricFilter",
    "ssm:UpdateServiceSetting",
    "dynamodb:RestoreTableToPointInTime",
    "dynamodb:DescribeTable",
    "dynamodb:DeleteTable",
    "dynamodb:ListBackups",
}


def values(table: str, *, prefix: str = "/retention/sandbox", stack: str = "retention-sandbox") -> dict[str, str]:
    """Return what the policies refer to, as a stack with this table would have it."""
    return {
        "Table.Arn": arn("dynamodb", f"table/{table}"),
        "FunctionLogs.Arn": arn("logs", f"log-group:{table}:*"),
        "SyncLogs.Arn": arn("logs", f"log-group:{table}-sync:*"),
        "NotificationLogs.Arn": arn("logs", f"log-group:{table}-notifications:*"),
        "RelayLogs.Arn": arn("logs", f"log-group:{table}-relay:*"),
        **{f"{queue}.Arn": arn("sqs", f"{stack}-{queue}") for queue in QUEUES},
        **{f"{name}.Arn": arn("firehose", f"deliverystream/{stack}-{name}") for name in STREAMS},
        "AnalysisBucket.Arn": f"arn:aws:s3:::{stack.lower()}-analysis",
        "AnalysisLogs.Arn": arn("logs", f"log-group:{table}-analysis:*"),
        "AnalysisDatabase": "retention_0f3c2a10_cd1e_11f0_9a3b_0e1f2a3b4c5d",
        "AnalysisWorkGroup": stack,
        "SyncStates.Arn": arn("lambda", f"function:{stack}-SyncStates"),
        "GetRetentionMessage.Arn": arn("lambda", f"function:{stack}-GetRetentionMessage"),
        "Api": "a1b2c3",
        "AWS::StackId": arn("cloudformation", f"stack/{stack}/0f3c2a10-cd1e-11f0-9a3b-0e1f2a3b4c5d"),
        "AWS::StackName": stack,
        "AppAppleIds": f"531412,{APP}",
        "SigningKeyPrefix": prefix,
    }


@contextmanager
def recorded() -> Iterator[list[ApiCall]]:
    """Note every call through the SDK, in all threads."""
    noted: list[ApiCall] = []
    groups: dict[str, str] = {}  # of Athena's queries: IAM judges the workgroup in which one runs
    send = BaseClient._make_api_call  # type: ignore[attr-defined]  # the one place all calls pass

    def note(self: Any, operation: str, request: dict[str, Any]) -> Any:
        query = request.get("QueryExecutionId")
        given = request if query is None else {**request, "WorkGroup": groups[query]}
        noted.extend(asks(self.meta.service_model.service_name, operation, given))
        answer = send(self, operation, request)
        if operation == "StartQueryExecution":
            groups[answer["QueryExecutionId"]] = request["WorkGroup"]
        return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseClient, "_make_api_call", note)
        yield noted


# The endpoint


@pytest.fixture
def endpoint_asks() -> list[ApiCall]:
    """Return the calls of cold and warm requests, with profiles and with an offer."""
    table = published()
    parameters = Parameter()
    store = Store(lambda: table, TABLE)
    store.warm([APP], Deadline.after(PATIENCE))
    loaded = store.catalog(APP, "pro.monthly", "en-US", Deadline.after(PATIENCE))
    needing = replace(loaded.catalog.sheet, reads_customer=True, reads_subscription=True)
    store.customer_facts(APP, "2000000900000180", needing, Deadline.after(PATIENCE))
    KeyRing(lambda: parameters, "/retention/sandbox", Signer.from_pem).get(KEY_ID, Deadline.after(PATIENCE))
    calls = [("dynamodb", *call) for call in table.calls] + [("ssm", *call) for call in parameters.calls]
    return [ask for call in calls for ask in asks(*call)]


class Parameter(FakeTable):
    """Parameter Store with one key in it."""

    def get_parameter(self, **_: Any) -> dict[str, Any]:
        return {"Parameter": {"Value": PEM.decode()}}


def test_the_endpoint_may_do_what_it_does_and_nothing_else(endpoint_asks: list[ApiCall]) -> None:
    """Every call of a request is allowed, by table, key and parameter; every action allowed is one of a request."""
    rights = Rights.of("FunctionRole", values(TABLE))
    assert [ask for ask in endpoint_asks if not rights.allow(ask)] == []
    assert {ask.action for ask in endpoint_asks} == rights.actions - LOGS


# The sync


@pytest.fixture
def sync_asks(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[ApiCall]]:
    """Return the calls of a sync that finds new states."""
    for name, value in {
        "RETENTION_TABLE": TABLE,
        "RETENTION_ENVIRONMENT": "Production",
        "RETENTION_APP_APPLE_IDS": str(APP),
        "RETENTION_KEY_PREFIX": "/retention/sandbox",
        "RETENTION_APPLE_URL": "",
        "POWERTOOLS_SERVICE_NAME": "retention-sandbox",
        "POWERTOOLS_METRICS_NAMESPACE": "Retention",
    }.items():
        monkeypatch.setenv(name, value)
    with mock_aws(), make_simulator() as simulator, SimulatorServer(simulator) as server:
        sync = importlib.import_module("sync")
        dynamodb: Any = dynamodb_client()
        create_table(dynamodb, TABLE)
        live = put(dynamodb, TABLE)
        row = dynamodb.get_item(**rows.get(TABLE, rows.settings_key(APP, live.number)))["Item"]
        key_id = rows.document_of(row)["keyId"]
        ssm: Any = get_session().create_client("ssm", region_name="us-east-1")
        ssm.put_parameter(Name=f"/retention/sandbox/{key_id}", Value=PEM.decode(), Type="SecureString")
        staff_actions.grant(simulator, SIMULATED_APP, key_id, PEM)
        deployment = SyncDeployment(TABLE, (APP,), "/retention/sandbox", server.base_url("Production"))
        with recorded() as noted:
            done = sync.Sync(deployment, AppStore(deployment.apple_url), sync.SYNC.telemetry).run()
        assert [app["outcome"] for app in done["apps"]] == ["synced"], done
        yield noted


def test_the_sync_may_do_what_it_does_and_nothing_else(sync_asks: list[ApiCall]) -> None:
    """Every call of the sync is allowed, and every action that is allowed is one of its calls."""
    rights = Rights.of("SyncRole", values(TABLE))
    assert [ask for ask in sync_asks if not rights.allow(ask)] == []
    probe = ApiCall("execute-api:Invoke", arn("execute-api", "a1b2c3/$default/POST/v1/probe"))
    assert rights.allow(probe)
    assert {ask.action for ask in sync_asks} | {probe.action} == rights.actions - LOGS


# The pull


@pytest.fixture(scope="module")
def pull_asks() -> Iterator[list[ApiCall]]:
    """Return the calls of pulls that find news, a delivery test, and something that is not understood."""
    with pulled_stack() as stack:
        outbox = stack.simulator.outbox(SELLER.app_apple_id, SELLER.environment)
        fill(stack.simulator, SELLER, 20, stack.now_ms, days=2)
        app = {"appAppleId": SELLER.app_apple_id, "bundleId": SELLER.bundle_id, "environment": SELLER.environment}
        for number, kind in enumerate(("TEST", "ODD"), 1):
            data = app if kind == "TEST" else {**app, "status": "odd"}
            claims = {
                "notificationType": kind,
                "notificationUUID": kind,
                "data": data,
                "signedDate": stack.now_ms - number,
            }
            token = stack.simulator.authority.sign(claims)
            send(outbox, OutgoingNotification(kind, kind, "", stack.now_ms - number, token))
        with recorded() as noted:
            [done] = stack.pull()["apps"]
        assert (done["outcome"], set(done["fates"])) == ("pulled", {"merged", "nothing new", "test", "parked"}), done
        yield noted


def test_the_pull_may_do_what_it_does_and_nothing_else(pull_asks: list[ApiCall]) -> None:
    """Every call of the pull is allowed, and every action that is allowed is one of its calls: it parks nothing."""
    rights = Rights.of("PullRole", values(TABLE) | {"Notifications": "pull"})
    assert [ask for ask in pull_asks if not rights.allow(ask)] == []
    assert {ask.action for ask in pull_asks} == rights.actions - LOGS


# Taking in

TAKEN_INTO: Final = "retention-taken-into"  # another table than that of the pull, whose moto is still there
OURS: Final = {"data": {"bundleId": "com.example.app"}, "transaction": {"bundleId": "com.example.app"}}
# One of each kind that causes calls: learned, noted as a test, parked, and too new to be taken in now.
ARRIVING: Final = [
    body(notification("DID_RENEW", **OURS)),
    body(notification("TEST", transaction=None, renewal=None, data=OURS["data"])),
    body(notification(data=OURS["data"], transaction={**OURS["transaction"], "price": "9.99"})),
    body(notification("DID_RENEW", **OURS, signedDate=NOW_MS + 600_000)),
]


@pytest.fixture
def notified() -> Iterator[Any]:
    """Return the parts of a stack with a live release, a client of its queues, and the URL of the first."""
    with notifications_entry() as entry, mock_aws():
        dynamodb: Any = dynamodb_client()
        create_table(dynamodb, TAKEN_INTO)
        put(dynamodb, TAKEN_INTO)
        sqs: Any = get_session().create_client("sqs", region_name="us-east-1")
        urls = {name: sqs.create_queue(QueueName=f"retention-sandbox-{name}")["QueueUrl"] for name in QUEUES}
        deployment = NotificationsDeployment(
            *(TAKEN_INTO, "Production", (APP,), "/retention/sandbox", "", good_chain()[2]),
            *(lambda: MINTED, "push", urls["NotificationQueue"], urls["ParkingQueue"], urls["RelayQueue"]),
        )
        yield entry.wire(deployment, entry.NOTIFICATIONS.telemetry), sqs, urls["NotificationQueue"]


def test_taking_in_may_do_what_it_does_and_nothing_else(notified: Any) -> None:
    """Every call of TakeInNotifications is allowed; each action allowed is its own call or Lambda's for its queue."""
    parts, sqs, queue = notified
    for text in ARRIVING:
        sqs.send_message(QueueUrl=queue, MessageBody=text)
    received = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, AttributeNames=["All"])
    with recorded() as noted:
        answer = parts.take_in.run(batch_of(received["Messages"]), FunctionContext())
    assert len(answer["batchItemFailures"]) == 1
    rights = Rights.of("TakeInRole", values(TAKEN_INTO) | PUSHED)
    assert [ask for ask in noted if not rights.allow(ask)] == []
    assert {ask.action for ask in noted} | OF_A_QUEUE == rights.actions - LOGS


def test_without_a_relay_nothing_may_be_sent_to_one() -> None:
    """The right to fill the relay's queue is there only where there is such a queue."""
    call = ApiCall("sqs:SendMessage", arn("sqs", "retention-sandbox-RelayQueue"))
    assert Rights.of("TakeInRole", values(TABLE) | PUSHED).allow(call)
    assert not Rights.of("TakeInRole", values(TABLE) | {"Notifications": "push"}).allow(call)


# The relay


@pytest.fixture
def relay_asks() -> Iterator[list[ApiCall]]:
    """Return the calls of a relay whose receiver takes nothing, now and after thirteen days."""
    with mock_aws():
        sqs: Any = get_session().create_client("sqs", region_name="us-east-1")
        queue, dead = (
            sqs.create_queue(QueueName=f"retention-sandbox-{name}")["QueueUrl"]
            for name in ("RelayQueue", "RelayDeadLetters")
        )
        sqs.send_message(QueueUrl=queue, MessageBody="{}")
        (message,) = sqs.receive_message(QueueUrl=queue)["Messages"]
        with recorded() as noted:
            sdk = SdkConnection(get_session().create_client("sqs", region_name="us-east-1"))
            for age, fate in ((0, "waiting"), (GIVE_UP_SECONDS, "dead")):
                made = OwnerRelay(Receiver("http://127.0.0.1:1/"), sdk, queue, dead, partial(float, age))
                relayed = made.take(RelayMessage("{}", message["ReceiptHandle"], 1, 0.0))
                assert (relayed.fate, relayed.call) == (fate, "")
        yield noted


def test_the_relay_may_do_what_it_does_and_nothing_else(relay_asks: list[ApiCall]) -> None:
    """Every call of the relay is allowed; every action allowed is one of its calls, or Lambda's for its queue."""
    rights = Rights.of("RelayRole", values(TABLE) | PUSHED)
    assert [ask for ask in relay_asks if not rights.allow(ask)] == []
    assert {ask.action for ask in relay_asks} | OF_A_QUEUE == rights.actions - LOGS
    for queue in ("NotificationQueue", "ParkingQueue", "RelayDeadLetters"):
        assert not rights.allow(ApiCall("sqs:ReceiveMessage", arn("sqs", f"retention-sandbox-{queue}")))
    assert not rights.allow(ApiCall("sqs:SendMessage", arn("sqs", "retention-sandbox-RelayQueue")))


# The services that carry lines to the analysis bucket

CATALOG: Final = arn("glue", "catalog")


def test_firehose_and_cloudwatch_may_carry_lines_and_nothing_else() -> None:
    """Firehose writes under three prefixes and to its log, CloudWatch Logs into the streams: the lists of AWS."""
    filled = values(TABLE) | EVERY_PART
    deliver, forward = (Rights.of(role, filled) for role in ("AnalysisDeliveryRole", "LogForwardingRole"))
    bucket = filled["AnalysisBucket.Arn"]
    finding = {"s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"}
    assert deliver.actions == finding | {"s3:AbortMultipartUpload", "s3:PutObject", "logs:PutLogEvents"}
    for key, allowed in {"exposures/a": True, "outcomes/a": True, "errors/a": True, "athena/a": False}.items():
        assert deliver.allow(ApiCall("s3:PutObject", f"{bucket}/{key}")) == allowed
    assert forward.actions == {"firehose:PutRecord", "firehose:PutRecordBatch"}
    for name in STREAMS:
        assert forward.allow(ApiCall("firehose:PutRecord", filled[f"{name}.Arn"]))
    without = Rights.of("LogForwardingRole", filled | {"Notifications": "off", "RelayUrl": ""})
    assert not without.allow(ApiCall("firehose:PutRecord", filled["OutcomeStream.Arn"]))


# What neither may


NOTIFIED: Final = ("TakeInRole", "PullRole")
ROLES: Final = ("FunctionRole", "SyncRole", *NOTIFIED, "RelayRole")


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(
    ("operation", "key"),
    [
        ("get_item", rows.head_key(OTHERS)),
        ("get_item", rows.profile_key(OTHERS, "1")),
        ("get_item", rows.settings_key(OTHERS, 1)),
        ("update_item", rows.head_key(OTHERS)),
        ("get_item", rows.subscription_key(OTHERS, "1")),
        ("update_item", rows.subscription_key(OTHERS, "1")),
        ("update_item", rows.pull_key(OTHERS)),
        ("update_item", rows.settings_key(APP, 1)),
        ("delete_item", rows.head_key(APP)),
        ("put_item", rows.head_key(APP)),
    ],
)
def test_other_apps_customers_and_releases_are_out_of_reach(role: str, operation: str, key: rows.Key) -> None:
    """A function's rights end at its own apps, and none replaces or deletes `head` or writes a release."""
    rights = Rights.of(role, values(TABLE) | PUSHED)
    (ask,) = asks("dynamodb", operation, {"TableName": TABLE, "Key": key, "Item": key})
    assert not rights.allow(ask)


# Which functions may write a row, and not only read it; those of notifications write customers and rows of their own.
WRITERS: Final[dict[str, tuple[rows.Key, set[str]]]] = {
    "head and review states": (rows.head_key(APP), {"SyncRole"}),
    "a release": (rows.settings_key(APP, 1), set()),
    "a sheet": (rows.sheet_key(APP, 1, "pro.monthly"), set()),
    "a customer": (rows.subscription_key(APP, "2000000900000180"), set(NOTIFIED)),
    "the watermark": (rows.pull_key(APP), set(NOTIFIED)),
    "the last test": (rows.last_test_key(APP), set(NOTIFIED)),
}


@pytest.mark.parametrize("kind", WRITERS)
@pytest.mark.parametrize("operation", ["update_item", "put_item", "delete_item"])
def test_each_row_has_its_writers(kind: str, operation: str) -> None:
    """No function deletes a row, a release is written by none, and `head` by none but the sync, which replaces none."""
    key, writers = WRITERS[kind]
    (ask,) = asks("dynamodb", operation, {"TableName": TABLE, "Key": key, "Item": key})
    allowed = {role for role in ROLES if Rights.of(role, values(TABLE) | PUSHED).allow(ask)}
    expected = {"update_item": writers, "put_item": writers & set(NOTIFIED), "delete_item": set()}
    assert allowed == expected[operation]


@pytest.mark.parametrize("queue", QUEUES)
@pytest.mark.parametrize("action", ["SendMessage", "ReceiveMessage", "DeleteMessage", "PurgeQueue", "DeleteQueue"])
def test_each_queue_has_its_writers_and_readers(queue: str, action: str) -> None:
    """API Gateway fills the queue of notifications, functions the others; a queue is read by one function at most."""
    sending = {
        "NotificationQueue": {"NotificationIntegrationRole"},
        "ParkingQueue": {"TakeInRole"},
        "RelayQueue": {"TakeInRole"},
        "RelayDeadLetters": {"RelayRole"},
    }
    reading = {"NotificationQueue": {"TakeInRole"}, "RelayQueue": {"RelayRole"}}
    call = ApiCall(f"sqs:{action}", arn("sqs", f"retention-sandbox-{queue}"))
    holders = (*ROLES, "NotificationIntegrationRole")
    allowed = {role for role in holders if Rights.of(role, values(TABLE) | PUSHED).allow(call)}
    expected = {"SendMessage": sending, "ReceiveMessage": reading, "DeleteMessage": reading}
    assert allowed == expected.get(action, {}).get(queue, set())


@pytest.mark.parametrize("role", ROLES)
def test_nothing_is_allowed_anywhere_else(role: str) -> None:
    """No call is allowed on another table, another prefix or a batch with another app's key, and no Scan."""
    rights = Rights.of(role, values(TABLE) | PUSHED)
    mine, others = rows.head_key(APP), rows.head_key(OTHERS)
    for service, operation, request in (
        ("dynamodb", "get_item", rows.get("another", mine)),
        ("dynamodb", "batch_get_item", rows.batch_get(TABLE, [mine, others])),
        ("dynamodb", "scan", {"TableName": TABLE}),
        ("ssm", "get_parameter", {"Name": "/retention/production/KEY"}),
        ("ssm", "get_parameter", {"Name": "/retention/sandboxed/KEY"}),
    ):
        assert not any(rights.allow(ask) for ask in asks(service, operation, request))
    for path in (
        "a1b2c3/$default/POST/v1/retention-message",
        "a1b2c3/$default/GET/v1/probe",
        "z/$default/POST/v1/probe",
    ):
        assert not rights.allow(ApiCall("execute-api:Invoke", arn("execute-api", path)))


# The operator


@pytest.fixture
def operator_asks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[tuple[OperatorSetup, list[ApiCall]]]:
    """Return the calls of every command that calls AWS, in both environments."""
    with embedded_dynamodb() as url, set_up_operator(tmp_path, url, "rights", capsys) as desk:
        push(desk)
        with recorded() as noted:
            work(desk)
            read_the_bucket(desk)
        yield desk, noted


def work(desk: OperatorSetup) -> None:
    typed = partial(type_in, desk)
    assert desk("plan")[0] == 3
    assert desk("apply")[0] == 0
    staff_actions.review(desk.app_data("Production"), "APPROVED", [])
    assert desk("promote", "--from", "sandbox", "--to", "production", "--yes")[0] in {0, 3}
    for command in ("status", "defaults", "prune --show", "endpoint set --yes", "endpoint show", "doctor"):
        desk(*command.split())
    typed("publish", str(desk.file))
    typed("rollback")
    for command in ("releases", "pause", "resume", "explain --product pro.monthly"):
        typed(*command.split())
    states = desk.directory / "messages.json"
    states.write_text(json.dumps({"messageIdentifiers": []}))
    images = desk.directory / "images.json"
    images.write_text(json.dumps({"imageIdentifiers": []}))
    typed("import-states", str(states), str(images), "--allow-silencing")
    archive = desk.directory / "app.jsonl.gz"
    typed("export", str(archive), "--profiles")
    damage(desk)
    typed("import", str(archive), "--replace")
    work_on_notifications(desk)


def work_on_notifications(desk: OperatorSetup) -> None:
    """Run every command about notifications and about what they teach."""
    typed = partial(type_in, desk)
    for command in ("url", "status", "replay --yes", "replay --relay --yes"):
        typed("notifications", *command.split())
    assert desk("notifications", "test", "--timeout", "0")[0] in {1, 3}  # the simulator has no URL to send it to
    typed("facts", "show", "2000000900000180")
    typed("facts", "forget", "2000000900000180", "--yes")
    assert desk("facts", "backfill", "--days", "1")[0] == 0


def push(desk: OperatorSetup) -> None:
    """Give the sandbox's stack the queues of notifications, with a message in each, and the outputs that name them."""
    stack, sqs = f"{desk.name}-sandbox", desk.aws("sqs")
    urls = {queue: sqs.create_queue(QueueName=f"{stack}-{queue}")["QueueUrl"] for queue in QUEUES}
    for url in urls.values():
        sqs.send_message(QueueUrl=url, MessageBody="{}")
    outputs = {f"{queue}Url": {"Value": url} for queue, url in urls.items()}
    outputs |= {
        "Notifications": {"Value": "push"},
        "NotificationsUrl": {"Value": "https://example.com/v1/notifications"},
        **analysed(desk),
    }
    template: Any = TEMPLATE
    desk.aws("cloudformation").update_stack(
        StackName=stack,
        TemplateBody=json.dumps({**template, "Outputs": {**template["Outputs"], **outputs}}),
        Parameters=[{"ParameterKey": name, "UsePreviousValue": True} for name in template["Parameters"]],
    )


def analysed(desk: OperatorSetup) -> dict[str, dict[str, str]]:
    """Make what Analysis adds to the sandbox's stack, with one line in the bucket; return the outputs that name it."""
    stack, logs = f"{desk.name}-sandbox", desk.aws("logs")
    bucket = values("", stack=stack)["AnalysisBucket.Arn"].rpartition(":")[2]
    desk.aws("s3").create_bucket(Bucket=bucket)
    desk.aws("s3").put_object(Bucket=bucket, Key=f"exposures/day={TODAY}/a.json.gz", Body=b"x")
    desk.aws("athena").create_work_group(Name=stack)
    logs.create_log_group(logGroupName=f"{desk.table()}-notifications")
    for name, group in zip(STREAMS, (desk.table(), f"{desk.table()}-notifications"), strict=True):
        role = {"RoleARN": "arn:aws:iam::123456789012:role/r", "BucketARN": f"arn:aws:s3:::{bucket}"}
        made = {"DeliveryStreamName": f"{stack}-{name}", "ExtendedS3DestinationConfiguration": role}
        stream = desk.aws("firehose").create_delivery_stream(**made)["DeliveryStreamARN"]
        logs.put_subscription_filter(
            logGroupName=group, filterName="lines", filterPattern="", destinationArn=stream, roleArn=role["RoleARN"]
        )
    named = {
        "AnalysisBucket": bucket,
        "AnalysisDatabase": values("")["AnalysisDatabase"],
        "AnalysisWorkGroup": stack,
        **{name: f"{stack}-{name}" for name in STREAMS},
        "NotificationsLogGroup": f"{desk.table()}-notifications",
    }
    return {name: {"Value": value} for name, value in named.items()}


def read_the_bucket(desk: OperatorSetup) -> None:
    """Fetch the stored lines as a report does, and ask Athena in the workgroup of the stack."""
    made = find_stack(f"{desk.name}-sandbox", region=None, endpoint_url=desk.endpoint).analysis
    assert made is not None
    folder = desk.directory / "cache"
    s3 = client("s3", region=None, endpoint_url=desk.endpoint)
    (file,) = fetch_days(s3, made.bucket, EXPOSURES, TODAY, TODAY, folder, lambda *_: None)
    assert file.read_bytes() == b"x"
    athena = client("athena", region=None, endpoint_url=desk.endpoint)
    engine = AthenaEngine(athena, made, [*list_days(s3, made.bucket, EXPOSURES, TODAY, TODAY)])
    now = datetime.now(UTC)
    assert engine.run("keys", literals_of(EffectQuestion(APP_ID, "a", 30, now, now, now))) == []
    # what it does when a query takes longer than a report waits
    query = athena.start_query_execution(QueryString="SELECT 1", WorkGroup=made.work_group)
    athena.stop_query_execution(QueryExecutionId=query["QueryExecutionId"])


@needs_analysis
def test_a_report_may_do_what_it_does_and_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`retention report --env --compare` makes allowed calls only, and it needs each right on lines and queries.

    A query that takes too long is stopped, and Athena does its part in the operator's name. moto's Athena runs nothing
    and returns no row, so the engines differ, and the command ends with 1.
    """
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with embedded_dynamodb() as url, set_up_operator(tmp_path, url, "report", capsys) as desk:
        push(desk)
        desk.file.write_text(f"{desk.file.read_text()}\nholdout: {{key: h-1, percent: 10, answer: fallback}}\n")
        type_in(desk, "publish", str(desk.file))
        bucket = values("", stack=f"{desk.name}-sandbox")["AnalysisBucket.Arn"].rpartition(":")[2]
        body = gzip.compress(b'{"message":"forged","timestamp":"2026-12-01 00:00:00,000+0000"}\n')
        desk.aws("s3").put_object(Bucket=bucket, Key=f"exposures/day={TODAY}/a.json.gz", Body=body)
        words = ("report", "h-1", str(desk.file), "--compare", "--env", "sandbox", "--endpoint-url", desk.endpoint)
        with recorded() as noted, pytest.raises(SystemExit) as ended:
            main(words)
        assert (ended.value.code, "differ between engines" in capsys.readouterr().err) == (1, True)
        filled = values(desk.table(), prefix=f"{PREFIX}/{desk.name}", stack=f"{desk.name}-sandbox")
    rights = Rights.of("OperatorPolicy", filled | EVERY_PART)
    assert [ask for ask in noted if not rights.allow(ask)] == []
    of_lines = {action for action in rights.actions if action.partition(":")[0] in {"s3", "athena", "glue"}}
    used = {ask.action for ask in noted if ask.action.partition(":")[0] in {"s3", "athena"}}
    assert used | OF_A_QUERY | {"athena:StopQueryExecution"} == of_lines


def type_in(desk: OperatorSetup, *arguments: str) -> None:
    """Run a command that does not call Apple, in the sandbox."""
    file = () if arguments[0] == "publish" else ("--file", str(desk.file))
    with pytest.raises(SystemExit) as ended:
        main([*arguments, *file, "--env", "sandbox", "--endpoint-url", desk.endpoint])
    assert not ended.value.code, desk.capsys.readouterr().err


def damage(desk: OperatorSetup) -> None:
    """Add a row to a release, which `import --replace` deletes."""
    item = {**rows.sheet_key(APP_ID, 1, "too.many"), "document": {"S": "x"}}
    desk.aws("dynamodb").put_item(TableName=desk.table(), Item=item)


def typed_by_hand() -> set[str]:
    """Return the actions of the AWS commands that the documents have an operator type."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in DOCUMENTS).replace("\\\n", " ")
    words = re.findall(r"\baws (dynamodb|lambda|ssm|logs|cloudformation) (wait )?([a-z-]+)", text)
    named = {"wait table-exists": "DescribeTable", "invoke": "InvokeFunction"}
    return {
        f"{service}:{named.get(wait + verb) or ''.join(part.capitalize() for part in verb.split('-'))}"
        for service, wait, verb in words
    }


def test_the_operator_may_do_what_the_console_does_and_nothing_else(
    operator_asks: tuple[OperatorSetup, list[ApiCall]],
) -> None:
    """Every call of every command is allowed in its own stack; every action allowed is a command's or a document's."""
    desk, asked = operator_asks
    both = [
        Rights.of(
            "OperatorPolicy",
            values(desk.table(env), prefix=f"{PREFIX}/{desk.name}", stack=f"{desk.name}-{env}")
            | {**EVERY_PART, "AlarmTopicArn": desk.topic},
        )
        for env in ("sandbox", "production")
    ]
    assert [ask for ask in asked if not any(rights.allow(ask) for rights in both)] == []
    used = {ask.action for ask in asked} | OF_A_QUERY
    assert used | (typed_by_hand() - ADMINISTRATORS) == both[0].actions
    assert {"ssm:PutParameter", "lambda:InvokeFunction"} <= typed_by_hand()


def test_an_operator_of_one_stack_has_no_right_in_another() -> None:
    """The sandbox's operator has no right on production's table, keys and log, nor the reverse."""
    mine = Rights.of("OperatorPolicy", values("retention-a") | EVERY_PART)
    others = values("retention-b", prefix="/retention/production", stack="retention-production") | EVERY_PART
    others |= {"AnalysisDatabase": "retention_ffffffff_cd1e_11f0_9a3b_0e1f2a3b4c5d"}
    resources = {one for statement in Rights.of("OperatorPolicy", others).statements for one in statement.resources}
    resources -= {CATALOG}  # of the account, and nothing is read in it but through a database
    of_the_account = {  # read, and the same for every stack
        *("lambda:GetAccountSettings", "ssm:GetServiceSetting"),
        *("cloudwatch:DescribeAlarms", "cloudwatch:GetMetricStatistics"),
    }
    for action in mine.actions - of_the_account:
        assert not any(mine.allow(ApiCall(action, resource)) for resource in resources), action


def test_the_right_to_read_the_alias_names_the_alias() -> None:
    """The right to read the alias `live` names the alias, since IAM compares the complete ARN."""
    mine = Rights.of("OperatorPolicy", values(TABLE))
    for given in ({}, {"Qualifier": "live"}):
        request = {"FunctionName": "retention-sandbox-GetRetentionMessage", **given}
        (ask,) = asks("lambda", "get_function_configuration", request)
        assert mine.allow(ask)
        assert ask.resource.endswith(":live") == bool(given)
    (ask,) = asks("lambda", "get_function_configuration", {"FunctionName": "retention-sandbox-SyncStates"})
    assert not mine.allow(ask)


def test_the_operator_reads_subscribers_of_the_alarms_topic_only() -> None:
    """The operator can read the subscribers of the stack's or the owner's topic, and of no other."""
    own, theirs = arn("sns", "retention-sandbox-AlarmTopic-1"), arn("sns", "ours")
    cases: dict[str | None, dict[str, str]] = {
        None: {},
        own: {"AlarmEmail": "me@example.com", "AlarmTopic": own},
        theirs: {"AlarmTopicArn": theirs},
    }
    for topic, given in cases.items():
        rights = Rights.of("OperatorPolicy", values(TABLE) | given)
        allowed = {one for one in (own, theirs) if rights.allow(ApiCall("sns:ListSubscriptionsByTopic", one))}
        assert allowed == ({topic} if topic else set())


# A key of one's own for the signing keys


KMS_KEY: Final = arn("kms", "key/0f3c2a10-cd1e-11f0-9a3b-0e1f2a3b4c5d")
PARAMETER_STORE: Final = "ssm.us-east-1.amazonaws.com"


@pytest.mark.parametrize("holder", ["FunctionRole", "SyncRole", "PullRole", "OperatorPolicy"])
def test_signing_keys_can_be_encrypted_with_the_owners_kms_key(holder: str) -> None:
    """SigningKeyKmsKeyArn lets functions that sign and the operator decrypt with it, through Parameter Store alone."""
    usual, own = (Rights.of(holder, values(TABLE) | given) for given in ({}, {"SigningKeyKmsKeyArn": KMS_KEY}))
    through = ApiCall("kms:Decrypt", KMS_KEY, via=PARAMETER_STORE)
    assert own.allow(through)
    assert not usual.allow(through)
    assert not own.allow(ApiCall("kms:Decrypt", KMS_KEY))
    assert not own.allow(ApiCall("kms:Decrypt", arn("kms", "key/another"), via=PARAMETER_STORE))
    assert own.allow(ApiCall("kms:Encrypt", KMS_KEY, via=PARAMETER_STORE)) == (holder == "OperatorPolicy")
    assert not any(action.startswith("kms:") for action in usual.actions)


def test_the_operator_finds_the_stack_by_its_name_and_no_other() -> None:
    """IAM judges `stack/NAME/*` for a name, which a policy that ends in the stack's id does not match."""
    mine = Rights.of("OperatorPolicy", values(TABLE))
    assert [ask.resource for ask in asks("cloudformation", "describe_stacks", {"StackName": "retention-sandbox"})] == [
        "arn:aws:cloudformation:us-east-1:123456789012:stack/retention-sandbox/*"
    ]
    for name in ("retention-sandbox", values(TABLE)["AWS::StackId"]):
        assert all(mine.allow(ask) for ask in asks("cloudformation", "describe_stacks", {"StackName": name}))
    for name in ("retention-production", "retention-sandbox-2", "retention"):
        assert not any(mine.allow(ask) for ask in asks("cloudformation", "describe_stacks", {"StackName": name}))


# How large policies become

LARGEST: Final = {
    "FunctionRole": 10_240,
    "SyncRole": 10_240,
    "TakeInRole": 10_240,
    "PullRole": 10_240,
    "RelayRole": 10_240,
    "LogForwardingRole": 10_240,
    "AnalysisDeliveryRole": 10_240,
    "OperatorPolicy": 6_144,
}  # characters without blanks, IAM's


@pytest.mark.parametrize("digits", [9, 10])  # of an app's id; the first ones had nine
@pytest.mark.parametrize("holder", LARGEST)
def test_the_largest_parameters_fit_into_a_policy(holder: str, digits: int) -> None:
    """As many apps as AppAppleIds takes, a stack's name of 128 characters and a key of one's own are within IAM's."""
    longest = template()["Parameters"]["AppAppleIds"]["MaxLength"]
    apps = ",".join(["1" * digits] * ((longest + 1) // (digits + 1)))
    given = {**values("retention-sandbox-Table-1ABCDEFGHIJKL", stack="s" * 128), "AppAppleIds": apps}
    # SQS's names have 80 characters at most
    queues = {f"{queue}.Arn": arn("sqs", "q" * 80) for queue in QUEUES}
    # Firehose's have 64, S3's 63
    queues |= {f"{name}.Arn": arn("firehose", "deliverystream/" + "f" * 64) for name in STREAMS}
    given |= {
        **queues,
        **EVERY_PART,
        "AnalysisBucket.Arn": "arn:aws:s3:::" + "b" * 63,
        "SigningKeyKmsKeyArn": KMS_KEY,
        "AlarmTopicArn": arn("sns", "alarms"),
    }
    text = written(holder, given)
    assert "Fn::" not in text
    assert len(text) <= LARGEST[holder]
