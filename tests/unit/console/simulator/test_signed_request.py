"""A request as the App Store posts it, and a shell command that posts it."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from console.simulator.authority import request_claims
from console.simulator.signed_request import curl_line, signed_body
from console.simulator.simulator import COMMITTED_AUTHORITY
from console.terminal.failure import Failure


def test_a_body_is_one_signed_payload() -> None:
    """The body has one key, whose value is a JWS of three parts."""
    body = json.loads(signed_body(request_claims(), COMMITTED_AUTHORITY))
    assert (list(body), body["signedPayload"].count(".")) == (["signedPayload"], 2)


def test_a_curl_line_is_one_command() -> None:
    """A shell passes the URL and the body to curl unchanged."""
    words = shlex.split(curl_line("http://127.0.0.1:1/x?a=1&b='2'", '{"signedPayload": "a b"}'))
    assert (words[0], words[-1]) == ("curl", '{"signedPayload": "a b"}')
    assert "http://127.0.0.1:1/x?a=1&b='2'" in words


def test_a_folder_without_certificates_is_no_test_authority(tmp_path: Path) -> None:
    """The error names the folder with the invalid files."""
    for name in COMMITTED_AUTHORITY.iterdir():
        (tmp_path / name.name).write_bytes(b"nothing")
    with pytest.raises(Failure, match="There is no usable test authority"):
        signed_body(request_claims(), tmp_path)
