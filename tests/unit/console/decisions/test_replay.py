"""`retention replay`: what a draft would have told yesterday's customers, and never a guess."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import itertools
import json
import lzma
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from retention.catalog import MessageState
from retention.decision import Decision, decide
from retention.log.record import Record
from retention.log.telemetry import Telemetry
from retention.request import RetentionRequest
from retention.rules import UNREADABLE, Customer

from console.decisions.log import Logged, read_log
from console.decisions.replay import Replayed, replay
from console.file.edition import Edition
from console.local.samples import EVENTS, SAMPLE, SAMPLE_CLOCK
from console.local.surroundings import embedded_dynamodb
from console.terminal.failure import Failure
from console.terminal.ordinary_file import NotOrdinaryError
from tests.support.edited_sample import APP, Run, edited, edition, empty_table, runner

PRO, ANNUAL, BASIC = "trailhead.pro.monthly", "trailhead.pro.annual", "trailhead.basic.monthly"
COURSES = "trailhead.courses"
EXPERIMENT = "half-of-monthly-tries-the-switch"
SHIFTED = (
    ("control: {weight: 50,", "control: {weight: 60,"),
    ("switch: {weight: 50,", "switch: {weight: 40,"),
)
# Facts decide nothing any more: what is left is judged exactly, without any evidence.
NO_FACTS_ASKED = (
    ("when: {customer.inTrial: true}", "when: {productId: trailhead.student.annual}"),
    ("customer.tenureDays: {atLeast: 180}", "not: {userLocale: [en, fr, de, es]}"),
    ("{customer.tenureDays: {above: 30}}", "{userLocale: de-DE}"),
)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    return runner(capsys)


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Edition:
    return edition(tmp_path_factory.mktemp("sample"))


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Edition:
    return edition(tmp_path_factory.mktemp("plain"), *NO_FACTS_ASKED)


def request(number: int, product: str, locale: str) -> RetentionRequest:
    return RetentionRequest(str(number), int(APP), product, locale, f"request-{number}", "Sandbox", 0)


def line(asked: RetentionRequest, decision: Decision, at: datetime = SAMPLE_CLOCK, **more: Any) -> dict[str, Any]:
    """Return the log line that `app` writes of a decision."""
    delivery, assigned = decision.delivery, decision.assignments[:1]
    found = {
        "level": "INFO",
        "message": decision.outcome.value,
        "timestamp": at.strftime("%Y-%m-%d %H:%M:%S,000%z"),
        "service": "retention",
        "status": 204 if delivery is None else 200,
        "kind": delivery and delivery.answer.kind,
        "rule": decision.rule,
        "experiment": assigned[0].key if assigned else None,
        "arm": assigned[0].arm if assigned else None,
        "delivered": assigned[0].delivered if assigned else None,
        "release": 1,
        "messageIdentifier": delivery and delivery.message_id,
        "localeAsked": asked.user_locale,
        "localeServed": delivery and delivery.locale,
        "productId": asked.product_id,
        "requestIdentifier": asked.request_identifier,
        "customerHash": decision.customer_hash,
        "trustAnchor": "apple",
        **more,
    }
    return {name: value for name, value in found.items() if value is not None}


def lines(
    decided_by: Edition,
    requests: Iterable[tuple[str, str, Customer]],
    at: datetime = SAMPLE_CLOCK,
) -> list[dict[str, Any]]:
    found = []
    for number, (product, locale, customer) in enumerate(requests):
        asked = request(number, product, locale)
        decision = decide(asked, decided_by.catalog(product), at, customer)
        found.append(line(asked, decision, at))
    return found


def logged(written: Iterable[Mapping[str, Any]], directory: Path) -> list[Logged]:
    file = directory / "log"
    file.write_text("".join(json.dumps(one) + "\n" for one in written), encoding="utf-8")
    return list(read_log(file))


def nothing_kept(_: int) -> None:
    return None


def replayed(
    written: Iterable[Mapping[str, Any]],
    draft: Edition,
    directory: Path,
    releases: Callable[[int], Edition | None] = nothing_kept,
    states: Mapping[str, MessageState] | None = None,
) -> Replayed:
    return replay(logged(written, directory), draft, states, releases)


def rows(found: Replayed) -> dict[tuple[str, str], int]:
    return {
        (f"{row.before}: {row.before_answer}", f"{row.after}: {row.after_answer}"): row.count
        for row in found.changes.values()
    }


NOBODY: Customer = {}


# What changes


def test_the_same_rules_change_nothing(plain: Edition, tmp_path: Path) -> None:
    """Against the file that decided, every request is answered as it was, arms included."""
    products = (*plain.document.products, "elsewhere")
    asked = [(product, locale, NOBODY) for product in products for locale in ("en-US", "fr-CA", "ja")] * 5
    found = replayed(lines(plain, asked), plain, tmp_path)
    assert (found.requests, found.unchanged, found.changed) == (len(asked), len(asked), 0)
    assert not found.undecidable


def test_a_changed_answer_is_a_row_with_its_count_and_examples(plain: Edition, tmp_path: Path) -> None:
    """Before → after, by rule and answer; products, locales and three requestIdentifiers to look at."""
    draft = edition(tmp_path, *NO_FACTS_ASKED, ("answer: {message: keep-basic}", "answer: fallback"))
    found = replayed(lines(plain, [(BASIC, "fr-FR", NOBODY)] * 4 + [(ANNUAL, "fr-FR", NOBODY)]), draft, tmp_path)
    [row] = found.changes.values()
    assert rows(found) == {("keep-basic: message", "keep-basic: no answer"): 4}
    assert (row.products, row.locales, row.same_answer) == ({BASIC}, {"fr-FR"}, False)
    assert row.examples == ["request-0", "request-1", "request-2"]
    assert (found.unchanged, found.decided) == (1, 5)


def test_another_text_is_a_change(plain: Edition, tmp_path: Path) -> None:
    """The same rule and the same kind of answer, with a corrected text: another message."""
    draft = edition(tmp_path, *NO_FACTS_ASKED, ("Gardez vos balades", "Gardez toutes vos balades"))
    found = replayed(lines(plain, [(BASIC, "fr-FR", NOBODY), (ANNUAL, "fr-FR", NOBODY)]), draft, tmp_path)
    assert rows(found) == {("keep-basic: message", "keep-basic: message, another text"): 1}


def test_another_rule_with_the_same_answer_is_told_apart(plain: Edition, tmp_path: Path) -> None:
    """A renamed rule changes nothing for customers; the row says so."""
    draft = edition(tmp_path, *NO_FACTS_ASKED, ("- name: keep-basic", "- name: basics"))
    [row] = replayed(lines(plain, [(BASIC, "fr-FR", NOBODY)]), draft, tmp_path).changes.values()
    assert (row.before, row.after, row.same_answer) == ("keep-basic", "basics", True)


def test_arms_are_exact(plain: Edition, tmp_path: Path) -> None:
    """The logged hash says which slot a customer has, so a shift of weights moves just those who change arm."""
    draft = edition(tmp_path, *NO_FACTS_ASKED, *SHIFTED)
    asked = [(PRO, "ja", NOBODY)] * 400
    found = replayed(lines(plain, asked), draft, tmp_path)
    moved = 0
    for number in range(len(asked)):
        one = request(number, PRO, "ja")
        before, after = (decide(one, of.catalog(PRO), SAMPLE_CLOCK, NOBODY) for of in (plain, draft))
        moved += before.assignments[0].arm != after.assignments[0].arm
    assert 0 < moved < 100
    assert rows(found) == {
        (f"{EXPERIMENT}, arm switch: alternateProduct", f"{EXPERIMENT}, arm control: message"): moved
    }


def test_the_time_of_the_line_is_now(plain: Edition, tmp_path: Path) -> None:
    """A schedule holds or not at the time of each request, not today."""
    when = "during: {from: 2026-11-24T12:30, until: 2027-01-01, timeZone: UTC}"
    draft = edition(
        tmp_path, *NO_FACTS_ASKED,
        ("  - name: keep-basic\n", f"  - name: later\n    {when}\n    answer: fallback\n  - name: keep-basic\n"),
    )  # fmt: skip
    early = lines(plain, [(BASIC, "fr-FR", NOBODY)])
    late = lines(plain, [(BASIC, "fr-FR", NOBODY)] * 2, SAMPLE_CLOCK + timedelta(hours=1))
    assert replayed(early, draft, tmp_path).changed == 0
    assert replayed(late, draft, tmp_path).changed == 2


def test_states_of_a_table_count(plain: Edition, tmp_path: Path) -> None:
    """A text that is not approved passes its rule over, in the draft as for customers."""
    approved = {m: MessageState("APPROVED") for by in plain.texts.values() for ids in by.values() for m in ids}
    french = plain.texts["keep-basic"]["fr-FR"][0]
    found = replayed(
        lines(plain, [(BASIC, "fr-FR", NOBODY)]),
        plain,
        tmp_path,
        states={**approved, french: MessageState("REJECTED")},
    )
    assert rows(found) == {("keep-basic: message", "keep-basic: message, a text in another locale"): 1}


# What cannot be known


def test_what_facts_decide_is_undecidable(sample: Edition, tmp_path: Path) -> None:
    """Whether a customer was in trial is not in the log: counted under the rule that asks, with an example."""
    found = replayed(lines(sample, [(ANNUAL, "en-US", {"inTrial": True}), (ANNUAL, "en-US", NOBODY)]), sample, tmp_path)
    assert found.undecidable == {"leave-trials-alone": 2}
    assert found.examples == {"leave-trials-alone": ["request-0", "request-1"]}
    assert (found.unchanged, found.changed) == (0, 0)


def test_a_rule_whose_outcome_is_the_same_leaves_nothing_open(sample: Edition, tmp_path: Path) -> None:
    """Families get no answer, in trial or not: no fact is needed to say so."""
    found = replayed(lines(sample, [("trailhead.family.monthly", "en-US", NOBODY)]), sample, tmp_path)
    assert (found.unchanged, dict(found.undecidable)) == (1, {})


def test_an_unreadable_profile_is_known(sample: Edition, tmp_path: Path) -> None:
    """A line that says the profile could not be read tells all: no rule that asks for facts matched."""
    asked = request(1, ANNUAL, "en-US")
    decision = decide(asked, sample.catalog(ANNUAL), SAMPLE_CLOCK, UNREADABLE)
    found = replayed([line(asked, decision, degraded=["customer"])], sample, tmp_path)
    assert (found.unchanged, dict(found.undecidable)) == (1, {})


def test_a_failed_signature_fails_again(sample: Edition, tmp_path: Path) -> None:
    """Where the offer could not be signed, the draft is judged without a key as well."""
    asked = request(1, COURSES, "en-US")
    decision = decide(asked, sample.catalog(COURSES), SAMPLE_CLOCK, NOBODY, can_sign=False)
    found = replayed([line(asked, decision, degraded=["signing"])], sample, tmp_path)
    assert (found.unchanged, found.changed) == (1, 0)


def test_the_logged_decision_proves_facts_where_its_release_is_kept(sample: Edition, tmp_path: Path) -> None:
    """Who was passed over by a `fallback` for trials was in none; whom a rule answered, it matched."""
    asked: list[tuple[str, str, Customer]] = [
        (ANNUAL, "en-US", {"inTrial": True}),
        (ANNUAL, "en-US", NOBODY),
        (BASIC, "de-DE", {"tenureDays": 99}),
    ]
    found = replayed(lines(sample, asked), sample, tmp_path, lambda _: sample)
    assert (found.unchanged, found.proved, dict(found.undecidable)) == (3, 3, {})


def test_an_offer_is_compared_by_its_terms_where_the_release_is_kept(sample: Edition, tmp_path: Path) -> None:
    """The log does not name the offer: with the release it can be told apart, without it is said that it was not."""
    draft = edition(tmp_path, ("offerIdentifier: retention_annual_30", "offerIdentifier: retention_annual_50"))
    written = lines(sample, [(ANNUAL, "ja", NOBODY)])
    told = replayed(written, draft, tmp_path, lambda _: sample)
    [row] = told.changes.values()
    assert (row.before_answer, row.after_answer) == (
        "promotionalOffer retention_annual_30 of trailhead.pro.annual (v1)",
        "promotionalOffer retention_annual_50 of trailhead.pro.annual (v1)",
    )
    no_trials = edition(tmp_path, *NO_FACTS_ASKED, ("retention_annual_30", "retention_annual_50"))
    blind = replayed(written, no_trials, tmp_path)
    assert (blind.unchanged, blind.unnamed) == (1, 1)


CUSTOMERS: tuple[Customer, ...] = (
    {},
    {"inTrial": True},
    {"inTrial": False, "tenureDays": 10},
    {"tenureDays": 200},
    {"tenureDays": 200, "usedOffers": ("retention_half_3m",)},
    {"tenureDays": 40, "inTrial": True},
)
DRAFTS: dict[str, tuple[tuple[str, str], ...]] = {
    "itself": (),
    "other weights": SHIFTED,
    "trials answered": (("answer: fallback", "answer: {message: keep-pro}"),),
    "another threshold": (("{above: 30}", "{above: 60}"),),
    "no trials": (("  - name: leave-trials-alone\n    when: {customer.inTrial: true}\n    answer: fallback\n", ""),),
    "trials turned round": (("{customer.inTrial: true}", "{not: {customer.inTrial: true}}"),),
    "a wider rule": (
        ("{customer.inTrial: true}", "{anyOf: [{customer.inTrial: true}, {customer.tenureDays: {below: 20}}]}"),
    ),
    "a narrower rule": (("{customer.inTrial: true}", "{customer.inTrial: true, customer.tenureDays: {above: 20}}"),),
}  # fmt: skip


@pytest.mark.parametrize("changes", DRAFTS.values(), ids=DRAFTS)
@pytest.mark.parametrize("kept", [False, True], ids=["release gone", "release kept"])
def test_nothing_is_guessed(
    sample: Edition, changes: tuple[tuple[str, str], ...], tmp_path: Path, *, kept: bool
) -> None:
    """Whatever the customer's facts: what replay decides is what the draft decides with those facts."""
    draft = edition(tmp_path, *changes)
    decided = 0
    for number, (product, locale, customer) in enumerate(
        itertools.product((*sample.document.products, "elsewhere"), ("en-US", "de-DE", "ja"), CUSTOMERS)
    ):
        asked = request(number, product, locale)
        before = decide(asked, sample.catalog(product), SAMPLE_CLOCK, customer)
        after = decide(asked, draft.catalog(product), SAMPLE_CLOCK, customer)
        found = replayed([line(asked, before)], draft, tmp_path, (lambda _: sample) if kept else nothing_kept)
        if found.undecidable:
            continue
        decided += 1
        told = [
            None if decision.delivery is None else (decision.delivery.answer.kind, decision.delivery.message_id)
            for decision in (before, after)
        ]
        same = told[0] == told[1]
        assert found.unchanged + sum(row.count for row in found.changes.values() if row.same_answer) == int(same), asked
    assert decided


