"""`make sandbox`: everything that is needed to try a file on this machine: its stacks, an endpoint, an App Store.

AWS is moto, in this process, with the stacks that the file's environments name: their outputs, tables and signing keys.
The tables are empty until `retention apply` publishes. The App Store is the simulator, which has the app, its products
and its key. It sends notifications to the stack, which learns from them. So `retention … --env sandbox` is the command
that will be used with Apple later. `--env production` works too, except that it has no endpoint: in production the
function trusts only Apple's signatures.
"""

from __future__ import annotations

import argparse
import base64
import importlib
import json
import os
import shlex
import signal
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from retention.aws.app_table import AppTable
from retention.request import PRODUCTION, SANDBOX

from console.deployment.aws import client
from console.deployment.failures import sentence
from console.deployment.where import APPLE_URL
from console.file.document import read_named
from console.file.entries import AppEntry, Document, Environment
from console.local.embedded_stack import TABLE, embedded_dynamodb, function_environment
from console.local.http_server import listen
from console.local.lambda_scaling import print_line
from console.local.notification_stack import LocalQueues, create_queues, learning
from console.local.ports import port
from console.local.review_sync import ReviewFollower, following_reviews
from console.local.rows import create_table
from console.local.sample_events import NOTIFICATIONS_PATH, PATH
from console.simulator import accounts, staff_actions
from console.simulator.grants import sold
from console.simulator.notification_delivery import NO_MISHAPS
from console.simulator.place import DIRECTORY, PORT
from console.simulator.ports import LOOPBACK, naming_the_port
from console.simulator.server import SimulatorServer
from console.simulator.simulator import Simulator
from console.terminal.failure import Failure
from console.terminal.program import carry_out

# An output of the stack names this log group.
_RESOURCES: Final = {"FunctionLogs": {"Type": "AWS::Logs::LogGroup"}}


