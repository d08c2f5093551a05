"""A check of what the file asks of Apple's notifications, and whether the stack takes them in."""

from __future__ import annotations

from console.file.asked_of_apple import asked_of_apple
from console.rollout.checks.finding import BAD, GOOD, Finding, not_looked
from console.rollout.checks.known import Known, Step
from console.rollout.unlearned_facts import ADVICE, unlearned_facts


def facts(known: Known) -> Step:
    """Find out whether the stack learns the facts that rules and limits need. Yields nothing where none does."""
    if known.document is None or not asked_of_apple(known.document):
        return known
    learns = None if known.target is None else known.target.stack.learns
    unlearned = unlearned_facts(known.document)
    if learns is None:
        yield not_looked("facts", "whether facts from Apple come in", "the stack")
    elif learns or unlearned is None:
        yield Finding("facts", GOOD, "The stack takes in the notifications that `subscription.*` facts come from.")
    else:
        yield Finding("facts", BAD, unlearned, ADVICE)
    return known
