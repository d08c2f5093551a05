"""What `retention simulator grant` grants: by a file, by options, and by both."""

from __future__ import annotations

from pathlib import Path

import pytest

from console.local.samples import SAMPLE
from console.simulator.accounts import SimulatedApp
from console.simulator.grants import GrantOptions, read_grant
from console.terminal.failure import Failure, Misuse

OPTIONS = GrantOptions("com.example.b", 2, "issuer", "KEY")


def test_a_file_names_app_key_and_products() -> None:
    """All of them, in the file's order."""
    found = read_grant(SAMPLE, GrantOptions())
    assert (found.app.app_apple_id, found.app.bundle_id, found.key_id) == (
        6745974591,
        "com.example.trailhead",
        "2X9R4HXF34",
    )
    assert "trailhead.courses" in {product.product_id for product in found.products}


def test_options_name_them_without_a_file() -> None:
    """Then every product can be bought."""
    found = read_grant(None, OPTIONS)
    assert (found.app, found.key_id, found.products) == (SimulatedApp(2, "com.example.b", "issuer"), "KEY", ())


def test_options_go_before_the_file() -> None:
    """Each by itself."""
    found = read_grant(SAMPLE, GrantOptions(key_id="OTHER"))
    assert (found.app.bundle_id, found.key_id) == ("com.example.trailhead", "OTHER")


def test_what_is_not_named_is_asked_for(tmp_path: Path) -> None:
    """A file without an app, and options that leave one out."""
    file = tmp_path / "retention.yaml"
    file.write_text("rules: []\n")
    with pytest.raises(Failure, match="names no app"):
        read_grant(file, OPTIONS)
    with pytest.raises(Misuse, match="--key-id"):
        read_grant(None, GrantOptions("com.example.b", 2, "issuer"))
