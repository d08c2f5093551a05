"""A port that a server cannot use: the error names it, and the option that chooses another."""

from __future__ import annotations

import socket

import pytest

from console.simulator.ports import LOOPBACK, check_port, naming_the_port
from console.terminal.failure import Failure


def test_a_failure_to_use_a_port_names_port_and_option() -> None:
    """An OSError becomes a Failure with the port, the system's reason, and the option."""
    with pytest.raises(Failure) as caught, naming_the_port(8700, "--port"):
        raise OSError(98, "Address already in use")
    assert str(caught.value).startswith("Port 8700 cannot be used (Address already in use): ")
    assert "name another with --port" in str(caught.value)


def test_other_errors_pass_through() -> None:
    """An error that is not the system's keeps its own type."""
    with pytest.raises(ValueError, match="other"), naming_the_port(8700, "--port"):
        raise ValueError("other")


def test_a_port_is_checked_before_a_server_starts() -> None:
    """A port that another socket has is refused; after that socket is closed, it can be used."""
    with socket.socket() as holder:
        holder.bind((LOOPBACK, 0))
        number = holder.getsockname()[1]
        with pytest.raises(Failure, match=f"Port {number} cannot be used"):
            check_port(number, "--port")
    check_port(number, "--port")
