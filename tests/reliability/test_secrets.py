"""Secrets and personal data are planted wherever there are any, and searched for in everything that is written.

Written is: each line of the functions' logs, with the runtime's own lines and tracebacks; each metric; what is
returned to the caller; standard output and standard error of the console; and each `repr`.
"""

from __future__ import annotations

import dataclasses
import importlib
import json
import logging
import pkgutil
import re
import secrets
from collections import Counter
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest
import retention as handler_package
from boto3 import client as aws
from cryptography.hazmat.primitives.asymmetric import ec
from retention import table as rows
from retention.aws.app_table import AppTable
from retention.aws.connection import CallFailedError
from retention.background_settings import SyncDeployment
from retention.errors import ERROR_ANSWERS
from retention.log import record as records
from retention.log.record import Record
from retention.log.telemetry import Telemetry
from retention.review.snapshot import SnapshotReport
from retention.signing.keys import KeyRing
from retention.signing.signer import Signer

import console as console_package
from console.local.embedded_stack import TABLE, LocalTable, embedded_dynamodb, function_environment
from console.local.rows import write_profile
from console.local.samples import SAMPLE_CLOCK
from console.simulator.api import Request, Response
from console.simulator.server import Server
from tests.minting import notifications as minted
from tests.minting import signed
from tests.support import echoing_servers, real_parts, simulated_app
from tests.support.endpoint_on_fakes import (
    ADVANCED,
    APP,
    AUTHORITY,
    CHANGE,
    MESSAGE,
    NOW,
    OFFER,
    SWITCH,
    EndpointOnFakes,
    catalog,
    load_app,
    make_endpoint,
    rule,
)
from tests.support.intake_on_fakes import IntakeOnFakes
from tests.support.mixed_traffic import Traffic, anchor, posted, request
from tests.support.operator_setup import OperatorSetup, set_up_operator
from tests.support.planted_secrets import ENCODINGS, WINDOW, Watch, new_key, new_person, spellings
from tests.support.reliability_page import PROVING, keep, size
from tests.support.required_parts import real
from tests.support.sam_template import resources

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from tests.support.real_parts import Emulator

REQUESTS = size(1_000, 60)
PEOPLE = 20


def some(every: Iterable[str], *quick: str) -> tuple[str, ...]:
    """Return all of them under `make prove`, and the most revealing ones under `make test`."""
    return tuple(every) if PROVING else quick


# The settings with which Lambda and its libraries log more.
VERBOSE = {
    "LOG_LEVEL": "DEBUG",
    "AWS_LAMBDA_LOG_LEVEL": "DEBUG",
    "AWS_LAMBDA_LOG_FORMAT": "JSON",
    "POWERTOOLS_LOG_LEVEL": "DEBUG",
    "POWERTOOLS_DEV": "true",
    "POWERTOOLS_DEBUG": "true",
    "POWERTOOLS_LOGGER_LOG_EVENT": "true",
}


@dataclass
class PlantedSecrets:
    """The planted secrets, and how much was searched for them."""

    watch: Watch = field(default_factory=Watch)
    path_secret: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    pem: str = field(default_factory=lambda: new_key().decode())
    p384: str = field(default_factory=lambda: new_key(ec.SECP384R1()).decode())
    access_key: str = field(default_factory=lambda: "AKIA" + secrets.token_hex(8).upper())
    secret_key: str = field(default_factory=lambda: secrets.token_urlsafe(30))
    session_token: str = field(default_factory=lambda: secrets.token_urlsafe(150))
    fact: str = field(default_factory=lambda: secrets.token_hex(12))
    people: tuple[str, ...] = field(default_factory=lambda: tuple(new_person() for _ in range(PEOPLE)))
    rows: dict[str, tuple[str, int, int, int]] = field(default_factory=dict)
    tokens: int = 0
    leaked: int = 0

    def __post_init__(self) -> None:
        self.watch.plant("path secret", self.path_secret)
        self.watch.plant_key("signing key", self.pem.encode())
        self.watch.plant_key("API key", simulated_app.PEM)
        self.watch.plant("key of another curve", "".join(self.p384.splitlines()[2:-1]))
        for secret in (self.access_key, self.secret_key, self.session_token):
            self.watch.plant("AWS credentials", secret)
        self.watch.plant("customer's fact", self.fact)
        for person in self.people:
            self.watch.plant_person(person)

    @property
    def credentials(self) -> dict[str, str]:
        return {
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_SESSION_TOKEN": self.session_token,
        }

    @property
    def quote(self) -> str:
        """All secrets at once, as the message of a careless exception."""
        return " ".join((self.pem, self.path_secret, self.secret_key, self.session_token, *self.people))

    def search(self, place: str, written: Iterable[str], tokens: Iterable[str] = (), asked: int = 0) -> None:
        """Fail if any of `written` contains a planted secret, or any part of one of `tokens`."""
        of_tokens = Watch()
        for token in tokens:
            of_tokens.plant_token("token", token)
        found: Counter[str] = Counter()
        lines = characters = 0
        for text in written:
            found += self.watch.finds(text) + of_tokens.finds(text)
            lines += text.count("\n")
            characters += len(text)
        self.tokens += of_tokens.names["token"]
        _, *before = self.rows.get(place, ("", 0, 0, 0))
        counts = [old + new for old, new in zip(before, (asked, lines, characters), strict=True)]
        self.rows[place] = (place, *counts)  # type: ignore[assignment]  # three numbers
        self.leaked += found.total()
        assert found == Counter(), f"{place}: {dict(found)}"


PLACES = (
    *("the function", "the function, refusing to start", "the sync", "exceptions in every stage", "the real key"),
    *("notifications", "left out"),
)
CONSOLE = "the console"


