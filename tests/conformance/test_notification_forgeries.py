"""Forged, damaged and edited notifications: outside and inside, each is judged as a request's token would be."""

from __future__ import annotations

from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from retention.errors import ForbiddenError, NotUnderstoodError, RetentionError, VerificationError
from retention.jws import SignedPayloadVerifier
from retention.notifications.judge import NotificationJudge
from retention.notifications.notification import read_notification, read_report

from tests.minting import APP_ID, NOW, Case, certificate_cases, good_chain, signed, token_cases
from tests.minting.notifications import BUNDLE, body, notification, renewal_claims, transaction_claims

ROOT: Final = good_chain()[2]
# About a request's own fields, and its own limit.
OF_REQUESTS: Final = {"claim_missing", "claim_type", "token_too_long"}
NO_JSON: Final = {"half a surrogate pair"}  # no JSON text that is read can hold it
CASES: Final = [
    case
    for case in (*certificate_cases(), *token_cases())
    if case.code not in OF_REQUESTS and case.roots == (ROOT,) and case.name not in NO_JSON
]
GOOD: Final = notification()
WARM: Final = NotificationJudge(SignedPayloadVerifier([ROOT]), {APP_ID: BUNDLE}, "Production", NOW)


def judge(roots: tuple[bytes, ...] = (ROOT,)) -> NotificationJudge:
    return NotificationJudge(SignedPayloadVerifier(roots), {APP_ID: BUNDLE}, "Production", NOW)


def code_of(token: str, judging: NotificationJudge) -> tuple[type[RetentionError], str]:
    with pytest.raises(RetentionError) as refused:
        read_notification(token, judging)
    return type(refused.value), refused.value.code


def expected(case: Case, otherwise: tuple[type[RetentionError], str]) -> tuple[type[RetentionError], str]:
    """Return the refusal of a case; its good signatures are under a request, which is another thing."""
    if case.code == "payload_not_json":
        return NotUnderstoodError, case.code
    return otherwise if case.code is None else (VerificationError, case.code)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_token_with_one_fault_is_no_notification(case: Case) -> None:
    """Each wrong chain and token of the corpus is refused with its own code."""
    assert code_of(body(case.token), judge()) == expected(case, (VerificationError, "not_a_notification"))


@pytest.mark.parametrize("place", ["transaction", "renewal"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_fault_inside_a_good_notification_is_found(case: Case, place: str) -> None:
    """The same wrong tokens are refused inside a notification whose own signature is good."""
    token = notification(transaction=case.token) if place == "transaction" else notification(renewal=case.token)
    assert code_of(token, judge()) == expected(case, (NotUnderstoodError, "another_token"))


@given(st.integers(0, len(GOOD) - 1), st.characters(codec="ascii") | st.characters())
def test_any_changed_character_is_refused(place: int, character: str) -> None:
    """If any character of a good notification is replaced by any other, it is refused."""
    changed = GOOD[:place] + character + GOOD[place + 1 :]
    if changed != GOOD:
        assert code_of(changed, WARM)[0] is VerificationError


@given(st.data(), st.sampled_from(["transaction", "renewal"]))
def test_any_change_inside_is_refused(data: st.DataObject, part: str) -> None:
    """A nested token of which any character was changed is refused, also where the outer signature is good."""
    good = signed(body=transaction_claims() if part == "transaction" else renewal_claims())
    place, character = data.draw(st.integers(0, len(good) - 1)), data.draw(st.characters(codec="ascii"))
    changed = good[:place] + character + good[place + 1 :]
    if changed != good:
        token = notification(transaction=changed) if part == "transaction" else notification(renewal=changed)
        assert code_of(token, WARM)[0] is VerificationError


@given(st.text() | st.text(alphabet='{}[]":,.eyJ \\u0', max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Any text that is posted ends in a notification or in a refusal, also as the token of a body."""
    for posted in (text, body(text), text + GOOD, GOOD + text):
        try:
            read_notification(posted, WARM)
        except (VerificationError, ForbiddenError, NotUnderstoodError):
            continue
        assert posted == GOOD or not text.strip()


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_report_is_read_or_refused(transaction: str, renewal: str) -> None:
    """Any text in the place of an answer of Apple's API is refused unless Apple signed it."""
    with pytest.raises(VerificationError):
        read_report(transaction, renewal, WARM)
