"""`retention doctor` on the deployed stack itself: alias, layer, alarms and the account's limits."""

from __future__ import annotations

import random
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from retention.request import SANDBOX

from console.deployment.layer_machine import machine_of
from console.deployment.stack import Stack, read_stack
from console.rollout.checks.finding import BAD, GOOD, UNKNOWN
from console.terminal.failure import Failure
from tests.support.operator_setup import OperatorSetup, zipped

TOPIC = "arn:aws:sns:us-east-1:123456789012:alarms"
STACK = Stack("retention-sandbox", "t", "", SANDBOX, function="f", alarm_topic=TOPIC, alarm_email="me@example.com")


def findings(desk: OperatorSetup) -> dict[str, Any]:
    return {one["code"]: one for one in desk.json("doctor")["findings"]}


# The alias


def test_a_parameter_that_was_deployed_without_a_build(desk: OperatorSetup) -> None:
    """Doctor names the variables in which $LATEST differs from `live`; after publishing a version nothing differs."""
    aws, function = desk.aws("lambda"), f"{desk.table()}-GetRetentionMessage"
    assert findings(desk)["alias"]["verdict"] == GOOD
    aws.update_function_configuration(
        FunctionName=function, MemorySize=512, Environment={"Variables": {"RETENTION_TRUST_ANCHOR": "MIIBsecret"}}
    )
    found = findings(desk)
    assert "alias" not in found
    assert found["alias-behind"]["verdict"] == BAD
    assert found["alias-behind"]["found"].endswith("deployed last in: memory, RETENTION_TRUST_ANCHOR.")
    assert "MIIBsecret" not in str(found)
    assert "make deploy" in found["alias-behind"]["advice"]
    version = aws.publish_version(FunctionName=function)["Version"]
    aws.update_alias(FunctionName=function, Name="live", FunctionVersion=version)
    assert findings(desk)["alias"]["verdict"] == GOOD


def test_a_function_that_is_not_there_hides_nothing_else(desk: OperatorSetup) -> None:
    """If the stack's function was deleted, doctor reports that, and examines the alarms all the same."""
    desk.aws("lambda").delete_function(FunctionName=f"{desk.table()}-GetRetentionMessage")
    found = findings(desk)
    assert found["alias"]["verdict"] == BAD
    assert "has no function" in found["alias"]["found"]
    assert found["alarms"]["verdict"] == GOOD


# The layer


def elf(machine: int) -> bytes:
    """An ELF file of a megabyte, of which only the beginning is to be fetched."""
    return b"\x7fELF".ljust(18, b"\0") + struct.pack("<H", machine) + bytes(range(256)) * 4096


@contextmanager
def store(content: bytes, *, parts: bool = True, status: int = 200) -> Iterator[tuple[str, list[int]]]:
    """Serve a file as S3 does, or ignoring Range headers; yields its URL and the number of bytes of each answer."""
    sent: list[int] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body, found = content, status
            if parts and status == 200:
                first, _, last = self.headers["Range"].removeprefix("bytes=").partition("-")
                begin = int(first) if first else len(content) - int(last)
                end = int(last) + 1 if first else len(content)
                body, found = content[begin:end], 206
            self.send_response(found)
            if found == 206:
                self.send_header("Content-Range", f"bytes {begin}-{end - 1}/{len(content)}")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            sent.append(len(body))

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/layer?X-Amz-Signature=secret", sent
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def layer_of(machine: int) -> bytes:
    files = {f"python/module_{number}.py": bytes(range(256)) * 64 for number in range(40)}
    return zipped({**files, "python/cryptography/_rust.abi3.so": elf(machine)})


@pytest.mark.parametrize("parts", [True, False])
@pytest.mark.parametrize(("machine", "expected"), [(183, "arm64"), (62, "x86_64"), (243, "ELF machine 243")])
def test_the_machine_of_a_layer_is_read_from_the_layer(machine: int, expected: str, *, parts: bool) -> None:
    """The architecture is read from the ELF header of the layer's native code, with or without Range requests."""
    with store(layer_of(machine), parts=parts) as (url, _):
        assert machine_of(url) == expected


def test_only_a_little_of_a_layer_is_fetched() -> None:
    """Of a layer of four megabytes, less than 400 000 bytes are fetched."""
    big = {"python/big.bin": random.Random(1).randbytes(4_000_000)}
    with store(zipped({**big, "python/_rust.so": elf(183)})) as (url, sent):
        assert machine_of(url) == "arm64"
    assert sum(sent) < 400_000


def test_a_layer_without_native_code_is_of_no_machine() -> None:
    """A layer without a shared object, or with one that is no ELF file, has no machine."""
    for files in ({"python/six.py": b""}, {"python/_rust.so": b"\xcf\xfa\xed\xfe" + b"\xb7" * 60}):
        with store(zipped(files)) as (url, _):
            assert machine_of(url) is None


@pytest.mark.parametrize(("content", "status"), [(b"<html>", 200), (b"<Error/>", 403)])
def test_a_layer_that_cannot_be_read_is_a_sentence_without_its_address(content: bytes, status: int) -> None:
    """An error leaves out the layer's URL, because it is signed: a reader of the error could fetch the layer."""
    with (
        store(content, status=status, parts=False) as (url, _),
        pytest.raises(Failure, match="could not be") as raised,
    ):
        machine_of(url)
    assert "secret" not in str(raised.value)


def test_a_layer_is_fetched_with_the_roots_of_awss_own_calls(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A layer is fetched with the roots of SSL_CERT_FILE, so that a proxy that inspects TLS is trusted there too."""
    asked: dict[str, Any] = {}
    roots = tmp_path / "roots.pem"
    roots.write_text("-----BEGIN CERTIFICATE-----\n")

    def get(_: str, **options: Any) -> Any:
        asked.update(options)
        raise OSError

    monkeypatch.setattr("requests.get", get)
    monkeypatch.setenv("SSL_CERT_FILE", str(roots))
    with pytest.raises(Failure):
        machine_of("https://awslambda-us-east-1-layers.s3.amazonaws.com/layer")
    assert asked["verify"] == str(roots)


def test_the_topic_is_an_output_or_the_owner_s_parameter() -> None:
    """The alarm topic is read from the stack's output; an older stack has only the owner's topic, as a parameter."""

    def described(outputs: dict[str, str], **parameters: str) -> Stack:
        return read_stack(
            {
                "StackName": "s",
                "Outputs": [{"OutputKey": key, "OutputValue": value} for key, value in outputs.items()],
                "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
            }
        )

    assert described({"TableName": "t", "AlarmTopicArn": TOPIC}).alarm_topic == TOPIC
    assert described({"TableName": "t"}, AlarmTopicArn=TOPIC, AlarmEmail="").alarm_topic == TOPIC
    assert described({"TableName": "t"}).alarm_email is None


def test_what_may_not_be_read_of_the_account_is_unknown(desk: OperatorSetup) -> None:
    """Limits of the account that may not be read are unknown, and doctor goes on."""
    found = findings(desk)
    assert {found[code]["verdict"] for code in ("account-concurrency", "key-throughput", "architecture")} == {UNKNOWN}