@pytest.fixture(scope="module")
def planted() -> Iterator[PlantedSecrets]:
    made = PlantedSecrets()
    yield made
    if set(made.rows) == {*PLACES, CONSOLE}:
        names = ", ".join(f"{name} ({number})" for name, number in made.watch.names.items())
        text = (
            f"Planted secrets and personal data: {names}, token ({made.tokens:,}). Searched for: any {WINDOW}"
            f" consecutive characters of each, in {len(ENCODINGS)} encodings, from clear text and hex to base64 at"
            " every alignment; for tokens, any part of any of their three parts. Half of the requests to the function"
            f" are hostile. The log line of each request has only the fields of `Record`. Bytes leaked: {made.leaked}."
        )
        shown = [[row[0], *(f"{number:,}" for number in row[1:])] for row in made.rows.values()]
        totals = [f"{sum(row[column] for row in made.rows.values()):,}" for column in (1, 2, 3)]  # type: ignore[misc]  # numbers
        keep("secrets", text, ("what wrote", "asked", "lines", "bytes"), [*shown, ["together", *totals]])


# The search finds what is planted


@pytest.mark.parametrize("name", ENCODINGS)
def test_a_secret_in_any_encoding_is_found(name: str) -> None:
    """The search finds sixteen consecutive characters of a secret, in any encoding and at any place."""
    watch, secret = Watch(), secrets.token_bytes(32)
    watch.plant("secret", secret)
    spelling = spellings(secret)[name]
    for start in (0, (len(spelling) - WINDOW) // 2, len(spelling) - WINDOW):
        assert watch.finds(f"before {spelling[start : start + WINDOW]} after")["secret"] >= 1
    assert watch.finds("nothing of it: " + secrets.token_hex(1000)) == Counter()


def test_base64_is_found_at_every_alignment_and_in_a_token() -> None:
    """The search finds a transaction id in the payload of a token, at every alignment of base64, and a key's lines."""
    person, watch = new_person(), Watch()
    watch.plant_person(person)
    for before in range(6):
        assert watch.finds(signed(body=b"x" * before + person.encode() + b"yz"))
    pem, other = new_key(), new_key()
    watch.plant_key("key", pem)
    assert watch.finds(pem.decode().replace("\n", "\\n"))["key"]
    assert not watch.finds(other.decode())


# The built functions, under Lambda's runtime


@pytest.fixture(scope="module")
def table(planted: PlantedSecrets) -> Iterator[str]:
    """The sample's table, with damaged profiles for the planted people; yields DynamoDB Local's URL."""
    with ExitStack() as parts:
        url = real(lambda: parts.enter_context(real_parts.dynamodb_local()))
        local = LocalTable(url)
        compiled, _ = local.publish(SAMPLE_CLOCK)
        local.import_states(compiled)
        dynamodb = aws("dynamodb", endpoint_url=url)
        for number, person in enumerate(planted.people[: PEOPLE // 2]):
            facts: Any = [{"note": planted.fact}, {"tenureDays": planted.fact}, {"inTrial": [planted.fact, person]}][
                number % 3
            ]
            write_profile(AppTable(dynamodb, TABLE, APP), person, facts)
            nonsense: Any = {"deep": {"M": {planted.fact: {"L": [{"NULL": True}]}}}, "expiresAt": {"S": person}}
            if number % 2:
                dynamodb.put_item(TableName=TABLE, Item={**rows.profile_key(APP, person), **nonsense})
        head = dynamodb.get_item(TableName=TABLE, Key=rows.head_key(APP))["Item"]
        planted.watch.plant("customerKey", head["customerKey"]["B"])
        yield url


@contextmanager
def answering(answer: Callable[[Request], Response]) -> Iterator[str]:
    with Server(answer) as server:
        yield server.url


def with_path_secret(planted: PlantedSecrets, asked: Any) -> Any:
    """Return an event with the path secret where API Gateway has it: in the path and in the route."""
    if not isinstance(asked, dict) or not asked:
        return asked
    path = f"/v1/retention-message/{planted.path_secret}"
    http = {**asked["requestContext"]["http"], "path": path}
    return {**asked, "rawPath": path, "routeKey": f"POST {path}", "requestContext": {"http": http, "routeKey": path}}


def tokens_in(events: Iterable[Any]) -> list[str]:
    """Return the tokens of all events whose token has three parts."""
    bodies = [asked.get("body") for asked in events if isinstance(asked, dict) and not asked.get("isBase64Encoded")]
    found = [re.fullmatch(r'\{"signedPayload": "([\w-]+\.[\w-]+\.[\w-]+)"\}', body or "") for body in bodies]
    return [match[1] for match in found if match is not None]


MODES = {
    "as deployed": ({}, 200, "good"),
    "as curious as can be": (VERBOSE, 200, "good"),
    "its key cut short": ({}, 200, "cut"),
    "Parameter Store quotes": (VERBOSE, 200, "quotes"),
    "customers cannot be read": (VERBOSE, 200, "customers"),
    "DynamoDB quotes": (VERBOSE, 503, "table"),
}


@pytest.mark.parametrize("mode", some(MODES, "as deployed", "Parameter Store quotes", "DynamoDB quotes"))
def test_the_function_writes_no_secret(
    mode: str, planted: PlantedSecrets, table: str, emulator: Callable[[Mapping[str, str]], Emulator]
) -> None:
    """The function's log has no secret and no personal data, for any request and for failures that quote secrets."""
    changed, best, fault = MODES[mode]
    refused = echoing_servers.refusing("ThrottlingException", planted.quote)
    faults = {
        "good": echoing_servers.parameter(planted.pem),
        "cut": echoing_servers.parameter(planted.pem[:-60]),
        "quotes": refused,
    }
    with ExitStack() as servers:
        ssm = servers.enter_context(answering(faults.get(fault, faults["good"])))
        passed = echoing_servers.passing(table, lambda asked: fault == "table" or b"#customer#" in asked.body, refused)
        dynamodb = servers.enter_context(answering(passed)) if fault in {"table", "customers"} else table
        variables = function_environment(dynamodb, APP, SAMPLE_CLOCK.isoformat(), anchor())
        function = emulator({**variables, **planted.credentials, **changed, "AWS_ENDPOINT_URL_SSM": ssm})
        traffic, events, statuses = Traffic(seed=1, share=0.5, transactions=planted.people), [], Counter[int]()
        for _ in range(REQUESTS):
            asked = with_path_secret(planted, traffic.next().event)
            events.append(asked)
            statuses[function.invoke(asked)["statusCode"]] += 1
    assert set(statuses) >= {best, 400, 401, 403}
    assert set(statuses) <= {200, 204, 400, 401, 403, 405, 413, 503}
    lines = lines_of(function.log)
    assert sum("_aws" in line for line in lines) == len(lines) == REQUESTS
    for line in lines:
        check_fields(line)
    planted.search("the function", [function.log], tokens_in(events), REQUESTS)


def lines_of(log: str) -> list[dict[str, Any]]:
    """Return the lines that the function itself wrote, each on one line or on several; the runtime's are not JSON.

    With POWERTOOLS_DEBUG, Powertools logs its own lines. No other library may.
    """
    found, at, decoder = [], 0, json.JSONDecoder()
    while (begin := re.compile(r"^\{", re.MULTILINE).search(log, at)) is not None:
        line, at = decoder.raw_decode(log, begin.start())
        found.append(line)
    libraries = {line["logger"].partition(".")[0] for line in found if "logger" in line}
    assert libraries <= {"aws_lambda_powertools"}
    return [line for line in found if "logger" not in line]


# Every field that a line may have, from the type that is the allow-list.
FIELDS = {*records._KEYS.values(), "level", "message", "timestamp", "service"}
EVIDENCE = {"at", "cause", "expected", "field", "limit"}
METRICS = {
    *(name for _, answer in ERROR_ANSWERS for name in answer.counts),
    *records.ANSWERED_METRICS.values(),
    *records.DEGRADED_METRICS.values(),
    *records.STAGE_METRICS.values(),
    *("Verified", "Answered", "NoAnswer", "HeldOut", "Degraded", "CatalogAge", "ColdWait", "LeafDaysLeft", "NewLeaf"),
}


def check_fields(line: Mapping[str, Any]) -> None:
    """Fail unless a line has only fields of the allow-list, each short, and below them only names and known words."""
    assert set(line) <= FIELDS | METRICS | {"_aws"}
    assert all(isinstance(value, float) for name in METRICS & set(line) for value in line[name])
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert {metric["Name"] for metric in directive["Metrics"]} == METRICS & set(line)
    assert set(line.get("evidence", {})) <= EVIDENCE
    assert set(line.get("times", {})) <= set(records.STAGE_METRICS)
    assert set(line.get("degraded", ())) <= set(records.DEGRADED_METRICS)
    assert re.fullmatch(r"\w{0,40}", line.get("reason", ""))
    assert all(len(str(value)) <= 128 for name, value in line.items() if name not in {"times", "evidence", "_aws"})
    assert re.fullmatch(r"([0-9a-f]{64})?", line.get("customerHash", ""))
    assert re.fullmatch(r"[A-Za-z0-9+/=_-]{0,64}", line.get("gatewayRequestId", ""))


REFUSALS: Mapping[str, Callable[[PlantedSecrets], dict[str, str]]] = {
    "a key for a trust anchor": lambda planted: {"RETENTION_TRUST_ANCHOR": planted.pem},
    "a trust anchor that is none": lambda planted: {"RETENTION_TRUST_ANCHOR": planted.session_token},
    "the body of a key for a trust anchor": lambda planted: {
        "RETENTION_TRUST_ANCHOR": "".join(planted.pem.splitlines()[1:-1])
    },
    "a key for a prefix": lambda planted: {"RETENTION_KEY_PREFIX": planted.pem},
    "a secret for a clock": lambda planted: {"RETENTION_CLOCK": planted.path_secret},
    "a secret for a table": lambda planted: {"RETENTION_TABLE": f"{planted.path_secret}?"},
    "a secret for an environment": lambda planted: {"RETENTION_ENVIRONMENT": planted.path_secret},
    "people for apps": lambda planted: {"RETENTION_APP_APPLE_IDS": ",".join(planted.people)},
    "credentials in an endpoint": lambda planted: {"AWS_ENDPOINT_URL_DYNAMODB": f"http://{planted.secret_key}@[x"},
    "a secret for an endpoint's kind": lambda planted: {"AWS_ENDPOINT_URL": f"{planted.path_secret}://x"},
}


@pytest.mark.parametrize("what", some(REFUSALS, "a key for a trust anchor", "credentials in an endpoint"))
@pytest.mark.parametrize("handler", ["app.get_retention_message", "sync.sync_states"])
def test_a_refusal_to_start_repeats_no_parameter(
    what: str, handler: str, planted: PlantedSecrets, artefact: real_parts.Artefact
) -> None:
    """A start that a secret in the wrong variable stops has a reason with the variable's name, not its value."""
    usual = function_environment("http://127.0.0.1:9", APP, "", anchor())
    variables = {**usual, **VERBOSE, **planted.credentials, **REFUSALS[what](planted)}
    with real_parts.Emulator(artefact, variables, handler=handler) as function:
        try:
            returned = json.dumps(function.invoke({}))
        except RuntimeError as error:
            returned = str(error)
            assert "ConfigurationError" in returned
        planted.search("the function, refusing to start", [function.log, returned], asked=1)


SYNC_METRICS = {"_aws", "service", "SyncSucceeded", "SyncFailed", "SyncRefused", "LiveApprovalLost", "ProbeFailed"}
SYNC_METRICS |= {"MessagesRejected", "ImagesRejected"}
SYNC_FIELDS = {
    *("level", "message", "timestamp", "service", "appAppleId", "reason", "explanation", "evidence", "apps"),
    *("number", "messageIdentifiers", "status"),
    *(re.sub("_([a-z])", lambda found: found[1].upper(), named.name) for named in dataclasses.fields(SnapshotReport)),
}

APPLES: Mapping[str, Callable[[Request], Response]] = {
    "takes it": lambda asked: Response(
        200,
        {"content-type": "application/json"},
        json.dumps({f"{'image' if 'image' in asked.target else 'message'}Identifiers": []}).encode(),
    ),
    **{f"answers {status}": echoing_servers.apple(status) for status in (302, 400, 401, 403, 404, 500, 503)},
    "limits the rate": echoing_servers.apple(429, **{"retry-after": "1800000000000"}),
    "limits the rate until never": echoing_servers.apple(429, **{"retry-after": "9" * 40}),
    "lists its token": echoing_servers.listing,
    "is a page": echoing_servers.page,
}


@pytest.mark.parametrize("verbose", some(["", "curious"], "curious"))
@pytest.mark.parametrize("behaviour", some(APPLES, "takes it", "answers 400", "lists its token"))
def test_the_sync_writes_no_secret(
    behaviour: str, verbose: str, planted: PlantedSecrets, table: str, artefact: real_parts.Artefact
) -> None:
    """For each answer of Apple, also one with the token in it, the sync's log and result have no part of the token."""
    sent: list[str] = []

    def heard(asked: Request) -> Response:
        sent.append(asked.headers["authorization"].removeprefix("Bearer "))
        return APPLES[behaviour](asked)

    with answering(heard) as apple, answering(echoing_servers.parameter(planted.pem)) as ssm:
        written = sync_once(
            artefact,
            planted,
            table,
            {
                **(VERBOSE if verbose else {}),
                "RETENTION_APPLE_URL": apple,
                "RETENTION_PROBE_URL": f"{apple}/v1/probe",
                "AWS_ENDPOINT_URL_SSM": ssm,
            },
        )
    assert sent
    planted.search("the sync", written, sent, 1)


@pytest.mark.parametrize("fault", ["its key cut short", "Parameter Store quotes", "DynamoDB quotes"])
def test_a_sync_without_a_key_or_a_table_writes_no_secret(
    fault: str, planted: PlantedSecrets, table: str, artefact: real_parts.Artefact
) -> None:
    """Without a readable key or table, the sync logs a code and no secret."""
    refused = echoing_servers.refusing("ValidationException", planted.quote)
    cut = echoing_servers.parameter(planted.pem[:-60])
    with ExitStack() as servers:
        ssm = servers.enter_context(answering(cut if fault == "its key cut short" else refused))
        dynamodb = servers.enter_context(answering(refused)) if fault == "DynamoDB quotes" else table
        variables = {**VERBOSE, "RETENTION_APPLE_URL": "http://127.0.0.1:9", "AWS_ENDPOINT_URL_SSM": ssm}
        written = sync_once(artefact, planted, dynamodb, variables)
    assert '"outcome": "failed"' in written[1]
    planted.search("the sync", written, asked=1)


def sync_once(
    artefact: real_parts.Artefact, planted: PlantedSecrets, dynamodb: str, changed: Mapping[str, str]
) -> list[str]:
    """Run the sync once; return its log, and what it returns to the caller."""
    variables = {**function_environment(dynamodb, APP), **planted.credentials, **changed}
    with real_parts.Emulator(artefact, variables, handler="sync.sync_states") as function:
        returned = function.invoke({})
        for line in lines_of(function.log):
            assert set(line) <= (SYNC_METRICS if "_aws" in line else SYNC_FIELDS)
        return [function.log, json.dumps(returned)]


# Failures from inside


@dataclass
class Written:
    """What this process prints and logs while it is open."""

    capsys: pytest.CaptureFixture[str]
    caplog: pytest.LogCaptureFixture

    def read(self) -> list[str]:
        printed = self.capsys.readouterr()
        logged = [self.caplog.handler.format(line) for line in self.caplog.records]
        self.caplog.clear()
        return [printed.out, printed.err, *logged]


@pytest.fixture
def written(capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> Written:
    load_app()  # its telemetry silences AWS's libraries, whose DEBUG lines quote each request
    caplog.set_level(logging.DEBUG)
    return Written(capsys, caplog)


class Careless(Exception):  # noqa: N818  # named as careless programs name theirs
    """An exception that holds the value that it failed on, in addition to its message."""

    def __init__(self, quote: str) -> None:
        super().__init__(quote, {"token": quote})
        self.quote = quote


CARELESS: Mapping[str, Callable[[str], Exception]] = {
    "ValueError": ValueError,
    "KeyError": KeyError,
    "Careless": Careless,
    "OSError": lambda quote: OSError(2, quote, quote),
    "JSONDecodeError": lambda quote: json.JSONDecodeError(quote, quote, 0),
    "UnicodeDecodeError": lambda quote: UnicodeDecodeError("utf-8", quote.encode(), 0, 1, quote),
    "ExceptionGroup": lambda quote: ExceptionGroup(quote, [ValueError(quote)]),
    "CallFailedError": CallFailedError,
}

STAGES = ("read_body", "authenticate", "admit", "catalog", "customer_facts", "decide", "compose", "get", "encode")


def careless(kind: str, quote: str) -> Callable[..., NoReturn]:
    def fail(*_: object, **__: object) -> NoReturn:
        raise CARELESS[kind](quote) from ValueError(quote)

    return fail


def break_stage(stage: str, at: EndpointOnFakes, fail: Callable[..., NoReturn], patch: pytest.MonkeyPatch) -> None:
    app = load_app()
    place = {
        "authenticate": app.SignedPayloadVerifier,
        "catalog": at.store,
        "customer_facts": at.store,
        "get": at.keys,
        "encode": app.response,
    }.get(stage, app)
    patch.setattr(place, stage, fail)


@pytest.mark.parametrize("kind", CARELESS)
@pytest.mark.parametrize("stage", STAGES)
def test_an_exception_in_any_stage_is_logged_by_its_type_only(
    stage: str, kind: str, planted: PlantedSecrets, written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The line of a 500 has the exception's type and no part of its message, which may quote token, customer or key."""
    held = catalog(rule({**OFFER, "signature": "v2"}, ["least", "customer.tenureDays", 1]))
    at = logging_endpoint(held, monkeypatch, signer=Signer.throwaway("A"))
    token = AUTHORITY.sign(own_claims(planted.people[0]))
    with pytest.MonkeyPatch.context() as patch:
        break_stage(stage, at, careless(kind, f"{token} {planted.quote}"), patch)
        answer = at.endpoint.respond(with_path_secret(planted, posted(token)))
    assert answer["statusCode"] == 500
    texts = [*written.read(), repr(answer)]
    (line,) = texts[0].splitlines()
    check_fields(json.loads(line))
    assert json.loads(line)["reason"] == type(CARELESS[kind]("")).__name__
    planted.search("exceptions in every stage", texts, [token], 1)


def own_claims(person: str, **changes: object) -> dict[str, object]:
    now = int(NOW.timestamp() * 1000)
    return request("pro.monthly", "en-US", person, appAppleId=APP, signedDate=now) | changes


def logging_endpoint(held: Any, monkeypatch: pytest.MonkeyPatch, **parts: Any) -> EndpointOnFakes:
    """Make an endpoint that writes its lines, and trusts the test authority's root as Apple's."""
    app = load_app()
    monkeypatch.setattr(app, "APPLE_ROOT_FINGERPRINT", AUTHORITY.fingerprint)
    at = make_endpoint(held, customer={"tenureDays": 200}, **parts)
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", f"retention-{secrets.token_hex(4)}")
    at.endpoint = dataclasses.replace(at.endpoint, telemetry=Telemetry())
    return at


SIGNED: Mapping[str, tuple[dict[str, Any], str]] = {
    "v2": ({**OFFER, "signature": "v2"}, "promotionalOffer"),
    "v1": ({**OFFER, "signature": "v1"}, "promotionalOffer"),
    "advanced commerce": ({"kind": "advancedCommerce", "set": "text", "request": CHANGE}, ADVANCED),
}


class ParameterStore:
    """Stands in for Parameter Store: returns the parameter, or fails with it as the message."""

    def __init__(self, value: str, *, fails: bool = False) -> None:
        self._value, self._fails = value, fails

    def call(self, _operation: str, _request: Mapping[str, Any], _deadline: object) -> dict[str, Any]:
        if self._fails:
            raise CallFailedError(self._value)
        return {"Parameter": {"Value": self._value}}

    def close(self) -> None:
        pass


@pytest.mark.parametrize("key", ["good", "cut short", "of another curve", "not to be had"])
@pytest.mark.parametrize("kind", SIGNED)
def test_the_real_key_is_in_no_output(
    kind: str, key: str, planted: PlantedSecrets, written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No log line has the key or a signature, whether the key signs, is damaged or cannot be read."""
    answer, kind_of_answer = SIGNED[kind]
    parameter = {"good": planted.pem, "cut short": planted.pem[:-60], "of another curve": planted.p384}.get(
        key, planted.quote
    )
    store = ParameterStore(parameter, fails=key == "not to be had")
    at = logging_endpoint(catalog(rule(answer), rule(SWITCH), rule(MESSAGE)), monkeypatch)
    ring = KeyRing(lambda: store, "/retention", Signer.from_pem)
    at.endpoint = dataclasses.replace(at.endpoint, keys=ring)
    tokens = []
    for number in range(size(200, 20)):
        asked = AUTHORITY.sign(own_claims(planted.people[number % PEOPLE]))
        body = json.loads(at.endpoint.respond(with_path_secret(planted, posted(asked)))["body"])
        assert set(body) == {kind_of_answer if key == "good" else "alternateProduct"}
        tokens += [asked, *signatures(body)]
    texts = [*written.read(), repr(ring), repr(ring._kept), repr(at.endpoint.deployment)]
    for line in texts[0].splitlines():
        check_fields(json.loads(line))
    assert ('"degraded":["signing"]' in texts[0]) == (key != "good")
    planted.search("the real key", texts, tokens, size(200, 20))


def signatures(body: Mapping[str, Any]) -> Iterator[str]:
    """Yield the signed tokens of an answer; a V1 signature is a token's last part alone."""
    offer = body.get("promotionalOffer", {})
    if "promotionalOfferSignatureV2" in offer:
        yield offer["promotionalOfferSignatureV2"]
    if "promotionalOfferSignatureV1" in offer:
        encoded = offer["promotionalOfferSignatureV1"]["encodedSignature"]
        yield f"..{encoded.replace('+', '-').replace('/', '_').rstrip('=')}"
    if ADVANCED in body:
        data = body[ADVANCED]["advancedCommerceData"].replace("+", "-").replace("/", "_")
        yield f"..{data.rstrip('=')}"


@pytest.mark.parametrize("answer", [{"kind": "fallback"}, MESSAGE], ids=["fallback", "message"])
def test_who_is_left_out_is_in_the_line_by_hash_alone(
    answer: dict[str, Any], planted: PlantedSecrets, written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lines of a holdout, of a layer and of a ramp have its key and the customer's hash, and no id of a customer."""
    experiment = {
        "key": "k",
        "arms": [["a", 10_000, MESSAGE]],
        "layer": {"name": "l", "slots": [0, 4_999]},
        "traffic": [[0, 5_000]],
    }
    tried = {"name": "try", "when": None, "from": None, "until": None, "experiment": experiment}
    held = catalog(tried, rule(MESSAGE))
    whose = importlib.import_module("retention.catalog")
    holdout = whose.Holdout("h", 5_000, whose.Answer(answer["kind"], answer.get("set", ""), answer))
    at = logging_endpoint(
        dataclasses.replace(held, sheet=dataclasses.replace(held.sheet, holdout=holdout)), monkeypatch
    )
    tokens = [AUTHORITY.sign(own_claims(person)) for person in planted.people]
    for asked in tokens:
        at.endpoint.respond(with_path_secret(planted, posted(asked)))
    log = written.read()
    lines = [json.loads(line) for line in log[0].splitlines()]
    for line in lines:
        check_fields(line)
    assert {(line["holdout"], line["holdoutArm"]) for line in lines} == {("h", "held"), ("h", "served")}
    planted.search("left out", log, tokens, len(tokens))


# The sync's own failures


@pytest.mark.parametrize("kind", CARELESS)
def test_an_exception_in_the_sync_is_logged_by_its_type(kind: str, planted: PlantedSecrets, written: Written) -> None:
    """If an exception stops the sync, neither its lines nor its result have the exception's message."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in function_environment("http://127.0.0.1:9", APP).items():
            patch.setenv(name, value)
        patch.setenv("POWERTOOLS_SERVICE_NAME", f"retention-{secrets.token_hex(4)}")
        sync = importlib.import_module("sync")
        deployment = SyncDeployment.from_env()
        run = sync.Sync(deployment, sync.AppStore("http://127.0.0.1:9"), Telemetry(), careless(kind, planted.quote))
        returned = run.run()
    texts = [*written.read(), json.dumps(returned)]
    assert returned["apps"][0]["outcome"] == "failed"
    planted.search("exceptions in every stage", texts, asked=1)


# Notifications

# What Apple signs of a customer and must not be kept or logged, by where it stands in a notification.
PERSONAL: Mapping[str, tuple[str, ...]] = {
    "transaction": ("appAccountToken", "webOrderLineItemId", "appTransactionId"),
    "renewal": ("appAccountToken", "appTransactionId"),
    "data": ("consumptionRequestReason", "bundleVersion"),
}
COMMERCE = ("SKU", "displayName", "description", "requestReferenceId", "taxCode")


def personal_notification(planted: PlantedSecrets, person: str, **changes: Any) -> str:
    """Return a signed notification with a new canary in each place that is personal."""

    def canary(name: str) -> str:
        made = secrets.token_urlsafe(18)
        planted.watch.plant(name, made)
        return made

    parts: dict[str, dict[str, Any]] = {
        part: {name: canary(name) for name in names} for part, names in PERSONAL.items()
    }
    names = {name: canary("Advanced Commerce") for name in COMMERCE}
    bought = new_person()
    planted.watch.plant("transaction id of a notification", bought)  # its digest is a key of the row's set
    ids = {"originalTransactionId": person, "advancedCommerceInfo": {"items": [names], **names}}
    at = int(NOW.timestamp() * 1000)
    for part in ("transaction", "renewal"):
        parts[part] |= {**ids, "signedDate": at, **changes.get(part, {})}
    parts["transaction"]["transactionId"] = bought
    return minted.notification("CONSUMPTION_REQUEST", signedDate=at, **parts)


def row_texts(table: Any) -> Iterator[str]:
    """Yield each row of a subscription as it is and unpacked, without its key, which is the customer's id."""
    for (_, sk), item in table.items.items():
        if sk == rows.SUBSCRIPTION:
            yield repr({name: value for name, value in item.items() if name != "pk"})
            yield rows.content_of(item).decode()


INTAKE_STAGES = ("nothing", "read_notification", "learned", "outcome_line", "learn", "park", "the table")


@pytest.mark.parametrize("kind", some(CARELESS, "ValueError", "Careless", "CallFailedError"))
@pytest.mark.parametrize("stage", INTAKE_STAGES)
def test_notifications_leave_no_secret(
    stage: str, kind: str, planted: PlantedSecrets, written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No line, row or verdict has what Apple signs of a person, also where any step fails with all of it as message."""
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", f"retention-{secrets.token_hex(4)}")
    fakes = IntakeOnFakes(lines=Telemetry(), now=NOW)  # type: ignore[arg-type]  # the real one, in its place
    tokens = [
        personal_notification(planted, person, **({"transaction": {"price": person}} if number % 3 == 2 else {}))
        for number, person in enumerate(planted.people[:6])
    ]
    fail = careless(kind, f"{' '.join(tokens)} {planted.quote}")
    with pytest.MonkeyPatch.context() as patch:
        if stage == "the table":
            fakes.call = fail
        elif stage == "park":
            patch.setattr(fakes.parked, "park", careless("CallFailedError", "Throttled"))
        elif stage != "nothing":
            patch.setattr(f"retention.notifications.intake.{stage}", fail)
        verdicts = fakes.judge(*map(minted.body, tokens), "junk")
    fates = Counter(verdict.fate.value for verdict in verdicts)
    assert len(verdicts) == len(tokens) + 1
    assert fates["merged"] == (4 if stage in {"nothing", "park"} else 0)
    texts = [
        *written.read(),
        repr(verdicts),
        *row_texts(fakes.table),
        repr([fakes.state(each) for each in planted.people]),
    ]
    planted.search("notifications", texts, tokens, len(tokens))


# The console

KEY_FORMS: Mapping[str, Callable[[str], str]] = {
    "whole": lambda pem: pem,
    "in one line": lambda pem: pem.replace("\n", " "),
    "without its first line": lambda pem: "".join(pem.splitlines()[1:-1]),
    "cut short": lambda pem: pem[:-60],
}


@pytest.fixture(scope="module")
def local_aws() -> Iterator[str]:
    with embedded_dynamodb() as url:
        yield url


def commands(planted: PlantedSecrets, folder: Path) -> list[tuple[str, ...]]:
    """Return the commands that an operator types; the request is in a file, the path secret at the end of a URL."""
    saved = folder / "event.json"
    claims = request(simulated_app.MONTHLY, "en-US", planted.people[0], appAppleId=simulated_app.APP.app_apple_id)
    saved.write_text(json.dumps(with_path_secret(planted, posted(signed(body=claims)))))
    url = f"https://example.com/v1/retention-message/{planted.path_secret}"
    return [
        ("plan",),
        ("apply", "--yes"),
        ("doctor",),
        ("status",),
        ("explain", "--event", str(saved)),
        ("endpoint", "set", url, "--yes"),
        ("endpoint", "set", f"{url}/{'x' * 300}", "--yes"),
        ("endpoint", "show"),
        ("doctor",),
        ("endpoint", "delete"),
        ("endpoint", "delete", "--yes"),
        ("performance-test", "start", "--transaction", "1", "--product", simulated_app.MONTHLY, "--anyway"),
        ("prune", "--show"),
    ]


def typed(desk: OperatorSetup, command: tuple[str, ...]) -> Iterator[str]:
    for form in ((), ("--json",)):
        _, out, err = desk(*command, *form)
        yield out + err


def hearing(heard: list[Request], answer: Callable[[Request], Response]) -> Callable[[Request], Response]:
    def hear(asked: Request) -> Response:
        heard.append(asked)
        return answer(asked)

    return hear


def bearers(heard: Iterable[Request]) -> list[str]:
    return [asked.headers["authorization"].removeprefix("Bearer ") for asked in heard]


# A rate limit is waited out for a second at least.
CONSOLES = ("works", *(each for each in APPLES if each not in {"takes it", "limits the rate until never"}))


@pytest.mark.parametrize("behaviour", some(CONSOLES, "works", "answers 400", "is a page"))
def test_the_console_prints_no_secret(
    behaviour: str,
    planted: PlantedSecrets,
    tmp_path: Path,
    local_aws: str,
    written: Written,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """For each answer of Apple, what the commands print, as text and as JSON, has no secret in it."""
    monkeypatch.setattr("console.appstore.repeats._PAUSES", (0.0, 0.0, 0.0))
    monkeypatch.setattr("console.appstore.repeats._RATE_WAIT_SECONDS", 0.0)
    heard: list[Request] = []
    answer = APPLES.get(behaviour)
    name = f"secrets {behaviour}"
    with set_up_operator(
        tmp_path, local_aws, name, written.capsys, lambda works: hearing(heard, answer or works)
    ) as desk:
        typed_by_all = [text for command in commands(planted, tmp_path) for text in typed(desk, command)]
    assert heard
    planted.search(CONSOLE, [*typed_by_all, *written.read()], bearers(heard), len(typed_by_all))


@pytest.mark.parametrize("form", some(KEY_FORMS, "without its first line"))
@pytest.mark.parametrize("way", ["--key FILE", "--key KEY", "RETENTION_API_KEY", "Parameter Store"])
def test_a_bad_key_is_not_repeated(
    form: str,
    way: str,
    planted: PlantedSecrets,
    tmp_path: Path,
    local_aws: str,
    written: Written,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A key that is given in a wrong form, in any of the four ways, is in no output of the commands."""
    key = KEY_FORMS[form](planted.pem)
    option: tuple[str, ...] = ()
    with set_up_operator(tmp_path, local_aws, f"key {form} {way}", written.capsys) as desk:
        if way == "--key FILE":
            (tmp_path / "key.p8").write_text(key)
            option = ("--key", str(tmp_path / "key.p8"))
        elif way == "--key KEY":
            option = ("--key", key)
        elif way == "RETENTION_API_KEY":
            monkeypatch.setenv("RETENTION_API_KEY", key)
        else:
            ssm = aws("ssm", endpoint_url=local_aws)
            path = f"/retention/test/{desk.name}/{simulated_app.KEY_ID}"
            ssm.put_parameter(Name=path, Value=key, Type="SecureString", Overwrite=True)
        texts = [
            text
            for name in some(("plan", "apply", "doctor", "status"), "plan", "doctor")
            for text in typed(desk, (name, *option))
        ]
    planted.search(CONSOLE, [*texts, *written.read()], asked=len(texts))


@pytest.mark.parametrize("command", [("explain", "--product", "x"), ("doctor",), ("status",), ("releases",)])
def test_an_error_of_aws_that_quotes_is_printed_without_secrets(
    command: tuple[str, ...],
    planted: PlantedSecrets,
    tmp_path: Path,
    local_aws: str,
    written: Written,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An error of AWS is printed with its text, which may quote the call, but without credentials and keys."""
    for name, value in planted.credentials.items():
        monkeypatch.setenv(name, value)
    with (
        answering(echoing_servers.refusing("ValidationException")) as url,
        set_up_operator(tmp_path, local_aws, f"quoting {command[0]}", written.capsys) as desk,
    ):
        desk.endpoint = url
        texts = list(typed(desk, command))
    planted.search(CONSOLE, [*texts, *written.read()], asked=len(texts))


# Types and the template

# Fields with a name like a secret's, and why each may be shown.
SHOWN = {
    "key": "an experiment's salt or a public key",
    "key_at": "the line of a holdout's key in the file",
    "keys": "of an analysis: how many lines each key's digest has",
    "key_id": "App Store Connect shows it, and so does every token; a log line's is a digest of the customers' key",
    "key_prefix": "where the keys are",
    "public_pem": "a public key",
    "signing_key": "its ids, and where the file has them",
    "leaf_key": "an object of cryptography's, whose repr is its address",
    "customer_hash": "an HMAC under a key that never leaves the table",
    "signature": "v1 or v2",
    "signed_date": "a time",
    "signed_by": "Apple, or the local test CA",
    "signed_at": "a time",
    "unsigned": "a count",
    "signed": "a time of the simulated clock",
    "customers": "a count",
    "tokens": "counts by what became of them",
    "transaction": "of a log line a keyed digest, of a state or a notification a type whose ids are not shown",
    "transactions": "a set under digests",
    "payload_format": "API Gateway's 1.0 or 2.0",
    "customer": "of the committed sample: its name",
    "claims": "of the committed sample",
    "reads_customer": "a truth value",
    "has_secret": "a truth value",
}
SECRET = re.compile(r"transaction|token|pem|secret|customer|claims|payload|signature|signed|password|credential|key")


def dataclasses_of(package: Any) -> Iterator[type]:
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if not found.name.endswith("__main__"):
            module = importlib.import_module(found.name)
            for kind in vars(module).values():
                if isinstance(kind, type) and dataclasses.is_dataclass(kind) and kind.__module__ == found.name:
                    yield kind


@pytest.mark.parametrize("package", [handler_package, console_package], ids=["retention", "console"])
def test_no_type_shows_what_is_secret(package: Any) -> None:
    """Fields with secrets or personal data are left out of a type's `repr`, or listed above with the reason."""
    kinds = list(dataclasses_of(package))
    assert len(kinds) > 30
    for kind in kinds:
        shown = [named.name for named in dataclasses.fields(kind) if named.repr and SECRET.search(named.name)]
        exempt = kind.__module__ in {"console.local.sample_events", "console.local.sample_notifications"}
        unargued = [name for name in shown if name not in SHOWN and not exempt]
        held = [named for named in dataclasses.fields(kind) if named.name in {"customer", "claims"} and named.repr]
        assert unargued == [], f"{kind.__module__}.{kind.__name__} shows {unargued}"
        assert exempt or not held, f"{kind.__module__}.{kind.__name__} shows {held}"


def test_no_object_of_a_request_shows_personal_data(planted: PlantedSecrets) -> None:
    """From token to answer, no object of a request has the customer, a fact or the token in its `repr`."""
    app, person = load_app(), planted.people[0]
    token = AUTHORITY.sign(own_claims(person))
    seen: list[object] = []
    asked = ["all", ["present", "customer.note"], ["present", "subscription.note"]]
    reported = importlib.import_module("retention.rules").Reported({"note": planted.fact}, ((planted.fact, 1),))
    at = make_endpoint(catalog(rule(MESSAGE, asked)), customer={"note": planted.fact}, subscription=reported)
    with pytest.MonkeyPatch.context() as patch:
        for name in ("decide", "compose", "admit"):
            original = getattr(app, name)

            def noting(*given: object, original: Callable[..., Any] = original, **named: object) -> Any:
                seen.extend([*given, *named.values()])
                seen.append(original(*given, **named))
                return seen[-1]

            patch.setattr(app, name, noting)
        at.post(token)
    authenticated = at.endpoint.verifier.authenticate(token, NOW)
    parsed = importlib.import_module("retention.jws")._read_token(token, {}, len(token))
    facts = importlib.import_module("retention.rules").Facts.of("a", "en-US", {"note": planted.fact}, reported)
    shown = [*seen, authenticated, parsed, facts, reported, at.endpoint, at.lines.records]
    texts = [repr(each) for each in shown if dataclasses.is_dataclass(each) or isinstance(each, list)]
    assert len(texts) > 8
    planted.search("exceptions in every stage", texts, [token])


# API Gateway's variables without the path, the route or the query.
LOGGED = {
    *("requestId", "requestTimeEpoch", "identity.sourceIp", "identity.userAgent", "httpMethod", "status"),
    *("integrationStatus", "integrationErrorMessage", "error.message", "responseLength", "responseLatency"),
    *("integrationLatency",),
}


def test_the_access_log_has_no_variable_with_the_secret() -> None:
    """The access log uses only variables of the allow-list, none with the path or route, which contain PathSecret."""
    (stage,) = resources("AWS::ApiGatewayV2::Stage").values()
    used = re.findall(r"\$context\.([A-Za-z.]+)", stage["Properties"]["AccessLogSettings"]["Format"])
    assert len(used) > 5
    assert set(used) <= LOGGED
    assert stage["Properties"]["DefaultRouteSettings"].get("DetailedMetricsEnabled") is None  # they are by route


def test_the_allow_list_has_no_field_for_a_secret() -> None:
    """The only fields of `Record` with names like a secret's are the customer's HMAC and a digest of its key."""
    named = {name.name for name in dataclasses.fields(Record) if SECRET.search(name.name)}
    assert named == {"customer_hash", "key_id"}
