"""The fixtures that several files of integration tests use. A fixture of one file is in that file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from console.file.edition import Edition
from console.local.embedded_stack import embedded_dynamodb
from tests.support.edited_sample import Run, edition, empty_table, runner
from tests.support.logged_decisions import NO_FACTS_ASKED
from tests.support.operator_setup import OperatorSetup, set_up_operator


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """The endpoint URL of an embedded DynamoDB, with the other services of moto."""
    with embedded_dynamodb() as url:
        yield url


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """The `retention` command, run in this process; returns its exit code and what it printed."""
    return runner(capsys)


@pytest.fixture
def table(endpoint: str, request: pytest.FixtureRequest) -> tuple[str, ...]:
    """The options that name a new, empty table, which has the name of the test."""
    return empty_table(endpoint, re.sub(r"[^A-Za-z0-9_.-]", "-", request.node.name))[0]


@pytest.fixture
def desk(
    tmp_path: Path, endpoint: str, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> Iterator[OperatorSetup]:
    """An operator's folder, stack, simulator and command line, new for each test."""
    with set_up_operator(tmp_path, endpoint, request.node.name, capsys) as made:
        yield made


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Edition:
    return edition(tmp_path_factory.mktemp("sample"))


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Edition:
    return edition(tmp_path_factory.mktemp("plain"), *NO_FACTS_ASKED)
