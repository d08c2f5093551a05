"""`retention facts backfill` against the simulator: what it learns, how it goes on, and what it does not print."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import boto3
import pytest
from retention import table as rows
from retention.aws.app_table import AppTable
from retention.jws import SignedPayloadVerifier
from retention.limits import calls_per_hour
from retention.notifications.customers import read_state
from retention.notifications.history import DAY_MS
from retention.notifications.judge import LATE_LISTING, NotificationJudge
from retention.notifications.learning import learned
from retention.notifications.notification import read_notification
from retention.notifications.progress import ProgressRow, Reading
from retention.request import PRODUCTION, SANDBOX
from retention.subscription import EMPTY, State, merge

from console.simulator.api import Answer, HangUp, Request, Response
from console.simulator.notification_operations import PAGINATION_TOKEN_SECONDS
from console.simulator.outbox import OutgoingNotification
from console.simulator.subscriptions.life import Seller
from tests.support.notified_customers import EVENTS, fill, transaction_id
from tests.support.operator_setup import APP_ID, OperatorSetup, set_up_operator
from tests.support.simulated_app import APP, AUTHORITY

CUSTOMERS = 40
DAYS = 20
SELLER = Seller(APP.app_apple_id, APP.bundle_id, SANDBOX)
HISTORY = "/inApps/v1/notifications/history"
REFUSAL = Response(403, {"content-type": "application/json"}, b'{"errorCode": 4030000, "errorMessage": "No."}')


class Interference:
    """Counts calls of Apple's API, and answers in its place where a test sets `answer`."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.answer: Callable[[Request], Response | None] = lambda _: None

    def wrap(self, answer: Answer) -> Answer:
        def answered(request: Request) -> Response:
            self.calls.append(request.target)
            return self.answer(request) or answer(request)

        return answered

    @property
    def pages(self) -> int:
        return sum(HISTORY in call for call in self.calls)


@pytest.fixture
def interference() -> Interference:
    return Interference()


@pytest.fixture
def desk(
    tmp_path: Path,
    endpoint: str,
    request: pytest.FixtureRequest,
    capsys: pytest.CaptureFixture[str],
    interference: Interference,
) -> Iterator[OperatorSetup]:
    """An operator, whose sandbox stack trusts the simulator's authority."""
    name = re.sub(r"\W", "", request.node.name)[-40:]
    with set_up_operator(tmp_path, endpoint, name, capsys, interference.wrap) as made:
        yield made


@pytest.fixture
def sent(desk: OperatorSetup) -> list[OutgoingNotification]:
    """The notifications of customers with a past."""
    return fill(desk.simulator, SELLER, CUSTOMERS, int(time.time() * 1000), DAYS)


def app_table(desk: OperatorSetup) -> AppTable:
    return AppTable(boto3.client("dynamodb", endpoint_url=desk.endpoint), desk.table(), APP_ID)


def states(desk: OperatorSetup) -> dict[str, State]:
    """Return what the table knows of each customer."""
    table, found = app_table(desk), dict[str, State]()
    for number in range(CUSTOMERS):
        item = table.get(rows.subscription_key(APP_ID, transaction_id(number)))
        if item:
            found[transaction_id(number)] = read_state(item)
    return found


def expected(sent: list[OutgoingNotification]) -> dict[str, State]:
    """Return what all notifications teach, merged in the order in which they happened."""
    verifier = SignedPayloadVerifier([AUTHORITY.root_der])
    judge = NotificationJudge(verifier, {APP_ID: APP.bundle_id}, SANDBOX, datetime.now(UTC), LATE_LISTING)
    found: dict[str, State] = {}
    for one in sent:
        name, state = one.original_transaction_id, learned(read_notification(one.signed_payload, judge))
        found[name] = merge(found.get(name, EMPTY), state)
    return found


def test_a_backfill_learns_what_every_notification_taught(
    desk: OperatorSetup, sent: list[OutgoingNotification]
) -> None:
    """The rows are those of a run in order; a second backfill reads everything again, and changes nothing."""
    done = desk.json("facts", "backfill")
    assert states(desk) == expected(sent)
    assert done["notifications"] == done["tokens"]["learned"] == len(sent) == CUSTOMERS * EVENTS
    # Apple keeps 30 days of 24 hours, and the last six hours are the pull's.
    assert done["days"] in {30, 31}
    assert list(app_table(desk).of_notifications("")) == []
    again = desk.json("facts", "backfill")
    assert (again["notifications"], again["rowsWritten"]) == (len(sent), 0)


def test_a_backfill_leaves_to_the_pull_what_that_will_read(
    desk: OperatorSetup, sent: list[OutgoingNotification]
) -> None:
    """What the pull has yet to meet keeps its outcome line: a backfill ends where the pull's repair begins."""
    watermark = int(time.time() * 1000) - 10 * DAY_MS
    ProgressRow(app_table(desk)).end_at(Reading.NEWS, watermark, watermark)
    end = watermark - 3 * 3_600_000
    earlier = [one for one in sent if one.signed_date <= end]
    assert 0 < len(earlier) < len(sent)
    assert desk.json("facts", "backfill")["notifications"] == len(earlier)
    assert states(desk) == expected(earlier)


