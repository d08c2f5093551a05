"""A batch of notifications: each has one fate, its line before the write, and its effect once."""

from __future__ import annotations

import hashlib
import itertools
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar

import pytest
from retention import table as rows
from retention.aws.app_table import AppTable
from retention.aws.deadline import Deadline
from retention.notifications import customers
from retention.notifications.intake import PULL, PUSH, DelayedError
from retention.notifications.last_test import LastTest, last_test
from retention.subscription import EMPTY, merge

from tests.minting.certificates import NOW, NOW_MS, key
from tests.minting.notifications import ABSENT, NOTIFICATION_UUID, ORIGINAL_TRANSACTION, body, notification
from tests.support.fake_table import APP, TABLE
from tests.support.intake_on_fakes import IntakeOnFakes, ParkedBodies
from tests.support.writable_table import WritableTable

OTHER_PERSON = "2000000500009999"


@pytest.fixture
def intake(monkeypatch: pytest.MonkeyPatch) -> IntakeOnFakes:
    monkeypatch.setattr(customers, "_PAUSE", 0.0)
    return IntakeOnFakes()


def uuid(number: int) -> str:
    return f"7e3f0c52-91a4-4c8e-b0d5-{number:012}"


def numbered(number: int, **changes: Any) -> str:
    """Return the body of a notification that was signed `number` seconds before NOW, as all of it was."""
    at = NOW_MS - number * 1000
    transaction = {"signedDate": at, **changes.pop("transaction", {})}
    renewal = {"signedDate": at, **changes.pop("renewal", {})}
    return body(
        notification(notificationUUID=uuid(number), signedDate=at, transaction=transaction, renewal=renewal, **changes)
    )


def of_person(person: str, **changes: Any) -> str:
    ids = {"originalTransactionId": person}
    return body(notification(transaction=ids, renewal=ids, **changes))


RENEWED = body(notification("DID_RENEW"))


# What teaches


def test_a_notification_is_kept_and_printed(intake: IntakeOnFakes) -> None:
    """The row has what it teaches; the line has its fields and pseudonyms; the metric counts it."""
    assert intake.take(RENEWED) == ["merged"]
    assert intake.state().renewal is not None
    [line] = intake.printed("merged")
    assert (line["type"], line["notificationUuid"], line["source"]) == ("DID_RENEW", NOTIFICATION_UUID, "push")
    assert intake.lines.counted == {"NotificationsMerged": [1]}


def test_a_second_delivery_changes_nothing(intake: IntakeOnFakes) -> None:
    """It has no line and no write; a metric counts it."""
    intake.take(RENEWED)
    row, sent = intake.row(), len(intake.table.sent)
    assert intake.take(RENEWED) == ["nothing new"]
    assert (intake.row(), len(intake.table.sent)) == (row, sent)
    assert len(intake.printed("merged")) == 1
    assert intake.lines.counted["NotificationsNothingNew"] == [1]


def test_a_batch_writes_each_row_once(intake: IntakeOnFakes) -> None:
    """All that a batch has of one subscription costs one read and one write; the fates keep the order of the texts."""
    texts = [numbered(3), of_person(OTHER_PERSON), numbered(2), numbered(3), numbered(1)]
    assert intake.take(*texts) == ["merged", "merged", "merged", "nothing new", "merged"]
    assert [operation for operation, _, _ in intake.table.sent] == ["update_item", "update_item"]
    assert len(intake.printed("merged")) == 4
    assert len(intake.state().auto) == 3
    assert intake.state(OTHER_PERSON).renewal is not None


def test_order_and_batches_do_not_matter(intake: IntakeOnFakes) -> None:
    """The rows are the same, byte for byte, in any order and in any grouping into batches."""
    texts = [numbered(number, renewal={"autoRenewStatus": number % 2}) for number in range(5)]
    intake.take(*texts)
    other = IntakeOnFakes()
    for text in (texts[3], texts[0], texts[3], texts[4], texts[2], texts[1]):
        other.take(text)
    assert other.row() == intake.row()