def test_what_was_not_decided_is_left_out(sample: Edition, tmp_path: Path) -> None:
    """Paused, unavailable, cut off, without a time or a hash: counted by reason, compared with nothing."""
    asked = request(1, ANNUAL, "en-US")
    good = line(asked, decide(asked, sample.catalog(ANNUAL), SAMPLE_CLOCK, NOBODY))
    written = [
        {**good, "message": "paused"},
        {**good, "message": "unavailable"},
        {**good, "productId": "x" * 128},
        {**good, "timestamp": "yesterday"},
        {**good, "customerHash": "ab"},
    ]
    found = replayed(written, sample, tmp_path)
    assert (found.requests, found.decided) == (5, 0)
    assert sorted(found.skipped) == [
        "answers were paused",
        "nothing was decided then: unavailable or failed",
        "the line has no customerHash",
        "the line has no time",
        "the line is cut off",
    ]


def test_rehearsals_are_counted(sample: Edition, tmp_path: Path) -> None:
    """Requests that another authority than Apple signed are no customers; how many there were is said."""
    asked = request(1, COURSES, "en-US")
    decision = decide(asked, sample.catalog(COURSES), SAMPLE_CLOCK, NOBODY)
    assert replayed([line(asked, decision, trustAnchor="ab12")], sample, tmp_path).rehearsals == 1


