"""`retention init`: a first retention.yaml for an app, valid as it stands, with what may come next as comments."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from shlex import quote
from typing import Final

from retention.limits import MAX_BODY, MAX_HEADER
from retention.locales import APPLE_LOCALES
from retention.request import is_uuid

from console.file.compile import compile_document
from console.file.document import read_document
from console.file.identifiers import BUNDLE_ID_FORM, ISSUER_ID_EXAMPLE
from console.file.key_ids import KEY_ID_EXAMPLE, is_key_id, meant_key_id
from console.file.mistakes import suggestion
from console.file.periods import PERIODS
from console.terminal.characters import describe_character, invisible_in_name
from console.terminal.failure import Failure
from console.terminal.output import Output

_PRODUCT_ID = re.compile(r"[A-Za-z0-9._-]{1,255}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._ -]{0,99}")
# What every YAML reader takes as text without quotes, except for words that some read as truth values.
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9]*([._-][A-Za-z0-9]+)*")
_RESERVED: Final = frozenset("true false null yes no on off y n".split())


@dataclass(frozen=True, slots=True)
class StarterProduct:
    """`period` is ISO 8601; `group` is the owner's name for the subscription group."""

    product_id: str
    period: str
    group: str


@dataclass(frozen=True, slots=True)
class Starter:
    """What a first file is made of. Issuer and key are empty until there are offers to sign."""

    app_apple_id: int
    bundle_id: str
    issuer_id: str
    key_id: str
    products: tuple[StarterProduct, ...]
    locale: str
    region: str


@dataclass(frozen=True, slots=True)
class Given:
    """The options as they were typed; None and empty: not given."""

    app: str | None = None
    bundle: str | None = None
    issuer: str | None = None
    key: str | None = None
    products: Sequence[str] = ()
    locale: str = "en-US"
    region: str = "us-east-1"


Ask = Callable[[str], str]


def complete(given: Given, ask: Ask | None) -> Starter:
    """Check what was given, and ask for what is missing; `ask` None: no person is at the terminal. Raises Failure."""
    if ask is None:
        missing = [
            option
            for option, value in (("--app", given.app), ("--bundle", given.bundle), ("--product", given.products))
            if not value
        ]
        if missing:
            raise Failure(f"There is no terminal to ask on: add {', '.join(missing)}.")
    asked = ask or (lambda _: "")
    app = _app(given.app or asked("The app's Apple id (App Store Connect → App Information → Apple ID): "))
    bundle = _matching(
        given.bundle or asked("The bundle id: "), BUNDLE_ID_FORM.fullmatch, "bundle id", "com.example.app"
    )
    group = bundle.rpartition(".")[2] or "main"
    products = given.products or asked("Products, as ID:PERIOD and separated by spaces (pro.monthly:P1M …): ").split()
    issuer, key = given.issuer, given.key
    if issuer is None:
        issuer = asked("The issuer id of the In-App Purchase key (may be left empty): ").strip()
    if key is None:
        key = asked("The id of that key (may be left empty): ").strip()
    return Starter(
        app_apple_id=app,
        bundle_id=bundle,
        issuer_id=issuer and _matching(issuer, is_uuid, "issuer id", ISSUER_ID_EXAMPLE),
        key_id=key and _key_id(key.strip()),
        products=_products(products, group),
        locale=_locale(given.locale),
        region=_matching(given.region, _NAME.fullmatch, "region", "us-east-1"),
    )


def _app(text: str) -> int:
    if not text.strip().isascii() or not text.strip().isdigit() or int(text) == 0:
        raise Failure(f"`{text}` is no Apple id of an app: write its digits, such as 6745974591.")
    return int(text)


def _matching(text: str, taken: Callable[[str], object], what: str, example: str) -> str:
    unseen = invisible_in_name(text.strip())
    if unseen is not None:
        raise Failure(f"This {what} has the character {describe_character(unseen)} in it: write it without.")
    if not taken(text.strip()):
        raise Failure(f"`{text}` is no {what}: write one like {example}.")
    return text.strip()


def _key_id(text: str) -> str:
    if not is_key_id(text):
        raise Failure(f"`{text}` is no key id: write {meant_key_id(text) or f'one like {KEY_ID_EXAMPLE}'}.")
    return text


def _locale(text: str) -> str:
    if text not in APPLE_LOCALES:
        raise Failure(f"Apple has no locale `{text}`. {suggestion(text, APPLE_LOCALES)}")
    return text


def _products(given: Sequence[str], group: str) -> tuple[StarterProduct, ...]:
    found = {}
    for text in given:
        product = _product(text, group)
        if product.product_id in found:
            raise Failure(f"The product `{product.product_id}` is named twice.")
        found[product.product_id] = product
    if not found:
        raise Failure("Name at least one product: --product pro.monthly:P1M.")
    return tuple(found.values())


def _product(text: str, group: str) -> StarterProduct:
    product_id, _, rest = text.partition(":")
    period, _, named = rest.partition(":")
    if not _PRODUCT_ID.fullmatch(product_id):
        raise Failure(f"`{product_id}` is no product id: write ID:PERIOD, such as pro.monthly:P1M.")
    if period not in PERIODS:
        raise Failure(f"`{text}` names no period: write `{product_id}:P1M`, one of {', '.join(PERIODS)}.")
    return StarterProduct(product_id, period, _matching(named, _NAME.fullmatch, "group", "pro") if named else group)


# The file -----------------------------------------------------------------------------------------------------------


