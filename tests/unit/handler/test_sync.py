"""A run of the sync: every app's result, level, fields and counts, for each step that can fail."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from types import ModuleType
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from retention.appstore.transport import AppleUnreachableError, RateLimitedError
from retention.aws.connection import CallFailedError
from retention.background_settings import SyncDeployment
from retention.errors import SigningError
from retention.probe import Probed
from retention.review.snapshot import SnapshotRefusedError, SnapshotReport
from retention.signing.signer import Signer

from tests.support.fake_table import APP, KEEP_EN, SETTINGS, TABLE, FakeTable, published
from tests.support.sync_entry import Lines, sync_entry

OTHER_APP = 531412
REPORT = SnapshotReport(
    messages=3,
    images=1,
    written=4,
    absent=0,
    servable=3,
    silenced=0,
    rejected_messages=0,
    rejected_images=0,
    version=2,
    digest="d",
)


@pytest.fixture(scope="module")
def sync() -> Iterator[ModuleType]:
    """The entry point, imported as Lambda imports it."""
    with sync_entry() as module:
        yield module


@dataclass
class Apple:
    """In the place of the client of Apple's lists: notes what it is asked."""

    asked: list[str] = field(default_factory=list)
    closed: int = 0

    def messages(self, token: Any, _: object) -> dict[str, str]:
        self.asked.append(f"messages {len(token().split('.'))}")
        return {}

    def images(self, token: Any, _: object) -> dict[str, Any]:
        self.asked.append(f"images {len(token().split('.'))}")
        return {}

    def close(self) -> None:
        self.closed += 1


class Keys:
    """In the place of the key ring."""

    def get(self, key_id: str, _: object) -> Signer:
        assert key_id == SETTINGS["keyId"]
        return Signer(key_id, ec.generate_private_key(ec.SECP256R1()))


ANSWERED = Probed(400)


@dataclass
class Bench:
    """One sync on fakes, with what it reports."""

    module: ModuleType
    table: FakeTable = field(default_factory=published)
    lines: Lines = field(default_factory=Lines)
    apple: Apple = field(default_factory=Apple)
    apps: tuple[int, ...] = (APP,)
    probe_url: str = ""
    probed: Probed = ANSWERED

    def run(self) -> list[dict[str, Any]]:
        deployment = SyncDeployment(
            TABLE, self.apps, "/retention", "http://apple.example.com", probe_url=self.probe_url, region="us-east-1"
        )
        made = self.module.Sync(
            deployment,
            self.apple,
            self.lines,
            lambda _: self.module.SyncClients(self.table, Keys()),
            ask_url=lambda *_: self.probed,
        )
        found: list[dict[str, Any]] = made.run()["apps"]
        return found


