"""What the tests of this directory start from."""

from __future__ import annotations

import pytest
from retention.jws import SignedPayloadVerifier

from tests.minting import good_chain


@pytest.fixture
def verifier() -> SignedPayloadVerifier:
    return SignedPayloadVerifier([good_chain()[2]])
