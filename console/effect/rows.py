"""What the SQL of an analysis answers, row by row, and the question that it is asked.

All counts are whole numbers of customers, if nothing else is written. A customer is one subscription chain of one app:
its `customerHash`. The arm of a customer is that of the first exposure. `release` and `slots` are of that exposure too:
`slots` is the arm's share among 10 000 (of a holdout the release knows it, so it is None), and the exposures of one set
of shares are an epoch. A customer is *ripe* when its `horizon_days` after the first exposure are over by
`EffectQuestion.complete_until`. Days are texts such as `2026-11-30`, in UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol, TypeAlias

# The values that a query gets, by name, and a row that it returns.
Literals: TypeAlias = Mapping[str, str | int | datetime]
Row: TypeAlias = dict[str, Any]

# What divides customers into segments, by their first exposure: its week, its product, or its locale.
WEEK: Final = "week"
PRODUCT: Final = "product"
LOCALE: Final = "locale"


@dataclass(frozen=True, slots=True)
class EffectQuestion:
    """What is asked of the log: one app, one experiment or holdout, and whose outcomes count. Instants are aware.

    The cohort was first exposed in [`starts`, `until`), and not before `complete_since`, since when every notification
    is there. `horizon_days` is N. `planned` is how many customers in all arms together the plan appoints for the
    reading, None without a plan. With `holdout`, `key` is a holdout's, and its arms are `held` and `served`. Without a
    `key`, every customer of a verified request is asked about, all in the one arm `all`.

    `exposed_since`: since when the key was in a release, if that is before `starts`; those who were exposed then are
    not in the cohort. `rehearsals`: what Apple did not sign counts as well, as it must where a simulator plays the App
    Store.
    """

    app_apple_id: int
    key: str
    horizon_days: int
    starts: datetime
    until: datetime
    complete_until: datetime
    planned: int | None = None
    holdout: bool = False
    complete_since: datetime | None = None
    exposed_since: datetime | None = None
    rehearsals: bool = False

    @property
    def subject(self) -> str:
        """What divides customers into arms: `experiment`, `holdout`, or for `everyone` nothing."""
        if not self.key:
            return "everyone"
        return "holdout" if self.holdout else "experiment"


@dataclass(frozen=True, slots=True)
class Completeness:
    """Since when and until when every notification of an app is there. Instants are aware."""

    since: datetime | None
    until: datetime


@dataclass(frozen=True, slots=True)
class CohortRow:
    """Ripe customers of one arm, by release and day of their first exposure; what became of them within N days.

    `kept`: by the last known state automatic renewal is on and the subscription has not ended, which is so for a
    customer of whom nothing is reported. `cancelled`: automatic renewal is off. `switched`: to another product.
    `redeemed`: an offer that keeps or wins back. `renewed`: a renewal was paid. `refunded`: a payment was given back.
    `crossed`: seen in several arms. `heard_of`: at least one notification. `seen_day` is empty in an appointed reading.
    """

    arm: str
    release: int | None
    slots: int | None
    seen_day: str
    customers: int
    kept: int
    cancelled: int
    switched: int
    redeemed: int
    renewed: int
    refunded: int
    crossed: int
    heard_of: int


@dataclass(frozen=True, slots=True)
class SegmentRow:
    """Ripe customers of one arm whose first exposure was for one product (`kind` is PRODUCT) or in one locale (LOCALE).

    `name` is the product or the locale, "" where the line has none. `row` has no day.
    """

    kind: str
    name: str
    row: CohortRow


@dataclass(frozen=True, slots=True)
class RatioRow:
    """Customers of one arm by release and day of their first exposure, ripe or not."""

    arm: str
    release: int | None
    slots: int | None
    seen_day: str
    customers: int


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """Requests of one arm, each counted once however often its line arrived.

    `delivered`: the arm's answer was sent, `fallbacks`: Apple's fallback was shown. `repeats`: requests of a customer
    after the first one of that arm.
    """

    arm: str
    requests: int
    delivered: int
    fallbacks: int
    repeats: int


@dataclass(frozen=True, slots=True)
class TrafficRow:
    """New customers of a day and product, how many of them are ripe, and how many of these were kept."""

    day: str
    product_id: str
    customers: int
    ripe: int
    kept_base: int


@dataclass(frozen=True, slots=True)
class CurveRow:
    """Ripe customers of one arm who are kept `day` days after the first exposure; 0 … N."""

    arm: str
    day: int
    customers: int
    kept: int


@dataclass(frozen=True, slots=True)
class AmountRow:
    """How many ripe customers paid an amount within N days, less refunds; in milliunits of the currency.

    Ripe customers of the arm and release in no row of a currency paid nothing in it.
    """

    arm: str
    release: int | None
    slots: int | None
    currency: str
    amount: int
    customers: int


@dataclass(frozen=True, slots=True)
class KeyRow:
    """Customers of one table (`exposures` or `outcomes`) who were hashed under one key, and the days of their lines."""

    source: str
    key_id: str
    customers: int
    first_day: str
    last_day: str


@dataclass(frozen=True, slots=True)
class PlannedReading:
    """The appointed reading: the first `planned` customers in order of first exposure.

    `last` is the instant (a text in UTC) at which the last of them was first seen, None while fewer than `planned`
    were. `due`: all of them are ripe. Until then both tuples are empty. Who was first seen in the millisecond of
    `last` belongs to them, so they can be a few more.
    """

    planned: int
    seen: int
    last: str | None
    due: bool
    rows: tuple[CohortRow, ...] = ()
    amounts: tuple[AmountRow, ...] = ()


@dataclass(frozen=True, slots=True)
class InputDigest:
    """What a report was computed from: equal on two machines that read the same files with the same SQL.

    `digest` is the SHA-256 over names and contents of the files read, `sql_digest` over the texts of the queries.
    """

    engine: str
    files: int
    digest: str
    sql_digest: str


@dataclass(frozen=True, slots=True)
class EffectData:
    """All that a report is made from. `first_exposure` is a text in UTC, None if there is no exposure."""

    cohort: tuple[CohortRow, ...]
    reading: PlannedReading | None
    ratio: tuple[RatioRow, ...]
    delivery: tuple[DeliveryRow, ...]
    traffic: tuple[TrafficRow, ...]
    curve: tuple[CurveRow, ...]
    amounts: tuple[AmountRow, ...]
    keys: tuple[KeyRow, ...]
    first_exposure: str | None
    inputs: InputDigest
    segments: tuple[SegmentRow, ...] = ()


class Engine(Protocol):
    """What runs the SQL of an analysis: DuckDB on this machine, or Athena."""

    def run(self, name: str, literals: Literals) -> list[Row]:
        """Return the rows of `sql/<name>.sql` with these literals. Raises Failure."""

    def inputs(self) -> InputDigest:
        """Return what the rows were computed from."""
