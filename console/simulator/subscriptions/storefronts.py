"""Where simulated customers buy: Apple's numbers of some storefronts."""

from __future__ import annotations

from typing import Final

from console.simulator.subscriptions.life import SimulatedCustomer

# Alpha-3 code → storefrontId. For another storefront, the simulator's transactions have no storefrontId.
_NUMBERS: Final = {
    "AUS": "143460",
    "CAN": "143455",
    "DEU": "143443",
    "ESP": "143454",
    "FRA": "143442",
    "GBR": "143444",
    "ITA": "143450",
    "JPN": "143462",
    "USA": "143441",
}


def customer_in(storefront: str, currency: str, *, shared: bool = False) -> SimulatedCustomer:
    """Return a customer of a storefront (alpha-3) who pays in a currency (ISO 4217), or shares a family's purchase."""
    ownership = "FAMILY_SHARED" if shared else "PURCHASED"
    return SimulatedCustomer(storefront, _NUMBERS.get(storefront), currency, ownership)
