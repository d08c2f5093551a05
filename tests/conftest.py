"""What every test gets: an environment without AWS, and the real parts for those that ask."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import real_parts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

# Before any module of ours is imported: no test reaches an account, reads a profile or asks instance metadata.
for name in [name for name in os.environ if name.startswith(("AWS_", "RETENTION_", "POWERTOOLS_", "LAMBDA_"))]:
    del os.environ[name]
os.environ |= {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}

REQUIRED = os.environ.get("REQUIRE_REAL_PARTS") == "1"


def real(start: Callable[[], Any]) -> Any:
    """Call `start`; where the part is missing the test is skipped with the reason, or fails if parts are required."""
    try:
        return start()
    except real_parts.PartMissingError as missing:
        if REQUIRED:
            pytest.fail(f"REQUIRE_REAL_PARTS=1, but {missing}")
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def dynamodb_local() -> Iterator[str]:
    """The endpoint URL of a DynamoDB Local that the whole session shares: name tables apart."""
    with ExitStack() as parts:
        yield real(lambda: parts.enter_context(real_parts.dynamodb_local()))


@pytest.fixture(scope="session")
def fuzzer() -> Path:
    """The interpreter that has atheris."""
    found: Path = real(real_parts.fuzzer)
    return found


@pytest.fixture(scope="session")
def artefact() -> real_parts.Artefact:
    """The working tree as `sam build` makes it for this machine's architecture."""
    built: real_parts.Artefact = real(lambda: real_parts.built(real_parts.machine()))
    return built


@pytest.fixture
def emulator(artefact: real_parts.Artefact) -> Iterator[Callable[[Mapping[str, str]], real_parts.Emulator]]:
    """Starts the built artefact under Lambda's runtime with the given variables; stopped when the test ends."""
    with ExitStack() as parts:
        yield lambda variables: real(lambda: parts.enter_context(real_parts.Emulator(artefact, variables)))
