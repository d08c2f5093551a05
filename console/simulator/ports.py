"""Ports of this machine: explain why a server cannot listen on the one that was named."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from console.terminal.failure import Failure

LOOPBACK: Final = "127.0.0.1"


@contextmanager
def naming_the_port(number: int, option: str) -> Iterator[None]:
    """Turn the failure to listen on a port into a Failure that names it and the option that chooses another."""
    try:
        yield
    except OSError as error:
        raise Failure(
            f"Port {number} cannot be used ({error.strerror}): stop what listens there, or name another with {option};"
            " 0 finds a free one."
        ) from None


def check_port(number: int, option: str) -> None:
    """Raise Failure if no server could listen on this port. For servers that do not report it themselves."""
    with naming_the_port(number, option), socket.socket() as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        tried.bind((LOOPBACK, number))
