"""The sections `app`, `environments`, `products` and `offers`: what App Store Connect and AWS call things."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from console.file.entries import AppEntry, Environment, Offer, OfferLimit, ProductEntry, SigningKey
from console.file.fields import Fields
from console.file.identifiers import APPLE_ID_FORM, APPLE_ID_WORDS, BUNDLE_ID_FORM
from console.file.key_ids import KEY_ID_EXAMPLE, is_key_id, meant_key_id
from console.file.mistakes import Notes
from console.file.periods import PERIODS
from console.file.subscription_facts import MOST_COUNTED
from console.file.tree import Node
from console.terminal.characters import non_ascii_hint

# CloudFormation's names, or an ARN of one; and a region, which is no availability zone and has no capitals.
_STACK: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,127}|arn:aws[a-z-]*:cloudformation:[!-~]+")
_REGION: Final = re.compile("[a-z][a-z0-9]*(-[a-z]+)*(-[0-9]+)?")
_MAX_PRODUCT_ID: Final = 255  # bytes: it is part of a sort key
# A subscription's row remembers its latest 64 transactions. Ten years are more than a row is kept without an event.
_MAX_TIMES: Final = MOST_COUNTED
_MAX_DAYS: Final = 3650


def read_app(node: Node | None, notes: Notes) -> tuple[AppEntry | None, SigningKey | None]:
    """Return the app, and the key it names; each None where the section is missing or not understood."""
    if node is None:
        return None, None
    fields = Fields.of(node, notes, "the app", ("appAppleId", "bundleId", "issuerId", "keyId"))
    app_apple_id = fields.integer("appAppleId", least=1, like=6745974591)
    bundle_id = _matching(fields, "bundleId", BUNDLE_ID_FORM, "com.example.app")
    key_id = _key_id(fields)
    issuer_id = fields.text("issuerId", required=False)
    signing_key = SigningKey(
        issuer_id or ("" if "issuerId" in fields.entries else None),
        key_id or ("" if "keyId" in fields.entries else None),
        node.at,
        fields.place("issuerId"),
    )
    app = None
    if app_apple_id is not None and bundle_id is not None:
        app = AppEntry(app_apple_id, bundle_id, issuer_id or "", key_id or "", node.at)
    return app, signing_key if fields.is_mapping else None


def read_environments(nodes: Mapping[str, Node], notes: Notes) -> dict[str, Environment]:
    found = {}
    for name, node in nodes.items():
        fields = Fields.of(node, notes, "an environment", ("stack", "region"))
        stack = _matching(fields, "stack", _STACK, "retention-sandbox")
        region = _matching(fields, "region", _REGION, "us-east-1")
        found[name] = Environment(name, stack or "", region or "")
    return found


def read_products(nodes: Mapping[str, Node], notes: Notes) -> dict[str, ProductEntry]:
    return {name: _product(name, node, notes) for name, node in nodes.items()}


def _product(name: str, node: Node, notes: Notes) -> ProductEntry:
    before = notes.found
    if not 0 < len(name.encode()) <= _MAX_PRODUCT_ID or not APPLE_ID_FORM.fullmatch(name):
        wrong = f"`{name}` is no product id.{non_ascii_hint(name)}"
        notes.add(node.at, wrong, f"Write the id from App Store Connect: {APPLE_ID_WORDS}.")
    known = ("group", "period", "advancedCommerce", "bundle", "default")
    fields = Fields.of(node, notes, "a product", known)
    product = ProductEntry(
        product_id=name,
        group=fields.text("group") or "",
        period=fields.period("period", PERIODS) or "",
        advanced_commerce=fields.flag("advancedCommerce"),
        bundle=fields.flag("bundle"),
        default=fields.text("default", required=False),
        at=node.at,
    )
    # With a mistake in it, it may have been meant to take any answer.
    understood = notes.found == before
    return product if understood else replace(product, advanced_commerce=True, bundle=False)


def read_offers(nodes: Mapping[str, Node], notes: Notes) -> dict[str, Offer]:
    found = {}
    for name, node in nodes.items():
        fields = Fields.of(node, notes, "an offer", ("productId", "offerIdentifier", "signature", "limit"))
        product, identifier = fields.text("productId"), fields.text("offerIdentifier")
        if identifier is not None and not APPLE_ID_FORM.fullmatch(identifier):
            wrong = f"`{identifier}` is no offer identifier.{non_ascii_hint(identifier)}"
            instead = f"Write the one from App Store Connect: {APPLE_ID_WORDS}."
            notes.add(fields.place("offerIdentifier"), wrong, instead)
        signature = fields.choice("signature", ("v2", "v1"), default="v2")
        limit = _limit(fields.entries["limit"], notes) if "limit" in fields.entries else None
        at, limit_at = fields.place("productId"), fields.place("limit")
        found[name] = Offer(name, product or "", identifier or "", signature, at, limit, limit_at)
    return found


def _limit(node: Node, notes: Notes) -> OfferLimit | None:
    fields = Fields.of(node, notes, "a limit", ("times", "days", "of"))
    times, days = _at_most(fields, "times", _MAX_TIMES, 1), _at_most(fields, "days", _MAX_DAYS, 365)
    of = fields.choice("of", ("this", "any"), default="this")
    return None if times is None or days is None else OfferLimit(times, days, of)


def _at_most(fields: Fields, key: str, most: int, like: int) -> int | None:
    number = fields.integer(key, least=1, like=like)
    if number is None or number <= most:
        return number
    fields.notes.add(fields.place(key), f"`{key}` is {number}.", f"Write 1 to {most}.")
    return None


def _matching(fields: Fields, key: str, pattern: re.Pattern[str], example: str, *, required: bool = True) -> str | None:
    text = fields.text(key, required=required)
    if text is not None and not pattern.fullmatch(text):
        wrong = f"`{text}` is no {key}.{non_ascii_hint(text)}"
        fields.notes.add(fields.place(key), wrong, f"Write one like `{example}`.")
    return text


def _key_id(fields: Fields) -> str | None:
    text = fields.text("keyId", required=False)
    if text is None or is_key_id(text):
        return text
    meant = meant_key_id(text)
    instead = f"Write one like `{KEY_ID_EXAMPLE}`." if meant is None else f"Write `keyId: {meant}`."
    wrong = f"`{text}` is no keyId, which is ten capitals and digits.{non_ascii_hint(text)}"
    fields.notes.add(fields.place("keyId"), wrong, instead)
    return None
