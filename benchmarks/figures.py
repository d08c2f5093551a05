"""The figures that are computed from the times, and the target of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median
from typing import Final

Times = Mapping[str, list[float]]

OURS: Final = "ours"
UNKNOWN: Final = "ours, its chain unknown"
BEFORE: Final = "before"
REFERENCE: Final = "reference"
PRECOMPILED: Final = "reference, precompiled"
CACHED: Final = "reference, precompiled, caching 30 s"
EMPTY: Final = "an empty function"


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table. `at_most` or `at_least` is its target; without either, it is only reported."""

    key: str
    title: str
    at_most: float | None = None
    at_least: float | None = None

    def reached(self, value: float) -> bool | None:
        """Return whether `value` reaches the target, None if there is none."""
        if self.at_most is not None:
            return value <= self.at_most
        return None if self.at_least is None else value >= self.at_least

    @property
    def demanded(self) -> str:
        if self.at_most is not None:
            return f"≤ {self.at_most:g}"
        return "reported" if self.at_least is None else f"≥ {self.at_least:g}"


FIGURES: Final = (
    Figure("cold_first_answer_vs_reference", "process start to first verified 200 ÷ reference", at_most=0.07),
    Figure("cold_first_answer_unknown_chain_vs_reference", "… with a chain that is not known", at_most=0.09),
    Figure("cold_first_answer_vs_precompiled_reference", "… ÷ reference, precompiled"),
    Figure("cold_init_vs_reference", "init ÷ reference", at_most=0.065),
    Figure("cold_init_vs_precompiled_reference", "… ÷ reference, precompiled"),
    Figure("warm_vs_reference", "warm request ÷ reference", at_most=0.10),
    Figure("warm_vs_cached_reference", "… ÷ reference that caches its configuration for 30 s"),
    Figure("warm_above_runtime_vs_reference", "… ÷ reference, each less an empty function's", at_most=0.05),
    Figure("verify_vs_ecdsa", "verify ÷ one bare ECDSA P-256 verify", at_most=1.5),
    Figure("verify_speedup_vs_apple", "verify, times faster than Apple's library", at_least=30),
    Figure("verify_speedup_uncached", "… without our cache of certificate paths"),
    Figure("handler_vs_ecdsa", "complete warm handler ÷ one bare ECDSA P-256 verify", at_most=3.5),
    Figure("cold_first_answer_vs_before", "first verified 200 ÷ the tree before, round by round"),
    Figure("cold_init_vs_before", "init ÷ the tree before, round by round"),
    Figure("warm_vs_before", "warm request ÷ the tree before"),
    Figure("import_minstructions", "`import app` under the runtime, less the runtime's own, million instructions"),
    Figure("import_minstructions_before", "… of the tree before"),
    Figure("decide_growth", "decide, large catalog ÷ small", at_most=1.1),
    Figure("lookup_growth", "cold look-up, large catalog ÷ small", at_most=1.1),
    Figure("decide_subscription_vs_customer", "decide by facts from Apple ÷ by facts of the profile", at_most=1.1),
    Figure("facts_both_vs_profile", "look-up of both rows of a customer ÷ of the profile alone", at_most=1.1),
    Figure("facts_subscription_vs_profile", "… of the row from Apple alone ÷ of the profile alone", at_most=1.1),
    Figure("facts_both_vs_profile_at_once", "… of both, from DynamoDB Local on this machine"),
    Figure("subscription_row_bytes", "row from Apple with 64 transactions, document as packed, bytes", at_most=3072),
    Figure("notification_vs_ecdsa", "a notification's three tokens verified and read ÷ one bare ECDSA", at_most=8),
    Figure("merge_microseconds", "a report merged into a state of 64 transactions, µs", at_most=100),
    Figure("notification_batch_ms", "ten notifications verified, read and merged, without I/O, ms", at_most=10),
    Figure("idle_request_ms", "first request after a minute's idling, ms"),
    Figure("ours_init_ms", "our init, ms"),
    Figure("ours_warm_ms", "our warm request, ms"),
    Figure("reference_init_ms", "the reference's init, ms"),
    Figure("reference_warm_ms", "the reference's warm request, ms"),
    Figure("layer_mib", "layer, unzipped, with SDK and bytecode, MiB", at_most=24),
    Figure("peak_rss_mib", "peak memory, MiB", at_most=45),
    Figure("peak_rss_all_products_mib", "… after every product of the large catalog, MiB"),
    Figure("publish_large_seconds", "large catalog, file to live, s", at_most=60),
    Figure("publish_everywhere_seconds", "… with 100 rules for every product, s", at_most=60),
)


