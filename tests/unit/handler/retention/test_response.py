"""RealtimeResponseBody: exactly one key, no unused field, compact JSON."""

from __future__ import annotations

import json

import pytest
from retention import response

MESSAGE = "3db5c98d-8acf-4e29-831e-8e1f82f9f6e9"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (response.message(MESSAGE), {"message": {"messageIdentifier": MESSAGE}}),
        (
            response.alternate_product(MESSAGE, "p"),
            {"alternateProduct": {"messageIdentifier": MESSAGE, "productId": "p"}},
        ),
        (
            response.alternate_product(MESSAGE, "p", "MONTHLY"),
            {"alternateProduct": {"messageIdentifier": MESSAGE, "productId": "p", "billingPlanType": "MONTHLY"}},
        ),
        (
            response.promotional_offer_v2(MESSAGE, "a.b.c"),
            {"promotionalOffer": {"messageIdentifier": MESSAGE, "promotionalOfferSignatureV2": "a.b.c"}},
        ),
        (
            response.promotional_offer_v1(MESSAGE, {"keyId": "k"}),
            {"promotionalOffer": {"messageIdentifier": MESSAGE, "promotionalOfferSignatureV1": {"keyId": "k"}}},
        ),
        (
            response.advanced_commerce(MESSAGE, "e30="),
            {"advancedCommerceInfo": {"messageIdentifier": MESSAGE, "advancedCommerceData": "e30="}},
        ),
    ],
)
def test_each_answer_has_exactly_its_fields(body: response.Body, expected: dict[str, object]) -> None:
    """A body has one key, and unused fields are absent."""
    assert body == expected
    assert len(body) == 1


def test_the_text_is_compact_utf_8_json() -> None:
    """The JSON has no space and no escape of é, and reads back unchanged."""
    body = response.alternate_product(MESSAGE, "é")
    text = response.encode(body)
    assert " " not in text
    assert "é" in text
    assert json.loads(text) == body
