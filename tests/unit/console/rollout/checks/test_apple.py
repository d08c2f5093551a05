"""The checks of both keys and of Apple's API: each failure of Apple has a code of its own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import pytest
from retention.review.snapshot import ImageState

from console.appstore.api_key import ApiKey
from console.appstore.errors import AppleError, Kind
from console.deployment.where import Access
from console.file.document import read_document
from console.file.entries import Document
from console.rollout.checks import apple
from console.rollout.checks.finding import BAD, GOOD, UNKNOWN
from console.rollout.checks.known import Known
from tests.support.apple_in_memory import AppleInMemory, target_in_memory
from tests.support.doctor_checks import checked, known, verdicts
from tests.support.planned_file import FILE
from tests.support.simulated_app import APP, KEY_ID, PEM

URL = "https://example.com/v1/retention-message/0123456789abcdef0123456789abcdef"
KEY = ApiKey(KEY_ID, APP.issuer_id, PEM)


class Service(AppleInMemory):
    """Stands for Apple's client, which is opened and closed."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass


class Refusing(Service):
    """Refuses the first list that is read."""

    error: AppleError

    def messages(self) -> dict[str, str]:
        raise self.error


@pytest.fixture
def document(folder: Path) -> Document:
    named = f"issuerId: {APP.issuer_id}, keyId: {KEY_ID}}}"
    return read_document(FILE.replace("com.example.app}", f"com.example.app, {named}").encode(), folder)


@pytest.fixture
def given(document: Document) -> Known:
    return known(document=document, target=target_in_memory(key_prefix="/retention"), key=KEY)


def serves(monkeypatch: pytest.MonkeyPatch, service: Service) -> None:
    monkeypatch.setattr(apple, "Apple", lambda *_, **__: service)


def refuses(monkeypatch: pytest.MonkeyPatch, kind: Kind, **more: Any) -> None:
    service = Refusing()
    service.error = AppleError(kind, "Apple refuses the call.", **more)
    serves(monkeypatch, service)


class Ssm:
    """Parameter Store with one parameter."""

    def __init__(self, value: bytes) -> None:
        self.value = value

    def get_parameter(self, Name: str, WithDecryption: bool) -> Any:  # noqa: N803,FBT001  # botocore's spelling
        assert (Name, WithDecryption) == (f"/retention/{KEY_ID}", True)
        return {"Parameter": {"Value": self.value.decode()}}


def test_the_functions_key_is_read_in_parameter_store(given: Known, monkeypatch: pytest.MonkeyPatch) -> None:
    """The finding names the parameter, and nothing of the key."""
    monkeypatch.setattr(Known, "aws", lambda *_: Ssm(PEM))
    [finding], _ = checked(apple.signing_key, given)
    assert (finding.verdict, f"/retention/{KEY_ID}" in finding.found) == (GOOD, True)
    monkeypatch.setattr(Known, "aws", lambda *_: Ssm(b"hello"))
    with pytest.raises(Exception, match="is not an unencrypted PEM"):
        checked(apple.signing_key, given)


def test_a_good_key_goes_to_the_next_check(given: Known, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is found as every command finds it."""
    monkeypatch.setattr(apple, "find_key", lambda *_: KEY)
    found, after = checked(apple.api_key, replace(given, key=None))
    assert ([finding.verdict for finding in found], after.key) == ([GOOD], KEY)


def test_a_key_that_looks_wrong_is_bad_and_tried_all_the_same(given: Known, monkeypatch: pytest.MonkeyPatch) -> None:
    """The name of a file may be wrong while the key in it is right."""
    monkeypatch.setattr(apple, "find_key", lambda *_: KEY)
    found, after = checked(apple.api_key, replace(given, access=Access("AuthKey_ABCDEFGHIJ.p8"), key=None))
    assert [(finding.code, finding.verdict) for finding in found] == [("api-key", BAD)] * 2
    assert after.key == KEY


def test_what_apple_has_goes_to_the_later_checks(given: Known, monkeypatch: pytest.MonkeyPatch) -> None:
    """The counts of both lists are reported, and the URL without its PathSecret."""
    serves(monkeypatch, Service(message_states={"m": "APPROVED"}, image_states={"i": ImageState("PENDING")}, url=URL))
    found, after = checked(apple.apple, given)
    assert [(finding.code, finding.verdict) for finding in found] == [("apple", GOOD), ("endpoint", GOOD)]
    assert "it has 1 message and 1 image." in found[0].found
    assert "0123456789abcdef" not in found[1].found
    assert after.seen is not None
    assert after.seen.messages == {"m": "APPROVED"}


def test_without_a_url_apple_sends_no_requests(given: Known, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything else may be good then."""
    serves(monkeypatch, Service())
    assert verdicts(apple.apple, given) == {"apple": GOOD, "endpoint": BAD}


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (Kind.NO_ACCESS, "no-access"),
        (Kind.RATE_LIMITED, "rate-limit"),
        (Kind.NOT_APPLE, "wrong-host"),
        (Kind.TLS, "wrong-host"),
        (Kind.UNREACHABLE, "unreachable"),
        (Kind.TIMED_OUT, "unreachable"),
        (Kind.SERVER, "apple-fails"),
        (Kind.REFUSED, "apple"),
    ],
)
def test_each_failure_of_apple_has_its_code(
    given: Known, kind: Kind, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sentence is the error's own, and the later checks know nothing of Apple."""
    refuses(monkeypatch, kind)
    [finding], after = checked(apple.apple, given)
    assert (finding.code, finding.verdict, finding.found) == (code, BAD, "Apple refuses the call.")
    assert after.seen is None


@pytest.mark.parametrize(
    ("skew", "connect", "code"),
    [
        (3600.0, None, "clock-skew"),
        (-61.0, True, "clock-skew"),
        (60.0, True, "wrong-key-kind"),
        (None, True, "wrong-key-kind"),
        (None, False, "wrong-issuer-or-bundle"),
        (None, None, "unauthorized"),
    ],
)
def test_a_refused_key_is_explained_by_the_clock_or_by_another_api(
    given: Known,
    skew: float | None,
    connect: bool | None,  # noqa: FBT001  # a parameter
    code: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A clock more than a minute off is the reason; else the App Store Connect API is asked whether the key is its."""
    refuses(monkeypatch, Kind.UNAUTHORIZED, status=401, clock_skew=skew)
    monkeypatch.setattr("console.appstore.key_kind.is_connect_key", lambda *_: connect)
    assert verdicts(apple.apple, given) == {code: BAD}


@pytest.mark.parametrize(
    "changed", [{"access": Access(url="http://127.0.0.1:8700")}, {"connect_url": None}], ids=["a simulator", "no URL"]
)
def test_the_other_api_is_asked_only_about_apples_own_answers(
    given: Known, changed: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key of the simulator is no business of Apple's."""
    refuses(monkeypatch, Kind.UNAUTHORIZED, status=401)
    monkeypatch.setattr("console.appstore.key_kind.is_connect_key", lambda *_: pytest.fail("Apple was asked"))
    assert verdicts(apple.apple, replace(given, **changed)) == {"unauthorized": BAD}


@pytest.mark.parametrize(
    ("check", "code"), [(apple.signing_key, "signing-key"), (apple.api_key, "api-key"), (apple.apple, "apple")]
)
def test_without_what_a_check_needs_it_is_unknown(check: Any, code: str) -> None:
    """The check before has reported why."""
    assert verdicts(check, known()) == {code: UNKNOWN}
