"""Ports of this machine, as somebody names them: a number that is one, and a sentence where it cannot be had."""

from __future__ import annotations

import argparse
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from console.simulator.defaults import LAST_PORT
from console.terminal.failure import Failure

LOOPBACK: Final = "127.0.0.1"


def port(text: str) -> int:
    """Read an option of argparse's. 0 is a port: whichever is free."""
    if not text.isdecimal() or len(text) > len(str(LAST_PORT)) or int(text) > LAST_PORT:
        raise argparse.ArgumentTypeError(f"a port is a number from 0 to {LAST_PORT}; 0 finds a free one")
    return int(text)


@contextmanager
def taking(number: int, option: str) -> Iterator[None]:
    """Turn the failure to listen on a port into a Failure that names it and the option that chooses another."""
    try:
        yield
    except OSError as error:
        raise Failure(
            f"Port {number} cannot be had ({error.strerror}): stop what listens there, or name another with {option};"
            " 0 finds a free one."
        ) from None


def check(number: int, option: str) -> None:
    """Raise Failure where nobody could listen on this port: for servers that do not say so themselves."""
    with taking(number, option), socket.socket() as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        tried.bind((LOOPBACK, number))
