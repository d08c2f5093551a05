"""For which machine a layer's native code was made, read from parts of its zip file."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests

from console.deployment.layer_machine import machine_of
from console.terminal.failure import Failure

URL = "https://layers.example.com/l?signature=hush-hush"


def elf(machine: int) -> bytes:
    return b"\x7fELF" + bytes(14) + machine.to_bytes(2, "little") + bytes(200_000)


def layer(**files: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in files.items():
            archive.writestr(f"python/{name}", content)
    return made.getvalue()


@dataclass
class Answer:
    status_code: int
    content: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Storage:
    """Answers in the place of `requests.get`; with `parts`, as a server that knows Range."""

    content: bytes
    parts: bool = True
    sent: int = 0

    def get(self, url: str, *, headers: dict[str, str], **options: Any) -> Answer:
        assert (url, options["verify"]) == (URL, True)
        if not self.parts:
            return Answer(200, self.content)
        first, _, last = headers["Range"].removeprefix("bytes=").partition("-")
        size = len(self.content)
        begins, ends = (int(first), int(last) + 1) if first else (size - int(last), size)
        part = self.content[begins:ends]
        self.sent += len(part)
        return Answer(206, part, {"content-range": f"bytes {begins}-{ends - 1}/{size}"})


@pytest.mark.parametrize("parts", [True, False])
@pytest.mark.parametrize(
    ("content", "machine"),
    [
        (layer(**{"a.py": b"x", "_rust.abi3.so": elf(183)}), "arm64"),
        (layer(**{"lib.so.1": elf(62)}), "x86_64"),
        (layer(**{"a.so": elf(243)}), "ELF machine 243"),
        (layer(**{"a.so": b"#!/bin/sh", "b.so": elf(62)}), "x86_64"),
        (layer(**{"a.py": b"x"}), None),
    ],
)
def test_the_first_shared_object_names_the_machine(
    monkeypatch: pytest.MonkeyPatch, content: bytes, machine: str | None, *, parts: bool
) -> None:
    """A layer without native code runs on any machine; a server without Range sends all of it."""
    monkeypatch.setattr(requests, "get", Storage(content, parts).get)
    assert machine_of(URL) == machine


def test_a_large_layer_is_not_fetched_completely(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the zip file's directory and the object's first bytes are asked for."""
    storage = Storage(layer(**{"a.py": bytes(2_000_000), "b.so": elf(62)}))
    monkeypatch.setattr(requests, "get", storage.get)
    assert machine_of(URL) == "x86_64"
    assert storage.sent < len(storage.content) // 4


@pytest.mark.parametrize("answer", [Answer(403), Answer(206), Answer(200, b"no zip file")])
def test_a_layer_that_cannot_be_read_is_a_failure_without_its_url(
    monkeypatch: pytest.MonkeyPatch, answer: Answer
) -> None:
    """The URL lets every holder read the layer, so that no message repeats it."""
    monkeypatch.setattr(requests, "get", lambda *_, **__: answer)
    with pytest.raises(Failure, match="The layer could not be read") as failed:
        machine_of(URL)
    assert "hush-hush" not in str(failed.value)


def test_a_connection_that_fails_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence names the class of the error alone."""

    def refuse(*_: Any, **__: Any) -> None:
        raise requests.ConnectionError(URL)

    monkeypatch.setattr(requests, "get", refuse)
    with pytest.raises(Failure, match=r"\(ConnectionError\)"):
        machine_of(URL)
