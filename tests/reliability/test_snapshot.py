"""No secret is in an object of the function's process when SnapStart stores it on a disk for weeks."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from console.local.embedded_stack import LocalTable, function_environment
from tests.support import real_parts
from tests.support.changing_certificates import APP, MESSAGE, NOW, V1, V2, app_store, event_of, root_der
from tests.support.local_aws import AwsFront
from tests.support.required_parts import real
from tests.support.simulated_app import PEM

ROOT = Path(__file__).parents[2]
ACCESS_KEY = "ASIAEXAMPLEEXAMPLE00"
SECRET_KEY = "0123456789/secretSECRETsecretSECRET+abcd"
TOKEN = "FwoGZXIvYXdzE" + "sessionTOKEN/" * 20


class Lender(BaseHTTPRequestHandler):
    """Stands in for Lambda's credentials endpoint under SnapStart."""

    def do_GET(self) -> None:
        ends = (datetime.now(UTC) + timedelta(hours=6)).isoformat()
        lent = {"AccessKeyId": ACCESS_KEY, "SecretAccessKey": SECRET_KEY, "Token": TOKEN, "Expiration": ends}
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(lent).encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def variables() -> Iterator[dict[str, str]]:
    """The function's environment under SnapStart, with the sample published and its key in Parameter Store."""
    with ExitStack() as parts:
        endpoint = real(lambda: parts.enter_context(real_parts.dynamodb_local()))
        table = LocalTable(endpoint)
        compiled, _ = table.publish(NOW)
        table.import_states(compiled)
        aws = parts.enter_context(AwsFront(endpoint, PEM))
        lender = parts.enter_context(ThreadingHTTPServer(("127.0.0.1", 0), Lender))
        threading.Thread(target=lender.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        parts.callback(lender.shutdown)
        yield {
            **function_environment(aws.url, APP.app_apple_id, NOW.isoformat(), root_der()),
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join([str(ROOT / "handler"), str(ROOT)]),
            "AWS_ENDPOINT_URL": aws.url,
            "AWS_REGION": "us-east-1",
            "AWS_SAM_LOCAL": "true",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "snap-start",
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"http://127.0.0.1:{lender.server_address[1]}/credentials",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": "pass",
        }


def secrets() -> dict[str, bytes]:
    """Return what must not be on a disk: AWS's credentials, what is derived from them, and the key in its forms."""
    key = load_pem_private_key(PEM, None)
    der = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    lines = PEM.decode().split("\n")
    # a key is of the day on which it is derived, and the next day may begin before the process does that
    days = [(datetime.now(UTC) + timedelta(days=further)).strftime("%Y%m%d") for further in (0, 1)]
    derived = {f"{service} {day}": signing_key(day, service) for day in days for service in ("dynamodb", "ssm")}
    return {
        "secret key": SECRET_KEY.encode(),
        "session token": TOKEN.encode(),
        **derived,
        "p8": lines[1].encode(),
        "DER": der,
        "number": key.private_numbers().private_value.to_bytes(32),  # type: ignore[union-attr]  # it is a P-256 key
    }


def signing_key(day: str, service: str) -> bytes:
    """Derive SigV4's signing key as AWS documents it, not with our own code."""
    key = f"AWS4{SECRET_KEY}".encode()
    for part in (day, "us-east-1", service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def look(variables: dict[str, str], tmp_path: Path, *, hook: bool) -> tuple[dict[str, Any], set[str]]:
    """Answer three events, run the hook if asked; return the process's report and the names of the secrets in it."""
    authority, wanted = app_store("2027"), secrets()
    events = [event_of(authority, asked, NOW) for asked in (MESSAGE, V1, V2)]
    file = tmp_path / "secrets"
    file.write_text("\n".join(secret.hex() for secret in wanted.values()), encoding="ascii")
    process = subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.support.process_memory",
            hashlib.sha256(root_der()).hexdigest(),
            "hook" if hook else "",
            file,
        ],
        input=json.dumps(events),
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    report = json.loads(process.stdout.splitlines()[-1])
    return report, {name for name, found in zip(wanted, report["found"], strict=True) if found}


def test_no_secret_is_in_the_process_after_the_hook(variables: dict[str, str], tmp_path: Path) -> None:
    """After offers were signed, the hook removes the role's keys, what SigV4 derives from them, and the `.p8`."""
    report, found = look(variables, tmp_path, hook=True)
    assert any("promotionalOffer" in answer.get("body", "") for answer in report["answers"])
    assert found == set()
    assert report["keys"] == 0
    assert report["texts"] > 10_000


def test_the_same_search_finds_the_secrets_without_the_hook(variables: dict[str, str], tmp_path: Path) -> None:
    """Without the hook, the same search finds the secrets, also those deep in a cache."""
    report, found = look(variables, tmp_path, hook=False)
    assert {"secret key", "session token"} <= found
    assert {name.partition(" ")[0] for name in found} >= {"dynamodb", "ssm"}
    assert report["keys"] == 1
