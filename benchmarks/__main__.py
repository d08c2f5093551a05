"""Measure everything in one run, our function and the reference in turns: `make bench`, or `python -m benchmarks`.

    python -m benchmarks [--quick] [--before TREE]

    --quick          few rounds, to see that it runs; the figures are not reliable
    --before TREE    also build and measure an older checkout of this project, in the same rounds

Prints the times, the figures next to their targets, and as the last line one JSON object with the figures. Writes that
object and a plot to benchmarks/results/. Asserts no time.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final

# As for pytest: the benchmark uses tests/support for DynamoDB Local, the emulator and the template's table.
_ROOT: Final = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(_ROOT), str(_ROOT / "handler")]

from rich.console import Console  # noqa: E402
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: E402

from benchmarks import (  # noqa: E402
    artefacts,
    cores,
    figures,
    in_process,
    instructions,
    known_customers,
    plot,
    report,
    taken_notifications,
    under_lambda,
)
from benchmarks.figures import BEFORE, CACHED, EMPTY, OURS, PRECOMPILED, REFERENCE, UNKNOWN  # noqa: E402
from benchmarks.scene import Scene, staged  # noqa: E402
from benchmarks.under_lambda import Contestant  # noqa: E402
from tests.support import real_parts  # noqa: E402  # the path above
from tests.support.real_parts import Artefact  # noqa: E402

RESULTS: Final = _ROOT / "benchmarks" / "results"
IDLE_SECONDS: Final = 60

_MIB: Final = 2**20


@dataclass(frozen=True, slots=True)
class Rounds:
    """The numbers of measurements."""

    cold: int
    warm: int
    in_process: int
    lookups: int
    idle: int


FULL: Final = Rounds(cold=25, warm=50, in_process=300, lookups=500, idle=5)
QUICK: Final = Rounds(cold=2, warm=2, in_process=10, lookups=10, idle=2)


def main(arguments: list[str]) -> int:
    """Run the benchmark. Returns the exit code: 2 for unknown arguments, 1 if a part is missing."""
    quick, before = False, None
    match arguments:
        case [] | ["--quick"]:
            quick = bool(arguments)
        case ["--before", tree] | ["--quick", "--before", tree]:
            quick, before = len(arguments) > 2, Path(tree).resolve()  # with --quick there are three
        case _:
            sys.stderr.write(f"{__doc__}\n")
            return 2
    if before is not None and not (before / "handler" / "app.py").exists():
        sys.stderr.write(f"{before} is not a checkout of this project: it has no handler/app.py\n")
        return 2
    begun = time.monotonic()
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}/{task.total}"))
    try:
        with Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True), transient=True) as progress:
            found = _run(QUICK if quick else FULL, progress, before)
    except real_parts.PartMissingError as missing:
        sys.stderr.write(f"make bench cannot run here: {missing}\n")
        return 1
    RESULTS.mkdir(exist_ok=True)
    plot.draw(RESULTS / "bench.png", found.first, found.warm)
    line = json.dumps(found.figures)
    (RESULTS / "bench.json").write_text(line + "\n", encoding="utf-8")
    report.show(
        report.lambda_table(found.first, found.init, found.warm, found.peak),
        report.process_table(found.in_process),
        report.figures_table(found.figures),
        notes=(
            f"After {IDLE_SECONDS} s of idling {found.idle_note}.",
            "Ours is a copy that trusts the scene's App Store in place of Apple, and knows its certificate chain.",
            *found.notes,
            f"Plot: {(RESULTS / 'bench.png').relative_to(_ROOT)}. Took {time.monotonic() - begun:.0f} s.",
        ),
    )
    sys.stdout.write(line + "\n")
    return 0


@dataclass(frozen=True, slots=True)
class Found:
    """The results of one run: contestant or work → seconds; `peak` is contestant → bytes; key → figure."""

    first: dict[str, list[float]]
    init: dict[str, list[float]]
    warm: dict[str, list[float]]
    peak: dict[str, int]
    in_process: dict[str, list[float]]
    figures: dict[str, float]
    idle_note: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Builds:
    """The artefacts. `before` is a copy of the older tree and its artefact, None without --before."""

    ours: Artefact
    reference: Artefact
    before: tuple[Path, Artefact] | None


def _build(before: Path | None, progress: Progress) -> Builds:
    building = progress.add_task("building ours and the reference", total=3)
    ours = artefacts.ours()
    progress.advance(building)
    reference = artefacts.reference()
    progress.advance(building)
    older = None if before is None else (artefacts.BEFORE_TREE, artefacts.before(before))
    progress.advance(building)
    return Builds(ours, reference, older)


def _in_one_process(scene: Scene, rounds: Rounds) -> in_process.Times:
    with cores.on(cores.MEASURED):
        return {
            **in_process.verification(scene, rounds.in_process),
            **in_process.decisions(scene, rounds.in_process),
            **in_process.lookups(scene, rounds.lookups),
            **known_customers.decisions(rounds.in_process),
            **known_customers.lookups(scene, rounds.lookups),
            **taken_notifications.reports(scene.authority, rounds.in_process),
        }


def _run(rounds: Rounds, progress: Progress, before: Path | None) -> Found:
    builds = _build(before, progress)
    staging = progress.add_task("publishing catalogs", total=3)
    with (
        cores.on(cores.OTHERS),
        staged(lambda: progress.advance(staging)) as scene,
        TemporaryDirectory() as scratch,
    ):
        entrants = _contestants(scene, builds, Path(scratch))
        with under_lambda.idling(entrants[OURS], scene, rounds.idle) as idle:
            idle_since = time.monotonic()
            cold = [entrants[name] for name in entrants if name != CACHED]
            starting = progress.add_task("cold starts", total=(rounds.cold + 1) * len(cold))
            first, init = under_lambda.cold(cold, scene, rounds.cold, lambda: progress.advance(starting))
            warming = progress.add_task("warm requests", total=rounds.warm)
            warmed = [entrants[name] for name in entrants if name != UNKNOWN]  # warm, a chain is remembered
            warm, peak = under_lambda.warm(warmed, scene, rounds.warm, lambda: progress.advance(warming))
            all_products = under_lambda.peak_of_all_products(entrants[OURS], scene)
            progress.add_task("in one process", total=None)
            times = _in_one_process(scene, rounds)
            progress.add_task("idling", total=None)
            time.sleep(max(0.0, idle_since + IDLE_SECONDS - time.monotonic()))
            after, gone = under_lambda.after_idling(idle, scene)
        counted, notes = _instructions(entrants)
        measured = {
            "idle_request_ms": median(after) * 1000,
            "layer_mib": artefacts.size_of(builds.ours.layer) / _MIB,
            "peak_rss_mib": peak[OURS] / _MIB,
            "peak_rss_all_products_mib": all_products / _MIB,
            "subscription_row_bytes": known_customers.packed_bytes(),
            "publish_large_seconds": scene.publish_seconds["large"],
            "publish_everywhere_seconds": scene.publish_seconds["everywhere"],
        }
    values = {**figures.ratios(first, init, warm, times), **measured, **counted}
    ordered = {figure.key: round(values[figure.key], 4) for figure in figures.FIGURES if figure.key in values}
    note = "every connection to DynamoDB was gone" if gone else "DynamoDB Local had kept connections open"
    return Found(first, init, warm, peak, times, ordered, note, notes)


def _instructions(entrants: dict[str, Contestant]) -> tuple[dict[str, float], tuple[str, ...]]:
    """Return the counts of instructions, which other load does not change, or a note that valgrind is missing."""
    counted = {}
    for key, name in (("import_minstructions", OURS), ("import_minstructions_before", BEFORE)):
        if name in entrants:
            found = instructions.of_import(entrants[name].artefact, entrants[name].variables)
            if found is None:
                return {}, ("Instructions were not counted: valgrind is not installed.",)
            counted[key] = found
    return counted, ()


def _contestants(scene: Scene, builds: Builds, scratch: Path) -> dict[str, Contestant]:
    reference, precompiled = builds.reference, artefacts.precompiled(builds.reference)
    caching = {**scene.reference, "CACHE_SECONDS": "30"}
    handler, ours = "app.lambda_handler", "app.get_retention_message"

    def measured(name: str, built: Artefact, tree: Path = _ROOT, *, known: bool = True) -> Contestant:
        folder = artefacts.BUILDS / f"measured {name}"
        copy = artefacts.in_apples_place(built, scene.authority, tree, folder, known=known)
        return Contestant(name, copy, ours, scene.ours)

    older = [] if builds.before is None else [measured(BEFORE, builds.before[1], builds.before[0])]
    entrants = (
        measured(OURS, builds.ours),
        measured(UNKNOWN, builds.ours, known=False),
        *older,
        Contestant(REFERENCE, reference, handler, scene.reference),
        Contestant(PRECOMPILED, precompiled, handler, scene.reference),
        Contestant(CACHED, precompiled, handler, caching),
        Contestant(EMPTY, artefacts.empty(scratch), handler, {}),
    )
    return {contestant.name: contestant for contestant in entrants}


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
