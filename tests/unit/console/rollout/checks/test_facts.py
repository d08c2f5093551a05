"""`doctor` finds rules and limits that need facts which the stack does not learn."""

from __future__ import annotations

from dataclasses import replace

import pytest

from console.rollout.checks.facts import facts
from console.rollout.checks.finding import BAD, GOOD, UNKNOWN
from tests.support.apple_in_memory import target_in_memory
from tests.support.doctor_checks import checked, known
from tests.support.owner_file import GOOD as GOOD_FILE
from tests.support.owner_file import document_of

ASKING = document_of(GOOD_FILE.replace("productId: pro.monthly}", "subscription.renewals: 3}"))


@pytest.mark.parametrize(("mode", "verdict"), [("pull", GOOD), ("push", GOOD), ("off", BAD), ("", BAD)])
def test_facts_come_in_where_notifications_are_on(mode: str, verdict: str) -> None:
    """With notifications off, or with a template that has none, the finding names the rule and what to do."""
    target = target_in_memory()
    target = replace(target, stack=replace(target.stack, name="s", notifications=mode))
    [finding], _ = checked(facts, known(document=ASKING, target=target))
    assert (finding.code, finding.verdict) == ("facts", verdict)
    assert ("The rule `one` asks" in finding.found, "Notifications=pull" in finding.advice) == (verdict == BAD,) * 2


def test_without_a_stack_it_is_not_known_whether_facts_come_in() -> None:
    """A table that is named has no parameter to look at."""
    target = target_in_memory()
    for found in (None, replace(target, stack=replace(target.stack, name=""))):
        [finding], _ = checked(facts, known(document=ASKING, target=found))
        assert (finding.code, finding.verdict) == ("facts", UNKNOWN)


def test_a_file_that_asks_for_nothing_has_no_finding() -> None:
    """Notifications may be off where no rule and no limit needs them."""
    assert checked(facts, known(document=document_of(GOOD_FILE), target=target_in_memory()))[0] == []
    assert checked(facts, known())[0] == []
