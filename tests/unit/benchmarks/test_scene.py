"""The scene: its requests, the variables of each contestant, and the reference's rows."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from retention.jws import SignedPayloadVerifier
from retention.request import SANDBOX

from benchmarks import catalogs
from benchmarks.catalogs import Shape
from benchmarks.scene import (
    CREDENTIALS,
    LARGE_APP,
    REFERENCE_TABLE,
    SMALL_APP,
    TABLE,
    Scene,
    compiled,
    http_event,
    locales_in,
    put_reference,
)
from console.simulator.authority import Authority

FEW = Shape(products=2, rules=2, sets=2, sets_each=1)
SCENE = Scene("http://127.0.0.1:8000", None, Authority.create("Scene Root CA"), {})
TRUSTED = base64.b64encode(SCENE.authority.root_der).decode()


def test_a_token_is_signed_now_for_the_named_app() -> None:
    """The scene's root verifies its tokens, which are for the small catalog unless another app is named."""
    verifier, now = SignedPayloadVerifier([SCENE.authority.root_der]), datetime.now(UTC)
    usual = verifier.verify(SCENE.token(), now)
    assert (usual["appAppleId"], usual["productId"], usual["userLocale"]) == (
        SMALL_APP,
        catalogs.product_id(0),
        catalogs.ASKED_LOCALE,
    )
    other = verifier.verify(SCENE.token(LARGE_APP, "p"), now)
    assert (other["appAppleId"], other["productId"], other["environment"]) == (LARGE_APP, "p", SANDBOX)


def test_each_event_is_a_new_request() -> None:
    """An event is of payload format 2.0, with the token in its body and the body's length in its headers."""
    events = [SCENE.event() for _ in range(2)]
    bodies = [json.loads(event["body"]) for event in events]
    assert bodies[0].keys() == {"signedPayload"}
    assert bodies[0] != bodies[1]
    assert http_event("12345")["headers"]["content-length"] == "5"
    assert {event["version"] for event in events} == {"2.0"}


@pytest.mark.parametrize(
    ("variables", "more"),
    [
        (SCENE.ours, {"RETENTION_TABLE": TABLE, "RETENTION_APP_APPLE_IDS": str(SMALL_APP)}),
        (SCENE.rehearsing, {"RETENTION_TABLE": TABLE, "RETENTION_TRUST_ANCHOR": TRUSTED}),
        (SCENE.reference, {"TABLE_NAME": REFERENCE_TABLE, "EXTRA_ROOT": TRUSTED, "CACHE_SECONDS": "0"}),
    ],
    ids=["ours", "rehearsing", "reference"],
)
def test_contestants_read_the_same_database(variables: dict[str, str], more: dict[str, str]) -> None:
    """Each contestant calls the scene's DynamoDB, with the same credentials, for its own table."""
    assert variables.items() >= {**CREDENTIALS, "AWS_ENDPOINT_URL": SCENE.url, **more}.items()


def test_our_measured_copy_trusts_nothing_in_addition() -> None:
    """The copy has the scene's root in Apple's place, so it gets no trust anchor."""
    assert "RETENTION_TRUST_ANCHOR" not in SCENE.ours


@pytest.mark.parametrize(
    ("condition", "locales"),
    [
        (["in", "userLocale", ["en-US", "fr-FR"]], ["en-US", "fr-FR"]),
        (["all", ["in", "userLocale", ["ja"]], ["in", "productId", ["pro.monthly"]]], ["ja"]),
        (["starts", "productId", ["pro."]], []),
        (None, []),
    ],
)
def test_the_locales_of_a_condition_are_found(condition: Any, locales: list[str]) -> None:
    """Every locale of a condition is found, however deep; other texts are none."""
    assert locales_in(condition) == locales


class KeptRows:
    """In the place of DynamoDB's client: keeps the rows that are written."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, dict[str, Any]]] = []

    def put_item(self, *, TableName: str, Item: dict[str, Any]) -> None:  # noqa: N803  # botocore's names
        self.rows.append((TableName, Item))


def test_the_reference_gets_the_rules_of_one_product() -> None:
    """In the reference's table there is a row for each rule, in order, and an APPROVED state for each message."""
    release, client, product = compiled(FEW, SMALL_APP), KeptRows(), catalogs.product_id(1)
    put_reference(client, release, product)
    assert {table for table, _ in client.rows} == {REFERENCE_TABLE}
    rules = [item for _, item in client.rows if item["pk"]["S"] == f"product#{product}"]
    states = [item for _, item in client.rows if item["sk"]["S"] == "state"]
    assert [rule["sk"]["S"] for rule in rules] == ["rule#0001", "rule#0002"]
    assert {state["pk"]["S"] for state in states} == {f"message#{message}" for message in release.messages}
    assert {state["state"]["S"] for state in states} == {"APPROVED"}
    assert len(client.rows) == len(rules) + len(states)
