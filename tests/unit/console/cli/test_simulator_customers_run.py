"""The steps of `simulator customers`: only a stack on this machine is played against."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from console.cli import simulator_customers_run
from console.cli.simulator_customers_run import run
from console.deployment.where import Where
from console.local.simulated_customers import Played
from console.simulator.scripted.reading import read_script
from console.terminal import shell
from console.terminal.failure import Failure
from console.terminal.output import Output
from tests.support.called_verb import Recorded
from tests.support.simulator_operator import SAMPLE, granted_operator

AT = datetime(2026, 12, 1, tzinfo=UTC)
PLAYED = Played((), 0, 0, 3, AT, AT)


def started(tmp_path: Path, where: Where) -> None:
    run(read_script("no-effect"), 5, 2, AT, where, tmp_path / "simulator", tmp_path / "logs", Output())


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> tuple[Recorded, Recorded]:
    """Replace the target and the play; the simulator has the sample's app."""
    granted_operator(tmp_path)
    target = SimpleNamespace(app_table="rows", environment="Sandbox")
    looked, played = Recorded(target), Recorded(PLAYED)
    monkeypatch.setattr(simulator_customers_run, "find_target", looked)
    monkeypatch.setattr(simulator_customers_run, "play", played)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setattr(shell, "GIVEN", {})
    return looked, played


@pytest.mark.parametrize(
    ("option", "given", "address"),
    [
        ("http://127.0.0.1:9001", {}, "http://127.0.0.1:9001"),
        (None, {"AWS_ENDPOINT_URL": "http://127.0.0.1:9002"}, "http://127.0.0.1:9002"),
        (None, {}, "http://127.0.0.1:8000"),
    ],
)
def test_the_stack_that_is_meant(
    found: tuple[Recorded, Recorded],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    option: str | None,
    given: dict[str, str],
    address: str,
) -> None:
    """An option, else the variable that `make sandbox` prints, else its usual address; the environment is `sandbox`."""
    monkeypatch.setattr(shell, "GIVEN", given)
    looked, played = found
    where = Where(file=SAMPLE, endpoint_url=option)
    started(tmp_path, where)
    assert looked.given[0][0] == replace(where, env="sandbox", endpoint_url=address)
    [(at, options, folder, _)] = played.given
    assert (at.app.bundle_id, at.environment, at.endpoint_url) == ("com.example.trailhead", "Sandbox", address)
    assert (options.count, options.seed, options.starts) == (5, 2, AT)
    assert folder == tmp_path / "logs"


@pytest.mark.parametrize("address", ["https://dynamodb.us-east-1.amazonaws.com", "http://10.0.0.7:8000", "nonsense"])
def test_a_stack_elsewhere(found: tuple[Recorded, Recorded], tmp_path: Path, address: str) -> None:
    """Simulated customers never meet a stack that is not on this machine."""
    with pytest.raises(Failure, match="not on this machine"):
        started(tmp_path, Where(file=SAMPLE, endpoint_url=address))
    looked, played = found
    assert (looked.given, played.given) == ([], [])
