"""Rows by epochs: releases with the same shares of the arms."""

from __future__ import annotations

from console.effect.epoch_groups import EpochShares, find_epochs
from console.effect.studied import StudiedVersion
from tests.support.made_reports import cohort_row, studied_of

EVEN = {"control": 5000, "switch": 5000}
DAY = "2026-10-01"


def test_releases_with_equal_shares_are_one_epoch() -> None:
    """Also where a release's lines have one of its arms alone."""
    rows = [
        cohort_row("control", DAY, 1, 1, 12), cohort_row("switch", DAY, 1, 1, 12), cohort_row("switch", DAY, 1, 1, 13),
        cohort_row("control", DAY, 1, 1, 14, 9000), cohort_row("switch", DAY, 1, 1, 14, 1000),
    ]  # fmt: skip
    found = find_epochs(rows, studied_of(versions=()))
    assert found.epochs == (EpochShares((12, 13), EVEN), EpochShares((14,), {"control": 9000, "switch": 1000}))
    assert [len(each) for each in found.grouped(rows)] == [3, 2]


def test_published_shares_count_more_than_the_lines() -> None:
    """A holdout's lines have no slots, and its release has."""
    version = StudiedVersion(12, "2026-09-30T08:00:00+00:00", "held", (("held", 500), ("served", 9500)), None)
    rows = [cohort_row("held", DAY, 1, 1, 12, None), cohort_row("served", DAY, 1, 1, 12, None)]
    assert find_epochs(rows, studied_of(versions=(version,))).epochs == (
        EpochShares((12,), {"held": 500, "served": 9500}),
    )


def test_lines_without_release_or_slots_have_the_usual_shares() -> None:
    """They are an epoch as every other."""
    rows = [cohort_row("control", DAY, 1, 1, None, None), cohort_row("switch", DAY, 1, 1, None, None)]
    found = find_epochs(rows, studied_of(versions=()))
    assert found.epochs == (EpochShares((), EVEN),)
    assert [len(each) for each in found.grouped(rows)] == [2]


def test_no_row_is_no_epoch() -> None:
    """An experiment that no customer has met."""
    assert find_epochs([], studied_of()).epochs == ()
