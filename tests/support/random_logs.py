"""Logs of an experiment with all that makes reading them hard: ties, several arms, late and missing lines, refunds."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, Final

from console.effect.rows import EffectQuestion

APP: Final = 6745974591
KEY: Final = "switch-2026q4"
HOLDOUT: Final = "h-2026h2"
STARTS: Final = datetime(2026, 9, 1, tzinfo=UTC)
HORIZON: Final = 7

_PRODUCTS: Final = ("pro.annual", "pro.monthly")
# What a line of another release, or of an error, may lack.
_LACKING: Final = 0.06
# An offset from the start, drawn from few numbers, so that instants meet: also those on both sides of a limit.
_OFFSETS: Final = tuple(timedelta(days=day, milliseconds=part) for day in range(-2, 24) for part in (0, 1, 43_200_000))


@dataclass(frozen=True, slots=True)
class RandomLog:
    """Lines of both tables, each with the day of its arrival, and the question about them."""

    exposures: list[dict[str, Any]]
    outcomes: list[dict[str, Any]]
    question: EffectQuestion


def random_log(number: int) -> RandomLog:
    """Return the log with this number. Its app and its customers are in no other, so that logs can be put together."""
    app = APP + 10 * number
    random = Random(number)
    customers = [hashlib.sha256(f"{number} {one}".encode()).hexdigest() for one in range(random.randint(1, 14))]
    arms = random.choice([("keep", "switch"), ("keep", "switch", "offer"), ("keep",)])
    exposures = [_exposure(random, app, customers, arms) for _ in range(random.randint(0, 30))]
    outcomes = [_outcome(random, app, customers) for _ in range(random.randint(0, 60))]
    return RandomLog(exposures, outcomes, _question(random, app))


def _question(random: Random, app: int) -> EffectQuestion:
    subject = random.choice(["experiment", "experiment", "experiment", "holdout", "everyone"])
    return EffectQuestion(
        app_apple_id=app,
        key={"experiment": KEY, "holdout": HOLDOUT, "everyone": ""}[subject],
        horizon_days=HORIZON,
        starts=STARTS,
        until=STARTS + random.choice(_OFFSETS[9:]),
        complete_until=STARTS + random.choice(_OFFSETS[9:]),
        planned=random.choice([None, 1, 2, 3, 5]),
        holdout=subject == "holdout",
        complete_since=random.choice([None, None, STARTS + timedelta(days=2)]),
        exposed_since=random.choice([None, STARTS - timedelta(days=30)]),
        rehearsals=random.random() < 0.1,
    )


def _exposure(random: Random, app: int, customers: list[str], arms: tuple[str, ...]) -> dict[str, Any]:
    seen = STARTS + random.choice(_OFFSETS)
    line = {
        "message": random.choice(["answered", "answered", "fallback", "no_rule", "failed"]),
        "timestamp": f"{seen:%Y-%m-%d %H:%M:%S},{seen.microsecond // 1000:03d}+0000",
        "appAppleId": random.choice([app] * 12 + [app + 1]),
        "experiment": random.choice([KEY] * 8 + ["another"]),
        "arm": random.choice(arms),
        "slots": random.choice([5000, 5000, 1000]),
        "holdout": HOLDOUT,
        "holdoutArm": random.choice(["held", "served"]),
        "release": random.choice([12, 13]),
        "delivered": random.random() < 0.8,
        "productId": random.choice(_PRODUCTS),
        "kind": "message",
        "requestIdentifier": f"{random.getrandbits(32):08x}-request",
        "localeAsked": random.choice(["en-US", "en-US", "de-DE", "zh-Hans-CN"]),
        "customerHash": random.choice(customers),
        "keyId": random.choice(["c0ffee12"] * 9 + ["0ddba115"]),
        "trustAnchor": random.choice(["apple"] * 10 + ["f00d"]),
    }
    return _lacking(random, line, seen, ("timestamp", "localeAsked"))


def _outcome(random: Random, app: int, customers: list[str]) -> dict[str, Any]:
    signed = STARTS + random.choice(_OFFSETS)
    bought = signed - random.choice([timedelta(), timedelta(seconds=33), timedelta(days=3), timedelta(days=40)])
    hashed = random.choice(customers)
    line = {
        "timestamp": f"{signed:%Y-%m-%d %H:%M:%S},000+0000",
        "message": "merged",
        "signedAt": _instant(signed),
        "purchasedAt": _instant(bought),
        "renewalAt": _instant(signed + timedelta(days=20)),
        "notificationUuid": f"{random.getrandbits(32):08x}-notification",
        "appAppleId": random.choice([app] * 12 + [app + 1]),
        "type": random.choice(["DID_RENEW", "REFUND", "OFFER_REDEEMED", "DID_CHANGE_RENEWAL_STATUS", "EXPIRED"]),
        "status": random.choice(["active", "active", "expired", "retry", "revoked"]),
        "autoRenew": random.choice([0, 1, 1]),
        "productId": random.choice((*_PRODUCTS, *_PRODUCTS[:1] * 4)),
        "transaction": hashlib.sha256(f"{hashed} {random.randrange(3)}".encode()).hexdigest()[:16],
        "reason": random.choice(["PURCHASE", "RENEWAL", "RENEWAL"]),
        "amount": random.choice([0, 4_990, 9_990, 59_990]),
        "currency": random.choice(["EUR", "EUR", "USD"]),
        "revoked": random.choice([0, 0, 1]),
        "revocationPercentage": random.choice([None, 0, 33_333, 50_000, 100_000]),
        "offerType": random.choice([None, 1, 2, 3, 4, 5]),
        "offerIdentifier": random.choice(["half", "stay"]),
        "nextOfferType": random.choice([None, None, 1, 2, 5]),
        "nextOffer": random.choice(["half", "stay"]),
        "ownership": random.choice(["PURCHASED", "PURCHASED", "FAMILY_SHARED"]),
        "customerHash": hashed,
        "keyId": "c0ffee12",
        "trustAnchor": random.choice(["apple"] * 10 + ["f00d"]),
    }
    return _lacking(random, line, signed, ("timestamp", "message"))


def _lacking(random: Random, line: Mapping[str, Any], at: datetime, always: tuple[str, ...]) -> dict[str, Any]:
    """Return a line without some of its members, and with the day on which it arrived: today, or some days late."""
    kept = {
        name: value
        for name, value in line.items()
        if value is not None and (name in always or random.random() >= _LACKING)
    }
    late = random.choice([0, 0, 0, 1, 6])
    return {**kept, "day": f"{at + timedelta(days=late):%Y-%m-%d}"}


def _instant(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}.{at.microsecond // 1000:03d}"


def write_log(folder: Path, exposures: Iterable[Mapping[str, Any]], outcomes: Iterable[Mapping[str, Any]]) -> Path:
    """Write lines as the bucket has them, in a file for each day of arrival; return the folder."""
    for table, lines in (("exposures", exposures), ("outcomes", outcomes)):
        for line in lines:
            path = folder / table / f"day={line['day']}" / "lines.json"
            path.parent.mkdir(parents=True, exist_ok=True)
            shown = {name: value for name, value in line.items() if name != "day"}
            with path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(shown) + "\n")
    return folder
