"""Published vectors: the slot of each customer, and the arm that has it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from retention.catalog import Answer, Arm, Experiment
from retention.decision import ARMS, HOLDOUT, LAYER, TRAFFIC, arm_at, hash_customer, slot_of

VECTORS: dict[str, Any] = json.loads((Path(__file__).parent / "cases" / "slots.json").read_text())
PURPOSES = {"arms": ARMS, "traffic": TRAFFIC, "layer": LAYER, "holdout": HOLDOUT}
PAGE = (Path(__file__).parents[2] / "docs" / "rules.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("vector", VECTORS["vectors"])
def test_customer_hash_and_slot_are_the_published_ones(vector: dict[str, Any]) -> None:
    """A customer's hash and slot are those of the published vectors."""
    found = hash_customer(bytes.fromhex(vector["customerKey"]), vector["originalTransactionId"])
    assert found == vector["customerHash"]
    assert slot_of(vector["experiment"], found) == vector["slot"]


@pytest.mark.parametrize("case", VECTORS["arms"])
def test_arms_hold_contiguous_slots_in_file_order(case: dict[str, Any]) -> None:
    """Arms take contiguous slots in the order they are written, and an arm without weight takes none."""
    nothing = Answer("fallback", "", {})
    experiment = Experiment("key", tuple(Arm(name, slots, nothing) for name, slots in case["arms"]))
    for slot, name in case["at"]:
        assert arm_at(experiment, slot).name == name


@pytest.mark.parametrize("vector", VECTORS["vectors"])
def test_vectors_are_published(vector: dict[str, Any]) -> None:
    """docs/rules.md publishes every vector."""
    assert f"| `{vector['customerHash']}` | {vector['slot']} |" in PAGE


@pytest.mark.parametrize("vector", VECTORS["purposes"])
def test_each_purpose_has_the_published_slots(vector: dict[str, Any]) -> None:
    """Traffic, layers and the holdout have the slots of the published vectors, which docs/rules.md has too."""
    found = hash_customer(bytes.fromhex(vector["customerKey"]), vector["originalTransactionId"])
    purpose = PURPOSES[vector["purpose"]]
    assert found == vector["customerHash"]
    assert slot_of(vector["name"], found, purpose) == vector["slot"]
    named = f"| {vector['purpose']}, 0x{purpose.hex()} | `{vector['name']}` | {vector['slot']} |"
    assert f"| `{vector['originalTransactionId']}` {named}" in PAGE
