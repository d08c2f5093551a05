"""The stack on a complete local AWS: built, deployed, published to, asked, updated, rolled back; and what it refuses.

The test makes an authority that plays the App Store, and the sandbox stack is deployed with its root as trust anchor.
The route is the template's own: MiniStack makes it from the resources, but would not make it from an OpenAPI body.
"""

from __future__ import annotations

import base64
import gzip
import json
import os
import re
import shutil
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
from retention import table as rows
from retention.log.record import HELD, SERVED
from retention.request import SANDBOX

from console.deployment.aws import client
from console.deployment.stack import find_stack
from console.deployment.stored_lines import EXPOSURES, OUTCOMES, StoredObject, list_day
from console.effect.athena_engine import AthenaEngine
from console.effect.compared import compare_engines
from console.effect.duckdb_engine import DuckDbEngine
from console.effect.load import load_data
from console.effect.log_cache import cache_logs
from console.effect.rows import EffectQuestion
from console.effect.stored_days import fetch_days
from console.effect.tables import TABLES
from console.simulator import staff_actions
from console.simulator.accounts import SimulatedApp
from console.simulator.api import Request, Response
from console.simulator.app_data import UploadedImage, UploadedMessage
from console.simulator.authority import Authority, request_claims
from console.simulator.server import Server, SimulatorServer
from console.simulator.simulator import Simulator
from tests.e2e.met_customers import (
    CONTROL,
    REFUNDED,
    RENEWS,
    SWITCH,
    TURNS_OFF,
    Deed,
    MetCustomer,
    ask,
    notifications,
    true_counts,
    upgrades,
)
from tests.e2e.whole_aws import Answer, MiniStack, Project, RefusedError, Stack
from tests.minting.notifications import DAY_MS, data_claims, renewal_claims, transaction_claims
from tests.support import real_parts
from tests.support.analysis_parts import needs_analysis
from tests.support.required_parts import real
from tests.support.sam_template import ROOT
from tests.support.simulated_app import NOW, PEM, make_simulator, text
from tests.support.waiting import eventually

# The sample app, as in events/retention.yaml.
APP: Final = SimulatedApp(6745974591, "com.example.trailhead", "57246542-96fe-1a63-e053-0824d011072a")
KEY_ID: Final = "2X9R4HXF34"
ANNUAL, BASIC, WITHOUT_RULE = "trailhead.pro.annual", "trailhead.basic.monthly", "trailhead.student.annual"
MONTHLY = "trailhead.pro.monthly"

STACK: Final = "retention-sandbox"  # as the sample's environment `sandbox` names it
PREFIX: Final = "/retention/sandbox"
PARAMETERS: Final = {"Environment": "Sandbox", "AppAppleIds": str(APP.app_apple_id), "SigningKeyPrefix": PREFIX}
NOWHERE: Final = "http://127.0.0.1:1"
COMMITTED_CA: Final = ROOT / "events" / "ca"
CUSTOMER_KEY: Final = bytes(range(32))


def base64_der(der: bytes) -> str:
    return base64.b64encode(der).decode()


@dataclass
class Scene:
    """A deployed stack with a release, review states and a signing key, and an authority that plays the App Store."""

    aws: MiniStack
    project: Project
    stack: Stack
    authority: Authority
    owner: Path
    parameters: dict[str, str]

    def ask(self, product: str = ANNUAL, locale: str = "en-US", **claims: Any) -> Answer:
        """Post a freshly signed request to the stack's URL, as the App Store would."""
        made = request_claims(product_id=product, user_locale=locale, **claims)
        return self.stack.post(self.authority.sign(made))

    def console(self, *arguments: str, code: int = 0) -> Any:
        """Run `retention` on the stack, found by the outputs of the stack; returns the JSON document printed."""
        command = [
            sys.executable,
            "-m",
            "console.cli.main",
            *arguments,
            "--env",
            "sandbox",
            "--endpoint-url",
            self.aws.url,
        ]
        done = subprocess.run(
            [*command, *([] if arguments[0] in {"doctor", "facts"} else ["--yes"]), "--json"],
            cwd=self.owner,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "handler")])},
            check=False,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        assert done.returncode == code, done.stderr
        return json.loads(done.stdout)

    def typed(self, cache: Path, *words: str) -> subprocess.CompletedProcess[str]:
        """Run the installed `retention` as an operator types it, in a shell whose AWS is MiniStack.

        `cache` is the operator's own folder for caches.
        """
        return subprocess.run(
            [str(Path(sys.executable).with_name("retention")), *words],
            cwd=self.owner,
            env={**os.environ, "AWS_ENDPOINT_URL": self.aws.url, "XDG_CACHE_HOME": str(cache)},
            check=False,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )

    def fix_customer_key(self) -> None:
        """Give the app a key that is the same in every run, so that customers are in the same arms.

        With a random one, the arms' numbers would fail a report's check of shares in one of some hundred runs.
        """
        self.aws.client("dynamodb").update_item(
            TableName=self.stack.outputs["TableName"],
            Key=rows.head_key(APP.app_apple_id),
            UpdateExpression="SET customerKey = :key",
            ExpressionAttributeValues={":key": {"B": CUSTOMER_KEY}},
        )

    def findings(self) -> dict[str, Any]:
        """Return what `retention doctor` finds, by code. Apple cannot be reached, which is one of the findings."""
        found = self.console("doctor", "--apple-url", NOWHERE, code=1)["findings"]
        return {one["code"]: one for one in found}

    def deploy(self, **parameters: str) -> None:
        self.parameters |= parameters
        self.stack = self.project.deploy(self.aws, STACK, self.parameters)

    def state(self, message: str) -> str:
        key = rows.message_key(APP.app_apple_id, message)
        found = self.aws.client("dynamodb").get_item(**rows.get(self.stack.outputs["TableName"], key))
        return rows.state_of(found["Item"])


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("e2e")


