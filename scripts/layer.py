"""Makes the Lambda artefact small and reproducible, and checks it; standard library only.

First `trim`, then the bytecode, then `settle`; at last `check` and `check_function` examine the result.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
import ssl
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import cast

SERVICES = {"dynamodb", "sqs", "ssm"}  # botocore's data of all other services is deleted
LIMIT = 24 * 1024 * 1024  # bytes, unzipped, with bytecode
MACHINES = {"x86_64": 62, "aarch64": 183}  # e_machine in an ELF header
MAGIC = (3571).to_bytes(2, "little") + b"\r\n"  # of Python 3.13's bytecode; another Python can run this program
EPOCH = 315_619_200  # 1980-01-02, UNIX seconds: a zip file cannot have an earlier time

# What is never imported, by path inside the layer's python/. cffi's compiled part stays: cryptography loads it. The
# sync uses only boto3's clients: no resources, and nothing of S3.
UNUSED = (
    "bin",
    "cffi",
    "pycparser*",
    "aws_lambda_powertools/event_handler",
    *(f"boto3/{name}" for name in ("crt.py", "data", "dynamodb", "ec2", "examples", "s3")),
    "aws_lambda_powertools/utilities/[!_bdj]*",  # Logger needs jmespath_utils, and `batch` needs data_classes
    "aws_lambda_powertools/utilities/data_masking",
    "cryptography/hazmat/bindings/_rust/*.pyi",
    "jmespath/__main__.py",
    "**/tests",
    "**/*.pyi",
    "**/py.typed",
    "**/__pycache__",
    "**/*.dist-info/RECORD",
    "**/*.dist-info/INSTALLER",
    "**/*.dist-info/REQUESTED",
)


def trim(layer: Path) -> None:
    python = layer / "python"
    for pattern in UNUSED:
        for path in python.glob(pattern):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    for path in (python / "botocore" / "data").iterdir():
        if path.is_dir() and path.name not in SERVICES:
            shutil.rmtree(path)
    slim_data(python / "botocore" / "data")
    write_roots(python / "botocore" / "cacert.pem", layer / "aws-roots.pem")


def slim_data(data: Path) -> None:
    """Delete from botocore's data what clients and paginators do not read: parsing it would take 20 ms."""
    for packed in data.rglob("*.json.gz"):
        model = json.loads(gzip.decompress(packed.read_bytes()))
        packed.with_suffix("").write_text(json.dumps(without_documentation(model), separators=(",", ":")))
        packed.unlink()
    endpoints = json.loads((data / "endpoints.json").read_text())
    for partition in endpoints["partitions"]:
        partition["services"] = {name: at for name, at in partition["services"].items() if name in SERVICES}
    (data / "endpoints.json").write_text(json.dumps(endpoints, separators=(",", ":")))


def without_documentation(node: object) -> object:
    if isinstance(node, dict):
        # a shape can have a member named documentation, which is an object, not a text
        return {k: without_documentation(v) for k, v in node.items() if k != "documentation" or not isinstance(v, str)}
    return [without_documentation(item) for item in node] if isinstance(node, list) else node


def write_roots(bundle: Path, target: Path) -> None:
    """Copy the roots of AWS's commercial endpoints, Amazon's and Starfield's, from botocore's bundle.

    The bundle is read for every new TLS connection: these seven certificates take 1.5 ms, all of them 24 ms.
    """
    pems = re.findall(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----\n", bundle.read_text(), re.DOTALL)
    kept = [pem for pem in pems if organization(pem).startswith(("Amazon", "Starfield"))]
    if len(kept) < 5:  # noqa: PLR2004  # Amazon Root CA 1 to 4 and Starfield's services root, which AWS documents
        sys.exit(f"only {len(kept)} of AWS's roots are in {bundle}")
    target.write_text("".join(kept))


def organization(pem: str) -> str:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=pem)
    subject = cast("tuple[tuple[tuple[str, str], ...], ...]", context.get_ca_certs()[0]["subject"])
    return next((value for parts in subject for key, value in parts if key == "organizationName"), "")


def settle(directory: Path) -> None:
    """Give all files the same modes and times, so that equal contents make an equal zip file."""
    for path in [*directory.rglob("*"), directory]:
        path.chmod(0o755 if path.is_dir() else 0o644)
        os.utime(path, (EPOCH, EPOCH))


def check(layer: Path, machine: str) -> None:
    """Exit with a message unless the layer is compiled, for `machine` (aarch64 or x86_64), and within its limit."""
    check_bytecode(layer)
    objects = list(native_code(layer))
    if not objects:
        sys.exit(f"{layer} has no native code: cryptography is missing.")
    for path in objects:
        if (found := elf_machine(path.read_bytes()[:20])) != MACHINES[machine]:
            sys.exit(f"{path.name} is for ELF machine {found}, not {machine}.")
    size = sum(path.stat().st_size for path in layer.rglob("*") if path.is_file())
    if size > LIMIT:
        sys.exit(f"The layer has {size:,} bytes unzipped, over {LIMIT:,}.")


def check_function(folder: Path) -> None:
    """Exit with a message unless the function is compiled and RELEASE has a digest."""
    check_bytecode(folder)
    release = (folder / "RELEASE").read_text() if (folder / "RELEASE").is_file() else ""
    if not re.fullmatch(r"[0-9a-f]{64}\n", release):
        sys.exit(f"{folder / 'RELEASE'} has no SHA-256: a changed parameter would not reach the alias `live`.")


def check_bytecode(folder: Path) -> None:
    """Exit with a message unless every module has bytecode for Python 3.13 that imports do not check."""
    sources = sorted(folder.rglob("*.py"))
    if not sources:
        sys.exit(f"{folder} has no module.")
    missing = [path for path in sources if not is_compiled(path)]
    if missing:
        sys.exit(
            f"{len(missing)} of {len(sources)} modules have no bytecode that Lambda would use, such as"
            f" {missing[0].relative_to(folder)}: every cold start would compile them again."
        )


def is_compiled(source: Path) -> bool:
    bytecode = source.parent / "__pycache__" / f"{source.stem}.cpython-313.pyc"
    header = bytecode.read_bytes()[:8] if bytecode.is_file() else b""
    # PEP 552: the magic number, then the flags; 1 means that imports do not check the hash
    return header == MAGIC + (1).to_bytes(4, "little")


def native_code(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file() and ".so" in path.suffixes)


def elf_machine(header: bytes) -> int:
    """Return e_machine of an ELF header's first 20 bytes (System V ABI, little-endian on both of Lambda's machines).

    0, which names no machine, if `header` is not an ELF header.
    """
    return int.from_bytes(header[18:20], "little") if header.startswith(b"\x7fELF") else 0
