"""The sections app, environments, products and offers have the names and ids of AWS and App Store Connect."""

from __future__ import annotations

import pytest

from tests.support.owner_file import GOOD, mistakes_of

REGIONS = ("us-east-1", "us-gov-west-1", "eu-isoe-west-1", "eusc-de-east-1", "local")


NO_REGIONS = ("us-east-1a", "US-EAST-1", "us_east_1", "N. Virginia", "us-east-1,")


STACKS = ("retention-sandbox", "R2", "arn:aws:cloudformation:us-east-1:1:stack/r/2")


NO_STACKS = ("retention_sandbox", "2r", "retention sandbox", "r" * 129, "-r", "r\u00e9")


@pytest.mark.parametrize(
    ("field", "value", "good"),
    [
        *(("region", value, True) for value in REGIONS),
        *(("region", value, False) for value in NO_REGIONS),
        *(("stack", value, True) for value in STACKS),
        *(("stack", value, False) for value in NO_STACKS),
    ],
)
def test_stacks_and_regions_have_the_form_of_aws(field: str, value: str, *, good: bool) -> None:
    """An availability zone is no region, and a stack's name has no underscore."""
    old = {"region": "region: us-east-1", "stack": "stack: s"}[field]
    found = mistakes_of(GOOD.replace(old, f"{field}: '{value}'"))
    assert (found == []) is good
    assert good or f"is no {field}." in found[0][1]