# Logs


def test_a_line_of_telemetry_is_read(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """What the function writes today: one line with fields and metrics."""
    record = Record(
        outcome="answered", status=200, kind="message", rule="keep", experiment="e", arm="a", delivered=True, release=7,
        message="0000", locale_asked="fr-CA", locale_served="fr-FR", product_id="pro", request_identifier="r-1",
        customer_hash="0f" * 32, trust_anchor="apple", degraded=["head"],
    )  # fmt: skip
    Telemetry().emit(record, "info")
    file = tmp_path / "log"
    file.write_text(capsys.readouterr().out)
    [found] = read_log(file)
    assert found.at is not None
    assert (found.outcome, found.kind, found.rule, found.arm, found.release) == ("answered", "message", "keep", "a", 7)
    assert (found.message, found.locale, found.locale_served) == ("0000", "fr-CA", "fr-FR")
    assert (found.product_id, found.request_identifier, found.customer_hash) == ("pro", "r-1", "0f" * 32)
    assert found.degraded == {"head"}


def test_both_lines_of_an_older_release_are_one_decision(tmp_path: Path) -> None:
    """A log that spans an update has lines of both kinds: fields and metrics apart, or in one object."""
    fields = (
        '{"level":"INFO","message":"answered","timestamp":"2026-11-24 12:00:00,500+0000","service":"s","status":200,'
        '"kind":"message","rule":"keep","release":7,"messageIdentifier":"0000","localeAsked":"fr-CA",'
        '"productId":"pro","requestIdentifier":"r-1","trustAnchor":"apple","catalogAge":1.5,"times":{"total":1.25}}'
    )
    metrics = (
        '{"_aws":{"Timestamp":1795521600500,"CloudWatchMetrics":[{"Namespace":"Retention","Dimensions":[["service"]],'
        '"Metrics":[{"Name":"Verified","Unit":"Count"}]}]},"service":"s","Verified":[1.0]}'
    )
    both = f"{fields[:-1].replace('r-1', 'r-2')},{metrics[1:]}"
    file = tmp_path / "log"
    file.write_text(f"{fields}\n{metrics}\n{both}\n")
    assert [found.request_identifier for found in read_log(file)] == ["r-1", "r-2"]


NOISE = (
    "START RequestId: 1 Version: $LATEST\n",
    '{"_aws": {"Timestamp": 1}, "productId": "p", "localeAsked": "l", "requestIdentifier": "m"}\n',
    '{"level": "WARNING", "message": "rejected", "status": 401}\n',
    "REPORT RequestId: 1 Duration: 3 ms {not json\n",
)


def ndjson(one: dict[str, Any]) -> str:
    return "".join(NOISE) + json.dumps(one) + "\n"


def table(*rows: list[str], delimiter: str = ",") -> str:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows(rows)
    return text.getvalue()


FORMS: dict[str, Callable[[dict[str, Any]], str]] = {
    "lines": ndjson,
    "export to S3": lambda one: f"2026-11-24T12:00:00.000Z {json.dumps(one)}\n",
    "aws logs tail": lambda one: f"2026-11-24T12:00:00.000000+00:00 2026/11/24/[12]abc {json.dumps(one)}\n",
    "filter-log-events": lambda one: json.dumps(
        {"events": [{"logStreamName": "s", "message": json.dumps(one) + "\n", "eventId": "1"}], "searched": []},
        indent=4,
    ),
    "filter-log-events on one line": lambda one: json.dumps({"events": [{"message": json.dumps(one) + "\n"}]}),
    "filter-log-events as text": lambda one: f"EVENTS\t1\t1795521600000\tstream\t{json.dumps(one)}\t1795521600001\n",
    "query results": lambda one: json.dumps(
        {"results": [[{"field": "@message", "value": json.dumps(one)}]], "status": "Complete"}, indent=4
    ),
    "Logs Insights as JSON": lambda one: json.dumps([{"@timestamp": "t", "@message": one}]),
    "a subscription, twice on a line": lambda one: "".join(
        json.dumps({"messageType": "DATA_MESSAGE", "logEvents": [{"id": "1", "message": json.dumps(one)}]})
        for _ in range(2)
    ),
    "aws logs tail, short": lambda one: f"2026-11-24T12:00:00 {json.dumps(one)}\n",
    "aws logs tail as JSON": lambda one: f"2026-11-24T12:00:00+00:00 2026/11/24/[12]abc {json.dumps(one, indent=4)}\n",
    "aws logs tail as JSON, twice": lambda one: f"2026-11-24T12:00:00 s\n{json.dumps(one, indent=4)}\n" * 2,
    "get-log-events": lambda one: json.dumps(
        {"events": [{"timestamp": 1, "message": json.dumps(one), "ingestionTime": 2}], "nextForwardToken": "f"},
        indent=4,
    ),
    "query results with other fields": lambda one: json.dumps(
        {
            "results": [
                [
                    {"field": "@timestamp", "value": "2026-11-24 12:00:00.000"},
                    {"field": "@message", "value": json.dumps(one)},
                    {"field": "@ptr", "value": "CmEKJgoi"},
                ]
            ]
        },
        indent=4,
    ),
    "Logs Insights as JSON, indented": lambda one: json.dumps([{"@timestamp": "t", "@message": one}], indent=2),
    "Logs Insights as JSON, a text": lambda one: json.dumps([{"@ptr": "p", "@message": json.dumps(one)}], indent=2),
    "the log viewer's CSV": lambda one: table(["timestamp", "message"], ["1795521600000", json.dumps(one) + "\n"]),
    "the log viewer's CSV, twice": lambda one: table(
        ["timestamp", "message"], *([["1795521600000", json.dumps(one) + "\n"]] * 2)
    ),
    "Logs Insights' CSV": lambda one: table(["@timestamp", "@message"], ["2026-11-24 12:00:00.000", json.dumps(one)]),
    "its columns in another order": lambda one: table(
        ["@ptr", "@message", "@logStream", "@timestamp"], ["CmEK", json.dumps(one), "s,t", "2026-11-24 12:00:00.000"]
    ),
    "the message alone": lambda one: table(["@message"], [json.dumps(one)]),
    "with semicolons": lambda one: table(["timestamp", "message"], ["1", json.dumps(one)], delimiter=";"),
    "with tabs": lambda one: table(["@timestamp", "@message"], ["1", json.dumps(one)], delimiter="\t"),
    "the fields of a query": lambda one: table([*one, "empty"], [*map(str, one.values()), ""]),
    "rows without a head": lambda one: table(["1795521600000", json.dumps(one) + "\n"]),
    "indented JSON, one after another": lambda one: json.dumps({"events": []}, indent=2) + json.dumps(one, indent=2),
    "a long list": lambda one: json.dumps(
        [*({"@timestamp": "t", "@message": {"level": "INFO", "n": n}} for n in range(300)), {"@message": one}], indent=2
    ),
    "a list of many records": lambda one: json.dumps(
        {"events": [*({"message": f"START {n}\n"} for n in range(900)), {"message": json.dumps(one)}]}, indent=4
    ),
    "a list of messages": lambda one: json.dumps(["START RequestId: 1\n", json.dumps(one) + "\n"], indent=4),
    "a long list of messages": lambda one: json.dumps(
        [*(f"START RequestId: {n}\n" for n in range(900)), json.dumps(one)], indent=4
    ),
    "Docker's envelope": lambda one: json.dumps({"log": json.dumps(one) + "\n", "stream": "stdout"}),
    "Splunk's envelope": lambda one: json.dumps({"preview": False, "result": {"_raw": json.dumps(one)}}),
    "an envelope with the fields": lambda one: json.dumps({"content": {"attributes": one, "host": "h"}}),
    "Excel's first line": lambda one: (
        "sep=;\n" + table(["timestamp", "message"], ["1", json.dumps(one)], delimiter=";")
    ),
    "a table in Markdown": lambda one: f"| @timestamp | @message |\n| --- | --- |\n| 1 | {json.dumps(one)} |\n",
    "CRLF": lambda one: ndjson(one).replace("\n", "\r\n"),
    "a byte order mark": lambda one: "\ufeff" + json.dumps(one),
    "a byte order mark before a table": lambda one: "\ufeff" + table(["timestamp", "message"], ["1", json.dumps(one)]),
    "non-ASCII": lambda one: json.dumps({**one, "rule": "für alle"}, ensure_ascii=False) + "\n",
}


PACKED: dict[str, Callable[[str], bytes]] = {
    "plain": str.encode,
    "gzip": lambda text: gzip.compress(text.encode()),
    "gzip twice": lambda text: gzip.compress(gzip.compress(text.encode())),
    "UTF-16": lambda text: text.removeprefix("\ufeff").encode("utf-16"),
}


@pytest.mark.parametrize("packed", PACKED)
@pytest.mark.parametrize("form", FORMS)
def test_a_log_is_read_in_every_form(form: str, packed: str, sample: Edition, tmp_path: Path) -> None:
    """However it was exported, gzipped or not, the decisions are found, and nothing else is taken for one."""
    asked = request(1, COURSES, "en-US")
    one = line(asked, decide(asked, sample.catalog(COURSES), SAMPLE_CLOCK, NOBODY))
    file = tmp_path / "log"
    file.write_bytes(PACKED[packed](FORMS[form](one)))
    found = list(read_log(file))
    assert len(found) == (2 if "twice" in form else 1)
    assert {entry.request_identifier for entry in found} == {"request-1"}
    assert found[0].at == SAMPLE_CLOCK.timestamp()


def test_a_log_is_read_as_it_comes(sample: Edition, tmp_path: Path) -> None:
    """The first decision is there before the second line is read: a log may be larger than memory."""
    asked = request(1, COURSES, "en-US")
    text = ndjson(line(asked, decide(asked, sample.catalog(COURSES), SAMPLE_CLOCK, NOBODY)))
    file = tmp_path / "log"
    file.write_text(text * 10_000)
    entries = read_log(file)
    assert next(entries).request_identifier == "request-1"
    file.write_text("")  # what is left is what was buffered
    assert len(list(entries)) < 100


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"{" * 100_000, b"[" * 200_000, b'{"a": ' * 50_000])
def test_what_is_no_log_has_no_decisions(content: bytes, tmp_path: Path) -> None:
    """Whatever is in a file, reading it ends."""
    (tmp_path / "log").write_bytes(content)
    assert list(read_log(tmp_path / "log")) == []


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"PK\x03\x04\x14\0\x06\0\x08\0\0\0\0\0[Content_Types].xml", "a workbook of a spreadsheet program"),
        (b"PK\x03\x04\x14\0log.json", "a ZIP archive: unpack it"),
        (b"\x28\xb5\x2f\xfd\0", "packed by zstd"),
        (bz2.compress(b"{}"), "packed by bzip2"),
        (lzma.compress(b"{}"), "packed by xz"),
        (b"PAR1\x15\x04", "Parquet"),
        (b"\n<!DOCTYPE html><html>", "a page of HTML"),
        (b"%PDF-1.7", "a PDF"),
    ],
)  # fmt: skip
def test_an_export_that_is_no_text_is_named(content: bytes, told: str, tmp_path: Path) -> None:
    """Where else it would be a log without decisions."""
    (tmp_path / "log").write_bytes(content)
    with pytest.raises(Failure, match=told):
        list(read_log(tmp_path / "log"))


