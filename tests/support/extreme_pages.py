"""Pages at their limits: of a file whose every text and name is hostile, and of the largest file that Apple allows."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from retention.catalog import Answer, MessageState
from retention.decision import Delivery

from console.decisions.coverage import Cell, PassedOver, RealTimeAnswer, Waiting
from console.decisions.unreachable import Unreachable
from console.file.compile import PreviousTexts
from console.file.edition import Edition, Standing
from console.file.entries import AppEntry, Bullet
from console.pages.locale_names import own_name
from console.pages.preview import Preview, ScreenChoice, make_preview
from tests.support.drawn_pages import AT, LOCALES, coverage_of, edition_with, id_of, shown_cell, text

HOSTILE: Final = [
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "' onmouseover='alert(1)",
    "</style><script>1</script>", "</script><script>1</script>", "</title><script>1</script>", "<!--", "-->", "]]>",
    "<![CDATA[x]]>", "<?php x ?>", "&lt;b&gt;", "&#60;b&#62;", "{{ 7 * 7 }}", "{% raw %}", "{# x #}", "${alert(1)}",
    "`",
    "javascript:alert(1)", "<svg/onload=alert(1)>", 'x" autofocus onfocus="alert(1)', "<base href=//example.com>",
    "<iframe srcdoc=x>", "<meta http-equiv=refresh content=0>", "<style>*{display:none}</style>", "}*{display:none}",
    "*/ x /*", "url(//example.com)", "a b c", "tab\there", "line\nend", "\u202eevil\u202c", "\x00", "\x1b[2J", "\ud800",
    "\uffff", "<a href=//example.com>", "<details open ontoggle=alert(1)>", "\u2028", "a" * 2000, "<plaintext>", "%00",
    "\\", "#",
]  # fmt: skip


def hostile(evil: str) -> Preview:
    """Return a page whose every text and name is `evil`, with every kind of answer, gap, state and change on it."""
    bullet, identifier = Bullet(evil, evil, evil, AT), evil.lower()
    one = text(evil, evil, image=evil, alt_text=evil, bullets=(bullet,))
    odd = f"en-{evil}"
    texts = {evil: {"en-US": one, odd: one, "ja": one}}
    edition = edition_with(texts, (evil, "plain"), name=f"{evil}.yaml")
    edition = replace(edition, document=replace(edition.document, app=AppEntry(1, evil, evil, evil, AT)))
    answers = [
        Answer("message", evil, {}), Answer("alternateProduct", evil, {"productId": evil, "billingPlanType": evil}),
        Answer("promotionalOffer", evil, {"productId": evil, "offerIdentifier": evil, "signature": evil}),
        Answer("advancedCommerce", evil, {"request": {"SKU": evil, evil: [evil]}}),
    ]  # fmt: skip
    real = [RealTimeAnswer(evil, False, evil, evil, evil, Delivery(each, evil, odd)) for each in answers]  # noqa: FBT003
    every = (*real, RealTimeAnswer(evil, True, "", None, None, None))  # noqa: FBT003
    passed = (PassedOver(evil, evil, evil),)
    places = [(product, locale) for product in (evil, "plain") for locale in ("ja", odd)]
    cells = tuple(Cell(*place, every, passed, True, identifier) for place in places)  # noqa: FBT003
    lacking = Cell("none", "ja", tuple(real[:1]), (), False, None)  # noqa: FBT003
    words = {"text": evil, "image": evil, "altText": evil}
    fields = {"header": evil, "body": evil, "image": evil, "altText": evil, "bullets": [words]}
    named = dict.fromkeys((identifier, *(id_of(evil, locale) for locale in texts[evil])), fields)
    found = replace(
        coverage_of(edition, (*cells, lacking), named),
        waiting=(Waiting(evil, odd, identifier, evil, evil, (evil,)),), unreachable=(Unreachable(evil, evil, 1, evil),),
    )  # fmt: skip
    before = edition_with({evil: {"en-US": text("Stay", "Put"), "it": one}}, (evil,), name=evil).side()
    known = Standing({identifier: MessageState(evil, {evil: evil})}, {}, 1, paused=True, previous=PreviousTexts({}, {}))
    return make_preview(edition, known, found, before, ScreenChoice())


def largest() -> Preview:
    """Return as many texts as Apple keeps, 2 000, and 500 products in fifty locales: products differ by their set."""
    words = {locale: own_name(locale) or f"Stay in {locale}" for locale in LOCALES}
    messages = {
        f"set-{number}": {locale: text(f"{words[locale]} {number}", f"{words[locale]} " * 6) for locale in LOCALES}
        for number in range(40)
    }
    products = tuple(f"com.example.product.{number}" for number in range(500))
    edition: Edition = edition_with(messages, products)
    cells = tuple(
        shown_cell(product, locale, f"set-{number % 40}")
        for number, product in enumerate(products)
        for locale in LOCALES
    )
    texts = {
        id_of(name, locale): {"header": one.header, "body": one.body}
        for name, by in messages.items()
        for locale, one in by.items()
    }
    return make_preview(edition, None, coverage_of(edition, cells, texts), None, ScreenChoice())
