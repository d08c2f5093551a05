"""Schedules: local dates and times become seconds in UTC, the end excluded."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from console.file.mistakes import Notes
from console.file.schedules import Schedule, read_schedule
from console.file.tree import parse


def read(text: str) -> tuple[Schedule | None, list[str]]:
    notes = Notes()
    schedule = read_schedule(parse(f"{{{text}}}".encode(), "case", notes), notes)
    return schedule, [f"{mistake.wrong} {mistake.instead}" for mistake in notes.mistakes]


def seconds(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    ("text", "starts", "ends"),
    [
        ("from: 2026-12-01, until: 2027-01-01, timeZone: Europe/Paris", "2026-11-30T23:00", "2026-12-31T23:00"),
        ("from: 2026-07-01, timeZone: Europe/Paris", "2026-06-30T22:00", None),
        ("until: 2026-12-01T09:30, timeZone: America/New_York", None, "2026-12-01T14:30"),
        ("from: '2026-12-01 09:30:15', timeZone: UTC", "2026-12-01T09:30:15", None),
        # The clocks go back at 03:00, so 02:30 happens twice: the first time counts.
        ("from: 2026-10-25T02:30, timeZone: Europe/Paris", "2026-10-25T00:30", None),
        ("from: 2026-12-01, timeZone: Asia/Kathmandu", "2026-11-30T18:15", None),
    ],
)
def test_a_schedule_becomes_utc_seconds(text: str, starts: str | None, ends: str | None) -> None:
    """A date is its local midnight, an ambiguous time its first occurrence, and a missing bound is open."""
    expected = Schedule(None if starts is None else seconds(starts), None if ends is None else seconds(ends))
    assert read(text) == (expected, [])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "",
            "This schedule is empty. Write `{from: 2026-12-01, until: 2027-01-01, timeZone: …}`, or leave",
        ),
        ("from: 2026-12-01", "`timeZone` is missing."),
        ("from: 2026-12-01, timeZone: Europe/Pari", "Did you mean `Europe/Paris`?"),
        ("from: 2026-12-01, timeZone: '../../etc/passwd'", "There is no time zone"),
        # Zones that depend on the machine.
        ("from: 2026-12-01, timeZone: localtime", "There is no time zone `localtime`."),
        ("from: 2026-12-01, timeZone: Factory", "There is no time zone `Factory`."),
        ("from: 2026-12-01, timeZone: posixrules", "There is no time zone `posixrules`."),
        ("from: 2026-12-01, timeZone: right/Europe/Paris", "Did you mean `Europe/Paris`?"),
        ("from: 2026-12-01, timeZone: [a]", "A time zone is a text, not a list."),
        ("from: 2026-12-01, timeZone: {a: b}", "A time zone is a text, not a mapping."),
        ("timeZone: UTC", "neither begins nor ends"),
        ("from: 2026-12-01, till: 2026-12-02, timeZone: UTC", "A schedule has no field `till`."),
        ("from: 2026-12-02, until: 2026-12-02, timeZone: UTC", "This schedule is empty"),
        ("from: 2026-12-02, until: 2026-12-01, timeZone: UTC", "This schedule is empty"),
        ("from: 2026-02-30, timeZone: UTC", "The calendar has no `2026-02-30`."),
        ("from: 2026-12-01T25:00, timeZone: UTC", "The calendar has no"),
        ("from: 2026-12-01T09:00Z, timeZone: UTC", "no `Z` and no offset"),
        ("from: 2026-12-01T09:00+01:00, timeZone: UTC", "no `Z` and no offset"),
        ("from: tomorrow, timeZone: UTC", "A date or a local time belongs here"),
        ("from: 20261201, timeZone: UTC", "A date or a local time belongs here"),
        ("from: 2026-03-29T02:30, timeZone: Europe/Paris", "Write `2026-03-29T03:30`."),
        # Here the clocks go forward at midnight, so midnight does not exist.
        ("from: 2026-04-24, timeZone: Africa/Cairo", "does not exist in Africa/Cairo"),
        ("from: 0001-01-01, timeZone: Asia/Tokyo", "The calendar has no"),
    ],
)
def test_an_invalid_schedule_is_refused(text: str, expected: str) -> None:
    """A schedule without a possible meaning is a mistake that states what to write instead."""
    schedule, mistakes = read(text)
    assert any(expected in mistake for mistake in mistakes), mistakes
    assert schedule is None or "till" in text


def test_every_zone_of_the_database_is_known() -> None:
    """Every name of the IANA database is accepted, links and fixed offsets too."""
    for name in ("UTC", "Etc/GMT+5", "US/Eastern", "CET", "Europe/Kyiv", "Europe/Kiev", "America/Argentina/Ushuaia"):
        assert read(f"from: 2026-12-01, timeZone: {name}")[1] == []


PLACES = {
    "CEST": "Europe/Paris",
    "MESZ": "Europe/Berlin",
    "PST": "America/Los_Angeles",
    "pdt": "America/Los_Angeles",
    "PT": "America/Los_Angeles",
    "EST": "America/New_York",
    "EDT": "America/New_York",
    "MST": "America/Denver",
    "CST": "America/Chicago",
    "HST": "Pacific/Honolulu",
    "AKST": "America/Anchorage",
    "BST": "Europe/London",
    "IST": "Asia/Kolkata",
    "JST": "Asia/Tokyo",
    "AEDT": "Australia/Sydney",
    "WEST": "Europe/Lisbon",
    "EEST": "Europe/Athens",
    "GMT+1": "Europe/Paris",
    "UTC+2": "Europe/Paris",
    "UTC-05:00": "America/New_York",
    "+02:00": "America/New_York",
    "-5": "America/New_York",
    "Paris": "Europe/Paris",
    "New York": "America/New_York",
    "los_angeles": "America/Los_Angeles",
    "america/new_york": "America/New_York",
    "Europe/Munich": "Europe/Paris",
    "Asia/Beijing": "UTC",
    "Asia/Mumbai": "UTC",  # Asia/Dubai is spelled alike, but 1.5 h away
    "Asia/Kolkatta": "Asia/Kolkata",
    "Europe/Z\u00fcrich": "Europe/Zurich",
    "America/Washington": "America/New_York",
    "Pacific Time": "America/Los_Angeles",
    "Eastern Standard Time": "America/New_York",
    "NewYork": "America/New_York",
    "Z": "UTC",
    "utc": "UTC",
}


@pytest.mark.parametrize("name", PLACES)
def test_a_zone_that_is_no_place_is_refused_with_a_place(name: str) -> None:
    """The advice is a place with the same clock, and never an abbreviation, which may be hours off."""
    _, (mistake,) = read(f"from: 2026-12-01, timeZone: '{name}'")
    assert f"`{PLACES[name]}" in mistake or f" {PLACES[name]}" in mistake
    advised = re.findall("[`A-Za-z/_]+", mistake.partition(name)[2])
    assert not {word.strip("`") for word in advised} & (ABBREVIATED - {name})


ABBREVIATED = {
    "EST",
    "MST",
    "HST",
    "CET",
    "EET",
    "MET",
    "WET",
    "EST5EDT",
    "CST6CDT",
    "MST7MDT",
    "PST8PDT",
    "EDT",
    "PDT",
}


@pytest.mark.parametrize("name", ["CET", "EET", "MET", "WET", "EST5EDT", "PST8PDT", "Etc/GMT+5", "Etc/GMT-1"])
def test_a_zone_that_is_not_a_place_but_usable_is_a_warning(name: str) -> None:
    """Other systems read an abbreviation in another way, and the sign of an Etc offset is reversed."""
    notes = Notes()
    node = parse(f"{{from: 2026-12-01, timeZone: {name}}}".encode(), "case", notes)
    assert read_schedule(node, notes) is not None
    (warning,) = notes.warnings
    assert name in warning.wrong
    assert "/" in warning.instead
    if name.startswith("Etc"):
        assert {"+": "behind", "-": "ahead of"}[name[7]] in warning.wrong


@pytest.mark.parametrize("name", ["UTC", "GMT", "Etc/UTC", "Europe/Paris", "US/Eastern", "Japan", "America/St_Johns"])
def test_a_place_has_no_warning(name: str) -> None:
    """UTC has none either, since it is the same everywhere."""
    notes = Notes()
    read_schedule(parse(f"{{from: 2026-12-01, timeZone: {name}}}".encode(), "case", notes), notes)
    assert (notes.mistakes, notes.warnings) == ([], [])


def test_without_a_zone_times_are_still_checked() -> None:
    """The order of two local times, and the calendar, need no time zone."""
    _, mistakes = read("from: 2026-13-01, until: soon")
    assert len(mistakes) == 3
    _, mistakes = read("from: 2026-12-02, until: 2026-12-01, timeZone: Nowhere")
    assert len(mistakes) == 2
