"""The benchmark's figures by name."""

from __future__ import annotations

import pytest

from benchmarks import figures

# The keys that other programs read from the last line of `make bench`.
KEYS = frozenset(
    "cold_first_answer_vs_reference cold_init_vs_reference warm_vs_reference warm_vs_cached_reference verify_vs_ecdsa"
    " verify_speedup_vs_apple verify_speedup_uncached handler_vs_ecdsa decide_growth lookup_growth idle_request_ms"
    " layer_mib peak_rss_mib".split()
)

GROWN = (
    *("decide_small", "decide_large", "lookup_small", "lookup_large", "decide_customer", "decide_subscription"),
    *("facts_profile", "facts_subscription", "facts_both", "facts_profile_at_once", "facts_both_at_once"),
    *("notification", "notification_ecdsa", "notification_batch", "merge"),
)


def test_every_promised_figure_is_on_the_last_line() -> None:
    """Each promised key belongs to a figure, and so is on the last line of `make bench`."""
    assert {figure.key for figure in figures.FIGURES} >= KEYS


def test_ratios_come_from_medians() -> None:
    """A slow run among three changes no ratio, since each ratio is of two medians."""
    contestants = (figures.OURS, figures.REFERENCE, figures.PRECOMPILED, figures.CACHED, figures.EMPTY)
    times = {name: [1.0 * number, 1.0 * number, 99.0] for number, name in enumerate(contestants, 2)}
    works = ("ecdsa", "verify", "verify_uncached", "apple", "handler")
    in_process = {name: [2.0, 2.0, 99.0] for name in (*works, *GROWN)}
    found = figures.ratios(times, times, times, in_process)
    assert found["warm_vs_reference"] == pytest.approx(2 / 3)
    assert found["decide_growth"] == 1
    assert set(found) <= {figure.key for figure in figures.FIGURES}


def test_an_older_tree_has_figures_of_its_own() -> None:
    """An older tree is compared round by round, so that a slow minute of the machine affects both trees."""
    contestants = (figures.OURS, figures.REFERENCE, figures.PRECOMPILED, figures.CACHED, figures.EMPTY)
    times = {name: [1.0 * number] * 3 for number, name in enumerate(contestants, 2)}
    times[figures.OURS] = [2.0, 4.0, 600.0]
    times |= {figures.BEFORE: [4.0, 8.0, 1200.0], figures.UNKNOWN: [6.0, 6.0, 6.0]}
    works = ("ecdsa", "verify", "verify_uncached", "apple", "handler")
    found = figures.ratios(times, times, times, {name: [1.0] for name in (*works, *GROWN)})
    assert found["cold_first_answer_vs_before"] == found["cold_init_vs_before"] == 0.5
    assert found["cold_first_answer_unknown_chain_vs_reference"] == 2
    assert set(found) <= {figure.key for figure in figures.FIGURES}


def test_a_figure_knows_whether_it_is_reached() -> None:
    """A figure has an upper limit, a lower limit, or none and is only reported."""
    assert figures.Figure("a", "", at_most=2).reached(2)
    assert figures.Figure("a", "", at_least=2).reached(1) is False
    assert figures.Figure("a", "").reached(1) is None
