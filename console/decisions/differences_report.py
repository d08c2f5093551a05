"""How `retention diff` prints: the changes, section by section, and the one JSON document."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from console.decisions.differences import Change, Differences
from console.file.wording import limit_text, text_line, value_text
from console.terminal.json_form import form_of
from console.terminal.output import Output

_SECTIONS: Final = (
    ("settings", "App, environments, locales"),
    ("products", "Products"),
    ("rules", "Rules"),
    ("schedules", "Schedules"),
    ("experiments", "Experiments"),
    ("holdout", "Holdout"),
    ("offers", "Offers"),
    ("messages", "Messages"),
    ("images", "Images"),
)
_MARKS: Final = {"added": "+", "removed": "-", "changed": "~", "moved": "↕"}
_STYLES: Final = {"added": "green", "removed": "red", "changed": "yellow", "moved": "yellow"}


@dataclass(frozen=True, slots=True)
class _DifferencesForm:
    """The JSON document."""

    before: str
    after: str
    same: bool
    settings: tuple[Change, ...]
    products: tuple[Change, ...]
    rules: tuple[Change, ...]
    schedules: tuple[Change, ...]
    experiments: tuple[Change, ...]
    holdout: tuple[Change, ...]
    offers: tuple[Change, ...]
    messages: tuple[Change, ...]
    images: tuple[Change, ...]


def show(found: Differences, out: Output) -> None:
    """Print differences, as text or as one JSON document."""
    for name, heading in _SECTIONS:
        changes = found.sections[name]
        if changes:
            out.print(f"{heading}:", "bold")
        for change in changes:
            _show(name, change, out)
    if not found.any:
        rest = "" if found.same_bytes else ", but for comments, layout or order"
        out.print(f"{found.before} and {found.after} are the same{rest}.", "green")
    out.document(form_of(_DifferencesForm(found.before, found.after, not found.any, **found.sections)))


def _show(section: str, change: Change, out: Output) -> None:
    note = f" ({change.note})" if change.note else ""
    if change.what == "moved":
        note = f" from place {change.before['place']} to place {change.after['place']}"
    out.print(f"  {_MARKS[change.what]} {change.name}{note}", _STYLES[change.what])
    if change.what == "moved":
        return
    if section == "messages" and change.what in {"added", "removed"}:
        out.print(f"      {text_line(change.after or change.before)}")
        return
    for key in {**change.before, **change.after}:
        for sign, side in (("-", change.before), ("+", change.after)):
            if key in side:
                out.print(f"      {sign} {key}: {_shown(side[key])}", "red" if sign == "-" else "green")


def _shown(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(_shown, value))
    if isinstance(value, dict):
        if "times" in value:  # only the limit of an offer has this field
            return limit_text(value)
        return " / ".join(map(_shown, value.values()))
    return value_text(value)