@pytest.fixture
def bench(sync: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """A live release, and a snapshot that is applied without a change."""
    follow(sync, monkeypatch, REPORT)
    return Bench(sync)


def follow(sync: ModuleType, monkeypatch: pytest.MonkeyPatch, outcome: SnapshotReport | Exception) -> None:
    """Let the lists be asked for, and this be the outcome of applying them."""

    def followed(_: object, lists: Any, **__: Any) -> SnapshotReport:
        lists()
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    monkeypatch.setattr(sync, "follow", followed)


def test_a_run_that_succeeds_reports_the_snapshot(bench: Bench) -> None:
    """Messages are asked for before images, each with a token; both counts are there, also as zero."""
    [result] = bench.run()
    assert (result["outcome"], result["appAppleId"], result["messages"], result["written"]) == ("synced", APP, 3, 4)
    assert bench.apple.asked == ["messages 3", "images 3"]
    assert bench.lines.counted == {"MessagesRejected": [0], "ImagesRejected": [0], "SyncSucceeded": [1]}
    assert [(word, level) for word, level, _ in bench.lines.reported] == [
        ("synced", "info"),
        ("sync succeeded", "info"),
    ]


def test_before_the_first_publishing_apple_is_not_asked(bench: Bench) -> None:
    """Without a release no key is known; that is no failure."""
    bench.apps = (OTHER_APP,)
    assert [result["outcome"] for result in bench.run()] == ["unpublished"]
    assert (bench.apple.asked, bench.lines.counted) == ([], {"SyncSucceeded": [1]})


@pytest.mark.parametrize(
    ("error", "outcome", "level", "fields", "counts"),
    [
        (
            SnapshotRefusedError("snapshot_refused", "too many", messages=3),
            "refused",
            "error",
            {"reason": "snapshot_refused", "explanation": "too many", "evidence": {"messages": 3}},
            {"SyncRefused": [1]},
        ),
        (
            RateLimitedError("/message/list", None),
            "rate limited",
            "warning",
            {"reason": "apple_rate_limited", "evidence": {}},
            {"SyncFailed": [1]},
        ),
        (
            AppleUnreachableError("apple_unreachable", "Apple's API does not answer"),
            "failed",
            "error",
            {"reason": "apple_unreachable", "explanation": "Apple's API does not answer", "evidence": {}},
            {"SyncFailed": [1]},
        ),
        (
            SigningError("key_missing", "no key"),
            "failed",
            "error",
            {"reason": "key_missing", "explanation": "no key", "evidence": {}},
            {"SyncFailed": [1]},
        ),
        (CallFailedError("Throttled"), "failed", "error", {"reason": "Throttled"}, {"SyncFailed": [1]}),
    ],
)
def test_each_failure_has_its_outcome_and_counts(
    sync: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    bench: Bench,
    error: Exception,
    outcome: str,
    level: str,
    fields: dict[str, Any],
    counts: dict[str, list[int]],
) -> None:
    """The alarms are on the counts, and a rate limit is a warning; a run with a failure has not succeeded."""
    follow(sync, monkeypatch, error)
    assert bench.run() == [{"outcome": outcome, "appAppleId": APP, **fields}]
    assert [(word, found) for word, found, _ in bench.lines.reported] == [(outcome, level)]
    assert bench.lines.counted == counts


def test_an_unexpected_error_is_named_by_class_and_place(
    sync: ModuleType, monkeypatch: pytest.MonkeyPatch, bench: Bench
) -> None:
    """The message of another library's error may quote a secret."""
    follow(sync, monkeypatch, RuntimeError("secret"))
    [result] = bench.run()
    assert (result["outcome"], result["reason"]) == ("failed", "RuntimeError")
    assert "test_sync.py" in result["evidence"]["at"]
    assert "secret" not in repr(result)


def test_an_app_that_fails_stops_no_other(bench: Bench) -> None:
    """Each app has its own line, and the run counts as failed; the connection is closed in any case."""
    bench.apps = (APP, OTHER_APP)
    bench.table.head(current=9, version=9)  # a release whose rows are not there
    assert [result["outcome"] for result in bench.run()] == ["failed", "unpublished"]
    assert bench.lines.reported[0][2]["reason"] == "release_unreadable"
    assert bench.lines.counted == {"SyncFailed": [1]}
    assert bench.apple.closed == 1


def test_rejected_messages_are_a_warning(sync: ModuleType, monkeypatch: pytest.MonkeyPatch, bench: Bench) -> None:
    """The owner has to write another text."""
    follow(sync, monkeypatch, replace(REPORT, rejected_messages=2, rejected_images=1))
    bench.run()
    assert bench.lines.reported[0][:2] == ("synced", "warning")
    assert (bench.lines.counted["MessagesRejected"], bench.lines.counted["ImagesRejected"]) == ([2], [1])


def test_messages_that_lose_approval_are_logged_once(sync: ModuleType, bench: Bench) -> None:
    """`follow` may judge the lists again after a conflict; at most twenty messages are named."""
    lost = sync._LostApprovals(APP, bench.lines)
    lost(frozenset({KEEP_EN}))
    lost(frozenset({KEEP_EN}))
    lost(frozenset({KEEP_EN, *(f"{number:02}" for number in range(30))}))
    assert bench.lines.counted == {"LiveApprovalLost": [1, 30]}
    assert [len(fields["messageIdentifiers"]) for _, _, fields in bench.lines.reported] == [1, 20]
    assert {level for _, level, _ in bench.lines.reported} == {"error"}


@pytest.mark.parametrize(
    ("probed", "line", "failed"),
    [
        (Probed(400), ("probe answered", "info", {"status": 400, "reason": ""}), 0),
        (Probed(403), ("probe failed", "error", {"status": 403, "reason": ""}), 1),
        (Probed(0, "OSError"), ("probe failed", "error", {"status": None, "reason": "OSError"}), 1),
    ],
)
def test_the_stacks_own_url_is_probed_first(
    bench: Bench, probed: Probed, line: tuple[str, str, dict[str, Any]], failed: int
) -> None:
    """`ProbeFailed` is counted also as zero, and a probe that fails does not fail the run."""
    bench.probe_url, bench.probed = "https://a.example.com/v1/probe", probed
    bench.run()
    assert bench.lines.reported[0] == line
    assert (bench.lines.counted["ProbeFailed"], bench.lines.counted["SyncSucceeded"]) == ([failed], [1])
