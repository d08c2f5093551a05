"""Millions of log lines of one experiment, written as the buckets have them: gzipped JSON lines by the day of arrival.

    write_lines(folder, customers=4_600_000, exposures=10_000_000, outcomes=2_900_000)

Lines have every member that the functions write, metrics included, so that a file is as large as a real one. Everything
follows from numbers: the same call writes the same bytes.
"""

from __future__ import annotations

import gzip
import hashlib
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import repeat
from pathlib import Path
from typing import Final

APP: Final = 6745974591
KEY: Final = "switch-2026q4"
STARTS: Final = datetime(2026, 9, 1, tzinfo=UTC)
DAYS: Final = 60
PROCESSES: Final = 2
_PRODUCTS: Final = ("trailhead.pro.annual", "trailhead.pro.monthly", "trailhead.basic.monthly")
_LOCALES: Final = ("en-US", "en-GB", "de-DE", "fr-CA", "ja", "pt-BR", "zh-Hans-CN")
_EVENTS: Final = (
    ("DID_CHANGE_RENEWAL_STATUS", 0, "active", 0),
    ("DID_CHANGE_RENEWAL_STATUS", 0, "active", 1),
    ("DID_RENEW", 9990, "active", 1),
    ("DID_RENEW", 4990, "active", 1),
    ("EXPIRED", 0, "expired", 0),
    ("OFFER_REDEEMED", 4990, "active", 1),
    ("REFUND", 9990, "active", 0),
    ("DID_FAIL_TO_RENEW", 0, "retry", 1),
)
_METRICS: Final = (
    '"Verified":[1.0],"Answered":[1.0],"AnsweredMessage":[1.0],"VerifyTime":[1.204],"LookupTime":[6.871],'
    '"DecideTime":[0.093],"TotalTime":[8.412],"CatalogAge":[12.4],"LeafDaysLeft":[211.0],"_aws":{"Timestamp":'
    '1790000000000,"CloudWatchMetrics":[{"Namespace":"Retention","Dimensions":[["service"]],"Metrics":[{"Name":'
    '"Verified","Unit":"Count"},{"Name":"Answered","Unit":"Count"},{"Name":"TotalTime","Unit":"Milliseconds"}]}]}'
)


def write_lines(folder: Path, *, customers: int, exposures: int, outcomes: int) -> int:
    """Write both tables' files below `folder`, `exposures/day=…/` and `outcomes/day=…/`; return the bytes of the lines.

    Each customer is seen at least once within `DAYS` days; of the outcomes each is of one of the customers.
    """
    days = range(DAYS)
    jobs = (repeat(folder), repeat(customers), repeat(exposures), repeat(outcomes), days)
    with ProcessPoolExecutor(min(PROCESSES, os.cpu_count() or 1)) as pool:
        return sum(pool.map(_write_day, *jobs))


def _write_day(folder: Path, customers: int, exposures: int, outcomes: int, day: int) -> int:
    size = 0
    for table, lines in (
        ("exposures", _exposures(day, customers, exposures)),
        ("outcomes", _outcomes(day, customers, outcomes)),
    ):
        path = folder / table / f"day={STARTS + timedelta(days=day):%Y-%m-%d}" / "lines.gz"
        path.parent.mkdir(parents=True)
        with gzip.open(path, "wb", compresslevel=1) as file:
            for line in lines:
                size += file.write(line.encode())
    return size


def customer_of(number: int) -> str:
    return hashlib.sha256(number.to_bytes(8, "big")).hexdigest()


def _exposures(day: int, customers: int, exposures: int) -> Iterator[str]:
    """Yield the lines of one day: those exposures whose number falls on it."""
    began = STARTS + timedelta(days=day)
    for number in range(day, exposures, DAYS):
        person = number % customers
        hashed = customer_of(person)
        arm = "keep" if int(hashed[-8:], 16) % 2 else "switch"
        at = began + timedelta(milliseconds=(number * 7919) % 86_400_000)
        yield (
            f'{{"level":"INFO","message":"answered","timestamp":"{at:%Y-%m-%d %H:%M:%S},{number % 1000:03d}+0000",'
            f'"service":"retention","status":200,"kind":"message","rule":"offer-to-switch","experiment":"{KEY}",'
            f'"arm":"{arm}","slots":5000,"delivered":true,"release":{12 + person % 2},"messageIdentifier":'
            f'"0f1e2d3c-4b5a-5968-8776-{person:012x}","localeAsked":"{_LOCALES[person % 7]}","localeServed":"en-US",'
            f'"hasDefault":true,"appAppleId":{APP},"productId":"{_PRODUCTS[person % 3]}",'
            f'"requestIdentifier":"{hashed[:8]}-{number:028x}",'
            f'"gatewayRequestId":"{number:016x}","functionVersion":"17","customerHash":"{hashed}","keyId":"c0ffee12",'
            f'"trustAnchor":"apple","leafDaysLeft":211,"catalogAge":12.4,"times":{{"verify":1.204,"lookup":6.871,'
            f'"decide":0.093,"total":8.412}},{_METRICS}}}\n'
        )


def _outcomes(day: int, customers: int, outcomes: int) -> Iterator[str]:
    began = STARTS + timedelta(days=day)
    for number in range(day, outcomes, DAYS):
        hashed = customer_of(number * 13 % customers)
        kind, amount, status, renews = _EVENTS[int(hashed[:4], 16) % len(_EVENTS)]
        at = began + timedelta(milliseconds=(number * 104_729) % 86_400_000)
        signed = f"{at:%Y-%m-%d %H:%M:%S}.{number % 1000:03d}"
        paid = (
            f'"transaction":"{number:016x}","amount":{amount},"currency":"EUR","reason":"RENEWAL",'
            f'"purchasedAt":"{signed}","revoked":{int(kind == "REFUND")},'
            if amount
            else ""
        )
        yield (
            f'{{"level":"INFO","message":"merged","timestamp":"{at:%Y-%m-%d %H:%M:%S},000+0000","service":'
            f'"retention","appAppleId":{APP},"customerHash":"{hashed}","keyId":"c0ffee12","source":"push","type":'
            f'"{kind}","notificationUuid":"{hashed[8:16]}-{number:028x}","signedAt":"{signed}","ageMs":812,{paid}'
            f'"productId":"{_PRODUCTS[int(hashed[4:8], 16) % 3]}","nextProductId":"trailhead.pro.annual","autoRenew":'
            f'{renews},"storefront":"DEU","renewalAt":"2026-12-24 10:00:00.000","status":"{status}","ownership":'
            f'"PURCHASED","trustAnchor":"apple","leafDaysLeft":211}}\n'
        )
