"""A simulator's directory, clock and settings."""

from __future__ import annotations

from pathlib import Path

import pytest
from retention.request import PRODUCTION, SANDBOX

from console.simulator.authority import Authority
from console.simulator.simulator import COMMITTED_AUTHORITY, Simulator, TestConfig
from tests.support.simulated_app import NOW


def test_a_new_simulator_signs_with_a_copy_of_the_committed_authority(tmp_path: Path) -> None:
    """Without an authority of its own, a simulator signs with the test authority, and keeps a copy of it."""
    with Simulator.open(tmp_path / "new" / "simulator") as simulator:
        assert simulator.authority.fingerprint == Authority.load(COMMITTED_AUTHORITY).fingerprint
    assert Authority.load(tmp_path / "new" / "simulator" / "authority").fingerprint == simulator.authority.fingerprint


def test_a_simulator_keeps_the_authority_that_it_began_with(tmp_path: Path) -> None:
    """A directory that has an authority keeps it, also if another one is named when it is opened again."""
    own = Authority.create("Own Root CA")
    own.save(tmp_path / "own")
    with Simulator.open(tmp_path / "simulator", authority=tmp_path / "own"):
        pass
    with Simulator.open(tmp_path / "simulator", authority=COMMITTED_AUTHORITY) as simulator:
        assert simulator.authority.fingerprint == own.fingerprint


def test_a_folder_without_an_authority_is_refused(tmp_path: Path) -> None:
    """A folder that has no authority raises an error, and is not made into one."""
    with pytest.raises((OSError, ValueError)):
        Simulator.open(tmp_path / "simulator", authority=tmp_path / "empty")
    assert not (tmp_path / "simulator" / "authority").exists()


def test_an_advance_is_kept(tmp_path: Path) -> None:
    """Advances add up, and hold after the simulator is opened again; the wall clock does not move."""
    with Simulator.open(tmp_path, clock=lambda: NOW, wall=lambda: NOW) as simulator:
        assert [simulator.now(), simulator.advance(60), simulator.advance(0.5)] == [NOW, NOW + 60, NOW + 60.5]
    with Simulator.open(tmp_path, clock=lambda: NOW, wall=lambda: NOW) as simulator:
        assert (simulator.now(), simulator.wall()) == (NOW + 60.5, NOW)


def test_the_data_of_an_app_is_kept_by_environment(tmp_path: Path) -> None:
    """The data of one environment is not that of the other, and is there when the simulator is opened again."""
    with Simulator.open(tmp_path) as simulator:
        simulator.app_data(1, SANDBOX).set_realtime_url("https://a.example/")
    with Simulator.open(tmp_path) as simulator:
        urls = [simulator.app_data(1, environment).realtime_url for environment in (SANDBOX, PRODUCTION)]
    assert urls == ["https://a.example/", None]


def test_the_configuration_of_a_test_has_apples_names() -> None:
    """A TestConfig is a PerformanceTestConfig, whose threshold is Apple's time limit unless it is set."""
    assert TestConfig(2, 20, 1000).document() == {
        "maxConcurrentRequests": 2,
        "totalRequests": 20,
        "totalDuration": 1000,
        "responseTimeThreshold": 700,
        "successRateThreshold": 95,
    }
