"""All that an operator's commands need: two stacks, a file, a key in Parameter Store, and a simulator for Apple."""

from __future__ import annotations

import base64
import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from retention.request import PRODUCTION, SANDBOX

from console.cli.main import main
from console.local.rows import create_table
from console.simulator.api import Answer
from console.simulator.app_data import AppData
from console.simulator.server import SimulatorServer
from console.simulator.simulator import Simulator, TestConfig
from tests.support.apply_operator import FILE
from tests.support.simulated_app import APP, AUTHORITY, BULLET, FULL, KEY_ID, NOW, PATIENT_MS, PEM, make_simulator

APP_ID = APP.app_apple_id
PREFIX = "/retention/test"
Wrap = Callable[[Answer], Answer]

TEMPLATE = {
    "Parameters": {
        name: {"Type": "String"}
        for name in (
            *("Environment", "Table", "Prefix", "Function", "AlarmEmail", "AlarmTopicArn"),
            "RehearsalTrustAnchor",
        )
    },
    "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
    "Outputs": {
        "TableName": {"Value": {"Ref": "Table"}},
        "Url": {"Value": "https://example.com/v1/retention-message"},
        "SigningKeyPrefix": {"Value": {"Ref": "Prefix"}},
        "FunctionLogGroup": {"Value": {"Ref": "Table"}},
        "FunctionName": {"Value": {"Ref": "Function"}},
    },
}


@dataclass
class OperatorSetup:
    """An operator's setup: two stacks, a file, a key in Parameter Store, and a simulator for Apple."""

    directory: Path
    endpoint: str
    name: str
    simulator: Simulator
    server: SimulatorServer
    capsys: pytest.CaptureFixture[str]
    topic: str

    def __call__(self, *arguments: str, env: str = "sandbox", where: bool = True) -> tuple[int, str, str]:
        here = ("--endpoint-url", self.endpoint, "--apple-url", self.server.url) if where else ()
        named = ("--env", env) if where and arguments[0] != "promote" else ()
        with pytest.raises(SystemExit) as ended:
            main([*arguments, "--file", str(self.file), *named, *here])
        printed = self.capsys.readouterr()
        return int(ended.value.code or 0), printed.out, printed.err

    def json(self, *arguments: str, env: str = "sandbox") -> Any:
        document = json.loads(self(*arguments, "--json", env=env)[1])
        assert_camel_case(document)
        return document

    @property
    def file(self) -> Path:
        return self.directory / "retention.yaml"

    def aws(self, service: Any) -> Any:
        return boto3.client(service, endpoint_url=self.endpoint)

    def table(self, env: str = "sandbox") -> str:
        return f"{self.name}-{env}"

    def app_data(self, env: str = SANDBOX) -> AppData:
        return self.simulator.app_data(APP_ID, env)

    def rewrite(self, old: str, new: str) -> None:
        before = self.file.read_text()
        assert old in before
        self.file.write_text(before.replace(old, new))


def assert_camel_case(document: Any) -> None:
    """Names of fields are spelled as Apple spells them, at every depth."""
    for inner in document.values() if isinstance(document, dict) else document if isinstance(document, list) else ():
        assert_camel_case(inner)
    if isinstance(document, dict):
        assert not [name for name in document if re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+)+", name)]


def deploy_function(endpoint: str, stack: str) -> str:
    """Make a function with a layer, and its alias `live`, as `make deploy` leaves them; returns its name."""
    aws: Any = boto3.client("lambda", endpoint_url=endpoint)
    iam = boto3.client("iam", endpoint_url=endpoint)
    role = iam.create_role(RoleName=stack, AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    name, code = f"{stack}-GetRetentionMessage", {"ZipFile": zipped({"app.py": b"A = 1"})}
    layer = aws.publish_layer_version(LayerName=f"{stack}-layer", Content=code)
    aws.create_function(
        FunctionName=name,
        Runtime="python3.13",
        Role=role,
        Handler="app.get_retention_message",
        Code=code,
        MemorySize=1769,
        Architectures=["arm64"],
        Layers=[layer["LayerVersionArn"]],
        Environment={"Variables": {"RETENTION_TRUST_ANCHOR": ""}},
    )
    version = aws.publish_version(FunctionName=name)["Version"]
    aws.create_alias(FunctionName=name, Name="live", FunctionVersion=version)
    return name


def zipped(files: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return made.getvalue()


def alarm_topic(endpoint: str, name: str) -> str:
    """Make a topic with a subscriber; return its ARN."""
    sns = boto3.client("sns", endpoint_url=endpoint)
    topic: str = sns.create_topic(Name=name)["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint="arn:aws:sqs:us-east-1:123456789012:pager")
    return topic


@contextmanager
def set_up_operator(
    directory: Path, endpoint: str, name: str, capsys: pytest.CaptureFixture[str], wrap: Wrap = lambda answer: answer
) -> Iterator[OperatorSetup]:
    name = re.sub(r"[^A-Za-z0-9-]", "-", name)[-60:].strip("-")
    (directory / "hero.png").write_bytes(FULL)
    (directory / "tick.png").write_bytes(BULLET)
    topic = alarm_topic(endpoint, name)
    for env, environment in (("sandbox", SANDBOX), ("production", PRODUCTION)):
        parameters = {
            "Environment": environment,
            "Table": f"{name}-{env}",
            "Prefix": f"{PREFIX}/{name}",
            "Function": deploy_function(endpoint, f"{name}-{env}"),
            "AlarmEmail": "",
            "AlarmTopicArn": topic,
            "RehearsalTrustAnchor": base64.b64encode(AUTHORITY.root_der).decode() if env == "sandbox" else "",
        }
        boto3.client("cloudformation", endpoint_url=endpoint).create_stack(
            StackName=f"{name}-{env}",
            TemplateBody=json.dumps(TEMPLATE),
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        )
        create_table(boto3.client("dynamodb", endpoint_url=endpoint), f"{name}-{env}")
        boto3.client("logs", endpoint_url=endpoint).create_log_group(logGroupName=f"{name}-{env}")
    boto3.client("ssm", endpoint_url=endpoint).put_parameter(
        Name=f"{PREFIX}/{name}/{KEY_ID}", Value=PEM.decode(), Type="SecureString"
    )
    config = TestConfig(4, total_requests=4, total_duration_ms=20, response_time_threshold_ms=PATIENT_MS)
    simulator = make_simulator(lambda: NOW, config=config)
    try:
        with SimulatorServer(simulator, wrap=wrap) as server:
            desk = OperatorSetup(directory, endpoint, name, simulator, server, capsys, topic)
            desk.file.write_text(FILE.replace("stack: retention-", f"stack: {name}-"))
            yield desk
    finally:
        simulator.close()
