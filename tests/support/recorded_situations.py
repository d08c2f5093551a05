"""Every command of the console in the situations it meets, typed one after another against a local AWS and simulator.

A chapter is a function that types commands into an `OperatorSetup`. Chapters run in the order of CHAPTERS, in one
folder: what one publishes, the next ones find.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from typing import Any, Final, TypeAlias

from tests.support.recorded_forms import (
    APP,
    GROUPS,
    RECORDED,
    OperatorSetup,
    Typed,
    plain,
    rows_of,
    write_rows,
)

# A product, a locale and an original transaction id.
Request: TypeAlias = tuple[str, str, str]

AT: Final = ("--at", "2026-11-24T12:00:00Z")
MONTHLY, ANNUAL, BASIC = "trailhead.pro.monthly", "trailhead.pro.annual", "trailhead.basic.monthly"
COURSES, STUDENT, FAMILY = "trailhead.courses", "trailhead.student.annual", "trailhead.family.monthly"
SANDBOX, PRODUCTION = ("--env", "sandbox"), ("--env", "production")
UUID: Final = "57246542-96fe-1a63-e053-0824d011072a"

# What the second version of the file has otherwise.
LATER: Final = (
    ("header: Keep your weekend walks", "header: Keep every weekend walk"),
    ("name: keep-basic\n", "name: keep-the-basics\n"),
    ("control: {weight: 50,", "control: {weight: 60,"),
    ("switch: {weight: 50,", "switch: {weight: 40,"),
    ("offerIdentifier: retention_half_3m", "offerIdentifier: retention_half_6m"),
)
MISTAKEN: Final = (
    ("message: keep-basic}", "message: keep-basik}"),
    ("bundleId:", "bundleID:"),
    ("default: en-US", "default: en_US"),
    ("trailhead.pro.annual: {group: trailhead, period: P1Y", "trailhead.pro.annual: {group: trailhead, period: P9Y"),
)
# With facts from Apple in the place of the owner's, and a limit on each offer.
ASKING: Final = (
    ("{customer.inTrial: true}", "{subscription.inTrial: true}"),
    ("customer.tenureDays: {atLeast: 180}", "subscription.tenureDays: {atLeast: 180}"),
    ("retention_half_3m\n", "retention_half_3m\n    limit: {times: 1, days: 365, of: any}\n"),
    ("retention_annual_30\n", "retention_annual_30\n    limit: {times: 2, days: 90}\n"),
)
WARNED: Final = (("name: keep-pro\n    when: {productId: {startsWith: trailhead.pro.}}", "name: keep-pro"),)


def edited(text: str, changes: tuple[tuple[str, str], ...]) -> str:
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return text


def the_file(desk: OperatorSetup) -> None:
    """What needs the file alone: neither AWS nor Apple."""
    good = desk.file.read_text(encoding="utf-8")
    for name, changes in (("later", LATER), ("mistaken", MISTAKEN), ("warned", WARNED)):
        (desk.folder / f"{name}.yaml").write_text(edited(good, changes), encoding="utf-8")
    (desk.folder / "no.yaml").write_text("a: [", encoding="utf-8")
    for file in ("retention.yaml", "later.yaml", "mistaken.yaml", "warned.yaml", "no.yaml", "missing.yaml", "images"):
        desk.type("validate", file, *AT)
    desk.type("validate", "retention.yaml", *PRODUCTION, *AT)
    desk.type("validate", "retention.yaml", "--env", "nowhere", *AT)
    begin = ("init", "--file", "new.yaml", "--bundle", "com.example.app")
    known = ("--app", "6745974591", "--issuer", UUID, "--key", "2X9R4HXF34")
    desk.type(*begin)
    desk.type(*begin, *known, "--product", "pro.monthly:P1M", "--product", "pro.annual:P1Y:pro")
    desk.type(*begin, *known, "--product", "pro.monthly:P1M")
    desk.type(*begin, *known, "--product", "pro.monthly:P1M", "--force", "--locale", "fr-FR", "--region", "eu-west-1")
    desk.type(*begin, *known, "--product", "pro.monthly", "--force")
    desk.type("validate", "new.yaml")
    desk.type("diff", "retention.yaml", "later.yaml")
    desk.type("diff", "later.yaml", "retention.yaml")
    desk.type("diff", "retention.yaml", "retention.yaml")
    desk.type("diff", "retention.yaml", "mistaken.yaml")
    desk.type("diff", "retention.yaml", "missing.yaml")
    for more in ((), ("--product", MONTHLY), ("--all-locales", "--product", STUDENT), ("--check", "--locale", "ja")):
        desk.type("coverage", "retention.yaml", *AT, *more)
    desk.type("coverage", "retention.yaml", *AT, "--product", "nothing")
    desk.type("coverage", "mistaken.yaml", *AT)
    drawn = ("preview", "retention.yaml", *AT, "--locale", "fr-CA", "--set", "keep-basic")
    desk.type(*drawn, "--check")
    desk.type(*drawn, "--against", "later.yaml")
    desk.type("preview", "retention.yaml", *AT, "--set", "nothing")
    desk.type("preview", "mistaken.yaml", *AT)


def worth(desk: OperatorSetup) -> None:
    """A plan without a log, and logs that are named wrongly. Reports themselves: record_reports.py."""
    plan = ("power", "--effect", "0.7", "--base", "48", "--per-day", "3000")
    desk.type(*plan)
    desk.type(*plan, "--arms", "50,25,25", "--share", "20", "--days", "60")
    desk.type(*plan, "--arms", "50")
    desk.type("power", "--effect", "90", "--base", "48", "--per-day", "3000")
    desk.type("report", "switch-2026q4")
    desk.type("report", "switch-2026q4", "--outcomes", "a.log")
    desk.type("report", "switch-2026q4", "--exposures", "a.log", "--compare")
    desk.type("report", "--exposures", "a.log", "--env", "sandbox")


def a_draft(desk: OperatorSetup) -> None:
    """A draft explained: every kind of answer, of customer and of event."""
    explain = ("explain", "retention.yaml", *AT)
    for product in (MONTHLY, ANNUAL, BASIC, COURSES, STUDENT, FAMILY, "nothing.known"):
        desk.type(*explain, "--product", product)
    desk.type(*explain, "--product", ANNUAL, "--locale", "ja")
    desk.type(*explain, "--product", BASIC, "--locale", "fr-CA")
    facts = ("--customer", "tenureDays=412")
    desk.type(*explain, "--product", MONTHLY, "--locale", "de-DE", *facts)
    desk.type(*explain, "--product", MONTHLY, *facts, "--customer", 'usedOffers=["retention_half_3m"]')
    desk.type(*explain, "--product", MONTHLY, "--customer", "inTrial=true", "--customer", "tier=gold")
    desk.type(*explain, "--product", MONTHLY, "--unreadable")
    desk.type(*explain, "--product", MONTHLY, "--unreadable", *facts)
    desk.type(*explain, "--product", MONTHLY, "--customer", "nothing")
    desk.type(*explain)
    desk.type("explain", "retention.yaml", "--product", MONTHLY, "--at", "2040-01-01T00:00:00Z", *facts)
    desk.type("explain", "retention.yaml", "--product", MONTHLY, "--at", "tomorrow")
    desk.type("explain", "mistaken.yaml", "--product", MONTHLY, *AT)
    for name in (
        *("message-200", "promotional-offer-v2-200", "payload-format-1.0-200", "fallback-in-trial-204"),
        *("tampered-401", "wrong-app-403", "wrong-environment-403", "too-old-403", "not-json-400", "oversize-413"),
        "not-a-post-405",
    ):
        desk.type(*explain, "--event", f"events/{name}.json")
    desk.type(*explain, "--event", "events/missing.json")


def facts_from_apple(desk: OperatorSetup) -> None:
    """A draft that asks what Apple has reported, and whose offers have limits."""
    good = desk.file.read_text(encoding="utf-8")
    (desk.folder / "asking.yaml").write_text(edited(good, ASKING), encoding="utf-8")
    wrong = (("subscription.inTrial: true", "subscription.inTrail: yes"), ("times: 1", "times: 0"))
    (desk.folder / "misspelt.yaml").write_text(edited(edited(good, ASKING), wrong), encoding="utf-8")
    for file in ("asking.yaml", "misspelt.yaml"):
        desk.type("validate", file, *AT)
    desk.type("coverage", "asking.yaml", "--product", MONTHLY, "--product", ANNUAL, "--locale", "ja", *AT)
    desk.type("diff", "retention.yaml", "asking.yaml")
    explain = ("explain", "asking.yaml", *AT, "--product", MONTHLY)
    held = ("--subscription", "tenureDays=412", "--subscription", "inTrial=false")
    for more in ((), ("--unreadable",), held, (*held, "--redeemed", "retention_half_3m=30")):
        desk.type(*explain, *more)
    twice = ("--redeemed", "retention_annual_30=3", "--redeemed", "retention_annual_30=80")
    desk.type("explain", "asking.yaml", *AT, "--product", ANNUAL, "--locale", "ja", *twice)
    desk.type(*explain, "--subscription", "tenuredays=1")
    desk.type(*explain, "--subscription", "inTrial=maybe")
    desk.type(*explain, "--redeemed", "retention_half_3m")


def requests(desk: OperatorSetup) -> None:
    """Requests that are signed here."""
    desk.type("sign-request", "--product", ANNUAL, "--locale", "ja", *AT, "--ca", "events/ca")
    desk.type("sign-request", "--curl", "http://127.0.0.1:1/x", *AT, "--ca", "events/ca")
    desk.type("sign-request", "--environment", "Production", "--app", "1", "--transaction", "9", "--ca", "events/ca")
    desk.type("sign-request", "--environment", "Xcode")
    desk.type("sign-request", "--ca", "missing")


def releases(desk: OperatorSetup) -> None:
    """Publishing into a table that is named, back and forth, and from table to table."""
    app = ("--table", "named", "--app", "6745974591")
    for empty in (("releases",), ("rollback",), ("pause",), ("resume",), ("explain", "--product", MONTHLY)):
        desk.type(*empty, *app)
    desk.type("coverage", *app)
    desk.type("export", "nothing.gz", *app)
    desk.type("publish", "mistaken.yaml", "--table", "named")
    desk.type("publish", "retention.yaml", "--table", "named")
    desk.type("publish", "later.yaml", "--table", "named")
    desk.type("publish", "later.yaml", "--table", "named", "--reshuffle")
    desk.type("import-states", "states/messages.json", *app)
    desk.type("import-states", "states/messages.json", "states/images.json", *app)
    desk.type("import-states", "states/empty.json", *app)
    desk.type("import-states", "retention.yaml", *app)
    desk.type("releases", *app)
    desk.type("rollback", *app)
    desk.type("rollback", "9", *app)
    desk.type("rollback", "2", *app)
    desk.type("diff", "1", "2", *app)
    desk.type("diff", "2", "retention.yaml", *app)
    desk.type("diff", "2", "later.yaml", *app)
    desk.type("diff", "2", "9", *app)
    desk.type("diff", "retention.yaml", *app)
    desk.type("explain", "--product", ANNUAL, "--locale", "de-DE", *AT, *app)
    desk.type("explain", "later.yaml", "--product", ANNUAL, "--locale", "de-DE", *AT, *app)
    desk.type("coverage", "--product", BASIC, *AT, *app)
    desk.type("pause", *app)
    desk.type("explain", "--product", ANNUAL, *AT, *app)
    desk.type("releases", *app)
    desk.type("coverage", "--product", BASIC, *AT, *app)
    desk.type("resume", *app)
    desk.type("import-states", "states/empty.json", "--allow-silencing", *app)
    desk.type("explain", "--product", ANNUAL, *AT, *app)
    desk.type("export", "named.gz", *app)
    desk.type("export", "named.gz", *app)
    desk.type("export", "profiles.gz", "--profiles", *app)
    desk.keep_rows("named")
    desk.keep_export("named.gz")
    other = ("--table", "other", "--app", "6745974591")
    desk.type("import", "named.gz", *other)
    desk.type("import", "named.gz", *other)
    desk.type("publish", "retention.yaml", "--table", "other")
    desk.type("import", "named.gz", *other)
    desk.type("import", "named.gz", "--replace", *other)
    desk.type("import", "named.gz", "--table", "other", "--app", "1")
    desk.type("import", "retention.yaml", *other)
    desk.type("releases", *other)
    desk.type("releases", "--table", "missing", "--app", "1")
    desk.type("releases", "--table", "named", "--app", "1", "--endpoint-url", "http://127.0.0.1:9")
    desk.type("releases", "--table", "named", "--app", "1", "--endpoint-url", "ftp://x")
    desk.type("releases", "--env", "sandbx")


def agreement(desk: OperatorSetup) -> None:
    """Plan and apply in the sandbox, until Apple and the table agree with the file; then a correction."""
    for command in ("plan", "status", "defaults", "prune"):
        desk.type(command, *SANDBOX)
    desk.type("doctor", *SANDBOX)
    desk.type("apply", *SANDBOX)
    desk.type("plan", *SANDBOX)
    desk.type("apply", *SANDBOX)
    desk.type("status", *SANDBOX)
    desk.type("defaults", "--show", *SANDBOX)
    desk.type("defaults", "--verify", *SANDBOX)
    desk.type("prune", "--show", *SANDBOX)
    desk.type("doctor", *SANDBOX)
    desk.keep_rows("retention-local")
    desk.type("plan", "mistaken.yaml", *SANDBOX)
    desk.type("apply", "mistaken.yaml", *SANDBOX)
    desk.type("plan", "later.yaml", *SANDBOX)
    desk.type("plan", "later.yaml", *SANDBOX, "--reshuffle")
    desk.type("apply", "later.yaml", *SANDBOX)
    desk.type("apply", "later.yaml", *SANDBOX, "--reshuffle")
    desk.type("diff", "1", "2", *SANDBOX)
    desk.type("coverage", "--product", BASIC, *SANDBOX, *AT)
    desk.type("prune", "later.yaml", *SANDBOX)
    desk.type("prune", "later.yaml", *SANDBOX, "--yes")
    desk.type("defaults", "retention.yaml", *SANDBOX)
    desk.type("defaults", "later.yaml", *SANDBOX)
    desk.type("plan", *SANDBOX, "--key", "missing.p8")
    desk.type("plan", *SANDBOX, "--apple-url", "hello")
    desk.type("plan", "--env", "nowhere")


def endpoints(desk: OperatorSetup) -> None:
    """The real-time URL, Apple's performance test, our own, and a customer at the Cancel button."""
    patient = ("--limit-ms", "5000")
    desk.type("endpoint", "show", *SANDBOX)
    desk.type("performance-test", "start", "--transaction", "1", *SANDBOX)
    desk.type("simulator", "cancel", "--product", MONTHLY)
    desk.type("simulator", "asc-message", MONTHLY, "--header", "Stay", "--body", "Please.", as_json=False)
    desk.type("simulator", "cancel", "--product", MONTHLY)
    desk.type("simulator", "asc-message", MONTHLY, "--remove", as_json=False)
    desk.type("endpoint", "set", *SANDBOX)
    desk.type("endpoint", "show", *SANDBOX)
    desk.type("endpoint", "show", "--secret", *SANDBOX)
    desk.type("endpoint", "set", "hello", *SANDBOX)
    desk.type("endpoint", "set", "http://example.com/", *SANDBOX)
    desk.type("endpoint", "set", "https://example.com/", "--yes", *PRODUCTION)
    for more in (("--product", BASIC, "--locale", "fr-FR"), ("--product", COURSES)):
        in_time(desk, answered, ("simulator", "cancel", *more, *patient))
    desk.type("simulator", "cancel", "--product", STUDENT, *patient)
    desk.type("simulator", "cancel", "--product", "nothing")
    bought = desk.type("simulator", "subscribe", MONTHLY, as_json=False)
    transaction = re.findall(r"\d{6,}", bought.out)[-1]
    apple = ("--apple-url", desk.quick_apple)
    asked = ("performance-test", "start", "--transaction", transaction, "--product", MONTHLY, *SANDBOX, *apple)
    waiting = ("performance-test", "wait", "{requestId}", *SANDBOX, *apple)
    ended = in_time(desk, passed, asked, waiting)
    desk.type("performance-test", "show", str(ended.document["requestId"]), *SANDBOX, *apple)
    desk.type("performance-test", "show", "hello", *SANDBOX)
    desk.type("performance-test", "start", "--transaction", "1", *PRODUCTION)
    quick = ("--requests", "4", "--duration", "80", "--concurrency", "2", "--threshold", "5000", "--ca", "events/ca")
    in_time(desk, passed, ("rehearse", desk.endpoint, *quick, *SANDBOX, "--product", BASIC))
    desk.type("rehearse", "http://127.0.0.1:9/", *quick, "--anyway", *SANDBOX, "--product", BASIC)
    desk.type("rehearse", "hello", *quick)
    desk.type("rehearse", "--anchor", "--ca", "events/ca")
    desk.type("endpoint", "delete", *SANDBOX)
    desk.type("endpoint", "delete", *SANDBOX, "--yes")
    desk.type("endpoint", "delete", *SANDBOX, "--yes")


