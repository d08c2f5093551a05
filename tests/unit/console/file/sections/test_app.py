"""The sections app, environments, products and offers have the names and ids of AWS and App Store Connect."""

from __future__ import annotations

import pytest

from tests.support.owner_file import GOOD, document_of, mistakes_of, only_mistake

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


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("bundleId: com.example.app", "bundleId: my app", "`my app` is no bundleId."),
        ("keyId: K1", "keyId: 2x9r4hxf34", "is no keyId, which is ten capitals and digits."),
        ("pro.annual:", f"{'a' * 256}:", "is no product id."),
        ("offerIdentifier: half", "offerIdentifier: half off", "`half off` is no offer identifier."),
        ("offerIdentifier: half", "offerIdentifier: half, signature: v3", "There is no `signature` called `v3`."),
        ("group: pro, period: P1M", "period: P1M", "`group` is missing."),
    ],
)
def test_an_id_that_app_store_connect_cannot_have_is_a_mistake(old: str, new: str, expected: str) -> None:
    """Each id has the alphabet and the length that App Store Connect allows."""
    assert expected in only_mistake(old, new)[1]


def test_a_product_with_a_mistake_may_take_any_answer() -> None:
    """No second mistake is reported for an answer that the product may have been meant to take."""
    product = document_of(GOOD.replace("period: P1Y", "period: P1X")).products["pro.annual"]
    assert (product.advanced_commerce, product.bundle) == (True, False)


def test_the_key_is_known_where_the_app_is_not() -> None:
    """A missing field of the key is None, and one with a mistake is empty."""
    document = document_of(GOOD.replace("appAppleId: 1", "appAppleId: x").replace("issuerId: i, keyId: K1", "keyId: 7"))
    assert document.app is None
    assert document.signing_key is not None
    assert (document.signing_key.issuer_id, document.signing_key.key_id) == (None, "")
