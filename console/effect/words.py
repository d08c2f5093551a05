"""How a report writes: metrics in words, points, percentages, days, and names that a log may have damaged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

MINUS: Final = "\u2212"
KEPT: Final = "kept"
REVENUE: Final = "revenue"


@dataclass(frozen=True, slots=True)
class MetricWords:
    """A metric in words: its column, what its customers did, and whether more of it is better (None: neither)."""

    noun: str
    did: str
    more_is_better: bool | None


METRICS: Final = {
    "kept": MetricWords("kept", "stayed", more_is_better=True),
    "cancelled": MetricWords("turned renewal off", "turned renewal off", more_is_better=False),
    "switched": MetricWords("switched product", "switched to another product", more_is_better=None),
    "redeemed": MetricWords("redeemed an offer", "redeemed an offer", more_is_better=None),
    "renewed": MetricWords("renewed", "renewed and paid", more_is_better=True),
    "refunded": MetricWords("refunded", "were refunded", more_is_better=False),
    "revenue": MetricWords("revenue", "paid", more_is_better=True),
}
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
COUNTED: Final = tuple(name for name in METRICS if name != REVENUE)


def shown_name(name: str) -> str:
    """Return a name with its invisible characters as code points: a log may hold any, and a terminal obeys some."""
    return "".join(each if each.isprintable() else f"U+{ord(each):04X}" for each in name)


def check_words(name: str) -> str:
    """Return the name of a check in words: `sampleRatio` as `sample ratio`."""
    return "".join(f" {each.lower()}" if each.isupper() else each for each in name)


def number(value: int) -> str:
    """Return `29 106`: thousands apart, by a space that does not break."""
    return f"{value:,}".replace(",", "\u00a0")


def percent(share: float) -> str:
    """Return `47.96 %`."""
    return f"{share * 100:.2f}\u00a0%"


def signed_points(difference: float) -> str:
    """Return a difference of shares in points: `+1.30`; less than zero has a minus sign and not a hyphen."""
    return signed(difference * 100)


def signed(value: float) -> str:
    """Return a number with its sign and two digits; what rounds to zero has no sign."""
    text = f"{abs(value):.2f}"
    return text if float(text) == 0 else f"{'+' if value > 0 else MINUS}{text}"


def size(difference: float, currency: str | None) -> str:
    """Return how large a difference is, without its sign: `1.3 points`, `0.04 points`, `0.31 USD`."""
    if currency is not None:
        return f"{abs(difference):.2f} {currency}"
    points = abs(difference) * 100
    return f"{points:.2f} points" if points < 0.095 else f"{points:.1f} points"  # noqa: PLR2004  # 0.1 as it is printed


def span(low: float, high: float, currency: str | None, less: str = "fewer") -> str:
    """Return an interval in words: `between 0.8 points fewer and 3.4 points more`, `between 0.5 and 2 points more`."""
    if low <= 0 <= high:
        return f"between {size(low, currency)} {less} and {size(high, currency)} more"
    near, far = (low, high) if low > 0 else (high, low)
    unit = size(far, currency).partition(" ")[2]
    first = size(near, currency)
    first = first.partition(" ")[0] if first.endswith(unit) else first
    return f"between {first} and {size(far, currency)} {'more' if low > 0 else less}"


def day(text: str) -> str:
    """Return a day for people: `2027-01-12…` as `12 Jan 2027`."""
    found = date.fromisoformat(text[:10])
    return f"{found.day} {_MONTHS[found.month - 1]} {found.year}"


def listed(names: Sequence[str]) -> str:
    """Return `a`, `a and b`, `a, b and c`."""
    shown = [shown_name(name) for name in names]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}" if shown else ""