def in_time(desk: OperatorSetup, fits: Callable[[Any], bool], *commands: tuple[str, ...]) -> Typed:
    """Type commands one after another, and all of them again where the last one's document does not fit.

    The endpoint waits 700 ms at most for the table, and a busy machine may take longer. `{name}` in a command is what
    the document before it has under that name.
    """
    begun = len(desk.forms)
    for _ in range(10):
        del desk.forms[begun:]
        document: dict[str, Any] = {}
        for command in commands:
            typed = desk.type(*(word.format(**document) if word[0] == "{" else word for word in command))
            document = typed.document
        if fits(document):
            break
    return typed


def answered(screen: Any) -> bool:
    """Return whether a customer was shown what the endpoint answered."""
    return bool(screen["source"] == "real time")


def passed(report: Any) -> bool:
    return bool(report["result"] == "PASS")


def customers(desk: OperatorSetup) -> None:
    """What happens to the subscriptions of simulated customers, before and after the Cancel button."""
    transaction = desk.type("simulator", "subscribe", ANNUAL, "--plan", "MONTHLY", as_json=False).out.strip()
    # The running simulator sends the notifications: a verb that did so too would report it only if it was quicker.
    of = ("--transaction", transaction, "--later")
    for verb in ("turn-off", "turn-on", "renew", "fail-billing", "renew"):
        desk.type("simulator", verb, *of)
    desk.type("simulator", "switch", *of, "--to", MONTHLY)
    desk.type("simulator", "redeem", *of, "--offer", "half", "--periods", "2")
    desk.type("simulator", "raise-price", "99.99", *of)
    desk.type("simulator", "extend", *of)
    desk.type("simulator", "refund", *of, "--step", "asked")
    desk.type("simulator", "refund", *of)
    desk.type("simulator", "expire", *of)
    desk.type("simulator", "resubscribe", *of)
    desk.type("simulator", "commit", *of)
    desk.type("simulator", "unshare", *of)
    desk.type("simulator", "cancel", "--product", BASIC, "--then", "keep", "--later")
    desk.type("simulator", "cancel", "--product", BASIC, "--then", "cancel", "--later")
    desk.type("simulator", "subscriptions")


