"""The outcomes of simulated customers are read from their notifications without a mistake."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final

import pytest
from retention.notifications import customers

from console.decisions.outcome_log import LoggedOutcome, logged_outcome
from console.decisions.outcomes import Exposure, became
from console.simulator.authority import Authority
from console.simulator.simulator import COMMITTED_AUTHORITY
from console.simulator.subscriptions.billing_periods import DAY
from console.simulator.subscriptions.notification_claims import signed
from tests.support.intake_on_fakes import IntakeOnFakes
from tests.support.random_lives import Step, random_life
from tests.support.reliability_page import keep, size
from tests.support.simulated_lives import SELLER
from tests.support.true_outcomes import true_outcome

LIVES: Final = size(3_000, 150)
THINGS: Final = 25  # at most so many happen in a life
WINDOWS: Final = (DAY, 7 * DAY, 45 * DAY, 400 * DAY)
PERSON: Final = "2000000000000007"


def outcomes_of(steps: list[Step], authority: Authority, random: Random) -> list[LoggedOutcome]:
    """Return what is read back from the lines that a life's notifications leave, shuffled and some sent twice."""
    sent = [signed(event, authority, f"7e3f0c52-91a4-4c8e-b0d5-{place:012}") for place, (_, event) in enumerate(steps)]
    texts = [notification.signed_payload for notification in sent]
    texts += [text for text in texts if random.random() < 0.3]
    random.shuffle(texts)
    intake = IntakeOnFakes(
        environment=SELLER.environment,
        roots=[authority.root_der],
        now=datetime.fromtimestamp(steps[-1][1].signed_date / 1000, UTC) + timedelta(seconds=1),
    )
    while texts:
        count = random.randint(1, 10)
        fates = intake.take(*texts[:count])
        assert set(fates) <= {"merged", "nothing new"}, fates
        texts = texts[count:]
    lines = [fields for _, _, fields in intake.lines.reported]
    return [outcome for fields in lines if (outcome := logged_outcome(fields)) is not None]


def exposures(steps: list[Step], random: Random) -> list[int]:
    """Return instants (UNIX milliseconds) at which the App Store could ask: the subscription is active and renews."""
    found = []
    for place, (subscription, event) in enumerate(steps):
        following = steps[place + 1][1].signed_date if place + 1 < len(steps) else event.signed_date + 10 * DAY
        if subscription.status == 1 and subscription.renewal.on and following - event.signed_date > 1:
            found.append(random.randrange(event.signed_date, following - 1))
    return found


def test_every_outcome_of_simulated_customers_is_true(monkeypatch: pytest.MonkeyPatch) -> None:
    """With any events of a subscription, reported in any order, no customer is misclassified."""
    monkeypatch.setattr(customers, "_PAUSE", 0.0)
    random, authority = Random(20261130), Authority.load(COMMITTED_AUTHORITY)
    checked: Counter[str] = Counter()
    lives = notifications = judged = 0
    for _ in range(LIVES):
        steps = random_life(random, random.randint(1, THINGS), PERSON)
        reported = outcomes_of(steps, authority, random)
        lives, notifications = lives + 1, notifications + len(steps)
        for exposed in exposures(steps, random):
            product = next(
                step[0].current.product.product_id for step in reversed(steps) if step[1].signed_date <= exposed
            )
            for window in WINDOWS:
                truth = true_outcome(steps, exposed, exposed + window)
                exposure = Exposure(reported[0].customer_hash, exposed / 1000, product)
                found = became(exposure, reported, window / 1000, (0.0, (exposed + window) / 1000))
                assert found == truth, (exposed, window, [step[1].notification_type for step in steps])
                judged += 1
                checked.update(name for name, value in asdict(truth).items() if value)
    assert len(checked) == len(asdict(truth)), "not every outcome came up"
    keep(
        "outcomes",
        f"{lives:,} simulated subscriptions with {notifications:,} notifications, real tokens, shuffled and some sent"
        " twice, taken in by the function's own pipeline. At every time when the App Store could have asked, and for"
        f" each of {len(WINDOWS)} windows from one day to 400 days, what the console reads from the log lines is"
        " compared with what is true of the subscription. Among what happens: commitments that are cancelled, auto-"
        "renew that comes back with a downgrade, switches that wait, billing that fails and recovers, refunds in full"
        f" and in part, refunds that are reversed. Results compared: {judged:,}. Misclassified: 0.",
        ("outcome", "how often it was true"),
        [(name.replace("_", " "), f"{number:,}") for name, number in sorted(checked.items())],
    )
