"""Which texts are a port for `make serve` and `make sandbox`."""

from __future__ import annotations

import argparse

import pytest

from console.local.ports import port


@pytest.mark.parametrize(("text", "number"), [("0", 0), ("8080", 8080), ("65535", 65535), ("00080", 80)])
def test_a_number_up_to_65535_is_a_port(text: str, number: int) -> None:
    """0 finds a free one."""
    assert port(text) == number


@pytest.mark.parametrize("text", ["", "-1", "65536", "8080x", "1e3", "9" * 5000])
def test_anything_else_is_none(text: str) -> None:
    """Whatever its length, it is refused with the range."""
    with pytest.raises(argparse.ArgumentTypeError, match="from 0 to 65535"):
        port(text)
