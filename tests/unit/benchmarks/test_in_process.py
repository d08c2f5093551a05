"""What is measured in one process: like is compared with like, and a wrong scene ends the benchmark."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from retention.jws import SignedPayloadVerifier

from benchmarks import in_process
from benchmarks.catalogs import EVERYWHERE, SMALL
from benchmarks.scene import SMALL_APP, Scene
from console.simulator.authority import Authority

SCENE = Scene("http://127.0.0.1:8000", None, Authority.create("Scene Root CA"), {})
ROOTS = [SCENE.authority.root_der]


def test_both_verifiers_read_the_same_claims() -> None:
    """Ours and Apple's library, whose times are compared, return the same claims of a token."""
    token = SCENE.token()
    apples = in_process._claims_of(in_process._apples(ROOTS), token)
    assert SignedPayloadVerifier(ROOTS).verify(token, datetime.now(UTC)) == apples


def test_the_bare_verification_is_of_the_leafs_own_signature() -> None:
    """The bare ECDSA verification passes: the library raises an exception for any other signature."""
    verify = in_process._bare(SCENE)
    for _ in range(2):
        verify()


class PreparedStore:
    """In the place of the store: each look-up finds a sheet with `rules` rules."""

    def __init__(self, rules: int, degraded: list[str]) -> None:
        names = [SimpleNamespace(name=f"rule {number}") for number in range(rules)]
        catalog = SimpleNamespace(sheet=SimpleNamespace(rules=names))
        self.loaded = SimpleNamespace(catalog=catalog, degraded=degraded)
        self.asked: list[tuple[int, str, str]] = []

    def catalog(self, app_apple_id: int, product: str, locale: str, _deadline: object) -> SimpleNamespace:
        self.asked.append((app_apple_id, product, locale))
        return self.loaded


@pytest.mark.parametrize("shape", [SMALL, EVERYWHERE], ids=["small", "everywhere"])
def test_a_lookup_of_the_published_sheet_is_measured(shape: Any) -> None:
    """A sheet with the shape's own and shared rules is returned, and its last rule is the one that answers."""
    store: Any = PreparedStore(shape.rules + shape.shared, [])
    loaded = in_process.looked_up(store, SMALL_APP, "p", shape)
    assert store.asked == [(SMALL_APP, "p", "en-US")]
    assert in_process._last_rule(loaded.catalog) == f"rule {shape.rules + shape.shared - 1}"


@pytest.mark.parametrize(
    ("rules", "degraded"), [(SMALL.rules - 1, []), (SMALL.rules, ["CatalogStale"])], ids=["a missing rule", "degraded"]
)
def test_a_lookup_of_another_sheet_ends_the_benchmark(rules: int, degraded: list[str]) -> None:
    """If the table has not what was published, or the look-up was degraded, nothing is measured."""
    store: Any = PreparedStore(rules, degraded)
    with pytest.raises(RuntimeError, match="differs from the published one"):
        in_process.looked_up(store, SMALL_APP, "p", SMALL)


def test_output_is_discarded_within_the_block_only(capfd: pytest.CaptureFixture[str]) -> None:
    """What is written to file descriptor 1 in the block is discarded, and what follows is shown."""
    with in_process.discarded_output():
        os.write(1, b"a log line\n")
    os.write(1, b"the result\n")
    assert capfd.readouterr().out == "the result\n"