def learning(desk: OperatorSetup) -> None:
    """Apple's notifications, and what they teach of a subscription."""
    desk.type("notifications", "url", *SANDBOX)
    desk.type("notifications", "url", *PRODUCTION)
    desk.type("notifications", "test", *SANDBOX)
    desk.type("notifications", "status", *PRODUCTION)
    desk.type("notifications", "replay", *SANDBOX)
    desk.type("notifications", "replay", "--relay", *SANDBOX)
    desk.type("facts", "show", "2000000900000180", *SANDBOX)
    desk.type("facts", "forget", "2000000900000180", *SANDBOX)
    desk.type("simulator", "notification-url")
    desk.type("simulator", "notification-url", "http://example.com/")
    desk.type("simulator", "deliver", "--drop", "1")


def production(desk: OperatorSetup) -> None:
    """Production, where review takes its time and every write is asked for."""
    both = ("--from", "sandbox", "--to", "production", "later.yaml")
    desk.type("promote", *both)
    desk.type("promote", *both, "--yes")
    desk.type("status", "later.yaml", *PRODUCTION)
    desk.type("plan", "later.yaml", *PRODUCTION)
    desk.type("defaults", "later.yaml", *PRODUCTION)
    desk.type("simulator", "list", *PRODUCTION)
    listed = desk.typed[-1].document
    first = min(entry["identifier"] for entry in listed if entry["kind"] == "message")
    desk.type("simulator", "reject", first, *PRODUCTION, as_json=False)
    desk.type("simulator", "approve", *PRODUCTION, as_json=False)
    desk.type("status", "later.yaml", *PRODUCTION)
    desk.type("apply", "later.yaml", *PRODUCTION)
    desk.type("apply", "later.yaml", *PRODUCTION, "--yes")
    desk.type("status", "later.yaml", *PRODUCTION)
    desk.type("defaults", "later.yaml", *PRODUCTION, "--show")
    desk.type("plan", *PRODUCTION)
    desk.type("doctor", "later.yaml", *PRODUCTION)
    for command in (("pause",), ("resume",), ("rollback",), ("publish", "later.yaml")):
        desk.type(*command, *PRODUCTION)


