"""One run of the schedule: every app's pull, its lines and its metrics."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, cast

import pytest
from retention import table as rows
from retention.appstore.transport import AppleCall, AppleUnreachableError, RateLimitedError, Transport
from retention.aws.deadline import Deadline
from retention.errors import SigningError
from retention.notifications.progress import read_progress
from retention.notifications.pulling import FIRST_MS, HOUR_MS, LISTING_DELAY_MS, MINUTE_MS, PUSH_LEAD_MS
from retention.notifications.scheduled_pull import ScheduledPull
from retention.signing.keys import KeyRing
from retention.signing.signer import Signer

from tests.minting.certificates import NOW, NOW_MS
from tests.minting.notifications import notification
from tests.support.fake_table import APP, SETTINGS
from tests.support.intake_on_fakes import IntakeOnFakes

OTHER_APP = APP + 1
ODD = notification(transaction={"price": "9.99"})


@dataclass
class Apple:
    """Get Notification History: `listed` has signed payloads by their dates; it notes each call and its token."""

    listed: list[tuple[int, str]] = field(default_factory=list)
    error: Exception | None = None
    calls: list[AppleCall] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    closed: int = 0

    def ask(self, call: AppleCall, token: Any, _deadline: Deadline) -> bytes:
        self.calls.append(call)
        self.tokens.append(token())
        if self.error is not None:
            raise self.error
        assert call.body is not None
        found = [text for at, text in self.listed if call.body["startDate"] <= at < call.body["endDate"]]
        return json.dumps(
            {"hasMore": False, "notificationHistory": [{"signedPayload": text} for text in found]}
        ).encode()

    def close(self) -> None:
        self.closed += 1


@dataclass
class Ring:
    """A key ring with one key, or without it."""

    error: Exception | None = None
    asked: list[str] = field(default_factory=list)

    def get(self, key_id: str, _deadline: Deadline) -> Signer:
        self.asked.append(key_id)
        if self.error is not None:
            raise self.error
        return Signer.throwaway(key_id)


@dataclass
class Bench:
    """A scheduled pull on fakes."""

    fakes: IntakeOnFakes = field(default_factory=IntakeOnFakes)
    apple: Apple = field(default_factory=Apple)
    ring: Ring = field(default_factory=Ring)
    pushed: bool = False

    def run(self, at: datetime = NOW, seconds: float = 600) -> dict[str, Any]:
        self.fakes.now = at
        made = ScheduledPull(
            self.fakes.intake(),
            cast("Transport", self.apple),
            lambda: cast("KeyRing[Signer]", self.ring),
            self.fakes.lines,  # type: ignore[arg-type]  # in the place of Telemetry
            lambda: at,
            self.pushed,
        )
        return made.run(Deadline(seconds, lambda: 0.0))

    def watermark(self, app: int = APP) -> int | None:
        key = rows.pull_key(app)
        return read_progress(self.fakes.table.items.get((key["pk"]["S"], key["sk"]["S"]), {})).watermark

    def add_other_app(self) -> None:
        """Give the stack another app, before APP, with a live release of its own."""
        items = self.fakes.table.items
        for (pk, sk), item in list(items.items()):
            if sk in {"head", "settings"}:
                other = pk.replace(str(APP), str(OTHER_APP))
                items[other, sk] = {**item, "pk": {"S": other}}
        self.fakes.apps = (OTHER_APP, APP)

    def counted(self, name: str) -> list[int]:
        return self.fakes.lines.counted.get(name, [])


@pytest.fixture
def bench() -> Bench:
    return Bench()


def before_now(milliseconds: int, **changes: Any) -> tuple[int, str]:
    """Return a notification that was signed so long before NOW."""
    at = NOW_MS - milliseconds
    token = notification(transaction={"signedDate": at}, renewal={"signedDate": at}, signedDate=at, **changes)
    return at, token


def test_what_apple_lists_is_taken_in_and_the_watermark_moves(bench: Bench) -> None:
    """The call is signed by the key of the live release, for its bundle id."""
    bench.apple.listed = [before_now(HOUR_MS)]
    found = bench.run()
    assert bench.fakes.state().renewal is not None
    assert (bench.watermark(), bench.ring.asked) == (NOW_MS, [SETTINGS["keyId"]])
    [app] = found["apps"]
    assert (app["outcome"], app["appAppleId"], app["pages"]) == ("pulled", APP, 3)
    assert app["fates"] == {"merged": 1, "nothing new": 2}
    assert (bench.counted("PullSucceeded"), bench.counted("PullFailed")) == ([1], [])
    assert all(token.count(".") == 2 for token in bench.apple.tokens)
    assert bench.apple.closed == 1


def test_the_outcome_line_names_the_pull_as_its_source(bench: Bench) -> None:
    """One line, though three readings met the notification."""
    bench.apple.listed = [before_now(HOUR_MS)]
    bench.run()
    [line] = bench.fakes.printed("merged")
    assert (line["source"], line["appAppleId"]) == ("pull", APP)


def test_an_hourly_line_states_since_and_until_when_the_history_is_complete(bench: Bench) -> None:
    """Instants are texts in UTC, as in outcome lines; what was not understood is counted."""
    bench.apple.listed = [(NOW_MS - HOUR_MS, ODD)]
    bench.run()
    [line] = bench.fakes.printed("complete until")
    begin = NOW - timedelta(milliseconds=FIRST_MS)
    until = NOW - timedelta(milliseconds=LISTING_DELAY_MS)
    assert line == {
        "appAppleId": APP,
        "completeSince": begin.strftime("%Y-%m-%d %H:%M:%S.000"),
        "completeUntil": until.strftime("%Y-%m-%d %H:%M:%S.000"),
        "parked": 3,
    }
    bench.run(NOW + timedelta(minutes=5))
    assert len(bench.fakes.printed("complete until")) == 1


def test_what_is_not_understood_stops_nothing_and_is_not_parked_again_and_again(bench: Bench) -> None:
    """Apple lists it for 180 days, so a backfill after an update reads it; the metric raises the alarm."""
    bench.apple.listed = [(NOW_MS - HOUR_MS, ODD), before_now(HOUR_MS)]
    bench.run()
    assert bench.watermark() == NOW_MS
    assert bench.fakes.parked.bodies == []
    assert bench.counted("NotificationsParked") == [1, 1, 1]
    assert bench.fakes.state().renewal is not None


def test_an_entry_without_a_payload_counts_as_parked(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is nothing in it to judge."""
    empty = json.dumps({"hasMore": False, "notificationHistory": [{}]}).encode()
    monkeypatch.setattr(bench.apple, "ask", lambda *_: empty)
    bench.run()
    assert bench.counted("NotificationsParked") == [3]


