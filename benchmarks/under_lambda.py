"""Cold starts and warm requests under Lambda's runtime interface emulator, on the built artefacts and one core."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from benchmarks import catalogs, cores
from benchmarks.scene import LARGE_APP, Event, Scene
from benchmarks.timing import turn
from tests.support.real_parts import Artefact, Emulator

Times = dict[str, list[float]]

_INIT: Final = re.compile(r"INIT REPORT\(durationMs: ([0-9.]+)")
_DURATION: Final = re.compile(r"^REPORT RequestId: .*?\tDuration: ([0-9.]+) ms", re.MULTILINE)
_PEAK: Final = re.compile(r"^VmHWM:\s+([0-9]+) kB", re.MULTILINE)
_ESTABLISHED: Final = "01"

# Requests in a row to one environment before the next one's turn. With one request each, the environments would evict
# each other from the CPU's caches, which does not happen to environments with their own vCPU.
BLOCK: Final = 20

# Lambda's file system is read-only, so no run leaves bytecode for the next one. The long timeout lets a slow machine
# finish.
_CONDITIONS: Final = {"PYTHONDONTWRITEBYTECODE": "1", "AWS_LAMBDA_FUNCTION_TIMEOUT": "30"}
_CHECKED_REQUESTS: Final = 3

# A stopped process still frees its memory, and would use the next one's core for about 50 ms.
_SETTLE_SECONDS: Final = 0.3


@dataclass(frozen=True, slots=True)
class Contestant:
    """One artefact with its environment variables."""

    name: str
    artefact: Artefact
    handler: str
    variables: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Environment:
    """One running environment of a contestant."""

    emulator: Emulator
    mark: str = field(repr=False)

    def answer(self, event: Event) -> float:
        """Send one request and return the seconds until its answer. Raises RuntimeError unless that is a 200."""
        begun = time.perf_counter()
        answer = self.emulator.invoke(event)
        seconds = time.perf_counter() - begun
        if answer.get("statusCode") != 200:
            raise RuntimeError(f"the answer should be 200, but is {answer}\n{self.emulator.log}")
        return seconds

    @property
    def init_seconds(self) -> float:
        """The duration of init in seconds, as the runtime reports it."""
        return float(_INIT.findall(self.emulator.log)[-1]) / 1000

    @property
    def durations(self) -> list[float]:
        """The durations of all requests so far in seconds, as the runtime reports them."""
        return [float(found) / 1000 for found in _DURATION.findall(self.emulator.log)]

    @property
    def peak_bytes(self) -> int:
        """The peak memory of the function's process, in bytes."""
        return int(_PEAK.findall((self._process / "status").read_text())[0]) * 1024

    @property
    def connections(self) -> int:
        """The number of open TCP connections of the function's process, including the one to the runtime interface."""
        established = set()
        for line in (self._process / "net" / "tcp").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == _ESTABLISHED:
                established.add(f"socket:[{fields[9]}]")
        return sum(_link(descriptor) in established for descriptor in (self._process / "fd").iterdir())

    @property
    def _process(self) -> Path:
        """The folder in /proc of the function's process: the Python process that has our mark in its variables."""
        for folder in Path("/proc").iterdir():
            if (
                folder.name.isdigit()
                and Path(_link(folder / "exe")).name.startswith("python")
                and self._is_marked(folder)
            ):
                return folder
        raise RuntimeError("the function's process is gone")

    def _is_marked(self, folder: Path) -> bool:
        try:
            return self.mark.encode() in (folder / "environ").read_bytes()
        except OSError:
            return False


def _link(path: Path) -> str:
    try:
        return str(path.readlink())
    except OSError:
        return ""


@contextmanager
def environment(contestant: Contestant) -> Iterator[Environment]:
    """Give an environment, which starts with its first request."""
    mark = f"BENCHMARK_ENVIRONMENT={uuid.uuid4()}"
    variables = {**contestant.variables, **_CONDITIONS, **dict([mark.split("=")])}
    emulator = Emulator(contestant.artefact, variables, handler=contestant.handler)
    with cores.on(cores.MEASURED):
        emulator.__enter__()
    try:
        yield Environment(emulator, mark)
    finally:
        emulator.__exit__()


def cold(contestants: list[Contestant], scene: Scene, rounds: int, tick: Callable[[], None]) -> tuple[Times, Times]:
    """Return contestant → seconds from process start to the first 200, and contestant → seconds of init."""
    first: Times = {contestant.name: [] for contestant in contestants}
    init: Times = {contestant.name: [] for contestant in contestants}
    for number in range(rounds + 1):
        for contestant in turn(number, contestants):
            time.sleep(_SETTLE_SECONDS)
            with environment(contestant) as running:
                seconds = running.answer(scene.event())
                if number:  # the first round only brings the files into the machine's cache
                    first[contestant.name].append(seconds)
                    init[contestant.name].append(running.init_seconds)
            tick()
    return first, init


def warm(
    contestants: list[Contestant], scene: Scene, rounds: int, tick: Callable[[], None]
) -> tuple[Times, dict[str, int]]:
    """Return contestant → seconds of each warm request, by the runtime, and contestant → peak memory in bytes."""
    with ExitStack() as stack:
        running = {contestant.name: stack.enter_context(environment(contestant)) for contestant in contestants}
        for function in running.values():
            for _ in range(_CHECKED_REQUESTS):
                function.answer(scene.event())
        for number in range(rounds):
            for function in turn(number, running.values()):
                for _ in range(BLOCK):
                    function.answer(scene.event())
            tick()
        times = {name: function.durations[-rounds * BLOCK :] for name, function in running.items()}
        return times, {name: function.peak_bytes for name, function in running.items()}


def peak_of_all_products(contestant: Contestant, scene: Scene) -> int:
    """Return the peak memory in bytes after a request for every product of the large catalog."""
    variables = {**contestant.variables, "RETENTION_APP_APPLE_IDS": str(LARGE_APP)}
    with environment(replace(contestant, variables=variables)) as function:
        for number in range(catalogs.LARGE.products):
            function.answer(scene.event(LARGE_APP, catalogs.product_id(number)))
        return function.peak_bytes


@contextmanager
def idling(contestant: Contestant, scene: Scene, environments: int) -> Iterator[list[Environment]]:
    """Give environments that have answered requests and are now idle."""
    with ExitStack() as stack:
        running = [stack.enter_context(environment(contestant)) for _ in range(environments)]
        for function in running:
            for _ in range(_CHECKED_REQUESTS):
                function.answer(scene.event())
        yield running


def after_idling(running: list[Environment], scene: Scene) -> tuple[list[float], bool]:
    """Return the duration of each environment's first request after idling, and whether its connections were closed."""
    # The remaining one is the runtime's.
    gone = all(function.connections <= 1 for function in running)
    for function in running:
        function.answer(scene.event())
    return [function.durations[-1] for function in running], gone