@pytest.fixture(scope="module")
def aws(scratch: Path) -> Iterator[MiniStack]:
    with ExitStack() as parts:
        yield real(lambda: parts.enter_context(MiniStack.start(scratch)))


@pytest.fixture(scope="module")
def scene(aws: MiniStack, scratch: Path) -> Scene:
    """Deploy, publish, import review states and store the key, as docs/operations.md describes."""
    now = datetime.now(UTC)
    authority = Authority.create("End-to-end Root CA", now - timedelta(hours=1), now + timedelta(days=1))
    parameters = {**PARAMETERS, "RehearsalTrustAnchor": base64_der(authority.root_der)}
    project = Project.copy(scratch)
    stack = project.deploy(aws, STACK, parameters)
    owner = shutil.copytree(ROOT / "events", scratch / "owner")
    scene = Scene(aws, project, stack, authority, owner, parameters)
    scene.console("publish", "retention.yaml")
    scene.fix_customer_key()
    scene.console("import-states", "states/messages.json", "states/images.json")
    aws.client("ssm").put_parameter(Name=f"{PREFIX}/{KEY_ID}", Value=PEM.decode(), Type="SecureString")
    return scene


def noticed(look: Callable[[], bool]) -> bool:
    """Return whether `look` becomes true: a running function reads a change after at most `HEAD_SECONDS`."""
    return eventually(look, pause=1)


# Answers


def test_a_signed_request_is_answered_through_api_gateway(scene: Scene) -> None:
    """API Gateway routes a signed request to the alias, which answers by a rule; the log has the trust anchor."""
    answer = scene.ask(request_identifier="6f1c3a52-6f0e-4a53-9b3f-5d3c1f0c7a11")
    assert (answer.status, list(answer.document)) == (200, ["message"])
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert scene.state(answer.document["message"]["messageIdentifier"]) == "APPROVED"
    lines = scene.stack.log("FunctionLogGroup")
    (line,) = [line for line in lines if line.get("requestIdentifier") == "6f1c3a52-6f0e-4a53-9b3f-5d3c1f0c7a11"]
    assert (line["rule"], line["trustAnchor"]) == ("keep-pro", scene.authority.fingerprint)


def test_an_offer_is_answered_signed(scene: Scene) -> None:
    """The answer for Japan carries an offer, signed by a throwaway key: a trust anchor vouched for the request."""
    offer = scene.ask(locale="ja").document["promotionalOffer"]
    assert offer["promotionalOfferSignatureV1"]["keyId"] == KEY_ID


def test_each_unanswered_request_has_its_status(scene: Scene) -> None:
    """No rule: 204. Another environment or app: 403. Another authority: 401."""
    assert scene.ask(WITHOUT_RULE).status == 204
    assert scene.ask(environment="Production").status == 403
    assert scene.ask(app_apple_id=1).status == 403
    stranger = Authority.load(COMMITTED_CA).sign(request_claims(product_id=ANNUAL))
    assert scene.stack.post(stranger).status == 401


# Review states


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    """A simulator that holds the messages and images of the sample's lists."""
    with make_simulator() as simulator:
        staff_actions.grant(simulator, APP, KEY_ID, PEM)
        app_data = simulator.app_data(APP.app_apple_id, SANDBOX)
        lists = {
            name: json.loads((ROOT / "events" / "states" / f"{name}.json").read_text())
            for name in ("messages", "images")
        }
        for image in lists["images"]["imageIdentifiers"]:
            app_data.add_image(UploadedImage(image["imageIdentifier"], image["imageSize"], image["imageState"]), NOW)
        for message in lists["messages"]["messageIdentifiers"]:
            app_data.add_message(
                UploadedMessage(message["messageIdentifier"], text(), message["messageState"], ()), NOW
            )
        yield simulator


