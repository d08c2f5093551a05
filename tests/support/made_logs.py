"""Two logs of an experiment with as many customers as are asked for, in the lines of the functions."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

APP: Final = 6745974591
KEY: Final = "switch-2026q4"
STARTS: Final = datetime(2026, 10, 1, tzinfo=UTC)
COMPLETE: Final = "2026-11-29 21:00:00.000"
AT: Final = "2026-11-30T12:00:00Z"
# The file of this experiment, with a plan.
PLANNED: Final = """\
app: {appAppleId: 6745974591, bundleId: com.example.app, issuerId: 57246542-96fe-1a63-e053-0824d011072a, keyId: K1}
products: {pro.monthly: {group: g, period: P1M}}
locales: {default: en-US}
messages: {stay: {en-US: {header: Stay, body: Please stay}}, go: {en-US: {header: Go on, body: Please go on}}}
rules:
  - name: try
    experiment:
      key: switch-2026q4
      plan: {metric: kept, horizonDays: 30, customers: 1500, guardrails: [refunded]}
      arms:
        control: {weight: 50, answer: {message: stay}}
        switch: {weight: 50, answer: {message: go}}
"""
_DAYS: Final = 20
_OTHERS: Final = 25


@dataclass(frozen=True, slots=True)
class MadeLog:
    """`kept` has, by arm, how many of 1 000 customers stay; every other one turns renewal off after an hour."""

    kept: Mapping[str, int]
    customers: int = 400
    key: str = KEY
    anchor: str = "apple"
    app: int = APP
    watermark: bool = True
    holdout: str = ""

    def exposures(self) -> Iterator[dict[str, Any]]:
        slots = 10_000 // len(self.kept)
        for arm in self.kept:
            for number in range(self.customers):
                at = _seen(number)
                line = {
                    "message": "answered", "timestamp": f"{at:%Y-%m-%d %H:%M:%S},000+0000", "appAppleId": self.app,
                    "experiment": self.key, "arm": arm, "slots": slots, "release": 12, "delivered": True,
                    "productId": "pro.monthly", "localeAsked": "en-US", "kind": "message",
                    "requestIdentifier": _digest("request", arm, number)[:36], "customerHash": _digest(arm, number),
                    "keyId": "0a1b2c3d", "trustAnchor": self.anchor,
                }  # fmt: skip
                if self.holdout:
                    line = {**line, "holdout": self.holdout, "holdoutArm": arm}
                    line = {name: value for name, value in line.items() if name not in {"experiment", "arm", "slots"}}
                yield line

    def outcomes(self) -> Iterator[dict[str, Any]]:
        for arm, kept in self.kept.items():
            for number in range(self.customers):
                stays = number * 1000 < kept * self.customers
                at = _seen(number) + (timedelta(days=12) if stays else timedelta(hours=1))
                yield {
                    "signedAt": f"{at:%Y-%m-%d %H:%M:%S}.000", "notificationUuid": _digest("uuid", arm, number)[:36],
                    "appAppleId": self.app, "type": "DID_RENEW" if stays else "DID_CHANGE_RENEWAL_STATUS",
                    "status": "active", "autoRenew": int(stays), "productId": "pro.monthly",
                    "customerHash": _digest(arm, number), "keyId": "0a1b2c3d", "trustAnchor": self.anchor,
                }  # fmt: skip
        yield from self._others()
        if self.watermark:
            yield {
                "message": "pulled",
                "appAppleId": self.app,
                "completeSince": "2026-09-01 00:00:00.000",
                "completeUntil": COMPLETE,
            }

    def _others(self) -> Iterator[dict[str, Any]]:
        """Yield notifications of customers who never saw the page: they arrive every day."""
        for day in range(60):
            for number in range(_OTHERS):
                at = STARTS + timedelta(days=day, hours=3, seconds=number)
                yield {
                    "signedAt": f"{at:%Y-%m-%d %H:%M:%S}.000", "notificationUuid": _digest("other", day, number)[:36],
                    "appAppleId": self.app, "type": "DID_RENEW", "status": "active", "autoRenew": 1,
                    "customerHash": _digest("other", number), "keyId": "0a1b2c3d", "trustAnchor": self.anchor,
                }  # fmt: skip

    def write(self, folder: Path) -> tuple[str, ...]:
        """Write both logs, and return the options that name them."""
        folder.mkdir(exist_ok=True, parents=True)
        words: list[str] = []
        for name, lines in (("exposures", self.exposures()), ("outcomes", self.outcomes())):
            path = folder / f"{name}.jsonl.gz"
            text = "".join(json.dumps(line) + "\n" for line in lines)
            path.write_bytes(gzip.compress(text.encode(), mtime=0))
            words += [f"--{name}", str(path)]
        return tuple(words)


def _seen(number: int) -> datetime:
    return STARTS + timedelta(days=number % _DAYS, seconds=number)


def _digest(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()
