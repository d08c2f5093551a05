"""The reference: Apple's Get Retention Message endpoint as a competent engineer writes it in an afternoon.

Powertools routes and logs, Apple's library verifies, and boto3's resource reads the table. It is a fair comparison: it
verifies every signature, answers Apple correctly, and makes clients once per execution environment.

Table, one per environment:

    pk                    sk            attributes
    product#<productId>   rule#<0001>   locales (absent: all), startsAt, endsAt (UTC seconds), messages (locale → id)
    message#<uuid>        state         state
"""

from __future__ import annotations

import base64
import json
import os
import time
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any, TypeVar, cast

import boto3
from appstoreserverlibrary.models.DecodedRealtimeRequestBody import DecodedRealtimeRequestBody
from appstoreserverlibrary.models.Environment import Environment
from appstoreserverlibrary.signed_data_verifier import SignedDataVerifier, VerificationException
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response, content_types
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from boto3.dynamodb.conditions import Key

DEFAULT_LOCALE = "en-US"

T = TypeVar("T")

logger = Logger()
metrics = Metrics()
app = APIGatewayHttpResolver()

# With 0, every request reads the table, so that a change of rules or review states has effect at once.
cache_seconds = float(os.environ.get("CACHE_SECONDS", "0"))
app_apple_id = int(os.environ["APP_APPLE_ID"])
table = boto3.resource("dynamodb").Table(os.environ["TABLE_NAME"])

roots = [Path(__file__).with_name("AppleRootCA-G3.cer").read_bytes()]
if os.environ.get("EXTRA_ROOT"):
    roots.append(base64.b64decode(os.environ["EXTRA_ROOT"]))
verifier = SignedDataVerifier(
    roots,
    enable_online_checks=False,
    environment=Environment(os.environ["APP_STORE_ENVIRONMENT"]),
    bundle_id=os.environ["BUNDLE_ID"],
    app_apple_id=app_apple_id,
)

_cache: dict[str, tuple[float, Any]] = {}


def cached(key: str, read: Callable[[], T]) -> T:
    """Return what `read` returned at most `cache_seconds` ago."""
    if not cache_seconds:
        return read()
    ends, found = _cache.get(key, (0.0, None))
    if ends < time.monotonic():
        found = read()
        _cache[key] = (time.monotonic() + cache_seconds, found)
    return cast("T", found)


def rules_of(product_id: str) -> list[dict[str, Any]]:
    query = Key("pk").eq(f"product#{product_id}") & Key("sk").begins_with("rule#")
    return cached(f"rules {product_id}", lambda: table.query(KeyConditionExpression=query)["Items"])


def is_approved(message: str) -> bool:
    key = {"pk": f"message#{message}", "sk": "state"}
    item = cached(f"state {message}", lambda: table.get_item(Key=key).get("Item"))
    return item is not None and bool(item["state"] == "APPROVED")


def matches(rule: dict[str, Any], request: DecodedRealtimeRequestBody, now: float) -> bool:
    if "locales" in rule and request.userLocale not in rule["locales"]:
        return False
    return bool(rule.get("startsAt", 0) <= now < rule.get("endsAt", float("inf")))


def choose(request: DecodedRealtimeRequestBody) -> str | None:
    """Return the message of the first rule that matches and whose message is approved."""
    now = time.time()
    for rule in rules_of(request.productId):
        if matches(rule, request, now):
            messages = rule["messages"]
            message = messages.get(request.userLocale) or messages.get(DEFAULT_LOCALE)
            if message and is_approved(message):
                return str(message)
    return None


@app.post("/retention")
def get_retention_message() -> Response[str]:
    try:
        request = verifier.verify_and_decode_realtime_request(app.current_event.json_body["signedPayload"])
    except (KeyError, TypeError, ValueError):
        return Response(HTTPStatus.BAD_REQUEST)
    except VerificationException as error:
        logger.warning("rejected", status=error.status.name)
        metrics.add_metric("Rejected", MetricUnit.Count, 1)
        return Response(HTTPStatus.UNAUTHORIZED)
    if request.appAppleId != app_apple_id:
        return Response(HTTPStatus.FORBIDDEN)

    message = choose(request)
    if message is None:
        logger.info("no answer", product=request.productId, locale=request.userLocale)
        metrics.add_metric("NoAnswer", MetricUnit.Count, 1)
        return Response(HTTPStatus.NO_CONTENT)
    logger.info("answered", product=request.productId, locale=request.userLocale, messageIdentifier=message)
    metrics.add_metric("Answered", MetricUnit.Count, 1)
    body = json.dumps({"message": {"messageIdentifier": message}})
    return Response(HTTPStatus.OK, content_types.APPLICATION_JSON, body)


@logger.inject_lambda_context
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return app.resolve(event, context)