def test_the_sync_imports_apples_decisions(scene: Scene, simulator: Simulator) -> None:
    """The sync imports a rejection and an approval, with the live release's key from SSM; its schedule is enabled.

    The test sets the simulator's URL as Apple's by hand: the template leaves RETENTION_APPLE_URL empty.
    """
    function = {"FunctionName": scene.stack.outputs["SyncFunctionName"]}
    sync = partial(scene.stack.run, "SyncFunctionName")
    assert [schedule["State"] for schedule in schedules_of(scene, **function)] == ["ENABLED"]
    configured = scene.aws.client("lambda").get_function_configuration(**function)["Environment"]["Variables"]
    assert configured["RETENTION_APPLE_URL"] == ""
    served = scene.ask(BASIC, "fr-FR").document["message"]["messageIdentifier"]
    with SimulatorServer(simulator) as server:
        scene.stack.set_variables(function["FunctionName"], RETENTION_APPLE_URL=server.base_url(SANDBOX))
        (app,) = sync()["apps"]
        assert (app["outcome"], app["silenced"]) == ("synced", 0)
        rejected = app["rejectedMessages"]  # the sample has one
        staff_actions.review(simulator.app_data(APP.app_apple_id, SANDBOX), "REJECTED", [served])
        (app,) = sync()["apps"]
        assert (app["outcome"], app["rejectedMessages"], app["silenced"]) == ("synced", rejected + 1, 1)
        assert scene.state(served) == "REJECTED"
        staff_actions.review(simulator.app_data(APP.app_apple_id, SANDBOX), "APPROVED", [served])
        sync()
    assert scene.state(served) == "APPROVED"
    (lost,) = [line for line in scene.stack.log("SyncLogGroup") if "lost approval" in str(line.get("message"))]
    assert lost["messageIdentifiers"] == [served]
    (app,) = sync()["apps"]
    assert (app["outcome"], app["reason"]) == ("failed", "apple_unreachable")


def schedules_of(scene: Scene, FunctionName: str) -> list[dict[str, Any]]:  # noqa: N803  # as AWS writes it
    """Return the schedules that call this function. CloudFormation chose their names."""
    client = scene.aws.client("scheduler")
    found = [client.get_schedule(Name=each["Name"]) for each in client.list_schedules()["Schedules"]]
    return [each for each in found if each["Target"]["Arn"].endswith(f":function:{FunctionName}")]


# Releases


def test_a_release_and_its_rollback_reach_the_running_function(scene: Scene) -> None:
    """The running function answers by a published release, then by the one rolled back to; nothing is deployed."""
    assert scene.ask(BASIC, "fr-FR").status == 200
    file = scene.owner / "retention.yaml"
    before = file.read_text()
    file.write_text(before.replace("answer: {message: keep-basic}", "answer: fallback"))
    version = scene.stack.live()["Version"]
    published = scene.console("publish", "retention.yaml")
    assert noticed(lambda: scene.ask(BASIC, "fr-FR").status == 204)
    assert scene.console("rollback")["release"] == published["previous"]
    assert noticed(lambda: scene.ask(BASIC, "fr-FR").status == 200)
    file.write_text(before)
    assert scene.stack.live()["Version"] == version


# Updates


def test_nothing_changed_deploys_nothing(scene: Scene) -> None:
    """Deploying the same sources and parameters again publishes no new version."""
    version = scene.stack.live()["Version"]
    scene.deploy()
    assert scene.stack.live()["Version"] == version


def test_a_changed_layer_alone_reaches_the_alias(scene: Scene) -> None:
    """After a change to the layer alone, `live` serves a new version with the new layer and the same code."""
    before = scene.stack.live()
    recipe = scene.project.folder / "build" / real_parts.machine() / "Makefile"
    last = 'echo two > "$$ARTIFACTS_DIR/edition"'  # the layer's is the last recipe
    recipe.write_text(recipe.read_text().replace("exec ", "") + f"\t{last}\n")
    scene.deploy()
    after = scene.stack.live()
    assert int(after["Version"]) > int(before["Version"])
    assert after["Layers"] != before["Layers"]
    assert after["CodeSha256"] == before["CodeSha256"]
    assert scene.ask().status == 200


def test_a_changed_parameter_alone_reaches_the_alias(scene: Scene) -> None:
    """After a change to one parameter, `live` serves a new version with the new value."""
    before = scene.stack.live()
    scene.deploy(MemorySize="1024")
    after = scene.stack.live()
    assert int(after["Version"]) > int(before["Version"])
    assert (before["MemorySize"], after["MemorySize"]) == (1769, 1024)
    assert scene.ask().status == 200


def test_a_parameter_deployed_without_a_build_is_seen(scene: Scene) -> None:
    """A parameter set by `sam deploy` alone is not in `live`: doctor names its variable, `make deploy` publishes it."""
    assert scene.findings()["alias"]["verdict"] == "good"
    acknowledged = {"KnownLeaves": "0" * 64}
    scene.project.deploy_without_building(scene.aws, STACK, {**scene.parameters, **acknowledged})
    behind = scene.findings()["alias-behind"]
    assert behind["verdict"] == "bad"
    assert behind["found"].endswith("deployed last in: RETENTION_KNOWN_LEAVES.")
    scene.deploy(**acknowledged)
    found = scene.findings()
    assert "alias-behind" not in found
    assert found["alias"]["verdict"] == "good"
    assert scene.stack.live()["Environment"]["Variables"]["RETENTION_KNOWN_LEAVES"] == acknowledged["KnownLeaves"]


