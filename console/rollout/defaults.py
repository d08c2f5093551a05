"""Default messages: which ones the file wants, which ones are configured, and where there is none.

Apple has no list of them. So the table has a default record for each product and locale, which is written after Apple
accepted the default.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, TypeAlias

from retention.catalog import ABSENT, APPROVED
from retention.table import ANY_PRODUCT

from console.appstore.errors import AppleError, Kind
from console.deployment.session import Session
from console.file.compile import Compiled
from console.file.entries import Document
from console.releases.default_rows import forget_default, record_default
from console.rollout.observed import Observed
from console.terminal.failure import Failure
from console.terminal.output import ReportProgress

Place: TypeAlias = tuple[str, str]

GAP: Final = "gap"
DIFFERENT: Final = "different"
WAITING: Final = "waiting"
AGREED: Final = "agreed"
OTHER: Final = "not in the file"

_ORDER: Final = (GAP, DIFFERENT, WAITING, OTHER, AGREED)


@dataclass(frozen=True, slots=True)
class DefaultCoverage:
    """The default message of one product in one locale.

    `wanted` are the ids of the message that the file names, newest first; `recorded` is the id in the default record.
    `target` is the first of `wanted` that Apple would accept now, None if it would accept none. `answers` is whether a
    rule can answer in this locale; Apple asks for a default wherever an answer is possible.
    """

    product: str
    locale: str
    wanted: tuple[str, ...]
    target: str | None
    recorded: str | None
    configured_at: str = ""
    answers: bool = False

    @property
    def standing(self) -> str:
        """How file and record compare: one of the constants of this module.

        GAP: the file wants none and none is configured. DIFFERENT: another one can be configured now. WAITING: the
        wanted one is not approved yet. AGREED: it is configured. OTHER: one is configured that the file does not want.
        """
        if self.target is not None and self.target != self.recorded:
            return DIFFERENT
        if not self.wanted:
            return GAP if self.recorded is None else OTHER
        if self.recorded == self.wanted[0]:
            return AGREED
        return WAITING

    @property
    def uncovered(self) -> bool:
        """Whether no default is configured: Apple may then show nothing to these customers."""
        return self.recorded is None


def coverage(
    document: Document, compiled: Compiled, seen: Observed, predicted: str | None = None
) -> list[DefaultCoverage]:
    """Return each product and locale where the file wants a default, a rule can answer, or a default is recorded.

    Gaps come first. `predicted` is the review state to assume for messages that Apple does not have yet; with None,
    they count as ABSENT.
    """
    wanted = wanted_defaults(document, compiled)
    answered = set(_answered(compiled))
    images = {message.identifier: message.images for message in compiled.content.all_messages()}

    def takes(message: str) -> bool:
        state = seen.state(message, images[message]) if message in images else seen.known(message)
        known = (state.message, *state.images.values())
        return all(found == APPROVED or (found == ABSENT and predicted == APPROVED) for found in known)

    found = []
    for place in sorted({*wanted, *answered, *seen.table.defaults}):
        ids = wanted.get(place, ())
        recorded = seen.table.defaults.get(place)
        target = next((message for message in ids if takes(message)), None)
        found.append(
            DefaultCoverage(
                product=place[0],
                locale=place[1],
                wanted=ids,
                target=target,
                recorded=None if recorded is None else recorded.message,
                configured_at="" if recorded is None else recorded.configured_at,
                answers=place in answered,
            )
        )
    return sorted(found, key=lambda one: (_ORDER.index(one.standing), one.product, one.locale))


def wanted_defaults(document: Document, compiled: Compiled) -> dict[Place, tuple[str, ...]]:
    """Return (product, locale) → the ids of the default that the file wants: the new one, then its predecessor."""
    return {
        (name, locale): tuple(ids)
        for name, product in document.products.items()
        if product.default is not None
        for locale, ids in compiled.release.texts[product.default].items()
    }


def _answered(compiled: Compiled) -> Iterator[Place]:
    for product, sheet in compiled.release.sheets.items():
        if product != ANY_PRODUCT:
            yield from ((product, locale) for texts in sheet["sets"].values() for locale in texts)


def configure(session: Session, product: str, locale: str, message: str) -> None:
    """Configure a default at Apple, then write its record. Both steps can be repeated safely. Raises AppleError."""
    session.apple.configure_default(product, locale, message)
    target = session.target
    record_default(target.app_table, product, locale, message, datetime.now(UTC))


def configure_all(session: Session, wanted: Mapping[Place, str], report: ReportProgress) -> int:
    """Configure a default for each product and locale; return how many.

    Raises Failure at the end, with all those that Apple refuses.
    """
    refused = []
    for number, ((product, locale), message) in enumerate(wanted.items(), 1):
        try:
            configure(session, product, locale, message)
        except AppleError as error:
            if error.kind is not Kind.REFUSED:
                raise
            refused.append(f"The default of {product} in {locale}: {error}")
        report("defaults", number, len(wanted))
    if refused:
        raise Failure("\n".join([*refused, "All the others are configured."]))
    return len(wanted)


def remove(session: Session, product: str, locale: str) -> None:
    """Delete a default at Apple, then its record. Both steps can be repeated safely. Raises AppleError."""
    session.apple.delete_default(product, locale)
    target = session.target
    forget_default(target.app_table, product, locale)


def verify(
    session: Session, places: Sequence[Place], recorded: Mapping[Place, str], report: ReportProgress
) -> list[Place]:
    """Ask Apple for the default of each place, and correct the records. Return the places whose record was wrong."""
    target, wrong = session.target, []
    for done, place in enumerate(places, 1):
        found = session.apple.default(*place)
        if found != recorded.get(place):
            wrong.append(place)
            if found is None:
                forget_default(target.app_table, *place)
            else:
                record_default(target.app_table, *place, found, datetime.now(UTC))
        report("asking Apple for defaults", done, len(places))
    return wrong
