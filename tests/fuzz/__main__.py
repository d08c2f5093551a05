"""Fuzz the endpoint, body to status, guided by the coverage of handler/; in .venv-fuzz, where atheris is.

    python -m tests.fuzz --minutes 1              for so long, from tests/fuzz/corpus and what .fuzz/corpus has learned
    python -m tests.fuzz --executions 10000       so many requests, from tests/fuzz/corpus alone: reproducible
    python -m tests.fuzz --replay FILE            one input once more: what a crash left in .fuzz
    python -m tests.fuzz --keep                   add to tests/fuzz/corpus what covers more than it does

A crash is an answer of 500, or of 200 to a forgery; libFuzzer then leaves the input in .fuzz/crash-… and ends with 77.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from random import Random
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
KEPT: Final = Path(__file__).resolve().parent / "corpus"
WORK: Final = ROOT / ".fuzz"

SEED: Final = 20261128
LARGEST: Final = 8192  # a genuine body has some 5 000 bytes
HUNG: Final = 20  # seconds for one request
LONGEST: Final = 180  # seconds for --executions


def main() -> None:
    """Run libFuzzer; it ends the process."""
    options = _options()
    try:
        import atheris  # noqa: PLC0415 - only fuzzing needs it, and only one machine has it
    except ImportError:
        sys.exit("atheris has no wheel for this machine: it is made for Linux on x86-64, Python 3.12 or newer.")
    os.environ |= {"AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "fuzz", "AWS_SECRET_ACCESS_KEY": "fuzz"}
    with atheris.instrument_imports(include=["app", "retention"]):
        from tests.fuzz import inputs  # noqa: PLC0415 - likewise
        from tests.support.forged_requests import Edge  # noqa: PLC0415 - imported here, handler/ is instrumented

        edge = Edge()

    @cache
    def landmark(_door: bytes, _code: str | None) -> Callable[[], None]:
        """Return a function of its own, whose coverage is that this code was reached through this door."""

        def reached() -> None:
            pass

        instrumented: Callable[[], None] = atheris.instrument_func(reached)
        return instrumented

    def one(data: bytes) -> None:
        _, code = inputs.enter(edge, data)
        landmark(data[:1] if data[:1] in inputs.DOORS else b"", code)()

    def mutated(data: bytes, limit: int, seed: int) -> bytes:
        random = Random(seed)
        if random.random() < 0.5:
            try:
                return inputs.changed(data, random)[:limit]
            except (ValueError, RecursionError):
                pass  # it has no structure left to change
        return bytes(atheris.Mutate(data, limit))

    (WORK / "corpus").mkdir(parents=True, exist_ok=True)
    shutil.rmtree(WORK / "run", ignore_errors=True)
    (WORK / "run").mkdir()  # libFuzzer writes what it learns into the first folder it is given
    if options.keep:
        for name, seed in inputs.seeds().items():
            (KEPT / name).write_bytes(seed)
    again = f"{sys.executable} -m fuzz --libfuzzer"
    atheris.Setup([again, *_libfuzzer(options)], one, custom_mutator=mutated)
    atheris.Fuzz()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="fuzz", description="Fuzz the endpoint, body to status.")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--minutes", type=float)
    what.add_argument("--executions", type=int)
    what.add_argument("--replay", type=Path)
    what.add_argument("--keep", action="store_true")
    what.add_argument("--libfuzzer", nargs=argparse.REMAINDER, help="its own arguments: how it calls itself to keep")
    return parser.parse_args()


def _libfuzzer(options: argparse.Namespace) -> list[str]:
    """Return libFuzzer's arguments."""
    # A process starts with the peak of the one that made it, and a run of all tests grows: what counts is an input's.
    memory = ["-rss_limit_mb=0", "-malloc_limit_mb=256"]
    common = [f"-artifact_prefix={WORK}/", f"-max_len={LARGEST}", f"-timeout={HUNG}", *memory]
    learned, kept = str(WORK / "corpus"), str(KEPT)
    if options.replay:
        return [*common, str(options.replay)]
    if options.keep:
        return [*common, "-set_cover_merge=1", kept, learned]
    if options.libfuzzer:
        return list(options.libfuzzer)
    if options.executions:
        limits = (f"-seed={SEED}", f"-runs={options.executions}", f"-max_total_time={LONGEST}")
        return [*common, *limits, str(WORK / "run"), kept]
    return [*common, f"-max_total_time={round(options.minutes * 60)}", learned, kept]


if __name__ == "__main__":
    main()