def test_an_app_that_fails_keeps_no_other_from_being_pulled(bench: Bench) -> None:
    """The run as such has then not succeeded."""
    bench.add_other_app()
    bench.apple.listed = [(NOW_MS - MINUTE_MS, notification())]

    def throttle(operation: str, request: dict[str, Any]) -> dict[str, Any]:
        if operation == "update_item" and request["Key"] == rows.pull_key(OTHER_APP):
            raise ConnectionError
        return bench.fakes.table.call(operation, request)

    bench.fakes.call = throttle
    found = bench.run()
    assert [app["outcome"] for app in found["apps"]] == ["pull failed", "pulled"]
    assert (bench.watermark(OTHER_APP), bench.watermark(APP)) == (None, NOW_MS)
    assert (bench.counted("PullFailed"), bench.counted("PullSucceeded")) == ([1], [])


def test_an_app_without_a_release_has_nothing_to_pull(bench: Bench) -> None:
    """It has no key for Apple's API; that is no failure."""
    bench.fakes.apps = (OTHER_APP,)
    assert bench.run()["apps"] == [{"outcome": "unpublished", "appAppleId": OTHER_APP}]
    assert (bench.apple.calls, bench.counted("PullSucceeded")) == ([], [1])


def test_a_release_that_cannot_be_read_fails_the_run(bench: Bench) -> None:
    """The reason is the code of what went wrong."""

    def away(_operation: str, _request: dict[str, Any]) -> dict[str, Any]:
        raise ConnectionError

    bench.fakes.call = away
    [app] = bench.run()["apps"]
    assert (app["outcome"], app["reason"], bench.counted("PullFailed")) == ("pull failed", "ConnectionError", [1])


