"""retention.yaml, read: every mistake in its form is collected, with its line, and reading goes on behind it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from retention.locales import APPLE_LOCALES, language_of, normalise, spelled

from console.file.answers import read_answer, read_experiment, utf16_length
from console.file.conditions import is_locale, read_condition
from console.file.entries import (
    Answer,
    App,
    Bullet,
    Document,
    Environment,
    Experiment,
    Image,
    Locales,
    Messages,
    Offer,
    Product,
    Rule,
    SigningKey,
    Text,
)
from console.file.fields import Fields
from console.file.identifiers import APPLE_ID_FORM, APPLE_ID_WORDS, canonical_text
from console.file.images import FULL_SIZE, SIZES, find
from console.file.key_ids import EXAMPLE as KEY_ID_EXAMPLE
from console.file.key_ids import is_key_id
from console.file.key_ids import meant as key_id_meant
from console.file.mistakes import Notes, Place
from console.file.periods import PERIODS
from console.file.schedules import Schedule, read_schedule
from console.file.tree import Node, Progress, parse
from console.terminal.characters import beyond_ascii
from console.terminal.ordinary_file import is_passed, read_ordinary

__all__ = ["Document", "read"]

_SECTIONS: Final = ("app", "environments", "products", "locales", "images", "messages", "offers", "rules")
_BUNDLE_ID = re.compile(r"[A-Za-z0-9.-]{1,155}")
# What means something else in double quotes, in HTML or to a program that fills in names, and is sent as it stands.
_MEANT_OTHERWISE = re.compile(
    r"\\(?:[nrt\"']|u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2})"
    r"|&(?:amp|lt|gt|quot|apos|nbsp|#[0-9]+|#x[0-9A-Fa-f]+);|\{\{[^{}]*\}\}|\$\{[^{}]*\}|%(?:[0-9]\$)?@"
)

# UploadMessageRequestBody's limits (apple-api.md, section 5).
_MAX_HEADER: Final = 66
_MAX_BODY: Final = 144
_MAX_ALT_TEXT: Final = 150
_MAX_BULLET: Final = 66
_MAX_BULLETS: Final = 5

# Ten thousand rules take two MiB.
MAX_BYTES: Final = 32 * 2**20

_MAX_NAME: Final = 100
# CloudFormation's names, or an ARN of one; and a region, which is no availability zone and has no capitals.
_STACK: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,127}|arn:aws[a-z-]*:cloudformation:[!-~]+")
_REGION: Final = re.compile("[a-z][a-z0-9]*(-[a-z]+)*(-[0-9]+)?")
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
    if not is_passed(path):
        path = find(path.parent, path.name)
    content = read_ordinary(path, MAX_BYTES, pipes=True)
    # What a shell passes on stands in no folder of the owner's, but images do: where the command is called.
    folder = Path() if is_passed(path) else path.parent
    return _read(content, file or str(source), base_dir or folder, progress)


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
        signing_key=reader.signing_key,
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
        warnings=tuple(notes.warnings),
    )


def _required(top: Fields, key: str) -> Node | None:
    node = top.entries.get(key)
    if node is None:
        top.notes.add(top.at, f"The section `{key}` is missing.", f"Write `{key}: {{…}}`.")
    return node


def _rules(top: Fields) -> tuple[Node, ...]:
    if "rules" not in top.entries:
        top.notes.add(top.at, "The section `rules` is missing.", "Write `rules:` and `- name: …` below it.")
    return top.listed("rules", "- name: …", required=True)


@dataclass(slots=True)
class _Reader:
    """One file being read, section by section."""

    notes: Notes
    names: dict[str, int] = field(default_factory=dict)
    signing_key: SigningKey | None = None

    def app(self, node: Node | None) -> App | None:
        if node is None:
            return None
        fields = Fields.of(node, self.notes, "the app", ("appAppleId", "bundleId", "issuerId", "keyId"))
        app_apple_id = fields.integer("appAppleId", least=1, like=6745974591)
        bundle_id = self._matching(fields, "bundleId", _BUNDLE_ID, "com.example.app")
        key_id = self._key_id(fields)
        issuer_id = fields.text("issuerId", required=False)
        if fields.is_mapping:
            self.signing_key = SigningKey(
                issuer_id or ("" if "issuerId" in fields.entries else None),
                key_id or ("" if "keyId" in fields.entries else None),
                node.at,
                fields.place("issuerId"),
            )
        if app_apple_id is None or bundle_id is None:
            return None
        return App(app_apple_id, bundle_id, issuer_id or "", key_id or "", node.at)

    def _matching(
        self, fields: Fields, key: str, pattern: re.Pattern[str], example: str, *, required: bool = True
    ) -> str | None:
        text = fields.text(key, required=required)
        if text is not None and not pattern.fullmatch(text):
            wrong = f"`{text}` is no {key}.{beyond_ascii(text)}"
            self.notes.add(fields.place(key), wrong, f"Write one like `{example}`.")
        return text

    def _key_id(self, fields: Fields) -> str | None:
        text = fields.text("keyId", required=False)
        if text is None or is_key_id(text):
            return text
        meant = key_id_meant(text)
        instead = f"Write one like `{KEY_ID_EXAMPLE}`." if meant is None else f"Write `keyId: {meant}`."
        wrong = f"`{text}` is no keyId, which is ten capitals and digits.{beyond_ascii(text)}"
        self.notes.add(fields.place("keyId"), wrong, instead)
        return None

    def environments(self, nodes: Mapping[str, Node]) -> dict[str, Environment]:
        found = {}
        for name, node in nodes.items():
            fields = Fields.of(node, self.notes, "an environment", ("stack", "region"))
            stack = self._matching(fields, "stack", _STACK, "retention-sandbox")
            region = self._matching(fields, "region", _REGION, "us-east-1")
            found[name] = Environment(name, stack or "", region or "")
        return found

    def products(self, nodes: Mapping[str, Node]) -> dict[str, Product]:
        return {name: self._product(name, node) for name, node in nodes.items()}

    def _product(self, name: str, node: Node) -> Product:
        before = self.notes.found
        if not 0 < len(name.encode()) <= _MAX_PRODUCT_ID or not APPLE_ID_FORM.fullmatch(name):
            wrong = f"`{name}` is no product id.{beyond_ascii(name)}"
            self.notes.add(node.at, wrong, f"Write the id from App Store Connect: {APPLE_ID_WORDS}.")
        known = ("group", "period", "advancedCommerce", "bundle", "default")
        fields = Fields.of(node, self.notes, "a product", known)
        product = Product(
            product_id=name,
            group=fields.text("group") or "",
            period=fields.period("period", PERIODS) or "",
            advanced_commerce=fields.flag("advancedCommerce"),
            bundle=fields.flag("bundle"),
            default=fields.text("default", required=False),
            at=node.at,
        )
        # With a mistake in it, it may have been meant to take any answer.
        understood = self.notes.found == before
        return product if understood else replace(product, advanced_commerce=True, bundle=False)

    def locales(self, node: Node | None) -> Locales | None:
        if node is None:
            return None
        fields = Fields.of(node, self.notes, "`locales`", ("default", "fallbacks"))
        default = fields.text("default")
        if default is not None:
            self._apple_locale(default, fields.place("default"))
        fallbacks: dict[str, tuple[str, ...]] = {}
        firsts: dict[str, tuple[str, int]] = {}
        for written, entry in fields.named("fallbacks").items():
            key = self._fallback_key(written, entry.at)
            first, line = firsts.setdefault(key, (written, entry.at.line))
            if first != written:
                wrong = f"The fallbacks of `{key}` stand here twice, as `{first}` and as `{written}`."
                self.notes.add(entry.at, wrong, f"Keep one of the two: the first is on line {line}.")
            fallbacks[key] = self._fallback(entry)
        return None if default is None else Locales(default, fallbacks)

    def _fallback_key(self, written: str, at: Place) -> str:
        if not is_locale(written):
            self.notes.add(at, f"`{written}` is not a locale.", "Write one like `fr`, `fr-CA` or `zh-Hant`.")
            return written
        # As `retention.locales.candidates` looks it up. Chinese is kept as it is: Apple has no locale of its regions,
        # and none of the language alone.
        key = spelled(written)
        return key if key.partition("-")[0] == "zh" else normalise(written)

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
        instead = f"Did you mean `{near}`?" if near else self.notes.suggest(name, _spoken(normal) or APPLE_LOCALES)
        self.notes.add(at, f"Apple has no locale `{name}`.{beyond_ascii(name)}", instead)

    def images(self, nodes: Mapping[str, Node]) -> dict[str, Image]:
        found = {}
        for name, node in nodes.items():
            before = self.notes.found
            fields = Fields.of(node, self.notes, "an image", ("file", "size", "revision"))
            file = fields.path("file")
            size = fields.choice("size", SIZES, default=FULL_SIZE)
            revision = fields.integer("revision", least=1, like=1, required=False)
            understood = self.notes.found == before
            found[name] = Image(name, file or "", size if understood else "", revision, node.at)
        return found

    def messages(self, nodes: Mapping[str, Node]) -> Messages:
        return {name: self._set(node) for name, node in nodes.items()}

    def _set(self, node: Node) -> dict[str, Text]:
        if not isinstance(node.value, Mapping) or not node.entries:
            self.notes.add(node.at, "This message set has no text at all.", "Write `en-US: {header: …, body: …}`.")
        for locale, entry in node.entries.items():
            self._apple_locale(locale, entry.at)
        return {locale: self._text(entry) for locale, entry in node.entries.items()}

    def _text(self, node: Node) -> Text:
        known = ("header", "body", "image", "altText", "headerPosition", "bullets", "revision")
        fields = Fields.of(node, self.notes, "a message", known)
        header, body = self._limited(fields, "header", _MAX_HEADER), self._limited(fields, "body", _MAX_BODY)
        has_image = "image" in fields.entries
        image = (fields.text("image") or "") if has_image else None
        alt_text = self._limited(fields, "altText", _MAX_ALT_TEXT, required=has_image)
        position = fields.choice("headerPosition", ("ABOVE_BODY", "ABOVE_IMAGE"))
        bullets = fields.listed("bullets")
        if not has_image and "altText" in fields.entries:
            self.notes.add(fields.place("altText"), "`altText` describes an image, and there is none.", "Add `image`.")
        if not has_image and position == "ABOVE_IMAGE":
            self.notes.add(
                fields.place("headerPosition"), "ABOVE_IMAGE needs an image.", "Add `image`, or leave this out."
            )
        if len(bullets) > _MAX_BULLETS:
            self.notes.add(
                fields.place("bullets"), f"There are {len(bullets)} bullets.", f"Apple takes at most {_MAX_BULLETS}."
            )
        return Text(
            header=header or "",
            body=body or "",
            image=image,
            alt_text=alt_text,
            above_image=position == "ABOVE_IMAGE",
            bullets=tuple(map(self._bullet, bullets)),
            revision=fields.integer("revision", least=1, like=1, required=False),
            at=node.at,
            image_at=fields.place("image"),
        )

    def _bullet(self, node: Node) -> Bullet:
        fields = Fields.of(node, self.notes, "a bullet", ("text", "image", "altText"))
        text = self._limited(fields, "text", _MAX_BULLET)
        image = fields.text("image")
        alt_text = self._limited(fields, "altText", _MAX_ALT_TEXT)
        return Bullet(text or "", image or "", alt_text or "", fields.place("image"))

    def _limited(self, fields: Fields, key: str, limit: int, *, required: bool = True) -> str | None:
        """Return a text as it will be uploaded."""
        written = fields.prose(key, required=required)
        if written is None:
            return None
        text = canonical_text(written)
        at, length = fields.place(key), utf16_length(text)
        if length > limit:
            shorten = f"Apple takes at most {limit}: shorten it by {length - limit}."
            self.notes.add(at, f"`{key}` has {length} characters.", shorten)
        meant = _MEANT_OTHERWISE.search(text)
        if meant is not None:
            wrong = f"`{key}` has `{meant[0]}` in it, which customers will read as it stands."
            self.notes.warn(
                at, wrong, "Write the character or the words themselves; `\\n` is a line's end in double quotes."
            )
        return text

    def offers(self, nodes: Mapping[str, Node]) -> dict[str, Offer]:
        found = {}
        for name, node in nodes.items():
            fields = Fields.of(node, self.notes, "an offer", ("productId", "offerIdentifier", "signature"))
            product, identifier = fields.text("productId"), fields.text("offerIdentifier")
            if identifier is not None and not APPLE_ID_FORM.fullmatch(identifier):
                wrong = f"`{identifier}` is no offer identifier.{beyond_ascii(identifier)}"
                instead = f"Write the one from App Store Connect: {APPLE_ID_WORDS}."
                self.notes.add(fields.place("offerIdentifier"), wrong, instead)
            signature = fields.choice("signature", ("v2", "v1"), default="v2")
            found[name] = Offer(name, product or "", identifier or "", signature, fields.place("productId"))
        return found

    def rules(self, nodes: Iterable[Node], products: Mapping[str, Product]) -> tuple[Rule, ...]:
        return tuple(self._rule(node, products) for node in nodes)

    def _rule(self, node: Node, products: Mapping[str, Product]) -> Rule:
        before = self.notes.found
        fields = Fields.of(node, self.notes, "a rule", ("name", "when", "during", "answer", "experiment"))
        name = self._rule_name(fields)
        when, during = fields.entries.get("when"), fields.entries.get("during")
        condition = None if when is None else read_condition(when, self.notes, products)
        schedule = None if during is None else read_schedule(during, self.notes)
        says = self._says(fields)
        return Rule(
            name=name,
            condition=condition,
            understood=self.notes.found == before,
            schedule=schedule or Schedule(),
            says=says,
            at=node.at,
            schedule_at=fields.place("during"),
        )

    def _says(self, fields: Fields) -> Answer | Experiment | None:
        answer, experiment = fields.entries.get("answer"), fields.entries.get("experiment")
        if fields.is_mapping and (answer is None) is (experiment is None):
            wrong = (
                "This rule says nothing." if answer is None else "A rule has an `answer` or an `experiment`, not both."
            )
            self.notes.add(fields.at, wrong, "Write one of `answer: {message: …}` and `experiment: {…}`.")
        trial = None if experiment is None else read_experiment(experiment, self.notes)
        return trial if answer is None else read_answer(answer, self.notes)

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


def _spoken(normal: str) -> list[str]:
    """Return Apple's locales of the same language."""
    return [locale for locale in APPLE_LOCALES if language_of(locale) == language_of(normal)]
