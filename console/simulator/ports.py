"""Ports of this machine that a user names with an option: check the number, and explain why a port cannot be used."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from console.terminal.failure import Failure

LOOPBACK: Final = "127.0.0.1"


def port(text: str) -> int:
    """Read the value of an argparse option: a port, or 0 for any free one."""
    if not text.isdecimal() or len(text) > len(str(LAST_PORT)) or int(text) > LAST_PORT:
        raise argparse.ArgumentTypeError(f"a port is a number from 0 to {LAST_PORT}; 0 finds a free one")
    return int(text)


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