def test_make_deploy_fails_while_the_alias_is_behind(scene: Scene) -> None:
    """If RELEASE stays the same although a parameter changed, no version is published, and `make deploy` fails."""
    program = scene.project.folder / "scripts" / "artefact.py"
    before = program.read_text()
    program.write_text(before.replace("    return hashlib.sha256(", '    return "0" * 64 or hashlib.sha256('))
    scene.deploy()
    with pytest.raises(RefusedError, match=r"`live` still serves version \d+, which differs in: memory\."):
        scene.deploy(MemorySize="1536")
    program.write_text(before)
    scene.deploy()
    assert scene.stack.live()["MemorySize"] == 1536


def test_the_layer_is_the_one_for_this_machine(scene: Scene) -> None:
    """Doctor reads the architecture from the deployed layer, and it is this machine's."""
    assert scene.findings()["architecture"]["verdict"] == "good"


def test_changed_code_is_deployed_and_deployed_back(scene: Scene) -> None:
    """Changed code answers after a deployment, and the code before after the next; the table stays the same."""
    source = scene.project.folder / "handler" / "retention" / "gateway.py"
    before, table = source.read_text(), scene.stack.outputs["TableName"]
    source.write_text(before.replace('"cache-control": "no-store"', '"cache-control": "no-store", "x-edition": "two"'))
    scene.deploy()
    updated = scene.ask()
    assert (updated.status, updated.headers.get("x-edition")) == (200, "two")
    source.write_text(before)
    scene.deploy()
    restored = scene.ask()
    assert (restored.status, restored.headers.get("x-edition")) == (200, None)
    assert scene.stack.outputs["TableName"] == table


# Another URL


def test_another_path_is_answered_before_the_old_one_ends(scene: Scene) -> None:
    """The three steps of docs/operations.md: both paths, then the new one alone, which the output Url does not show."""
    old, secret = urlsplit(scene.stack.outputs["Url"]).path, "another-secret-of-the-path"

    def statuses() -> list[int]:
        payload = scene.authority.sign(request_claims(product_id=ANNUAL))
        return [scene.stack.post(payload, path).status for path in (old, f"{old}/{secret}")]

    assert statuses() == [200, 404]
    scene.deploy(PathSecret=secret, PreviousPathSecret="none")
    assert statuses() == [200, 200]
    scene.deploy(PreviousPathSecret='""')
    assert statuses() == [404, 200]
    assert scene.stack.outputs["Url"].endswith("/<PathSecret>")
    scene.deploy(PathSecret='""', PreviousPathSecret=secret)
    assert statuses() == [200, 200]
    scene.deploy(PreviousPathSecret='""')
    assert statuses() == [200, 404]


def test_cloudformation_fills_in_the_dashboard(scene: Scene) -> None:
    """Once CloudFormation has filled in the dashboard, it is JSON without a reference left in it."""
    client = scene.aws.client("cloudwatch")
    (name,) = [found["DashboardName"] for found in client.list_dashboards()["DashboardEntries"]]
    body = client.get_dashboard(DashboardName=name)["DashboardBody"]
    kinds = {widget["type"] for widget in json.loads(body)["widgets"]}
    assert kinds == {"alarm", "text", "metric"}
    assert "${" not in body


# Apple's notifications

TRANSACTION: Final = "2000000900000180"


def notification(scene: Scene, **transaction: Any) -> str:
    """Return what Apple posts when a subscription renews, signed by the authority; `transaction` changes its claims."""
    now, bundle = round(time.time() * 1_000), {"bundleId": APP.bundle_id}
    common = {"originalTransactionId": TRANSACTION, "environment": SANDBOX, "signedDate": now}
    dates = {"purchaseDate": now - DAY_MS, "originalPurchaseDate": now - 100 * DAY_MS, "expiresDate": now + 20 * DAY_MS}
    renewal = {"renewalDate": dates["expiresDate"], "recentSubscriptionStartDate": dates["originalPurchaseDate"]}
    tokens = {
        "signedTransactionInfo": scene.authority.sign(
            transaction_claims(**common, **bundle, **dates, productId=BASIC, **transaction)
        ),
        "signedRenewalInfo": scene.authority.sign(
            renewal_claims(**common, **renewal, productId=BASIC, autoRenewProductId=BASIC)
        ),
    }
    data = data_claims(appAppleId=APP.app_apple_id, **bundle, environment=SANDBOX)
    made = {"notificationType": "DID_RENEW", "notificationUUID": str(uuid.uuid4()), "version": "2.0", "signedDate": now}
    return json.dumps({"signedPayload": scene.authority.sign({**made, "data": {**data, **tokens}})})


def outcomes(scene: Scene) -> list[dict[str, Any]]:
    """Return the outcome lines so far."""
    return [line for line in scene.stack.log("NotificationsLogGroup") if line.get("message") == "merged"]