def the_sync(desk: OperatorSetup) -> None:
    """The scheduled function: what it writes for an app that is live, for one that is not, and when Apple refuses."""
    named = {"RETENTION_ENVIRONMENT": "Production", "RETENTION_KEY_PREFIX": "/retention/production"}
    apple = {"RETENTION_APPLE_URL": f"{desk.places['apple']}/production"}
    apps = {"RETENTION_APP_APPLE_IDS": f"{APP},1"}
    with desk.function(
        desk.production_table, RETENTION_TRUST_ANCHOR="", RETENTION_CLOCK="", **named, **apple, **apps
    ) as function:
        desk.invoke(function, "sync.sync_states", {}, "both apps")
        desk.type("simulator", "revoke", as_json=False)
        desk.invoke(function, "sync.sync_states", {}, "without access")
    desk.type("plan", "later.yaml", *SANDBOX)
    desk.type("doctor", "later.yaml", *SANDBOX)


# Two customers have a profile; the last eight fall into the
# arms of an experiment.
REQUESTS: Final[tuple[Request, ...]] = (
    (ANNUAL, "en-US", "99371282"),
    (ANNUAL, "ja", "99371282"),
    (ANNUAL, "de-DE", "99371282"),
    (BASIC, "fr-CA", "99371282"),
    (BASIC, "en-US", "99371282"),
    (BASIC, "de-DE", "2000000900000180"),
    (COURSES, "en-US", "99371282"),
    (STUDENT, "en-US", "99371282"),
    (FAMILY, "en-US", "99371282"),
    ("nothing.known", "en-US", "99371282"),
    (MONTHLY, "fr-FR", "2000000900000180"),
    (MONTHLY, "en-US", "2000000900000007"),
    *((MONTHLY, "en-US", str(transaction)) for transaction in range(1, 9)),
)


