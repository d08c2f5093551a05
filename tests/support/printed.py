"""What a report prints, as text and as its JSON document, without a command around it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from console.terminal.output import Output

Show = Callable[[Output], object]


def printed(show: Show, capsys: pytest.CaptureFixture[str]) -> str:
    """Return what `show` prints on standard output for a person."""
    show(Output())
    return capsys.readouterr().out


def json_document(show: Show, capsys: pytest.CaptureFixture[str]) -> Any:
    """Return the document that `show` prints with --json: it fails if there is anything else on standard output."""
    show(Output(as_json=True))
    return json.loads(capsys.readouterr().out)