@pytest.mark.usefixtures("sent")
def test_a_backfill_may_read_the_last_days_only(desk: OperatorSetup) -> None:
    """The day of the last instant that is not left to the pull is the first of them."""
    code, out, _ = desk("facts", "backfill", "--days", "3")
    assert code == 0
    assert out.startswith("Read 3 days back to ")
    assert "to customers' rows." in out


def test_a_backfill_that_is_stopped_goes_on(
    desk: OperatorSetup, sent: list[OutgoingNotification], interference: Interference
) -> None:
    """Apple answers with an error at some page: the same command reads only what is left, and the facts are equal."""
    undisturbed = 0
    while True:
        allowed = interference.pages + 7

        def broken(request: Request, allowed: int = allowed) -> Response | None:
            if HISTORY in request.target and interference.pages > allowed:
                return Response(
                    403, {"content-type": "application/json"}, b'{"errorCode":4030000,"errorMessage":"No."}'
                )
            return None

        interference.answer = broken
        code, _, err = desk("facts", "backfill")
        undisturbed += 1
        if code == 0:
            break
        assert "days to go: the same command goes on from there." in err or "1 day to go" in err
    assert undisturbed > 3
    assert states(desk) == expected(sent)


def test_a_token_that_expired_meanwhile_restarts_its_day(
    desk: OperatorSetup, sent: list[OutgoingNotification], interference: Interference
) -> None:
    """The next run may come the next day; only the days that were begun are read again."""
    interference.answer = lambda request: REFUSAL if HISTORY in request.target and interference.pages > 8 else None
    assert desk("facts", "backfill")[0] == 1
    interference.answer = lambda _: None
    desk.simulator.advance(PAGINATION_TOKEN_SECONDS)
    assert desk("facts", "backfill")[0] == 0
    assert states(desk) == expected(sent)


@pytest.mark.usefixtures("sent")
def test_no_output_has_a_customers_id(desk: OperatorSetup, tmp_path: Path) -> None:
    """Neither text nor document, neither of days nor of customers."""
    file = tmp_path / "ids.txt"
    file.write_text("\n".join(transaction_id(number) for number in range(3)))
    printed = "".join(
        part
        for options in ((), ("--json",))
        for words in (("facts", "backfill"), ("facts", "backfill", "--transactions", str(file)))
        for part in desk(*words, *options)[1:]
    )
    assert "20000009" not in printed


def test_customers_are_learned_completely(
    desk: OperatorSetup, sent: list[OutgoingNotification], tmp_path: Path
) -> None:
    """Statuses and transactions of the ids in a file: what Apple has now, and a complete history."""
    file = tmp_path / "ids.txt"
    file.write_text("\n".join([*(transaction_id(number) for number in range(5)), "2000000999999999"]))
    done = desk.json("facts", "backfill", "--transactions", str(file))
    assert (done["customers"], done["unknown"], done["subscriptions"], done["rowsWritten"]) == (6, 1, 5, 5)
    known = states(desk)
    assert len(known) == 5
    assert all(state.history_complete for state in known.values())
    newest = {one.original_transaction_id: one.signed_date for one in sent}
    for name, state in known.items():
        assert state.renewal is not None
        assert state.renewal.signed_date >= newest[name]


def test_days_and_customers_exclude_each_other(desk: OperatorSetup, tmp_path: Path) -> None:
    """A line that is no id is named by its number."""
    assert desk("facts", "backfill", "--days", "3", "--transactions", "-")[0] == 2
    file = tmp_path / "ids.txt"
    file.write_text("hello\n")
    code, _, err = desk("facts", "backfill", "--transactions", str(file))
    assert (code, "Line 1 of" in err) == (1, True)
    assert desk("facts", "backfill", "--days", "0")[0] == 2


def test_production_is_asked_for(desk: OperatorSetup) -> None:
    """Facts decide what customers see."""
    code, _, err = desk("facts", "backfill", env="production")
    assert (code, "Add --yes" in err) == (1, True)


def test_production_trusts_apple_alone(desk: OperatorSetup) -> None:
    """What the simulator signed counts as forged there, and the operator reads so."""
    seller = Seller(APP.app_apple_id, APP.bundle_id, PRODUCTION)
    fill(desk.simulator, seller, 3, int(time.time() * 1000), DAYS)
    code, _, err = desk("facts", "backfill", "--yes", env="production")
    assert code == 0
    assert f"{3 * EVENTS} signed tokens of Apple's answers were not signed by the App Store." in err


@pytest.mark.usefixtures("sent")
def test_a_connection_that_breaks_is_asked_again(desk: OperatorSetup, interference: Interference) -> None:
    """Reading a page twice does no harm."""
    broken: list[str] = []

    def hang_up(request: Request) -> Response | None:
        if HISTORY in request.target and not broken:
            broken.append(request.target)
            raise HangUp
        return None

    interference.answer = hang_up
    code, _, err = desk("facts", "backfill", "--days", "2")
    assert (code, len(broken), "trying again." in err) == (0, 1, True)


def test_the_sandbox_has_a_tenth_of_the_calls() -> None:
    """A backfill takes half of that: 2.5 pages a second, by the hour."""
    assert calls_per_hour("Get Notification History", SANDBOX) == 18_000
