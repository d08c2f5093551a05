"""`retention simulator serve`, as an operator types it; the other verbs start no server and are in tests/unit."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from console.cli.simulator import simulator
from console.terminal.failure import Failure
from tests.support.simulator_operator import Operator, granted_operator


@pytest.fixture
def operator(tmp_path: Path) -> Operator:
    return granted_operator(tmp_path)


def test_a_port_that_is_taken(operator: Operator) -> None:
    """`serve` on a port in use fails, and names --port."""
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(Failure, match="another with --port"):
        operator("serve", "--port", str(taken.getsockname()[1]))


def test_serving(operator: Operator, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    """`serve` prints both base URLs, serves until interrupted, and reports that the data is kept."""

    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("console.simulator.server.Server.serve_forever", interrupted)
    result = CliRunner().invoke(simulator, ["serve", "--port", "0", "--directory", str(operator.directory)])
    assert result.exit_code == 0
    for line in ("/sandbox", "/production", "data is kept"):
        assert line in result.stderr
    assert capfd.readouterr().out == ""
