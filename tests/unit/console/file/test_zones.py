"""Time zones by the names that people write, and the advice for those that are none."""

from __future__ import annotations

import pytest

from console.file.zones import doubt, refusal, zone_names


@pytest.mark.parametrize("name", ["Europe/Paris", "America/New_York", "UTC", "Asia/Kolkata"])
def test_a_place_is_accepted_without_a_warning(name: str) -> None:
    """A place with a name from the IANA database causes neither a mistake nor a warning."""
    assert (refusal(name), doubt(name)) == (None, None)


def test_the_zone_factory_is_refused() -> None:
    """The IANA database has `Factory` for clocks that were never set."""
    assert "Factory" not in zone_names()
    assert refusal("Factory") is not None


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("EST", "`America/New_York`, or `America/Panama`, whose clocks never change"),
        ("MST", "`America/Denver`, or `America/Phoenix`, whose clocks never change"),
        ("HST", "`Pacific/Honolulu`"),
        ("MEZ", "`Europe/Paris` or `Europe/Berlin`"),
        ("pst", "`America/Los_Angeles`"),
        ("Eastern Standard Time", "`America/New_York`"),
        ("US/pacific time", "`America/Los_Angeles`"),
        ("zulu", "Write `UTC`."),
        ("+02:00", "An offset has no summer time."),
        ("GMT-5", "An offset has no summer time."),
        ("Europe/Pariss", "Did you mean `Europe/Paris`?"),
        ("Paris", "Did you mean `Europe/Paris`?"),
        ("America/Newyork", "Did you mean `America/New_York`?"),
        ("somewhere", "Write a place, such as Europe/Paris"),
        ("Asia/Mumbai", "Write a place, such as Europe/Paris"),
    ],
)
def test_a_name_that_is_no_place_is_refused_with_a_place(name: str, advice: str) -> None:
    """The advice is never another abbreviation, nor a city in another zone whose name looks similar."""
    refused = refusal(name)
    assert refused is not None
    assert advice in refused[1]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("Etc/GMT+5", "`Etc/GMT+5` is 5 hours behind UTC, against its sign"),
        ("Etc/GMT-2", "`Etc/GMT-2` is 2 hours ahead of UTC, against its sign"),
        ("CET", "`CET` is an abbreviation, not a place."),
    ],
)
def test_an_ambiguous_zone_is_a_warning(name: str, why: str) -> None:
    """The zone can be used, and the warning states what it means."""
    assert refusal(name) is None
    found = doubt(name)
    assert found is not None
    assert found[0].startswith(why)
