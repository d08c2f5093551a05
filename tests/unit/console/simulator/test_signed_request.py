"""A request as the App Store would post it, and the line for a shell that posts it."""

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
    """Three parts, as every JWS has."""
    body = json.loads(signed_body(request_claims(), COMMITTED_AUTHORITY))
    assert (list(body), body["signedPayload"].count(".")) == (["signedPayload"], 2)


def test_a_curl_line_is_one_command() -> None:
    """A shell reads the URL and the body as they are."""
    words = shlex.split(curl_line("http://127.0.0.1:1/x?a=1&b='2'", '{"signedPayload": "a b"}'))
    assert (words[0], words[-1]) == ("curl", '{"signedPayload": "a b"}')
    assert "http://127.0.0.1:1/x?a=1&b='2'" in words


def test_a_folder_without_certificates_is_no_test_ca(tmp_path: Path) -> None:
    """Files that are no certificates are named with their folder."""
    for name in COMMITTED_AUTHORITY.iterdir():
        (tmp_path / name.name).write_bytes(b"nothing")
    with pytest.raises(Failure, match="There is no usable test authority"):
        signed_body(request_claims(), tmp_path)
