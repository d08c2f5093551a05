"""`retention coverage` prints a coverage cell by cell, and lists what is missing under it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

import pytest
from retention.catalog import Answer
from retention.decision import Delivery

from console.decisions.coverage import Cell, Coverage, PassedOver, RealTimeAnswer, Waiting
from console.decisions.coverage_report import show
from console.decisions.unreachable import Unreachable
from tests.support.printed import json_document, printed

AT = datetime(2026, 11, 24, 12, tzinfo=UTC)
OFFER = Answer(
    "promotionalOffer", "offer-text", {"productId": "pro", "offerIdentifier": "half", "signature": "v2"}
)  # fmt: skip
MAYBE = RealTimeAnswer("trials", everyone=False, when="customer.inTrial is true", arm=None, share=None, delivery=None)
CONTROL = RealTimeAnswer(
    "test", everyone=True, when="", arm="control", share="90 %", delivery=Delivery(OFFER, "ABC", "fr-FR")
)
SWITCH = replace(CONTROL, arm="switch", share="10 %", delivery=None)
TEXTS = {"abc": {"header": "Restez", "body": "Moitié prix."}}


def covered(*cells: Cell, **more: object) -> Coverage:
    fields: dict[str, object] = {"unreachable": (), "waiting": (), "texts": TEXTS, "paused": False, **more}
    return Coverage("file.yaml", "texts as approved", AT, cells=cells, **fields)  # type: ignore[arg-type]  # any fields


def cell(*answers: RealTimeAnswer, product: str = "pro", locale: str = "fr-FR", **more: object) -> Cell:
    fields: dict[str, object] = {"passed_over": (), "complete": True, "default": None, **more}
    return Cell(product, locale, answers, **fields)  # type: ignore[arg-type]  # any fields that a test passes


def lines(found: Coverage, capsys: pytest.CaptureFixture[str]) -> list[str]:
    return printed(partial(show, found), capsys).splitlines()


def test_a_cell_lists_its_answers_in_the_order_of_the_rules(capsys: pytest.CaptureFixture[str]) -> None:
    """Each answer names for whom it is, by which rule; arms have their share, and the text that customers read."""
    assert lines(covered(cell(MAYBE, CONTROL, SWITCH, default="abc")), capsys) == [
        "file.yaml, as of 2026-11-24 12:00 UTC, texts as approved.",
        "",
        "pro",
        "  fr-FR",
        "    some customers, by trials (if customer.inTrial is true): fallback",
        "    everyone else, by test:",
        "      90 % control: promotionalOffer half of pro (v2) with offer-text in fr-FR: “Restez” Moitié prix.",
        "      10 % switch: fallback",
        "    below it: App Store Connect's message, if it has one; the default message: “Restez” Moitié prix.",
    ]


def test_locales_with_the_same_answers_are_printed_together(capsys: pytest.CaptureFixture[str]) -> None:
    """Fifty locales that read the same take one paragraph."""
    found = covered(cell(MAYBE), cell(locale="ja", complete=False), cell(MAYBE, locale="fr-CA"))
    assert [line for line in lines(found, capsys) if line.startswith("  ") and line[2] != " "] == [
        "  fr-FR, fr-CA",
        "  ja",
    ]


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (cell(complete=False), "everyone: no real-time answer, since no rule has one"),
        (cell(MAYBE, complete=False), "everyone else: no real-time answer, since no rule has one"),
        (cell(passed_over=(PassedOver("winter", "before_schedule", "it begins later"),)),
         "(winter does not answer: it begins later)"),
        (cell(product="*"), "App Store Connect's message, if it has one; the default message, if there is one; else"),
        (cell(default="unknown-id"), "the default message: unknown-id"),
        (cell(replace(CONTROL, arm=None, delivery=Delivery(OFFER, "OLD", "ja"))),
         "in ja: the text of an earlier release, OLD"),
    ],
)  # fmt: skip
def test_a_cell_prints_what_it_lacks(one: Cell, expected: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A cell may have no rule, a rule passed over, a product outside the file, or a text of an earlier release."""
    assert expected in printed(partial(show, covered(one)), capsys)


def test_a_pause_is_printed_first_and_is_the_reason(capsys: pytest.CaptureFixture[str]) -> None:
    """While answers are paused, no cell blames the rules."""
    found = lines(covered(cell(complete=False), paused=True), capsys)
    assert found[1] == "Paused: no customer gets a real-time answer until `retention resume`."
    assert "    everyone: no real-time answer" in found


def test_what_is_missing_is_listed_under_the_cells(capsys: pytest.CaptureFixture[str]) -> None:
    """Unreachable rules, texts in review and products without a default have a heading each, and a line for each."""
    found = covered(
        cell(CONTROL),
        cell(CONTROL, locale="fr-CA"),
        unreachable=(Unreachable("late", "switch", 7, "its schedule is over"),),
        waiting=(Waiting("keep", "ja", "id-1", "PENDING", "id-0", ("keep-pro", "test, arm switch")),),
    )
    text = printed(partial(show, found), capsys)
    assert "no request can come to:\n  late, arm switch (line 7): its schedule is over\n" in text
    assert (
        "Not approved by App Review:\n"
        "  keep in ja (id-1) is PENDING; meanwhile its predecessor id-0 serves: keep-pro; test, arm switch\n"
    ) in text
    assert text.endswith("or may show nothing at all:\n  pro: fr-FR, fr-CA\n")


def test_the_document_has_the_terms_that_a_kind_of_answer_has(capsys: pytest.CaptureFixture[str]) -> None:
    """An answer that falls back has no message; an offer has its terms, and its text as far as it is known."""
    document = json_document(partial(show, covered(cell(MAYBE, CONTROL, default="abc"))), capsys)
    [only] = document["cells"]
    assert only["realTime"][0] == {
        "rule": "trials", "everyone": False, "when": "customer.inTrial is true", "arm": None, "share": None,
        "answer": "fallback",
    }  # fmt: skip
    assert only["realTime"][1] == {
        "rule": "test", "everyone": True, "when": None, "arm": "control", "share": "90 %",
        "answer": "promotionalOffer", "productId": "pro", "offerIdentifier": "half", "signature": "v2",
        "messages": "offer-text", "locale": "fr-FR", "message": "ABC", "text": TEXTS["abc"],
    }  # fmt: skip
    limit = {"times": 1, "days": 365, "of": "any"}
    limited = replace(CONTROL, delivery=Delivery(replace(OFFER, fields={**OFFER.fields, "limit": limit}), "ABC", "ja"))
    [of_offer] = json_document(partial(show, covered(cell(limited))), capsys)["cells"][0]["realTime"]
    assert (of_offer["signature"], of_offer["limit"]) == ("v2", limit)
    assert [below["from"] for below in only["below"]] == ["App Store Connect", "default message", "nothing"]
    assert (document["at"], document["withoutDefault"]) == ("2026-11-24T12:00:00+00:00", [])
