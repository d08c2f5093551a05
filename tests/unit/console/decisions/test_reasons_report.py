"""`retention explain` prints the rules with their verdicts, then the answer that Apple would get."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

import pytest
from retention.catalog import Answer
from retention.decision import Assignment, Decision, Delivery, Outcome
from retention.request import RetentionRequest

from console.decisions.asked_facts import AskedFact
from console.decisions.reasons import Explanation, PartResult, Refused, Verdict
from console.decisions.reasons_report import show
from tests.support.printed import json_document, printed

REQUEST = RetentionRequest("99371282", 6745974591, "pro", "fr-CA", "3db5c98d", "Sandbox", 0)
DELIVERY = Delivery(Answer("message", "keep", {}), "id-1", "fr-FR")
ANSWERED = Explanation(
    REQUEST,
    "file.yaml",
    Decision(Outcome.ANSWERED, "", "keep", DELIVERY, (Assignment("key", "control", delivered=True, slots=5000),)),
    (
        Verdict("trials", 3, "passed_over", "condition_false", "its condition does not hold", (
            PartResult(0, "all of", "", "no"),
            PartResult(1, "customer.inTrial is true", "missing", "unknown"),
        )),
        Verdict("keep", 9, "answers", "", "message with keep in fr-FR", ()),
        Verdict("late", 12, "not_reached", "", "", ()),
    ),
    {"message": {"messageIdentifier": "id-1"}},
    None,
    ("Every text is taken as approved.",),
)  # fmt: skip
FALLBACK = replace(ANSWERED, decision=Decision(Outcome.NO_RULE, ""), verdicts=(), decided=None, notes=())
REFUSED = Refused(403, "wrong_app", "the request is of app 7.")


def test_rules_are_printed_in_order_with_their_tests(capsys: pytest.CaptureFixture[str]) -> None:
    """A rule has its line in the file and the reason; each test has what was found and whether it holds."""
    text = printed(partial(show, ANSWERED), capsys)
    assert text.startswith(
        "pro in fr-CA, by file.yaml\n"
        "- trials (line 3): its condition does not hold\n"
        "    no      all of\n"
        "      unknown customer.inTrial is true (it is missing)\n"
        "→ keep (line 9): message with keep in fr-FR\n"
        "  late (line 12): not reached\n"
        "\n"
        "200, by the rule keep:\n"
    )
    assert text.endswith("Note: Every text is taken as approved.\n")
    assert '"messageIdentifier": "id-1"' in text


def test_facts_have_their_source_and_age(capsys: pytest.CaptureFixture[str]) -> None:
    """What rules ask for is a table after them; the document has it with the instant of Apple's signature."""
    facts = (
        AskedFact("customer.plan", "gold", "the profile", None, None),
        AskedFact("subscription.renewals", "3", "Apple, all transactions", datetime(2026, 11, 22, tzinfo=UTC), 2),
        AskedFact("redemptions", "none", "Apple", datetime(2026, 11, 24, tzinfo=UTC), 0),
    )
    lines = printed(partial(show, replace(ANSWERED, facts=facts)), capsys).splitlines()
    table = [" ".join(line.split()) for line in lines]
    at = table.index("fact value from signed by Apple")
    assert table[at - 1 : at + 5] == [
        "",
        "fact value from signed by Apple",
        "customer.plan gold the profile",
        "subscription.renewals 3 Apple, all transactions 2 days ago",
        "redemptions none Apple today",
        "",
    ]
    document = json_document(partial(show, replace(ANSWERED, facts=facts)), capsys)
    assert document["facts"][1] == {
        "name": "subscription.renewals",
        "found": "3",
        "source": "Apple, all transactions",
        "signedAt": "2026-11-22T00:00:00+00:00",
        "ageDays": 2,
    }


@pytest.mark.parametrize(
    ("explanation", "expected"),
    [
        (FALLBACK, "204, no body (no_rule): the App Store falls back.\n"),
        (replace(FALLBACK, refused=REFUSED),
         ("403, no body (wrong_app: the request is of app 7): the App Store falls back.\n"
          "Otherwise it would be 204, no body (no_rule): the App Store falls back.\n")),
        (replace(ANSWERED, refused=REFUSED, notes=()),
         ("403, no body (wrong_app: the request is of app 7): the App Store falls back.\n"
          "Otherwise it would be 200, by the rule keep:\n")),
    ],
)  # fmt: skip
def test_the_answer_comes_with_its_status(
    explanation: Explanation, expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A refused request gets 403; the answer that the rules would give is printed after it."""
    assert expected in printed(partial(show, explanation), capsys)


def test_no_line_has_the_original_transaction_id(capsys: pytest.CaptureFixture[str]) -> None:
    """The customer's transaction is in the request, and neither in the text nor in the document."""
    assert REQUEST.original_transaction_id not in printed(partial(show, ANSWERED), capsys)
    assert REQUEST.original_transaction_id not in str(json_document(partial(show, ANSWERED), capsys))


def test_the_document_has_what_apple_would_get(capsys: pytest.CaptureFixture[str]) -> None:
    """Status, body, outcome and rule stand at the top; nothing else would happen, so `otherwise` is null."""
    document = json_document(partial(show, ANSWERED), capsys)
    assert document["request"] == {
        "productId": "pro", "userLocale": "fr-CA", "appAppleId": 6745974591, "environment": "Sandbox",
    }  # fmt: skip
    assert (document["status"], document["body"]) == (200, {"message": {"messageIdentifier": "id-1"}})
    assert (document["outcome"], document["rule"], document["message"]) == ("answered", "keep", "id-1")
    assert document["assignments"] == [{"key": "key", "arm": "control", "delivered": True, "slots": 5000}]
    assert [rule["verdict"] for rule in document["rules"]] == ["passed_over", "answers", "not_reached"]
    assert (document["refused"], document["otherwise"]) == (None, None)


def test_the_document_of_a_refused_request_has_both_answers(capsys: pytest.CaptureFixture[str]) -> None:
    """What Apple would get is the refusal; `otherwise` has the status and body that the rules decided."""
    document = json_document(partial(show, replace(ANSWERED, refused=REFUSED)), capsys)
    assert (document["status"], document["body"], document["refused"]["code"]) == (403, None, "wrong_app")
    assert document["otherwise"] == {"status": 200, "body": {"message": {"messageIdentifier": "id-1"}}}
