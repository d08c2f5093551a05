"""The rules and arms that no request can reach, and no others."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from console.decisions.unreachable import unreachable
from console.file.edition import Edition
from console.local.samples import SAMPLE_CLOCK
from tests.support.edited_sample import edition

EXPERIMENT = "half-of-monthly-tries-the-switch"


def unreachable_by_name(directory: Path, *changes: tuple[str, str]) -> dict[str, str]:
    found = unreachable(edition(directory, *changes), SAMPLE_CLOCK.timestamp())
    return {lost.rule + (f"/{lost.arm}" if lost.arm else ""): lost.why for lost in found}


def test_everything_in_the_sample_can_be_reached(tmp_path: Path) -> None:
    """Rules for one locale, one product, later days or certain facts are not reported."""
    assert unreachable_by_name(tmp_path) == {}


def test_a_rule_after_one_that_always_answers_is_unreachable(tmp_path: Path) -> None:
    """Locales and deliverable texts count here, which `retention validate` does not consider."""
    lost = unreachable_by_name(tmp_path, ("- {customer.tenureDays: {above: 30}}", "- {not: {userLocale: en-US}}"))
    assert list(lost) == ["keep-basic"]
    assert "`basic-commits-to-a-year` has an answer for every request before it" in lost["keep-basic"]


def test_a_rule_after_an_offer_with_a_limit_is_reachable(tmp_path: Path) -> None:
    """It answers the customers who are over the limit, though the offer's rule is for everyone."""
    offer = "    answer: {promotionalOffer: half-for-three-months, message: offer-text}\n"
    rule = ("rules:\n", f"rules:\n  - name: first\n{offer}")
    limit = ("retention_half_3m\n", "retention_half_3m\n    limit: {times: 1, days: 365}\n")
    assert "keep-pro" in unreachable_by_name(tmp_path, rule)
    assert unreachable_by_name(tmp_path, rule, limit) == {}


def test_two_schedules_without_a_gap_make_later_rules_unreachable(tmp_path: Path) -> None:
    """One rule until new year and another one from then on leave no moment; with a gap of a day they do."""
    first = "  - name: first\n    during: {until: 2027-01-01, timeZone: UTC}\n    answer: fallback\n"
    second = "  - name: second\n    during: {from: 2027-01-01, timeZone: UTC}\n    answer: fallback\n"
    lost = unreachable_by_name(tmp_path, ("rules:\n", f"rules:\n{first}{second}"))
    assert "keep-pro" in lost
    assert "`first`, `second`" in lost["keep-pro"]
    assert unreachable_by_name(tmp_path, ("rules:\n", f"rules:\n{first}{second.replace('01-01', '01-02')}")) == {}


def test_an_answer_that_can_never_be_delivered_is_named(tmp_path: Path) -> None:
    """A message set without a text in the rule's only locale is named, with the reason of `decide`."""
    when = "when: {productId: trailhead.student.annual, userLocale: ko}"
    rule = ("rules:\n", f"rules:\n  - name: in-french\n    {when}\n    answer: {{message: only-french}}\n")
    text = ("messages:\n", "messages:\n  only-french:\n    fr-FR: {header: Restez, body: Restez.}\n")
    lost = unreachable_by_name(tmp_path, rule, text)
    assert lost == {"in-french": "it can never be delivered: only-french has no text for this locale"}


def test_an_arm_of_weight_0_has_no_customer(tmp_path: Path) -> None:
    """An arm of weight 0 is listed, since no customer is in it."""
    lost = unreachable_by_name(
        tmp_path,
        ("{weight: 50, answer: {message: keep-pro}}", "{weight: 100, answer: {message: keep-pro}}"),
        ("{weight: 50, answer: {alternate", "{weight: 0, answer: {alternate"),
    )
    assert lost == {f"{EXPERIMENT}/switch": "its weight is 0: no customer is in it"}


def test_a_schedule_that_is_over_is_named(sample: Edition) -> None:
    """A release stays live after the schedules of its rules have ended."""
    late = datetime(2040, 1, 1, tzinfo=UTC)
    [lost] = unreachable(sample, late.timestamp())
    assert (lost.rule, lost.why) == ("winter-half-price", "its schedule is over")
