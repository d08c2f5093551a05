"""One request from event to answer, in one process: real signatures, a catalog in memory, every HTTP status."""

from __future__ import annotations

import base64
import hashlib
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Event
from types import ModuleType
from typing import Any
from uuid import UUID, uuid4

import pytest
from retention.aws.sigv4 import Credentials
from retention.catalog import PENDING, Answer, Holdout
from retention.errors import CatalogUnavailableError, ConfigurationError
from retention.request import MAX_BODY_BYTES
from retention.rules import Reported
from retention.signing.signer import Signer

from tests.support.endpoint_on_fakes import (
    APP,
    AUTHORITY,
    MESSAGE,
    NOW,
    OFFER,
    OTHER,
    PLAIN,
    SWITCH,
    TEXT,
    TRANSACTION,
    VARIABLES,
    EndpointOnFakes,
    catalog,
    load_app,
    make_endpoint,
    rule,
    signed,
)
from tests.support.waiting import PATIENCE

ADVANCED = "advancedCommerceInfo"
PROMOTION = {**OFFER, "signature": "v2"}
LIMITED = {**PROMOTION, "limit": {"times": 1, "days": 30, "of": "any"}}
CHANGE = {"retainBillingCycle": True, "changeItems": [{"currentSKU": "a", "SKU": "b"}]}


def _answer(document: dict[str, Any]) -> Answer:
    return Answer(document["kind"], document.get("set", ""), document)


def test_a_message_is_answered() -> None:
    """A genuine request for which a rule answers gets 200 and a body with one key."""
    status, body, record = make_endpoint(catalog(rule(MESSAGE))).post(signed())
    assert (status, body) == (200, {"message": {"messageIdentifier": PLAIN}})
    assert (record.outcome, record.kind, record.rule, record.release) == ("answered", "message", "message", 7)
    assert (record.locale_served, record.has_default, record.catalog_age) == ("en-US", True, 2.0)


def test_a_switch_plan_is_answered() -> None:
    """An alternate product is answered, with a billing plan if the rule has one."""
    _, body, _ = make_endpoint(catalog(rule(SWITCH))).post(signed())
    assert body == {"alternateProduct": {"messageIdentifier": TEXT, "productId": "pro.annual"}}
    _, body, _ = make_endpoint(catalog(rule({**SWITCH, "billingPlanType": "MONTHLY"}))).post(signed())
    assert body["alternateProduct"]["billingPlanType"] == "MONTHLY"


@pytest.mark.parametrize(
    ("answer", "key", "inside"),
    [
        ({**OFFER, "signature": "v2"}, "promotionalOffer", "promotionalOfferSignatureV2"),
        ({**OFFER, "signature": "v1"}, "promotionalOffer", "promotionalOfferSignatureV1"),
        (
            {"kind": "advancedCommerce", "set": "text", "request": CHANGE},
            "advancedCommerceInfo",
            "advancedCommerceData",
        ),
    ],
)
def test_offers_are_answered_signed(answer: dict[str, Any], key: str, inside: str) -> None:
    """An offer's body has the message and one signature, and nothing else."""
    status, body, record = make_endpoint(catalog(rule(answer))).post(signed())
    assert status == 200
    assert list(body) == [key]
    assert set(body[key]) == {"messageIdentifier", inside}
    assert "sign" in record.times


def test_two_requests_get_two_signatures() -> None:
    """A signed answer is not kept: the same request gets another signature the second time."""
    at = make_endpoint(catalog(rule({**OFFER, "signature": "v2"})))
    payload = signed()
    assert at.post(payload)[1] != at.post(payload)[1]


@pytest.mark.parametrize("paused", [True, False])
def test_without_an_answer_the_status_is_204(paused: bool) -> None:  # noqa: FBT001  # a column of the table
    """While paused, or if no rule answers, the status is 204 without a body, and Apple falls back."""
    held = catalog(rule(MESSAGE), paused=True) if paused else catalog()
    status, body, record = make_endpoint(held).post(signed())
    assert (status, body, record.outcome) == (204, None, "paused" if paused else "no_rule")


