"""Call an endpoint as the App Store does, for one customer and one subscription, and judge the answer."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass

from console.simulator.accounts import Purchase, SimulatedApp
from console.simulator.answers import Judge, Screen
from console.simulator.authority import request_claims
from console.simulator.endpoint_call import INVALID_RESPONSE, SUCCESS, Attempt, call
from console.simulator.signatures import Flaw, Inspector
from console.simulator.simulator import Simulator

# Posts a signedPayload to a URL, within so many ms.
CallEndpoint = Callable[[str, str, int], Attempt]


def _new_id() -> str:
    return str(uuid.uuid4())


@dataclass(frozen=True, slots=True)
class RealtimeCall:
    """One call of the endpoint, and what the customer sees.

    `result` is Apple's sendAttemptResult. If `shown` is None, `reason` is our explanation.
    """

    attempt: Attempt
    result: str
    reason: str
    shown: Screen | None = None


@dataclass(frozen=True, slots=True)
class RealtimeCaller:
    """The App Store of one environment, for one app. `post` replaces `call`; `new_id` makes request ids."""

    simulator: Simulator
    app: SimulatedApp
    environment: str
    post: CallEndpoint | None = None
    new_id: Callable[[], str] = _new_id

    def ask(self, url: str, purchase: Purchase, locale: str, limit_ms: int) -> RealtimeCall:
        """Call `url` for the customer with `purchase` and a device with `locale`. Never raises.

        `limit_ms` is Apple's time limit in milliseconds.
        """
        attempt = (self.post or call)(url, self._signed(purchase, locale), limit_ms)
        if attempt.result != SUCCESS:
            return RealtimeCall(attempt, attempt.result, attempt.reason)
        try:
            shown = self.judge(purchase.product_id, purchase.transaction_id).judge(attempt.body)
        except Flaw as flaw:
            return RealtimeCall(attempt, INVALID_RESPONSE, str(flaw))
        return RealtimeCall(attempt, SUCCESS, "", shown)

    def judge(self, product_id: str, transaction_id: str) -> Judge:
        simulator, accounts = self.simulator, self.simulator.accounts
        return Judge(
            simulator.app_data(self.app.app_apple_id, self.environment),
            Inspector(self.app, accounts.key, transaction_id, simulator.wall(), simulator.strict),
            accounts.products(self.app.app_apple_id),
            product_id,
        )

    def _signed(self, purchase: Purchase, locale: str) -> str:
        claims = request_claims(
            original_transaction_id=purchase.transaction_id,
            app_apple_id=self.app.app_apple_id,
            product_id=purchase.product_id,
            user_locale=locale,
            environment=self.environment,
            request_identifier=self.new_id(),
            signed_date=int(self.simulator.wall() * 1000),
        )
        return self.simulator.authority.sign(claims)
