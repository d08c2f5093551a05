"""Fixtures that the tests of this directory share."""

from __future__ import annotations

import pytest

from console.file.edition import Edition
from tests.support.edited_sample import edition
from tests.support.logged_decisions import (
    NO_FACTS_ASKED,
)


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Edition:
    return edition(tmp_path_factory.mktemp("sample"))


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Edition:
    return edition(tmp_path_factory.mktemp("plain"), *NO_FACTS_ASKED)
