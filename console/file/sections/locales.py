"""The section `locales`, and the check of a locale wherever the file names one of Apple's."""

from __future__ import annotations

from retention.locales import APPLE_LOCALES, language_of, normalise, spelled

from console.file.conditions import is_locale
from console.file.entries import Locales
from console.file.fields import Fields
from console.file.mistakes import Notes, Place
from console.file.tree import Node
from console.terminal.characters import non_ascii_hint


def read_locales(node: Node | None, notes: Notes) -> Locales | None:
    if node is None:
        return None
    fields = Fields.of(node, notes, "`locales`", ("default", "fallbacks"))
    default = fields.text("default")
    if default is not None:
        check_apple_locale(default, fields.place("default"), notes)
    fallbacks: dict[str, tuple[str, ...]] = {}
    firsts: dict[str, tuple[str, int]] = {}
    for written, entry in fields.named("fallbacks").items():
        key = _fallback_key(written, entry.at, notes)
        first, line = firsts.setdefault(key, (written, entry.at.line))
        if first != written:
            wrong = f"The fallbacks of `{key}` stand here twice, as `{first}` and as `{written}`."
            notes.add(entry.at, wrong, f"Keep one of the two: the first is on line {line}.")
        fallbacks[key] = _fallback(entry, notes)
    return None if default is None else Locales(default, fallbacks)


def _fallback_key(written: str, at: Place, notes: Notes) -> str:
    if not is_locale(written):
        notes.add(at, f"`{written}` is not a locale.", "Write one like `fr`, `fr-CA` or `zh-Hant`.")
        return written
    # As `retention.locales.candidates` looks it up. Chinese is kept as it is: Apple has no locale of its regions,
    # and none of the language alone.
    key = spelled(written)
    return key if key.partition("-")[0] == "zh" else normalise(written)


def _fallback(node: Node, notes: Notes) -> tuple[str, ...]:
    items = node.items if isinstance(node.value, tuple) else (node,)
    if not items:
        notes.add(node.at, "This list is empty.", "Leave it out, or write `[en-US]`.")
    for item in items:
        if isinstance(item.value, str):
            check_apple_locale(item.value, item.at, notes)
        else:
            notes.add(item.at, f"A fallback is a locale, not {item.kind}.", "Write one like `en-US`.")
    return tuple(item.value for item in items if isinstance(item.value, str))


def check_apple_locale(name: str, at: Place, notes: Notes) -> None:
    if name in APPLE_LOCALES:
        return
    normal = normalise(name)
    near = normal if normal in APPLE_LOCALES else None
    instead = f"Did you mean `{near}`?" if near else notes.suggest(name, _spoken(normal) or APPLE_LOCALES)
    notes.add(at, f"Apple has no locale `{name}`.{non_ascii_hint(name)}", instead)


def _spoken(normal: str) -> list[str]:
    """Return Apple's locales of the same language."""
    return [locale for locale in APPLE_LOCALES if language_of(locale) == language_of(normal)]
