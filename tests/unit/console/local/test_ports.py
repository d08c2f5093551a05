"""Which texts are a port number for `make serve` and `make sandbox`."""

from __future__ import annotations

import argparse

import pytest

from console.local.ports import port


@pytest.mark.parametrize(("text", "number"), [("0", 0), ("8080", 8080), ("65535", 65535), ("00080", 80)])
def test_a_number_up_to_65535_is_a_port(text: str, number: int) -> None:
    """Every number from 0 to 65535 is accepted; with 0 the system chooses a free port."""
    assert port(text) == number


@pytest.mark.parametrize("text", ["", "-1", "65536", "8080x", "1e3", "9" * 5000])
def test_any_other_text_is_refused(text: str) -> None:
    """The error names the range of ports, for a text of any length."""
    with pytest.raises(argparse.ArgumentTypeError, match="from 0 to 65535"):
        port(text)
