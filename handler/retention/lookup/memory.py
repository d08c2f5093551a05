"""Catalogs kept in memory: bounded by bytes, what was used longest ago dropped first, sheets shared by views."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from sys import getsizeof
from threading import Lock
from typing import Final, TypeAlias

from retention.catalog import Catalog, Sheet

# Everything remembered together. A compiled sheet of 20 rules in 10 locales takes 110 KB.
MAX_BYTES: Final = 32 * 1024 * 1024

# Measured with tracemalloc: a compiled sheet takes 7.6 times its JSON; a message's state with its share of a plan 500.
_BYTES_PER_JSON_BYTE = 8
_BYTES_PER_STATE = 600
_BYTES_PER_VIEW = 1200

ViewKey: TypeAlias = tuple[int, str, str]  # app, product id and locale as asked
SheetKey: TypeAlias = tuple[int, int, str]  # app, release, product id or `*`


@dataclass(frozen=True, slots=True)
class View:
    """What answers one product in one locale, read completely under one `version` of the catalog."""

    catalog: Catalog
    has_default: bool | None
    sheet: SheetKey
    version: int
    read_at: float

    @property
    def cost(self) -> int:
        return _BYTES_PER_VIEW + _BYTES_PER_STATE * len(self.catalog.states)


def _cost(name: ViewKey, view: View) -> int:
    """Return the bytes that a view takes, its name included: a signed product or locale may be as long as a request."""
    _, product_id, user_locale = name
    return view.cost + getsizeof(product_id) + getsizeof(user_locale)


class _Held:
    """A sheet, the bytes it takes, and how many views share it."""

    __slots__ = ("cost", "sheet", "views")

    def __init__(self, sheet: Sheet, cost: int) -> None:
        self.sheet = sheet
        self.cost = cost
        self.views = 0


class Memory:
    """Views by product and locale, over sheets that all views of a product (or of all unknown products) share."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._max = max_bytes
        self._lock = Lock()
        self._views: OrderedDict[ViewKey, View] = OrderedDict()
        self._sheets: OrderedDict[SheetKey, _Held] = OrderedDict()
        self._cost = 0

    @property
    def cost(self) -> int:
        """Bytes held, by estimate."""
        return self._cost

    @property
    def sheets(self) -> int:
        """How many sheets are held."""
        return len(self._sheets)

    def __len__(self) -> int:
        return len(self._views)

    def view(self, wanted: ViewKey) -> View | None:
        with self._lock:
            found = self._views.get(wanted)
            if found is not None:
                self._views.move_to_end(wanted)
            return found

    def sheet(self, wanted: SheetKey) -> Sheet | None:
        with self._lock:
            held = self._sheets.get(wanted)
            if held is None:
                return None
            self._sheets.move_to_end(wanted)
            return held.sheet

    def keep_sheet(self, name: SheetKey, sheet: Sheet, json_bytes: int) -> None:
        """Keep a sheet that no view uses yet; the states for one may still be on their way, or fail to come."""
        with self._lock:
            if name not in self._sheets:
                self._sheets[name] = _Held(sheet, json_bytes * _BYTES_PER_JSON_BYTE)
                self._cost += self._sheets[name].cost
            self._trim()

    def keep_view(self, name: ViewKey, view: View) -> None:
        """Put `view` in the place of the one before, which is dropped only now; its sheet is kept with it."""
        with self._lock:
            held = self._sheets.get(view.sheet)
            if held is None:  # dropped while the states were read
                held = self._sheets[view.sheet] = _Held(view.catalog.sheet, 0)
            held.views += 1
            before = self._views.pop(name, None)
            self._views[name] = view
            self._cost += _cost(name, view)
            if before is not None:
                self._release(name, before)
            self._trim()

    def mark_stale(self) -> None:
        """Make every view due for reading again; each is served until it has been read."""
        with self._lock:
            for name, view in self._views.items():
                self._views[name] = replace(view, read_at=float("-inf"))

    def _release(self, name: ViewKey, view: View) -> None:
        self._cost -= _cost(name, view)
        held = self._sheets[view.sheet]
        held.views -= 1
        if not held.views:
            self._drop_sheet(view.sheet)

    def _drop_sheet(self, name: SheetKey) -> None:
        self._cost -= self._sheets.pop(name).cost

    def _trim(self) -> None:
        """Drop what was used longest ago, but never the newest: a sheet larger than the bound still serves."""
        for name in [name for name, held in self._sheets.items() if not held.views][:-1]:
            if self._cost <= self._max:
                return
            self._drop_sheet(name)
        while self._cost > self._max and len(self._views) > 1:
            self._release(*self._views.popitem(last=False))
