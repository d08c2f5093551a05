"""Rows are read in as few calls as possible; a malformed answer is a failed call, never a missing row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from retention import table as rows
from retention.aws.connection import CallFailedError
from retention.aws.deadline import Deadline, OutOfTimeError
from retention.lookup.table_reader import TableReader, place_of

from tests.support.fake_table import APP, KEEP_EN, KEEP_FR, TABLE, FakeTable, hangs, published
from tests.support.waiting import PATIENCE

KEY = rows.message_key(APP, KEEP_EN)
OTHER = rows.message_key(APP, KEEP_FR)


class Answering:
    """A connection with the same answer to every call."""

    def __init__(self, answer: Mapping[str, Any]) -> None:
        self._answer = answer

    def call(self, _operation: str, _request: object, _deadline: object) -> dict[str, Any]:
        return dict(self._answer)

    def close(self) -> None:
        """There is nothing to close."""


def soon() -> Deadline:
    return Deadline.after(PATIENCE)


def reader_of(table: Any) -> TableReader:
    return TableReader(lambda: table, TABLE)


def test_a_row_is_read_or_does_not_exist() -> None:
    """For a row that does not exist, `row` returns None."""
    reader = reader_of(published())
    found = reader.row(KEY, soon())
    assert found is not None
    assert (found["pk"], found["sk"]) == (KEY["pk"], KEY["sk"])
    assert reader.row(rows.message_key(APP, "none"), soon()) is None


def test_the_connection_is_made_once_at_the_first_read() -> None:
    """A start that reads nothing opens no connection."""
    made: list[FakeTable] = []

    def connect() -> FakeTable:
        made.append(published())
        return made[-1]

    reader = TableReader(connect, TABLE)
    reader.drop_connections()
    assert not made
    for _ in range(2):
        reader.row(KEY, soon())
    reader.drop_connections()
    assert [table.closed for table in made] == [1]


def test_a_call_has_a_hundred_keys_and_unprocessed_ones_follow() -> None:
    """A hundred keys are DynamoDB's limit; unprocessed keys are requested until none is left."""
    table = FakeTable(unprocessed=1)
    keys = [rows.message_key(APP, f"m{number}") for number in range(101)]
    for key in keys:
        table.put(key, {})
    assert reader_of(table).rows(keys, soon()).keys() == {place_of(key) for key in keys}
    asked = [len(request["RequestItems"][TABLE]["Keys"]) for _, request in table.calls]
    assert asked == [100, 99, 1]


def test_unprocessed_keys_are_requested_until_the_deadline() -> None:
    """A table that is always throttled does not delay a request past its deadline."""
    table = FakeTable(throttled=True)
    with pytest.raises(OutOfTimeError):
        reader_of(table).rows([KEY], Deadline.after(0.05))
    assert len(table.calls) > 1


def test_a_call_that_hangs_ends_at_the_deadline() -> None:
    """The connection gets the deadline, so a hanging call raises OutOfTimeError at that instant."""
    with pytest.raises(OutOfTimeError):
        reader_of(FakeTable(fault=hangs)).row(KEY, Deadline.after(0.05))


@pytest.mark.parametrize("answer", [{"Item": None}, {"Item": []}, {"Item": {}}, {"Item": OTHER}, {"Items": []}])
def test_another_row_or_shape_is_a_failed_call(answer: Mapping[str, Any]) -> None:
    """A profile that could not be read does not count as missing."""
    with pytest.raises(CallFailedError, match="UnexpectedAnswer"):
        reader_of(Answering(answer)).row(KEY, soon())


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"Responses": []},
        {"Responses": {TABLE: None}},
        {"Responses": {TABLE: {"pk": {"S": "a"}}}},
        {"Responses": {TABLE: ["row"]}},
        {"Responses": {TABLE: [{"pk": {"S": "a"}}]}},
        {"Responses": {TABLE: [{"pk": {"S": 1}, "sk": {"S": "b"}}]}},
        {"Responses": {}, "UnprocessedKeys": [TABLE]},
        {"Responses": {}, "UnprocessedKeys": {TABLE: None}},
        {"Responses": {}, "UnprocessedKeys": {TABLE: {}}},
        {"Responses": {}, "UnprocessedKeys": {TABLE: {"Keys": [{"pk": "a"}]}}},
        {"Responses": {}, "UnprocessedKeys": {TABLE: {"Keys": [OTHER]}}},
    ],
)
def test_a_batch_of_another_shape_is_a_failed_call(answer: Mapping[str, Any]) -> None:
    """Each member is checked; an unprocessed key that was not requested is refused too."""
    with pytest.raises(CallFailedError, match="UnexpectedAnswer"):
        reader_of(Answering(answer)).rows([KEY], soon())


def test_a_batch_without_rows_is_empty() -> None:
    """If no row of a batch exists, the result is empty."""
    assert reader_of(Answering({"Responses": {}})).rows([KEY], soon()) == {}
