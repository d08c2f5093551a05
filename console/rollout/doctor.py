"""`retention doctor`: look at everything that must fit, and say for each what was found and what to do about it.

One sick part hides nothing: what depends on it is marked as not looked at, and the rest is examined all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from shlex import quote
from typing import TYPE_CHECKING, Any, Final

from retention import table as rows
from retention.catalog import APPROVED

from console.appstore import key_kind
from console.appstore.api_key import read_api_key
from console.appstore.realtime_url import shown
from console.deployment.aws import client
from console.deployment.deployed import alarms, alias, architecture, concurrency, parameter_store
from console.deployment.finding import BAD, GOOD, MARKS, UNKNOWN, Finding, guarded, not_looked
from console.deployment.session import Access, app_store, base_url, find_key, read_file
from console.deployment.target import Target, Where, find
from console.file.compile import Compiled, compile_document
from console.file.entries import Document
from console.file.mistakes import Mistakes
from console.rollout.defaults import AGREED, DIFFERENT, coverage
from console.rollout.observed import Live, Seen, look_at_table
from console.terminal.json_form import form_of
from console.terminal.output import Output
from console.terminal.words import duration, plural

if TYPE_CHECKING:
    from console.appstore.api_key import ApiKey
    from console.appstore.client import Apple, AppleError

_SYNC_LATE: Final = timedelta(minutes=15)
_CERTIFICATE_DAYS: Final = 30
_LOG_HOURS: Final = 24
_LOG_PAGES: Final = 10
_MAX_SKEW: Final = 60.0


@dataclass(slots=True)
class Examination:
    """One visit. What an earlier step could not find stays None, and later ones say so."""

    where: Where
    access: Access
    now: datetime
    connect_url: str | None = key_kind.APP_STORE_CONNECT
    document: Document | None = None
    compiled: Compiled | None = None
    target: Target | None = None
    readable: bool = False
    table: Seen | None = None
    states_at: datetime | None = None
    synced_at: datetime | None = None
    key: ApiKey | None = None
    seen: Seen | None = None

    def findings(self) -> Iterator[Finding]:
        """Look at one thing after the other."""
        steps: tuple[tuple[str, Callable[[], Iterator[Finding]]], ...] = (
            ("file", self._file),
            ("table", self._table),
            ("release", self._release),
            ("signing-key", self._signing_key),
            ("api-key", self._api_key),
            ("apple", self._apple),
            ("live-messages", self._live_messages),
            ("defaults", self._defaults),
            ("sync", self._sync),
            ("certificate", self._certificate),
        )
        for code, step in steps:
            yield from guarded(code, step)
        yield from self._stack()

    # The file and the table

    def _file(self) -> Iterator[Finding]:
        self.document = read_file(self.where.file)
        try:
            self.compiled = compile_document(self.document, environment=self.where.env, now=self.now)
        except Mistakes as mistakes:
            number = len(mistakes.mistakes)
            first = mistakes.mistakes[0]
            yield Finding(
                "file",
                BAD,
                f"{self.where.file} has {plural(number, 'mistake')}, the first on line {first.line}: {first}",
                f"`retention validate {quote(str(self.where.file))}` tells them all.",
            )
            return
        yield Finding("file", GOOD, f"{self.where.file} is good.")

    def _table(self) -> Iterator[Finding]:
        self.target = find(self.where, self.document)
        found = self.target.dynamodb.get_item(**rows.get(self.target.table, rows.head_key(self.target.app_apple_id)))
        head = found.get("Item", {})
        self.states_at, self.synced_at = (
            _instant(head.get(name, {}).get("S", "")) for name in ("statesAt", "syncedAt")
        )
        self.readable = True
        yield Finding("table", GOOD, f"The table {self.target.table} is there and readable.")

    def _release(self) -> Iterator[Finding]:
        if self.target is None or not self.readable:
            yield not_looked("release", "the live release", "the table")
            return
        self.table = look_at_table(self.target.dynamodb, self.target.table, self.target.app_apple_id)
        if self.table.live is None:
            yield Finding("release", BAD, "Nothing has been published.", "`retention apply` does it.")
        else:
            yield Finding("release", GOOD, f"Release {self.table.live.number} is live and whole.")

    # The keys

    def _signing_key(self) -> Iterator[Finding]:
        """Look at the function's key: in Parameter Store, whatever key this command uses."""
        app = None if self.document is None else self.document.app
        if self.target is None or not self.target.key_prefix or app is None or not app.key_id:
            yield not_looked("signing-key", "the signing key in Parameter Store", "the stack, or `keyId` in the file")
            return
        read_api_key(app.key_id, app.issuer_id, environ={}, ssm=self._ssm, prefix=self.target.key_prefix)
        yield Finding(
            "signing-key", GOOD, f"The parameter {self.target.key_prefix}/{app.key_id} is readable and a P-256 key."
        )

    def _ssm(self) -> Any:  # noqa: ANN401  # boto3 makes clients at run time
        return self._aws("ssm")

    def _api_key(self) -> Iterator[Finding]:
        if self.target is None or self.document is None:
            yield not_looked("api-key", "the API key", "the file and the table")
            return
        self.key = find_key(self.document, self.target, self.where, self.access)
        odd = key_kind.suspicions(self.key, self.access.key)
        if odd:
            yield from (Finding("api-key", BAD, told, "Correct the file, or name another key.") for told in odd)
        else:
            yield Finding("api-key", GOOD, f"The API key {self.key.key_id} is a P-256 key.")

    # Apple

    def _apple(self) -> Iterator[Finding]:
        if self.key is None or self.target is None or self.document is None or self.document.app is None:
            yield not_looked("apple", "Apple's API", "the API key")
            return
        from console.appstore.client import Apple, AppleError  # noqa: PLC0415  # Apple's library takes a while to import

        environment = app_store(self.target)
        url = base_url(self.access.url, environment)
        with Apple(self.key, self.document.app.bundle_id, environment, base_url=url, patience=0) as apple:
            try:
                self.seen = self._ask(apple)
            except AppleError as error:
                yield self._diagnosis(error)
                return
            yield Finding(
                "apple",
                GOOD,
                f"Apple ({environment}) takes the key, the issuer, the bundle id and this clock: it has"
                f" {plural(len(self.seen.messages), 'message')} and {plural(len(self.seen.images), 'image')}.",
            )
            yield from guarded("endpoint", lambda: self._endpoint(apple))

    def _ask(self, apple: Apple) -> Seen:
        messages, images = apple.messages(), apple.images()
        known = self.table or Seen(apple.environment, {}, {})
        return replace(known, environment=apple.environment, messages=messages, images=images)

    def _endpoint(self, apple: Apple) -> Iterator[Finding]:
        url = apple.realtime_url()
        if url is None:
            advice = "`retention endpoint set` gives it one."
            yield Finding("endpoint", BAD, "Apple has no real-time URL: it will ask nobody.", advice)
        else:
            yield Finding("endpoint", GOOD, f"Apple's real-time URL is {shown(url)}.")

    def _diagnosis(self, error: AppleError) -> Finding:
        from console.appstore.client import Kind  # noqa: PLC0415  # loaded by now

        codes = {
            Kind.NO_ACCESS: "no-access",
            Kind.RATE_LIMITED: "rate-limit",
            Kind.NOT_APPLE: "wrong-host",
            Kind.TLS: "wrong-host",
            Kind.UNREACHABLE: "unreachable",
            Kind.TIMED_OUT: "unreachable",
            Kind.SERVER: "apple-fails",
        }
        if error.kind is Kind.UNAUTHORIZED:
            return self._unauthorized(error)
        return Finding(codes.get(error.kind, "apple"), BAD, str(error))

    def _unauthorized(self, error: AppleError) -> Finding:
        if error.clock_skew is not None and abs(error.clock_skew) > _MAX_SKEW:
            return Finding("clock-skew", BAD, str(error))
        # One key opens one of Apple's two APIs. The other is asked only where Apple itself was.
        if self.key is not None and self.access.url is None and self.connect_url is not None:
            kind = key_kind.is_connect_key(self.key, self.connect_url)
            if kind:
                return Finding(
                    "wrong-key-kind",
                    BAD,
                    f"{self.key.key_id} is a key of the App Store Connect API, which this API does not take.",
                    "Make an In-App Purchase key: App Store Connect, Users and Access, Integrations, In-App Purchase.",
                )
            if kind is False:
                return Finding(
                    "wrong-issuer-or-bundle",
                    BAD,
                    f"{error} It is no key of the App Store Connect API, so its kind may be right.",
                )
        return Finding("unauthorized", BAD, str(error))

    # What customers get

    def _live_messages(self) -> Iterator[Finding]:
        if self.seen is None or self.seen.live is None:
            yield not_looked("live-messages", "the live messages' approval", "Apple and the live release")
            return
        silent = sorted(_silent(self.seen, self.seen.live))
        if silent:
            yield Finding(
                "live-messages",
                BAD,
                f"{plural(len(silent), 'live text')} cannot be served: {_some(silent)}.",
                "`retention status` tells which rules wait; a review is Apple's to finish.",
            )
        else:
            yield Finding("live-messages", GOOD, "Every text that live rules name has an approved message.")

    def _defaults(self) -> Iterator[Finding]:
        if self.seen is None or self.document is None or self.compiled is None:
            yield not_looked("defaults", "the default messages", "Apple and the file")
            return
        covered = coverage(self.document, self.compiled, self.seen)
        missing = [f"{one.product} {one.locale}" for one in covered if one.uncovered]
        other = [f"{one.product} {one.locale}" for one in covered if one.standing == DIFFERENT and not one.uncovered]
        if missing:
            yield Finding(
                "defaults",
                BAD,
                f"By our record there is no default message in {plural(len(missing), 'place')}: {_some(missing)}.",
                "Apple may show nothing there: `retention defaults` configures what it can and says what it cannot.",
            )
        if other:
            yield Finding("defaults", BAD, f"Another default than the file's: {_some(other)}.", "`retention defaults`.")
        if not missing and not other:
            agreed = sum(one.standing == AGREED for one in covered)
            yield Finding("defaults", GOOD, f"By our record no default message is missing; the file's: {agreed}.")

    # What runs in AWS

    def _sync(self) -> Iterator[Finding]:
        if self.target is None or self.table is None or self.table.live is None:
            yield not_looked("sync", "the sync of review states", "a published release")
            return
        behind = 0 if self.seen is None else self.seen.behind
        lag = f"; the table is behind Apple's lists by {plural(behind, 'state')}" if behind else ""
        advice = (
            "Is SyncSchedule on, and what does the log of SyncStates say? `retention apply` imports them meanwhile."
        )
        if not self.target.syncs:
            verdict, how = BAD if behind else GOOD, "`retention apply` imports review states."
            yield Finding("sync", verdict, f"SyncSchedule is off{lag}.", how if behind else "")
        elif self.synced_at is not None:
            age = self.now - self.synced_at
            told = f"The sync last imported review states {duration(age.total_seconds())} ago"
            if age > _SYNC_LATE:
                yield Finding("sync", BAD, f"{told}; it does so every 5 min{lag}.", advice)
            else:
                yield Finding("sync", GOOD, f"{told}{lag}.")
        elif self.states_at is not None and self.now - self.states_at <= _SYNC_LATE:
            yield Finding("sync", UNKNOWN, f"The sync has not run yet; it does so every 5 min{lag}.")
        else:
            yield Finding("sync", BAD, f"The sync has never imported review states{lag}.", advice)

    def _certificate(self) -> Iterator[Finding]:
        if self.target is None or not self.target.log_group:
            yield not_looked("certificate", "the certificate Apple signs with", "the stack and its log")
            return
        logs = self._aws("logs")
        days = leaf_days(logs, self.target.log_group, self.now)
        if days is None:
            yield Finding("certificate", UNKNOWN, f"No request within {_LOG_HOURS} h told what Apple signs with.")
        elif days < _CERTIFICATE_DAYS:
            yield Finding(
                "certificate",
                BAD,
                f"The newest certificate that Apple signs requests with ends in {plural(days, 'day')}.",
                "Apple renews it by itself; if requests stop passing, see VerificationAlarm.",
            )
        else:
            yield Finding("certificate", GOOD, f"Apple's signing certificate is good for {plural(days, 'day')}.")

    def _stack(self) -> Iterator[Finding]:
        """Look at the stack itself. What these credentials may not read of the account becomes an UNKNOWN finding."""
        stack = None if self.target is None else self.target.deployed
        if stack is None or not stack.function:
            yield not_looked("stack", "alias, layer, alarms and limits", "a deployed stack")
            return
        for code, look, verdict in (
            ("alias", alias, BAD),
            ("architecture", architecture, UNKNOWN),
            ("alarms", alarms, UNKNOWN),
            ("account-concurrency", concurrency, UNKNOWN),
            ("key-throughput", parameter_store, UNKNOWN),
        ):
            yield from guarded(code, partial(look, stack, self._aws), verdict)

    def _aws(self, service: str) -> Any:  # noqa: ANN401  # boto3 makes clients at run time
        region = None if self.target is None else self.target.dynamodb.meta.region_name
        return client(service, region=region, endpoint_url=self.where.endpoint_url)