def ratios(first: Times, init: Times, warm: Times, in_process: Times) -> dict[str, float]:
    """Return the figures that compare two medians, and the medians from which costs are computed."""
    floor = median(warm[EMPTY])
    return {
        **_against_others(first, init, warm),
        "cold_first_answer_vs_reference": _ratio(first, OURS, REFERENCE),
        "cold_first_answer_vs_precompiled_reference": _ratio(first, OURS, PRECOMPILED),
        "cold_init_vs_reference": _ratio(init, OURS, REFERENCE),
        "cold_init_vs_precompiled_reference": _ratio(init, OURS, PRECOMPILED),
        "warm_vs_reference": _ratio(warm, OURS, REFERENCE),
        "warm_vs_cached_reference": _ratio(warm, OURS, CACHED),
        "warm_above_runtime_vs_reference": (median(warm[OURS]) - floor) / (median(warm[REFERENCE]) - floor),
        "ours_init_ms": median(init[OURS]) * 1000,
        "ours_warm_ms": median(warm[OURS]) * 1000,
        "reference_init_ms": median(init[REFERENCE]) * 1000,
        "reference_warm_ms": median(warm[REFERENCE]) * 1000,
        "verify_vs_ecdsa": _ratio(in_process, "verify", "ecdsa"),
        "verify_speedup_vs_apple": _ratio(in_process, "apple", "verify"),
        "verify_speedup_uncached": _ratio(in_process, "apple", "verify_uncached"),
        "handler_vs_ecdsa": _ratio(in_process, "handler", "ecdsa"),
        "decide_growth": _ratio(in_process, "decide_large", "decide_small"),
        "lookup_growth": _ratio(in_process, "lookup_large", "lookup_small"),
        "decide_subscription_vs_customer": _ratio(in_process, "decide_subscription", "decide_customer"),
        "facts_both_vs_profile": _paired(in_process, "facts_both", "facts_profile"),
        "facts_subscription_vs_profile": _paired(in_process, "facts_subscription", "facts_profile"),
        "facts_both_vs_profile_at_once": _paired(in_process, "facts_both_at_once", "facts_profile_at_once"),
        "notification_vs_ecdsa": _ratio(in_process, "notification", "notification_ecdsa"),
        "merge_microseconds": median(in_process["merge"]) * 1_000_000,
        "notification_batch_ms": median(in_process["notification_batch"]) * 1000,
    }


def _against_others(first: Times, init: Times, warm: Times) -> dict[str, float]:
    """Return the figures of contestants that are not in every run."""
    found = {}
    if UNKNOWN in first:
        found["cold_first_answer_unknown_chain_vs_reference"] = _ratio(first, UNKNOWN, REFERENCE)
    if BEFORE in first:
        found["cold_first_answer_vs_before"] = _paired(first, OURS, BEFORE)
        found["cold_init_vs_before"] = _paired(init, OURS, BEFORE)
        found["warm_vs_before"] = _ratio(warm, OURS, BEFORE)
    return found


def _paired(times: Times, one: str, other: str) -> float:
    """Return the median of each round's ratio: other load on the machine affects both measurements of a round."""
    return median(mine / theirs for mine, theirs in zip(times[one], times[other], strict=True))


def _ratio(times: Times, one: str, other: str) -> float:
    return median(times[one]) / median(times[other])
