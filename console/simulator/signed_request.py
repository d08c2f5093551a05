"""`retention sign-request`: the body that the App Store would post, and a curl line that posts it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from pathlib import Path

from console.simulator.authority import Authority
from console.terminal.failure import Failure


def signed_body(claims: Mapping[str, object], ca: Path) -> str:
    """Return a request's JSON body, signed by the test authority in the folder `ca`. Raises Failure."""
    try:
        authority = Authority.load(ca)
    except ValueError as error:
        raise Failure(f"There is no usable test authority in {ca}: {error}.") from None
    return json.dumps({"signedPayload": authority.sign(dict(claims))})


def curl_line(url: str, body: str) -> str:
    """Return a shell command that posts `body` to `url`."""
    return f"curl -sS -i -X POST {shlex.quote(url)} -H 'content-type: application/json' --data {shlex.quote(body)}"
