"""The columns of the tables are members of the lines that the functions log."""

from __future__ import annotations

import pytest
from retention.log.outcome import OutcomeLine
from retention.log.record import Record, camel_case

from console.effect.tables import DAY, EXPOSURES, OUTCOMES, TABLES, column, serde_parameters

# Members of a request's line that are no field of `Record`.
OF_THE_LINE = {"timestamp"}


def test_every_exposure_column_is_a_member_of_the_line() -> None:
    """Each column is a field of the allow-list, or one that each line has."""
    fields = {camel_case(name) for name in Record.__slots__} | OF_THE_LINE
    assert set(EXPOSURES) - fields <= {"holdout", "holdoutArm"}


def test_every_outcome_column_is_a_member_of_the_line() -> None:
    """Each column is a field of the second allow-list."""
    assert set(OUTCOMES) <= {camel_case(name) for name in OutcomeLine.__slots__}


@pytest.mark.parametrize("members", TABLES.values(), ids=TABLES)
def test_columns_differ_without_regard_to_case(members: dict[str, str]) -> None:
    """Glue knows lower case alone, and the partition is no member."""
    columns = [column(member) for member in members]
    assert len(set(columns)) == len(columns)
    assert DAY not in columns


def test_no_column_is_the_name_of_a_metric_in_another_case() -> None:
    """A line may have `catalogAge` and `CatalogAge`: neither is a column, so a reader may treat case in any way."""
    metrics = {"catalogage", "coldwait", "leafdaysleft"}
    assert not metrics & {column(member) for member in EXPOSURES}


def test_the_reader_of_athena_is_given_each_members_name() -> None:
    """Case counts, so that members that differ only by case are two; each column names its member."""
    found = serde_parameters({"customerHash": "string", "message": "string"})
    assert found == {
        "case.insensitive": "FALSE",
        "ignore.malformed.json": "TRUE",
        "mapping.customerhash": "customerHash",
    }
