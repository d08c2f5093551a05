"""Which answers the simulated App Store accepts, and each reason to refuse one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from retention import response
from retention.catalog import APPROVED, PENDING, REJECTED
from retention.request import SANDBOX

from console.simulator.answers import Judge, Screen
from console.simulator.app_data import AppData
from console.simulator.realtime import RealtimeCaller
from console.simulator.signatures import Flaw
from console.simulator.simulator import Simulator
from tests.support.signed_offers import TRANSACTION, commerce, v1, v2
from tests.support.simulated_app import (
    ANNUAL,
    APP,
    COURSES,
    MONTHLY,
    OTHER,
    answer_of,
    make_simulator,
    new_id,
    shelve,
)


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    simulator = make_simulator()
    simulator.wall = simulator.clock
    yield simulator
    simulator.close()


@pytest.fixture
def app_data(simulator: Simulator) -> AppData:
    return simulator.app_data(APP.app_apple_id, SANDBOX)


@pytest.fixture
def judge(simulator: Simulator) -> Judge:
    return RealtimeCaller(simulator, APP, SANDBOX).judge(MONTHLY, TRANSACTION)


def flaw(judge: Judge, body: bytes) -> str:
    with pytest.raises(Flaw) as caught:
        judge.judge(body)
    return str(caught.value)


def test_a_message_is_shown(judge: Judge, app_data: AppData) -> None:
    """An approved message with an approved image is shown, with its id in upper or lower case."""
    identifier = shelve(app_data, image=APPROVED)
    shown = judge.judge(answer_of("message", messageIdentifier=identifier.upper()))
    assert (shown.kind, shown.message.identifier, shown.notes) == ("message", identifier, ())


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "not JSON"),
        (b"\xff", "not JSON"),
        (b"[]", "not a JSON object"),
        (b"{}", "it has nothing"),
        (b'{"message":{},"alternateProduct":{}}', "it has alternateProduct, message"),
        (b'{"message":{},"note":1}', "it has message, note"),
        (b'{"note":{}}', "it has note"),
        (b'{"message":[]}', "message is not an object"),
        (b'{"message":{}}', "messageIdentifier is missing"),
        (b'{"message":{"messageIdentifier":"hello"}}', "not a UUID"),
    ],
)
def test_an_answer_of_another_shape_is_refused(judge: Judge, body: bytes, reason: str) -> None:
    """An answer has exactly one of four fields, whose value is an object with a message's id."""
    assert reason in flaw(judge, body)


def test_an_undocumented_field_is_refused(judge: Judge, app_data: AppData) -> None:
    """A field that Apple does not document is named in the refusal."""
    body = answer_of("message", messageIdentifier=shelve(app_data), locale="en-US")
    assert "locale" in flaw(judge, body)


@pytest.mark.parametrize(
    ("state", "image", "reason"),
    [
        (PENDING, None, "PENDING"),
        (REJECTED, None, "REJECTED"),
        (APPROVED, PENDING, "image"),
        (APPROVED, REJECTED, "image"),
    ],
)
def test_an_unapproved_message_is_refused(
    judge: Judge, app_data: AppData, state: str, image: str | None, reason: str
) -> None:
    """The message and each of its images must be APPROVED."""
    identifier = shelve(app_data, state=state, image=image)
    assert reason in flaw(judge, answer_of("message", messageIdentifier=identifier))


def test_an_unknown_message_is_refused(judge: Judge, app_data: AppData) -> None:
    """A message that was never uploaded, or was deleted, cannot be shown."""
    identifier = shelve(app_data)
    app_data.delete_message(identifier)
    for name in (new_id(), identifier):
        assert "There is no message" in flaw(judge, answer_of("message", messageIdentifier=name))