@pytest.mark.parametrize(
    ("error", "outcome", "reason"),
    [
        (RateLimitedError("/notifications/history", NOW), "rate limited", "apple_rate_limited"),
        (AppleUnreachableError("apple_unreachable", "Apple's API does not answer"), "pull failed", "apple_unreachable"),
        (KeyError("x"), "pull failed", "KeyError"),
    ],
    ids=["rate limit", "unreachable", "bug"],
)
def test_a_failure_of_apples_leaves_the_watermark(bench: Bench, error: Exception, outcome: str, reason: str) -> None:
    """The next run begins where this one did."""
    bench.run()
    bench.apple.error = error
    [app] = bench.run(NOW + timedelta(minutes=5))["apps"]
    assert (app["outcome"], app["reason"], bench.watermark()) == (outcome, reason, NOW_MS)
    assert bench.counted("PullFailed") == [1]


def test_a_key_that_cannot_be_had_fails_the_run(bench: Bench) -> None:
    """Apple is not asked."""
    bench.ring.error = SigningError("key_missing", "the signing key cannot be had")
    [app] = bench.run()["apps"]
    assert (app["outcome"], app["reason"], bench.apple.calls) == ("pull failed", "key_missing", [])


def test_out_of_time_a_run_has_neither_failed_nor_succeeded(bench: Bench) -> None:
    """Missing successes for an hour raise the alarm: the news cannot be kept up with."""
    [app] = bench.run(seconds=10)["apps"]
    assert (app["outcome"], bench.apple.calls) == ("pull stopped", [])
    assert (bench.counted("PullSucceeded"), bench.counted("PullFailed")) == ([], [])


def test_apps_share_the_time(bench: Bench) -> None:
    """A long history of the first app leaves its share to the second one."""
    bench.add_other_app()
    found = bench.run(seconds=30)  # 15 s each are less than a page needs
    assert [app["outcome"] for app in found["apps"]] == ["pull stopped", "pulled"]


def test_a_gap_is_reported_with_the_instant_after_it(bench: Bench) -> None:
    """What was sent in between is the backfill's."""
    bench.run()
    later = NOW + timedelta(days=20)
    bench.run(later)
    [line] = bench.fakes.printed("history has a gap")
    assert line["pulledSince"] == (later - timedelta(milliseconds=FIRST_MS)).strftime("%Y-%m-%d %H:%M:%S.000")


def test_where_notifications_are_pushed_what_the_pull_brought_is_counted(bench: Bench) -> None:
    """Push had 15 minutes; the count is written each time, also as zero."""
    bench.pushed = True
    bench.apple.listed = [before_now(PUSH_LEAD_MS + 1), before_now(MINUTE_MS)]
    bench.run()
    bench.run(NOW + timedelta(minutes=5))
    assert bench.counted("SeenByPullOnly") == [1, 0]
    pulled = replace(bench, pushed=False)
    pulled.run(NOW + timedelta(minutes=10))
    assert len(bench.counted("SeenByPullOnly")) == 2


def test_no_line_has_a_token_or_a_customers_id(bench: Bench) -> None:
    """Neither of Apple's answers nor of our calls."""
    bench.apple.listed = [before_now(HOUR_MS), (NOW_MS - HOUR_MS, ODD), (NOW_MS - HOUR_MS, "no.token.this")]
    bench.run()
    printed = json.dumps(bench.fakes.lines.reported)
    secrets: Sequence[str] = ["20000005", "eyJ", *bench.apple.tokens, "no.token.this"]
    assert not any(secret in printed for secret in secrets)
