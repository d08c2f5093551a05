"""The artefact of `sam build` under Lambda's own runtime, with DynamoDB Local."""

from __future__ import annotations

import json
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from console.local.embedded_stack import LocalTable, function_environment
from console.local.samples import EVENTS, SAMPLE_CLOCK
from tests.support import real_parts
from tests.support.local_aws import AwsFront
from tests.support.required_parts import real

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from tests.support.real_parts import Artefact, Emulator


# The status is the last part of an event's name.
SAMPLES = sorted(EVENTS.glob("*-[2-5][0-9][0-9].json"))


def read_event(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def event(name: str) -> Any:
    return read_event(EVENTS / f"{name}.json")


def publish_sample(endpoint_url: str) -> Mapping[str, str]:
    """Publish the sample into an empty DynamoDB; returns the function's environment variables."""
    table = LocalTable(endpoint_url)
    compiled, _ = table.publish(SAMPLE_CLOCK)
    table.import_states(compiled)
    table.write_customers(compiled.release.app_apple_id)
    return function_environment(endpoint_url, compiled.release.app_apple_id, SAMPLE_CLOCK.isoformat())


def lines_of(function: Emulator) -> list[dict[str, Any]]:
    """Return the lines that the function itself has written; the runtime's own lines are not JSON."""
    return [json.loads(line) for line in function.log.splitlines() if line.startswith("{")]


@pytest.fixture(scope="module")
def variables() -> Iterator[Mapping[str, str]]:
    # a DynamoDB Local for this file: the sample's table has a fixed name
    with ExitStack() as parts:
        yield publish_sample(real(lambda: parts.enter_context(real_parts.dynamodb_local())))


@pytest.fixture(scope="module")
def function(artefact: Artefact, variables: Mapping[str, str]) -> Iterator[Emulator]:
    with ExitStack() as parts:
        yield real(lambda: parts.enter_context(real_parts.Emulator(artefact, variables)))


def test_there_are_samples_of_every_kind() -> None:
    """events/ has at least one event for each status that a request alone can cause."""
    assert {path.stem[-3:] for path in SAMPLES} >= {"200", "204", "400", "401", "403", "413"}


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_every_sample_is_answered_with_the_status_in_its_name(function: Emulator, path: Path) -> None:
    """The built artefact answers with the status in the event's name, with a body exactly where Apple expects one."""
    answer = function.invoke(read_event(path))
    assert answer["statusCode"] == int(path.stem[-3:])
    if answer["statusCode"] == 200:
        assert answer["headers"]["content-type"] == "application/json; charset=utf-8"
        assert len(json.loads(answer["body"])) == 1
    else:
        assert not answer.get("body")


def test_each_request_logs_one_line_with_its_metrics(function: Emulator) -> None:
    """Each request logs one line, which has its metrics in the dimension of the stack's service."""
    before = len(lines_of(function))
    for path in SAMPLES:
        function.invoke(read_event(path))
    lines = lines_of(function)[before:]
    assert len(lines) == len(SAMPLES)
    for path, line in zip(SAMPLES, lines, strict=True):
        (directive,) = line["_aws"]["CloudWatchMetrics"]
        assert (directive["Namespace"], directive["Dimensions"]) == ("Retention", [["service"]])
        assert line["status"] == int(path.stem[-3:])
        assert line["gatewayRequestId"] == read_event(path)["requestContext"]["requestId"]
        assert line["functionVersion"] == "$LATEST"


def test_init_succeeds_once_and_the_first_request_is_the_cold_one(
    emulator: Callable[[Mapping[str, str]], Emulator], variables: Mapping[str, str]
) -> None:
    """An environment initialises once; only its first line has `coldStart` and the time of the cold wait."""
    function = emulator(variables)
    for _ in range(3):
        function.invoke(event("message-200"))
    logged = lines_of(function)
    assert [line["coldStart"] for line in logged] == [True, False, False]
    assert ["coldWait" in line for line in logged] == [True, False, False]
    assert function.log.count("INIT REPORT") == 1
    assert "INIT RTDONE(status: success)" in function.log


def test_init_reads_ahead_all_that_the_first_request_needs(
    emulator: Callable[[Mapping[str, str]], Emulator], variables: Mapping[str, str]
) -> None:
    """Init reads head, settings, sheets and states ahead; the first request then reads only the customer's facts."""
    made = []
    for _ in range(3):  # init gives up after 150 ms: a busy machine may need more
        with AwsFront(variables["AWS_ENDPOINT_URL_DYNAMODB"], b"") as aws:
            function = emulator({**variables, "AWS_ENDPOINT_URL_DYNAMODB": aws.url, "AWS_ENDPOINT_URL_SSM": aws.url})
            assert function.invoke(event("message-200"))["statusCode"] == 200
            made = [call for call in aws.calls if call not in {"GetParameter", "GetItem profile"}]
        if len(made) == 4:
            break
    assert made == ["GetItem head", *["BatchGetItem"] * 3]
    assert "hasDefault" not in lines_of(function)[-1]


def test_running_writes_no_file_next_to_the_code(function: Emulator, artefact: Artefact) -> None:
    """All bytecode is there before the first start and none is made later: Lambda's file system is read-only."""
    function.invoke(event("promotional-offer-v2-200"))
    for folder in (artefact.function, artefact.layer):
        times = {int(path.stat().st_mtime) for path in folder.rglob("*")}
        assert times == {315_619_200}, f"something in {folder} was written after the build"


def test_a_loaded_catalog_serves_without_dynamodb(emulator: Callable[[Mapping[str, str]], Emulator]) -> None:
    """Once an environment has answered a product, it answers it again although DynamoDB is gone."""
    with ExitStack() as parts:
        endpoint = real(lambda: parts.enter_context(real_parts.dynamodb_local()))
        function = emulator(publish_sample(endpoint))
        before = function.invoke(event("message-200"))
    after = function.invoke(event("message-200"))
    assert (after["statusCode"], after["body"]) == (200, before["body"])


def test_without_any_catalog_apple_gets_503(
    emulator: Callable[[Mapping[str, str]], Emulator], variables: Mapping[str, str]
) -> None:
    """Without DynamoDB an environment starts, answers 503 to a verified request, and 401 to a forged one."""
    nowhere = f"http://127.0.0.1:{real_parts.free_port()}"
    function = emulator({**variables, "AWS_ENDPOINT_URL_DYNAMODB": nowhere})
    assert function.invoke(event("message-200"))["statusCode"] == 503
    assert function.invoke(event("tampered-401"))["statusCode"] == 401


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"AWS_SAM_LOCAL": "", "RETENTION_CLOCK": ""}, "test_authority_deployed"),
        ({"AWS_SAM_LOCAL": "", "RETENTION_TRUST_ANCHOR": ""}, "clock_deployed"),
        ({"RETENTION_ENVIRONMENT": "Production"}, "anchor_in_production"),
        ({"RETENTION_APP_APPLE_IDS": ""}, "variable_invalid"),
    ],
)
def test_a_contradictory_deployment_does_not_start(
    emulator: Callable[[Mapping[str, str]], Emulator],
    variables: Mapping[str, str],
    changed: Mapping[str, str],
    code: str,
) -> None:
    """A deployed function does not start with the test CA, a fixed clock, an anchor in Production or no app id."""
    function = emulator({**variables, **changed})
    with pytest.raises(RuntimeError, match="ConfigurationError"):
        function.invoke(event("message-200"))
    assert f'"reason":"{code}"' in function.log