def serve(desk: OperatorSetup, table: str, requests: tuple[Request, ...] = REQUESTS, *, attempts: int = 10) -> None:
    """Send the requests to a function that has just started.

    It waits 700 ms at most for the table, and a busy machine may take longer: then all is sent again, to a new one.
    """
    begun = len(desk.forms)
    with desk.function(table) as function:
        for asked in requests:
            event = {"version": "2.0", "requestContext": {"http": {"method": "POST"}}, "body": signed(desk, asked)}
            desk.invoke(function, "app.get_retention_message", event, f"{table}: {' '.join(asked)}")
    lines = [line for form in desk.forms[begun:] for line in form["lines"]]
    late = any("degraded" in line or line["message"] == "unavailable" for line in lines)
    if late and attempts > 1:
        del desk.forms[begun:]
        serve(desk, table, requests, attempts=attempts - 1)


def signed(desk: OperatorSetup, asked: Request) -> str:
    """Return the body of a request, signed as of AT; each is signed once."""
    if asked not in desk.signed:
        desk.signed[asked] = desk.commands.run("sign-request", *question(asked), *AT, "--ca", "events/ca", "--json").out
    return desk.signed[asked]


def question(asked: Request) -> tuple[str, ...]:
    product, locale, transaction = asked
    return "--product", product, "--locale", locale, "--transaction", transaction


