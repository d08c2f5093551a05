"""Checks of the two keys and of Apple's API."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from console.appstore import key_kind
from console.appstore.api_key import read_api_key
from console.appstore.client import Apple
from console.appstore.errors import AppleError, Kind
from console.appstore.realtime_url import shown
from console.deployment.session import app_store, base_url, find_key
from console.releases.overview import TableOverview
from console.rollout.checks.finding import BAD, GOOD, Finding, guarded, not_looked
from console.rollout.checks.known import Known, Step
from console.rollout.observed import Observed
from console.terminal.words import plural

_MAX_SKEW: Final = 60.0  # seconds
CODES: Final = {
    Kind.NO_ACCESS: "no-access",
    Kind.RATE_LIMITED: "rate-limit",
    Kind.NOT_APPLE: "wrong-host",
    Kind.TLS: "wrong-host",
    Kind.UNREACHABLE: "unreachable",
    Kind.TIMED_OUT: "unreachable",
    Kind.SERVER: "apple-fails",
}


def signing_key(known: Known) -> Step:
    """Read the function's signing key in Parameter Store, which can differ from the key that this command uses."""
    app = None if known.document is None else known.document.app
    prefix = None if known.target is None else known.target.stack.key_prefix
    if not prefix or app is None or not app.key_id:
        yield not_looked("signing-key", "the signing key in Parameter Store", "the stack, or `keyId` in the file")
        return known
    read_api_key(app.key_id, app.issuer_id, environ={}, ssm=lambda: known.aws("ssm"), prefix=prefix)
    yield Finding("signing-key", GOOD, f"The parameter {prefix}/{app.key_id} is readable and a P-256 key.")
    return known


def api_key(known: Known) -> Step:
    """Find the key that this command uses, and check whether it looks like a key of another kind."""
    if known.target is None or known.document is None:
        yield not_looked("api-key", "the API key", "the file and the table")
        return known
    key = find_key(known.document, known.target, known.where, known.access)
    odd = key_kind.suspicions(key, known.access.key)
    if not odd:
        yield Finding("api-key", GOOD, f"The API key {key.key_id} is a P-256 key.")
    for suspicion in odd:
        yield Finding("api-key", BAD, suspicion, "Correct the file, or name another key.")
    return replace(known, key=key)


def apple(known: Known) -> Step:
    """Read Apple's two lists and the real-time URL."""
    if known.key is None or known.target is None or known.document is None or known.document.app is None:
        yield not_looked("apple", "Apple's API", "the API key")
        return known
    environment = app_store(known.target)
    url = base_url(known.access.url, environment)
    with Apple(known.key, known.document.app.bundle_id, environment, base_url=url, patience=0) as service:
        try:
            messages, images = service.messages(), service.images()
        except AppleError as error:
            yield _diagnosis(known, error)
            return known
        yield Finding(
            "apple",
            GOOD,
            f"Apple ({environment}) accepts the key, the issuer, the bundle id and this clock: it has"
            f" {plural(len(messages), 'message')} and {plural(len(images), 'image')}.",
        )
        yield from guarded("endpoint", lambda: _endpoint(service))
    return replace(known, seen=Observed(environment, messages, images, known.table or TableOverview()))


def _endpoint(service: Apple) -> Iterator[Finding]:
    url = service.realtime_url()
    if url is None:
        advice = "Configure one with `retention endpoint set`."
        yield Finding("endpoint", BAD, "Apple has no real-time URL, so it sends no requests.", advice)
    else:
        yield Finding("endpoint", GOOD, f"Apple's real-time URL is {shown(url)}.")


def _diagnosis(known: Known, error: AppleError) -> Finding:
    if error.kind is not Kind.UNAUTHORIZED:
        return Finding(CODES.get(error.kind, "apple"), BAD, str(error))
    if error.clock_skew is not None and abs(error.clock_skew) > _MAX_SKEW:
        return Finding("clock-skew", BAD, str(error))
    return _of_another_api(known, error) or Finding("unauthorized", BAD, str(error))


def _of_another_api(known: Known, error: AppleError) -> Finding | None:
    """Find out whether a refused key is a key of the App Store Connect API: each key is valid for one of Apple's APIs.

    That API is called only if the refused call went to Apple, not to the simulator.
    """
    if known.key is None or known.access.url is not None or known.connect_url is None:
        return None
    kind = key_kind.is_connect_key(known.key, known.connect_url)
    if kind is None:
        return None
    if not kind:
        return Finding(
            "wrong-issuer-or-bundle",
            BAD,
            f"{error} It is not a key of the App Store Connect API, so its kind may be right.",
        )
    return Finding(
        "wrong-key-kind",
        BAD,
        f"{known.key.key_id} is a key of the App Store Connect API, which this API does not accept.",
        "Make an In-App Purchase key: App Store Connect, Users and Access, Integrations, In-App Purchase.",
    )
