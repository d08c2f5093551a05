"""Lambda's runtime on this machine: the function's variables, and what a failed invocation shows."""

from __future__ import annotations

import io
import os
import tempfile
import urllib.error
from email.message import Message
from pathlib import Path
from typing import Any

import pytest

from console.local import emulator
from console.local.artefact import Artefact
from console.local.emulator import Emulator, InvocationError
from console.local.processes import PartMissingError

BUILT = Artefact(Path("/build/Function"), Path("/build/Layer"), Path("/build/template.yaml"))


@pytest.fixture(autouse=True)
def _parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """No part is looked for or downloaded."""
    monkeypatch.setattr(emulator, "_runtime_client", lambda: Path("/parts/awslambdaric"))


def test_the_function_sees_what_lambda_sets_and_its_own_variables() -> None:
    """The artefact, its layer and the runtime client are on the path; the function's own variables come last."""
    found = Emulator(BUILT, {"RETENTION_TABLE": "t", "AWS_REGION": "eu-west-1"}).environment
    assert found["PYTHONPATH"].split(os.pathsep) == ["/build/Function", "/build/Layer/python", "/parts/awslambdaric"]
    assert (found["LAMBDA_TASK_ROOT"], found["_HANDLER"]) == ("/build/Function", "app.get_retention_message")
    assert (found["RETENTION_TABLE"], found["AWS_REGION"]) == ("t", "eu-west-1")


def test_the_shells_variables_do_not_reach_the_function(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only PATH comes from the shell, so that credentials of the operator stay out."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "the operator's")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example")
    found = Emulator(BUILT, {}, handler="sync.run").environment
    assert (found["AWS_SECRET_ACCESS_KEY"], found["PATH"]) == ("test", os.environ["PATH"])
    assert "HTTPS_PROXY" not in found
    assert found["_HANDLER"] == "sync.run"


class PreparedOpener:
    """In the place of urllib's opener: each request gets `answer`."""

    def __init__(self, answer: bytes | Exception) -> None:
        self.answer = answer
        self.sent: list[bytes] = []

    def open(self, request: Any, timeout: float) -> io.BytesIO:
        assert timeout == emulator.INVOKE_SECONDS
        self.sent.append(request.data)
        if isinstance(self.answer, Exception):
            raise self.answer
        return io.BytesIO(self.answer)


def invoked(monkeypatch: pytest.MonkeyPatch, answer: bytes | Exception) -> Any:
    opener = PreparedOpener(answer)
    monkeypatch.setattr(emulator, "_DIRECTLY", opener)
    with tempfile.TemporaryFile() as log:
        running = Emulator(BUILT, {}, log=log)
        found = running.invoke({"body": "{}"})
    assert opener.sent == [b'{"body": "{}"}']
    return found


def test_an_answer_is_the_functions_document(monkeypatch: pytest.MonkeyPatch) -> None:
    """The event is sent as JSON, and the answer is returned as data."""
    assert invoked(monkeypatch, b'{"statusCode": 204}') == {"statusCode": 204}


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        (b'{"errorType": "ImportError", "errorMessage": "no module"}', "ImportError"),
        (b"hello", "Expecting value"),
        (b"null", "None"),
        (urllib.error.HTTPError("", 502, "", Message(), io.BytesIO(b"init failed")), "init failed"),
        (urllib.error.URLError("refused"), "refused"),
        (TimeoutError("too late"), "too late"),
    ],
    ids=["an exception", "not JSON", "no object", "HTTP 502", "no connection", "no answer"],
)
def test_a_failed_invocation_is_an_error(
    monkeypatch: pytest.MonkeyPatch, answer: bytes | Exception, shown: str
) -> None:
    """If the function gives no answer, InvocationError shows what came instead."""
    with pytest.raises(InvocationError, match=shown):
        invoked(monkeypatch, answer)


def test_without_the_emulator_the_error_names_make_setup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A checkout without SAM CLI has no emulator; the error names the command that installs it."""
    monkeypatch.setattr(emulator, "ROOT", tmp_path)
    with pytest.raises(PartMissingError, match="make setup"):
        emulator._emulator_binary.__wrapped__()


def test_the_emulator_of_sams_wheel_is_made_executable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wheel does not keep file modes, so the emulator gets the right to run when it is found."""
    folder = tmp_path / ".venv-sam" / "lib" / "python3.13" / "site-packages" / "samcli" / "local" / "rapid"
    folder.mkdir(parents=True)
    binary = folder / "aws-lambda-rie-arm64"
    binary.touch(mode=0o644)
    monkeypatch.setattr(emulator, "ROOT", tmp_path)
    monkeypatch.setattr(emulator, "machine", lambda: "arm64")
    assert emulator._emulator_binary.__wrapped__() == binary
    assert os.access(binary, os.X_OK)
