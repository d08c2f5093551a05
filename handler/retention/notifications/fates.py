"""The fates of a notification: what becomes of one that arrived, and which metric counts it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from retention.log.record import MAX_TEXT


class Fate(Enum):
    """What became of one notification. The value is the text of its log line.

    All but DELAYED are final: the message is acknowledged. DELAYED is for what cannot be processed now, and is
    processed again later.
    """

    MERGED = "merged"  # it taught something, and the row has it
    NOTHING_NEW = "nothing new"  # all of it was known
    TEST = "test"  # a delivery test, which is noted
    IGNORED = "ignored"  # of no subscription
    FORGED = "forged"  # not signed by the App Store
    OTHER_APP = "other app"  # signed for another app or another environment
    PARKED = "parked"  # signed by Apple and not understood, or its row is damaged
    DELAYED = "delayed"


METRICS: Final = {
    Fate.MERGED: "NotificationsMerged",
    Fate.NOTHING_NEW: "NotificationsNothingNew",
    Fate.TEST: "NotificationsTest",
    Fate.IGNORED: "NotificationsIgnored",
    Fate.FORGED: "NotificationsForged",
    Fate.OTHER_APP: "NotificationsOtherApp",
    Fate.PARKED: "NotificationsParked",
    Fate.DELAYED: "NotificationsDelayed",
}
# Of the FORGED, those that hold no token, by the codes of `notification` and `jws`.
JUNK_METRIC: Final = "NotificationsJunk"
_NO_TOKEN: Final = frozenset({"text_too_long", "body_not_json", "signed_payload_missing", "token_not_three_parts"})


@dataclass(frozen=True, slots=True)
class IntakeVerdict:
    """A fate and its reason: a code of ours, or the type that is ignored. `evidence` is safe to log."""

    fate: Fate
    reason: str = ""
    evidence: Mapping[str, str | int] = field(default_factory=dict)

    @property
    def settled(self) -> bool:
        """Whether the message can be acknowledged."""
        return self.fate is not Fate.DELAYED


@dataclass(frozen=True, slots=True)
class BatchTally:
    """How many notifications of a batch met each fate, by their reasons, each cut to MAX_TEXT characters."""

    reasons: Mapping[Fate, Counter[str]]

    @classmethod
    def of(cls, verdicts: Iterable[IntakeVerdict]) -> BatchTally:
        reasons: dict[Fate, Counter[str]] = {}
        for verdict in verdicts:
            reasons.setdefault(verdict.fate, Counter())[verdict.reason[:MAX_TEXT]] += 1
        return cls(reasons)

    @property
    def junk(self) -> int:
        """Return how many of the FORGED held no token at all: what scanners post to any URL."""
        return sum(number for reason, number in self.reasons.get(Fate.FORGED, {}).items() if reason in _NO_TOKEN)

    @property
    def counts(self) -> dict[str, int]:
        """Return the metrics of the batch.

        With a forged one, the two of what passes are there as zero too: an alarm compares them, and one over a missing
        metric never fires. What holds no token is counted apart, so that no scanner raises that alarm.
        """
        passing = (Fate.MERGED, Fate.NOTHING_NEW) if Fate.FORGED in self.reasons else ()
        zeros = {METRICS[fate]: 0 for fate in passing}
        counts = {**zeros, **{METRICS[fate]: found.total() for fate, found in self.reasons.items()}}
        if self.junk:
            counts[METRICS[Fate.FORGED]] -= self.junk
            counts[JUNK_METRIC] = self.junk
        return counts
