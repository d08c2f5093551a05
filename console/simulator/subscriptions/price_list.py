"""What the simulator's products and offers cost: the owner's file has no prices, so these are invented.

Prices are in milliunits of the customer's currency.
"""

from __future__ import annotations

from typing import Final

from console.simulator.accounts import Subscription
from console.simulator.subscriptions.billing_periods import DAY, period_end
from console.simulator.subscriptions.life import (
    CODE,
    FREE_TRIAL,
    INTRODUCTORY,
    MONTHLY,
    PAY_AS_YOU_GO,
    PROMOTIONAL,
    RETENTION,
    WIN_BACK,
    RedeemableOffer,
    SoldProduct,
)

_PRICES: Final = {"P1W": 2990, "P1M": 9990, "P2M": 17990, "P3M": 24990, "P6M": 44990, "P1Y": 79990}
_MONTHS_OF_A_YEAR: Final = 12

# What an offer is called on the command line → Apple's offerType.
OFFER_KINDS: Final = {
    "introductory": INTRODUCTORY,
    "promotional": PROMOTIONAL,
    "code": CODE,
    "win-back": WIN_BACK,
    "retention": RETENTION,
}


def listed(product: Subscription, price: int | None = None, billing_plan: str | None = None) -> SoldProduct:
    """Return a product with its price, by default that of its period; `price` is for one billing period.

    Without a price of its own, a commitment costs each month a twelfth of the year.
    """
    usual = _PRICES.get(product.period, _PRICES["P1M"])
    if billing_plan == MONTHLY:
        usual = _share(usual, _MONTHS_OF_A_YEAR)
    return SoldProduct(
        product.product_id, product.group, product.period, usual if price is None else price, billing_plan
    )


def offered(
    product: SoldProduct,
    kind: int,
    identifier: str | None,
    discount: str = PAY_AS_YOU_GO,
    price: int | None = None,
    count: int = 1,
) -> RedeemableOffer:
    """Return an offer for the product: by default half of its price, and free as a FREE_TRIAL."""
    period = product.billing_period
    usual = 0 if discount == FREE_TRIAL else _share(product.price, 2)
    times = count if discount == PAY_AS_YOU_GO else 1
    return RedeemableOffer(kind, identifier, discount, period, usual if price is None else price, times)


def is_higher(product: SoldProduct, than: SoldProduct) -> bool:
    """Return whether a switch to `product` is an upgrade, which applies at once.

    Assumption: what costs more a day is of a higher level, and the same price is a crossgrade. The owner ranks the
    levels in App Store Connect, and the file has no ranks.
    """
    return _daily(product) >= _daily(than)


def _share(price: int, parts: int) -> int:
    """Return one part of a price, rounded down to a hundredth of the currency's unit."""
    return price // parts // 10 * 10


def _daily(product: SoldProduct) -> float:
    return product.price * DAY / period_end(0, product.billing_period)
