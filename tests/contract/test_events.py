"""The sample events: each has the answer that its name states, at any time."""

from __future__ import annotations

import importlib
import io
import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from appstoreserverlibrary.models.Environment import Environment
from appstoreserverlibrary.models.LibraryUtility import _get_cattrs_converter
from appstoreserverlibrary.models.RealtimeResponseBody import RealtimeResponseBody
from appstoreserverlibrary.signed_data_verifier import SignedDataVerifier, VerificationException

from console.local.demo import SampleAnswer, answer_all
from console.local.embedded_stack import LocalTable, embedded_dynamodb, function_environment
from console.local.learned_samples import TakenIn, load_take_in, take_in_samples
from console.local.make_samples import write_samples
from console.local.sample_events import SAMPLES, Sample
from console.local.sample_notifications import NotificationSample, notification_samples
from console.local.samples import EVENTS, SAMPLE_CLOCK
from console.simulator.authority import Authority
from tests.support import sam_template
from tests.support.waiting import PATIENCE


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
    write_samples(tmp_path)
    made = {path.relative_to(tmp_path): path.read_bytes() for path in tmp_path.rglob("*.json")}
    assert made == {path.relative_to(EVENTS): path.read_bytes() for path in EVENTS.rglob("*.json")}


def test_the_environment_file_names_what_the_template_declares() -> None:
    """`sam local invoke` passes on only variables the template has, to a function of that logical id."""
    variables = json.loads((EVENTS / "environment.json").read_text(encoding="utf-8"))
    functions = sam_template.resources("AWS::Serverless::Function")
    for function, given in variables.items():
        declared = functions[function]["Properties"]["Environment"]["Variables"]
        assert set(given) <= set(declared)


# Notifications


@dataclass(frozen=True)
class Learned:
    """What became of each notification, and the rule of each request before and after."""

    taken: dict[str, TakenIn]
    before: dict[str, str]
    after: dict[str, str]


@pytest.fixture(scope="module")
def learned() -> Iterator[Learned]:
    """Every sample notification through `notifications`, and every sample request before and after."""
    with pytest.MonkeyPatch.context() as patch, embedded_dynamodb() as endpoint_url:
        for name in ("CUSTOMER_SECONDS", "CACHED_SECONDS", "COLD_SECONDS"):
            patch.setattr(f"retention.lookup.store.{name}", PATIENCE)  # a busy machine must not decide a rule
        table = LocalTable(endpoint_url)
        compiled, _ = table.publish(SAMPLE_CLOCK)
        table.import_states(compiled)
        table.write_customers(compiled.release.app_apple_id)
        variables = function_environment(endpoint_url, compiled.release.app_apple_id, SAMPLE_CLOCK.isoformat())
        for name, value in {**variables, "POWERTOOLS_SERVICE_NAME": f"retention-{uuid4()}"}.items():
            patch.setenv(name, value)
        for name in QUEUE_VARIABLES:
            patch.setenv(name, "")  # the end of the test takes back what is set in the meantime
        printed = io.StringIO()
        with redirect_stdout(printed):
            started = importlib.import_module("app").start()
        before = rules_of(answer_all(started.respond, printed))
        patch.delitem(sys.modules, "notifications", raising=False)
        taken = {one.sample.name: one for one in take_in_samples(load_take_in(endpoint_url, printed), printed)}
        patch.delitem(sys.modules, "notifications")
        yield Learned(taken, before, rules_of(answer_all(started.respond, printed)))


def rules_of(answers: Iterable[SampleAnswer]) -> dict[str, str]:
    return {answer.name: answer.line.get("rule", "") for answer in answers}


QUEUE_VARIABLES = (
    *("AWS_ENDPOINT_URL_SQS", "AWS_ENDPOINT_URL_SSM"),
    *("RETENTION_NOTIFICATIONS", "RETENTION_QUEUE_URL", "RETENTION_PARKING_QUEUE_URL"),
)
NOTIFICATIONS = notification_samples(Authority.load(EVENTS / "ca"))


@pytest.mark.parametrize("sample", NOTIFICATIONS, ids=lambda sample: sample.name)
def test_a_notification_has_the_fate_in_its_name(learned: Learned, sample: NotificationSample) -> None:
    """`take_in` counts the fate that the file's name ends with."""
    assert learned.taken[sample.name].fate == sample.fate
    assert sample.file_name == f"{sample.name}-{sample.fate.replace(' ', '-')}.json"


def test_facts_of_the_notifications_decide_an_answer(learned: Learned) -> None:
    """The customer of `renewed` is asked to commit to a year; no other sample's answer changes."""
    rules = [found["tenure-from-apple"] for found in (learned.before, learned.after)]
    assert rules == ["keep-basic", "basic-commits-to-a-year"]
    changed = {name for name in learned.after if learned.before[name] != learned.after[name]}
    assert changed == {"tenure-from-apple"}


def test_a_line_of_a_notification_has_no_id_and_no_token(learned: Learned) -> None:
    """No log line of any notification has an original transaction id or a part of a token."""
    lines = json.dumps([one.line for one in learned.taken.values()])
    assert "20000009" not in lines
    assert "eyJ" not in lines


@pytest.mark.parametrize("sample", NOTIFICATIONS, ids=lambda sample: sample.name)
def test_apples_library_judges_a_notification_alike(sample: NotificationSample) -> None:
    """Apple's verifier accepts what is taken in for the sample's app, and refuses what is forged or another's."""
    [record] = json.loads((EVENTS / "notifications" / sample.file_name).read_text(encoding="utf-8"))["Records"]
    signed = json.loads(record["body"])["signedPayload"]
    root = Authority.load(EVENTS / "ca").root_der
    verifier = SignedDataVerifier([root], False, Environment.SANDBOX, "com.example.trailhead")  # noqa: FBT003  # Apple's
    if sample.fate in {"forged", "other app"}:
        with pytest.raises(VerificationException):
            verifier.verify_and_decode_notification(signed)
    else:
        decoded = verifier.verify_and_decode_notification(signed)
        assert decoded.rawNotificationType == sample.claims["notificationType"]
