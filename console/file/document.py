"""retention.yaml, read: every mistake in its form is collected, with its line, and reading goes on behind it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from retention.locales import APPLE_LOCALES, normalise, spelled

from console.file.answers import read_answer, read_experiment, utf16_length
from console.file.conditions import is_locale, read_condition
from console.file.entries import (
    App,
    Bullet,
    Document,
    Environment,
    Image,
    Locales,
    Messages,
    Offer,
    Product,
    Rule,
    Text,
)
from console.file.fields import Fields
from console.file.identifiers import canonical_text
from console.file.images import FULL_SIZE, SIZES
from console.file.mistakes import Notes, Place, nearest, suggestion
from console.file.schedules import Schedule, read_schedule
from console.file.tree import Node, Progress, parse

__all__ = ["Document", "read"]

_SECTIONS: Final = ("app", "environments", "products", "locales", "images", "messages", "offers", "rules")
_PERIODS: Final = ("P1W", "P1M", "P2M", "P3M", "P6M", "P1Y")
_BUNDLE_ID = re.compile(r"[A-Za-z0-9.-]{1,155}")
_KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_LANGUAGE = re.compile(r"[a-z]{2,3}")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")

# UploadMessageRequestBody's limits (apple-api.md, section 5).
_MAX_HEADER: Final = 66
_MAX_BODY: Final = 144
_MAX_ALT_TEXT: Final = 150
_MAX_BULLET: Final = 66
_MAX_BULLETS: Final = 5

_MAX_NAME: Final = 100
_MAX_PRODUCT_ID: Final = 255  # bytes: it is part of a sort key


def read(
    source: Path | str | bytes,
    base_dir: Path | None = None,
    *,
    file: str | None = None,
    progress: Progress | None = None,
) -> Document:
    """Read a file, or its bytes. Mistakes in it are in `Document.mistakes`.

    Images are looked for beside the file unless `base_dir` says where. Raises `Mistakes` where it is not YAML at all,
    and OSError where it cannot be read.
    """
    if isinstance(source, bytes):
        return _read(source, file or "retention.yaml", base_dir, progress)
    path = Path(source)
    return _read(path.read_bytes(), file or str(path), base_dir or path.parent, progress)


def _read(source: bytes, file: str, base_dir: Path | None, progress: Progress | None) -> Document:
    notes = Notes()
    root = parse(source, file, notes, progress)
    top = Fields.of(root, notes, "a retention file", _SECTIONS)
    reader = _Reader(notes)
    products = reader.products(top.named("products"))
    return Document(
        file=file,
        base_dir=base_dir,
        app=reader.app(_required(top, "app")),
        environments=reader.environments(top.named("environments")),
        products=products,
        locales=reader.locales(_required(top, "locales")),
        images=reader.images(top.named("images")),
        messages=reader.messages(top.named("messages")),
        sets_at={name: node.at for name, node in top.named("messages").items()},
        offers=reader.offers(top.named("offers")),
        rules=reader.rules(_rules(top), products),
        source=source,
        mistakes=tuple(notes.mistakes),
    )


def _required(top: Fields, key: str) -> Node | None:
    node = top.entries.get(key)
    if node is None:
        top.notes.add(top.at, f"The section `{key}` is missing.", f"Write `{key}: {{…}}`.")
    return node


def _rules(top: Fields) -> tuple[Node, ...]:
    if "rules" not in top.entries:
        top.notes.add(top.at, "The section `rules` is missing.", "Write `rules:` and `- name: …` below it.")
    return top.listed("rules")


@dataclass(slots=True)
class _Reader:
    """One file being read, section by section."""

    notes: Notes
    names: dict[str, int] = field(default_factory=dict)

    def app(self, node: Node | None) -> App | None:
        if node is None:
            return None
        fields = Fields.of(node, self.notes, "the app", ("appAppleId", "bundleId", "issuerId", "keyId"))
        app_apple_id = fields.integer("appAppleId", least=1)
        bundle_id = self._matching(fields, "bundleId", _BUNDLE_ID, "com.example.app")
        key_id = self._matching(fields, "keyId", _KEY_ID, "ABC123DEFG", required=False)
        issuer_id = fields.text("issuerId", required=False)
        if app_apple_id is None or bundle_id is None:
            return None
        return App(app_apple_id, bundle_id, issuer_id or "", key_id or "", node.at)

    def _matching(
        self, fields: Fields, key: str, pattern: re.Pattern[str], example: str, *, required: bool = True
    ) -> str | None:
        text = fields.text(key, required=required)
        if text is not None and not pattern.fullmatch(text):
            self.notes.add(fields.place(key), f"`{text}` is no {key}.", f"Write one like `{example}`.")
        return text

    def environments(self, nodes: Mapping[str, Node]) -> dict[str, Environment]:
        found = {}
        for name, node in nodes.items():
            fields = Fields.of(node, self.notes, "an environment", ("stack", "region"))
            stack, region = fields.text("stack"), fields.text("region")
            if stack is not None and region is not None:
                found[name] = Environment(name, stack, region)
        return found

    def products(self, nodes: Mapping[str, Node]) -> dict[str, Product]:
        return {name: self._product(name, node) for name, node in nodes.items()}

    def _product(self, name: str, node: Node) -> Product:
        if not 0 < len(name.encode()) <= _MAX_PRODUCT_ID or name == "*":
            self.notes.add(node.at, f"`{name}` is no product id.", "Write the id from App Store Connect.")
        known = ("group", "period", "advancedCommerce", "bundle", "default")
        fields = Fields.of(node, self.notes, "a product", known)
        return Product(
            product_id=name,
            group=fields.text("group") or "",
            period=fields.choice("period", _PERIODS, default="", required=True),
            advanced_commerce=fields.flag("advancedCommerce"),
            bundle=fields.flag("bundle"),
            default=fields.text("default", required=False),
            at=node.at,
        )

    def locales(self, node: Node | None) -> Locales | None:
        if node is None:
            return None
        fields = Fields.of(node, self.notes, "`locales`", ("default", "fallbacks"))
        default = fields.text("default")
        if default is not None:
            self._apple_locale(default, fields.place("default"))
        fallbacks: dict[str, tuple[str, ...]] = {}
        for written, entry in fields.named("fallbacks").items():
            key = self._fallback_key(written, entry.at)
            if key in fallbacks:
                self.notes.add(entry.at, f"The fallbacks of `{key}` stand here twice.", "Keep one of the two.")
            fallbacks[key] = self._fallback(entry)
        return None if default is None else Locales(default, fallbacks)

    def _fallback_key(self, written: str, at: Place) -> str:
        if not is_locale(written):
            self.notes.add(at, f"`{written}` is not a locale.", "Write one like `fr`, `fr-CA` or `zh-Hant`.")
            return written
        # As `retention.locales.candidates` looks it up. Chinese regions are kept: Apple has no locale of theirs.
        key = spelled(written)
        return key if key.startswith("zh-") or _LANGUAGE.fullmatch(key) else normalise(written)

    def _fallback(self, node: Node) -> tuple[str, ...]:
        items = node.items if isinstance(node.value, tuple) else (node,)
        if not items:
            self.notes.add(node.at, "This list is empty.", "Leave it out, or write `[en-US]`.")
        for item in items:
            if isinstance(item.value, str):
                self._apple_locale(item.value, item.at)
            else:
                self.notes.add(item.at, f"A fallback is a locale, not {item.kind}.", "Write one like `en-US`.")
        return tuple(item.value for item in items if isinstance(item.value, str))

    def _apple_locale(self, name: str, at: Place) -> None:
        if name in APPLE_LOCALES:
            return
        normal = normalise(name)
        near = normal if normal in APPLE_LOCALES else None
        instead = f"Did you mean `{near}`?" if near else suggestion(name, _likely(name))
        self.notes.add(at, f"Apple has no locale `{name}`.", instead)

    def images(self, nodes: Mapping[str, Node]) -> dict[str, Image]:
        found = {}
        for name, node in nodes.items():
            fields = Fields.of(node, self.notes, "an image", ("file", "size", "revision"))
            file = fields.text("file")
            size = fields.choice("size", SIZES, default=FULL_SIZE)
            revision = fields.integer("revision", least=1, required=False)
            if file is not None:
                found[name] = Image(name, file, size, revision, node.at)
        return found

    def messages(self, nodes: Mapping[str, Node]) -> Messages:
        return {name: self._set(node) for name, node in nodes.items()}

    def _set(self, node: Node) -> dict[str, Text]:
        if not isinstance(node.value, Mapping) or not node.entries:
            self.notes.add(node.at, "This message set has no text at all.", "Write `en-US: {header: …, body: …}`.")
        found = {}
        for locale, entry in node.entries.items():
            self._apple_locale(locale, entry.at)
            text = self._text(entry)
            if text is not None:
                found[locale] = text
        return found

    def _text(self, node: Node) -> Text | None:
        known = ("header", "body", "image", "altText", "headerPosition", "bullets", "revision")
        fields = Fields.of(node, self.notes, "a message", known)
        header, body = self._limited(fields, "header", _MAX_HEADER), self._limited(fields, "body", _MAX_BODY)
        image = fields.text("image", required=False)
        alt_text = self._limited(fields, "altText", _MAX_ALT_TEXT, required=image is not None)
        position = fields.choice("headerPosition", ("ABOVE_BODY", "ABOVE_IMAGE"))
        bullets = fields.listed("bullets")
        if image is None and "altText" in fields.entries:
            self.notes.add(fields.place("altText"), "`altText` describes an image, and there is none.", "Add `image`.")
        if image is None and position == "ABOVE_IMAGE":
            self.notes.add(
                fields.place("headerPosition"), "ABOVE_IMAGE needs an image.", "Add `image`, or leave this out."
            )
        if len(bullets) > _MAX_BULLETS:
            self.notes.add(
                fields.place("bullets"), f"There are {len(bullets)} bullets.", f"Apple takes at most {_MAX_BULLETS}."
            )
        revision = fields.integer("revision", least=1, required=False)
        read_bullets = tuple(bullet for bullet in map(self._bullet, bullets) if bullet is not None)
        if header is None or body is None:
            return None
        above = position == "ABOVE_IMAGE"
        return Text(header, body, image, alt_text, above, read_bullets, revision, node.at, fields.place("image"))

    def _bullet(self, node: Node) -> Bullet | None:
        fields = Fields.of(node, self.notes, "a bullet", ("text", "image", "altText"))
        text = self._limited(fields, "text", _MAX_BULLET)
        image = fields.text("image")
        alt_text = self._limited(fields, "altText", _MAX_ALT_TEXT)
        if text is None or image is None or alt_text is None:
            return None
        return Bullet(text, image, alt_text, fields.place("image"))

    def _limited(self, fields: Fields, key: str, limit: int, *, required: bool = True) -> str | None:
        """Return a text as it will be uploaded."""
        written = fields.text(key, required=required)
        if written is None:
            return None
        text = canonical_text(written)
        at, length = fields.place(key), utf16_length(text)
        if length > limit:
            shorten = f"Apple takes at most {limit}: shorten it by {length - limit}."
            self.notes.add(at, f"`{key}` has {length} characters.", shorten)
        if _CONTROL.search(text):
            self.notes.add(at, f"`{key}` has a control character in it.", "Write the text without it.")
        return text

    def offers(self, nodes: Mapping[str, Node]) -> dict[str, Offer]:
        found = {}
        for name, node in nodes.items():
            fields = Fields.of(node, self.notes, "an offer", ("productId", "offerIdentifier", "signature"))
            product, identifier = fields.text("productId"), fields.text("offerIdentifier")
            signature = fields.choice("signature", ("v2", "v1"), default="v2")
            if product is not None and identifier is not None:
                found[name] = Offer(name, product, identifier, signature, fields.place("productId"))
        return found

    def rules(self, nodes: Iterable[Node], products: Mapping[str, Product]) -> tuple[Rule, ...]:
        return tuple(self._rule(node, products) for node in nodes)

    def _rule(self, node: Node, products: Mapping[str, Product]) -> Rule:
        fields = Fields.of(node, self.notes, "a rule", ("name", "when", "during", "answer", "experiment"))
        name = self._rule_name(fields)
        when, during = fields.entries.get("when"), fields.entries.get("during")
        says = [key for key in ("answer", "experiment") if key in fields.entries]
        if len(says) != 1:
            wrong = "A rule has an `answer` or an `experiment`, not both." if says else "This rule says nothing."
            self.notes.add(node.at, wrong, "Write one of `answer: {message: …}` and `experiment: {…}`.")
        said = fields.entries[says[0]] if len(says) == 1 else None
        reads = read_answer if says == ["answer"] else read_experiment
        return Rule(
            name=name,
            condition=None if when is None else read_condition(when, self.notes, products),
            has_condition=when is not None,
            schedule=Schedule() if during is None else (read_schedule(during, self.notes) or Schedule()),
            says=None if said is None else reads(said, self.notes),
            at=node.at,
            schedule_at=fields.place("during"),
        )

    def _rule_name(self, fields: Fields) -> str:
        name = fields.text("name")
        if name is None:
            return fields.at.where
        at = fields.place("name")
        if name in self.names:
            first = f"Rename it: the first is on line {self.names[name]}."
            self.notes.add(at, f"Another rule is called `{name}`.", first)
        if len(name) > _MAX_NAME:
            self.notes.add(at, f"This name has {len(name)} characters.", f"Use at most {_MAX_NAME}.")
        self.names.setdefault(name, at.line)
        return name


def _likely(name: str) -> frozenset[str]:
    """Return Apple's locales of the same language, or the nearest of all."""
    language = normalise(name).partition("-")[0]
    spoken = frozenset(locale for locale in APPLE_LOCALES if locale.partition("-")[0] == language)
    near = nearest(name, APPLE_LOCALES)
    return spoken or (frozenset({near}) if near else APPLE_LOCALES)
