"""A small file whose rules a test writes, compiled: its release, or its mistakes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from console.file.compile import Compiled, compile_document
from console.file.document import read_document
from console.file.mistakes import Mistakes
from console.local.samples import EVENTS

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


HEAD = """\
app: {appAppleId: 1, bundleId: com.example.app, issuerId: 57246542-96fe-1a63-e053-0824d011072a, keyId: K1}
environments: {sandbox: {stack: s, region: us-east-1}}
products:
  pro.monthly: {group: pro, period: P1M}
  pro.annual: {group: pro, period: P1Y}
  other: {group: other, period: P1M, advancedCommerce: true}
  bundle: {group: other, period: P1M, advancedCommerce: true, bundle: true}
locales: {default: en-US}
images:
  ridge: {file: images/ridge.png}
  tick: {file: images/tick.png, size: BULLET_POINT}
messages:
  keep: {en-US: {header: Stay, body: Please}, fr-FR: {header: Restez, body: Merci}}
  text: {en-US: {header: Offer, body: Text}}
  picture: {en-US: {header: Stay, body: Please, image: ridge, altText: A ridge}}
offers: {half: {productId: pro.monthly, offerIdentifier: half}}
rules:
"""


def compiled(rules: str, head: str = HEAD, **options: Any) -> Compiled:  # keywords handed on
    return compile_document(read_document((head + rules).encode(), EVENTS), now=NOW, **options)


def refused(rules: str, head: str = HEAD, **options: Any) -> list[str]:  # as above
    with pytest.raises(Mistakes) as caught:
        compiled(rules, head, **options)
    return [f"{mistake.line}: {mistake.wrong} {mistake.instead}" for mistake in caught.value.mistakes]


def names(result: Compiled, product: str) -> list[str]:
    return [rule["name"] for rule in result.release.sheets[product]["rules"]]


KEEP = "  - {name: keep, answer: {message: keep}}\n"
