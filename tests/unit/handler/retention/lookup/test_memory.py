"""What is remembered, what it costs, and what goes first."""

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


def test_what_was_used_longest_ago_goes_first() -> None:
    """Looking at a view keeps it."""
    memory = Memory(max_bytes=6000)
    names = [(APP, product, "en-US") for product in "abc"]
    keep(memory, names[0])
    keep(memory, names[1])
    assert memory.view(names[0])
    keep(memory, names[2])
    assert [memory.view(name) is not None for name in names] == [True, False, True]


def test_the_newest_stays_even_when_it_is_over_the_bound() -> None:
    """A sheet too large to remember still answers."""
    memory = Memory(max_bytes=1000)
    keep(memory, (APP, "a", "en-US"), size=10_000)
    assert memory.view((APP, "a", "en-US")) is not None
    assert len(memory) == 1


def test_a_sheet_goes_with_the_last_view_through_it() -> None:
    """Locales share it; a successor of one locale leaves it to the others."""
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


def test_sheets_nobody_looks_through_go_before_views() -> None:
    """A sheet whose states never came is not worth a view that answers."""
    memory = Memory(max_bytes=5000)
    keep(memory, (APP, "a", "en-US"))
    for product in "bcdef":
        memory.keep_sheet((APP, 1, product), sheet(), 200)
    assert memory.view((APP, "a", "en-US")) is not None
    assert memory.sheet((APP, 1, "b")) is None
    assert memory.sheet((APP, 1, "f")) is not None
    assert memory.cost <= 5000


def test_a_view_whose_sheet_was_driven_out_meanwhile_is_kept_all_the_same() -> None:
    """It brings its sheet along."""
    memory, found = Memory(), sheet()
    memory.keep_view((APP, "a", "en-US"), view((APP, 1, "a"), found))
    assert memory.sheet((APP, 1, "a")) is found


def test_the_count_of_bytes_never_drifts() -> None:
    """After any number of comings and goings it is that of a memory which holds the same and was filled afresh."""
    memory, chance = Memory(max_bytes=40_000), random.Random(1)
    kept: dict[ViewKey, int] = {}  # by the release, in the order of their last use
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
    """A signed product id of 30 KB is remembered as what it takes."""
    memory, found = Memory(max_bytes=100_000), sheet()
    for number in range(20):
        memory.keep_view((APP, f"{number}" + "x" * 30_000, "en-US"), view((APP, 1, "*"), found))
    assert len(memory) == 3
    assert memory.cost <= 100_000
