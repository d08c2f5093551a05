"""The answers that a rehearsal will get, in every locale of the file: a test that must fail need not be run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from retention.decision import Decision, Outcome

from console.decisions.file_locales import served_locales
from console.decisions.made_request import made_request
from console.decisions.reasons import AskedRequest, Basis, Explanation, by_text, explain
from console.file.entries import Document
from console.file.mistakes import suggestion
from console.terminal.failure import Failure

_ANSWERED = 200
_BY_HASH = frozenset({"outside_layer", "outside_traffic"})


@dataclass(frozen=True, slots=True)
class Expected:
    """The answer in one locale: its status, what decides it (`says`), and its message's id where that is sure."""

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
        """The locales in which Apple would get another status than 200."""
        return tuple(expected for expected in self.locales if expected.status != _ANSWERED)

    def check(self) -> None:
        """Raise Failure where a test of Apple's would get another status than 200, with the locales and the reason."""
        if self.unanswered:
            first = self.unanswered[0]
            if first.says == Outcome.PAUSED.value:
                raise Failure("Answers are paused, so that Apple would get no 200: run `retention resume` first.")
            raise Failure(
                f"Apple would get no 200 for {self.product} in {len(self.unanswered)} of {len(self.locales)} locales"
                f" ({', '.join(expected.locale for expected in self.unanswered)}), and counts the rest as failed. In"
                f" {first.locale}: {first.says}. Write a rule that answers there, or add --anyway."
            )

    def message_in(self, locale: str) -> str | None:
        return next((expected.message for expected in self.locales if expected.locale == locale), None)


def forecast(basis: Basis, product: str, transaction: str, app_apple_id: int, at: datetime) -> Forecast:
    """Explain a customer's requests in every locale of the basis's file, as of `at`."""
    expected = []
    for locale in served_locales(basis.document):
        request = made_request(product, locale, transaction=transaction, app_apple_id=app_apple_id, at=at)
        expected.append(_expected(explain(basis, AskedRequest(request), at), sure=basis.assigns))
    return Forecast(app_apple_id, product, basis.source, tuple(expected))


def product_of(document: Document, named: str | None) -> str:
    """Return the product that a test is about: the one named, or the file's only one. Raises Failure."""
    if named is not None:
        if named not in document.products:
            raise Failure(f"{document.file} has no product `{named}`. {suggestion(named, document.products)}")
        return named
    if len(document.products) != 1:
        raise Failure(
            "Name the product of the test's transaction with --product: " + ", ".join(document.products) + "."
        )
    return next(iter(document.products))


def _expected(explained: Explanation, *, sure: bool) -> Expected:
    sure = sure or not _depends_on_the_key(explained.decision)
    message = _message(explained.body) if sure else None
    return Expected(explained.request.user_locale, explained.status, _deciding_text(explained), message)


def _depends_on_the_key(decision: Decision) -> bool:
    """Return whether a customer's hash has a part in the decision, which needs the key of the table."""
    outside = any(passed.reason in _BY_HASH for passed in decision.passed)
    return bool(decision.assignments) or decision.holdout is not None or outside


def _deciding_text(explained: Explanation) -> str:
    decision = explained.decision
    if decision.delivery is not None:
        return f"{decision.delivery.answer.kind} by {by_text(decision)}, in {decision.delivery.locale}"
    if decision.rule is not None or (decision.holdout is not None and decision.holdout.held):
        return f"{decision.outcome.value} by {by_text(decision)}"
    passed = "; ".join(f"{passed.rule}: {passed.detail or passed.reason}" for passed in decision.passed)
    return f"{decision.outcome.value} ({passed})" if passed else decision.outcome.value


def _message(body: Mapping[str, Any] | None) -> str | None:
    return None if body is None else str(next(iter(body.values()))["messageIdentifier"])
