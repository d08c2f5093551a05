"""What `retention simulator grant` grants: from a file, from options, and from both."""

from __future__ import annotations

from pathlib import Path

import pytest

from console.local.samples import SAMPLE
from console.simulator.accounts import SimulatedApp
from console.simulator.grants import GrantOptions, read_grant
from console.terminal.failure import Failure, Misuse

OPTIONS = GrantOptions("com.example.b", 2, "issuer", "KEY")


def test_a_file_has_app_key_and_products() -> None:
    """A grant from a file has all of its products."""
    found = read_grant(SAMPLE, GrantOptions())
    assert (found.app.app_apple_id, found.app.bundle_id, found.key_id) == (
        6745974591,
        "com.example.trailhead",
        "2X9R4HXF34",
    )
    periods = {product.product_id: product.period for product in found.products}
    assert (periods["trailhead.pro.monthly"], periods["trailhead.pro.annual"]) == ("P1M", "P1Y")
    assert "trailhead.courses" in periods


def test_without_a_file_options_name_app_and_key() -> None:
    """A grant from options alone lists no products, so that every product can be bought."""
    found = read_grant(None, OPTIONS)
    assert (found.app, found.key_id, found.products) == (SimulatedApp(2, "com.example.b", "issuer"), "KEY", ())


def test_an_option_goes_before_the_file() -> None:
    """Each value that an option names replaces the file's; the others stay."""
    found = read_grant(SAMPLE, GrantOptions(key_id="OTHER"))
    assert (found.app.bundle_id, found.key_id) == ("com.example.trailhead", "OTHER")


def test_a_missing_app_is_a_plain_error(tmp_path: Path) -> None:
    """A file without an app, or a missing option, is named in the error."""
    file = tmp_path / "retention.yaml"
    file.write_text("rules: []\n")
    with pytest.raises(Failure, match="names no app"):
        read_grant(file, OPTIONS)
    with pytest.raises(Misuse, match="--key-id"):
        read_grant(None, GrantOptions("com.example.b", 2, "issuer"))
