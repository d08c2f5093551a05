"""The sections app, environments, products and offers have the names and ids of AWS and App Store Connect."""

from __future__ import annotations

import pytest

from console.file.entries import OfferLimit
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


@pytest.mark.parametrize(
    ("limit", "read"),
    [
        ("{times: 1, days: 365}", OfferLimit(1, 365, "this")),
        ("{times: 64, days: 3650, of: any}", OfferLimit(64, 3650, "any")),
    ],
)
def test_an_offer_can_have_a_limit(limit: str, read: OfferLimit) -> None:
    """A limit has a number of redemptions and of days, and counts this offer unless it names any."""
    text = GOOD.replace("offerIdentifier: half", f"offerIdentifier: half, limit: {limit}")
    assert mistakes_of(text) == []
    assert document_of(text).offers["half"].limit == read
    assert document_of(GOOD).offers["half"].limit is None


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        ("once", "A limit is a mapping, not the text `once`."),
        ("{times: 1}", "`days` is missing."),
        ("{days: 365}", "`times` is missing."),
        ("{times: 0, days: 365}", "`times` is a whole number from 1 on, not the number `0`."),
        ("{times: 1, days: 1.5}", "`days` is a whole number from 1 on"),
        ("{times: 65, days: 365}", "`times` is 65. Write 1 to 64."),
        ("{times: 1, days: 3651}", "`days` is 3651. Write 1 to 3650."),
        ("{times: 1, days: 365, of: those}", "There is no `of` called `those`. Did you mean `this`?"),
        ("{times: 1, day: 365, days: 365}", "A limit has no field `day`. Did you mean `days`?"),
    ],
)
def test_a_limit_counts_in_positive_whole_numbers(limit: str, expected: str) -> None:
    """Each field of a limit is checked, and the mistake states what to write."""
    line, text = only_mistake("offerIdentifier: half", f"offerIdentifier: half, limit: {limit}")
    assert (line, expected in text) == (12, True), text