def old_rows(desk: OperatorSetup) -> None:
    """Rows that were written before: served, explained, compared, and rolled back to, as on the day they were written.

    Release 1 was published by a console of two days before the others, without the products to read ahead.
    """
    rows = json.loads((RECORDED / "rows.json").read_text(encoding="utf-8"))
    write_rows(desk.aws, "rows", rows)
    table = ("--table", "rows", "--app", str(APP))
    serve(desk, "rows", REQUESTS[:1])
    desk.type("releases", *table)
    desk.type("resume", *table)
    for release in ("2", "1", "3"):
        desk.type("rollback", release, *table)
        serve(desk, "rows")
        for asked in REQUESTS[5:17:5]:
            desk.type("explain", *question(asked), *AT, *table)
    desk.type("coverage", "--product", MONTHLY, *AT, *table)
    for one, other in (("1", "2"), ("2", "3"), ("1", "3"), ("1", "retention.yaml"), ("2", "retention.yaml")):
        desk.type("diff", one, other, *table)
    desk.type("export", "rows.gz", "--profiles", *table)


def an_old_export(desk: OperatorSetup) -> None:
    """A file that was exported before: imported, row for row, and served."""
    table = ("--table", "imported", "--app", str(APP))
    shutil.copy(RECORDED / "export.jsonl.gz", desk.folder / "old.gz")
    desk.type("import", "old.gz", *table)
    desk.forms.append({"command": "the rows that differ", "rows": plain(unlike(desk, "imported"), desk.places, "row")})
    desk.type("resume", *table)
    serve(desk, "imported")
    desk.type("releases", *table)
    desk.type("import", "old.gz", *table)


