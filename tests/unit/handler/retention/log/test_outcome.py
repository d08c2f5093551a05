"""The second allow-list: which members an outcome's line has, and the pseudonyms in it."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import fields

import pytest
from retention.log.outcome import OutcomeLine, hash_transaction, instant

KEY = bytes(range(32))
LINE = OutcomeLine(app_apple_id=1, customer_hash="0f" * 32, key_id="630dcd29", source="push")


def test_a_line_has_the_members_that_the_readers_of_logs_know() -> None:
    """Each member has one name and one meaning in every release; a new one is added here first."""
    every = OutcomeLine(**{each.name: 1 for each in fields(OutcomeLine)})  # type: ignore[arg-type]  # names alone
    assert set(every.fields()) == {
        *("appAppleId", "customerHash", "keyId", "source", "type", "subtype", "notificationUuid", "signedAt", "ageMs"),
        *("purchasedAt", "productId", "nextProductId", "autoRenew", "billingPlan", "nextBillingPlan", "reason"),
        *("offerType", "offerIdentifier", "offerPeriod", "nextOfferType", "nextOffer", "transaction", "amount"),
        *("currency", "storefront", "revoked", "revocationPercentage", "renewalAt", "status", "expirationIntent"),
        *("ownership", "trustAnchor", "leafDaysLeft", "newLeaf"),
    }


def test_what_apple_left_out_is_not_in_the_line() -> None:
    """A missing member is NULL to every engine; zero and no are members."""
    assert set(LINE.fields()) == {"appAppleId", "customerHash", "keyId", "source"}
    shown = OutcomeLine(1, "0f" * 32, "k", "pull", auto_renew=0, amount=0, revoked=0).fields()
    assert (shown["autoRenew"], shown["amount"], shown["revoked"]) == (0, 0, 0)


def test_long_texts_are_cut() -> None:
    """A line has a price, and what Apple signs may be of any length."""
    assert OutcomeLine(1, "0f" * 32, "k", "pull", product_id="x" * 500).fields()["productId"] == "x" * 128


def test_a_transaction_s_pseudonym_is_keyed() -> None:
    """Without the key of the table, 16 digits of an id could be found by trying all ids."""
    expected = hmac.digest(KEY, b"transaction 2000000900000180", hashlib.sha256).hex()[:16]
    assert hash_transaction(KEY, "2000000900000180") == expected
    assert hash_transaction(bytes(32), "2000000900000180") != expected
    assert hash_transaction(KEY, "\ud800")


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (None, None),
        (0, "1970-01-01 00:00:00.000"),
        (1_796_000_000_122, "2026-11-30 00:53:20.122"),
        (253_402_300_799_999, "9999-12-31 23:59:59.999"),
        (253_402_300_800_000, None),
        (10**30, None),
    ],
)
def test_instants_are_texts_in_utc(milliseconds: int | None, text: str | None) -> None:
    """Every engine casts this form to a timestamp, and it is exact to the millisecond."""
    assert instant(milliseconds) == text
