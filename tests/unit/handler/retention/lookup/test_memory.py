"""Sheets and views kept in memory: what they cost in bytes, and which of them are dropped first."""

from __future__ import annotations

import random

from retention.catalog import Catalog, MessageState, Settings, Sheet
from retention.lookup.memory import Memory, SheetKey, View, ViewKey

from tests.support.fake_table import APP, SETTINGS, SHEETS

SETTINGS_READ = Settings.from_document(SETTINGS)


def sheet() -> Sheet:
    return Sheet.from_document(SHEETS["*"], SETTINGS_READ.locales)


def view(name: SheetKey, found: Sheet, states: int = 1) -> View:
    catalog = Catalog(found, SETTINGS_READ, {f"m{n}": MessageState("APPROVED") for n in range(states)}, name[1], b"key")
    return View(catalog, None, name, 1, 0.0)


def keep(memory: Memory, name: ViewKey, release: int = 1, size: int = 100) -> None:
    sheet_name, found = (APP, release, name[1]), sheet()
    memory.keep_sheet(sheet_name, found, size)
    memory.keep_view(name, view(sheet_name, found))


def test_the_least_recently_used_view_is_dropped_first() -> None:
    """Reading a view counts as use, so the other one is dropped."""
    memory = Memory(max_bytes=6000)
    names = [(APP, product, "en-US") for product in "abc"]
    keep(memory, names[0])
    keep(memory, names[1])
    assert memory.view(names[0])
    keep(memory, names[2])
    assert [memory.view(name) is not None for name in names] == [True, False, True]


def test_the_newest_view_stays_even_when_it_is_over_the_limit() -> None:
    """A sheet larger than the limit is kept while it is the newest, so that its request is answered."""
    memory = Memory(max_bytes=1000)
    keep(memory, (APP, "a", "en-US"), size=10_000)
    assert memory.view((APP, "a", "en-US")) is not None
    assert len(memory) == 1


def test_a_sheet_is_dropped_with_the_last_view_of_it() -> None:
    """A sheet stays while one locale still has a view of it, although another locale has moved to the next release."""
    memory, old, new = Memory(), (APP, 1, "a"), (APP, 2, "a")
    first, second = sheet(), sheet()
    memory.keep_sheet(old, first, 100)
    for locale in ("en-US", "fr-FR"):
        memory.keep_view((APP, "a", locale), view(old, first))
    memory.keep_sheet(new, second, 100)
    memory.keep_view((APP, "a", "en-US"), view(new, second))
    assert memory.sheet(old) is first
    memory.keep_view((APP, "a", "fr-FR"), view(new, second))
    assert memory.sheet(old) is None
    assert memory.sheet(new) is second


def test_sheets_without_a_view_are_dropped_before_views() -> None:
    """A sheet whose review states were never read answers no request, so it is dropped before a view that does."""
    memory = Memory(max_bytes=5000)
    keep(memory, (APP, "a", "en-US"))
    for product in "bcdef":
        memory.keep_sheet((APP, 1, product), sheet(), 200)
    assert memory.view((APP, "a", "en-US")) is not None
    assert memory.sheet((APP, 1, "b")) is None
    assert memory.sheet((APP, 1, "f")) is not None
    assert memory.cost <= 5000


def test_a_view_is_kept_together_with_its_dropped_sheet() -> None:
    """If the sheet was dropped before its view was ready, keeping the view keeps the sheet again."""
    memory, found = Memory(), sheet()
    memory.keep_view((APP, "a", "en-US"), view((APP, 1, "a"), found))
    assert memory.sheet((APP, 1, "a")) is found


def test_the_count_of_bytes_never_drifts() -> None:
    """After 2 000 changes the count equals that of a new memory that is given the same content."""
    memory, chance = Memory(max_bytes=40_000), random.Random(1)
    kept: dict[ViewKey, int] = {}  # name to release, in the order of last use
    for _ in range(2000):
        name = (APP, chance.choice("abcdefgh"), chance.choice(["en-US", "fr-FR"]))
        kept.pop(name, None)
        kept[name] = chance.randint(1, 4)
        keep(memory, name, kept[name], 300)
        assert memory.cost <= 40_000
    afresh = Memory(max_bytes=40_000)
    for name, release in kept.items():
        if memory.view(name) is not None:
            keep(afresh, name, release, 300)
    assert len(memory) == len(afresh) > 5
    assert (memory.sheets, memory.cost) == (afresh.sheets, afresh.cost)


def test_names_as_long_as_a_request_count_with_all_their_bytes() -> None:
    """A signed product id of 30 KB counts 30 KB against the limit of memory."""
    memory, found = Memory(max_bytes=100_000), sheet()
    for number in range(20):
        memory.keep_view((APP, f"{number}" + "x" * 30_000, "en-US"), view((APP, 1, "*"), found))
    assert len(memory) == 3
    assert memory.cost <= 100_000
