"""The pull killed at every call to AWS, before it was sent and after it was answered: nothing is left out.

Between the runs Apple sends more, and the clock goes on. A killed run is followed by one that ends; then the table has
what an undisturbed one has, and the watermark is where it should be.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from botocore.client import BaseClient
from retention import table as rows
from retention.notifications.progress import ProgressRow

from tests.support.fake_table import APP, TABLE
from tests.support.killed_client import KilledError
from tests.support.notified_customers import fill
from tests.support.pulled_stack import SELLER, PulledStack, learned_from_all, pulled_stack
from tests.support.reliability_page import size

CUSTOMERS = size(6, 2)


class Countdown:
    """Counts the calls of a run, and ends it at one of them as a kill would."""

    def __init__(self, kill_at: int = 0, *, after: bool = False) -> None:
        self.kill_at, self.after, self.calls = kill_at, after, 0

    @contextmanager
    def running(self) -> Iterator[None]:
        send = BaseClient._make_api_call  # type: ignore[attr-defined]  # the one place all calls pass

        def call(client: Any, operation: str, request: dict[str, Any]) -> Any:
            self.calls += 1
            if self.calls == self.kill_at and not self.after:
                raise KilledError
            answer = send(client, operation, request)
            if self.calls == self.kill_at:
                raise KilledError
            return answer

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(BaseClient, "_make_api_call", call)
            yield


def customers_rows(stack: PulledStack) -> dict[str, Any]:
    found = stack.dynamodb.scan(TableName=TABLE)["Items"]
    return {item["pk"]["S"]: item for item in found if "#customer#" in item["pk"]["S"]}


def forget(stack: PulledStack) -> None:
    """Delete what the pull has written."""
    for item in stack.dynamodb.scan(TableName=TABLE)["Items"]:
        if "#customer#" in item["pk"]["S"] or item["pk"]["S"] == rows.notifications_pk(APP):
            stack.dynamodb.delete_item(TableName=TABLE, Key={name: item[name] for name in ("pk", "sk")})


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_pull_killed_at_any_call_is_repaired_by_the_next(*, after: bool) -> None:
    """Rows are those of an undisturbed run, byte for byte, and every notification that taught something has a line."""
    with pulled_stack() as stack:
        sent = fill(stack.simulator, SELLER, CUSTOMERS, stack.now_ms, days=1)
        count = Countdown()
        with count.running():
            stack.pull()
        wanted = customers_rows(stack)
        assert stack.states(CUSTOMERS) == learned_from_all(sent)
        assert count.calls > 10
        begun = stack.clock
        for kill_at in range(1, count.calls + 1):
            forget(stack)
            stack.lines.reported.clear()
            stack.clock = begun
            with pytest.raises(KilledError), Countdown(kill_at, after=after).running():
                stack.pull()
            stack.clock = begun + timedelta(minutes=3)
            [app] = stack.pull()["apps"]
            assert (app["outcome"], ProgressRow(stack.app_table).read().watermark) == ("pulled", stack.now_ms)
            assert customers_rows(stack) == wanted
            printed = {fields["notificationUuid"] for word, _, fields in stack.lines.reported if word == "merged"}
            assert printed == {one.uuid for one in sent}
