"""The sections `images` and `messages`: what customers see, within the limits Apple sets."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from retention.limits import MAX_ALT_TEXT, MAX_BODY, MAX_BULLET_TEXT, MAX_BULLETS, MAX_HEADER, utf16_length

from console.file.entries import Bullet, Image, Messages, Text
from console.file.fields import Fields
from console.file.identifiers import canonical_text
from console.file.images import FULL_SIZE, SIZES
from console.file.mistakes import Notes
from console.file.sections.locales import check_apple_locale
from console.file.tree import Node

# What means something else in double quotes, in HTML or to a program that fills in names, and is sent as it stands.
_MEANT_OTHERWISE: Final = re.compile(
    r"\\(?:[nrt\"']|u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2})"
    r"|&(?:amp|lt|gt|quot|apos|nbsp|#[0-9]+|#x[0-9A-Fa-f]+);|\{\{[^{}]*\}\}|\$\{[^{}]*\}|%(?:[0-9]\$)?@"
)


def read_images(nodes: Mapping[str, Node], notes: Notes) -> dict[str, Image]:
    found = {}
    for name, node in nodes.items():
        before = notes.found
        fields = Fields.of(node, notes, "an image", ("file", "size", "revision"))
        file = fields.path("file")
        size = fields.choice("size", SIZES, default=FULL_SIZE)
        revision = fields.integer("revision", least=1, like=1, required=False)
        understood = notes.found == before
        found[name] = Image(name, file or "", size if understood else "", revision, node.at)
    return found


def read_messages(nodes: Mapping[str, Node], notes: Notes) -> Messages:
    return {name: _set(node, notes) for name, node in nodes.items()}


def _set(node: Node, notes: Notes) -> dict[str, Text]:
    if not isinstance(node.value, Mapping) or not node.entries:
        notes.add(node.at, "This message set has no text at all.", "Write `en-US: {header: …, body: …}`.")
    for locale, entry in node.entries.items():
        check_apple_locale(locale, entry.at, notes)
    return {locale: _text(entry, notes) for locale, entry in node.entries.items()}


def _text(node: Node, notes: Notes) -> Text:
    known = ("header", "body", "image", "altText", "headerPosition", "bullets", "revision")
    fields = Fields.of(node, notes, "a message", known)
    header, body = _limited(fields, "header", MAX_HEADER), _limited(fields, "body", MAX_BODY)
    has_image = "image" in fields.entries
    image = (fields.text("image") or "") if has_image else None
    alt_text = _limited(fields, "altText", MAX_ALT_TEXT, required=has_image)
    position = fields.choice("headerPosition", ("ABOVE_BODY", "ABOVE_IMAGE"))
    bullets = fields.listed("bullets")
    if not has_image and "altText" in fields.entries:
        notes.add(fields.place("altText"), "`altText` describes an image, and there is none.", "Add `image`.")
    if not has_image and position == "ABOVE_IMAGE":
        notes.add(fields.place("headerPosition"), "ABOVE_IMAGE needs an image.", "Add `image`, or leave this out.")
    if len(bullets) > MAX_BULLETS:
        notes.add(fields.place("bullets"), f"There are {len(bullets)} bullets.", f"Apple takes at most {MAX_BULLETS}.")
    return Text(
        header=header or "",
        body=body or "",
        image=image,
        alt_text=alt_text,
        above_image=position == "ABOVE_IMAGE",
        bullets=tuple(_bullet(bullet, notes) for bullet in bullets),
        revision=fields.integer("revision", least=1, like=1, required=False),
        at=node.at,
        image_at=fields.place("image"),
    )


def _bullet(node: Node, notes: Notes) -> Bullet:
    fields = Fields.of(node, notes, "a bullet", ("text", "image", "altText"))
    text = _limited(fields, "text", MAX_BULLET_TEXT)
    image = fields.text("image")
    alt_text = _limited(fields, "altText", MAX_ALT_TEXT)
    return Bullet(text or "", image or "", alt_text or "", fields.place("image"))


def _limited(fields: Fields, key: str, limit: int, *, required: bool = True) -> str | None:
    """Return a text as it will be uploaded."""
    written = fields.prose(key, required=required)
    if written is None:
        return None
    text = canonical_text(written)
    at, length = fields.place(key), utf16_length(text)
    if length > limit:
        shorten = f"Apple takes at most {limit}: shorten it by {length - limit}."
        fields.notes.add(at, f"`{key}` has {length} characters.", shorten)
    meant = _MEANT_OTHERWISE.search(text)
    if meant is not None:
        wrong = f"`{key}` has `{meant[0]}` in it, which customers will read as it stands."
        fields.notes.warn(
            at, wrong, "Write the character or the words themselves; `\\n` is a line's end in double quotes."
        )
    return text
