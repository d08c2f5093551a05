"""Our verdict and that of Apple's App Store Server Library on every token of the corpus.

`disagreements.json` lists every case on which the two differ, with the reason for our verdict; it has no other rows.
"""

from __future__ import annotations

import base64
import warnings
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from appstoreserverlibrary.signed_data_verifier import VerificationException
from retention.errors import VerificationError
from retention.jws import SignedPayloadVerifier, apple_root

from tests.minting import NOW, Case
from tests.support.apple_verdicts import CORPUS, apples, disagreements, table, verdicts, we_accept

APPLE = Path(__file__).parents[1] / "apple_chains" / "2025-2027"


@pytest.mark.parametrize("case", CORPUS, ids=lambda case: case.name)
def test_verdicts_agree_or_the_table_has_the_reason(case: Case) -> None:
    """On each token both verdicts are the same, or the table names the case and each one's verdict."""
    ours, theirs = verdicts(case)
    agreed = (ours, ours)
    assert (ours, theirs) == disagreements().get(case.name, agreed)


@pytest.mark.parametrize("case", CORPUS, ids=lambda case: case.name)
def test_verdicts_do_not_depend_on_warnings(case: Case) -> None:
    """A verdict does not depend on whether the process turns cryptography's warnings into errors."""
    strict = we_accept(case)
    with warnings.catch_warnings(action="ignore"):
        assert we_accept(case) is strict


def test_the_table_has_no_stale_rows() -> None:
    """Every case that the table names exists, once, and on each the two verdicts differ."""
    named = [name for row in table() for name in row["cases"]]
    assert len(named) == len(set(named))
    assert set(named) <= {case.name for case in CORPUS}
    assert all(ours != theirs for ours, theirs in disagreements().values())


def test_every_disagreement_has_a_reason() -> None:
    """Each row of the table has its own kind, and a reason of more than a few words."""
    assert all(len(row["reason"]) > 60 for row in table())
    assert len({row["kind"] for row in table()}) == len(table())


def test_names_of_cases_are_unique() -> None:
    """Each name in the table means one case."""
    names = [case.name for case in CORPUS]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("seconds", [-1, 0, 1])
@pytest.mark.parametrize(
    "edge",
    [datetime(2025, 9, 19, 19, 44, 51, tzinfo=UTC), NOW, datetime(2027, 10, 13, 17, 47, 23, tzinfo=UTC)],
    ids=["begin", "now", "end"],
)
def test_apples_chain_is_valid_at_the_same_seconds(edge: datetime, seconds: int) -> None:
    """Both agree to the second when Apple's own chain begins and ends to be valid."""
    leaf = (APPLE / "leaf.cer").read_bytes()
    intermediate = (APPLE / "intermediate.cer").read_bytes()
    at = edge + timedelta(seconds=seconds)
    x5c = [base64.b64encode(der).decode() for der in (leaf, intermediate, apple_root())]
    verdicts = []
    for judge in (
        lambda: apples((apple_root(),))._chain_verifier.verify_chain(x5c, False, int(at.timestamp())),  # noqa: FBT003 - its signature
        lambda: SignedPayloadVerifier([apple_root()]).check_path(leaf, intermediate, at),
    ):
        try:
            judge()
        except (VerificationException, VerificationError):
            verdicts.append(False)
        else:
            verdicts.append(True)
    assert verdicts[0] is verdicts[1]
