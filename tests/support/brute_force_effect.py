"""What an analysis must answer, worked out line by line in plain Python: no SQL, and of `console.effect` only the rows.

Lines are members of the log's lines by name, each with the `day` on which it arrived. It is slow, and meant to be read.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from console.effect.rows import (
    LOCALE,
    PRODUCT,
    AmountRow,
    CohortRow,
    CurveRow,
    DeliveryRow,
    EffectData,
    EffectQuestion,
    InputDigest,
    KeyRow,
    PlannedReading,
    RatioRow,
    SegmentRow,
    TrafficRow,
)

Line = Mapping[str, Any]

_OFFERS: Final = {2, 4, 5}
_DECIDED: Final = {"answered", "fallback", "no_rule", "paused"}
_DAY: Final = timedelta(days=1)


@dataclass
class Person:
    """A customer of the cohort, with every notification until the horizon, in order and each once."""

    seen: datetime
    request: str
    arm: str
    release: int | None
    slots: int | None
    product: str
    locale: str
    crossed: bool
    horizon: timedelta
    reported: list[Line] = field(default_factory=list)

    @property
    def share(self) -> tuple[str, int | None, int | None]:
        return self.arm, self.release, self.slots

    @property
    def day(self) -> str:
        return f"{self.seen:%Y-%m-%d}"

    def is_later(self, line: Line) -> bool:
        return at(line["signedAt"]) > self.seen

    def has_bought(self, line: Line) -> bool:
        """Return whether the transaction that a line carries was bought within the horizon."""
        bought = line.get("purchasedAt")
        return bought is not None and self.seen < at(bought) <= self.seen + self.horizon

    def kept(self, until: datetime) -> bool:
        later = [line for line in self.reported if self.is_later(line) and at(line["signedAt"]) <= until]
        status = [line["status"] for line in later if line.get("status") is not None]
        renews = [line["autoRenew"] for line in later if line.get("autoRenew") is not None]
        return status[-1:] not in (["expired"], ["revoked"]) and renews[-1:] != [0]

    def cancelled(self) -> bool:
        renews = [
            line["autoRenew"] for line in self.reported if self.is_later(line) and line.get("autoRenew") is not None
        ]
        return renews[-1:] == [0]

    def switched(self) -> bool:
        products = [line.get("productId") for line in self.reported if self.is_later(line)]
        return any(product not in {None, self.product} for product in products)

    def transactions(self) -> dict[str, list[Line]]:
        found: dict[str, list[Line]] = defaultdict(list)
        for line in self.reported:
            if line.get("transaction") is not None:
                found[line["transaction"]].append(line)
        return found

    def renewed(self) -> bool:
        last = [lines[-1] for lines in self.transactions().values()]
        return any(
            self.has_bought(line) and line.get("reason") == "RENEWAL" and line.get("amount") != 0 for line in last
        )

    def refunded(self) -> bool:
        for lines in self.transactions().values():
            before = [line for line in lines if not self.is_later(line)]
            if _given_back(lines[-1]) and not (before and _given_back(before[-1])):
                return True
        return False

    def redeemed(self) -> bool:
        earlier, taken, certain = set(), set(), False
        for line in self.reported:
            offer = (line.get("offerType"), line.get("offerIdentifier"))
            if line.get("purchasedAt") is not None and at(line["purchasedAt"]) <= self.seen:
                earlier.add(offer)
            if self.has_bought(line) and offer[0] in _OFFERS:
                taken.add(offer)
                certain |= line.get("reason") == "PURCHASE"
            following = (line.get("nextOfferType"), line.get("nextOffer"))
            if not self.is_later(line):
                earlier.add(following)
            elif following[0] in _OFFERS:
                taken.add(following)
                certain |= line.get("type") == "OFFER_REDEEMED"
        return certain or bool(taken - earlier)

    def paid(self) -> dict[str, int]:
        """Return what was paid by currency, less refunds, in milliunits."""
        parts: Counter[str] = Counter()
        for lines in self.transactions().values():
            line = lines[-1]
            if self.has_bought(line) and line.get("amount") is not None and line.get("currency") is not None:
                parts[line["currency"]] += line["amount"] * (100_000 - _share_given_back(line))
        return {currency: amount // 100_000 for currency, amount in parts.items()}


def _given_back(line: Line) -> bool:
    return line.get("revoked") == 1 and line.get("ownership") in {None, "PURCHASED"}


def _share_given_back(line: Line) -> int:
    if line.get("revoked") != 1:
        return 0
    percentage = line.get("revocationPercentage")
    return percentage if percentage is not None and 0 < percentage < 100_000 else 100_000


def at(text: str) -> datetime:
    return datetime.fromisoformat(text[:23].replace(",", ".")).replace(tzinfo=UTC)


def expected(exposures: Iterable[Line], outcomes: Iterable[Line], question: EffectQuestion) -> EffectData:
    """Return everything but the digest of the inputs."""
    lines = [_asked(line, question) for line in exposures if _is_exposure(line, question)]
    reported = [line for line in outcomes if _is_outcome(line, question)]
    starts = max(question.starts, question.complete_since or question.starts)
    horizon = timedelta(days=question.horizon_days)
    people = {name: one for name, one in _people(lines, horizon).items() if starts <= one.seen < question.until}
    ripe = {name: one for name, one in people.items() if one.seen + horizon <= question.complete_until}
    _report(ripe, reported)
    order = sorted(people.values(), key=lambda one: (one.seen, one.request))
    return EffectData(
        cohort=_cohort(ripe.values(), by_day=True),
        reading=_reading(question, order, ripe.values()),
        ratio=tuple(
            _row(RatioRow, cell, count)
            for cell, count in _sorted(Counter((*one.share, one.day) for one in people.values()))
        ),
        delivery=_delivery([line for line in lines if starts <= at(line["timestamp"]) < question.until]),
        traffic=_traffic(people.values(), ripe.values()),
        curve=_curve(ripe.values(), question.horizon_days),
        amounts=_amounts(ripe.values()),
        keys=_keys(
            [line for line in lines if starts <= at(line["timestamp"]) < question.until], reported, starts, question
        ),
        first_exposure=f"{order[0].seen:%Y-%m-%d %H:%M:%S}.{order[0].seen.microsecond // 1000:03d}" if order else None,
        inputs=InputDigest("", 0, "", ""),
        segments=(
            *_segments(PRODUCT, ripe.values(), lambda one: one.product),
            *_segments(LOCALE, ripe.values(), lambda one: one.locale),
        ),
    )


def _sorted(counts: Mapping[Any, Any]) -> Any:
    """Return cells with what they hold, in order; nothing comes before something."""
    return sorted(counts.items(), key=lambda item: [(value is not None, value) for value in item[0]])


def _row(kind: Any, cell: Iterable[Any], *counts: int) -> Any:
    """Return a row from its cell and its counts, in the order of its fields."""
    return kind(*cell, *counts)


def _by_apple(line: Line, question: EffectQuestion) -> bool:
    return line.get("appAppleId") == question.app_apple_id and (
        question.rehearsals or line.get("trustAnchor") == "apple"
    )


def _is_exposure(line: Line, question: EffectQuestion) -> bool:
    since = min(question.starts, question.exposed_since or question.starts) - _DAY
    named = all(line.get(name) for name in ("customerHash", "requestIdentifier", "productId", "timestamp"))
    if not named or line["day"] < f"{since:%Y-%m-%d}" or not _by_apple(line, question):
        return False
    if not question.key:
        return True
    key, arm = ("holdout", "holdoutArm") if question.holdout else ("experiment", "arm")
    return line.get(key) == question.key and line.get(arm) is not None


def _asked(line: Line, question: EffectQuestion) -> Line:
    """Return an exposure with the arm and slots that the question is about."""
    if not question.key:
        return {**line, "arm": "all", "slots": None}
    return {**line, "arm": line["holdoutArm"], "slots": None} if question.holdout else line


def _is_outcome(line: Line, question: EffectQuestion) -> bool:
    since = min(question.starts, question.exposed_since or question.starts) - timedelta(days=400)
    named = all(line.get(name) for name in ("customerHash", "notificationUuid", "signedAt"))
    return named and line["day"] >= f"{since:%Y-%m-%d}" and _by_apple(line, question)


def _people(lines: Iterable[Line], horizon: timedelta) -> dict[str, Person]:
    seen: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        seen[line["customerHash"]].append(line)
    people = {}
    for name, of_one in seen.items():
        first = min(of_one, key=lambda line: (at(line["timestamp"]), line["requestIdentifier"]))
        people[name] = Person(
            at(first["timestamp"]), first["requestIdentifier"], first["arm"], first.get("release"), first.get("slots"),
            first["productId"], first["localeAsked"], len({line["arm"] for line in of_one}) > 1, horizon,
        )  # fmt: skip
    return people


def _report(ripe: Mapping[str, Person], reported: Iterable[Line]) -> None:
    known: dict[str, dict[str, Line]] = defaultdict(dict)
    for line in reported:
        known[line["customerHash"]][line["notificationUuid"]] = line
    for name, one in ripe.items():
        until = one.seen + one.horizon
        held = [line for line in known[name].values() if at(line["signedAt"]) <= until]
        one.reported = sorted(held, key=lambda line: (at(line["signedAt"]), line["notificationUuid"]))


def _segments(kind: str, people: Iterable[Person], name_of: Callable[[Person], str]) -> list[SegmentRow]:
    named: dict[str, list[Person]] = defaultdict(list)
    for one in people:
        named[name_of(one)].append(one)
    return [SegmentRow(kind, name, row) for name, held in sorted(named.items()) for row in _cohort(held, by_day=False)]


def _cohort(people: Iterable[Person], *, by_day: bool) -> tuple[CohortRow, ...]:
    cells: dict[Any, list[Person]] = defaultdict(list)
    for one in people:
        cells[(*one.share, one.day if by_day else "")].append(one)
    return tuple(
        _row(
            CohortRow,
            cell,
            len(held),
            sum(one.kept(one.seen + one.horizon) for one in held),
            sum(one.cancelled() for one in held),
            sum(one.switched() for one in held),
            sum(one.redeemed() for one in held),
            sum(one.renewed() for one in held),
            sum(one.refunded() for one in held),
            sum(one.crossed for one in held),
            sum(any(map(one.is_later, one.reported)) for one in held),
        )
        for cell, held in _sorted(cells)
    )


def _reading(question: EffectQuestion, order: list[Person], ripe: Iterable[Person]) -> PlannedReading | None:
    if question.planned is None:
        return None
    if len(order) < question.planned:
        return PlannedReading(question.planned, len(order), None, due=False)
    last = order[question.planned - 1].seen
    text = f"{last:%Y-%m-%d %H:%M:%S}.{last.microsecond // 1000:03d}"
    if last + order[0].horizon > question.complete_until:
        return PlannedReading(question.planned, len(order), text, due=False)
    first = [one for one in ripe if one.seen <= last]
    return PlannedReading(
        question.planned, len(order), text, due=True, rows=_cohort(first, by_day=False), amounts=_amounts(first)
    )


def _amounts(people: Iterable[Person]) -> tuple[AmountRow, ...]:
    counts = Counter((*one.share, *paid) for one in people for paid in one.paid().items())
    return tuple(_row(AmountRow, cell, count) for cell, count in _sorted(counts))


def _delivery(lines: Iterable[Line]) -> tuple[DeliveryRow, ...]:
    requests: dict[str, dict[tuple[str, str], list[Line]]] = defaultdict(lambda: defaultdict(list))
    for line in lines:
        requests[line["arm"]][line["customerHash"], line["requestIdentifier"]].append(line)
    return tuple(
        DeliveryRow(
            arm,
            requests=len(held),
            delivered=sum(any(map(_delivered, of_one)) for of_one in held.values()),
            fallbacks=sum(any(line.get("message") == "fallback" for line in of_one) for of_one in held.values()),
            repeats=len(held) - len({customer for customer, _ in held}),
        )
        for arm, held in sorted(requests.items())
    )


def _delivered(line: Line) -> bool:
    return line.get("message") in _DECIDED and line.get("delivered") is not False


def _traffic(people: Iterable[Person], ripe: Iterable[Person]) -> tuple[TrafficRow, ...]:
    new = Counter((one.day, one.product) for one in people)
    counted: dict[tuple[str, str], list[Person]] = defaultdict(list)
    for one in ripe:
        counted[one.day, one.product].append(one)
    return tuple(
        _row(
            TrafficRow, cell, count, len(counted[cell]), sum(one.kept(one.seen + one.horizon) for one in counted[cell])
        )
        for cell, count in _sorted(new)
    )


def _curve(people: Iterable[Person], days: int) -> tuple[CurveRow, ...]:
    arms: dict[str, list[Person]] = defaultdict(list)
    for one in people:
        arms[one.arm].append(one)
    return tuple(
        CurveRow(arm, day, len(held), sum(one.kept(one.seen + day * _DAY) for one in held))
        for arm, held in sorted(arms.items())
        for day in range(days + 1)
    )


def _keys(
    exposures: Iterable[Line], outcomes: Iterable[Line], starts: datetime, question: EffectQuestion
) -> tuple[KeyRow, ...]:
    since = min(question.starts, question.exposed_since or question.starts) - _DAY
    found: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    for line in exposures:
        found["exposures", line.get("keyId") or ""].append((line["timestamp"][:10], line["customerHash"]))
    for line in outcomes:
        if line["day"] >= f"{since:%Y-%m-%d}" and at(line["signedAt"]) >= starts:
            found["outcomes", line.get("keyId") or ""].append((line["signedAt"][:10], line["customerHash"]))
    return tuple(
        KeyRow(*cell, len({one for _, one in held}), min(day for day, _ in held), max(day for day, _ in held))
        for cell, held in sorted(found.items())
    )
