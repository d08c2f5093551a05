"""The report's one sentence in each state, and the exit code."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from console.effect.findings import PRIMARY, NextReading, ReportArm, ReportCheck, ReportEffect
from console.effect.sentences import verdict_of
from console.effect.studied import ReadingPlan
from tests.support.made_reports import studied_of

PLAN = ReadingPlan(customers=62_000)
ARMS = tuple(
    ReportArm(name, name == "control", False, 0.5, 20_000, 14_500, {}, 0, 0, 0, 0, 0, 0)  # noqa: FBT003  # no fallback
    for name in ("control", "switch")
)
OPEN = ReportEffect("switch", "kept", PRIMARY, estimate=0.013, anytime=(-0.0082, 0.0343))
BETTER = replace(OPEN, anytime=(0.0104, 0.0343))
WORSE = replace(OPEN, anytime=(-0.0343, -0.0104))
CLOSED = replace(OPEN, estimate=None, anytime=None)
NO_DIFFERENCE = "No difference shown by switch: more than 0.4 points fewer and more than 2.1 points more are ruled out."
UPCOMING = NextReading(29_106, 62_000, "2027-01-12", 0.012)
RATIO = ReportCheck("sampleRatio", False, 1000.0, 100, "the arms do not have the customers", "Look.")  # noqa: FBT003  # failed
EDITED = ReportCheck("planUnchanged", False, "12, 15", None, "release 12 had the plan, and release 15 changed it")  # noqa: FBT003  # failed


def read(effect: ReportEffect, low: float, high: float) -> ReportEffect:
    return replace(effect, reading=(low, high))


RIPE = "Not known yet: 29\u00a0000 of 62\u00a0000 customers are ripe; the first reading makes sense"
DUE = "(99 %, at any time). The appointed reading is due about 12 Jan 2027."
READ = "At the appointed reading switch"


def sentence(
    *effects: ReportEffect, checks: tuple[ReportCheck, ...] = (), day: str | None = None, **plan: Any
) -> tuple[str, str, int]:
    found = verdict_of(studied_of(replace(PLAN, **plan)), ARMS, effects, checks, UPCOMING, day)
    return found.state, found.sentence, found.exit_code


@pytest.mark.parametrize(
    ("effect", "day", "state", "text", "code"),
    [
        (CLOSED, "2026-12-04", "unknown", f"{RIPE} about 4 Dec 2026.", 3),
        (CLOSED, None, "unknown", f"{RIPE} once every arm has 10 customers who stayed and 10 who did not.", 3),
        (BETTER, None, "sequence", "switch keeps at least 1.0 points more, whenever you look. You may stop.", 0),
        (WORSE, None, "sequence", "switch keeps at least 1.0 points fewer, whenever you look. Consider ending it.", 0),
        (OPEN, None, "undecided", f"Not decided. switch keeps between 0.8 points fewer and 3.4 points more {DUE}", 3),
        (read(OPEN, 0.0051, 0.021), None, "readingDiffers", f"{READ} kept between 0.5 and 2.1 points more.", 0),
        (read(BETTER, -0.021, -0.0051), None, "readingDiffers", f"{READ} kept between 0.5 and 2.1 points fewer.", 0),
        (read(OPEN, -0.004, 0.021), None, "readingShowsNone", NO_DIFFERENCE, 0),
        (read(BETTER, -0.004, 0.021), None, "sequence",
         "switch keeps at least 1.0 points more, whenever you look. You may stop.", 0),
    ],
    ids=["gate with a day", "gate", "more", "fewer", "open", "read more", "read fewer", "read none", "sequence first"],
)  # fmt: skip
def test_each_state_has_its_sentence(effect: ReportEffect, day: str | None, state: str, text: str, code: int) -> None:
    """Exactly one, with exit code 0 where it can be read and 3 where it cannot yet."""
    assert sentence(effect, day=day) == (state, text, code)


def test_a_failed_check_replaces_the_sentence() -> None:
    """With any numbers, and with exit code 4; a remark does not."""
    assert sentence(BETTER, checks=(RATIO,)) == (
        "withheld", "Not to be trusted: the arms do not have the customers.", 4,
    )  # fmt: skip
    assert sentence(BETTER, checks=(replace(RATIO, withholds=False),))[0] == "sequence"
    assert sentence(BETTER, checks=(replace(RATIO, ok=True),))[0] == "sequence"


def test_an_edited_plan_voids_the_reading_alone() -> None:
    """Both releases are named, and the interval at any time stands; next to another fault nothing does."""
    state, text, code = sentence(read(OPEN, 0.1, 0.2), checks=(EDITED,))
    assert (state, code) == ("planEdited", 4)
    assert text == (
        "The appointed reading is void: release 12 had the plan, and release 15 changed it. The interval at any time"
        " stands: switch keeps between 0.8 points fewer and 3.4 points more (99 %, at any time)."
    )
    assert sentence(CLOSED, checks=(EDITED,))[1].endswith("10 customers who stayed and 10 who did not.")
    assert sentence(OPEN, checks=(EDITED, RATIO))[0] == "withheld"


@pytest.mark.parametrize(
    ("metric", "anytime", "text"),
    [
        ("cancelled", (0.01, 0.02), "at least 1.0 points more customers who turned renewal off*Consider ending it."),
        ("cancelled", (-0.02, -0.01), "at least 1.0 points fewer customers who turned renewal off*You may stop."),
        ("redeemed", (0.01, 0.02), "at least 1.0 points more customers who redeemed an offer*You may stop."),
    ],
    ids=["worse", "better", "neither"],
)
def test_other_metrics_name_what_customers_did(metric: str, anytime: tuple[float, float], text: str) -> None:
    """More cancellations are worse, more renewals better; a switch or an offer is neither."""
    expected = f"switch has {text.replace('*', ', whenever you look. ')}"
    assert sentence(replace(OPEN, metric=metric, anytime=anytime), metric=metric)[1] == expected


def test_revenue_is_in_its_currency() -> None:
    """More or less for each customer, in units of the currency."""
    paid = replace(OPEN, metric="revenue", currency="USD", anytime=(0.11, 0.52), reading=None)
    assert sentence(paid, metric="revenue")[1] == (
        "switch brings at least 0.11 USD more a customer, whenever you look. You may stop."
    )
    assert sentence(read(paid, -0.52, -0.11), metric="revenue")[1] == (
        f"{READ} brought between 0.11 and 0.52 USD less a customer."
    )
    none = read(replace(paid, anytime=(-0.1, 0.2)), -0.05, 0.1)
    assert sentence(none, metric="revenue")[1] == (
        "No difference shown in revenue by switch: more than 0.05 USD less and more than 0.10 USD more are ruled out."
    )


def test_a_sentence_begins_once() -> None:
    """The clauses of further arms begin small, unless they begin with the arm's name."""
    text = sentence(read(OPEN, 0.0051, 0.021), read(replace(OPEN, arm="Offer"), -0.004, 0.021))[1]
    assert text.startswith(f"{READ} kept between 0.5 and 2.1 points more; ")
    assert "; At " not in text
    assert "; No " not in text
    none = read(OPEN, -0.004, 0.021)
    assert "; no difference shown by offer: " in sentence(none, replace(none, arm="offer"))[1]
    assert "; Offer keeps between" in sentence(BETTER, replace(OPEN, arm="Offer"))[1]


def test_several_arms_share_one_sentence() -> None:
    """A clause for each; one that is open does not hide one that is not."""
    state, text, _ = sentence(BETTER, replace(OPEN, arm="offer"))
    assert state == "sequence"
    assert text == (
        "switch keeps at least 1.0 points more, whenever you look;"
        " offer keeps between 0.8 points fewer and 3.4 points more (99 %, at any time)."
    )


def test_a_name_of_the_log_does_nothing_on_a_terminal() -> None:
    """Control characters and characters that turn the direction are code points."""
    evil = replace(OPEN, arm="a\x1b[2J\u202eb")
    assert "aU+001B[2JU+202Eb keeps" in sentence(evil)[1]
