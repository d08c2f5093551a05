"""What experiments plan, as documents that can be compared."""

from __future__ import annotations

from console.file.plans import plan_document, plans_of
from tests.support.owner_file import FULL, document_of

PLANNED = FULL.replace("key: trial\n", "key: trial\n      control: other\n      plan: {metric: kept, customers: 100}\n")


def test_a_plan_is_a_document() -> None:
    """It has the key, the control, the names of the arms, and the plan with its defaults."""
    assert plans_of(document_of(PLANNED)) == {
        "trial": {
            "key": "trial",
            "control": "other",
            "arms": ["control", "other"],
            "plan": {"metric": "kept", "horizonDays": 30, "customers": 100, "guardrails": []},
        }
    }


def test_shares_are_no_part_of_a_plan() -> None:
    """They may change while it runs: the report then weighs the times between the changes."""
    [one] = document_of(PLANNED).experiments.values()
    [other] = document_of(
        PLANNED.replace("weight: 50", "weight: 20", 1).replace("other: {weight: 50", "other: {weight: 80")
    ).experiments.values()
    assert one.shares != other.shares
    assert plan_document(one) == plan_document(other)


def test_an_experiment_without_a_plan_has_a_control() -> None:
    """It is the first arm."""
    [found] = plans_of(document_of(FULL)).values()
    assert (found["control"], found["plan"]) == ("control", None)
