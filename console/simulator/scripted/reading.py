"""Read a script of customers from YAML: a built-in one by its name, or the owner's file, each mistake at its line."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from console.file.fields import Fields
from console.file.mistakes import Mistakes, Notes, suggestion
from console.file.tree import Node, parse
from console.simulator.scripted.script import ASKED, CustomerScript, LaterEvents, Reaction
from console.terminal.failure import Failure
from console.terminal.ordinary_file import read_ordinary

_FOLDER: Final = Path(__file__).parent / "scripts"
BUILT_IN: Final = tuple(sorted(path.stem for path in _FOLDER.glob("*.yaml")))

_SECTIONS: Final = ("days", "horizonDays", "confirm", "reactions", "afterwards", "boughtDaysAgo", "products")
_REACTION: Final = ("when", "keep", "switch", "redeem")
_AFTERWARDS: Final = ("cancel", "turnOn", "refund", "billingFailure")
_MAX_BYTES: Final = 1 << 20
_ALL: Final = 100
_LONGEST: Final = 400  # days


def script_text(name: str) -> str:
    """Return the text of a script: of a built-in one by its name, or of a file. Raises Failure."""
    if name in BUILT_IN:
        return (_FOLDER / f"{name}.yaml").read_text(encoding="utf-8")
    path = Path(name)
    if not path.exists():
        raise Failure(f"There is no script `{name}`, and no such file. {suggestion(name, BUILT_IN)}")
    return read_ordinary(path, _MAX_BYTES).decode("utf-8", "replace")


def read_script(name: str) -> CustomerScript:
    """Read a script by its name or file. Raises Failure; Mistakes lists every mistake with its line."""
    return parse_script(script_text(name), name)


def parse_script(text: str, name: str) -> CustomerScript:
    """Read the text of a script, which mistakes call `name`. Raises Mistakes."""
    notes = Notes()
    top = Fields.of(parse(text.encode(), name, notes), notes, "a script", _SECTIONS)
    bought = _bought(top)
    script = CustomerScript(
        Path(name).stem,
        days=_days(top, "days", 20),
        horizon_days=_days(top, "horizonDays", 30),
        confirm=_percent(top, "confirm", required=True),
        reactions=_reactions(top),
        afterwards=_afterwards(top),
        bought_from=bought[0],
        bought_to=bought[1],
        products=_products(top),
    )
    if notes.mistakes:
        raise Mistakes(name, notes.mistakes)
    return script


def _days(fields: Fields, key: str, default: int) -> int:
    number = fields.integer(key, least=1, like=default, required=False)
    if number is None:
        return default
    if number > _LONGEST:
        fields.notes.add(fields.place(key), f"`{key}` is {number} days.", f"Write 1 to {_LONGEST}.")
    return number


def _percent(fields: Fields, key: str, *, required: bool = False) -> float:
    node = fields.entries.get(key)
    if node is None:
        if required and fields.is_mapping:
            fields.notes.add(fields.at, f"`{key}` is missing.", f"Write `{key}: 50`, a percentage of the customers.")
        return 0.0
    value = node.value
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= _ALL:
        return float(value)
    fields.notes.add(node.at, f"`{key}` is a percentage from 0 to 100, not {node.kind}.", f"Write `{key}: 50`.")
    return 0.0


def _reactions(top: Fields) -> tuple[Reaction, ...]:
    nodes = top.listed("reactions", "- keep: 3", required=True)
    if "reactions" not in top.entries and top.is_mapping:
        top.notes.add(top.at, "`reactions` is missing.", "Write `reactions:` and `- keep: 3` below it.")
    found = tuple(_reaction(node, top.notes) for node in nodes)
    if found and found[-1].when:
        wrong = "The last reaction has a `when`, so some answers have no reaction."
        top.notes.add(nodes[-1].at, wrong, "Add one without `when` at the end.")
    for node, reaction in zip(nodes[:-1], found, strict=False):
        if not reaction.when:
            top.notes.add(node.at, "This reaction fits every answer.", "Put it last, or add a `when`.")
    return found


def _reaction(node: Node, notes: Notes) -> Reaction:
    fields = Fields.of(node, notes, "a reaction", _REACTION)
    shares = {key: _percent(fields, key) for key in ("keep", "switch", "redeem")}
    if sum(shares.values()) > _ALL:
        wrong = "`keep`, `switch` and `redeem` together are more than 100."
        notes.add(node.at, wrong, "Write shares of the same customers.")
    return Reaction(_when(fields), **shares)


def _when(fields: Fields) -> Mapping[str, str]:
    node = fields.entries.get("when")
    if node is None:
        return {}
    asked = Fields.of(node, fields.notes, "a `when`", ASKED)
    found = {key: asked.text(key, required=False) for key in ASKED if key in asked.entries}
    if not asked.entries and asked.is_mapping:
        fields.notes.add(node.at, "This `when` asks for nothing.", "Leave it out, or write `arm: …` in it.")
    return {key: value for key, value in found.items() if value is not None}


def _afterwards(top: Fields) -> LaterEvents:
    node = top.entries.get("afterwards")
    if node is None:
        return LaterEvents()
    fields = Fields.of(node, top.notes, "`afterwards`", _AFTERWARDS)
    return LaterEvents(*(_percent(fields, key) for key in _AFTERWARDS))


def _bought(top: Fields) -> tuple[int, int]:
    node = top.entries.get("boughtDaysAgo")
    if node is None:
        return 3, 25
    fields = Fields.of(node, top.notes, "`boughtDaysAgo`", ("from", "to"))
    first = fields.integer("from", least=1, like=3)
    last = fields.integer("to", least=1, like=25)
    if first is not None and last is not None and last < first:
        fields.notes.add(
            fields.place("to"), f"`to` is {last}, and `from` is {first}.", "Write the larger number in `to`."
        )
    return first or 1, last or 1


def _products(top: Fields) -> Mapping[str, float]:
    node = top.entries.get("products")
    if node is None:
        return {}
    fields = Fields(node.at, node.entries, top.notes)
    top.named("products")
    weights = {name: _percent(fields, name) for name in node.entries}
    if node.entries and not any(weights.values()):
        top.notes.add(node.at, "No product has customers.", "Give one of them a share above 0.")
    return weights