def test_a_pipe_is_read_and_a_device_is_not(tmp_path: Path) -> None:
    """What another program writes is a log; what never ends is none, and is not waited for."""
    reading, writing = os.pipe()
    os.write(writing, ndjson(dict.fromkeys(("productId", "localeAsked", "requestIdentifier"), "x")).encode())
    os.close(writing)
    assert len(list(read_log(Path(f"/dev/fd/{reading}")))) == 1
    os.close(reading)
    assert list(read_log(Path("/dev/null"))) == []
    with pytest.raises(NotOrdinaryError, match="is a device"):
        list(read_log(Path("/dev/zero")))
    (tmp_path / "log.zip").write_bytes(b"PK\x03\x04...")
    with pytest.raises(Failure, match="ZIP archive"):
        list(read_log(tmp_path / "log.zip"))


def test_half_a_gzip_file_is_told(tmp_path: Path) -> None:
    """A download that broke off is a sentence, not a shorter log."""
    (tmp_path / "log.gz").write_bytes(gzip.compress(b"x" * 100_000)[:60])
    with pytest.raises(Failure, match="no whole gzip file"):
        list(read_log(tmp_path / "log.gz"))


# The command


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with embedded_dynamodb() as url:
        yield url


def test_a_replay_from_a_file(run: Run, plain: Edition, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 3 where answers change and 0 where none do; text, JSON, and standard input."""
    same = str(edited(tmp_path, *NO_FACTS_ASKED, name="same.yaml"))
    other = str(edited(tmp_path, *NO_FACTS_ASKED, ("answer: {message: keep-basic}", "answer: fallback")))
    content = "".join(json.dumps(one) + "\n" for one in lines(plain, [(BASIC, "fr-FR", NOBODY)] * 2))
    log = tmp_path / "log"
    log.write_text(content)
    code, out, _ = run("replay", str(log), "--against", same)
    assert (code, "2 of 2 are answered as before (100 %)." in out) == (0, True)
    code, out, _ = run("replay", str(log), str(log), "--against", other)
    assert code == 3
    assert re.search(
        r"4 +100 % +keep-basic: message +keep-basic: no answer +trailhead.basic.monthly +fr-FR +request-0", out
    )
    code, out, _ = run("replay", str(log), "--against", other, "--json")
    document = json.loads(out)
    assert (code, document["changed"], document["changes"][0]["share"]) == (3, 2, 100.0)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(content.encode()))))
    assert run("replay", "-", "--against", same)[0] == 0


def test_dead_ends_are_one_sentence(run: Run, tmp_path: Path) -> None:
    """No log, an empty one, no draft, a draft with mistakes."""
    empty, bad = tmp_path / "empty", tmp_path / "bad.yaml"
    empty.write_text("")
    bad.write_text("rules: []\n")
    for arguments, told in (
        ((str(tmp_path / "none"), "--against", str(SAMPLE)), "No such file"),
        ((str(tmp_path), "--against", str(SAMPLE)), "Is a directory"),
        ((str(empty), "--against", str(SAMPLE)), "There is no logged decision in"),
        ((str(empty), "--against", str(tmp_path / "none.yaml")), "No such file"),
    ):
        code, out, err = run("replay", *arguments)
        assert (code, out, err.count("\n"), told in err) == (1, "", 1, True), err
    assert run("replay", str(empty), "--against", str(bad))[0] == 1
    assert run("replay", str(empty))[0] == 2


def test_a_replay_with_a_table(run: Run, endpoint: str, tmp_path: Path, sample: Edition) -> None:
    """States are the table's, and the release that decided proves what its decisions prove."""
    options, _ = empty_table(endpoint, "replayed")
    run("publish", str(SAMPLE), *options)
    lists = (str(EVENTS / "states" / name) for name in ("images.json", "messages.json"))
    run("import-states", *lists, *options, "--app", APP)
    log = tmp_path / "log"
    asked = [(ANNUAL, "en-US", NOBODY), (ANNUAL, "de-DE", NOBODY)]
    log.write_text("".join(json.dumps(one) + "\n" for one in lines(sample, asked)))
    code, out, _ = run("replay", str(log), "--against", str(SAMPLE), *options, "--json")
    document = json.loads(out)
    assert (code, document["undecidable"], document["provedByDecision"]) == (3, [], 2)
    [change] = document["changes"]  # the German text is in review: today the English one would serve
    assert (change["locales"], change["after"]["says"]) == (["de-DE"], "message, a text in another locale")
