"""Judge a RealtimeResponseBody as the App Store does: the message to show, or the reason why it shows none."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from retention.catalog import APPROVED

from console.simulator.accounts import Subscription
from console.simulator.app_data import AppData, Content, UploadedMessage
from console.simulator.signatures import Flaw, Inspector

KINDS: Final = ("message", "alternateProduct", "promotionalOffer", "advancedCommerceInfo")
BILLING_PLAN_TYPES: Final = ("BILLED_UPFRONT", "MONTHLY")


@dataclass(frozen=True, slots=True)
class Screen:
    """What a customer sees: `kind` is a field of RealtimeResponseBody, `detail` its content; owners read `notes`."""

    kind: str
    message: UploadedMessage
    detail: Content
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Judge:
    """Judges answers for one customer of `product_id`.

    If `products` is empty, the subscription group of an alternate product is not checked.
    """

    app_data: AppData
    inspector: Inspector
    products: Mapping[str, Subscription]
    product_id: str

    def judge(self, body: bytes) -> Screen:
        """Return what the body of an answer shows. Raises Flaw.

        Assumption: Apple refuses unknown fields and two answers at once; it documents neither.
        """
        kind, detail = _only_answer(body)
        message = self.deliverable(_identifier(detail))
        if kind != "message" and not message.text_only:
            raise Flaw(f"{kind} needs a message without image and bullets; {message.identifier} has some.")
        notes = _CHECKS[kind](self, detail)
        return Screen(kind, message, detail, tuple(notes))

    def deliverable(self, identifier: str) -> UploadedMessage:
        """Return the message if it and every image it uses are approved."""
        message = self.app_data.message(identifier)
        if message is None:
            raise Flaw(f"There is no message {identifier} in {self.app_data.environment}.")
        if message.state != APPROVED:
            raise Flaw(f"The message {identifier} is {message.state}, not APPROVED.")
        for used in message.images:
            image = self.app_data.image(used)
            state = "deleted" if image is None else image.state
            if state != APPROVED:
                raise Flaw(f"The image {used} of message {identifier} is {state}, not APPROVED.")
        return message

    def message(self, detail: Content) -> list[str]:
        _only_fields(detail, "message", {"messageIdentifier"})
        return []

    def alternate_product(self, detail: Content) -> list[str]:
        _only_fields(detail, "alternateProduct", {"messageIdentifier", "productId", "billingPlanType"})
        target = detail.get("productId")
        if not isinstance(target, str) or not target:
            raise Flaw("alternateProduct has no productId.")
        if "billingPlanType" in detail and detail["billingPlanType"] not in BILLING_PLAN_TYPES:
            raise Flaw(f"billingPlanType {detail['billingPlanType']!r} is none of {', '.join(BILLING_PLAN_TYPES)}.")
        if self.products and self._group(target) != self._group(self.product_id):
            raise Flaw(f"{target} is not in the subscription group of {self.product_id}.")
        return []

    def promotional_offer(self, detail: Content) -> list[str]:
        version_2, version_1 = "promotionalOfferSignatureV2", "promotionalOfferSignatureV1"
        _only_fields(detail, "promotionalOffer", {"messageIdentifier", version_2, version_1})
        if (version_2 in detail) == (version_1 in detail):
            raise Flaw("promotionalOffer must have exactly one of its two signatures.")
        if version_2 in detail:
            return self.inspector.promotional_offer_v2(detail[version_2])
        return self.inspector.promotional_offer_v1(detail[version_1])

    def advanced_commerce(self, detail: Content) -> list[str]:
        _only_fields(detail, "advancedCommerceInfo", {"messageIdentifier", "advancedCommerceData"})
        product = self.products.get(self.product_id)
        if self.products and not (product is not None and product.advanced_commerce):
            raise Flaw(f"{self.product_id} is not an Advanced Commerce subscription.")
        return self.inspector.advanced_commerce(detail.get("advancedCommerceData"))

    def _group(self, product_id: str) -> str:
        product = self.products.get(product_id)
        if product is None:
            raise Flaw(f"{product_id} is not a subscription of the app.")
        return product.group


_CHECKS: Final[Mapping[str, Callable[[Judge, Content], list[str]]]] = {
    "message": Judge.message,
    "alternateProduct": Judge.alternate_product,
    "promotionalOffer": Judge.promotional_offer,
    "advancedCommerceInfo": Judge.advanced_commerce,
}


def _only_answer(body: bytes) -> tuple[str, dict[str, Any]]:
    try:
        document = json.loads(body.decode("utf-8"))
    except ValueError:
        raise Flaw("The body of the answer is not JSON in UTF-8.") from None
    if not isinstance(document, dict):
        raise Flaw("The body of the answer is not a JSON object.")
    if len(document) != 1 or next(iter(document)) not in KINDS:
        named = ", ".join(sorted(document)) or "nothing"
        raise Flaw(f"The answer must have exactly one of {', '.join(KINDS)}; it has {named}.")
    kind, detail = next(iter(document.items()))
    if not isinstance(detail, dict):
        raise Flaw(f"{kind} is not an object.")
    return kind, detail


def _only_fields(detail: Content, kind: str, known: set[str]) -> None:
    unknown = sorted(set(detail) - known)
    if unknown:
        raise Flaw(f"{kind} has fields that Apple does not document: {', '.join(unknown)}.")


def _identifier(detail: Content) -> str:
    """Return the message's id in lower case; Apple's libraries send upper or lower case. Raises Flaw."""
    try:
        return str(uuid.UUID(str(detail.get("messageIdentifier"))))
    except ValueError:
        raise Flaw("messageIdentifier is missing, or not a UUID.") from None
