"""The one way in which a value gets into the SQL of an analysis: quoted, and made of harmless characters alone.

The queries have no parameters, since Athena and DuckDB write those in different ways. In their place stand texts such
as `'@key'`, so that each file is a query that can be read, checked and run as it is.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

from console.effect.rows import Literals
from console.file.identifiers import QUERY_MARKS, unfit_in_query
from console.terminal.failure import Failure

_PLACE: Final = re.compile(r"'@([a-z_]+)'")
_MAX_TEXT: Final = 128
_MAX_NUMBER: Final = 10**18


def render(sql: str, literals: Literals) -> str:
    """Return a query with each `'@name'` replaced by that value. Raises Failure for a value that may not stand there.

    A text has letters and digits of any script, blanks, and `._:+#@/()&!?-`. A number is whole. An instant is aware,
    and is written as the log has them: `2026-11-30 00:53:20.122` in UTC.
    """
    return _PLACE.sub(lambda place: f"'{_literal(place[1], literals[place[1]])}'", sql)


def _literal(name: str, value: str | int | datetime) -> str:
    if isinstance(value, datetime):
        return instant_text(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < _MAX_NUMBER:
        return str(value)
    if isinstance(value, str) and len(value) <= _MAX_TEXT and unfit_in_query(value) is None:
        return value
    raise Failure(
        f"The {name.replace('_', ' ')} of this analysis may not stand in a query: only letters, digits, blanks and"
        f" `{QUERY_MARKS.strip()}` may, at most {_MAX_TEXT} of them. Name the experiment or holdout with these."
    )


def instant_text(at: datetime) -> str:
    """Return an aware instant as texts in the log can be compared with, in UTC, cut to milliseconds."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "milliseconds")
