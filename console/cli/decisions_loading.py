"""What the functions of `decisions` are handed: the request, and the file or the live release that judges it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from retention.catalog import Catalog
from retention.request import SANDBOX
from retention.rules import CUSTOMER_PREFIX, NO_FACTS, SUBSCRIPTION_PREFIX, Customer, Reported, Subscription

from console.decisions.asked_facts import OF_ROWS, Origin, Origins
from console.decisions.forecast import Forecast, forecast, product_of
from console.decisions.made_request import made_request, unknown_redemptions
from console.decisions.reasons import AskedRequest, Basis, Explanation, explain
from console.decisions.received import received_request
from console.deployment.target import Target, find_target
from console.deployment.where import Where
from console.file.compile import compile_release
from console.file.document import read_document, read_named
from console.file.edition import edition_of
from console.file.entries import Document
from console.file.experiment_checks import RunningExperiments
from console.releases.facts import read_facts
from console.releases.live import load_live, read_customer, require_live
from console.releases.overview import look_at_table
from console.rollout.unlearned_facts import unlearned_facts
from console.simulator.authority import Authority
from console.terminal.ordinary_file import read_ordinary

# A request has some ten KiB; an event of API Gateway, a few more.
_MAX_EVENT = 2**20

_NOTHING_GIVEN: Final[Origins] = dict.fromkeys((CUSTOMER_PREFIX, SUBSCRIPTION_PREFIX), Origin("no table was named"))


@dataclass(frozen=True, slots=True)
class Question:
    """One request: by its fields, or saved in `event`.

    `customer` None: the facts of the table, or none; `subscription` likewise.
    """

    product: str | None
    locale: str
    transaction: str = field(repr=False)
    customer: Customer | None = field(repr=False)
    event: Path | None
    at: datetime
    test_ca: Path
    subscription: Subscription | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom Apple's test is about: the customer's transaction, and the product held. None: the file has only one."""

    transaction: str = field(repr=False)
    product: str | None = None


def explain_draft(file: Path, question: Question, where: Where) -> Explanation:
    """Explain by a file. With an environment or a table, its review states and its customers are used."""
    document = read_document(file)
    if where.env is None and where.table is None:
        asked = _ask(question, document.app.app_apple_id if document.app else 0)
        release = compile_release(document, now=question.at)
        catalog = edition_of(document, release).catalog(asked.request.product_id)
        note = "Every text is taken as approved, and arms are assigned with a made-up key: no table was named."
        basis = Basis(document, lambda _: catalog, NO_FACTS, document.file, notes=(note,), origins=_NOTHING_GIVEN)
        return explain(_as_given(basis, question), asked, question.at)
    target = find_target(where, document)
    asked = _ask(question, target.app_apple_id, target)
    return explain(_by_file_and_table(document, asked, question, target), asked, question.at)


def _by_file_and_table(document: Document, asked: AskedRequest, question: Question, target: Target) -> Basis:
    request = asked.request
    current = look_at_table(target.app_table).standing
    # Which arms other customers change is not asked here.
    previous = replace(current.previous, running=RunningExperiments())
    release = compile_release(document, previous=previous, now=question.at)
    catalog = edition_of(document, release).catalog(request.product_id, current.states)
    if current.release is None:
        note = "Nothing is live here: no state of any text is known, and arms are assigned with a made-up key."
    else:
        live = load_live(target.app_table, request.product_id, request.user_locale).catalog
        catalog = replace(catalog, customer_key=live.customer_key)
        note = "Texts are judged by the states of the live release; the states of new texts are not known."
    basis = Basis(document, lambda _: catalog, NO_FACTS, document.file, notes=(note,))
    return _with_customer(basis, asked, question, target)


def explain_live(question: Question, where: Where) -> Explanation:
    """Explain by the live release of a table."""
    target = find_target(where)
    asked = _ask(question, target.app_apple_id, target)
    document, source = _live_document(target)
    basis = Basis(document, lambda locale: _live_catalog(target, asked.request.product_id, locale), NO_FACTS, source)
    return explain(_with_customer(basis, asked, question, target), asked, question.at)


def _live_document(target: Target) -> tuple[Document, str]:
    """Return the file that the live release was published from, and the release's name."""
    release = require_live(target.app_table)
    return release.file(), release.name


