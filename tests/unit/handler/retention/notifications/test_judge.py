"""Who signed a notification, when, and for whom."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Final

import pytest
from retention.errors import ForbiddenError, NoReleaseError, NotUnderstoodError, RetentionError, VerificationError
from retention.notifications.judge import LATE_LISTING, MAX_CHARACTERS, NotificationJudge

from tests.minting import APP_ID, NOW, NOW_MS, SECOND, base64url, claims, key, signed
from tests.minting.notifications import BUNDLE

LEAF_END: Final = NOW + timedelta(days=300)
DAY: Final = timedelta(days=1)
END_MS: Final = NOW_MS + 300 * 86_400_000


def code_of(judge: NotificationJudge, token: str) -> str:
    with pytest.raises(RetentionError) as refused:
        judge.authenticate(token)
    return refused.value.code


def test_the_signature_is_judged_as_for_requests(judge: NotificationJudge) -> None:
    """A good token has its payload; one that another key signed is refused."""
    body = claims()
    assert judge.authenticate(signed(body=body)).payload == body
    assert code_of(judge, signed(signing_key=key("stranger"))) == "signature_invalid"


def test_a_long_token_is_read_up_to_its_limit(judge: NotificationJudge) -> None:
    """Longer than a request may be, and at most 256 K characters."""
    long = signed(body=claims(padding="x" * 100_000))
    assert len(long) > 64 * 1024
    assert judge.authenticate(long).payload["padding"] == "x" * 100_000
    with pytest.raises(VerificationError) as refused:
        judge.authenticate("x" * (MAX_CHARACTERS + 1))
    assert (refused.value.code, refused.value.evidence) == ("token_too_long", {"limit": MAX_CHARACTERS})


def test_an_authentic_payload_that_is_no_object_is_not_understood(judge: NotificationJudge) -> None:
    """What Apple signed and is no JSON object is not forged, and must not be dropped."""
    with pytest.raises(NotUnderstoodError, match="JSON"):
        judge.authenticate(signed(body=b"[1]"))


@pytest.mark.parametrize("days_before", [0, 3, 250], ids="at its end,days before,months before".split(","))
@pytest.mark.parametrize(
    ("late", "max_late", "refused"),
    [
        (SECOND, 7 * DAY, None),
        (7 * DAY, 7 * DAY, None),
        (7 * DAY + SECOND, 7 * DAY, "certificate_expired"),
        (200 * DAY, LATE_LISTING, None),
        (200 * DAY + SECOND, LATE_LISTING, "certificate_expired"),
    ],
    ids=str,
)
def test_a_certificate_may_end_before_a_late_delivery(
    judge: NotificationJudge, days_before: int, late: timedelta, max_late: timedelta, refused: str | None
) -> None:
    """For as long after the leaf's end as deliveries are late, what was signed before its end is taken."""
    token = signed(body=claims(signedDate=END_MS - days_before * 86_400_000))
    late_judge = replace(judge, now=LEAF_END + late, max_late=max_late)
    if refused:
        assert code_of(late_judge, token) == refused
    else:
        assert late_judge.authenticate(token).payload["userLocale"] == "en-US"


@pytest.mark.parametrize(
    "date", [END_MS + 1000, END_MS + 2 * 86_400_000, None, "today", 10**30, True, -(10**17)], ids=str
)
def test_a_date_after_the_end_of_the_certificate_does_not_help(judge: NotificationJudge, date: object) -> None:
    """A token whose date is after the leaf's end, ahead of the clock or no date stays refused."""
    token = signed(body=claims(signedDate=date))
    assert code_of(replace(judge, now=LEAF_END + DAY), token) == "certificate_expired"


def test_the_date_is_not_asked_for_another_fault(judge: NotificationJudge) -> None:
    """Late or not, a token that another key signed, or that is damaged, is refused."""
    late = replace(judge, now=LEAF_END + DAY)
    forged = signed(body=claims(signedDate=END_MS), signing_key=key("stranger"))
    assert code_of(late, forged) == "signature_invalid"
    header, _, signature = signed().split(".")
    assert code_of(late, f"{header}.{base64url(b'[]')}.{signature}") == "certificate_expired"
    assert code_of(late, f"{header}.!.{signature}") == "token_encoding"


def test_a_late_token_does_not_change_what_a_punctual_one_gets(judge: NotificationJudge) -> None:
    """The path that was judged at an earlier date is not taken for one that holds now."""
    late = replace(judge, now=LEAF_END + DAY)
    late.authenticate(signed(body=claims(signedDate=END_MS)))
    assert code_of(late, signed(body=claims(signedDate=END_MS + 2000))) == "certificate_expired"


def test_dates_ahead_of_the_clock_are_refused(judge: NotificationJudge) -> None:
    """Five minutes ahead are admitted, a moment more is not; the past is never refused."""
    for admitted in (None, 0, NOW_MS, NOW_MS + 300_000):
        judge.admit_date(admitted)
    with pytest.raises(ForbiddenError) as refused:
        judge.admit_date(NOW_MS + 300_001)
    assert refused.value.code == "too_new"


@pytest.mark.parametrize("environment", ["Sandbox", "Xcode", "LocalTesting", "production", ""])
def test_another_environment_is_refused(judge: NotificationJudge, environment: str) -> None:
    """Only the deployment's own environment is admitted, and the unsigned ones nowhere."""
    judge.admit_environment("Production")
    for deployment in (judge, replace(judge, environment=environment)):
        if environment == deployment.environment == "Sandbox":
            continue
        with pytest.raises(ForbiddenError):
            deployment.admit_environment(environment)


OTHER: Final = 1111
APPS: Final[list[tuple[dict[int, str | None], int | None, str | None, object]]] = [
    ({APP_ID: BUNDLE}, APP_ID, BUNDLE, APP_ID),
    ({APP_ID: BUNDLE}, APP_ID, None, APP_ID),
    ({APP_ID: None}, APP_ID, "com.example.renamed", APP_ID),
    ({APP_ID: BUNDLE}, None, BUNDLE, APP_ID),
    ({OTHER: None, APP_ID: BUNDLE}, None, BUNDLE, APP_ID),
    ({APP_ID: BUNDLE}, OTHER, BUNDLE, ForbiddenError),
    ({APP_ID: BUNDLE}, None, "com.example.other", ForbiddenError),
    ({APP_ID: None}, OTHER, BUNDLE, ForbiddenError),
    ({APP_ID: None}, None, BUNDLE, NoReleaseError),
    ({APP_ID: BUNDLE, OTHER: None}, None, "com.example.other", NoReleaseError),
    ({APP_ID: BUNDLE}, None, None, NotUnderstoodError),
]


@pytest.mark.parametrize(("apps", "app_apple_id", "bundle_id", "expected"), APPS, ids=str)
def test_the_app_is_known_by_its_id_or_its_bundle_id(
    judge: NotificationJudge,
    apps: dict[int, str | None],
    app_apple_id: int | None,
    bundle_id: str | None,
    expected: object,
) -> None:
    """The id decides where Apple wrote it. A bundle id that no release names yet may turn out to be ours."""
    ours = replace(judge, apps=apps)
    if isinstance(expected, int):
        assert ours.app_of(app_apple_id, bundle_id) == expected
    else:
        with pytest.raises(RetentionError) as refused:
            ours.app_of(app_apple_id, bundle_id)
        assert type(refused.value) is expected