def test_types_that_this_version_does_not_know_teach_as_well(intake: IntakeOnFakes) -> None:
    """The state is what counts; new types and subtypes are logged as Apple writes them."""
    text = body(notification("SOMETHING_NEW", "OF_2027", data={"status": 9}, future={"a": [1]}))
    assert intake.take(text) == ["merged"]
    [line] = intake.printed("merged")
    assert (line["type"], line["subtype"], line["status"]) == ("SOMETHING_NEW", "OF_2027", "9")


def test_the_line_comes_before_the_write(intake: IntakeOnFakes) -> None:
    """An intake that is killed between the two prints the line again; the other way round a line could be missing."""
    seen: list[int] = []

    def call(operation: str, request: dict[str, Any]) -> dict[str, Any]:
        if operation == "update_item":
            seen.append(len(intake.printed("merged")))
        return intake.table.call(operation, request)

    intake.call = call
    intake.take(RENEWED)
    assert seen == [1]


def test_an_intake_that_was_overtaken_prints_each_line_once(intake: IntakeOnFakes) -> None:
    """A conflict with another writer makes it read and merge again, without a second line."""
    interfere = [lambda: IntakeOnFakes(table=intake.table).take(numbered(7))]

    def call(operation: str, request: dict[str, Any]) -> dict[str, Any]:
        if operation == "update_item" and interfere:
            interfere.pop()()
        return intake.table.call(operation, request)

    intake.call = call
    assert intake.take(RENEWED, numbered(9)) == ["merged", "merged"]
    assert len(intake.printed("merged")) == 2
    assert len(intake.state().auto) == 3


def test_a_subscription_that_got_another_id_keeps_what_is_known(intake: IntakeOnFakes) -> None:
    """What was reported under the previous id is merged into the new row, and once only."""
    intake.take(numbered(50, renewal={"autoRenewStatus": 0}), numbered(40))
    old = intake.state()
    moved = {"originalTransactionId": OTHER_PERSON}
    text = body(
        notification(
            "MIGRATION", transaction={**moved, "previousOriginalTransactionId": ORIGINAL_TRANSACTION}, renewal=moved
        )
    )
    assert intake.take(text, text) == ["merged", "nothing new"]
    assert merge(intake.state(OTHER_PERSON), old) == intake.state(OTHER_PERSON)
    assert len(intake.state(OTHER_PERSON).auto) == 3
    assert intake.state() == old
    assert intake.take(text) == ["nothing new"]


def test_another_id_makes_no_difference_in_any_order(intake: IntakeOnFakes) -> None:
    """What was signed before Apple changed the id may arrive after it: late, or from a history read backwards."""
    third = "2000000500008888"

    def under(person: str, number: int, previous: object = ABSENT) -> str:
        own = {"originalTransactionId": person, "transactionId": str(number), "purchaseDate": NOW_MS - number * 1000}
        return numbered(
            number,
            transaction={**own, "previousOriginalTransactionId": previous},
            renewal={"originalTransactionId": person, "autoRenewStatus": number % 2},
        )

    texts = [
        *(under(ORIGINAL_TRANSACTION, 9), under(ORIGINAL_TRANSACTION, 8)),
        *(under(OTHER_PERSON, 7, ORIGINAL_TRANSACTION), under(OTHER_PERSON, 6)),
        under(third, 5, OTHER_PERSON),
    ]
    intake.take(*texts)
    expected = {person: intake.row(person) for person in (OTHER_PERSON, third)}
    assert len(intake.state(third).transactions) == 5
    for order in itertools.permutations(texts):
        again = IntakeOnFakes()
        for text in order:
            again.take(text)
        assert {person: again.row(person) for person in expected} == expected
        sent = len(again.table.sent)
        assert set(again.take(*texts)) == {"nothing new"}
        assert len(again.table.sent) == sent


# The three fates of what does not teach