@dataclass(frozen=True, slots=True)
class SandboxOptions:
    """The options of `make sandbox`. A port of 0 finds a free one. `directory` has the simulator's data.

    Without `follows_reviews`, `retention apply` alone brings App Review's decisions into the tables.
    """

    file: Path
    env: str = "sandbox"
    port: int = 8080
    aws_port: int = 8000
    apple_port: int = PORT
    directory: Path = DIRECTORY
    follows_reviews: bool = True


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until Ctrl-C. Returns the exit code."""
    return carry_out(lambda: _serve(arguments), sentence)


def _serve(arguments: Sequence[str] | None) -> int:
    with suppress(KeyboardInterrupt), sandbox(_options(arguments)) as lines:
        for line in lines:
            print_line(line)
        signal.pause()
    return 0


def _options(arguments: Sequence[str] | None) -> SandboxOptions:
    parser = argparse.ArgumentParser(prog="make sandbox", description="A stack, an endpoint and an App Store, here.")
    parser.add_argument("--file", type=Path, default=Path("retention.yaml"), help="the file to try")
    parser.add_argument("--env", default="sandbox", help="its environment whose stack this is (default: sandbox)")
    parser.add_argument("--port", type=port, default=8080, help="of the endpoint; 0 finds a free one (default: 8080)")
    parser.add_argument("--aws-port", type=port, default=8000, help="likewise, of AWS (default: 8000)")
    parser.add_argument("--apple-port", type=port, default=PORT, help=f"likewise, of the App Store (default: {PORT})")
    parser.add_argument("--directory", type=Path, default=DIRECTORY, help="where the App Store remembers")
    parser.add_argument("--no-reviews", action="store_true", help="leave review states to `retention apply`")
    given = parser.parse_args(arguments)
    ports = given.port, given.aws_port, given.apple_port
    return SandboxOptions(given.file, given.env, *ports, given.directory, follows_reviews=not given.no_reviews)


@contextmanager
def sandbox(options: SandboxOptions) -> Iterator[tuple[str, ...]]:
    """Run AWS, simulator and endpoint until the block ends; give the lines that describe them.

    Raises Failure if the file lacks what they need, or if a port cannot be used.
    """
    document = read_named(options.file)
    app, environment = _app(document), _environment(document, options.env)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        os.environ[name] = "local"  # no keys of a real account are used here
    with ExitStack() as parts:
        aws = parts.enter_context(embedded_dynamodb(options.aws_port))
        simulator = parts.enter_context(Simulator.open(options.directory))
        pem = _grant(simulator, app, document)
        with naming_the_port(options.apple_port, "APPLE_PORT=…"):
            server = SimulatorServer(simulator, port=options.apple_port, log=print_line, mishaps=NO_MISHAPS)
            apple = parts.enter_context(server)
        variables = _variables(options, aws, app, environment, simulator)
        os.environ.update(variables)
        queues = create_queues(environment.stack, region=variables["AWS_REGION"], aws=aws)
        function = importlib.import_module("app").get_retention_message
        base = parts.enter_context(_served(function, options.port, queues))
        url = f"{base}{PATH}"
        stack = LocalStack(options.env, environment, SANDBOX, TABLE, url, f"{base}{NOTIFICATIONS_PATH}", queues)
        _write_stack(stack, app.key_id, pem, aws, simulator.authority.root_der)
        simulator.outbox(app.app_apple_id, SANDBOX).set_url(stack.notifications_url)
        own = {**queues.variables(aws), APPLE_URL: apple.base_url(SANDBOX)}
        parts.enter_context(learning(queues, own, print_line))
        others = _others(document, options.env)
        for other in others:
            _write_stack(other, app.key_id, pem, aws, simulator.authority.root_der)
        if options.follows_reviews:
            followers = [_follower(each, simulator, app.app_apple_id, aws) for each in (stack, *others)]
            parts.enter_context(following_reviews(followers, print_line))
        yield _lines(options, app, [stack, *others], aws, apple.url)


def _lines(
    options: SandboxOptions, app: AppEntry, stacks: Sequence[LocalStack], aws: str, apple: str
) -> tuple[str, ...]:
    """Return what a person reads once everything runs: what is where, and what to type next."""
    first, *others = stacks
    settings = f"AWS_ENDPOINT_URL={aws} AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local {APPLE_URL}={apple}"
    watch = [".venv/bin/retention", "preview", str(options.file), "--env", options.env, "--watch", "--open"]
    customers = [".venv/bin/retention", "simulator", "customers", "--file", str(options.file), "--env", options.env]
    return (
        f"Stack {first.environment.stack} answers at {first.url}; its table is empty: `retention apply` fills it.",
        f"The App Store is at {apple}, and {app.bundle_id} may use its API. Ctrl-C stops both.",
        f"It sends notifications to {first.notifications_url}; the stack also reads their history every minute.",
        "In another terminal, so that `retention` uses these:\n",
        f"  export {settings}\n",
        "There, this shows in the browser what customers see, and follows what you save and what App Review decides:\n",
        f"  {shlex.join(watch)}\n",
        "And this plays thousands of customers of an experiment, whose effect you choose (docs/experiments.md):\n",
        f"  {shlex.join(customers)}\n",
        *(f"Stack {other.environment.stack} exists too, without an endpoint." for other in others),
    )


def _app(document: Document) -> AppEntry:
    app = document.app
    if app is None or not (app.app_apple_id and app.bundle_id and app.issuer_id and app.key_id):
        raise Failure(
            f"{document.file} does not name app and key completely: write `appAppleId`, `bundleId`, `issuerId` and"
            " `keyId` under `app`. For `make sandbox`, any values will do, for example"
            " 57246542-96fe-1a63-e053-0824d011072a and 2X9R4HXF34."
        )
    return app


def _environment(document: Document, name: str) -> Environment:
    if name not in document.environments:
        raise Failure(f"{document.file} has no environment `{name}`: write it under `environments`, with its stack.")
    environment = document.environments[name]
    if not environment.stack:
        raise Failure(f"{document.file} names no stack for `{name}`: write `stack: …` under it.")
    return environment


def _grant(simulator: Simulator, app: AppEntry, document: Document) -> bytes:
    """Make a key, and let the app use the simulator's API with it. Returns the private key's PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    products = [sold(found) for found in document.products.values()]
    staff_actions.grant(
        simulator, accounts.SimulatedApp(app.app_apple_id, app.bundle_id, app.issuer_id), app.key_id, pem, products
    )
    return pem


