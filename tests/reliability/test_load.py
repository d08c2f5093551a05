"""Load: what tens of thousands of requests leave behind in the built artefact, and what a flood leaves in memory."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import time
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles
from typing import TYPE_CHECKING, Any

import pytest

from console.local.embedded_stack import LocalTable, function_environment
from console.local.samples import SAMPLE_CLOCK
from tests.support import real_parts
from tests.support.function_process import FunctionProcess, ProcessUsage, new_mark
from tests.support.mixed_traffic import Traffic, anchor
from tests.support.reliability_page import keep, size
from tests.support.required_parts import real
from tests.support.waiting import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tests.support.real_parts import Emulator

ROOT = Path(__file__).parents[2]

# After warm-up. By then the memory has all that it is to have; the allocator still varies.
MAX_GROWTH_KIB = 3 * 1024

REQUESTS = size(50_000, 2_000)
FLOOD = size(10_000, 2_000)
SHARE = size(1_000, 100)  # of a flood, through the emulator
KINDS = {"message", "alternateProduct", "promotionalOffer", "advancedCommerceInfo"}

Row = tuple[str, str]


@pytest.fixture(scope="module")
def figures() -> Iterator[dict[str, list[Row]]]:
    """What the tests of this file found, by test; written to the page once it is complete."""
    found: dict[str, list[Row]] = {}
    yield found
    if len(found) == 1 + len(FLOODS):
        text = (
            "The built artefact ran under Lambda's runtime interface emulator, with DynamoDB Local. It gave every kind"
            " of answer for eight products in eight locales, mixed with the attacks of `tests/minting` and"
            " `tests/support/mixed_traffic.py`. After the first tenth its memory may grow by at most"
            f" {MAX_GROWTH_KIB // 1024} MiB. The floods in the last four rows run the endpoint without the emulator,"
            " each in a process of its own."
        )
        keep("load", text, ("what", "figure"), [row for rows in found.values() for row in rows])


@dataclass
class Soaked:
    """The figures of one long run: every answer's time in ms, and what the process took from time to time."""

    hostile: int = 0
    wrong: list[str] = field(default_factory=list)
    answers: set[str] = field(default_factory=set)
    times: list[float] = field(default_factory=list)
    taken: list[ProcessUsage] = field(default_factory=list)

    def tenth(self, number: int) -> list[ProcessUsage]:
        return self.taken[number * len(self.taken) // 10 : (number + 1) * len(self.taken) // 10]

    def resident(self, number: int) -> float:
        return median(taken.resident for taken in self.tenth(number))

    @property
    def growth(self) -> float:
        """Return the growth from the second tenth to the last, in KiB."""
        return self.resident(9) - self.resident(1)


class Caller:
    """Posts events to the emulator over one connection, unlike `Emulator.invoke`, which opens one for each."""

    def __init__(self, function: Emulator) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", function._port, timeout=PATIENCE)

    def close(self) -> None:
        self._connection.close()

    def invoke(self, event: object) -> dict[str, Any]:
        path = "/2015-03-31/functions/function/invocations"
        self._connection.request("POST", path, json.dumps(event))
        answer: dict[str, Any] = json.loads(self._connection.getresponse().read())
        return answer


@pytest.fixture(scope="module")
def variables() -> Iterator[Mapping[str, str]]:
    with ExitStack() as parts:
        url = real(lambda: parts.enter_context(real_parts.dynamodb_local()))
        table = LocalTable(url)
        compiled, _ = table.publish(SAMPLE_CLOCK)
        table.import_states(compiled)
        table.write_customers(compiled.release.app_apple_id)
        yield function_environment(url, compiled.release.app_apple_id, SAMPLE_CLOCK.isoformat(), anchor())


def soak(caller: Caller, traffic: Traffic, process: FunctionProcess, number: int) -> Soaked:
    soaked, often = Soaked(), max(1, number // 500)
    for count in range(number):
        asked = traffic.next()
        begun = time.perf_counter()
        answer = caller.invoke(asked.event)
        soaked.times.append((time.perf_counter() - begun) * 1000)
        soaked.hostile += bool(asked.hostile)
        if answer.get("statusCode") != asked.status:
            soaked.wrong.append(f"{asked.hostile or 'genuine'}: {answer} instead of {asked.status}")
        if answer.get("body"):
            soaked.answers |= set(json.loads(answer["body"]))
        if count % often == 0:
            soaked.taken.append(process.taken())
    return soaked


def rows_of(soaked: Soaked) -> Iterator[Row]:
    number = len(soaked.times)
    yield "requests soaked", f"{number:,}"
    yield "hostile among them", f"{soaked.hostile:,} ({100 * soaked.hostile / number:.1f} %)"
    yield "answered with another status than they must be", str(len(soaked.wrong))
    yield (
        "resident memory, second tenth → last",
        f"{soaked.resident(1) / 1024:.1f} → {soaked.resident(9) / 1024:.1f} MiB",
    )
    yield "growth", f"{soaked.growth / 1024:.2f} MiB"
    for name in ("descriptors", "threads"):
        first, last = (median(getattr(taken, name) for taken in soaked.tenth(tenth)) for tenth in (1, 9))
        yield f"{name}, second tenth → last", f"{first:g} → {last:g}"
    parts = soaked.times[: number // 10], soaked.times[-(number // 10) :]
    yield "median answer, first tenth → last", " → ".join(f"{median(part):.2f}" for part in parts) + " ms"
    yield "99th percentile, likewise", " → ".join(f"{quantiles(part, n=100)[98]:.2f}" for part in parts) + " ms"


def test_a_soak_leaves_nothing_behind(
    emulator: Callable[[Mapping[str, str]], Emulator],
    variables: Mapping[str, str],
    figures: dict[str, list[Row]],
) -> None:
    """After tens of thousands of requests, the function takes no more memory, files or threads, and still answers."""
    mark = new_mark()
    function = emulator({**variables, **mark})
    with closing(Caller(function)) as caller:
        traffic = Traffic(seed=20261128)
        for asked in traffic.every():
            answer = caller.invoke(asked.event)
            assert answer.get("statusCode") == asked.status, f"{asked.hostile or 'genuine'}: {answer}"
        process = FunctionProcess.marked(mark)
        soaked = soak(caller, traffic, process, REQUESTS)
        before = process.taken().resident
        for make in (traffic.forged, traffic.renewed):
            for asked in (make() for _ in range(SHARE)):
                assert caller.invoke(asked.event)["statusCode"] == asked.status
        grown = process.taken().resident - before
    flooded = (f"and then {SHARE:,} hostile chains and {SHARE:,} new leaves", f"{grown / 1024:.2f} MiB")
    rows = [*rows_of(soaked), flooded]
    assert grown <= MAX_GROWTH_KIB
    assert soaked.wrong == []
    assert soaked.answers == KINDS
    assert 0.04 < soaked.hostile / REQUESTS < 0.06
    assert soaked.growth <= MAX_GROWTH_KIB, rows
    for name in ("descriptors", "threads"):
        second, last = (median(getattr(taken, name) for taken in soaked.tenth(tenth)) for tenth in (1, 9))
        assert last <= second, rows
    figures["soak"] = rows


@dataclass(frozen=True)
class Flood:
    """One kind of flood: what it has ten thousand different ones of, the statuses, and what may be remembered."""

    what: str
    statuses: set[str]
    max_growth_kib: int
    max_paths: int


# The catalog may remember 32 MiB, by an estimate that is higher than what it takes.
FLOODS = {
    "chains": Flood("hostile chains, each with a header of its own", {"401"}, MAX_GROWTH_KIB, 0),
    "leaves": Flood("leaves under our trust anchor", {"200", "204"}, MAX_GROWTH_KIB, 4),
    "places": Flood("products no file names, in as many locales", {"200"}, 32 * 1024 + MAX_GROWTH_KIB, 1),
    "names": Flood("such products and locales, with names of 20 KB each", {"200"}, 32 * 1024 + MAX_GROWTH_KIB, 1),
}


@pytest.mark.parametrize("name", FLOODS)
def test_a_flood_of_different_things_is_bounded_in_memory(name: str, figures: dict[str, list[Row]]) -> None:
    """A flood of certificates, products or locales cannot fill the memory: the oldest go, by number or by bytes."""
    path = os.pathsep.join(map(str, (ROOT, ROOT / "handler")))
    command = [sys.executable, "-m", "tests.support.memory_flood", name, str(FLOOD)]
    done = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": path}, stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    found, flood = json.loads(done.stdout), FLOODS[name]
    assert set(found["statuses"]) <= flood.statuses
    assert found["grown"] <= flood.max_growth_kib, found
    assert found["paths"] == found["headers"] == flood.max_paths
    assert found["cost"] <= found["bound"]
    assert found["views"] < FLOOD or name != "names"
    figures[name] = [
        (
            f"{FLOOD:,} {flood.what}",
            f"{found['grown'] / 1024:.2f} MiB; {found['paths']} chains and {found['views']:,} views remembered",
        )
    ]


def test_growth_is_measured_after_the_first_tenth() -> None:
    """Growth is the median of the last tenth minus that of the second: warm-up and one odd value do not count."""
    steady = [ProcessUsage(resident, 5, 2) for resident in (10, 50, *([100] * 17), 130)]
    assert Soaked(taken=steady).growth == 15
    assert all(len(Soaked(taken=steady).tenth(number)) == 2 for number in range(10))
