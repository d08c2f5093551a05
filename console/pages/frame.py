"""What pages share: their frame with its policy, the environment of their templates, and how characters are written.

Texts and names reach a page as escaped text or quoted attributes alone. Classes and ids are digests and numbers, as a
name could hold markup. Style and script are allowed by their hashes, and nothing else is.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from retention.limits import utf16_length

from console.file.wording import value_text
from console.pages.locale_names import english_name, own_name
from console.pages.screens import is_mirrored
from console.terminal.failure import Failure
from console.terminal.ordinary_file import NotOrdinaryError, read_beginning

TEMPLATES: Final = Path(__file__).parent / "templates"
_FEW: Final = 6
_PAGE_BEGINS: Final = "<!doctype html>"

_KINDS: Final = {
    "message": "message",
    "alternateProduct": "switch plan",
    "promotionalOffer": "promotional offer",
    "advancedCommerce": "Advanced Commerce",
}


@dataclass(frozen=True, slots=True)
class PageFacts:
    """What the foot names: the version of the console, the command, and the SHA-256 of the file.

    `live`: the page asks the command that serves it for changes.
    """

    version: str
    command: str
    digest: str
    live: bool = False


def own_text(name: str) -> str:
    """Return a script or a style sheet of ours."""
    return (TEMPLATES / name).read_text(encoding="utf-8").strip()


def policy(style: str, script: str = "") -> str:
    """Return the content security policy: this style and this script, images in the page, and nothing else."""
    scripts = f"; script-src '{_hash(script)}'" if script else ""
    return (
        f"default-src 'none'; style-src '{_hash(style)}'{scripts}; img-src data:; base-uri 'none'; form-action 'none'"
    )


def _hash(content: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(content.encode()).digest()).decode("ascii")


# An end of a line after an element, but for those before what a reader of the page's source looks for.
_LOOSE: Final = re.compile(r">\n(?!<(?:article|section|tr|!doctype|html|head|meta|title|style|body)\b)")


class _CloseLoader(FileSystemLoader):
    """Reads templates without the ends of lines between elements: a page of 2 000 screens would have 50 000."""

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        source, name, is_current = super().get_source(environment, template)
        return _LOOSE.sub(">", source), name, is_current


@functools.cache
def page_environment() -> Environment:
    """Return the environment of all templates: what is not marked as our own is escaped.

    It is made once, since compiling the templates takes a tenth of a second: a page that is followed is drawn often.
    A page with filters of its own has them in an overlay.
    """
    made = Environment(
        loader=_CloseLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
    )
    made.filters.update(
        visible=visible,
        drawable=drawable,
        language=lambda locale: visible(english_name(locale)),
        own=own_name,
        direction=lambda locale: "rtl" if is_mirrored(locale) else "ltr",
        length=utf16_length,
        few=few,
        value=_value,
        kind=lambda kind: _KINDS.get(kind, kind),
    )
    return made


def write_page(page: Path, html: str, option: str) -> None:
    """Write a page in one step, so that a browser never reads half of it. Raises Failure where it cannot be.

    `option` is the one that named the page. A file that has something else than a page stays as it is: it may be the
    one that is drawn. Through a link, the file that it leads to is written.
    """
    if str(page) == "-":
        raise Failure(f"What is written goes to a file, and not to standard output: name one with {option}.")
    try:
        target = page.resolve()
        _refuse_other_content(target, is_page=html.startswith(_PAGE_BEGINS))
        _replace(target, html)
    except (OSError, RuntimeError) as error:  # of a link that leads to itself
        why = getattr(error, "strerror", None) or error
        raise Failure(f"{page} cannot be written: {why}. Name another file with {option}.") from None


def _refuse_other_content(target: Path, *, is_page: bool) -> None:
    """Raise OSError if something is there that is no ordinary file, or no page where one is written."""
    try:
        there = read_beginning(target, len(_PAGE_BEGINS)).decode("utf-8", "replace")
    except FileNotFoundError:
        return
    if is_page and there and there.casefold() != _PAGE_BEGINS:
        raise NotOrdinaryError(0, "it is there already, and is no HTML page", str(target))


def _replace(target: Path, html: str) -> None:
    """Write a new file next to another, and let it take its name."""
    temporary = target.with_name(f".page.{secrets.token_hex(8)}")
    try:
        # "x": what is there by this name, such as a link of another user, is not written through.
        with temporary.open("x", encoding="utf-8", newline="\n") as file:
            file.write(html)
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


# Characters ---------------------------------------------------------------------------------------------------------

# What HTML cannot hold: control characters, halves of characters, and code points that are no characters.
_UNFIT: Final = "\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef" + "".join(
    f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0, 0x110000, 0x10000)
)
_UNFIT_CHARACTER: Final = re.compile(f"[{_UNFIT}]")
# Next to these, what hides, breaks a line, or turns the direction of what follows.
_HIDDEN_CHARACTER: Final = re.compile(f"[{_UNFIT}\u200b\u2028-\u202e\u2060-\u2069\ufeff]")


def visible(text: object) -> str:
    """Return a name or a text with each invisible character as ␣ and its code point, so that none hides or turns it."""
    return _HIDDEN_CHARACTER.sub(lambda found: f"␣U+{ord(found[0]):04X} ", str(text))


def drawable(text: object) -> str:
    """Return a text as a customer would see it; what HTML cannot hold is U+FFFD."""
    return _UNFIT_CHARACTER.sub("\ufffd", str(text))


def few(names: tuple[str, ...], most: int = _FEW) -> str:
    """Return names as one list, the last of many as a number."""
    rest = len(names) - most
    return ", ".join(map(visible, names if rest <= 1 else names[:most])) + (f" and {rest} more" if rest > 1 else "")


def _value(value: object) -> str:
    """Return a value of a change in words."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_value(inner)}" for name, inner in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_value, value))
    return value_text(value)