FORGED = {
    "another key": body(notification(signed_by=key("other"))),
    "a transaction of another key": body(
        notification(transaction=notification(signed_by=key("other"), transaction=None, renewal=None))
    ),
    "not signed": body("e30.e30.e30"),
    "no token": '{"signedPayload": 1}',
    "no JSON": "hello",
    "nothing": "",
}


@pytest.mark.parametrize("name", FORGED)
def test_what_apple_did_not_sign_is_counted_and_gone(name: str, intake: IntakeOnFakes) -> None:
    """It changes no row, is parked nowhere, and one line names the reasons."""
    before = dict(intake.table.items)
    assert intake.take(FORGED[name]) == ["forged"]
    assert intake.table.items == before
    assert intake.parked.bodies == []
    junk = {"NotificationsJunk": [1]} if name in {"no token", "no JSON", "nothing"} else {}
    assert intake.lines.counted == {
        "NotificationsForged": [0 if junk else 1],
        "NotificationsMerged": [0],
        "NotificationsNothingNew": [0],
        **junk,
    }
    [line] = intake.printed("forged")
    assert sum(line["reasons"].values()) == 1


OTHERS = {
    "another app": notification(data={"appAppleId": APP + 1}),
    "another bundle": notification(data={"appAppleId": ABSENT, "bundleId": "com.example.other"}),
    "another environment": notification(
        data={"environment": "Sandbox"}, transaction={"environment": "Sandbox"}, renewal={"environment": "Sandbox"}
    ),
    "an object of a later version, of another app": notification(data=None, later={"appAppleId": APP + 1}),
    "an object of a later version, of another environment": notification(data=None, later={"environment": "Sandbox"}),
    "Xcode": notification(
        data={"environment": "Xcode"}, transaction={"environment": "Xcode"}, renewal={"environment": "Xcode"}
    ),
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_somebody_else_s_is_counted_and_gone(name: str, intake: IntakeOnFakes) -> None:
    """Apple signed it for another app or environment: it changes no row and is parked nowhere."""
    before = dict(intake.table.items)
    assert intake.take(body(OTHERS[name])) == ["other app"]
    assert (intake.table.items, intake.parked.bodies) == (before, [])
    assert intake.lines.counted == {"NotificationsOtherApp": [1]}


NOT_UNDERSTOOD = {
    "a subscription without an id": notification(
        transaction={"originalTransactionId": ABSENT}, renewal={"originalTransactionId": ABSENT}
    ),
    "a price that is text": notification(transaction={"price": "9.99"}),
    "none of the four objects": notification(data=None),
    "an object of a later version": notification(data=None, later={"appAppleId": APP, "environment": "Production"}),
    "a status that is a list": notification(data={"status": [1]}),
    "an id with a line break": notification(
        transaction={"originalTransactionId": "1\n2"}, renewal={"originalTransactionId": "1\n2"}
    ),
    "an earlier id of 65 characters": notification(transaction={"previousOriginalTransactionId": "1" * 65}),
    "an id of 65 characters": notification(
        transaction={"originalTransactionId": "1" * 65}, renewal={"originalTransactionId": "1" * 65}
    ),
}


@pytest.mark.parametrize("name", NOT_UNDERSTOOD)
def test_what_is_authentic_and_not_understood_is_parked(name: str, intake: IntakeOnFakes) -> None:
    """The body waits for the release that reads it, with its reason; a line and a metric raise the alarm."""
    before, text = dict(intake.table.items), body(NOT_UNDERSTOOD[name])
    assert intake.take(text) == ["parked"]
    [(parked, reason)] = intake.parked.bodies
    [line] = intake.printed("parked")
    assert (parked, reason) == (text, line["reason"])
    assert intake.table.items == before
    assert intake.lines.counted == {"NotificationsParked": [1]}


def test_a_bug_parks_what_arrived(intake: IntakeOnFakes, monkeypatch: pytest.MonkeyPatch) -> None:
    """The line names the place of the bug and not its message, which may quote what arrived."""

    def bug(*_: object) -> None:
        raise KeyError(ORIGINAL_TRANSACTION)

    monkeypatch.setattr("retention.notifications.intake.read_notification", bug)
    assert intake.take(RENEWED) == ["parked"]
    [line] = intake.printed("parked")
    assert (line["reason"], set(line["evidence"])) == ("KeyError", {"at"})
    assert ORIGINAL_TRANSACTION not in json.dumps(line)


def test_what_cannot_be_parked_comes_back(intake: IntakeOnFakes) -> None:
    """Nothing authentic is dropped because the parking queue is away."""
    intake.parked = ParkedBodies(away=True)
    [verdict] = intake.judge(body(NOT_UNDERSTOOD["a price that is text"]))
    assert (verdict.settled, verdict.reason) == (False, "ServiceUnavailable")


def test_a_damaged_row_parks_its_notifications(intake: IntakeOnFakes) -> None:
    """The row is not written over, others go on, and the line names the customer's hash."""
    intake.table.put(rows.subscription_key(APP, ORIGINAL_TRANSACTION), {"document": {"S": "x"}, "digest": {"S": "y"}})
    before = intake.row()
    assert intake.take(RENEWED, of_person(OTHER_PERSON), numbered(1)) == ["parked", "merged", "parked"]
    assert intake.row() == before
    assert [reason for _, reason in intake.parked.bodies] == ["subscription_unreadable"] * 2
    assert len(intake.printed("parked")[0]["evidence"]["customerHash"]) == 64


# Cannot now


def failing(intake: IntakeOnFakes, *operations: str) -> None:
    """Make calls of these operations fail, as long as the table is away."""

    def call(operation: str, request: dict[str, Any]) -> dict[str, Any]:
        if operation in operations:
            raise ConnectionError(ORIGINAL_TRANSACTION)
        return intake.table.call(operation, request)

    intake.call = call


@pytest.mark.parametrize("operation", ["get_item", "update_item"])
def test_a_table_that_is_away_delays_all_of_its_notifications(intake: IntakeOnFakes, operation: str) -> None:
    """They are processed when it is back, and the line has the code of the failure without its message."""
    failing(intake, operation)
    assert intake.take(RENEWED) == ["delayed"]
    assert intake.printed("delayed") == [{"reasons": {"ConnectionError": 1}, "source": "push"}]
    assert intake.lines.counted == {"NotificationsDelayed": [1]}
    intake.call = None
    assert intake.take(RENEWED) == ["merged"]


def test_a_table_that_is_away_is_asked_for_one_row_of_a_batch(intake: IntakeOnFakes) -> None:
    """Every further row would wait as long, and Lambda would end the function before it answers the queue."""
    calls: list[str] = []

    def call(operation: str, request: dict[str, Any]) -> dict[str, Any]:
        if "#customer#" in request.get("Key", {}).get("pk", {}).get("S", ""):
            calls.append(operation)
            raise ConnectionError
        return intake.table.call(operation, request)

    intake.call = call
    assert intake.take(RENEWED, of_person(OTHER_PERSON), of_person("1")) == ["delayed"] * 3
    assert len(calls) == 1


def test_a_row_that_is_refused_delays_no_other(intake: IntakeOnFakes) -> None:
    """DynamoDB answers, so it can be asked for the next one."""

    class ThrottlingError(Exception):
        response: ClassVar = {"Error": {"Code": "ThrottlingException"}}

    def call(operation: str, request: dict[str, Any]) -> dict[str, Any]:
        if ORIGINAL_TRANSACTION in request.get("Key", {}).get("pk", {}).get("S", ""):
            raise ThrottlingError
        return intake.table.call(operation, request)

    intake.call = call
    assert intake.take(RENEWED, of_person(OTHER_PERSON)) == ["delayed", "merged"]
    assert intake.printed("delayed")[0]["reasons"] == {"ThrottlingException": 1}


def test_an_app_without_a_release_waits_for_it(intake: IntakeOnFakes) -> None:
    """Neither its bundle id nor the key of its customers' hashes is known yet."""
    other = body(notification(data={"appAppleId": APP + 1}))
    intake.apps = (APP, APP + 1)
    by_bundle = body(notification(data={"appAppleId": ABSENT, "bundleId": "com.example.next"}, transaction=None))
    assert intake.take(other, by_bundle, RENEWED) == ["delayed", "delayed", "merged"]
    assert intake.printed("delayed") == [{"reasons": {"no_release": 2}, "source": "push"}]


def test_what_is_of_another_environment_waits_for_no_release(intake: IntakeOnFakes) -> None:
    """A sandbox notification of any developer may lack the appAppleId: posted here, it must not wait."""
    intake.apps = (APP, APP + 1)
    foreign = {"appAppleId": ABSENT, "bundleId": "com.example.other"}
    posted = (
        notification(data={**foreign, "environment": "Sandbox"}, transaction=None, renewal=None),
        notification(
            data=None, externalPurchaseToken={"externalPurchaseId": "SANDBOX_1", **foreign, "appAppleId": None}
        ),
    )
    assert intake.take(*map(body, posted)) == ["other app", "other app"]


def test_what_is_signed_ahead_of_our_clock_waits(intake: IntakeOnFakes) -> None:
    """Apple signed it, so one of the two clocks is wrong: once they agree it is taken in."""
    intake.now = NOW - timedelta(minutes=6)
    assert intake.take(RENEWED) == ["delayed"]
    assert intake.row() is None
    intake.now = NOW
    assert intake.take(RENEWED) == ["merged"]


def test_a_conflict_that_does_not_end_delays(intake: IntakeOnFakes) -> None:
    """After six attempts the message goes back to its queue."""
    number = iter(range(100, 200))

    def call(operation: str, request: dict[str, Any]) -> dict[str, Any]:
        if operation == "update_item":
            IntakeOnFakes(table=intake.table).take(numbered(next(number)))
        return intake.table.call(operation, request)

    intake.call = call
    [verdict] = intake.judge(RENEWED)
    assert (verdict.settled, verdict.reason) == (False, "subscription_conflict")


def test_what_is_not_begun_in_time_waits(intake: IntakeOnFakes) -> None:
    """Lambda would end the function in the middle, and all messages would wait for the queue's own time."""
    [verdict] = intake.intake().take_all([RENEWED], PUSH, Deadline.after(0))
    assert (verdict.settled, verdict.reason) == (False, "out_of_time")
    assert intake.row() is None


# Others


def test_a_test_is_noted(intake: IntakeOnFakes) -> None:
    """The row `test` names the last TEST and when it arrived, and the log has its UUID."""
    text = body(notification("TEST", transaction=None, renewal=None))
    assert intake.take(text) == ["test"]
    noted = last_test(AppTable(intake.table.client(), TABLE, APP))
    assert noted == LastTest(NOTIFICATION_UUID, int(NOW.timestamp()))
    assert intake.printed("test") == [{"appAppleId": APP, "notificationUuid": NOTIFICATION_UUID, "source": "push"}]
    assert intake.lines.counted == {"NotificationsTest": [1]}
    failing(intake, "put_item")
    assert intake.take(text) == ["delayed"]


def test_a_test_that_the_pull_meets_is_as_old_as_its_signature(intake: IntakeOnFakes) -> None:
    """It is met again at each repair, which must not look like another delivery."""
    text = body(notification("TEST", transaction=None, renewal=None, signedDate=NOW_MS - 60_000))
    assert intake.take(text, source=PULL) == ["test"]
    noted = last_test(AppTable(intake.table.client(), TABLE, APP))
    assert noted == LastTest(NOTIFICATION_UUID, NOW_MS // 1000 - 60)


def test_a_test_that_arrives_again_changes_nothing(intake: IntakeOnFakes) -> None:
    """Neither its own copy nor an older test, posted once more, changes the row or adds a line."""
    old, new = (
        body(notification("TEST", transaction=None, renewal=None, signedDate=NOW_MS - age, notificationUUID=uuid(age)))
        for age in (100 * 86_400_000, 1000)
    )
    assert intake.take(new) == ["test"]
    before = dict(intake.table.items)
    intake.now = NOW + timedelta(hours=1)
    assert intake.take(new, old, old) == ["nothing new"] * 3
    assert intake.take(new, source=PULL) == ["nothing new"]
    assert intake.table.items == before
    assert len(intake.printed("test")) == 1


def test_what_the_pull_does_not_understand_is_not_parked(intake: IntakeOnFakes) -> None:
    """The line and the metric are there; Apple lists the notification for 180 days, and the pull meets it again."""
    assert intake.take(body(notification(transaction={"price": "9.99"})), source=PULL) == ["parked"]
    assert (intake.parked.bodies, len(intake.printed("parked"))) == ([], 1)


IGNORED = {
    "ONE_TIME_CHARGE": notification(
        "ONE_TIME_CHARGE", transaction={"type": "Consumable", "expiresDate": ABSENT}, renewal=None
    ),
    "RENEWAL_EXTENSION": notification(
        "RENEWAL_EXTENSION", "SUMMARY", data=None,
        summary={"appAppleId": APP, "environment": "Production", "productId": "journal.monthly"},
    ),
    "EXTERNAL_PURCHASE_TOKEN": notification(
        "EXTERNAL_PURCHASE_TOKEN", "UNREPORTED", data=None,
        externalPurchaseToken={"appAppleId": APP, "externalPurchaseId": "b2158121-7af9-49d4-9561-1f588205523e"},
    ),
    "RESCIND_CONSENT": notification(
        "RESCIND_CONSENT", data=None, appData={"appAppleId": APP, "environment": "Production"}
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", IGNORED)
def test_what_is_of_no_subscription_is_counted(name: str, intake: IntakeOnFakes) -> None:
    """It changes no row; its line has the type."""
    before = dict(intake.table.items)
    assert intake.take(body(IGNORED[name])) == ["ignored"]
    assert intake.table.items == before
    assert intake.printed("ignored") == [{"reasons": {name: 1}, "source": "push"}]
    assert intake.lines.counted == {"NotificationsIgnored": [1]}


def test_a_certificate_that_is_not_known_yet_is_counted_once_a_batch(
    intake: IntakeOnFakes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Apple's next certificate raises the alarm that requests raise too, and the line names its fingerprint."""
    root = hashlib.sha256(intake.roots[0]).hexdigest()
    monkeypatch.setattr("retention.notifications.outcome_lines.APPLE_ROOT_FINGERPRINT", root)
    intake.take(numbered(1), numbered(2))
    assert intake.lines.counted["NewLeaf"] == [1]
    [leaf] = {line["newLeaf"] for line in intake.printed("merged")}
    intake.known_leaves = frozenset({leaf})
    intake.take(numbered(3))
    assert intake.lines.counted["NewLeaf"] == [1]


@pytest.mark.parametrize("source", [PUSH, PULL])
def test_lines_name_the_source(source: str, intake: IntakeOnFakes) -> None:
    """What came first from where is counted from the log."""
    intake.take(RENEWED, source=source)
    assert intake.printed("merged")[0]["source"] == source


def test_one_notification_is_taken_in_or_raises(intake: IntakeOnFakes) -> None:
    """The pull goes on only once a notification is settled."""
    assert intake.intake().take(RENEWED, PULL).value == "merged"
    failing(intake, "get_item")
    with pytest.raises(DelayedError) as caught:
        intake.intake().take(RENEWED, PULL)
    assert caught.value.code == "ConnectionError"
    assert ORIGINAL_TRANSACTION not in str(caught.value)


def test_an_empty_batch_makes_no_line(intake: IntakeOnFakes) -> None:
    """Nothing arrived, and nothing is written."""
    assert intake.take() == []
    assert (intake.lines.reported, intake.lines.counted) == ([], {})


def test_state_starts_empty() -> None:
    """A table without a row has the state that knows nothing."""
    assert replace(EMPTY) == IntakeOnFakes(table=WritableTable()).state()
