"""`retention apply` killed at every call to DynamoDB and to Apple: the next run ends in the same state."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from retention import table as rows
from retention.aws.app_table import AppTable
from retention.request import SANDBOX

from console.appstore.errors import AppleError
from console.releases.live import load_live
from console.simulator.api import Answer, HangUp, Request, Response
from tests.support.apply_operator import FILE, HEAD, TABLE, Operator, operator
from tests.support.pages import Pages
from tests.support.simulated_app import APP, MONTHLY


def served(who: Operator, locale: str) -> str | None:
    """Return the id of the message that the function would answer with now."""
    catalog = load_live(AppTable(who.looking, TABLE, APP.app_apple_id), MONTHLY, locale).catalog
    ids = dict(catalog.sheet.sets["keep"])[locale]
    return next((message for message in ids if message in catalog.states and catalog.states[message].servable), None)


class Killed(BaseException):
    """The process was killed."""


class Countdown:
    """Counts calls, and kills the process at one of them: before the call is made, or after it was carried out."""

    def __init__(self, kill_at: int = 0, *, after: bool = False) -> None:
        self.kill_at, self.after, self.calls = kill_at, after, 0

    def around(self, call: Callable[[], Any]) -> Any:
        self.calls += 1
        now = self.calls == self.kill_at
        if now and not self.after:
            raise Killed
        answer = call()
        if now:
            raise Killed
        return answer


class Breaking:
    """A DynamoDB client whose process may be killed at any call."""

    def __init__(self, client: Any, countdown: Countdown) -> None:
        self._client, self._countdown = client, countdown

    def get_paginator(self, operation: str) -> Pages:
        return Pages(getattr(self, operation))

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        if name not in {"get_item", "put_item", "update_item", "query", "transact_write_items", "batch_get_item"}:
            return found
        return lambda **request: self._countdown.around(lambda: found(**request))


def killing(countdown: Countdown) -> Callable[[Answer], Answer]:
    """Wrap Apple's API so that the connection breaks where the countdown kills."""

    def wrap(answer: Answer) -> Answer:
        def answered(request: Request) -> Response:
            try:
                response: Response = countdown.around(lambda: answer(request))
            except Killed:
                raise HangUp from None
            return response

        return answered

    return wrap


def world(who: Operator) -> Any:
    """Return what Apple and the table have, without release numbers and times."""
    app_data, app = who.app_data, APP.app_apple_id
    found = {item["sk"]["S"]: item for item in who.looking.query(**rows.query(TABLE, rows.app_pk(app)))["Items"]}
    live = who.look().seen.table.live
    assert live is not None
    return (
        sorted(app_data.images()),
        sorted(app_data.message_states().items()),
        app_data.defaults(),
        {sk: rows.read_message(item) for sk, item in found.items() if sk.startswith(("message#", "image#"))},
        {sk: item["messageIdentifier"]["S"] for sk, item in found.items() if sk.startswith("default#")},
        live.settings,
        live.sheets,
        live.texts,
    )


BARE = f"""{HEAD}
products: {{{MONTHLY}: {{group: pro, period: P1M, default: keep}}}}
messages: {{keep: {{en-US: {{header: Stay, body: Keep your maps.}}}}}}
rules: [{{name: everyone, answer: {{message: keep}}}}]
"""


SMALL = FILE.replace("    fr-FR: {header: Restez, body: Gardez vos cartes.}\n", "")


def test_killed_at_any_call_to_dynamodb(tmp_path: Path) -> None:
    """The run after one killed at any call to DynamoDB ends as an undisturbed one; after a call is before the next."""
    counting = Countdown()
    with operator(tmp_path / "complete", environment=SANDBOX, text=SMALL) as made:
        made.dynamodb = Breaking(made.looking, counting)
        made.apply()
        calls, complete = counting.calls, world(made)
    assert calls > 20
    for number in range(1, calls + 1):
        with operator(tmp_path / str(number), environment=SANDBOX, text=SMALL) as made:
            made.dynamodb = Breaking(made.looking, Countdown(number))
            with pytest.raises(Killed):
                made.apply()
            left = made.apply().left
            assert left is not None
            assert left.agrees, number
            assert world(made) == complete, number


def test_a_correction_killed_at_any_call_to_dynamodb(tmp_path: Path) -> None:
    """While a correction is killed at any call, and in the next run, production serves the text before it."""

    def corrected(made: Operator) -> str | None:
        made.apply()
        made.approve()
        made.apply()
        made.rewrite("header: Stay,", "header: Stay here,")
        return served(made, "en-US")

    counting = Countdown()
    with operator(tmp_path / "complete", text=BARE) as made:
        first = corrected(made)
        made.dynamodb = Breaking(made.looking, counting)
        made.apply()
        calls, complete = counting.calls, world(made)
    assert first is not None
    assert calls > 15
    for number in range(1, calls + 1):
        with operator(tmp_path / str(number), text=BARE) as made:
            assert corrected(made) == first
            made.dynamodb = Breaking(made.looking, Countdown(number))
            with pytest.raises(Killed):
                made.apply()
            assert served(made, "en-US") == first, number
            made.dynamodb = None
            made.apply()
            assert served(made, "en-US") == first, number
            assert world(made) == complete, number


@pytest.mark.parametrize("after", [False, True])
def test_killed_at_any_call_to_apple(tmp_path: Path, after: bool) -> None:  # noqa: FBT001  # a parameter
    """Killed at any call to Apple, carried out or not, the next run ends in the state of an undisturbed one."""
    counting = Countdown()
    with operator(tmp_path / "complete", environment=SANDBOX, text=SMALL, wrap=killing(counting)) as made:
        made.apply()
        calls, complete = counting.calls, world(made)
    assert calls == 10
    for number in range(1, calls + 1):
        wrap = killing(Countdown(number, after=after))
        with operator(tmp_path / str(number), environment=SANDBOX, text=SMALL, wrap=wrap) as made:
            made.patience = 0  # nothing is repeated: an error ends the run
            with pytest.raises(AppleError):
                made.apply()
            left = made.apply().left
            assert left is not None
            assert left.agrees, number
            assert world(made) == complete, number
