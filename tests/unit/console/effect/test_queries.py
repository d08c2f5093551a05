"""The SQL of an analysis keeps to what DuckDB and Trino both know, and means the same in both."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib import import_module
from itertools import pairwise
from typing import Final

import pytest

from console.effect.queries import ALL_NAMES, NAMES, literals_of, sql_digest, sql_text
from console.effect.rows import EffectQuestion
from tests.support.analysis_parts import needs_analysis
from tests.support.sam_template import ROOT

QUESTION: Final = EffectQuestion(
    app_apple_id=6745974591,
    key="switch-2026q4",
    horizon_days=30,
    starts=datetime(2026, 9, 1, tzinfo=UTC),
    until=datetime(2026, 11, 1, tzinfo=UTC),
    complete_until=datetime(2026, 11, 29, 21, tzinfo=UTC),
)

# What one engine does not know, or what means another thing in the other one: complete units against boundaries
# (date_diff), whole numbers against fractions (/), NULL against nothing (concat).
FORBIDDEN: Final = (
    *("date_diff", "date_trunc", "datediff", "date_part", "extract", "qualify", "group by all", "order by all"),
    *("unnest", "json_", "epoch", "unixtime", "concat", "exclude", "sample", "pivot", "lateral", "filter", "struct"),
    *(
        "row(",
        "array",
        "map(",
        "list",
        "current_",
        "now(",
        "random",
        "uuid(",
        "regexp",
        "format",
        "ilike",
    ),
    *("::", "/", "%", "==", "!=", "<=>", "->", "||=", "[", "]", "{", "}", '"day"', "as at", " at "),
)


def statements(name: str) -> str:
    """Return a query in lower case without its comments."""
    return re.sub(r"--.*", "", sql_text(name)).lower()


def parts(name: str) -> dict[str, str]:
    """Return the named parts of a query, by name."""
    text = re.sub(r"\A(--.*\n|\n)*WITH ", "), ", sql_text(name))
    heads = [*re.finditer(r"^\), (\w+) AS \(", text, re.MULTILINE)]
    ends = [*heads[1:], re.compile(r"^\)\nSELECT", re.MULTILINE).search(text)]
    return {head[1]: text[head.end() : end.start() if end else None] for head, end in zip(heads, ends, strict=True)}


def test_every_file_is_a_query_with_a_name() -> None:
    """The folder has the queries of ALL_NAMES, and no other."""
    found = {path.stem for path in (ROOT / "console" / "effect" / "sql").iterdir()}
    assert found == set(ALL_NAMES)


@pytest.mark.parametrize("name", ALL_NAMES)
@pytest.mark.parametrize("construct", FORBIDDEN)
def test_a_query_has_no_construct_on_which_the_engines_differ(name: str, construct: str) -> None:
    """What is not in the common subset of both engines is in no query."""
    word = construct if not construct.isalpha() else rf"\b{construct}\b"
    assert not re.search(word if construct.isalpha() else re.escape(construct), statements(name))


@pytest.mark.parametrize("name", ALL_NAMES)
def test_a_query_names_every_column(name: str) -> None:
    """No `SELECT *`, so that a new column of a table changes no query."""
    assert not re.search(r"select\s+(\w+\.)?\*", statements(name))


@pytest.mark.parametrize(("one", "other"), [*pairwise(NAMES)])
def test_queries_have_the_same_cohort(one: str, other: str) -> None:
    """Parts of the same name are the same text in every query that has them: one cohort for every figure."""
    shared = {"exposed", "first_seen", "ripe"}
    for part in shared & parts(one).keys() & parts(other).keys():
        assert parts(one)[part] == parts(other)[part], part
    assert parts(one)["exposed"] == parts(other)["exposed"]


def test_every_query_of_ripe_customers_has_the_same() -> None:
    """Three queries count ripe customers."""
    assert len({parts(name)["ripe"] for name in ("cohort", "amounts", "curve")}) == 1


@needs_analysis
@pytest.mark.parametrize("name", ALL_NAMES)
def test_both_dialects_read_the_same_query(name: str) -> None:
    """Read as Trino's, as Athena's or as DuckDB's SQL, a text is the same statement for DuckDB."""
    sqlglot = import_module("sqlglot")
    read = {dialect: sqlglot.transpile(sql_text(name), read=dialect, write="duckdb") for dialect in ("trino", "athena")}
    assert [*read.values()] == [sqlglot.transpile(sql_text(name), read="duckdb", write="duckdb")] * 2


@pytest.mark.parametrize("name", ALL_NAMES)
def test_a_question_has_a_value_for_every_place(name: str) -> None:
    """Each `'@name'` of a query is one of the values of a question."""
    assert set(re.findall(r"'@(\w+)'", sql_text(name))) <= set(literals_of(QUESTION))


def test_the_digest_is_of_all_texts() -> None:
    """The digest of the queries is SHA-256."""
    assert re.fullmatch("[0-9a-f]{64}", sql_digest())


def test_lines_are_read_from_the_day_before_the_cohort() -> None:
    """A line can be stored a day before or after it was written; of an offer, the year before counts."""
    found = literals_of(QUESTION)
    assert (found["exposures_from"], found["outcomes_from"]) == ("2026-08-31", "2025-07-28")
    earlier = replace(QUESTION, exposed_since=QUESTION.starts - timedelta(days=30))
    assert literals_of(earlier)["exposures_from"] == "2026-08-01"


def test_customers_are_ripe_when_their_days_are_over() -> None:
    """Who was seen at most N days before outcomes are complete is ripe; a reading counts fewer."""
    assert literals_of(QUESTION)["ripe_until"] == "2026-10-30 21:00:00.000"
    assert literals_of(QUESTION, last="2026-09-15 00:00:00.007")["ripe_until"] == "2026-09-15 00:00:00.007"
    assert literals_of(QUESTION, last="2026-12-01 00:00:00.000")["ripe_until"] == "2026-10-30 21:00:00.000"


def test_a_cohort_begins_when_notifications_are_complete() -> None:
    """Before notifications were taken in, their absence means nothing."""
    late = replace(QUESTION, complete_since=QUESTION.starts + timedelta(days=3))
    assert literals_of(late)["starts"] == late.complete_since
    early = replace(QUESTION, complete_since=QUESTION.starts - timedelta(days=3))
    assert literals_of(early)["starts"] == QUESTION.starts


@pytest.mark.parametrize(
    ("key", "holdout", "subject"), [("a", False, "experiment"), ("a", True, "holdout"), ("", False, "everyone")]
)
def test_what_divides_customers_into_arms(key: str, holdout: bool, subject: str) -> None:  # noqa: FBT001  # a parameter
    """An experiment, a holdout, or nothing."""
    assert literals_of(replace(QUESTION, key=key, holdout=holdout))["subject"] == subject
