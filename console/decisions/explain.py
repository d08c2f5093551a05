"""`retention explain`: the request it is asked about, the catalog it is judged by, and how the answer reads."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path
from typing import Any

from retention.catalog import Catalog
from retention.request import SANDBOX, RetentionRequest
from retention.rules import NO_FACTS, UNREADABLE, Customer, Fact

from console.decisions.reasons import Explanation, Refused, Verdict, explain
from console.decisions.received import Received, read_event
from console.deployment.target import Target, find
from console.deployment.where import Where
from console.file.compile import PreviousTexts, compile_release
from console.file.document import Document, read
from console.file.edition import edition_of
from console.releases.profile import read_profile
from console.simulator.authority import Authority
from console.terminal.failure import Failure
from console.terminal.json_form import form_of
from console.terminal.ordinary_file import read_ordinary
from console.terminal.output import Output

# A request has some ten KiB; an event of API Gateway, a few more.
_MAX_EVENT = 2**20
_MARKS = {"answers": "→", "falls_back": "→", "passed_over": "-", "not_reached": " "}


@dataclass(frozen=True, slots=True)
class Question:
    """One request: by its fields, or saved in `event`. `customer` None: whatever the table knows, or nothing."""

    product: str | None
    locale: str
    transaction: str = field(repr=False)
    customer: Customer | None = field(repr=False)
    event: Path | None
    at: datetime
    test_ca: Path


@dataclass(frozen=True, slots=True)
class Explained:
    """An explanation with the request it is of and everything that was assumed."""

    request: RetentionRequest
    explanation: Explanation
    source: str
    notes: tuple[str, ...]


def read_facts(given: Sequence[str], *, unreadable: bool) -> Customer | None:
    """Read KEY=VALUE: JSON numbers, truth values and lists of texts are what they look like, all else is text."""
    if unreadable:
        return UNREADABLE
    facts: dict[str, Fact] = {}
    for item in given:
        key, equals, value = item.partition("=")
        if not key or not equals:
            raise Failure(f"`{item}` is no fact: write KEY=VALUE, such as tenureDays=200.")
        facts[key.removeprefix("customer.")] = _fact(value)
    return facts or None


def _fact(text: str) -> Fact:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    if isinstance(value, list):
        return tuple(map(str, value))
    if isinstance(value, float) and not isfinite(value):  # neither JSON nor a number of DynamoDB's
        return text
    return value if isinstance(value, bool | int | float) else str(value if isinstance(value, str) else text)


def explain_draft(file: Path, question: Question, where: Where) -> Explained:
    """Explain by a file. With an environment or a table, its states and its customers are the ones judged by."""
    document = read(file)
    if where.env is None and where.table is None:
        asked = _ask(question, document.app.app_apple_id if document.app else 0)
        release = compile_release(document, now=question.at)
        catalog = edition_of(document, release).catalog(asked.request.product_id)
        notes = ["Every text is taken as approved, and arms are assigned with a made-up key: no table was named."]
        customer = NO_FACTS if question.customer is None else question.customer
        return _explained(document, catalog, asked, question, customer, str(file), *notes)
    from console.releases import current_texts, load_live  # noqa: PLC0415  # a draft alone needs no AWS

    target = find(where, document)
    asked = _ask(question, target.app_apple_id, target)
    product, locale = asked.request.product_id, asked.request.user_locale
    current = current_texts(target.app_table)
    release = compile_release(document, previous=PreviousTexts(current.texts, current.states), now=question.at)
    catalog = edition_of(document, release).catalog(product, current.states)
    if current.release is None:
        notes = ["Nothing is live here: no state of any text is known, and arms are assigned with a made-up key."]
    else:
        key = load_live(target.app_table, product, locale).catalog.customer_key
        catalog = replace(catalog, customer_key=key)
        notes = ["Texts are judged by the states of the live release; nobody has told us of those that are new."]
    customer = _customer(question, asked.request, target)
    return _explained(document, catalog, asked, question, customer, str(file), *notes)


def explain_live(question: Question, where: Where) -> Explained:
    """Explain by the live release of a table."""
    from console.releases import current_texts, load_live, read_source  # noqa: PLC0415  # a draft alone needs no AWS

    target = find(where)
    asked = _ask(question, target.app_apple_id, target)
    request = asked.request
    current = current_texts(target.app_table)
    if current.release is None:
        raise Failure("Nothing has been published for this app.")
    source = f"release {current.release}"
    document = read(read_source(target.app_table, current.release), file=source)
    loaded = load_live(target.app_table, request.product_id, request.user_locale)
    customer = _customer(question, request, target)
    return _explained(document, loaded.catalog, asked, question, customer, source)


def _explained(
    document: Document,
    catalog: Catalog,
    asked: _Asked,
    question: Question,
    customer: Customer,
    source: str,
    *assumed: str,
) -> Explained:
    explanation = explain(
        document,
        catalog,
        asked.request,
        question.at,
        customer,
        environment=asked.environment,
        refused=asked.refused,
    )
    return Explained(asked.request, explanation, source, (*asked.notes, *assumed, *explanation.notes))


@dataclass(frozen=True, slots=True)
class _Asked:
    """The request of a question, and what is known of it. `environment` is what the endpoint answers, if known."""

    request: RetentionRequest
    environment: str
    refused: Refused | None = None
    notes: tuple[str, ...] = ()


def _ask(question: Question, app_apple_id: int, target: Target | None = None) -> _Asked:
    """Return the request: the saved one with what its signature is worth at `target`, or one of the fields given."""
    environment = target.environment if target is not None else ""
    if question.event is not None:
        # A stack that is deployed trusts the test CA in no environment.
        test_root = None if target is not None and target.stack else _test_root(question.test_ca)
        received = read_event(read_ordinary(question.event, _MAX_EVENT, pipes=True), question.at, test_root)
        notes = _said_of(received, environment, question.at)
        return _Asked(received.request, environment, received.refused, tuple(notes))
    request = RetentionRequest(
        original_transaction_id=question.transaction,
        app_apple_id=app_apple_id,
        product_id=question.product or "",
        user_locale=question.locale,
        request_identifier=str(uuid.UUID(int=0)),
        environment=environment or SANDBOX,
        signed_date=int(question.at.timestamp() * 1000),
    )
    return _Asked(request, environment)


def _said_of(received: Received, environment: str, at: datetime) -> Iterator[str]:
    if received.note:
        yield received.note
    signed, asked = _instant(received.request.signed_date), f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    yield f"It was signed at {signed} and is judged as of {asked}; --at names another moment."
    if not environment:
        yield f"It is of {received.request.environment}; no environment was named that could be another."


def _instant(milliseconds: int) -> str:
    try:
        return f"{datetime.fromtimestamp(milliseconds / 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"
    except (ValueError, OverflowError, OSError):
        return f"{milliseconds} ms"


def _test_root(directory: Path) -> bytes | None:
    try:
        return Authority.load(directory).root_der
    except (OSError, ValueError):
        return None


def _customer(question: Question, request: RetentionRequest, target: Target) -> Customer:
    if question.customer is not None:
        return question.customer
    return read_profile(target.app_table, request.original_transaction_id)


def show(explained: Explained, out: Output) -> None:
    """Print an explanation, as text or as one JSON document."""
    request, explanation = explained.request, explained.explanation
    out.say(f"{request.product_id} in {request.user_locale}, by {explained.source}")
    for verdict in explanation.verdicts:
        _show_verdict(verdict, out)
    out.say("")
    refused = explanation.refused
    if refused is not None:
        says = refused.says.rstrip(".")
        out.say(f"{refused.status}, no body ({refused.code}: {says}): the App Store falls back.", "bold")
    _show_decided(explanation, "" if refused is None else "Otherwise it would be ", out)
    for note in explained.notes:
        out.say(f"Note: {note}")
    out.document(_as_document(explained))


def _show_decided(explanation: Explanation, before: str, out: Output) -> None:
    status, decision = explanation.decided_status, explanation.decision
    if explanation.decided is None:
        out.say(f"{before}{status}, no body ({decision.outcome.value}): the App Store falls back.", "bold")
    else:
        out.say(f"{before}{status}, by the rule {decision.rule}:", "bold")
        out.say(json.dumps(explanation.decided, ensure_ascii=False, indent=2))


def _show_verdict(verdict: Verdict, out: Output) -> None:
    style = {"answers": "green", "falls_back": "green", "not_reached": "dim"}.get(verdict.verdict)
    why = verdict.detail or ("not reached" if verdict.verdict == "not_reached" else "")
    out.say(f"{_MARKS[verdict.verdict]} {verdict.rule} (line {verdict.line}): {why}", style)
    for test in verdict.tests:
        found = f" (it is {test.found})" if test.found else ""
        out.say(f"    {'  ' * test.depth}{test.holds:8}{test.asks}{found}", "dim")


def _as_document(explained: Explained) -> Mapping[str, Any]:
    """Return what Apple would get, and the decision beside it; for a request that is refused, as if it were not."""
    explanation = explained.explanation
    decision, refused = explanation.decision, explanation.refused
    delivery = decision.delivery
    return {
        "request": {
            "productId": explained.request.product_id,
            "userLocale": explained.request.user_locale,
            "appAppleId": explained.request.app_apple_id,
            "environment": explained.request.environment,
        },
        "source": explained.source,
        "status": explanation.status,
        "refused": refused and form_of(refused),
        "outcome": decision.outcome.value,
        "rule": decision.rule,
        "message": delivery and delivery.message_id,
        "locale": delivery and delivery.locale,
        "assignments": [form_of(assignment) for assignment in decision.assignments],
        "rules": [form_of(verdict) for verdict in explanation.verdicts],
        "body": explanation.body,
        "otherwise": refused and {"status": explanation.decided_status, "body": explanation.decided},
        "notes": list(explained.notes),
    }
