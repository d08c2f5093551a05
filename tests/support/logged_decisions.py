"""Log lines of decisions."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from retention.decision import Decision, decide
from retention.log.record import HELD, SERVED
from retention.request import RetentionRequest
from retention.rules import NO_SUBSCRIPTION, UNREADABLE, Customer, Reported, Subscription

from console.decisions.replay import Replayed
from console.file.edition import Edition
from console.local.samples import SAMPLE_CLOCK
from tests.support.edited_sample import APP

PRO, ANNUAL, BASIC = "trailhead.pro.monthly", "trailhead.pro.annual", "trailhead.basic.monthly"


COURSES = "trailhead.courses"


# Without rules about facts, decisions follow from the log line alone.
NO_FACTS_ASKED = (
    ("when: {customer.inTrial: true}", "when: {productId: trailhead.student.annual}"),
    ("customer.tenureDays: {atLeast: 180}", "not: {userLocale: [en, fr, de, es]}"),
    ("{customer.tenureDays: {above: 30}}", "{userLocale: de-DE}"),
    ("{subscription.tenureDays: {above: 30}}", "{userLocale: de-DE}"),
)


# Apple's facts in the place of the owner's, and a limit on each offer of the app: one of any offer, one of its own.
FACTS_FROM_APPLE = (
    ("{customer.inTrial: true}", "{subscription.inTrial: true}"),
    ("customer.tenureDays: {atLeast: 180}", "subscription.tenureDays: {atLeast: 180}"),
    ("{customer.tenureDays: {above: 30}}", "{subscription.tenureDays: {above: 30}}"),
    ("retention_half_3m\n", "retention_half_3m\n    limit: {times: 1, days: 365, of: any}\n"),
    ("retention_annual_30\n", "retention_annual_30\n    limit: {times: 2, days: 90}\n"),
)
_RECENTLY = int(SAMPLE_CLOCK.timestamp() * 1000) - 30 * 86_400_000
REPORTED: tuple[Subscription, ...] = (
    NO_SUBSCRIPTION,
    UNREADABLE,
    Reported({"inTrial": True, "tenureDays": 5}, ()),
    Reported({"inTrial": False, "tenureDays": 200}, ()),
    Reported({"tenureDays": 200}, (("retention_half_3m", _RECENTLY),)),
    Reported({"tenureDays": 40}, (("retention_annual_30", _RECENTLY), ("retention_annual_30", _RECENTLY))),
    Reported({"inTrial": False, "tenureDays": 10}, ((None, _RECENTLY),)),
)


def request(number: int, product: str, locale: str) -> RetentionRequest:
    return RetentionRequest(str(number), int(APP), product, locale, f"request-{number}", "Sandbox", 0)


def line(asked: RetentionRequest, decision: Decision, at: datetime = SAMPLE_CLOCK, **more: Any) -> dict[str, Any]:
    """Return the log line that `app` writes of a decision."""
    delivery, assigned, place = decision.delivery, decision.assignments[:1], decision.holdout
    found = {
        "level": "INFO",
        "message": decision.outcome.value,
        "timestamp": at.strftime("%Y-%m-%d %H:%M:%S,000%z"),
        "service": "retention",
        "status": 204 if delivery is None else 200,
        "kind": delivery and delivery.answer.kind,
        "rule": decision.rule,
        "experiment": assigned[0].key if assigned else None,
        "arm": assigned[0].arm if assigned else None,
        "delivered": assigned[0].delivered if assigned else None,
        "release": 1,
        "messageIdentifier": delivery and delivery.message_id,
        "localeAsked": asked.user_locale,
        "localeServed": delivery and delivery.locale,
        "productId": asked.product_id,
        "requestIdentifier": asked.request_identifier,
        "customerHash": decision.customer_hash,
        "holdout": place and place.key,
        "holdoutArm": place and (HELD if place.held else SERVED),
        "trustAnchor": "apple",
        **more,
    }
    return {name: value for name, value in found.items() if value is not None}


def lines(
    decided_by: Edition,
    requests: Iterable[tuple[str, str, Customer]],
    at: datetime = SAMPLE_CLOCK,
) -> list[dict[str, Any]]:
    found = []
    for number, (product, locale, customer) in enumerate(requests):
        asked = request(number, product, locale)
        decision = decide(asked, decided_by.catalog(product), at, customer)
        found.append(line(asked, decision, at))
    return found


def rows(found: Replayed) -> dict[tuple[str, str], int]:
    return {
        (f"{row.before}: {row.before_answer}", f"{row.after}: {row.after_answer}"): row.count
        for row in found.changes.values()
    }
