"""One customer's subscription at Apple: its transactions, and how it renews. Times are UNIX milliseconds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

PURCHASE: Final = "PURCHASE"
RENEWAL: Final = "RENEWAL"

MONTHLY: Final = "MONTHLY"
COMMITMENT_PERIODS: Final = 12

# offerType
INTRODUCTORY: Final = 1
PROMOTIONAL: Final = 2
CODE: Final = 3
WIN_BACK: Final = 4
RETENTION: Final = 5  # of an App Store Connect message

# offerDiscountType
FREE_TRIAL: Final = "FREE_TRIAL"
PAY_AS_YOU_GO: Final = "PAY_AS_YOU_GO"
PAY_UP_FRONT: Final = "PAY_UP_FRONT"

# status
ACTIVE: Final = 1
EXPIRED: Final = 2
BILLING_RETRY: Final = 3
GRACE_PERIOD: Final = 4
REVOKED: Final = 5


@dataclass(frozen=True, slots=True)
class SoldProduct:
    """A subscription as the App Store sells it.

    `period` is ISO 8601, `price` in milliunits of the customer's currency, for one billing period: with the
    `billing_plan` MONTHLY, a twelfth of what the customer commits to. None is a product without billing plans.
    """

    product_id: str
    group: str = "pro"
    period: str = "P1M"
    price: int = 9990
    billing_plan: str | None = None

    @property
    def billing_period(self) -> str:
        return "P1M" if self.billing_plan == MONTHLY else self.period


@dataclass(frozen=True, slots=True)
class RedeemableOffer:
    """A discount: `kind` is Apple's offerType, `price` (milliunits) what one of its `count` periods costs.

    `identifier` is None for an introductory offer. A trial or an offer paid up front is one period of the length
    `period`; PAY_AS_YOU_GO is `count` billing periods of the product.
    """

    kind: int
    identifier: str | None
    discount: str
    period: str
    price: int
    count: int = 1


@dataclass(frozen=True, slots=True)
class TakenBack:
    """A revocation of a transaction at the time `at`: `kind` is revocationType, `percentage` in thousandths of 1 %."""

    at: int
    kind: str
    reason: int
    percentage: int | None


@dataclass(frozen=True, slots=True)
class SimulatedTransaction:
    """One paid or free period. In a commitment, `number` counts its billing periods from 1; otherwise it is 0."""

    transaction_id: str = field(repr=False)
    product: SoldProduct
    purchased: int
    expires: int
    price: int
    reason: str
    offer: RedeemableOffer | None = None
    number: int = 0
    commitment_expires: int | None = None
    upgraded: bool = False
    taken_back: TakenBack | None = None


@dataclass(frozen=True, slots=True)
class UpcomingRenewal:
    """How the subscription goes on. `on` is what the customer chose, also within a commitment.

    `offer` is for the next `offer_periods` periods. `price_increase` is priceIncreaseStatus, and `product` then has the
    new price. `expiration_intent` is Apple's number once the subscription has ended.
    """

    product: SoldProduct
    on: bool = True
    offer: RedeemableOffer | None = None
    offer_periods: int = 0
    price_increase: int | None = None
    retrying: bool = False
    grace_expires: int | None = None
    expiration_intent: int | None = None


@dataclass(frozen=True, slots=True)
class Seller:
    """The app whose subscription it is, and the environment in which it was bought."""

    app_apple_id: int
    bundle_id: str
    environment: str


@dataclass(frozen=True, slots=True)
class SimulatedCustomer:
    """Where the customer buys, and as what: `storefront` is alpha-3, `ownership` Apple's inAppOwnershipType."""

    storefront: str = "USA"
    storefront_id: str | None = "143441"
    currency: str = "USD"
    ownership: str = "PURCHASED"


@dataclass(frozen=True, slots=True)
class SimulatedSubscription:
    """One subscription; the last of `transactions` is the current one, and the first gave it its original id.

    `run_started` is recentSubscriptionStartDate, `signed` the signedDate of its last event. `accelerated` periods are
    as short as in Apple's sandbox.
    """

    seller: Seller
    customer: SimulatedCustomer = field(repr=False)
    transactions: tuple[SimulatedTransaction, ...]
    renewal: UpcomingRenewal
    run_started: int
    signed: int
    accelerated: bool = False
    win_back_offers: tuple[str, ...] = ()

    @property
    def original(self) -> SimulatedTransaction:
        return self.transactions[0]

    @property
    def current(self) -> SimulatedTransaction:
        return self.transactions[-1]

    @property
    def committed(self) -> bool:
        """Whether periods of a commitment are left after the current one: these renew even if the customer cancels."""
        return 0 < self.current.number < COMMITMENT_PERIODS and self.status != REVOKED

    @property
    def renews(self) -> bool:
        """Whether another period follows, if it can be paid (autoRenewStatus)."""
        return self.renewal.on or (self.committed and self.renewal.expiration_intent is None)

    @property
    def can_be_cancelled(self) -> bool:
        """Whether the App Store shows the customer a Cancel button."""
        return self.renewal.on and self.status == ACTIVE

    @property
    def next_product(self) -> SoldProduct:
        """The product of the next period; within a commitment, a change waits for its end."""
        return self.current.product if self.committed else self.renewal.product

    @property
    def next_price(self) -> int:
        """What the next period costs, in milliunits."""
        offer = self.renewal.offer
        return self.next_product.price if offer is None else offer.price

    @property
    def status(self) -> int:
        """Apple's status of the subscription."""
        if self.current.taken_back is not None:
            return REVOKED
        if self.renewal.expiration_intent is not None:
            return EXPIRED
        if self.renewal.retrying:
            return BILLING_RETRY if self.renewal.grace_expires is None else GRACE_PERIOD
        return ACTIVE