def compose(starter: Starter) -> str:
    """Return the file. It is compiled before it is given away: raises Mistakes if it were not valid."""
    text = "\n".join([*_head(starter), *_products_section(starter), *_texts(starter), *_rules(starter)]) + "\n"
    compile_document(read_document(text.encode(), file="retention.yaml"), now=datetime.now(UTC))
    return text


def write(starter: Starter, file: Path, *, force: bool = False) -> None:
    """Write the file. Raises Failure where there is one already, unless `force`."""
    text = compose(starter)
    try:
        with file.open("w" if force else "x", encoding="utf-8") as out:
            out.write(text)
    except FileExistsError:
        raise Failure(f"There is a {file} already: name another with --file, or overwrite it with --force.") from None


def show(starter: Starter, file: Path, out: Output) -> None:
    """Print that the file is written, and the command that shows what it means."""
    following = f"`retention coverage {quote(str(file))}`"
    out.print(f"{file} is written. Next: {following} shows what customers would be shown.", "green")
    out.document({"file": str(file), "products": [one.product_id for one in starter.products]})


def _scalar(text: str) -> str:
    return text if _PLAIN.fullmatch(text) and text.lower() not in _RESERVED else f'"{text}"'


def _head(starter: Starter) -> list[str]:
    issuer = f"issuerId: {_scalar(starter.issuer_id)}" if starter.issuer_id else "# issuerId: …"
    key = f"keyId: {_scalar(starter.key_id)}" if starter.key_id else "# keyId: …"
    return [
        "# What customers see when they are about to cancel. Read from top to bottom by `retention`:",
        "# - retention validate retention.yaml     every mistake, with its line and what to write instead",
        "# - retention coverage retention.yaml     what every customer would be shown",
        "# - retention plan --env sandbox          what would change at Apple and in the table; `apply` does it",
        "# Lines that begin with `#` and two spaces are examples: take the `#` away and they are part of the file.",
        "",
        "app:",
        f"  appAppleId: {starter.app_apple_id}",
        f"  bundleId: {_scalar(starter.bundle_id)}",
        f"  {issuer}",
        f"  {key}",
        "  # Both are of the In-App Purchase key, which `plan`, `apply` and offers need. Its .p8 file is no part of",
        "  # this: it goes into Parameter Store, at <prefix>/<keyId>.",
        "",
        "environments:                             # CloudFormation stacks, one per App Store environment",
        f"  sandbox: {{stack: retention-sandbox, region: {starter.region}}}",
        f"  production: {{stack: retention-production, region: {starter.region}}}",
        "",
    ]


def _products_section(starter: Starter) -> list[str]:
    lines = [
        "# Every product that is named anywhere below. `group`: products of one group can be switched between.",
        "# `default`: the message Apple shows if no answer comes in time. Apple asks for one per product and locale.",
        "products:",
    ]
    lines += [
        f"  {_scalar(product.product_id)}: {{group: {_scalar(product.group)}, period: {product.period}, default: keep}}"
        for product in starter.products
    ]
    return [
        *lines,
        "",
        "locales:",
        f"  default: {starter.locale}                          # for customers whose language has no text",
        "",
        "# images: {hero: {file: images/hero.png}}  # then `image: hero` and `altText: …` in a message",
        "",
    ]


def _texts(starter: Starter) -> list[str]:
    return [
        f"# Sets of texts, by Apple's locale: header up to {MAX_HEADER} characters, body up to {MAX_BODY}.",
        "messages:",
        "  keep:",
        f"    {starter.locale}:",
        "      header: Before you go",
        "      body: Write here what your customers would miss most.",
        *([] if _pair(starter) is None else _switch_text(starter)),
        "",
    ]


def _switch_text(starter: Starter) -> list[str]:
    return [
        "#  switch-text:                           # next to another plan or an offer: text alone, no image",
        f"#    {starter.locale}: {{header: Another plan may suit you, body: Write here what it has for them.}}",
    ]


def _pair(starter: Starter) -> tuple[StarterProduct, StarterProduct] | None:
    """Return two products of one group, if there are: a customer of the first may switch to the second."""
    for index, product in enumerate(starter.products):
        for other in starter.products[index + 1 :]:
            if other.group == product.group:
                return product, other
    return None


def _rules(starter: Starter) -> list[str]:
    pair = _pair(starter)
    lines = [
        "# The first rule that matches and can be delivered answers.",
        "rules:",
        "#  - name: leave-trials-alone               # facts from Apple; deploy the stack with Notifications=pull",
        "#    when: {subscription.inTrial: true}",
        "#    answer: fallback",
        "#  - name: no-second-offer",
        "#    when: {subscription.nextOffer: {present: true}}",
        "#    answer: fallback",
    ]
    if pair is not None:
        other = _scalar(pair[1].product_id)
        lines += [
            "#  - name: half-try-the-switch              # an experiment; `key` is what assigns customers to arms",
            f"#    when: {{productId: {_scalar(pair[0].product_id)}}}",
            "#    experiment:",
            "#      key: switch-1",
            "#      plan: {metric: kept, horizonDays: 30, customers: 2000}  # fixed before the first customer comes",
            "#      arms:",
            "#        control: {weight: 50, answer: {message: keep}}",
            f"#        switch: {{weight: 50, answer: {{alternateProduct: {other}, message: switch-text}}}}",
        ]
    return [*lines, "  - name: keep-everyone", "    answer: {message: keep}            # or `answer: fallback`"]