def _silent(seen: Seen, live: Live) -> Iterator[str]:
    """Yield the sets and locales of live rules of which no message is approved."""
    places = {
        (name, locale): ids
        for sheet in live.sheets.values()
        for name, texts in sheet["sets"].items()
        for locale, ids in texts.items()
    }
    for (name, locale), ids in places.items():
        if not any(seen.known(message).servable for message in ids):
            states = sorted({seen.known(message).message for message in ids})
            told = "an image is not approved" if states == [APPROVED] else ", ".join(states)
            yield f"{name} {locale} ({told})"


def leaf_days(logs: Any, group: str, now: datetime) -> int | None:  # noqa: ANN401  # boto3 makes clients at run time
    """Return the days left of the newest certificate that a day's log names, None if it names none."""
    import json  # noqa: PLC0415  # one function needs it

    request: dict[str, Any] = {
        "logGroupName": group,
        "startTime": int((now - timedelta(hours=_LOG_HOURS)).timestamp() * 1000),
        "filterPattern": "{ $.leafDaysLeft >= 0 }",
    }
    found = []
    for _ in range(_LOG_PAGES):
        answer = logs.filter_log_events(**request)
        for event in answer.get("events", []):
            try:
                found.append(int(json.loads(event["message"])["leafDaysLeft"]))
            except (ValueError, KeyError, TypeError):
                continue
        if found or "nextToken" not in answer:
            break
        request["nextToken"] = answer["nextToken"]
    return max(found, default=None)


def _some(names: list[str], most: int = 5) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _instant(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def examine(where: Where, access: Access, out: Output) -> bool:
    """Examine and tell. Returns whether nothing bad was found."""
    findings = []
    for finding in Examination(where, access, datetime.now(UTC)).findings():
        findings.append(finding)
        out.say(str(finding), MARKS[finding.verdict][1])
    bad = [finding for finding in findings if finding.verdict == BAD]
    out.say("Nothing is wrong." if not bad else f"{plural(len(bad), 'thing')} to see to.", None if bad else "green")
    out.document({"ok": not bad, "findings": [form_of(finding) for finding in findings]})
    return not bad
