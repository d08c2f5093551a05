"""Lambda's runtime on this machine: the runtime interface emulator that `sam local` uses, without a container."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import urllib.error
import urllib.request
from collections.abc import Mapping
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from subprocess import Popen
from typing import IO, Any, Final, Self

from console.local.artefact import PYTHON, Artefact, base_interpreter, machine
from console.local.processes import (
    PARTS,
    ROOT,
    PartMissingError,
    free_port,
    move_into_place,
    run,
    running,
    wait_for_port,
)
from console.simulator.ports import LOOPBACK

INVOKE_SECONDS: Final = 30

# The emulator listens on 127.0.0.1, which no proxy can reach.
_DIRECTLY: Final = urllib.request.build_opener(urllib.request.ProxyHandler({}))

Document = dict[str, Any]


class InvocationError(RuntimeError):
    """The function gave no answer: it failed, ended, or did not start. API Gateway would answer 500."""


class Emulator:
    """One execution environment of the built artefact. It starts with the first `invoke`, and takes one at a time.

    `variables` are the function's variables in addition to those that Lambda sets. Function and runtime write to
    `log`, by default a temporary file.
    """

    def __init__(
        self, artefact: Artefact, variables: Mapping[str, str], *, handler: str = "", log: IO[Any] | None = None
    ) -> None:
        self._artefact = artefact
        self._handler = handler or "app.get_retention_message"
        self._variables = dict(variables)
        self._port = free_port()
        self._given_log = log

    def __enter__(self) -> Self:
        command = [
            *(str(_emulator_binary()), "--runtime-interface-emulator-address", f"{LOOPBACK}:{self._port}"),
            *("--runtime-api-address", f"{LOOPBACK}:{free_port()}"),
            # -S: only the artefact and Lambda's runtime client are on the path
            *(str(_interpreter()), "-S", "-m", "awslambdaric", self._handler),
        ]
        environment = self.environment
        with ExitStack() as parts:
            self._log = self._given_log or parts.enter_context(tempfile.TemporaryFile())
            process = running(command, log=self._log, cwd=self._artefact.function, env=environment)
            self._await(parts.enter_context(process))
            self._parts = parts.pop_all()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._parts.close()

    def invoke(self, event: object) -> Document:
        """Return the function's answer to one event. If it fails, raises InvocationError, which has the log."""
        address = f"http://{LOOPBACK}:{self._port}/2015-03-31/functions/function/invocations"
        request = urllib.request.Request(address, data=json.dumps(event).encode())  # the address is ours
        try:
            with _DIRECTLY.open(request, timeout=INVOKE_SECONDS) as response:
                answer = json.loads(response.read())
        except urllib.error.HTTPError as error:  # what API Gateway would turn into a 5xx: init or function failed
            with error:
                answer = error.read().decode()
        except (OSError, ValueError) as error:  # it ended, or did not answer in time
            answer = repr(error)
        if not isinstance(answer, dict) or "errorType" in answer:
            raise InvocationError(f"{answer}\n{self.log}")
        return answer

    @property
    def log(self) -> str:
        """What function and runtime have written so far: log lines, metrics, INIT REPORT. "" if `log` was given."""
        if self._given_log is not None:
            return ""
        size = os.fstat(self._log.fileno()).st_size
        return os.pread(self._log.fileno(), size, 0).decode(errors="replace")

    def _await(self, process: Popen[bytes]) -> None:
        if not wait_for_port(self._port, process):
            raise RuntimeError(f"{process.args!r} did not start:\n{self.log}")

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables of the function's process."""
        artefact = self._artefact
        path = [artefact.function, artefact.layer / "python", _runtime_client()]
        return {
            "PATH": os.environ["PATH"],
            "TZ": ":UTC",
            "LANG": "en_US.UTF-8",
            "PYTHONPATH": os.pathsep.join(map(str, path)),
            "LAMBDA_TASK_ROOT": str(artefact.function),
            "_HANDLER": self._handler,
            "AWS_SAM_LOCAL": "true",
            "AWS_LAMBDA_FUNCTION_NAME": "GetRetentionMessage",
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1769",
            "AWS_LAMBDA_FUNCTION_TIMEOUT": "5",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            **self._variables,
        }


def prepare() -> None:
    """Find or download what emulators need, so that the first one does not wait for it. Raises PartMissingError."""
    _emulator_binary()
    _interpreter()
    _runtime_client()


@cache
def _interpreter() -> Path:
    return base_interpreter()


@cache
def _emulator_binary() -> Path:
    for binary in (ROOT / ".venv-sam").glob(f"lib/*/site-packages/samcli/local/rapid/aws-lambda-rie-{machine()}"):
        if not os.access(binary, os.X_OK):  # a wheel does not keep file modes
            binary.chmod(0o755)
        return binary
    raise PartMissingError("Lambda's runtime interface emulator comes with SAM CLI (.venv-sam): make setup")


@cache
def _runtime_client() -> Path:
    """Install awslambdaric, which Lambda's images contain, into its own folder, and return that."""
    requirements = ROOT / "requirements" / "lambda.txt"
    home = PARTS / f"awslambdaric-{hashlib.sha256(requirements.read_bytes()).hexdigest()[:12]}"
    if not home.is_dir():
        PARTS.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=PARTS) as scratch:
            pip = [str(PYTHON), "-m", "pip", "install", "-q", "--disable-pip-version-check", "--require-hashes"]
            target = Path(scratch) / "site"
            run(
                [*pip, "--only-binary", ":all:", "--target", str(target), "-r", str(requirements)],
                "pip could not fetch Lambda's runtime client",
            )
            move_into_place(target, home)
    return home
