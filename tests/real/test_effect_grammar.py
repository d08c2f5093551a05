"""Every query of an analysis is one for Trino, by Trino's own grammar."""

from __future__ import annotations

from typing import Final

import pytest

from console.effect.queries import ALL_NAMES, sql_text
from tests.support.required_parts import real
from tests.support.trino_grammar import trino_mistakes

# What DuckDB accepts and Trino does not: the grammar must find these, or its acceptance proves nothing.
ONLY_DUCKDB: Final = {
    "qualify": "SELECT a FROM b QUALIFY row_number() OVER (ORDER BY a) = 1",
    "exclude": "SELECT * EXCLUDE (a) FROM b",
    "cast": "SELECT a::bigint FROM b",
    "group by all": "SELECT a, count(*) FROM b GROUP BY ALL",
}


@pytest.fixture(scope="module")
def mistakes() -> dict[str, list[str]]:
    found: dict[str, list[str]] = real(
        lambda: trino_mistakes({**{name: sql_text(name) for name in ALL_NAMES}, **ONLY_DUCKDB})
    )
    return found


@pytest.mark.parametrize("name", ALL_NAMES)
def test_trinos_grammar_accepts_each_query(mistakes: dict[str, list[str]], name: str) -> None:
    """Trino's grammar has nothing against the text that DuckDB runs."""
    assert mistakes[name] == []


@pytest.mark.parametrize("name", ONLY_DUCKDB)
def test_trinos_grammar_refuses_what_only_duckdb_knows(mistakes: dict[str, list[str]], name: str) -> None:
    """The same grammar finds DuckDB's own constructs."""
    assert mistakes[name]
