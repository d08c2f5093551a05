"""What a rehearsal will be answered, in every locale of the file: a test that must fail need not be run."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from retention.catalog import Catalog
from retention.decision import Outcome
from retention.locales import APPLE_LOCALES
from retention.request import SANDBOX, RetentionRequest
from retention.rules import NO_FACTS, Customer

from console.decisions.reasons import Explanation, explain
from console.deployment.target import find
from console.deployment.where import Where
from console.file.compile import compile_release
from console.file.document import read
from console.file.edition import edition_of
from console.file.entries import Document
from console.file.mistakes import suggestion
from console.releases.profile import read_profile
from console.terminal.failure import Failure

_ANSWERED = 200


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom Apple's test is about: the customer's transaction, the product held. None: the file has only one."""

    transaction: str = field(repr=False)
    product: str | None = None


@dataclass(frozen=True, slots=True)
class Expected:
    """The answer in one locale: its status, what decides it, and its message's id where that is sure."""

    locale: str
    status: int
    says: str
    message: str | None


@dataclass(frozen=True, slots=True)
class Forecast:
    """`source` is what it is made from: the file, or the live release. `locales` has the file's default first."""

    app_apple_id: int
    product: str
    source: str
    locales: tuple[Expected, ...]

    @property
    def unanswered(self) -> tuple[Expected, ...]:
        """Where Apple would get something else than 200."""
        return tuple(expected for expected in self.locales if expected.status != _ANSWERED)

    def check(self) -> None:
        """Raise Failure where a test of Apple's would get something else than 200, saying where and why."""
        if self.unanswered:
            first = self.unanswered[0]
            if first.says == Outcome.PAUSED.value:
                raise Failure("Answering is paused, so that Apple would get no 200: `retention resume` ends it first.")
            raise Failure(
                f"Apple would get no 200 for {self.product} in {len(self.unanswered)} of {len(self.locales)} locales"
                f" ({', '.join(expected.locale for expected in self.unanswered)}), and counts all else as failed. In"
                f" {first.locale}: {first.says}. Write a rule that answers there, or add --anyway."
            )

    def message_in(self, locale: str) -> str | None:
        return next((expected.message for expected in self.locales if expected.locale == locale), None)


@dataclass(frozen=True, slots=True)
class _Judged:
    """What requests are judged by: the catalog may differ by locale, since only the states needed are read."""

    document: Document
    catalog: Callable[[str], Catalog]
    customer: Customer = field(repr=False)
    app_apple_id: int
    source: str
    assigns: bool  # whether customers get the arms that they get there: a file alone has no key to assign by


def forecast(subject: Subject, where: Where, now: datetime) -> Forecast:
    """Explain the subject in every locale of the file; by the live release where an environment or a table is named.

    Raises Failure, Mistakes, or what reading a table raises.
    """
    if where.env is None and where.table is None:
        document = _read(where)
        product = _product(document, subject)
        judged = _by_file(document, product, where, now)
    else:
        judged, product = _by_table(subject, where)
    requests = ((locale, _request(judged, subject, product, locale, now)) for locale in _locales(judged.document))
    expected = tuple(_expected(judged, locale, request, now) for locale, request in requests)
    return Forecast(judged.app_apple_id, product, judged.source, expected)


def _read(where: Where) -> Document:
    try:
        return read(where.file)
    except FileNotFoundError:
        raise Failure(
            f"There is no {where.file}: name the file with --file, or the deployment with --env or --table."
        ) from None


def _by_file(document: Document, product: str, where: Where, now: datetime) -> _Judged:
    release = compile_release(document, now=now)
    catalog = edition_of(document, release).catalog(product)
    app_apple_id = where.app or release.app_apple_id
    return _Judged(document, lambda _: catalog, NO_FACTS, app_apple_id, document.file, assigns=False)


def _by_table(subject: Subject, where: Where) -> tuple[_Judged, str]:
    from console.releases import current_texts, load_live, read_source  # noqa: PLC0415  # a file alone needs no AWS

    target = find(where)
    app = target.app_apple_id
    release = current_texts(target.app_table).release
    if release is None:
        raise Failure("Nothing has been published for this app.")
    source = f"release {release}"
    document = read(read_source(target.app_table, release), file=source)
    product = _product(document, subject)

    def catalog(locale: str) -> Catalog:
        return load_live(target.app_table, product, locale).catalog

    return _Judged(
        document, catalog, read_profile(target.app_table, subject.transaction), app, source, assigns=True
    ), product


def _product(document: Document, subject: Subject) -> str:
    if subject.product is not None:
        if subject.product not in document.products:
            hint = suggestion(subject.product, document.products)
            raise Failure(f"{document.file} has no product `{subject.product}`. {hint}")
        return subject.product
    if len(document.products) != 1:
        raise Failure(
            "Say with --product which product the test's transaction is of: " + ", ".join(document.products) + "."
        )
    return next(iter(document.products))


def _locales(document: Document) -> Iterator[str]:
    """Every locale that the file mentions, its default first."""
    default = document.locales.default if document.locales else None
    mentioned = {locale for texts in document.messages.values() for locale in texts}
    if document.locales is not None:
        mentioned |= {locale for locale in document.locales.fallbacks if locale in APPLE_LOCALES}
    if default is not None:
        yield default
    yield from sorted(mentioned - {default})


def _request(judged: _Judged, subject: Subject, product: str, locale: str, now: datetime) -> RetentionRequest:
    return RetentionRequest(
        original_transaction_id=subject.transaction,
        app_apple_id=judged.app_apple_id,
        product_id=product,
        user_locale=locale,
        request_identifier=str(uuid.UUID(int=0)),
        environment=SANDBOX,
        signed_date=int(now.timestamp() * 1000),
    )


def _expected(judged: _Judged, locale: str, request: RetentionRequest, now: datetime) -> Expected:
    explained = explain(judged.document, judged.catalog(locale), request, now, judged.customer)
    sure = judged.assigns or not explained.decision.assignments
    return Expected(locale, explained.status, _says(explained), _message(explained.body) if sure else None)


def _says(explained: Explanation) -> str:
    decision = explained.decision
    if decision.delivery is not None:
        return f"{decision.delivery.answer.kind} by the rule {decision.rule}, in {decision.delivery.locale}"
    if decision.rule is not None:
        return f"{decision.outcome.value} by the rule {decision.rule}"
    passed = "; ".join(f"{passed.rule}: {passed.detail or passed.reason}" for passed in decision.passed)
    return f"{decision.outcome.value} ({passed})" if passed else decision.outcome.value


def _message(body: Mapping[str, Any] | None) -> str | None:
    return None if body is None else str(next(iter(body.values()))["messageIdentifier"])
