"""The SQL files of an analysis, and the values that a question puts into them."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from functools import lru_cache
from importlib.resources import files
from typing import Final

from console.effect.literals import instant_text
from console.effect.rows import EffectQuestion, Literals

# The queries of customers, and those of what a report checks.
NAMES: Final = ("cohort", "ratio", "delivery", "ordinal", "curve", "amounts", "keys")
EVIDENCE: Final = ("notified", "rehearsals", "offers", "subjects")
ALL_NAMES: Final = (*NAMES, *EVIDENCE)

# What `cohort` divides customers by, if not by the locale of the first exposure: its day.
DAY: Final = "day"

# A line can arrive on the day after it was written, or be read from a log that begins a day before.
ARRIVAL_MARGIN: Final = timedelta(days=1)
# An offer that a customer had before the exposure shows in an earlier notification: the last renewal was within a year.
OUTCOMES_BEFORE: Final = timedelta(days=400)


@lru_cache(maxsize=len(ALL_NAMES))
def sql_text(name: str) -> str:
    """Return the text of one of ALL_NAMES, as DuckDB and Athena run it but for its literals."""
    return files("console.effect").joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")


def sql_digest() -> str:
    """Return the SHA-256 of all texts, in hexadecimal."""
    return hashlib.sha256("\0".join(map(sql_text, ALL_NAMES)).encode()).hexdigest()


def literals_of(question: EffectQuestion, *, last: datetime | str | None = None, by: str = DAY) -> Literals:
    """Return the values of a question. With `last`, only customers first seen until then are ripe.

    `by`: what `cohort` divides customers by next to their arms, DAY or LOCALE.
    """
    starts = max(question.starts, question.complete_since or question.starts)
    ripe_until = instant_text(question.complete_until - timedelta(days=question.horizon_days))
    if last is not None:
        ripe_until = min(ripe_until, last if isinstance(last, str) else instant_text(last))
    since = min(question.starts, question.exposed_since or question.starts)
    return {
        "subject": question.subject,
        "key": question.key,
        "app": question.app_apple_id,
        "rehearsals": "counted" if question.rehearsals else "left out",
        "exposures_from": instant_text(since - ARRIVAL_MARGIN)[:10],
        "outcomes_from": instant_text(since - OUTCOMES_BEFORE)[:10],
        "starts": starts,
        "until": question.until,
        "ripe_until": ripe_until,
        "horizon": question.horizon_days,
        "planned": question.planned or 0,
        "by": by,
    }