def test_a_pushed_notification_is_learned_and_relayed(scene: Scene) -> None:
    """It goes through the queue into the table and, as the same bytes, to the owner's receiver; a line has the outcome.

    The receiver's URL is set by hand: the template takes https alone, and this machine has no certificate for it.
    """
    received: list[bytes] = []

    def receiver(request: Request) -> Response:
        received.append(request.body)
        return Response(200)

    scene.deploy(Notifications="push", RelayUrl="https://receiver.example.com/asn", Analysis="on")
    (relay,) = [name for name in functions_of(scene) if "RelayNotifications" in name]
    with Server(receiver) as server:
        scene.stack.set_variables(relay, RETENTION_RELAY_URL=server.url)
        bodies = [notification(scene), "junk", notification(scene, price="9.99")]
        for body in bodies:
            assert scene.stack.notify(body) == "POST /v1/notifications"
        assert noticed(lambda: sorted(received) == sorted(body.encode() for body in bodies))
    assert noticed(lambda: len(outcomes(scene)) == 1)
    (line,) = outcomes(scene)
    assert (line["type"], line["source"], line["productId"]) == ("DID_RENEW", "push", BASIC)
    assert TRANSACTION not in json.dumps(scene.stack.log("NotificationsLogGroup"))
    facts = scene.console("facts", "show", TRANSACTION)["facts"]
    assert (facts["nextProductId"], facts["autoRenew"]) == (BASIC, True)
    assert noticed(lambda: scene.stack.bodies("ParkingQueueUrl") == [bodies[2]])
    assert scene.stack.bodies("NotificationQueueUrl") == scene.stack.bodies("RelayDeadLettersUrl") == []


def functions_of(scene: Scene) -> list[str]:
    """Return the names of the stack's functions."""
    found = scene.aws.client("lambda").list_functions()["Functions"]
    return [each["FunctionName"] for each in found if each["FunctionName"].startswith(scene.stack.name)]


def test_a_receiver_that_is_down_gets_it_later(scene: Scene) -> None:
    """What could not be sent on stays in the relay's queue, hidden for a minute, and the log has the host and why."""
    (relay,) = [name for name in functions_of(scene) if "RelayNotifications" in name]
    scene.stack.set_variables(relay, RETENTION_RELAY_URL=f"{NOWHERE}/a-secret-of-the-owner")
    scene.stack.notify(notification(scene))
    attributes = {"QueueUrl": scene.stack.outputs["RelayQueueUrl"], "AttributeNames": ["All"]}

    def hidden() -> bool:
        found = scene.aws.client("sqs").get_queue_attributes(**attributes)["Attributes"]
        return bool(found["ApproximateNumberOfMessagesNotVisible"] == "1")

    assert noticed(hidden)


def test_apples_history_is_pulled(scene: Scene, simulator: Simulator) -> None:
    """A stack without a URL reads Apple's history on a schedule, and keeps how far it came."""
    scene.deploy(Notifications="pull", RelayUrl='""')
    assert "NotificationsUrl" not in scene.stack.outputs
    name = scene.stack.outputs["PullFunctionName"]
    assert [schedule["State"] for schedule in schedules_of(scene, FunctionName=name)] == ["ENABLED"]
    with SimulatorServer(simulator) as server:
        scene.stack.set_variables(name, RETENTION_APPLE_URL=server.base_url(SANDBOX))
        scene.stack.run("PullFunctionName")
    key = rows.pull_key(APP.app_apple_id)
    item = scene.aws.client("dynamodb").get_item(**rows.get(scene.stack.outputs["TableName"], key))["Item"]
    assert rows.number(item, "watermark") > (time.time() - 3_600) * 1_000


# The analysis of experiments

EXPERIMENT: Final = "switch-2026q4"  # of MONTHLY, in the sample


def test_log_lines_come_into_the_bucket_and_from_there_to_the_operator(scene: Scene, tmp_path: Path) -> None:
    """Each line about a customer is stored, under the day of arrival, and no other line; the console fetches it."""
    for number in range(6):
        scene.ask(MONTHLY, original_transaction_id=f"{int(TRANSACTION) + number}")
    known = len(outcomes(scene))
    body = notification(scene)
    scene.aws.client("sqs").send_message(QueueUrl=scene.stack.outputs["NotificationQueueUrl"], MessageBody=body)
    assert noticed(lambda: len(outcomes(scene)) == known + 1)
    first = datetime.now(UTC).date()
    scene.stack.deliver_lines()
    last = datetime.now(UTC).date()
    made = find_stack(STACK, region="us-east-1", endpoint_url=scene.aws.url).analysis
    assert made is not None
    for prefix, log, member in (
        (EXPOSURES, "FunctionLogGroup", "customerHash"),
        (OUTCOMES, "NotificationsLogGroup", "notificationUuid"),
    ):
        s3 = client("s3", region="us-east-1", endpoint_url=scene.aws.url)
        files = fetch_days(s3, made.bucket, prefix, first, last, tmp_path, lambda *_: None)
        assert {path.parent.name for path in files} <= {f"day={day}" for day in (first, last)}
        stored = [json.loads(line) for path in files for line in gzip.decompress(path.read_bytes()).splitlines()]
        logged = [line for line in scene.stack.log(log) if member in line]
        assert [line for line in stored if member in line] == logged != []
        assert all({"customerHash", "completeUntil"} & set(line) for line in stored)
        assert TRANSACTION not in str(stored)


