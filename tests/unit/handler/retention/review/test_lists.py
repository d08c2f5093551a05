"""Apple's two lists: what is asked, and the error for an answer that is no list."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import pytest
from retention.appstore.transport import AppleCall, Transport
from retention.aws.deadline import Deadline
from retention.review.lists import AppStore
from retention.review.snapshot import ImageState, SnapshotFormatError

MESSAGE, IMAGE = "11111111-1111-5111-8111-111111111111", "99999999-9999-5999-8999-999999999999"
MESSAGES = {"messageIdentifiers": [{"messageIdentifier": MESSAGE, "messageState": "APPROVED"}]}
IMAGES = {"imageIdentifiers": [{"imageIdentifier": IMAGE, "imageState": "PENDING", "imageSize": "FULL_SIZE"}]}


@dataclass
class Apple:
    """Apple's answers in turn, and the calls that were made."""

    answers: list[object]
    calls: list[AppleCall] = field(default_factory=list)

    def store(self, monkeypatch: pytest.MonkeyPatch) -> AppStore:
        def ask(_: Transport, call: AppleCall, *__: object) -> bytes:
            self.calls.append(call)
            answer = self.answers.pop(0)
            return answer if isinstance(answer, bytes) else json.dumps(answer).encode()

        monkeypatch.setattr(Transport, "ask", ask)
        return AppStore("http://apple.example.com")


def soon() -> Deadline:
    return Deadline.after(300)


def token() -> str:
    return "a.b.c"


def test_both_lists_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is one GET of the Retention Messaging API."""
    apple = Apple([MESSAGES, IMAGES])
    store = apple.store(monkeypatch)
    assert store.messages(token, soon()) == {MESSAGE: "APPROVED"}
    assert store.images(token, soon()) == {IMAGE: ImageState("PENDING", "FULL_SIZE")}
    assert apple.calls == [
        AppleCall("/message/list", "/inApps/v1/messaging/message/list"),
        AppleCall("/image/list", "/inApps/v1/messaging/image/list"),
    ]
    store.close()


@pytest.mark.parametrize("document", [{}, [], b"<html>", {"messageIdentifiers": [{}]}])
def test_a_success_that_holds_no_list_is_no_empty_list(monkeypatch: pytest.MonkeyPatch, document: object) -> None:
    """A proxy's page, read as an empty list, would stop every message."""
    if document == {}:
        document = {"status": "maintenance"}
    with pytest.raises(SnapshotFormatError):
        Apple([document]).store(monkeypatch).messages(token, soon())
