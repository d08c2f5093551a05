"""How many customers a question needs, and how many days."""

from __future__ import annotations

import pytest

from console.effect.power import (
    customers_of_control,
    detectable_difference,
    exposure_days,
    planned_customers,
    planned_weeks,
)


def test_evan_millers_example() -> None:
    """20 % to 25 % at alpha 0.05 and a power of 80 % needs 1 030 an arm."""
    assert round(customers_of_control(0.2, 0.05, alpha=0.05, at_base=True)) == 1_030
    assert round(customers_of_control(0.2, 0.05, alpha=0.05)) == 1_091


def test_the_table_of_diluted_effects() -> None:
    """Viewers of whom the half goes on to cancel: a save rate of 1.7 against 3.1 % needs 171 000 customers in all."""
    assert planned_customers(0.5 * 1.017, 0.5 * 0.014, [1, 1]) == 170_979
    assert round(planned_customers(0.017, 0.014, [1, 1]) / 2, -2) == 2_000


def test_unequal_arms_need_more() -> None:
    """The smaller arm decides, and every further arm divides alpha."""
    even, uneven = planned_customers(0.5, 0.01, [5_000, 5_000]), planned_customers(0.5, 0.01, [9_500, 500])
    assert 5 < uneven / even < 5.4
    three = planned_customers(0.5, 0.01, [5_000, 5_000, 5_000])
    assert three / 3 > even / 2
    assert three == pytest.approx(planned_customers(0.5, 0.01, [5_000, 5_000], alpha=0.02) * 1.5, abs=2)


@pytest.mark.parametrize("shares", [[5_000, 5_000], [9_500, 500], [4_000, 3_000, 3_000]], ids=str)
@pytest.mark.parametrize("base", [0.02, 0.5, 0.95])
@pytest.mark.parametrize("sign", [1, -1])
def test_the_detectable_difference_is_the_inverse(base: float, shares: list[int], sign: int) -> None:
    """A plan for a difference detects that difference, and no smaller one."""
    customers = planned_customers(base, sign * 0.013, shares)
    found = detectable_difference(base, customers, shares, sign=sign)
    assert found == pytest.approx(0.013, rel=1e-3)


def test_too_few_customers_show_nothing() -> None:
    """Ten customers show no difference at all from a base of 2 % downwards."""
    assert detectable_difference(0.02, 10, [1, 1], sign=-1) is None


@pytest.mark.parametrize(("customers", "a_day", "days"), [(1, 1_000, 14), (14_001, 1_000, 21), (21_000, 1_000, 21)])
def test_days_are_complete_weeks_and_two_at_least(customers: int, a_day: int, days: int) -> None:
    """A part of a week is rounded up."""
    assert exposure_days(customers, a_day) == days


def test_each_week_shows_a_smaller_difference() -> None:
    """The first row is the second week."""
    weeks = planned_weeks(0.48, 1_000, [5_000, 5_000], weeks=6)
    assert [week.week for week in weeks] == [2, 3, 4, 5, 6]
    assert [week.customers for week in weeks] == [14_000, 21_000, 28_000, 35_000, 42_000]
    shown = [week.difference or 1 for week in weeks]
    assert shown == sorted(shown, reverse=True)
    assert shown[0] == pytest.approx(0.02445, abs=1e-4)


@pytest.mark.parametrize(("base", "effect"), [(0.5, 0.0), (0.0, 0.1), (0.98, 0.03), (0.02, -0.02)])
def test_an_impossible_change_is_refused(base: float, effect: float) -> None:
    """Both shares must be between 0 and 1, and differ."""
    with pytest.raises(ValueError, match="cannot change"):
        customers_of_control(base, effect)


def test_a_plan_without_customers_or_slots_is_refused() -> None:
    """There must be an arm with slots, and customers a day."""
    with pytest.raises(ValueError, match="each with slots"):
        planned_customers(0.5, 0.01, [1, 0])
    with pytest.raises(ValueError, match="each with slots"):
        planned_customers(0.5, 0.01, [1])
    with pytest.raises(ValueError, match="not known"):
        exposure_days(100, 0)
