"""Which answers the simulated App Store accepts, and each reason to refuse one."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import jwt
import pytest
from appstoreserverlibrary.jws_signature_creator import PromotionalOfferV2SignatureCreator
from retention import response
from retention.catalog import APPROVED, PENDING, REJECTED
from retention.request import SANDBOX
from retention.signing.signer import Signer

from console.simulator.answers import Judge, Screen
from console.simulator.app_data import AppData
from console.simulator.realtime import RealtimeCaller
from console.simulator.signatures import Flaw
from console.simulator.simulator import Simulator
from tests.support.simulated_app import (
    ANNUAL,
    APP,
    COURSES,
    KEY,
    KEY_ID,
    MONTHLY,
    NOW,
    OTHER,
    PEM,
    answer_of,
    make_simulator,
    new_id,
    shelve,
)

TRANSACTION = "2000000000000001"
WHEN = datetime.fromtimestamp(NOW, UTC)
SIGNER = Signer(KEY_ID, KEY)


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
    """An approved message with an approved image is shown, whatever the case of its id."""
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


def v2(signer: Signer = SIGNER, **changes: str) -> str:
    given = {
        "issuer_id": APP.issuer_id,
        "bundle_id": APP.bundle_id,
        "product_id": MONTHLY,
        "offer_identifier": "half",
        "transaction_id": TRANSACTION,
    } | changes
    return signer.promotional_offer_v2(now=WHEN, **given)


def offered(judge: Judge, app_data: AppData, **signature: Any) -> Screen:
    return judge.judge(answer_of("promotionalOffer", messageIdentifier=shelve(app_data), **signature))


def test_our_own_v2_signature_is_accepted(judge: Judge, app_data: AppData) -> None:
    """The simulator verifies what the function signs, with nothing to note."""
    shown = offered(judge, app_data, promotionalOfferSignatureV2=v2())
    assert (shown.kind, shown.notes) == ("promotionalOffer", ())


def test_a_v2_signature_of_apples_library_is_accepted(simulator: Simulator, app_data: AppData) -> None:
    """The simulator also verifies what Apple's library signs."""
    simulator.wall = lambda: datetime.now(UTC).timestamp()
    creator = PromotionalOfferV2SignatureCreator(PEM, KEY_ID, APP.issuer_id, APP.bundle_id)
    signature = creator.create_signature(MONTHLY, "half", TRANSACTION)
    judge = RealtimeCaller(simulator, APP, SANDBOX).judge(MONTHLY, TRANSACTION)
    assert offered(judge, app_data, promotionalOfferSignatureV2=signature).notes == ()


def resigned(changes: dict[str, Any], headers: dict[str, Any]) -> str:
    """Return a V2 signature with changed claims and headers, signed again; None removes a claim."""
    claims = jwt.decode(v2(), options={"verify_signature": False}) | changes
    claims = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(claims, KEY, algorithm="ES256", headers={"kid": KEY_ID, **headers})


@pytest.mark.parametrize(
    ("changes", "headers", "reason"),
    [
        ({"exp": int(NOW) + 300}, {}, "`exp`"),
        ({"transactionId": None}, {}, "transactionId"),
        ({"transactionId": "1"}, {}, "transactionId"),
        ({"productId": None}, {}, "productId"),
        ({"offerIdentifier": ""}, {}, "offerIdentifier"),
        ({"aud": "appstoreconnect-v1"}, {}, "`aud`"),
        ({"bid": "com.example.no"}, {}, "`bid`"),
        ({"iss": "nobody"}, {}, "`iss`"),
        ({"iat": int(NOW * 1000)}, {}, "`iat`"),
        ({"iat": int(NOW) - 90_000}, {}, "`iat`"),
        ({"nonce": "hello"}, {}, "`nonce`"),
        ({}, {"kid": "ABCDEFGHIJ"}, "ABCDEFGHIJ"),
        ({}, {"typ": "JOSE"}, "`typ`"),
    ],
)
def test_a_wrong_v2_signature_is_refused(
    judge: Judge, app_data: AppData, changes: dict[str, Any], headers: dict[str, Any], reason: str
) -> None:
    """Each claim of a V2 signature is checked, and it must have no `exp`."""
    with pytest.raises(Flaw, match=reason):
        offered(judge, app_data, promotionalOfferSignatureV2=resigned(changes, headers))


def v1(**changes: Any) -> dict[str, Any]:
    signed = SIGNER.promotional_offer_v1(bundle_id=APP.bundle_id, product_id=MONTHLY, offer_identifier="half", now=WHEN)
    return {name: value for name, value in (signed | changes).items() if value is not None}


def test_our_own_v1_signature_is_accepted(judge: Judge, app_data: AppData) -> None:
    """The older signature is verified over its seven fields."""
    assert offered(judge, app_data, promotionalOfferSignatureV1=v1()).notes == ()


