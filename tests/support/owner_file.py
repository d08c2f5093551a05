"""Two small files without a mistake, which tests change in one place, and what the reader finds in them."""

from __future__ import annotations

from console.file.document import read_document
from console.file.entries import Document

GOOD = """\
app: {appAppleId: 1, bundleId: com.example.app, issuerId: i, keyId: K1}
environments:
  sandbox: {stack: s, region: us-east-1}
products:
  pro.monthly: {group: pro, period: P1M, default: keep}
  pro.annual: {group: pro, period: P1Y, advancedCommerce: true, bundle: true}
locales: {default: en-US, fallbacks: {fr-CA: [fr-FR], es: es-MX}}
messages:
  keep:
    en-US: {header: Stay, body: Please}
offers:
  half: {productId: pro.monthly, offerIdentifier: half}
rules:
  - name: one
    when: {productId: pro.monthly}
    answer: {message: keep}
"""

# With an image, an experiment and an Advanced Commerce answer.
FULL = """\
app: {appAppleId: 1, bundleId: com.example.app, issuerId: i, keyId: K1}
products:
  pro.monthly: {group: pro, period: P1M, default: keep}
  pro.annual: {group: pro, period: P1Y, advancedCommerce: true}
locales: {default: en-US}
images:
  hero: {file: hero.png}
messages:
  keep:
    en-US: {header: Stay, body: Please}
offers:
  half: {productId: pro.monthly, offerIdentifier: half-off}
rules:
  - name: one
    when: {productId: pro.monthly, userLocale: en}
    experiment:
      key: trial
      arms:
        control: {weight: 50, answer: {promotionalOffer: half, message: keep}}
        other: {weight: 50, answer: fallback}
  - name: two
    answer: {advancedCommerce: {currentSKU: sku.a, SKU: sku.b, displayName: Pro, description: All,
      effective: IMMEDIATELY, reason: UPGRADE, price: 1, retainBillingCycle: true}, message: keep}
"""


def document_of(text: str) -> Document:
    return read_document(text.encode())


def mistakes_of(text: str) -> list[tuple[int, str]]:
    """Return each mistake's line, and its two sentences as one text."""
    return [(mistake.line, f"{mistake.wrong} {mistake.instead}") for mistake in document_of(text).mistakes]


def only_mistake(old: str, new: str) -> tuple[int, str]:
    """Return the one mistake that GOOD has if `old` is replaced by `new`."""
    assert old in GOOD
    found = mistakes_of(GOOD.replace(old, new))
    assert len(found) == 1, found
    return found[0]


def line_of(text: str, fragment: str) -> int:
    """Return the line of a text, from 1 on, in which a fragment begins."""
    return text[: text.index(fragment)].count("\n") + 1


def character(named: str) -> str:
    """Return the character of a name such as `U+00A0 NO-BREAK SPACE`."""
    return chr(int(named[2:].split(maxsplit=1)[0], 16))
