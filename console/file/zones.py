"""Time zones by the names that people have for them, and the places of the IANA database that they mean.

An abbreviation is the clock of one half of the year, and of several continents. A place knows its summer time.
"""

from __future__ import annotations

import difflib
import functools
import re
from collections.abc import Mapping
from importlib import resources
from typing import Final

from console.file.mistakes import nearest
from console.terminal.characters import non_ascii_hint

# Names of the database that are no places: `Factory` is a clock that was never set.
_NO_ZONES: Final = frozenset({"Factory"})
# In the database, but without the summer time that most who write them have.
_FIXED: Final = frozenset({"EST", "MST", "HST"})
_OFFSET: Final = re.compile(r"(?:Etc/)?(?:GMT|UTC)?\s*([+\u2212-])\s*([0-9]{1,2})(?::?([0-9]{2}))?", re.IGNORECASE)
_OF_DATABASE: Final = re.compile(r"Etc/GMT([+-])([1-9][0-9]?)")

_PLACES: Final[Mapping[str, str]] = {
    name: places
    for names, places in (
        ("CET CEST MET MEST MEZ MESZ", "Europe/Paris, Europe/Berlin"),
        ("WET WEST", "Europe/Lisbon"),
        ("EET EEST OEZ OESZ", "Europe/Athens, Europe/Helsinki"),
        ("BST", "Europe/London"),
        ("MSK MSD", "Europe/Moscow"),
        ("TRT", "Europe/Istanbul"),
        ("EST EDT ET EST5EDT", "America/New_York"),
        ("CST", "America/Chicago, Asia/Shanghai"),
        ("CDT CT CST6CDT", "America/Chicago"),
        ("MST MDT MT MST7MDT", "America/Denver"),
        ("PST PDT PT PST8PDT", "America/Los_Angeles"),
        ("AKST AKDT", "America/Anchorage"),
        ("HST HDT", "Pacific/Honolulu"),
        ("AST ADT", "America/Halifax"),
        ("NST NDT", "America/St_Johns"),
        ("BRT BRST", "America/Sao_Paulo"),
        ("ART", "America/Argentina/Buenos_Aires"),
        ("CLT CLST", "America/Santiago"),
        ("COT", "America/Bogota"),
        ("PET", "America/Lima"),
        ("IST", "Asia/Kolkata, Europe/Dublin, Asia/Jerusalem"),
        ("IDT", "Asia/Jerusalem"),
        ("PKT", "Asia/Karachi"),
        ("GST", "Asia/Dubai"),
        ("ICT", "Asia/Bangkok"),
        ("WIB", "Asia/Jakarta"),
        ("PHT", "Asia/Manila"),
        ("SGT", "Asia/Singapore"),
        ("HKT", "Asia/Hong_Kong"),
        ("JST", "Asia/Tokyo"),
        ("KST", "Asia/Seoul"),
        ("AWST", "Australia/Perth"),
        ("ACST ACDT", "Australia/Adelaide"),
        ("AEST AEDT", "Australia/Sydney"),
        ("NZST NZDT", "Pacific/Auckland"),
        ("SAST", "Africa/Johannesburg"),
        ("CAT", "Africa/Maputo"),
        ("EAT", "Africa/Nairobi"),
        ("WAT", "Africa/Lagos"),
    )
    for name in names.split()
}
# Where clocks never change, though an abbreviation of the region may have been meant for it.
_UNCHANGING: Final[Mapping[str, str]] = {"EST": "America/Panama", "MST": "America/Phoenix"}
_AMERICAN: Final = re.compile(
    "(?:US/)?(Pacific|Mountain|Central|Eastern)(?: (?:Standard|Daylight))? Time", re.IGNORECASE
)
_ALIKE: Final = 0.85
_CITY_ALIKE: Final = 0.8
_EXAMPLES: Final = "Europe/Paris or America/New_York"


@functools.cache
def zone_names() -> frozenset[str]:
    """Return the zones that every machine knows: a system's own list may have others, such as its `localtime`."""
    try:
        zones = resources.files("tzdata").joinpath("zones").read_text(encoding="utf-8").split()
    except ModuleNotFoundError:
        return frozenset()
    return frozenset(zones) - _NO_ZONES


def refusal(name: str) -> tuple[str, str] | None:
    """Return what is wrong with a zone's name, and what to write instead; None for one that can be used."""
    if name in _FIXED:
        always = f"`{name}` never has summer time, so it is an hour off for half of the year where clocks change."
        where = f", or `{_UNCHANGING[name]}`, whose clocks never change" if name in _UNCHANGING else ""
        return always, f"Write the place: `{_PLACES[name]}`{where}."
    return None if name in zone_names() else (f"There is no time zone `{name}`.{non_ascii_hint(name)}", _advice(name))


def doubt(name: str) -> tuple[str, str] | None:
    """Return why a zone that can be used may not be what was meant, and what to write then; None for a place."""
    offset = _OF_DATABASE.fullmatch(name)
    if offset is not None:
        side = "behind" if offset[1] == "+" else "ahead of"
        meaning = f"`{name}` is {offset[2]} hours {side} UTC, against its sign, in summer and winter."
        return meaning, f"Write the place, such as {_EXAMPLES}, or `UTC`."
    if name in _PLACES:
        return f"`{name}` is an abbreviation, not a place.", f"Write the place: {_listed(_PLACES[name])}."
    return None


def _advice(name: str) -> str:
    """Return which zone was probably meant. Never another abbreviation: those that look alike are hours apart."""
    abbreviated = name.strip().upper()
    if abbreviated in _PLACES:
        return f"An abbreviation is no place. Write one: {_listed(_PLACES[abbreviated])}."
    if abbreviated in {"Z", "ZULU", "UTC", "GMT"}:
        return "Write `UTC`."
    if _OFFSET.fullmatch(name.strip()):
        return f"An offset has no summer time. Write a place, such as {_EXAMPLES}, or `UTC`."
    american = _AMERICAN.fullmatch(name.strip())
    if american is not None:
        return f"Write the place: {_listed(_PLACES[american[1][0].upper() + 'T'])}."
    near = _near(name)
    return f"Did you mean `{near}`?" if near else f"Write a place, such as {_EXAMPLES}, or `UTC`."


def _near(name: str) -> str | None:
    """Return the place of the same city, or one that is spelled nearly the same: others are hours away."""
    places = {place for place in zone_names() if "/" in place and not place.startswith("Etc/")}
    cities = sorted(place for place in places if _city(place) == _city(name))
    near = nearest(name, cities or [*places, "UTC"])
    if near is None or cities:
        return near or (cities[0] if cities else None)
    # The continent is no part of a city's likeness: Asia/Mumbai is not Asia/Dubai.
    alike = min(_likeness(name, near), _likeness(_city(name), _city(near)) + _ALIKE - _CITY_ALIKE)
    return near if alike >= _ALIKE else None


def _likeness(name: str, other: str) -> float:
    return difflib.SequenceMatcher(a=name.casefold(), b=other.casefold()).ratio()


def _city(name: str) -> str:
    return re.sub("[ _-]", "", name.rpartition("/")[2].casefold())


def _listed(places: str) -> str:
    return " or ".join(f"`{place}`" for place in places.split(", "))