def lately() -> tuple[date, date]:
    """Return yesterday and today: a day may end between two tests, or within one."""
    today = datetime.now(UTC).date()
    return today - timedelta(days=1), today


def test_athena_reads_the_lines_by_the_columns_of_the_tables(scene: Scene) -> None:
    """In the workgroup and database of the stack, a query counts the lines of both tables, by the day in the path."""
    scene.stack.name_columns(TABLES, str(datetime.now(UTC).date()))
    for table, log, member in (
        ("exposures", "FunctionLogGroup", "customerHash"),
        ("outcomes", "NotificationsLogGroup", "notificationUuid"),
    ):
        logged = [line for line in scene.stack.log(log) if member in line]
        ours = f"{member.lower()} <> '' AND appappleid = {APP.app_apple_id}"
        query = f"SELECT count(*), min(day) FROM {table} WHERE {ours}"  # noqa: S608  # of names in this file
        number, day = scene.stack.query(query)
        assert (number, date.fromisoformat(day) in lately()) == (str(len(logged)), True)


@needs_analysis
def test_duckdb_and_athena_answer_alike_from_the_bucket(scene: Scene, tmp_path: Path) -> None:
    """Each query of an analysis returns the same rows from the fetched files as from the tables, duplicates included.

    Six customers were exposed, and one of them renewed. Every line is delivered twice.
    """
    scene.stack.deliver_lines()
    yesterday, today = lately()
    scene.stack.name_columns(TABLES, str(today))
    asking = partial(client, region="us-east-1", endpoint_url=scene.aws.url)
    made = find_stack(STACK, region="us-east-1", endpoint_url=scene.aws.url).analysis
    assert made is not None
    now = datetime.now(UTC)
    files: list[Path] = []
    objects: list[StoredObject] = []
    for prefix in (EXPOSURES, OUTCOMES):
        files += fetch_days(asking("s3"), made.bucket, prefix, yesterday, today, tmp_path, lambda *_: None)
        objects += [each for day in (yesterday, today) for each in list_day(asking("s3"), made.bucket, prefix, day)]
    local = DuckDbEngine(cache_logs(files, tmp_path / "columns"), tmp_path)
    athena = AthenaEngine(asking("athena"), made, objects)
    question = EffectQuestion(
        APP.app_apple_id,
        EXPERIMENT,
        horizon_days=1,
        starts=now - timedelta(days=1),
        until=now + timedelta(days=1),
        complete_until=now + timedelta(days=3),
        rehearsals=True,
    )
    differences = compare_engines(local, athena, question)
    assert [each for each in differences if not each.equal] == []
    cohort = load_data(athena, question).cohort
    assert (sum(row.customers for row in cohort), sum(row.heard_of for row in cohort)) == (6, 1)
    assert load_data(local, question).cohort == cohort


# What an operator reads from the stack

REPORTED: Final = "annual-2026q4"  # an experiment of MONTHLY that only these customers meet
HOLDOUT: Final = "h-2026h2"
FIRST_CUSTOMER: Final = 2000001000000000
CUSTOMERS: Final = 200
PLANNED: Final = 120
# What customers do in turn, by what they were shown; None: nothing is reported of them, so they are kept.
DEEDS: Final[dict[str | None, tuple[Deed | None, ...]]] = {
    None: (TURNS_OFF, RENEWS, TURNS_OFF, None),
    CONTROL: (TURNS_OFF, RENEWS, TURNS_OFF, None, TURNS_OFF, upgrades(ANNUAL), TURNS_OFF, REFUNDED),
    SWITCH: (TURNS_OFF, RENEWS, upgrades(ANNUAL), RENEWS, TURNS_OFF, upgrades(ANNUAL), None, REFUNDED),
}


