"""A complete AWS on this machine, without Docker: MiniStack, and stacks that SAM builds and deploys to it.

    with MiniStack.start(scratch) as aws:
        project = Project.copy(scratch)              # of the sources, to be changed and deployed again
        stack = project.deploy(aws, "retention-e2e", {"Environment": "Sandbox", …})
        stack.post(payload)                          # through API Gateway, as the App Store would

MiniStack runs the functions with its own interpreter, as processes of this machine. Resources that it cannot make are
left out in one place, `_without_what_is_missing`, which names them. What API Gateway does by itself for a notification,
and MiniStack does not, `Stack.notify` does: it sends the body to SQS as the deployed integration would. What CloudWatch
Logs and Firehose do with log lines, and MiniStack does not, `Stack.deliver_lines` does: it chooses lines by the
deployed filters and hands them to the deployed streams, unpacked. So that these services can do this, under the roles
that they have for it, is not shown here.
"""

from __future__ import annotations

import gzip
import http.client
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import urlsplit

import boto3

from console.local.processes import PartMissingError, free_port, running, wait_for_port
from tests.support import real_parts
from tests.support.sam_template import ROOT, read_template
from tests.support.waiting import eventually

MINISTACK: Final = ROOT / ".venv-ministack" / "bin" / "ministack"
REGION: Final = "us-east-1"
POST_SECONDS: Final = 30

_SOURCES: Final = ("handler", "layers", "build", "scripts", "Makefile", "template.yaml")
# Made once, in the project itself; a copy of the sources links to them.
_MADE: Final = (".venv", ".venv-sam")
ENV: Final = "sandbox"


class RefusedError(Exception):
    """SAM or CloudFormation refused; the text is what they printed."""


