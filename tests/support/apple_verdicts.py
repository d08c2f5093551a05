"""Our verdict and that of Apple's App Store Server Library on one token, and the committed table of where they differ.

The library judges offline, in its strict mode, at its own effective time, which is the payload's `signedDate`: in the
corpus that is `NOW`, the instant we judge at. Its environment is Production, where it checks signatures and the app.
"""

from __future__ import annotations

import json
import sys
import warnings
from functools import cache
from pathlib import Path
from typing import Any, Final

from appstoreserverlibrary.models.Environment import Environment
from appstoreserverlibrary.signed_data_verifier import SignedDataVerifier, VerificationException
from cattrs.errors import BaseValidationError
from retention.errors import VerificationError
from retention.jws import SignedPayloadVerifier

from tests.minting import APP_ID, NOW, Case, certificate_cases, token_cases

CORPUS: Final = (*certificate_cases(), *token_cases())
TABLE: Final = Path(__file__).parents[1] / "conformance" / "disagreements.json"


def apples(roots: tuple[bytes, ...]) -> SignedDataVerifier:
    return SignedDataVerifier(
        list(roots),
        enable_online_checks=False,
        environment=Environment.PRODUCTION,
        bundle_id="com.example",
        app_apple_id=APP_ID,
    )


def apple_accepts(case: Case) -> bool:
    try:
        with warnings.catch_warnings(action="ignore"):  # which it does not check in production either
            apples(case.roots).verify_and_decode_realtime_request(case.token)
    except (VerificationException, BaseValidationError):  # the latter: a field its model cannot hold
        return False
    return True


def we_accept(case: Case) -> bool:
    try:
        SignedPayloadVerifier(case.roots).verify(case.token, NOW)
    except VerificationError:
        return False
    return True


def verdicts(case: Case) -> tuple[str, str]:
    """Return what we do with a token and what Apple's library does: accepts or refuses."""
    word = {True: "accepts", False: "refuses"}
    return word[we_accept(case)], word[apple_accepts(case)]


@cache
def table() -> tuple[dict[str, Any], ...]:
    """Return the rows of the table: kind, ours, apple, reason, cases; those of this Python, where one says `before`."""
    rows = json.loads(TABLE.read_text(encoding="utf-8"))
    return tuple(row for row in rows if sys.version_info < tuple(row.get("before", (4,))))


@cache
def disagreements() -> dict[str, tuple[str, str]]:
    """Return the table: name of the case → our verdict and that of Apple's library."""
    return {name: (row["ours"], row["apple"]) for row in table() for name in row["cases"]}