@pytest.mark.parametrize("kind", ["alternateProduct", "promotionalOffer", "advancedCommerceInfo"])
def test_an_offer_has_a_message_of_text_alone(judge: Judge, app_data: AppData, kind: str) -> None:
    """With another product or an offer, the message must have neither image nor bullets."""
    identifier = shelve(app_data, image=APPROVED)
    assert "without image" in flaw(judge, answer_of(kind, messageIdentifier=identifier, productId=ANNUAL))


def test_a_switch_within_the_group_is_shown(judge: Judge, app_data: AppData) -> None:
    """The other product is in the same group; a billing plan is optional."""
    identifier = shelve(app_data)
    for plan in ({}, {"billingPlanType": "MONTHLY"}, {"billingPlanType": "BILLED_UPFRONT"}):
        body = answer_of("alternateProduct", messageIdentifier=identifier, productId=ANNUAL, **plan)
        assert judge.judge(body).detail["productId"] == ANNUAL


@pytest.mark.parametrize(
    ("detail", "reason"),
    [
        ({}, "no productId"),
        ({"productId": OTHER}, "not in the subscription group"),
        ({"productId": "nothing"}, "not a subscription of the app"),
        ({"productId": ANNUAL, "billingPlanType": "WEEKLY"}, "WEEKLY"),
    ],
)
def test_an_impossible_switch_is_refused(judge: Judge, app_data: AppData, detail: dict[str, str], reason: str) -> None:
    """A switch names a product of the same group, and a billing plan that exists."""
    assert reason in flaw(judge, answer_of("alternateProduct", messageIdentifier=shelve(app_data), **detail))


def test_without_products_no_group_is_known(simulator: Simulator, app_data: AppData) -> None:
    """A simulated app without a list of products accepts any product."""
    simulator.accounts.replace_products(APP.app_apple_id, [])
    judge = RealtimeCaller(simulator, APP, SANDBOX).judge(MONTHLY, TRANSACTION)
    body = answer_of("alternateProduct", messageIdentifier=shelve(app_data), productId="anything")
    assert judge.judge(body).kind == "alternateProduct"


def offered(judge: Judge, app_data: AppData, **signature: Any) -> Screen:
    return judge.judge(answer_of("promotionalOffer", messageIdentifier=shelve(app_data), **signature))


def test_an_offer_has_exactly_one_signature(judge: Judge, app_data: AppData) -> None:
    """Both signatures at once, or none, are refused."""
    for signatures in ({}, {"promotionalOfferSignatureV1": v1(), "promotionalOfferSignatureV2": v2()}):
        with pytest.raises(Flaw, match="exactly one"):
            offered(judge, app_data, **signatures)


def sold(simulator: Simulator, data: Any, product_id: str = COURSES) -> Screen:
    identifier = shelve(simulator.app_data(APP.app_apple_id, SANDBOX))
    judge = RealtimeCaller(simulator, APP, SANDBOX).judge(product_id, TRANSACTION)
    return judge.judge(answer_of("advancedCommerceInfo", messageIdentifier=identifier, advancedCommerceData=data))


def test_our_own_advanced_commerce_is_accepted(simulator: Simulator) -> None:
    """The simulator accepts what the function sends for an Advanced Commerce subscription."""
    assert sold(simulator, commerce()).kind == "advancedCommerceInfo"


def test_advanced_commerce_needs_such_a_subscription(simulator: Simulator) -> None:
    """For any other subscription the answer is refused."""
    with pytest.raises(Flaw, match="not an Advanced Commerce subscription"):
        sold(simulator, commerce(), MONTHLY)


def test_our_own_answers_have_apples_shape(judge: Judge, app_data: AppData) -> None:
    """Each body that the function composes is accepted."""
    identifier = shelve(app_data)
    bodies = [
        response.message(identifier),
        response.alternate_product(identifier, ANNUAL, "MONTHLY"),
        response.promotional_offer_v2(identifier, v2()),
        response.promotional_offer_v1(identifier, v1()),
    ]
    kinds = [judge.judge(response.encode(body).encode()).kind for body in bodies]
    assert kinds == ["message", "alternateProduct", "promotionalOffer", "promotionalOffer"]
