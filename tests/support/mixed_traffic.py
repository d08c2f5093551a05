"""A mix of requests: most are the App Store's, some hostile, each with the expected status.

They ask for the sample of `events/` at its fixed instant. What signs them is `minting`'s chain, whose root the endpoint
must be given as its trust anchor. So the complete corpus of wrong tokens is used under the anchor that it was made for.
"""

from __future__ import annotations

import base64
import json
import random
import uuid
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from retention.catalog import MessageState
from retention.decision import decide
from retention.errors import VerificationError
from retention.jws import SignedPayloadVerifier
from retention.request import MAX_BODY_BYTES, RetentionRequest

from console.file.document import read_document
from console.file.edition import edition_of
from console.local.samples import CUSTOMERS, SAMPLE, SAMPLE_CLOCK, compile_sample, sample_states
from tests.minting import (
    APP_ID,
    NOW_MS,
    certificate_cases,
    claims,
    der,
    good_chain,
    header,
    intermediate_plan,
    key,
    leaf_plan,
    root_plan,
    signed,
    token_cases,
    token_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from retention.rules import Fact

PRODUCTS = (
    "trailhead.pro.monthly",
    "trailhead.pro.annual",
    "trailhead.basic.monthly",
    "trailhead.student.annual",
    "trailhead.family.monthly",
    "trailhead.courses",
    "trailhead.retired",
    "com.example.never-heard-of",
)
LOCALES = ("en-US", "fr-FR", "fr-CA", "de-DE", "ja", "es-MX", "en_GB", "tlh")

_DAY_MS = 24 * 60 * 60 * 1000


def anchor() -> bytes:
    """Return the root that signs this traffic, DER."""
    return good_chain()[2]


@dataclass(frozen=True, slots=True)
class Asked:
    """One event, the status it must be answered with, and what is hostile about it; empty for a genuine one."""

    event: Any
    status: int
    hostile: str = ""


def event(body: str, **changes: Any) -> dict[str, Any]:
    """Return API Gateway's event, format 2.0, for one POST."""
    return {
        "version": "2.0",
        "rawPath": "/v1/retention-message",
        "requestContext": {"http": {"method": "POST"}},
        "body": body,
        "isBase64Encoded": False,
        **changes,
    }


def posted(token: str) -> dict[str, Any]:
    return event(json.dumps({"signedPayload": token}))


def request(product: str, locale: str, transaction: str, **changes: object) -> dict[str, object]:
    asked = {"productId": product, "userLocale": locale, "originalTransactionId": transaction}
    fresh = {"environment": "Sandbox", "requestIdentifier": str(uuid.uuid4())}
    return claims(**{**asked, **fresh, **changes})


@dataclass
class Traffic:
    """An endless mix, the same for the same seed but for keys and identifiers. `share`: how much of it is hostile."""

    seed: int
    share: float = 0.05
    transactions: Sequence[str] = ()
    _random: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        made = tuple(str(self._random.randrange(10**17, 10**18)) for _ in range(100))
        self.transactions = self.transactions or (*CUSTOMERS, *made)
        compiled = compile_sample()
        self._edition = edition_of(read_document(SAMPLE), compiled.release)
        listed, _ = sample_states(compiled.content)
        self._states = {
            entry["messageIdentifier"]: MessageState(entry["messageState"]) for entry in listed["messageIdentifiers"]
        }
        self._statuses: dict[tuple[str, str, str], int] = {}
        self._verifier = SignedPayloadVerifier([anchor()])
        self._corpus = [case.token for case in (*certificate_cases(), *token_cases())]
        # Named as ours are, with other keys.
        self._impostor = root_plan(root_key=key("impostor", "P-384"))
        self._forger = replace(intermediate_plan(self._impostor), key=key("forger", "P-384"))
        self._forgers_certificate = der(self._forger)

    def next(self) -> Asked:
        return self.hostile() if self._random.random() < self.share else self.genuine()

    def every(self) -> list[Asked]:
        """Return one of each kind: every product in every locale, every case of the corpus, every other attack."""
        places = [self.genuine(product, locale) for product in PRODUCTS for locale in LOCALES]
        return [*places, *map(self._judged, self._corpus), *(attack() for attack in self.attacks.values())]

    # What the App Store sends

    def genuine(self, product: str = "", locale: str = "") -> Asked:
        wanted = self._wanted(product, locale)
        asked = posted(signed(body=request(*wanted)))
        if self._random.random() < 0.1:  # as API Gateway hands over what it takes for binary
            asked |= {"body": base64.b64encode(asked["body"].encode()).decode(), "isBase64Encoded": True}
        return Asked(asked, self._status(*wanted))

    def _wanted(self, product: str = "", locale: str = "") -> tuple[str, str, str]:
        choose = self._random.choice
        return product or choose(PRODUCTS), locale or choose(LOCALES), choose(self.transactions)

    def _status(self, product: str, locale: str, transaction: str) -> int:
        """Return the expected status, from the file alone: every arm's answer is deliverable."""
        wanted = (product, locale, transaction)
        if wanted not in self._statuses:
            facts: dict[str, Fact] = dict(CUSTOMERS.get(transaction, {}))
            catalog = self._edition.catalog(product, self._states)
            asked = RetentionRequest.from_claims(request(*wanted))
            self._statuses[wanted] = 204 if decide(asked, catalog, SAMPLE_CLOCK, facts).delivery is None else 200
        return self._statuses[wanted]

    # What others send

    def hostile(self) -> Asked:
        return self._random.choice(list(self.attacks.values()))()

    @property
    def attacks(self) -> dict[str, Callable[[], Asked]]:
        return {
            "a case of the corpus": lambda: self._judged(self._random.choice(self._corpus)),
            "a chain never seen before": self.forged,
            "a certificate of random bytes": self._random_certificate,
            "a good chain never seen before": self.renewed,
            "a signature off by one": self._tampered,
            "another app": lambda: self._refused(403, appAppleId=APP_ID + 1),
            "the other environment": lambda: self._refused(403, environment="Production"),
            "last week's request": lambda: self._refused(403, signedDate=NOW_MS - 7 * _DAY_MS),
            "tomorrow's request": lambda: self._refused(403, signedDate=NOW_MS + _DAY_MS),
            "a field of another type": lambda: self._refused(401, signedDate="soon"),
            "more than 64 KiB": lambda: Asked(event(self._letters(MAX_BODY_BYTES + 1)), 413, "size"),
            "64 KiB of brackets": lambda: Asked(event("[" * MAX_BODY_BYTES), 400, "nesting"),
            "random letters": lambda: Asked(event(self._letters(5000)), 400, "letters"),
            "random bytes": self._bytes,
            "no base64": lambda: Asked(event("*" + self._letters(50), isBase64Encoded=True), 400, "base64"),
            "no token": lambda: Asked(event('{"signedPayload": 7}'), 400, "no token"),
            "no body": lambda: Asked(event("") | {"body": None}, 400, "no body"),
            "a GET": lambda: Asked(event("", requestContext={"http": {"method": "GET"}}), 405, "method"),
            "no event": lambda: Asked({}, 405, "no event"),
            "a list for an event": lambda: Asked([], 405, "no event"),
        }

    def forged(self) -> Asked:
        """Return a request with a new chain under a root that is not trusted."""
        leaf = der(replace(leaf_plan(self._forger), name=self._letters(12)))
        above = good_chain()[1:] if self._random.random() < 0.5 else (self._forgers_certificate, der(self._impostor))
        return Asked(posted(token_of((leaf, *above))), 401, "forged chain")

    def renewed(self) -> Asked:
        """Return a genuine request with a new leaf under the trusted root."""
        leaf = der(replace(leaf_plan(), name=self._letters(12)))
        wanted = self._wanted()
        token = signed({"alg": "ES256", "x5c": _entries(leaf, *good_chain()[1:])}, request(*wanted))
        return Asked(posted(token), self._status(*wanted), "new leaf")

    def _random_certificate(self) -> Asked:
        entries = _entries(self._random.randbytes(self._random.randrange(1500)), *good_chain()[1:])
        return Asked(posted(signed(header(x5c=entries))), 401, "random certificate")

    def _tampered(self) -> Asked:
        head, body, signature = signed(body=request(*self._wanted())).split(".")
        place = self._random.randrange(len(signature) - 1)
        other = "A" if signature[place] != "A" else "B"
        return Asked(posted(f"{head}.{body}.{signature[:place]}{other}{signature[place + 1 :]}"), 401, "tampered")

    def _refused(self, status: int, **changes: object) -> Asked:
        return Asked(posted(signed(body=request(*self._wanted()) | changes)), status, next(iter(changes)))

    def _judged(self, token: str) -> Asked:
        """Return a case of the corpus; what it has right is of the other environment."""
        asked = posted(token)
        if len(asked["body"]) > MAX_BODY_BYTES:
            return Asked(asked, 413, "corpus")
        if not _is_text(token):
            return Asked(asked, 400, "corpus")
        try:
            self._verifier.verify(token, SAMPLE_CLOCK)
        except VerificationError:
            return Asked(asked, 401, "corpus")
        return Asked(asked, 403, "corpus")

    def _bytes(self) -> Asked:
        raw = base64.b64encode(self._random.randbytes(3000)).decode()
        return Asked(event(raw, isBase64Encoded=True), 400, "bytes")

    def _letters(self, number: int) -> str:
        return "".join(self._random.choices("abcdefghijklmnopqrstuvwxyz", k=number))


def _entries(*chain: bytes) -> list[str]:
    return [base64.b64encode(certificate).decode() for certificate in chain]


def _is_text(token: str) -> bool:
    try:
        token.encode()
    except UnicodeEncodeError:
        return False
    return True