@dataclass(frozen=True, slots=True)
class Answer:
    """API Gateway's answer to one request."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class MiniStack:
    """A running MiniStack."""

    port: int

    @classmethod
    @contextmanager
    def start(cls, scratch: Path) -> Iterator[Self]:
        """Run an empty MiniStack; it and the functions it runs end on leaving. Raises PartMissingError."""
        if not MINISTACK.exists():
            raise PartMissingError("MiniStack is missing (.venv-ministack): make e2e makes it")
        port = free_port()
        own = scratch / "ministack"
        own.mkdir()
        environment = {
            "PATH": f"{MINISTACK.parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(own),
            "TMPDIR": str(own),
            "GATEWAY_PORT": str(port),
            "LAMBDA_EXECUTOR": "local",
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
        }
        with (
            tempfile.TemporaryFile() as log,
            running([str(MINISTACK)], log=log, cwd=own, env=environment) as process,
        ):
            if not wait_for_port(port, process):
                raise RuntimeError(f"MiniStack did not start:\n{os.pread(log.fileno(), 1 << 20, 0).decode()}")
            yield cls(port)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def client(self, service: str) -> Any:
        return boto3.client(service, region_name=REGION, endpoint_url=self.url)  # type: ignore[call-overload]  # the stubs know literal names only


@dataclass(slots=True)
class Stack:
    """A deployed stack. `outputs` are those of the template."""

    aws: MiniStack
    name: str
    outputs: dict[str, str]

    def post(self, payload: str, path: str | None = None) -> Answer:
        """Post a `signedPayload` to the URL of the stack, or to another path, through API Gateway's port here."""
        url = urlsplit(self.outputs["Url"])
        api = str(url.hostname).partition(".")[0]
        connection = http.client.HTTPConnection("127.0.0.1", self.aws.port, timeout=POST_SECONDS)
        try:
            body = json.dumps({"signedPayload": payload})
            headers = {"host": f"{api}.execute-api.localhost:{self.aws.port}", "content-type": "application/json"}
            connection.request("POST", path or url.path, body, headers)
            response = connection.getresponse()
            named = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, named, response.read())
        finally:
            connection.close()

    def notify(self, body: str) -> str:
        """Post a notification as API Gateway would: find the route, then call SQS by the parameters of its integration.

        Returns the route's key. MiniStack 1.5 has no first-class integrations, so it makes the integration and would
        look for a function behind it.
        """
        url = urlsplit(self.outputs["NotificationsUrl"])
        gateway, api = self.aws.client("apigatewayv2"), str(url.hostname).partition(".")[0]
        (route,) = [each for each in gateway.get_routes(ApiId=api)["Items"] if each["RouteKey"] == f"POST {url.path}"]
        made = gateway.get_integration(ApiId=api, IntegrationId=route["Target"].removeprefix("integrations/"))
        parameters = made["RequestParameters"]
        assert parameters["MessageBody"] == "$request.body"
        self.aws.client("sqs").send_message(QueueUrl=parameters["QueueUrl"], MessageBody=body)
        return str(route["RouteKey"])

    def queue(self, bodies: Sequence[str]) -> None:
        """Put notifications into the stack's queue, where API Gateway's integration puts them."""
        for first in range(0, len(bodies), 10):  # SQS takes no more at once
            entries = [{"Id": str(at), "MessageBody": body} for at, body in enumerate(bodies[first : first + 10])]
            url = self.outputs["NotificationQueueUrl"]
            answer = self.aws.client("sqs").send_message_batch(QueueUrl=url, Entries=entries)
            assert not answer.get("Failed")

    def bodies(self, output: str) -> list[str]:
        """Return the bodies that can be received from a queue now. `output` is the stack's output with its URL."""
        answer = self.aws.client("sqs").receive_message(
            QueueUrl=self.outputs[output], MaxNumberOfMessages=10, VisibilityTimeout=0
        )
        return [message["Body"] for message in answer.get("Messages", [])]

    def live(self) -> dict[str, Any]:
        """Return the configuration of the version that the alias `live` points to."""
        given = {"FunctionName": self.outputs["FunctionName"], "Qualifier": "live"}
        found: dict[str, Any] = self.aws.client("lambda").get_function_configuration(**given)
        return found

    def log(self, output: str) -> list[dict[str, Any]]:
        """Return the JSON lines of a log group. `output` is the stack's output that names the group."""
        pages = self.aws.client("logs").get_paginator("filter_log_events").paginate(logGroupName=self.outputs[output])
        messages = [event["message"] for page in pages for event in page["events"]]
        return [json.loads(line) for message in messages for line in message.splitlines() if line.startswith("{")]

    def deliver_lines(self) -> None:
        """Deliver the log lines so far to the analysis bucket, as subscription filters and Firehose would.

        MiniStack 1.5 keeps the filters and sends nothing to a stream, and its Firehose stores a record as it comes,
        without the stream's processors and its compression. So this reads the lines, chooses them by the filter's
        pattern, and hands the stream what AWS would store: each line with its delimiter, compressed.
        """
        logs, firehose = self.aws.client("logs"), self.aws.client("firehose")
        for group in (self.outputs["FunctionLogGroup"], self.outputs["NotificationsLogGroup"]):
            (chosen,) = logs.describe_subscription_filters(logGroupName=group)["subscriptionFilters"]
            stream = chosen["destinationArn"].rpartition("/")[2]
            described = firehose.describe_delivery_stream(DeliveryStreamName=stream)["DeliveryStreamDescription"]
            (destination,) = described["Destinations"]
            stored = destination["ExtendedS3DestinationDescription"]
            processors = [each["Type"] for each in stored["ProcessingConfiguration"]["Processors"]]
            assert processors == ["Decompression", "CloudWatchLogProcessing", "AppendDelimiterToRecord"]
            assert stored["CompressionFormat"] == "GZIP"
            pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group)
            messages = [event["message"] for page in pages for event in page["events"]]
            lines = [line for message in messages for line in message.splitlines() if line.startswith("{")]
            text = "".join(f"{line}\n" for line in lines if passes(chosen["filterPattern"], line))
            firehose.put_record(DeliveryStreamName=stream, Record={"Data": gzip.compress(text.encode())})

    def name_columns(self, tables: Mapping[str, Mapping[str, str]], day: str) -> None:
        """Store a line of no app with every column in each table: MiniStack's Athena takes columns from the lines.

        AWS's takes them from the Glue table, where a column that no line has is NULL. `tables`: the members of each
        table's lines, with Hive's types.
        """
        nothing = {"string": "", "boolean": False}
        for table, members in tables.items():
            line = json.dumps({member: nothing.get(kind, 0) for member, kind in members.items()})
            key = f"{table}/day={day}/columns.json.gz"
            body = gzip.compress(f"{line}\n".encode())
            self.aws.client("s3").put_object(Bucket=self.outputs["AnalysisBucket"], Key=key, Body=body)

    def query(self, text: str) -> list[str]:
        """Return the one row of a query, as Athena writes its cells, in the stack's workgroup and database."""
        athena = self.aws.client("athena")
        database = {"Database": self.outputs["AnalysisDatabase"]}
        group = self.outputs["AnalysisWorkGroup"]
        number = athena.start_query_execution(QueryString=text, QueryExecutionContext=database, WorkGroup=group)
        number = {"QueryExecutionId": number["QueryExecutionId"]}
        ended = {"SUCCEEDED", "FAILED", "CANCELLED"}
        assert eventually(lambda: athena.get_query_execution(**number)["QueryExecution"]["Status"]["State"] in ended)
        status = athena.get_query_execution(**number)["QueryExecution"]["Status"]
        assert status["State"] == "SUCCEEDED", status
        _, row = athena.get_query_results(**number)["ResultSet"]["Rows"]
        return [cell.get("VarCharValue", "") for cell in row["Data"]]

    def run(self, output: str) -> dict[str, Any]:
        """Invoke a scheduled function once, as its schedule would, and return its result. `output` has its name."""
        answer = self.aws.client("lambda").invoke(FunctionName=self.outputs[output])
        result: dict[str, Any] = json.loads(answer["Payload"].read())
        return result

    def set_variables(self, function: str, **variables: str) -> None:
        """Set some environment variables of a function by hand, until the next deployment."""
        client = self.aws.client("lambda")
        present = client.get_function_configuration(FunctionName=function)["Environment"]["Variables"]
        client.update_function_configuration(FunctionName=function, Environment={"Variables": {**present, **variables}})