def _live_catalog(target: Target, product: str, locale: str) -> Catalog:
    return load_live(target.app_table, product, locale).catalog


def _ask(question: Question, app_apple_id: int, target: Target | None = None) -> AskedRequest:
    """Return the request: the saved one with what its signature is worth at `target`, or one of the fields given."""
    environment = target.environment if target is not None else ""
    if question.event is not None:
        # A stack that is deployed trusts the test CA in no environment.
        test_root = None if target is not None and target.stack.name else _test_root(question.test_ca)
        content = read_ordinary(question.event, _MAX_EVENT, pipes=True)
        return received_request(content, question.at, test_root, environment)
    request = made_request(
        question.product or "",
        question.locale,
        transaction=question.transaction,
        app_apple_id=app_apple_id,
        at=question.at,
        environment=environment or SANDBOX,
    )
    return AskedRequest(request, environment)


def _test_root(directory: Path) -> bytes | None:
    try:
        return Authority.load(directory).root_der
    except (OSError, ValueError):
        return None


def _with_customer(basis: Basis, asked: AskedRequest, question: Question, target: Target) -> Basis:
    """Return the basis with what the table has of the customer, or with what is given instead."""
    if question.customer is not None and question.subscription is not None:
        return _as_given(basis, question)
    transaction, at = asked.request.original_transaction_id, question.at
    known = read_customer(target.app_table, transaction, at)
    notes = basis.notes
    if target.stack.learns is False and question.subscription is None:
        unlearned = unlearned_facts(basis.document)
        notes += () if unlearned is None else (unlearned,)
    basis = replace(basis, customer=known.profile, subscription=known.subscription, notes=notes)
    if isinstance(known.subscription, Reported):
        basis = replace(basis, origins={**OF_ROWS, **_reported_origins(target, transaction, at)})
    return _as_given(basis, question)


def _as_given(basis: Basis, question: Question) -> Basis:
    """Return the basis with the facts that the question gives."""
    if question.customer is not None:
        origins = {**basis.origins, CUSTOMER_PREFIX: Origin("the command line")}
        basis = replace(basis, customer=question.customer, origins=origins)
    if question.subscription is not None:
        others = {name: origin for name, origin in basis.origins.items() if not name.startswith(SUBSCRIPTION_PREFIX)}
        origins = {**others, SUBSCRIPTION_PREFIX: Origin("the command line")}
        basis = replace(basis, subscription=question.subscription, origins=origins)
        if isinstance(question.subscription, Reported):
            notes = unknown_redemptions(question.subscription, basis.document)
            basis = replace(basis, notes=(*basis.notes, *notes))
    return basis


def _reported_origins(target: Target, transaction: str, at: datetime) -> Origins:
    found = read_facts(target.app_table, transaction, at)
    if found is None:
        return {SUBSCRIPTION_PREFIX: Origin("Apple has reported nothing")}
    named = {f"{SUBSCRIPTION_PREFIX}{name}": known for name, known in found.facts.items()}
    origins = {name: Origin(f"Apple, {known.source}", known.signed_at) for name, known in named.items()}
    return {SUBSCRIPTION_PREFIX: Origin("Apple", found.signed_at), **origins}


def make_forecast(subject: Subject, where: Where, now: datetime) -> Forecast:
    """Forecast by the live release where an environment or a table is named, else by the file.

    Raises Failure, Mistakes, or what reading a table raises.
    """
    if where.env is not None or where.table is not None:
        target = find_target(where)
        document, source = _live_document(target)
        product, app_apple_id = product_of(document, subject.product), target.app_apple_id
        known = read_customer(target.app_table, subject.transaction, now)
        basis = Basis(document, lambda locale: _live_catalog(target, product, locale), known.profile, source)
        basis = replace(basis, subscription=known.subscription)
    else:
        document = read_named(where.file, ", or the deployment with --env or --table")
        product = product_of(document, subject.product)
        release = compile_release(document, now=now)
        catalog, app_apple_id = edition_of(document, release).catalog(product), where.app or release.app_apple_id
        basis = Basis(document, lambda _: catalog, NO_FACTS, document.file, assigns=False)
    return forecast(basis, product, subject.transaction, app_apple_id, now)