def _variables(
    options: SandboxOptions, aws: str, app: AppEntry, environment: Environment, simulator: Simulator
) -> dict[str, str]:
    """Return the variables of the stack's functions: the real-time function's, which those of notifications share."""
    variables = function_environment(aws, app.app_apple_id, trust_anchor=simulator.authority.root_der)
    region = environment.region or variables["AWS_REGION"]
    prefix = _key_prefix(options.env)
    return {**variables, "AWS_REGION": region, "AWS_DEFAULT_REGION": region, "RETENTION_KEY_PREFIX": prefix}


def _follower(stack: LocalStack, simulator: Simulator, app_apple_id: int, aws: str) -> ReviewFollower:
    dynamodb = client("dynamodb", region=stack.environment.region, endpoint_url=aws)
    app_data = simulator.app_data(app_apple_id, stack.app_store)
    return ReviewFollower(app_data, AppTable(dynamodb, stack.table, app_apple_id))


def _key_prefix(name: str) -> str:
    return f"/retention/{name}"


@contextmanager
def _served(function: Any, number: int, queues: LocalQueues) -> Iterator[str]:  # noqa: ANN401  # found at run time
    with naming_the_port(number, "PORT=…"):
        server = listen(function, LOOPBACK, number, queues.enqueue)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://{LOOPBACK}:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass(frozen=True, slots=True)
class LocalStack:
    """A local replacement of an environment's stack. `app_store` is "Sandbox" or "Production".

    Without `queues` it takes in no notifications.
    """

    name: str
    environment: Environment
    app_store: str
    table: str
    url: str = ""
    notifications_url: str = ""
    queues: LocalQueues | None = None

    @property
    def outputs(self) -> dict[str, str]:
        """The outputs of a deployed stack, as far as the console reads them."""
        outputs = {"TableName": self.table, "Url": self.url, "SigningKeyPrefix": _key_prefix(self.name)}
        if self.queues is not None:
            outputs |= {
                "NotificationsUrl": self.notifications_url,
                "NotificationQueueUrl": self.queues.notifications,
                "ParkingQueueUrl": self.queues.parking,
            }
        return {name: value for name, value in outputs.items() if value}


def _others(document: Document, name: str) -> list[LocalStack]:
    """Return the stacks of the file's other environments; those whose name begins with "prod" are production."""
    taken = {document.environments[name].stack}
    found = []
    for other, environment in document.environments.items():
        if environment.stack not in taken:
            taken.add(environment.stack)
            app_store = PRODUCTION if other.casefold().startswith("prod") else SANDBOX
            found.append(LocalStack(other, environment, app_store, f"{TABLE}-{len(taken)}"))
    return found


def _write_stack(stack: LocalStack, key_id: str, pem: bytes, aws: str, anchor: bytes) -> None:
    """Create what the console finds by the stack's name: outputs, a table, the signing key in Parameter Store."""
    region = stack.environment.region
    create_table(client("dynamodb", region=region, endpoint_url=aws), stack.table)
    # There is no sync by schedule: what the simulator's App Review decides is followed at once (review_sync.py).
    parameters = {
        "Environment": stack.app_store,
        "SyncSchedule": "off",
        "Notifications": "off" if stack.queues is None else "push",
        "RehearsalTrustAnchor": base64.b64encode(anchor).decode() if stack.app_store == SANDBOX else "",
    }
    template = {
        "Parameters": {name: {"Type": "String"} for name in parameters},
        "Resources": _RESOURCES,
        "Outputs": {
            **{name: {"Value": value} for name, value in stack.outputs.items()},
            "FunctionLogGroup": {"Value": {"Ref": "FunctionLogs"}},
        },
    }
    client("cloudformation", region=region, endpoint_url=aws).create_stack(
        StackName=stack.environment.stack,
        TemplateBody=json.dumps(template),
        Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()],
    )
    client("ssm", region=region, endpoint_url=aws).put_parameter(
        Name=f"{_key_prefix(stack.name)}/{key_id}", Value=pem.decode(), Type="SecureString"
    )


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    raise SystemExit(main())