@dataclass(frozen=True, slots=True)
class Reported:
    """Customers whose requests and notifications are in the bucket, and how an operator asks about them."""

    scene: Scene
    customers: list[MetCustomer]
    cache: Path
    at: str
    printed: dict[tuple[str, ...], str] = field(default_factory=dict)

    def __call__(self, *words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        """Type `retention` with these words, about the day on which all customers are ripe."""
        done = self.scene.typed(self.cache, *words, "--env", "sandbox", "--rehearsals", "--at", self.at)
        assert (done.returncode, done.stderr) == (code, "")
        return done

    def report(self, *words: str, engine: str = "duckdb", code: int = 0) -> Any:
        """Return the document of `retention report`; what was asked before is not computed again."""
        asked = ("report", *words, "--complete-until", self.at, "--engine", engine, "--json")
        if asked not in self.printed:
            self.printed[asked] = self(*asked, code=code).stdout
        return json.loads(self.printed[asked])


@pytest.fixture(scope="module")
def reported(scene: Scene, scratch: Path) -> Reported:
    """Publish a planned experiment and a holdout, and have customers meet them; all lines come into the bucket."""
    if "AnalysisBucket" not in scene.stack.outputs:  # this test alone was chosen
        scene.deploy(Notifications="pull", Analysis="on")
    text = (scene.owner / "retention.yaml").read_text()
    planned = f"plan: {{metric: kept, customers: {PLANNED}, guardrails: [refunded]}}"
    for old, new in (
        ("      key: switch-2026q4 ", f"      key: {REPORTED}\n      {planned} "),
        ("\nrules:", f"\nholdout: {{key: {HOLDOUT}, percent: 30, answer: fallback}}\n\nrules:"),
    ):
        assert text.count(old) == 1
        text = text.replace(old, new)
    (scene.owner / "reported.yaml").write_text(text)
    number = scene.console("publish", "reported.yaml")["release"]
    assert noticed(lambda: served_release(scene) == number)
    transactions = range(FIRST_CUSTOMER, FIRST_CUSTOMER + CUSTOMERS)
    customers = ask(scene.stack, scene.authority, MONTHLY, DEEDS, transactions)
    known, bodies = len(outcomes(scene)), list(notifications(customers, scene.authority, APP, MONTHLY))
    scene.stack.queue(bodies)
    assert noticed(lambda: len(outcomes(scene)) >= known + len(bodies))
    scene.stack.deliver_lines()
    scene.stack.name_columns(TABLES, str(datetime.now(UTC).date()))
    return Reported(scene, customers, scratch / "cache", f"{datetime.now(UTC) + timedelta(days=32):%Y-%m-%dT%H:%MZ}")


def served_release(scene: Scene) -> Any:
    """Return by which release a request of the first customer is answered now."""
    identifier = str(uuid.uuid4())
    scene.ask(MONTHLY, original_transaction_id=str(FIRST_CUSTOMER), request_identifier=identifier)
    (line,) = [line for line in scene.stack.log("FunctionLogGroup") if line.get("requestIdentifier") == identifier]
    return line["release"]


def counts_of(report: Any) -> dict[str, Counter[str]]:
    """Return by arm what a report counted, without the metrics that no customer of the test has."""
    names = ("customers", "ripe", "heardOf", "kept", "cancelled", "switched", "renewed", "refunded", "redeemed")
    return {arm["name"]: +Counter({name: arm[name] for name in names}) for arm in report["arms"]}


def difference(counts: dict[str, Counter[str]], control: str, arm: str) -> float:
    """Return by how much more of an arm's customers were kept, as a fraction of 1."""
    ours, theirs = (counts[name]["kept"] / counts[name]["customers"] for name in (arm, control))
    return ours - theirs


def primary_of(report: Any) -> Any:
    (found,) = [one for one in report["effects"] if one["role"] == "primary"]
    return found


@needs_analysis
def test_an_operator_reports_on_an_experiment(reported: Reported) -> None:
    """`retention report` counts what each customer was shown and did, and reads by the plan of the release."""
    found, truth = (
        reported.report(REPORTED, "reported.yaml"),
        true_counts(reported.customers, lambda customer: customer.arm),
    )
    assert counts_of(found) == truth
    assert (found["plan"]["customers"], found["plan"]["origin"]) == (PLANNED, "release")
    effect = primary_of(found)
    assert effect["estimate"] == pytest.approx(difference(truth, CONTROL, SWITCH), abs=1e-6)
    assert effect["reading"][0] > 0  # of the first customers: twice as many of the control's turned renewal off
    assert [check for check in found["checks"] if not check["ok"]] == []


@needs_analysis
def test_an_operator_reports_on_the_holdout(reported: Reported) -> None:
    """Those held out are compared with all others, whichever arm these were in; so few customers decide nothing."""
    found = reported.report(HOLDOUT, "reported.yaml", code=3)
    truth = true_counts(reported.customers, lambda customer: customer.holdout_arm)
    assert (found["isHoldout"], counts_of(found)) == (True, truth)
    assert primary_of(found)["estimate"] == pytest.approx(difference(truth, HELD, SERVED), abs=1e-6)
    assert [check for check in found["checks"] if not check["ok"]] == []


@needs_analysis
@pytest.mark.parametrize(("key", "code"), [(REPORTED, 0), (HOLDOUT, 3)])
def test_athena_reports_the_same(reported: Reported, key: str, code: int) -> None:
    """`--engine athena` prints the document of DuckDB but for its inputs; `--compare` finds no row that differs."""
    local, there = (reported.report(key, "reported.yaml", engine=engine, code=code) for engine in ("duckdb", "athena"))
    inputs = [each.pop("inputs") for each in (local, there)]
    assert [each["engine"] for each in inputs] == ["duckdb", "athena"]
    assert inputs[0]["sqlDigest"] == inputs[1]["sqlDigest"]
    assert there == local
    printed = reported("report", key, "--complete-until", reported.at, "--compare", code=code).stdout
    assert local["sentence"] in " ".join(printed.split())
    assert "Both engines return the same rows for all 8 queries." in printed


@needs_analysis
def test_an_operator_lists_all_that_is_tried(reported: Reported) -> None:
    """Without a key, each experiment and the holdout has its report, and Athena's list is that of DuckDB."""
    lists = [reported.report("reported.yaml", engine=engine)["reports"] for engine in ("duckdb", "athena")]
    assert reported.report(REPORTED, "reported.yaml") in lists[0]
    assert {one["experiment"] for one in lists[0]} == {REPORTED, HOLDOUT, EXPERIMENT}
    for one in (*lists[0], *lists[1]):
        del one["inputs"]
    assert lists[1] == lists[0]


@needs_analysis
def test_an_operator_plans_from_the_stacks_traffic(reported: Reported) -> None:
    """`retention power` counts the new customers a day of a product in the stack's own requests, by either engine."""
    days: dict[str, str] = {}
    for line in reported.scene.stack.log("FunctionLogGroup"):
        if line.get("productId") == MONTHLY and "customerHash" in line:
            days.setdefault(line["customerHash"], line["timestamp"][:10])
    words = ("power", "--effect", "5", "--base", "50", "--product", MONTHLY, "--json")
    for engine in ("duckdb", "athena"):
        found = json.loads(reported(*words, "--engine", engine).stdout)
        assert found["perDay"] == len(days) / len(set(days.values()))
    assert len(days) >= CUSTOMERS


def test_doctor_finds_the_way_of_the_lines(scene: Scene) -> None:
    """Filters and streams are there, and the last lines arrived just now."""
    found = scene.findings()
    assert {found[code]["verdict"] for code in ("analysis", "lines")} == {"good"}


def test_notifications_and_analysis_can_be_switched_off_again(scene: Scene) -> None:
    """Every part is gone, what was learned stays, and so does the bucket with its lines."""
    table, bucket = scene.stack.outputs["TableName"], scene.stack.outputs["AnalysisBucket"]
    scene.deploy(Notifications="off", Analysis="off")
    assert {name for name in scene.stack.outputs if re.search("Notif|Queue", name)} == {"Notifications"}
    assert {name for name in scene.stack.outputs if re.search("Analysis|Exposure|Outcome", name)} == {"Analysis"}
    assert scene.aws.client("firehose").list_delivery_streams()["DeliveryStreamNames"] == []
    kept = scene.aws.client("s3").list_objects_v2(Bucket=bucket)["Contents"]
    assert {each["Key"].partition("/")[0] for each in kept} >= {"exposures", "outcomes"}
    assert [name for name in functions_of(scene) if "Notifications" in name] == []
    assert scene.aws.client("sqs").list_queues().get("QueueUrls", []) == []
    key = rows.subscription_key(APP.app_apple_id, TRANSACTION)
    assert "Item" in scene.aws.client("dynamodb").get_item(**rows.get(table, key))


@needs_analysis
@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ((), f"The stack {STACK} stores no lines to analyse: deploy it with Analysis=on, or name logs with "),
        (("--region", "eu-west-1"), f"Stack with id {STACK} does not exist: deploy it first, name the table with "),
    ],
    ids=["switched off", "another region"],
)
def test_a_stack_without_analysis_has_no_report(
    scene: Scene, tmp_path: Path, options: tuple[str, ...], sentence: str
) -> None:
    """The command ends with one sentence, which names the stack, and what to deploy or to name."""
    ended = scene.typed(tmp_path, "report", EXPERIMENT, "--env", "sandbox", *options)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert " ".join(ended.stderr.split()).startswith(sentence)


