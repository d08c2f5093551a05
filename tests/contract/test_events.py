"""The sample events: each has the answer that its name states, at any time."""

from __future__ import annotations

import importlib
import io
import json
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from appstoreserverlibrary.models.LibraryUtility import _get_cattrs_converter
from appstoreserverlibrary.models.RealtimeResponseBody import RealtimeResponseBody

from console.local.demo import SampleAnswer, answer_all
from console.local.embedded_stack import LocalTable, embedded_dynamodb, function_environment
from console.local.sample_events import SAMPLES, Sample, write_sample_events
from console.local.samples import EVENTS, SAMPLE_CLOCK, write_sample_states
from tests.support import sam_template


@pytest.fixture(scope="module")
def answers() -> Iterator[dict[str, SampleAnswer]]:
    """Every sample event, through `app`, over the sample's table."""
    with pytest.MonkeyPatch.context() as patch, embedded_dynamodb() as endpoint_url:
        table = LocalTable(endpoint_url)
        compiled, _ = table.publish(SAMPLE_CLOCK)
        table.import_states(compiled)
        table.write_customers(compiled.release.app_apple_id)
        variables = function_environment(endpoint_url, compiled.release.app_apple_id, SAMPLE_CLOCK.isoformat())
        # Powertools keeps one logger for each service, with the stream that it had at first.
        for name, value in {**variables, "POWERTOOLS_SERVICE_NAME": f"retention-{uuid4()}"}.items():
            patch.setenv(name, value)
        printed = io.StringIO()
        with redirect_stdout(printed):
            started = importlib.import_module("app").start()
        yield {answer.name: answer for answer in answer_all(started.respond, printed)}


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_an_event_has_the_status_in_its_name(answers: dict[str, SampleAnswer], sample: Sample) -> None:
    """The status is the one in the file's name, and a body comes with 200 alone."""
    answer = answers[sample.name]
    assert answer.status == int(sample.file_name.removesuffix(".json").rpartition("-")[2])
    assert ("body" in answer.response) == (answer.status == 200)


@pytest.mark.parametrize("name", [sample.name for sample in SAMPLES if sample.status == 200])
def test_every_answer_parses_into_apples_model(answers: dict[str, SampleAnswer], name: str) -> None:
    """Every answer parses into Apple's own RealtimeResponseBody, and comes out of it unchanged."""
    body = json.loads(answers[name].response["body"])
    converter = _get_cattrs_converter(RealtimeResponseBody)
    model = converter.structure(body, RealtimeResponseBody)
    assert [field for field in vars_of(model) if field] == [next(field for field in vars_of(model) if field)]
    assert without_nulls(converter.unstructure(model)) == body


def vars_of(model: RealtimeResponseBody) -> list[object]:
    return [model.message, model.alternateProduct, model.promotionalOffer, model.advancedCommerceInfo]


def without_nulls(document: Any) -> Any:
    if isinstance(document, dict):
        return {key: without_nulls(value) for key, value in document.items() if value is not None}
    return document


def test_the_samples_show_every_kind_of_answer(answers: dict[str, SampleAnswer]) -> None:
    """The samples have all four keys of a RealtimeResponseBody, both offer signatures, and both kinds of no answer."""
    bodies = [json.loads(answer.response["body"]) for answer in answers.values() if answer.status == 200]
    assert {key for body in bodies for key in body} == {
        "message",
        "alternateProduct",
        "promotionalOffer",
        "advancedCommerceInfo",
    }
    assert {key for body in bodies for key in body.get("promotionalOffer", {})} == {
        "messageIdentifier",
        "promotionalOfferSignatureV1",
        "promotionalOfferSignatureV2",
    }
    assert {answer.line["message"] for answer in answers.values() if answer.status == 204} == {"fallback", "no_rule"}


def test_every_refusal_has_its_reason(answers: dict[str, SampleAnswer]) -> None:
    """Each refusal has its own reason."""
    assert {name: answer.line["reason"] for name, answer in answers.items() if answer.status >= 400} == {
        "not-json": "body_not_json",
        "tampered": "signature_invalid",
        "wrong-app": "wrong_app",
        "wrong-environment": "wrong_environment",
        "too-old": "too_old",
        "not-a-post": "method_not_allowed",
        "oversize": "body_too_large",
    }


def test_log_lines_have_no_transaction_id(answers: dict[str, SampleAnswer]) -> None:
    """No log line of any sample has a transaction id or a part of a token."""
    lines = json.dumps([answer.line for answer in answers.values()])
    for sample in SAMPLES:
        assert sample.customer not in lines
    assert "eyJ" not in lines


def test_make_events_makes_the_committed_files(tmp_path: Path) -> None:
    """`make events` writes what is committed, byte for byte, on any machine."""
    write_sample_events(tmp_path)
    write_sample_states(tmp_path / "states")
    made = {path.relative_to(tmp_path): path.read_bytes() for path in tmp_path.rglob("*.json")}
    assert made == {path.relative_to(EVENTS): path.read_bytes() for path in EVENTS.rglob("*.json")}


def test_the_environment_file_names_what_the_template_declares() -> None:
    """`sam local invoke` passes on only variables the template has, to a function of that logical id."""
    variables = json.loads((EVENTS / "environment.json").read_text(encoding="utf-8"))
    functions = sam_template.resources("AWS::Serverless::Function")
    for function, given in variables.items():
        declared = functions[function]["Properties"]["Environment"]["Variables"]
        assert set(given) <= set(declared)
