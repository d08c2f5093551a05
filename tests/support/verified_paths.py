"""A verifier under the test authority, with the paths that it checks in full."""

from __future__ import annotations

from datetime import datetime

import pytest
from retention.errors import VerificationError
from retention.jws import SignedPayloadVerifier

from tests.minting import NOW


def refusal(verifier: SignedPayloadVerifier, token: str, now: datetime = NOW) -> VerificationError:
    with pytest.raises(VerificationError) as refused:
        verifier.verify(token, now)
    return refused.value
