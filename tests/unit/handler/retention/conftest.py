"""Fixtures that the tests of this directory share."""

from __future__ import annotations

import pytest
from retention.jws import SignedPayloadVerifier

from tests.minting import good_chain


@pytest.fixture
def verifier() -> SignedPayloadVerifier:
    return SignedPayloadVerifier([good_chain()[2]])
