"""Checks of what customers get: the live messages, and the default messages."""

from __future__ import annotations

from collections.abc import Iterator

from retention.catalog import APPROVED

from console.releases.read import StoredRelease
from console.rollout.checks.finding import BAD, GOOD, Finding, not_looked
from console.rollout.checks.known import Known, Step, some
from console.rollout.defaults import AGREED, DIFFERENT, coverage
from console.rollout.observed import Observed
from console.terminal.words import plural


def live_messages(known: Known) -> Step:
    """Find the texts that live rules name and for which no message can be served."""
    if known.seen is None or known.seen.table.live is None:
        yield not_looked("live-messages", "the live messages' approval", "Apple and the live release")
        return known
    unservable = sorted(_unservable(known.seen, known.seen.table.live))
    if unservable:
        yield Finding(
            "live-messages",
            BAD,
            f"{plural(len(unservable), 'live text')} cannot be served: {some(unservable)}.",
            "`retention status` lists the rules that wait; Apple has to finish its review.",
        )
    else:
        yield Finding("live-messages", GOOD, "Every text that live rules name has an approved message.")
    return known


def _unservable(seen: Observed, live: StoredRelease) -> Iterator[str]:
    """Yield each set and locale of live rules for which no message can be served, with the states at Apple."""
    places = {
        (name, locale): ids
        for sheet in live.sheets.values()
        for name, texts in sheet["sets"].items()
        for locale, ids in texts.items()
    }
    for (name, locale), ids in places.items():
        if not any(seen.known(message).servable for message in ids):
            states = sorted({seen.known(message).message for message in ids})
            why = "an image is not approved" if states == [APPROVED] else ", ".join(states)
            yield f"{name} {locale} ({why})"


def defaults(known: Known) -> Step:
    """Compare the default records of the table with the defaults of the file."""
    if known.seen is None or known.document is None or known.compiled is None:
        yield not_looked("defaults", "the default messages", "Apple and the file")
        return known
    covered = coverage(known.document, known.compiled, known.seen)
    missing = [f"{one.product} {one.locale}" for one in covered if one.uncovered]
    other = [f"{one.product} {one.locale}" for one in covered if one.standing == DIFFERENT and not one.uncovered]
    if missing:
        yield Finding(
            "defaults",
            BAD,
            f"By our record there is no default message in {plural(len(missing), 'place')}: {some(missing)}.",
            "Apple may show nothing there: `retention defaults` configures what it can and lists what it cannot.",
        )
    if other:
        yield Finding("defaults", BAD, f"Another default than the file's: {some(other)}.", "Run `retention defaults`.")
    if not missing and not other:
        agreed = sum(one.standing == AGREED for one in covered)
        yield Finding("defaults", GOOD, f"By our record no default message is missing; the file's: {agreed}.")
    return known
