"""Fixtures for the real parts. tests/support/clean_environment.py makes the tests' environment before this is read."""

from __future__ import annotations

import functools
import gc
import os
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings

from tests.support import real_parts
from tests.support.required_parts import real

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping


# No example fails because the machine was busy: by default Hypothesis refuses one that takes 200 ms. A developer's
# `make test` tries fewer examples, so that it takes two minutes; where real parts are required, as in CI, it tries all.
# Each run but `make prove` tries the same ones, so that a failure is one of the change that is tested. For others:
# `make test PYTEST='--hypothesis-profile search'`.
_EXAMPLES = 100 if os.environ.get("REQUIRE_REAL_PARTS") == "1" else 40
_ANY_MACHINE = settings(
    deadline=None,
    max_examples=_EXAMPLES,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=os.environ.get("PROVE") != "1",
    database=None,
    print_blob=True,
)
settings.register_profile("any machine", _ANY_MACHINE)
settings.register_profile("search", _ANY_MACHINE, derandomize=False)
settings.load_profile("any machine")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Keep the garbage collector away from what collection makes: millions of objects that stay until the end.

    Otherwise it walks through all of them again and again, which is a fifth of the time. What a test makes is collected
    as ever, so that something that a test leaves open is still found.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_finish() -> None:
    """Read AWS's descriptions of its services once for all sessions of botocore; by default each one reads them."""
    session: Any = sys.modules.get("botocore.session")
    if session is not None and not hasattr(session.create_loader, "cache_info"):
        session.create_loader = functools.cache(session.create_loader)


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
    built: real_parts.Artefact = real(lambda: real_parts.build_artefact(real_parts.machine()))
    return built


@pytest.fixture
def emulator(artefact: real_parts.Artefact) -> Iterator[Callable[[Mapping[str, str]], real_parts.Emulator]]:
    """Starts the built artefact under Lambda's runtime with the given variables; stopped when the test ends."""
    with ExitStack() as parts:
        yield lambda variables: real(lambda: parts.enter_context(real_parts.Emulator(artefact, variables)))