@pytest.mark.parametrize(
    ("signature", "reason"),
    [
        ("hello", "not an object"),
        (v1(productId=None), "productId"),
        (v1(nonce="hello"), "nonce"),
        (v1(nonce=new_id().upper()), "nonce"),
        (v1(timestamp=int(NOW)), "timestamp"),
        (v1(timestamp=int(NOW * 1000) - 86_400_001), "timestamp"),
        (v1(encodedSignature="%"), "encodedSignature"),
        (v1(keyId="ABCDEFGHIJ"), "ABCDEFGHIJ"),
        (v1(appAccountToken="hello"), "appAccountToken"),
    ],
)
def test_a_wrong_v1_signature_is_refused(judge: Judge, app_data: AppData, signature: Any, reason: str) -> None:
    """Each field of a V1 signature is checked, and it is valid for 24 hours."""
    with pytest.raises(Flaw, match=reason):
        offered(judge, app_data, promotionalOfferSignatureV1=signature)


def test_an_offer_has_exactly_one_signature(judge: Judge, app_data: AppData) -> None:
    """Both signatures at once, or none, are refused."""
    for signatures in ({}, {"promotionalOfferSignatureV1": v1(), "promotionalOfferSignatureV2": v2()}):
        with pytest.raises(Flaw, match="exactly one"):
            offered(judge, app_data, **signatures)


@pytest.mark.parametrize(
    "signature",
    [
        {"promotionalOfferSignatureV2": v2(Signer.throwaway(KEY_ID))},
        {"promotionalOfferSignatureV1": v1(offerIdentifier="all")},
    ],
)
def test_a_signature_by_another_key_is_noted(
    simulator: Simulator, judge: Judge, app_data: AppData, signature: dict[str, Any]
) -> None:
    """The simulator accepts a signature by a throwaway key with a note; in strict mode it refuses it."""
    assert "throwaway" in offered(judge, app_data, **signature).notes[0]
    simulator.strict = True
    with pytest.raises(Flaw, match="not signed with the key"):
        offered(RealtimeCaller(simulator, APP, SANDBOX).judge(MONTHLY, TRANSACTION), app_data, **signature)


ITEM = {
    "currentSKU": "swift",
    "SKU": "swift-plus",
    "displayName": "Swift",
    "description": "A course",
    "effective": "IMMEDIATELY",
    "reason": "UPGRADE",
    "price": 4990,
}
REQUEST = {"retainBillingCycle": True, "changeItems": [ITEM]}


def commerce(request: dict[str, Any] = REQUEST, transaction_id: str = TRANSACTION) -> str:
    return SIGNER.advanced_commerce(
        issuer_id=APP.issuer_id, bundle_id=APP.bundle_id, request=request, transaction_id=transaction_id, now=WHEN
    )


def sold(simulator: Simulator, data: Any, product_id: str = COURSES) -> Screen:
    identifier = shelve(simulator.app_data(APP.app_apple_id, SANDBOX))
    judge = RealtimeCaller(simulator, APP, SANDBOX).judge(product_id, TRANSACTION)
    return judge.judge(answer_of("advancedCommerceInfo", messageIdentifier=identifier, advancedCommerceData=data))


def test_our_own_advanced_commerce_is_accepted(simulator: Simulator) -> None:
    """The simulator accepts what the function sends for an Advanced Commerce subscription."""
    assert sold(simulator, commerce()).kind == "advancedCommerceInfo"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ("%", "not Base64"),
        (base64.b64encode(b"[]").decode(), "not a JSON object"),
        (base64.b64encode(b"{}").decode(), "signatureInfo"),
        (base64.b64encode(json.dumps({"signatureInfo": {"token": "x"}}).encode()).decode(), "not a JWS"),
        (commerce(transaction_id="1"), "transactionId"),
        (commerce({**REQUEST, "changeItems": [ITEM, ITEM]}), "one item"),
        (commerce({**REQUEST, "changeItems": [{**ITEM, "displayName": "x" * 31}]}), "displayName"),
        (commerce({**REQUEST, "changeItems": [{**ITEM, "effective": "LATER"}]}), "effective"),
        (commerce({**REQUEST, "changeItems": [{**ITEM, "price": "4.99"}]}), "price"),
        (commerce({**REQUEST, "version": "2"}), "version 1"),
        (commerce({"changeItems": [ITEM]}), "retainBillingCycle"),
    ],
)
def test_a_wrong_advanced_commerce_request_is_refused(simulator: Simulator, data: str, reason: str) -> None:
    """Every field of the wrapped request is checked."""
    with pytest.raises(Flaw, match=reason):
        sold(simulator, data)


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
