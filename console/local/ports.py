"""Ports as `make serve` and `make sandbox` take them: a type for argparse."""

from __future__ import annotations

import argparse

from console.terminal.addresses import LAST_PORT


def port(text: str) -> int:
    """Return the port that `text` names; 0 finds a free one. Raises argparse's error, which exits with 2."""
    if not text.isdecimal() or len(text) > len(str(LAST_PORT)) or int(text) > LAST_PORT:
        raise argparse.ArgumentTypeError(f"a port is a number from 0 to {LAST_PORT}; 0 finds a free one")
    return int(text)