def test_a_rule_that_answers_fallback_is_204() -> None:
    """A `fallback` answer is recorded as the owner's decision; Apple gets 204."""
    _, body, record = make_endpoint(catalog(rule({"kind": "fallback"}), rule(MESSAGE))).post(signed())
    assert (body, record.status, record.outcome, record.rule) == (None, 204, "fallback", "fallback")


@pytest.mark.parametrize(
    ("event", "status"),
    [
        ({"body": "{"}, 400),
        ({"body": "[]"}, 400),
        ({"body": "{}"}, 400),
        ({"body": None}, 400),
        ({"body": json.dumps({"signedPayload": None})}, 400),
        ({"body": json.dumps({"signedPayload": 7})}, 400),
        ({"body": '{"signedPayload": "a", "signedPayload": "b"}'}, 400),
        ({"body": "\ud800"}, 400),
        ({"body": "[" * 60_000}, 400),
        ({"body": "*", "isBase64Encoded": True}, 400),
        ({"body": "x" * (MAX_BODY_BYTES + 1)}, 413),
        ({"body": "é" * (MAX_BODY_BYTES // 2 + 1)}, 413),
        ({"body": json.dumps({"signedPayload": "a.b.c"})}, 401),
        ({"body": json.dumps({"signedPayload": "\ud800"})}, 400),
        ({"body": json.dumps({"signedPayload": "é" * 9})}, 401),
        ({"requestContext": {"http": {"method": "GET"}}}, 405),
        ({"requestContext": {}}, 405),
    ],
)
def test_a_body_without_a_signed_request_is_refused(event: dict[str, Any], status: int) -> None:
    """Any body gets 400, 401, 405 or 413, and never 500; the log has a reason and the body's length."""
    got, body, record = make_endpoint(catalog(rule(MESSAGE))).post("", **event)
    assert (got, body, record.outcome) == (status, None, "rejected")
    assert record.reason
    assert record.size == len(event.get("body", json.dumps({"signedPayload": ""})) or "")
    assert not record.verified


def test_a_request_under_another_root_is_refused() -> None:
    """A chain like Apple's under a private CA is accepted only where its root is trusted."""
    assert make_endpoint(catalog(rule(MESSAGE))).post(signed(OTHER))[0] == 401
    assert make_endpoint(catalog(rule(MESSAGE)), roots=(OTHER.root_der,)).post(signed(OTHER))[0] == 200


def test_a_documented_claim_of_another_type_is_counted_apart() -> None:
    """It is refused with 401 like a forgery and counted as RejectedClaim, since Apple may have changed its payload."""
    status, _, record = make_endpoint(catalog()).post(signed(appAppleId=str(APP)))
    assert (status, record.reason, record.evidence) == (401, "claim_type", {"field": "appAppleId"})
    assert "RejectedClaim" in record.counts


def ms(**delta: float) -> int:
    return int((NOW + timedelta(**delta)).timestamp() * 1000)


@pytest.mark.parametrize(
    ("claims", "status"),
    [
        ({"appAppleId": APP + 1}, 403),
        ({"environment": "Production"}, 403),
        ({"environment": "Xcode"}, 403),
        ({"environment": "LocalTesting"}, 403),
        ({"environment": "sandbox"}, 403),
        ({"signedDate": ms(minutes=-5)}, 200),
        ({"signedDate": ms(minutes=-5, milliseconds=-1)}, 403),
        ({"signedDate": ms(minutes=1)}, 200),
        ({"signedDate": ms(minutes=1, milliseconds=1)}, 403),
        ({"signedDate": -(2**63)}, 403),
        ({"signedDate": 2**63 - 1}, 403),
    ],
)
def test_a_request_for_another_app_environment_or_time_is_refused(claims: dict[str, Any], status: int) -> None:
    """A signed request for another app, another environment or another time gets 403."""
    got, body, record = make_endpoint(catalog(rule(MESSAGE))).post(signed(**claims))
    assert got == status
    assert (body is None) == (status != 200)
    assert record.verified == (status == 200)


def test_no_catalog_is_503() -> None:
    """Without a catalog the answer is 503 at once, counted as Unavailable."""
    status, _, record = make_endpoint(CatalogUnavailableError("dynamodb", "no answer")).post(signed())
    assert (status, record.outcome, record.reason, record.counts) == (503, "unavailable", "dynamodb", ("Unavailable",))


def test_a_bug_is_500_and_quotes_nothing() -> None:
    """An unexpected exception is 500; the log has its type and not its text."""
    status, _, record = make_endpoint(ValueError(TRANSACTION)).post(signed())
    assert (status, record.reason) == (500, "ValueError")
    assert TRANSACTION not in repr(record)


def test_without_a_key_the_next_rule_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """If signing fails, the rule is passed over, a rule that needs no key answers, and the degradation is counted."""
    at = make_endpoint(catalog(rule({**OFFER, "signature": "v2"}), rule(MESSAGE)))
    trust_as_apples(at, monkeypatch)
    status, body, record = at.post(signed())
    assert (status, list(body)) == (200, ["message"])
    assert (record.degraded, record.reason) == (["signing"], "key_unavailable")


def test_apples_requests_get_the_real_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """An offer for a request under Apple's root is signed with the release's key."""
    at = make_endpoint(catalog(rule({**OFFER, "signature": "v2"})), signer=Signer.throwaway("REAL"))
    trust_as_apples(at, monkeypatch)
    assert at.post(signed())[0] == 200
    assert at.keys.asked == 1
    assert at.lines.records[-1].trust_anchor == "apple"


def test_other_anchors_never_touch_the_real_key() -> None:
    """A request under another root is answered with a throwaway key, and its line has that root's fingerprint."""
    at = make_endpoint(catalog(rule({**OFFER, "signature": "v2"})), signer=Signer.throwaway("REAL"))
    assert at.post(signed())[0] == 200
    assert at.keys.asked == 0
    assert at.lines.records[-1].trust_anchor == AUTHORITY.fingerprint


def test_an_unknown_leaf_of_apples_is_logged_until_it_is_acknowledged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The request is answered; its line has the leaf's fingerprint until the owner acknowledges the leaf."""
    at = make_endpoint(catalog(rule(MESSAGE)))
    trust_as_apples(at, monkeypatch)
    leaf = hashlib.sha256(AUTHORITY.leaf_der).hexdigest()
    status, _, record = at.post(signed())
    assert (status, record.new_leaf) == (200, leaf)
    assert record.leaf_days_left is not None
    knowing = make_endpoint(catalog(rule(MESSAGE)), acknowledged=frozenset({leaf}))
    assert knowing.post(signed())[2].new_leaf is None


def test_a_rehearsals_leaf_is_not_logged() -> None:
    """Its fingerprint and its remaining days would raise, or hide, the alarms for Apple's leaf."""
    _, _, record = make_endpoint(catalog(rule(MESSAGE))).post(signed())
    assert (record.new_leaf, record.leaf_days_left) == (None, None)


def trust_as_apples(at: EndpointOnFakes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the test authority's root pass for Apple's, since only Apple can sign under the real one."""
    monkeypatch.setattr(load_app(), "APPLE_ROOT_FINGERPRINT", AUTHORITY.fingerprint)
    assert at.endpoint


def test_the_profile_is_read_only_where_a_rule_looks_at_it() -> None:
    """Reading a customer's facts costs a call to DynamoDB, which is made only if a rule needs them."""
    without, needing = make_endpoint(catalog(rule(MESSAGE))), ["least", "customer.tenureDays", 180]
    without.post(signed())
    assert without.store.customers_read == 0
    reading = make_endpoint(catalog(rule(MESSAGE, needing)), customer={"tenureDays": 200})
    assert reading.post(signed())[0] == 200
    assert reading.store.customers_read == 1


def test_without_the_profile_rules_without_facts_answer() -> None:
    """Facts that could not be read match no rule; a rule without facts answers, and the record is degraded."""
    at = make_endpoint(catalog(rule(SWITCH, ["not", ["present", "customer.vip"]]), rule(MESSAGE)))
    status, body, record = at.post(signed())
    assert (status, list(body), record.degraded) == (200, ["message"], ["customer"])


def test_what_apple_has_reported_is_read_where_a_rule_or_a_limit_needs_it() -> None:
    """A condition on `subscription.*` and a limit of an offer are judged by what Apple has reported."""
    long = ["least", "subscription.tenureDays", 180]
    known = Reported({"tenureDays": 200}, ())
    at = make_endpoint(catalog(rule(MESSAGE, long)), subscription=known)
    assert at.post(signed())[0] == 200
    at = make_endpoint(catalog(rule(LIMITED)), subscription=known, signer=Signer.throwaway("ABC123DEFG"))
    assert list(at.post(signed())[1]) == ["promotionalOffer"]
    assert at.store.customers_read == 1


def test_without_what_apple_has_reported_no_limited_offer_is_made() -> None:
    """If it could not be read, an offer with a limit gives way to the next rule, and the record is degraded."""
    status, body, record = make_endpoint(catalog(rule(LIMITED), rule(MESSAGE))).post(signed())
    assert (status, list(body), record.degraded) == (200, ["message"], ["subscription"])


def test_the_decision_without_a_key_is_made_with_the_same_facts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A signature that fails is no way around a limit, nor does a fact from Apple get lost."""
    at = make_endpoint(
        catalog(rule(PROMOTION), rule(LIMITED), rule(MESSAGE, ["present", "subscription.tenureDays"])),
        subscription=Reported({"tenureDays": 1}, (("half", int(NOW.timestamp() * 1000)),)),
    )
    trust_as_apples(at, monkeypatch)
    status, body, record = at.post(signed())
    assert (status, list(body), record.degraded) == (200, ["message"], ["signing"])


def test_a_record_names_the_app_and_the_key_of_its_hashes() -> None:
    """Hashes of customers are comparable within one app and under one key, so the line has both."""
    _, _, record = make_endpoint(catalog(rule(MESSAGE))).post(signed())
    assert (record.app_apple_id, record.key_id) == (APP, hashlib.sha256(b"k" * 32).hexdigest()[:8])
    assert record.slots is None


def test_a_record_has_the_share_of_the_arm() -> None:
    """With the arm goes how many of the 10 000 slots it has, which a later release may change."""
    arms = [["all", 10_000, MESSAGE], ["none", 0, MESSAGE]]
    tried = {"name": "a", "when": None, "from": None, "until": None, "experiment": {"key": "k", "arms": arms}}
    _, _, record = make_endpoint(catalog(tried)).post(signed())
    assert (record.experiment, record.arm, record.slots, record.delivered) == ("k", "all", 10_000, True)


@pytest.mark.parametrize(
    ("answer", "slots", "expected"),
    [
        ({"kind": "fallback"}, 10_000, (204, "fallback", "held", None)),
        (MESSAGE, 10_000, (200, "answered", "held", None)),
        ({"kind": "fallback"}, 0, (200, "answered", "served", "message")),
    ],
    ids=["held, fallback", "held, message", "served"],
)
def test_a_record_has_both_arms_of_a_holdout(answer: Any, slots: int, expected: tuple[object, ...]) -> None:
    """Each request that is decided has the holdout and its arm; a rule is named only where one was asked."""
    held = catalog(rule(MESSAGE))
    sheet = replace(held.sheet, holdout=Holdout("h", slots, _answer(answer)))
    status, _, record = make_endpoint(replace(held, sheet=sheet)).post(signed())
    assert record.holdout == "h"
    assert (status, record.outcome, record.holdout_arm, record.rule) == expected
    assert record.customer_hash is not None
    assert record.experiment is None


def test_a_record_without_a_holdout_has_none() -> None:
    """While answers are paused, and in a release without one, no customer is in an arm of it."""
    held = catalog(rule(MESSAGE), paused=True)
    sheet = replace(held.sheet, holdout=Holdout("h", 10_000, _answer(MESSAGE)))
    for one in (catalog(rule(MESSAGE)), replace(held, sheet=sheet)):
        _, _, record = make_endpoint(one).post(signed())
        assert (record.holdout, record.holdout_arm) == (None, None)


def test_degradations_of_the_store_are_recorded() -> None:
    """If the store answers with its last good catalog, the record has that degradation."""
    _, _, record = make_endpoint(catalog(rule(MESSAGE)), degraded=("catalog",)).post(signed())
    assert record.degraded == ["catalog"]


def test_the_first_request_reports_the_cold_start() -> None:
    """Only the first record has `cold_wait`: the milliseconds of init and of its answer together."""
    at = make_endpoint(catalog(rule(MESSAGE)))
    at.endpoint.respond({}, init_ms=100.0)
    at.endpoint.respond({})
    first, second = at.lines.records
    assert first.cold_start is True
    assert first.cold_wait is not None
    assert first.cold_wait >= 100
    assert (second.cold_start, second.cold_wait) == (False, None)


def test_no_record_has_a_token_or_a_transaction_id() -> None:
    """Neither a good request's record nor a refused one's has the token or the original transaction id."""
    at = make_endpoint(catalog(rule({**OFFER, "signature": "v2"}), rule(MESSAGE), state=PENDING))
    tokens = [signed(), signed(OTHER), signed(signedDate=0), signed(appAppleId=None)]
    for token in tokens:
        at.post(token)
    records = repr(at.lines.records)
    assert TRANSACTION not in records
    assert not any(part in records for token in tokens for part in token.split("."))


@pytest.mark.parametrize("payload", ["not a token", None])
def test_a_record_has_the_gateways_request_id_and_the_functions_version(payload: str | None) -> None:
    """A refused request too can be found in the access log, and assigned to the version that answered it."""
    at = make_endpoint(catalog(rule(MESSAGE)))
    at.endpoint.respond(
        {
            "version": "2.0",
            "requestContext": {"requestId": "JKJaXmPLvHcESHA=", "http": {"method": "POST"}},
            "body": json.dumps({"signedPayload": payload or signed()}),
        }
    )
    [record] = at.lines.records
    assert record.status == (401 if payload else 200)
    assert record.gateway_request_id == "JKJaXmPLvHcESHA="
    assert record.function_version == at.endpoint.deployment.function_version == "7"


def test_request_identifiers_are_lower_case() -> None:
    """UUIDs are compared without case; the record has them in lower case."""
    identifier = str(uuid4()).upper()
    _, _, record = make_endpoint(catalog()).post(signed(requestIdentifier=identifier))
    assert record.request_identifier == identifier.lower()
    assert str(UUID(record.request_identifier)) == record.request_identifier


def test_both_payload_formats_and_base64_are_the_same_request() -> None:
    """The answer does not depend on the payload format or on base64."""
    at = make_endpoint(catalog(rule(MESSAGE)))
    body = json.dumps({"signedPayload": signed()})
    encoded = base64.b64encode(body.encode()).decode()
    for event in (
        {"version": "1.0", "httpMethod": "POST", "body": body, "isBase64Encoded": False},
        {"version": "1.0", "httpMethod": "POST", "body": encoded, "isBase64Encoded": True},
        {"version": "2.0", "requestContext": {"http": {"method": "POST"}}, "body": encoded, "isBase64Encoded": True},
    ):
        assert at.endpoint.respond(event)["statusCode"] == 200


def test_a_contradiction_stops_the_start(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    """A deployment with an invalid environment variable does not start, and logs the variable's name."""
    monkeypatch.setenv("RETENTION_ENVIRONMENT", "Staging")
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", f"retention-{uuid4()}")
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Retention")
    with pytest.raises(ConfigurationError):
        load_app().start()
    assert "RETENTION_ENVIRONMENT" in capsys.readouterr().out


def test_a_deployment_without_a_region_does_not_start(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The start is refused with one line in the log, before anything waits for AWS."""
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_REGION")
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    with pytest.raises(ConfigurationError, match="set AWS_REGION"):
        load_app().start()
    assert caplog.messages == ["refused to start"]


def test_one_request_only_is_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Init's time is reported by one request, however many come at the same time."""
    app = load_app()
    init_times: list[float | None] = []
    monkeypatch.setattr(type(app.ENDPOINT), "respond", lambda *_, init_ms: init_times.append(init_ms))
    monkeypatch.setattr(app, "_first_waits", iter([12.0]))
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: app.get_retention_message({}, None), range(50)))
    assert [wait for wait in init_times if wait is not None] == [12.0]


def test_only_rehearsals_get_the_timing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request under another root gets a Server-Timing header, with `cold` at the first one; Apple gets none."""
    at = make_endpoint(catalog(rule(MESSAGE)))
    event = {"httpMethod": "POST", "body": json.dumps({"signedPayload": signed()})}
    timing = at.endpoint.respond(event, init_ms=100.0)["headers"]["server-timing"]
    assert timing.startswith("cold;dur=")
    assert "cold" not in at.endpoint.respond(event)["headers"]["server-timing"]
    assert "server-timing" not in at.endpoint.respond({**event, "body": "{}"})["headers"]
    trust_as_apples(at, monkeypatch)
    assert "server-timing" not in at.endpoint.respond(event)["headers"]


def test_init_fetches_the_key_where_the_release_signs() -> None:
    """The first offer does not wait for the key; without a key, or without a catalog, init succeeds too."""
    at = make_endpoint(catalog(rule(MESSAGE)), signer=Signer.throwaway("REAL"))
    at.endpoint.warm()
    assert at.keys.asked == 1
    make_endpoint(catalog(rule(MESSAGE))).endpoint.warm()
    make_endpoint(CatalogUnavailableError("dynamodb", "no answer")).endpoint.warm()


def test_signing_code_is_imported_while_the_key_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    """The import begins before the key has arrived."""
    begun = Event()
    monkeypatch.setattr(load_app(), "prepare", begun.set)
    at = make_endpoint(catalog(rule(MESSAGE)), signer=Signer.throwaway("REAL"))
    waited: list[bool] = []
    monkeypatch.setattr(at.keys, "get", lambda *_: waited.append(begun.wait(PATIENCE)))
    at.endpoint.warm()
    assert waited == [True]


def test_a_snapshot_has_the_code_that_signs_and_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Under SnapStart the code for signing is imported before the snapshot, and the key is not fetched."""
    prepared: list[bool] = []
    monkeypatch.setattr(load_app(), "prepare", lambda: prepared.append(True))
    at = make_endpoint(catalog(rule(MESSAGE)), signer=Signer.throwaway("REAL"), initialization="snap-start")
    at.endpoint.warm()
    assert (prepared, at.keys.asked) == ([True], 0)


def test_no_secret_goes_into_a_snapshot() -> None:
    """Under SnapStart the key is fetched after a restore; connections, ages and AWS credentials are dropped before."""
    at = make_endpoint(catalog(rule(MESSAGE)), signer=Signer.throwaway("REAL"), initialization="snap-start")
    at.endpoint.warm()
    at.endpoint.credentials._lent = Credentials("ASIA", "secret", "token")
    at.endpoint.before_snapshot()
    assert (at.keys.asked, at.keys.forgotten, at.store.renewed) == (0, 1, 1)
    assert at.endpoint.credentials._lent is None
    at.endpoint.after_restore()
    assert (at.keys.asked, at.keys.forgotten, at.store.renewed) == (1, 2, 2)


def test_the_hooks_are_registered_under_snapstart_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lambda's runtime gets both hooks under SnapStart, and none elsewhere."""
    before: list[object] = []
    after: list[object] = []
    runtime = ModuleType("snapshot_restore_py")
    runtime.register_before_snapshot = before.append  # type: ignore[attr-defined]  # a module made here
    runtime.register_after_restore = after.append  # type: ignore[attr-defined]  # likewise
    monkeypatch.setitem(sys.modules, "snapshot_restore_py", runtime)
    for name, value in {**VARIABLES, "AWS_LAMBDA_INITIALIZATION_TYPE": "snap-start"}.items():
        monkeypatch.setenv(name, value)
    endpoint = load_app().start()
    assert (before, after) == ([endpoint.before_snapshot], [endpoint.after_restore])
    monkeypatch.setenv("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand")
    load_app().start()
    assert len(before) == 1
