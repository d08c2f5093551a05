"""Measures the memory of a process that is sent ten thousand different things to remember.

    python -m flood chains 10000      hostile chains, each with a header of its own
    python -m flood leaves 10000      leaves that our anchor vouches for
    python -m flood places 10000      products that no file names, each in a locale of its own
    python -m flood names 10000       the same, with names as long as a request may carry

The endpoint is the real one, over a table in memory. Prints one JSON object.
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from retention import table as rows
from retention.log.record import Record
from retention.lookup.memory import MAX_BYTES
from retention.lookup.store import Store
from retention.settings import Deployment

from tests.minting import NOW, signed
from tests.support import fake_table
from tests.support.endpoint_on_fakes import load_app
from tests.support.fake_table import APP, TABLE, FakeTable, published, sheet
from tests.support.function_process import FunctionProcess
from tests.support.mixed_traffic import Traffic, anchor, posted, request

# What answers an unknown product, and how many sets of texts that names: each is a state to remember.
_SETS = 6
_WARM_UP = 100
_LONG = 20_000


class Quiet(FakeTable):
    """Does not note its calls: what is measured is the endpoint's memory, not ours."""

    def call(self, operation: str, request: Mapping[str, Any], _deadline: object = None) -> dict[str, Any]:
        answer: dict[str, Any] = getattr(self, operation)(**request)
        return answer


class Statuses:
    """Counts what was answered, and keeps nothing."""

    def __init__(self) -> None:
        self.found: Counter[int] = Counter()

    def emit(self, record: Record, _level: str) -> None:
        self.found[record.status] += 1


def _table() -> Quiet:
    ids = [f"{number:08x}-1111-5111-8111-111111111111" for number in range(_SETS)]
    answers = [{"kind": "message", "set": str(number)} for number in range(_SETS)]
    rules = [
        {"name": str(number), "when": None, "from": None, "until": None, "answer": answer}
        for number, answer in enumerate(answers)
    ]
    sets = {str(number): {"en-US": [id_]} for number, id_ in enumerate(ids)}
    table = Quiet(published().items)
    table.publish(2, {**fake_table.SHEETS, rows.ANY_PRODUCT: sheet(None, "anyone", {}, rules=rules, sets=sets)})
    for id_ in ids:
        table.state(id_, "APPROVED")
    return table


def _chains(traffic: Traffic) -> Iterator[dict[str, Any]]:
    while True:
        yield traffic.forged().event


def _leaves(traffic: Traffic) -> Iterator[dict[str, Any]]:
    while True:
        yield traffic.renewed().event


def _places(length: int) -> Iterator[dict[str, Any]]:
    number = 0
    while True:
        number += 1
        product, locale = f"unknown.{number}{'x' * length}", f"en-{number}{'x' * length}"
        yield posted(signed(body=request(product, locale, "2000000900000180")))


FLOODS: dict[str, Callable[[], Iterator[dict[str, Any]]]] = {
    "chains": lambda: _chains(Traffic(1)),
    "leaves": lambda: _leaves(Traffic(1)),
    "places": lambda: _places(0),
    "names": lambda: _places(_LONG),
}


def main(what: str, number: int) -> None:
    app, statuses = load_app(), Statuses()
    table = _table()
    store = Store(lambda: table, TABLE)
    verifier = app.SignedPayloadVerifier([app.apple_root(), anchor()])
    deployment = Deployment(TABLE, "Sandbox", frozenset({APP}), "/retention", anchor(), lambda: NOW, "on-demand")
    endpoint = app.Endpoint(deployment, verifier, store, None, statuses)
    process, events = FunctionProcess(os.getpid()), FLOODS[what]()
    for _ in range(_WARM_UP):
        endpoint.respond(next(events))
    before = process.taken()
    for _ in range(number):
        endpoint.respond(next(events))
    after = process.taken()
    found = {
        "statuses": statuses.found,
        "grown": after.resident - before.resident,
        "paths": verifier.stats().paths,
        "headers": verifier.stats().headers,
        "views": store.stats().views,
        "cost": store.stats().held_bytes,
        "bound": MAX_BYTES,
    }
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
