"""What runs in AWS: the sync by its own imports, and the certificate by the function's log."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from console.releases.overview import TableOverview
from console.rollout.checks import running
from console.rollout.checks.finding import BAD, GOOD, UNKNOWN
from console.rollout.checks.known import Known
from console.rollout.observed import Observed
from tests.support.apple_in_memory import target_in_memory
from tests.support.doctor_checks import NOW, checked, known, verdicts
from tests.support.planned_file import live as stored
from tests.support.small_release import release

LIVE = TableOverview(stored(release()))
LAGGING = Observed("Production", {"new": "APPROVED"}, {}, LIVE)


def imported(*, syncs: bool = True, seen: Observed | None = None, **minutes: int) -> Known:
    """Return what is known where these attributes of `head` are so many minutes old."""
    head = {name: {"S": (NOW - timedelta(minutes=age)).isoformat()} for name, age in minutes.items()}
    return known(target=target_in_memory(syncs=syncs), head=head, table=LIVE, seen=seen)


@pytest.mark.parametrize(
    ("given", "verdict", "found"),
    [
        (imported(syncedAt=1, statesAt=1), GOOD, "The sync last imported review states 60 s ago."),
        (imported(syncedAt=20, statesAt=1), BAD, "The sync last imported review states 20 min ago; it does so every"),
        (imported(statesAt=1), UNKNOWN, "The sync has not run yet"),
        (imported(statesAt=20), BAD, "The sync has never imported review states."),
        (imported(), BAD, "The sync has never imported review states."),
        (imported(syncedAt=1, seen=LAGGING), GOOD, "the table is behind Apple's lists by 1 state."),
        (imported(syncs=False), GOOD, "SyncSchedule is off."),
        (
            imported(syncs=False, seen=LAGGING),
            BAD,
            "SyncSchedule is off; the table is behind Apple's lists by 1 state.",
        ),
    ],
)
def test_the_sync_is_judged_by_its_own_imports(given: Known, verdict: str, found: str) -> None:
    """An import by `apply` does not hide a sync that stands still; a sync that is off is bad only if states lack."""
    [finding], _ = checked(running.sync, given)
    assert (finding.code, finding.verdict) == ("sync", verdict)
    assert found in finding.found


def test_a_time_that_cannot_be_read_is_no_import() -> None:
    """A row that another program wrote does not end the doctor."""
    given = replace(imported(), head={"syncedAt": {"S": "yesterday"}})
    assert verdicts(running.sync, given) == {"sync": BAD}


class Logs:
    """CloudWatch Logs with pages of messages."""

    def __init__(self, *pages: list[object]) -> None:
        self.pages = pages
        self.asked: dict[str, Any] = {}

    def get_paginator(self, name: str) -> Logs:
        assert name == "filter_log_events"
        return self

    def paginate(self, **request: Any) -> Any:
        self.asked = request
        return ({"events": [{"message": message} for message in page]} for page in self.pages)


def line(days: object) -> str:
    return json.dumps({"leafDaysLeft": days})


@pytest.mark.parametrize(
    ("pages", "days"),
    [
        ([], None),
        ([[]], None),
        ([[line(12), line(200), line(30)]], 200),
        ([[], [line(7)]], 7),
        ([["START RequestId", "[]", line(None), line(9)]], 9),
        ([[]] * 10 + [[line(7)]], None),
    ],
    ids=["no page", "an empty page", "the newest certificate", "a later page", "other lines", "the eleventh page"],
)
def test_the_newest_certificate_of_the_log_counts(pages: list[list[object]], days: int | None) -> None:
    """Of the first page that has any; ten pages are read, and lines of another form are passed over."""
    logs = Logs(*pages)
    assert running.leaf_days(logs, "group", NOW) == days
    assert logs.asked["startTime"] == int((NOW - timedelta(hours=24)).timestamp() * 1000)


@pytest.mark.parametrize(("days", "verdict"), [(12, BAD), (29, BAD), (30, GOOD), (200, GOOD), (None, UNKNOWN)])
def test_a_certificate_near_its_end_is_bad(days: int | None, verdict: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Less than thirty days is near; without a request in the log its end is not known."""
    monkeypatch.setattr(Known, "aws", lambda *_: Logs([] if days is None else [line(days)]))
    assert verdicts(running.certificate, known(target=target_in_memory(log_group="group"))) == {"certificate": verdict}


@pytest.mark.parametrize(
    ("check", "code"), [(running.sync, "sync"), (running.certificate, "certificate"), (running.stack, "stack")]
)
@pytest.mark.parametrize("target", [None, target_in_memory()], ids=["no target", "a table without a stack"])
def test_without_a_stack_nothing_is_asked_of_aws(check: Any, code: str, target: Any) -> None:
    """A table that was named with --table has no log, function or sync to look at."""
    assert verdicts(check, known(target=target)) == {code: UNKNOWN}


def test_one_part_of_the_stack_that_may_not_be_read_hides_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the alias Apple's requests fail, so that is bad; the account's limits are then unknown."""

    def refused(*_: object) -> Any:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "GetFunctionConfiguration")

    monkeypatch.setattr(Known, "aws", refused)
    target = target_in_memory(name="s", function="f", alarm_topic="arn", alarm_email="")
    assert verdicts(running.stack, known(target=target)) == {
        "alias": BAD, "architecture": UNKNOWN, "alarms": UNKNOWN, "account-concurrency": UNKNOWN,
        "key-throughput": UNKNOWN,
    }  # fmt: skip
