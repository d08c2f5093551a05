"""`retention replay` prints the answers that change, most frequent first, and what could not be judged."""

from __future__ import annotations

from collections import Counter
from functools import partial

import pytest

from console.decisions.replay import AnswerChange, Replayed
from console.decisions.replay_report import show
from tests.support.printed import json_document, printed


def change(rule: str, count: int, *, same: bool = False, products: int = 1) -> AnswerChange:
    names = {f"p{number}" for number in range(products)}
    return AnswerChange(rule, f"{rule}-new", "message", "no answer", same, count, names, {"fr-FR"}, [f"request-{rule}"])


def replayed(*changes: AnswerChange, **more: object) -> Replayed:
    made = {(one.before,): one for one in changes}
    return Replayed(changes=made, **more)  # type: ignore[arg-type]  # any fields that a test passes


def text(found: Replayed, capsys: pytest.CaptureFixture[str]) -> str:
    return printed(partial(show, found, "draft.yaml"), capsys)


def test_a_log_that_changes_nothing_is_two_sentences(capsys: pytest.CaptureFixture[str]) -> None:
    """The number of requests with their period in UTC, and the share that is answered as before."""
    found = replayed(requests=2, unchanged=2, first=1795521600.0, last=1795525200.0)
    assert text(found, capsys).splitlines() == [
        "2 logged requests against draft.yaml, 2026-11-24 12:00 to 2026-11-24 13:00 UTC.",
        "2 of 2 are answered as before (100 %).",
        "",
    ]


def test_changes_are_a_table_with_the_most_frequent_first(capsys: pytest.CaptureFixture[str]) -> None:
    """A row has the count, the share, both answers, at most three products, the locales and an example."""
    found = replayed(change("rare", 1, same=True), change("often", 3, products=4), requests=8, unchanged=4)
    often, rare = [line.split() for line in text(found, capsys).splitlines() if "request-" in line]
    assert often == (
        "3 37.5 % often: message often-new: no answer p0, p1, p2 … fr-FR request-often".split()
    )  # fmt: skip
    assert rare == "1 12.5 % rare: message rare-new: no answer (the same answer) p0 fr-FR request-rare".split()


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"undecidable": Counter(trials=3), "examples": {"trials": ["request-9"]}},
         ("3 undecidable: whether `trials` answers is up to facts about the customer, or to what they have redeemed,"
          " which are not logged (such as request-9).\n")),
        ({"skipped": Counter({"the line has no time": 2})}, "2 left out: the line has no time.\n"),
        ({"proved": 4}, "4 decided because the logged decision proves what the facts were.\n"),
        ({"unnamed": 5}, "5 answers before name no offer or product in the log: compared by kind and message only.\n"),
        ({"rehearsals": 6}, "6 were rehearsals, not signed by Apple.\n"),
    ],
    ids=["undecidable", "left out", "proved", "unnamed", "rehearsals"],
)  # fmt: skip
def test_what_limits_the_result_is_printed_last(
    more: dict[str, object], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each reason has a sentence with its count, and none is printed where the count is 0."""
    assert text(replayed(requests=9, **more), capsys).endswith(f"\n\n{expected}")


def test_shares_are_of_the_requests_that_could_be_decided(capsys: pytest.CaptureFixture[str]) -> None:
    """Undecidable and skipped requests count in no share; with none decided the share is 0 %, not an error."""
    document = json_document(partial(show, replayed(change("a", 1), requests=9, unchanged=2), "draft.yaml"), capsys)
    assert (document["decided"], document["changed"], document["changes"][0]["share"]) == (3, 1, 33.33)
    assert "0 of 0 are answered as before (0 %)." in text(replayed(requests=9), capsys)


def test_the_document_has_counts_and_examples(capsys: pytest.CaptureFixture[str]) -> None:
    """Undecidable requests are listed by rule, the ones left out by reason; the period is in ISO 8601."""
    found = replayed(
        change("a", 1, products=2), requests=4, undecidable=Counter(trials=1), examples={"trials": ["request-9"]},
        skipped=Counter({"the line is cut off": 2}), first=1795521600.0, last=1795521600.0,
    )  # fmt: skip
    document = json_document(partial(show, found, "draft.yaml"), capsys)
    assert (document["against"], document["from"]) == ("draft.yaml", "2026-11-24T12:00:00+00:00")
    assert document["changes"] == [{
        "before": {"by": "a", "says": "message"}, "after": {"by": "a-new", "says": "no answer"}, "sameAnswer": False,
        "requests": 1, "share": 100.0, "products": ["p0", "p1"], "locales": ["fr-FR"], "examples": ["request-a"],
    }]  # fmt: skip
    assert document["undecidable"] == [{"rule": "trials", "requests": 1, "examples": ["request-9"]}]
    assert document["leftOut"] == {"the line is cut off": 2}