def unlike(desk: OperatorSetup, table: str) -> list[dict[str, Any]]:
    """Return the rows of a table that are not among the recorded ones."""
    recorded = json.loads((RECORDED / "rows.json").read_text(encoding="utf-8"))
    found = [row for row in rows_of(desk.aws, table) if row not in recorded]
    assert len(rows_of(desk.aws, table)) == len(recorded)
    return found


def refusals(desk: OperatorSetup) -> None:
    """Requests that are refused, or cannot be answered: the status, and the line."""
    names = sorted(path.stem for path in (desk.tree / "events").glob("*-4??.json"))
    with desk.function("imported") as function:
        for name in (*names, "payload-format-1.0-200"):
            event = json.loads((desk.tree / "events" / f"{name}.json").read_text(encoding="utf-8"))
            desk.invoke(function, "app.get_retention_message", event, name)
    serve(desk, "missing", REQUESTS[:1], attempts=1)
    desk.type("replay", "decisions.log", "--against", "later.yaml")
    desk.type("replay", "decisions.log", "--against", "retention.yaml")
    desk.type("replay", "retention.yaml", "--against", "retention.yaml")


def misuse(desk: OperatorSetup) -> None:
    """Commands called wrongly, and every command with nothing but its name."""
    desk.type("frobnicate")
    for verb in ("validate", "apply", "endpoint set", "simulator cancel"):
        desk.type(*verb.split(), "--frobnicate")
        desk.type(*verb.split(), "--frobnicate", as_json=False)
    for verb in VERBS:
        if verb not in {"simulator serve", "simulator customers"}:  # one never ends, one plays thousands of customers
            desk.type(*verb.split(), as_json=verb not in WITHOUT_JSON)


def options(desk: OperatorSetup) -> None:
    """What `--help` lists: the commands, the arguments and options of each, with defaults and variables."""
    for verb in (*GROUPS, *VERBS):
        desk.list_help(*verb.split())


VERBS: Final = (
    *("validate", "init", "publish", "releases", "rollback", "pause", "resume", "plan", "apply", "promote", "export"),
    *("import", "import-states", "status", "defaults", "prune", "explain", "sign-request", "rehearse", "doctor"),
    *("coverage", "diff", "replay", "endpoint set", "endpoint show", "endpoint delete", "performance-test start"),
    *("performance-test wait", "performance-test show", "facts show", "facts forget", "facts backfill"),
    *("notifications url", "notifications test", "notifications status", "notifications replay", "outcomes"),
    *("report", "power"),
    *("simulator serve", "simulator grant", "simulator revoke"),
    *("simulator subscribe", "simulator list", "simulator approve", "simulator reject", "simulator asc-message"),
    *("simulator advance", "simulator cancel", "simulator subscriptions", "simulator resubscribe", "simulator renew"),
    *("simulator turn-off", "simulator turn-on", "simulator switch", "simulator commit", "simulator redeem"),
    *("simulator fail-billing", "simulator expire", "simulator refund", "simulator raise-price", "simulator extend"),
    *("simulator unshare", "simulator notification-url", "simulator deliver", "simulator customers"),
)
WITHOUT_JSON: Final = frozenset(
    f"simulator {verb}" for verb in "serve grant revoke subscribe approve reject asc-message advance".split()
)

CHAPTERS: Final[tuple[Callable[[OperatorSetup], None], ...]] = (
    the_file,
    worth,
    a_draft,
    facts_from_apple,
    requests,
    releases,
    agreement,
    endpoints,
    customers,
    learning,
    production,
    the_sync,
    old_rows,
    an_old_export,
    refusals,
    misuse,
    options,
)
