"""Requests to execution environments: what an answer must be, and which rounds are counted."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from benchmarks import under_lambda
from benchmarks.under_lambda import BLOCK, Contestant, Environment
from tests.support.real_parts import Artefact

BUILT = Artefact(Path("/build/Function"), Path("/build/Layer"), Path("/build/template.yaml"))
CONTESTANTS = [Contestant(name, BUILT, "app.handler", {}) for name in ("ours", "reference")]
LOG = """\
INIT REPORT(durationMs: 118.5)
REPORT RequestId: 1\tDuration: 7.25 ms\tBilled Duration: 8 ms
{"message": "Duration: 3 ms"}
REPORT RequestId: 2\tDuration: 2.5 ms\tBilled Duration: 3 ms
"""


class PreparedEmulator:
    """Answers each event, and has a log."""

    def __init__(self, status: int = 200, log: str = LOG) -> None:
        self.status, self.log = status, log
        self.events: list[Any] = []

    def invoke(self, event: Any) -> dict[str, Any]:
        self.events.append(event)
        return {"statusCode": self.status}


def environment(prepared: Any, mark: str = "BENCHMARK_ENVIRONMENT=none") -> Environment:
    return Environment(prepared, mark)


def test_the_runtimes_own_times_are_read_from_its_log() -> None:
    """Init and each request have the duration that the runtime reports, in seconds; log lines do not count."""
    running = environment(PreparedEmulator())
    assert running.init_seconds == 0.1185
    assert running.durations == [0.00725, 0.0025]


def test_only_a_200_is_measured() -> None:
    """Any other answer ends the benchmark with the answer and the log."""
    emulator = PreparedEmulator()
    assert environment(emulator).answer({"body": "{}"}) >= 0
    assert emulator.events == [{"body": "{}"}]
    with pytest.raises(RuntimeError, match=r"'statusCode': 401[\s\S]*INIT REPORT"):
        environment(PreparedEmulator(401)).answer({})


TCP = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 101 1
   1: 0100007F:1F91 0100007F:1F90 01 00000000:00000000 00:00000000 00000000     0        0 102 1
   2: 0100007F:1F92 0100007F:1F90 01 00000000:00000000 00:00000000 00000000     0        0 103 1
"""


@pytest.fixture
def processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in the place of /proc, with two processes of which number 17 has the mark of an environment."""
    monkeypatch.setattr(under_lambda, "Path", lambda name: tmp_path if name == "/proc" else Path(name))
    for number, variables in (("12", b"A=1\0"), ("17", b"A=1\0BENCHMARK_ENVIRONMENT=7\0")):
        folder = tmp_path / number
        (folder / "fd").mkdir(parents=True)
        (folder / "net").mkdir()
        (folder / "exe").symlink_to("/usr/bin/python3.13")
        (folder / "environ").write_bytes(variables)
        (folder / "status").write_text(f"VmPeak:\t  9000 kB\nVmHWM:\t  {number} kB\n")
        (folder / "net" / "tcp").write_text(TCP)
        for descriptor, target in enumerate(("/dev/null", "socket:[101]", "socket:[102]", "socket:[999]")):
            (folder / "fd" / str(descriptor)).symlink_to(target)
    (tmp_path / "self").symlink_to("12")
    return tmp_path


def test_the_functions_process_is_found_by_its_mark(processes: Path) -> None:
    """Peak memory is that of the process with the environment's mark; its established connections are counted."""
    running = environment(PreparedEmulator(), "BENCHMARK_ENVIRONMENT=7")
    assert (processes / "17").is_dir()
    assert running.peak_bytes == 17 * 1024
    assert running.connections == 1


@pytest.mark.usefixtures("processes")
def test_a_process_that_is_gone_is_reported() -> None:
    """If no process has the environment's mark, its memory cannot be read."""
    with pytest.raises(RuntimeError, match="process is gone"):
        _ = environment(PreparedEmulator()).peak_bytes


class Requests:
    """In the place of a scene: its events are numbers."""

    def __init__(self) -> None:
        self.number = 0

    def event(self) -> int:
        self.number += 1
        return self.number


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the contestants whose environments were started, in order."""
    names: list[str] = []

    @contextmanager
    def start(contestant: Contestant) -> Iterator[Environment]:
        names.append(contestant.name)
        yield environment(PreparedEmulator(log=LOG + LOG.splitlines(keepends=True)[1] * BLOCK * 5))

    monkeypatch.setattr(under_lambda, "environment", start)
    monkeypatch.setattr(time, "sleep", lambda _: None)
    monkeypatch.setattr(Environment, "peak_bytes", 7)
    return names


def test_the_first_cold_round_is_not_counted(started: list[str]) -> None:
    """Contestants start in turns, once more than is counted, with a new environment and a new request each time."""
    scene: Any = Requests()
    ticks: list[None] = []
    first, init = under_lambda.cold(CONTESTANTS, scene, 2, lambda: ticks.append(None))
    assert started == ["ours", "reference", "reference", "ours", "ours", "reference"]
    assert {name: len(seconds) for name, seconds in first.items()} == {"ours": 2, "reference": 2}
    assert init == {"ours": [0.1185] * 2, "reference": [0.1185] * 2}
    assert scene.number == len(ticks) == 6


def test_warm_requests_come_in_blocks(started: list[str]) -> None:
    """After three requests that are not counted, each round has a block for each environment, which stays the same."""
    scene: Any = Requests()
    times, peak = under_lambda.warm(CONTESTANTS, scene, 3, lambda: None)
    assert started == ["ours", "reference"]
    assert {name: len(seconds) for name, seconds in times.items()} == {"ours": 3 * BLOCK, "reference": 3 * BLOCK}
    assert scene.number == 2 * (3 + 3 * BLOCK)
    assert peak == {"ours": 7, "reference": 7}