# Refusals


def test_production_with_a_trust_anchor_is_refused_before_anything_is_made(scene: Scene) -> None:
    """The template's rule refuses a production stack with a trust anchor: no stack with outputs is there afterwards."""
    given = {**scene.parameters, "Environment": "Production", "AlarmEmail": "a@example.com"}
    with pytest.raises(RefusedError, match="RehearsalTrustAnchor must be empty in Production"):
        scene.project.deploy(scene.aws, "retention-production", given)
    stacks = scene.aws.client("cloudformation").describe_stacks()["Stacks"]
    assert "retention-production" not in {stack["StackName"] for stack in stacks if stack.get("Outputs")}


def test_the_committed_test_authority_starts_no_deployed_function(scene: Scene) -> None:
    """A function that trusts the committed test authority ends at its start, and API Gateway answers 5xx.

    The authority's private key is public. MiniStack shows the reason in the answer. AWS shows it only in the log of
    the start, which MiniStack does not keep.
    """
    anchor = base64_der(Authority.load(COMMITTED_CA).root_der)
    stack = scene.project.deploy(scene.aws, "retention-public", {**scene.parameters, "RehearsalTrustAnchor": anchor})
    answer = stack.post(Authority.load(COMMITTED_CA).sign(request_claims(product_id=ANNUAL)))
    assert answer.status >= 500
    assert b"RETENTION_TRUST_ANCHOR is the committed test CA" in answer.body


def test_only_what_ministack_does_not_know_was_left_out(scene: Scene) -> None:
    """MiniStack lacks alarms over expressions only: these are left out here, and tests/contract judges them."""
    assert scene.project.without == [
        *("ServerErrorAlarm", "LatencyAlarm", "ColdWaitAlarm", "VerificationAlarm", "UnansweredAlarm"),
        *("TableThrottleAlarm", "RejectionAlarm", "ForgedNotificationsAlarm", "RelayFailingAlarm"),
    ]
