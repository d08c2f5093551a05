"""Sample notifications in a function's hands: the fate is read from what it prints."""

from __future__ import annotations

import io
import json
import os
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from console.local import learned_samples
from console.local.learned_samples import load_take_in, take_in_samples


def printing(*lines: dict[str, Any]) -> Any:
    def take_in(event: dict[str, Any], _: None) -> dict[str, Any]:
        assert event["Records"]
        for line in lines:
            print(json.dumps(line))  # noqa: T201  # as the function writes its log
        return {}

    return take_in


@pytest.mark.parametrize(
    ("lines", "fate", "message"),
    [
        (({"message": "merged"}, {"_aws": {}, "NotificationsMerged": [1.0]}), "merged", "merged"),
        (({"_aws": {}, "NotificationsForged": [1.0], "NotificationsMerged": [0.0]},), "forged", None),
        (({"_aws": {}, "NotificationsTest": [1.0], "NotificationsParked": [1.0]},), "parked and test", None),
        ((), "", None),
    ],
    ids=range(4),
)
def test_the_fate_is_what_a_metric_counts(lines: tuple[dict[str, Any], ...], fate: str, message: str | None) -> None:
    """A metric of 0 counts nothing; the line of a sample is the one that is no metric."""
    taken = list(take_in_samples(printing(*lines), io.StringIO()))
    assert {one.fate for one in taken} == {fate}
    assert {one.line.get("message") for one in taken} == {message}


def test_the_function_is_loaded_with_its_queues(monkeypatch: pytest.MonkeyPatch) -> None:
    """The variables that name the queues are set before the module is imported."""
    queues = SimpleNamespace(variables=lambda aws: {"RETENTION_QUEUE_URL": f"{aws}/queue"})
    monkeypatch.setattr(learned_samples, "create_queues", lambda *_, **__: queues)
    monkeypatch.setitem(sys.modules, "notifications", SimpleNamespace(take_in="the function"))
    monkeypatch.setenv("RETENTION_QUEUE_URL", "")
    assert load_take_in("http://127.0.0.1:8000", io.StringIO()) == "the function"  # type: ignore[comparison-overlap]
    assert os.environ["RETENTION_QUEUE_URL"] == "http://127.0.0.1:8000/queue"
