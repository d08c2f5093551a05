"""Makes the Lambda artefact small and the same every time; `build/artefact.mk` calls it with the standard library only.

layer.py trim   DIR            take out what no function imports, add the roots of AWS's own endpoints
layer.py settle DIR            one time and one mode for every file, so that equal inputs give equal bytes
layer.py check  DIR MACHINE    refuse native code of another machine and a layer over its limit
"""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
import ssl
import sys
from pathlib import Path
from typing import cast

SERVICES = {"dynamodb", "ssm"}  # botocore's data of every other service goes
LIMIT = 32 * 1024 * 1024  # unzipped, with bytecode: design §8
MACHINES = {"x86_64": 62, "aarch64": 183}  # e_machine in an ELF header
EPOCH = 315_619_200  # 1980-01-02: a zip file knows no earlier time

# What is never imported, by path inside the layer's python/. cffi's compiled half stays: cryptography loads it.
UNUSED = (
    "bin",
    "cffi",
    "pycparser*",
    "aws_lambda_powertools/event_handler",
    "aws_lambda_powertools/utilities/[!_j]*",  # Logger needs jmespath_utils
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
    """Leave of botocore's data what making a client reads: parsing the rest costs a cold start some 20 ms."""
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
        # a shape's member may itself be called documentation; then it is an object, not a text
        return {k: without_documentation(v) for k, v in node.items() if k != "documentation" or not isinstance(v, str)}
    return [without_documentation(item) for item in node] if isinstance(node, list) else node


def write_roots(bundle: Path, target: Path) -> None:
    """Copy the roots of AWS's commercial endpoints, Amazon's and Starfield's, out of botocore's own bundle.

    botocore reads its bundle again for every new TLS connection: seven certificates take 1.5 ms, all of them 24.
    """
    pems = re.findall(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----\n", bundle.read_text(), re.DOTALL)
    kept = [pem for pem in pems if organization(pem).startswith(("Amazon", "Starfield"))]
    if len(kept) < 5:  # noqa: PLR2004  # Amazon Root CA 1 to 4 and Starfield's services root: the least AWS documents
        sys.exit(f"only {len(kept)} of AWS's roots are in {bundle}")
    target.write_text("".join(kept))


def organization(pem: str) -> str:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=pem)
    subject = cast("tuple[tuple[tuple[str, str], ...], ...]", context.get_ca_certs()[0]["subject"])
    return next((value for parts in subject for key, value in parts if key == "organizationName"), "")


def settle(directory: Path) -> None:
    for path in [*directory.rglob("*"), directory]:
        path.chmod(0o755 if path.is_dir() else 0o644)
        os.utime(path, (EPOCH, EPOCH))


def check(layer: Path, machine: str) -> None:
    files = [path for path in layer.rglob("*") if path.is_file()]
    for path in files:
        if ".so" in path.suffixes and (found := elf_machine(path)) != MACHINES[machine]:
            sys.exit(f"{path.name} is for ELF machine {found}, not {machine}")
    size = sum(path.stat().st_size for path in files)
    if size > LIMIT:
        sys.exit(f"the layer has {size:,} bytes unzipped, over {LIMIT:,}")


def elf_machine(path: Path) -> int:
    """Field e_machine of the ELF header (System V ABI): two bytes at 18, little-endian on both of Lambda's machines."""
    return int.from_bytes(path.read_bytes()[18:20], "little")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["trim", directory]:
            trim(Path(directory))
        case ["settle", directory]:
            settle(Path(directory))
        case ["check", directory, machine]:
            check(Path(directory), machine)
        case _:
            sys.exit(__doc__)
