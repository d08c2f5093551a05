"""No forged, damaged or foreign notification changes a row."""

from __future__ import annotations

import os
from collections import Counter

import pytest
from retention.notifications.fates import Fate
from retention.notifications.intake import PUSH

from tests.support import reliability_page
from tests.support.edited_notifications import BODY, KINDS, TOKEN, made
from tests.support.forged_requests import AUTHORITY
from tests.support.intake_on_fakes import IntakeOnFakes

SEED = os.environ.get("EDITS_SEED", "20261130")
EDITS = reliability_page.size(100_000, 2_000)
FATES = (Fate.FORGED, Fate.OTHER_APP, Fate.PARKED, Fate.DELAYED, Fate.IGNORED, Fate.MERGED)


def fakes() -> IntakeOnFakes:
    return IntakeOnFakes(roots=[AUTHORITY.root_der])


def test_the_genuine_notification_changes_a_row() -> None:
    """The notification that is edited is read and kept."""
    assert fakes().take(BODY) == fakes().take(TOKEN) == ["merged"]


def test_random_edits_change_no_row() -> None:
    """Each random edit leaves the table as it was, unless the App Store signed all that is in it."""
    stack = fakes()
    intake = stack.intake()
    counts: dict[str, Counter[Fate]] = {kind: Counter() for kind in KINDS}
    genuine = 0
    for number in range(EDITS):
        kind, seed = list(KINDS)[number % len(KINDS)], f"{SEED}/{number}"
        posted = made(kind, seed)
        if number // len(KINDS) % 2:
            intake.verifier.forget()  # each kind meets a verifier with the genuine chain in memory, and one without
        [verdict] = intake.take_all([posted.text], PUSH)
        wrote, what = bool(stack.table.sent), f"{verdict} for made({kind!r}, {seed!r})"
        assert not wrote or posted.harmless, what
        assert verdict.fate is not Fate.PARKED or verdict.reason.islower(), f"a bug: {what}"
        counts[kind][verdict.fate] += 1
        genuine += wrote
        stack = fakes() if wrote else stack
        intake = stack.intake() if wrote else intake
        stack.parked.bodies.clear()
    text = (
        f"{EDITS} edits of a genuine notification, with its two tokens inside, seed {SEED}, half of them judged by a "
        "verifier that had just seen the genuine chain. Not one that was forged, damaged or of others changed a row. "
        f"{genuine} changed the row of a customer and are no forgeries: all they held was signed by the App Store, or "
        "the edit of the envelope was signed with the leaf's own key, which no attacker has. What is authentic and "
        "not understood is parked; none met a bug."
    )
    rows = [(kind, counted.total(), *(counted[fate] for fate in FATES)) for kind, counted in counts.items()]
    assert sum(counted[fate] for counted in counts.values() for fate in FATES) == EDITS
    reliability_page.keep(
        "notification_edits", text, ("what was edited", "tried", *(fate.value for fate in FATES)), rows
    )


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_makes_the_same_edit(kind: str) -> None:
    """The same seed makes the same edit, so that a reported edit can be made again."""
    assert made(kind, SEED) == made(kind, SEED)
