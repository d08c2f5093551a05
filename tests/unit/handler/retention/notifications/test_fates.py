"""What becomes of notifications is counted by fate and reason."""

from __future__ import annotations

from retention.notifications.fates import METRICS, BatchTally, Fate, IntakeVerdict


def test_every_fate_has_its_metric() -> None:
    """No notification ends uncounted, and no two fates are one metric."""
    assert set(METRICS) == set(Fate)
    assert len(set(METRICS.values())) == len(Fate)


def test_only_a_delayed_message_comes_back() -> None:
    """Every other fate is final."""
    assert [fate for fate in Fate if not IntakeVerdict(fate).settled] == [Fate.DELAYED]


def test_a_batch_is_tallied_by_fate_and_reason() -> None:
    """One line names the reasons of a fate; long ones, which are Apple's types, are cut."""
    forged = [IntakeVerdict(Fate.FORGED, "signature_invalid")] * 2 + [IntakeVerdict(Fate.FORGED, "body_not_json")]
    tally = BatchTally.of([*forged, IntakeVerdict(Fate.MERGED), IntakeVerdict(Fate.IGNORED, "X" * 500)])
    assert tally.reasons[Fate.FORGED] == {"signature_invalid": 2, "body_not_json": 1}
    assert tally.reasons[Fate.IGNORED] == {"X" * 128: 1}
    assert tally.counts == {
        "NotificationsForged": 2,
        "NotificationsJunk": 1,
        "NotificationsMerged": 1,
        "NotificationsNothingNew": 0,
        "NotificationsIgnored": 1,
    }


def test_what_a_scanner_posts_is_not_counted_as_forged() -> None:
    """It posts to any URL, and must not look as if Apple had changed its certificates."""
    codes = ("text_too_long", "body_not_json", "signed_payload_missing", "token_not_three_parts")
    counts = BatchTally.of(IntakeVerdict(Fate.FORGED, code) for code in codes).counts
    assert (counts["NotificationsForged"], counts["NotificationsJunk"]) == (0, 4)
    assert "NotificationsJunk" not in BatchTally.of([IntakeVerdict(Fate.FORGED, "version_1")]).counts