@dataclass(slots=True)
class Project:
    """A copy of the sources, to be changed. `without` names the resources that MiniStack cannot make."""

    folder: Path
    without: list[str] = field(default_factory=list)

    @classmethod
    def copy(cls, scratch: Path) -> Self:
        if not real_parts.SAM.exists():
            raise PartMissingError("SAM CLI is missing (.venv-sam): make setup")
        folder = scratch / "a project"  # an owner's path may have blanks in it
        folder.mkdir()
        for name in _SOURCES:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy2(ROOT / name, folder / name)
        for name in _MADE:
            (folder / name).symlink_to(ROOT / name)
        return cls(folder, _without_what_is_missing(folder / "template.yaml"))

    def deploy(self, aws: MiniStack, stack: str, parameters: Mapping[str, str]) -> Stack:
        """Deploy as an owner does: parameters in samconfig.toml, `make deploy`. Raises RefusedError."""
        self.configure(stack, parameters)
        made = [option for name in _MADE for option in ("-o", f"{name}/.made", "-o", f"{name}/.installed")]
        self._run(aws, "make", *made, "deploy", f"ENV={ENV}")
        return self.deployed(aws, stack)

    def deploy_without_building(self, aws: MiniStack, stack: str, parameters: Mapping[str, str]) -> Stack:
        """Deploy the build from before with other parameters, which an owner should never do. Raises RefusedError."""
        self.configure(stack, parameters)
        self._run(aws, ".venv-sam/bin/python", "-m", "samcli", "deploy", "--config-env", ENV)
        return self.deployed(aws, stack)

    def deployed(self, aws: MiniStack, stack: str) -> Stack:
        (described,) = aws.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
        outputs = {output["OutputKey"]: output["OutputValue"] for output in described["Outputs"]}
        return Stack(aws, stack, outputs)

    def configure(self, stack: str, parameters: Mapping[str, str]) -> None:
        """Write samconfig.toml for a stack of this machine's architecture."""
        given = {**parameters, "Architecture": real_parts.machine()}
        overrides = json.dumps([f"{name}={value}" for name, value in given.items()])
        (self.folder / "samconfig.toml").write_text(
            f"version = 0.1\n[{ENV}.deploy.parameters]\n"
            f'stack_name = "{stack}"\nregion = "{REGION}"\nresolve_s3 = true\ncapabilities = "CAPABILITY_IAM"\n'
            f"confirm_changeset = false\nfail_on_empty_changeset = false\nparameter_overrides = {overrides}\n"
        )

    def _run(self, aws: MiniStack, *command: str) -> None:
        # This make is not to inherit the settings of a make that runs the tests.
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
        settings = {"AWS_ENDPOINT_URL": aws.url, "SAM_CLI_TELEMETRY": "0", "SAM_CLI_POLL_DELAY": "0.3"}
        done = subprocess.run(
            command,
            cwd=self.folder,
            env={**inherited, **settings},
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if done.returncode:
            raise RefusedError(done.stdout)


def passes(pattern: str, line: str) -> bool:
    """Return whether a JSON line has a member that the pattern of a subscription filter asks for."""
    assert re.fullmatch(r"\{ [^{}]+ \}", pattern)
    named = re.findall(r"\$\.(\w+) = \*", pattern)
    assert re.sub(r"[ ()|]|\$\.\w+ = \*", "", pattern) == "{}", f"another pattern than this knows: {pattern}"
    return not set(named).isdisjoint(json.loads(line))


def _without_what_is_missing(path: Path) -> list[str]:
    """Take alarms over expressions, which MiniStack 1.5 does not know, out of a template; return their names."""
    template = read_template(path)
    alarms = {name: found for name, found in template["Resources"].items() if found["Type"] == "AWS::CloudWatch::Alarm"}
    unknown = [name for name, alarm in alarms.items() if "Metrics" in alarm["Properties"]]
    for name in unknown:
        del template["Resources"][name]
    path.write_text(json.dumps(template))  # JSON is YAML
    return unknown
