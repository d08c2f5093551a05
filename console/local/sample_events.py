"""The sample events: events of API Gateway, one file each, with the expected status in its name.

The test authority signed them at a fixed instant, so that they have the same answers at any later time.
"""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from retention.request import MAX_BODY_BYTES, PRODUCTION

from console.local.embedded_stack import function_environment
from console.local.samples import EVENTS, SAMPLE_CLOCK, write_document
from console.simulator.authority import Authority, request_claims

PATH: Final = "/v1/retention-message"
NOTIFICATIONS_PATH: Final = "/v1/notifications"
APP: Final = 6745974591
STRANGER: Final = "2000000900000001"  # a customer without a profile
LOYAL: Final = "2000000900000180"
TRIAL: Final = "2000000900000007"
RENEWED: Final = "2000000900000209"  # without a profile; the sample notification `renewed` is about this customer

_SIGNED_AT: Final = int((SAMPLE_CLOCK - timedelta(seconds=1)).timestamp() * 1000)


@dataclass(frozen=True, slots=True)
class Sample:
    """One event: the expected status, the signed claims, and what is wrong with it (`spoilt`, "" for nothing)."""

    name: str
    status: int
    product: str = "trailhead.pro.monthly"
    locale: str = "en-US"
    customer: str = STRANGER
    claims: Mapping[str, object] = field(default_factory=dict)
    spoilt: str = ""
    payload_format: str = "2.0"

    @property
    def file_name(self) -> str:
        return f"{self.name}-{self.status}.json"


SAMPLES: Final = (
    Sample("message", 200, product="trailhead.pro.annual"),
    Sample("message-in-french", 200, product="trailhead.basic.monthly", locale="fr-CA"),
    Sample("message-default-locale", 200, product="trailhead.pro.annual", locale="de-DE"),
    Sample("switch-plan", 200, product="trailhead.basic.monthly"),
    Sample("promotional-offer-v2", 200, customer=LOYAL),
    Sample("promotional-offer-v1", 200, product="trailhead.pro.annual", locale="ja"),
    Sample("advanced-commerce", 200, product="trailhead.courses"),
    Sample("experiment", 200),
    Sample("tenure-from-apple", 200, product="trailhead.basic.monthly", locale="fr-CA", customer=RENEWED),
    Sample("payload-format-1.0", 200, product="trailhead.pro.annual", payload_format="1.0"),
    Sample("fallback", 204, product="trailhead.family.monthly"),
    Sample("fallback-in-trial", 204, customer=TRIAL),
    Sample("no-rule", 204, product="trailhead.student.annual"),
    Sample("unknown-product", 204, product="com.example.forgotten"),
    Sample("not-json", 400, spoilt="not json"),
    Sample("tampered", 401, spoilt="another product after signing"),
    Sample("wrong-app", 403, claims={"appAppleId": APP + 1}),
    Sample("wrong-environment", 403, claims={"environment": PRODUCTION}),
    Sample("too-old", 403, claims={"signedDate": _SIGNED_AT - 300_000}),
    Sample("not-a-post", 405, spoilt="GET"),
    Sample("oversize", 413, spoilt="padded beyond the limit"),
)


def event_of(sample: Sample, authority: Authority) -> dict[str, Any]:
    """Return the event that API Gateway would make from the App Store's POST."""
    claims = request_claims(
        original_transaction_id=sample.customer,
        app_apple_id=APP,
        product_id=sample.product,
        user_locale=sample.locale,
        request_identifier=str(uuid.uuid5(uuid.NAMESPACE_URL, sample.name)),
        signed_date=_SIGNED_AT,
    )
    payload = authority.sign({**claims, **sample.claims})
    body = json.dumps({"signedPayload": payload}, separators=(",", ":"))
    match sample.spoilt:
        case "not json":
            body = f"signedPayload={payload}"
        case "another product after signing":
            body = json.dumps({"signedPayload": _with_other_product(payload)}, separators=(",", ":"))
        case "padded beyond the limit":
            body = json.dumps({"signedPayload": payload, "padding": " " * MAX_BODY_BYTES}, separators=(",", ":"))
    make = _format_1 if sample.payload_format == "1.0" else _format_2
    return make(body, "GET" if sample.spoilt == "GET" else "POST")


def write_sample_events(directory: Path) -> None:
    """Write every event into `directory`, and the variables that `sam local invoke` gives to each function."""
    authority = Authority.load(EVENTS / "ca")
    for sample in SAMPLES:
        write_document(directory / sample.file_name, event_of(sample, authority))
    variables = dict(function_environment("http://127.0.0.1:8000", APP, SAMPLE_CLOCK.isoformat()))
    declared = {name: value for name, value in variables.items() if not name.startswith(("AWS_DEFAULT", "AWS_REGION"))}
    declared.pop("AWS_EC2_METADATA_DISABLED")
    # No queue is asked for what teaches something; `make sandbox` has queues.
    learning = {"RETENTION_NOTIFICATIONS": "pull", "RETENTION_PARKING_QUEUE_URL": "http://127.0.0.1:8000/parking"}
    functions = {"GetRetentionMessage": declared, "TakeInNotifications": {**declared, **learning}}
    write_document(directory / "environment.json", functions)


def _with_other_product(payload: str) -> str:
    header, body, signature = payload.split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    claims["productId"] = "trailhead.pro.annual"
    changed = base64.urlsafe_b64encode(json.dumps(claims, separators=(",", ":")).encode()).decode().rstrip("=")
    return f"{header}.{changed}.{signature}"


def _format_2(body: str, method: str) -> dict[str, Any]:
    return {
        "version": "2.0",
        "routeKey": f"POST {PATH}",
        "rawPath": PATH,
        "rawQueryString": "",
        "headers": {"content-length": str(len(body)), "content-type": "application/json", "host": "api.example.com"},
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "a1b2c3d4e5",
            "domainName": "api.example.com",
            "domainPrefix": "api",
            "http": {
                "method": method,
                "path": PATH,
                "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.1",
                "userAgent": "AppStore",
            },
            "requestId": "JKJaXmPLvHcESHA=",
            "routeKey": f"POST {PATH}",
            "stage": "$default",
            "time": "24/Nov/2026:11:59:59 +0000",
            "timeEpoch": _SIGNED_AT,
        },
        "body": body,
        "isBase64Encoded": False,
    }


def _format_1(body: str, method: str) -> dict[str, Any]:
    return {
        "version": "1.0",
        "resource": PATH,
        "path": PATH,
        "httpMethod": method,
        "headers": {"Content-Type": "application/json", "Host": "api.example.com"},
        "multiValueHeaders": {"Content-Type": ["application/json"], "Host": ["api.example.com"]},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": None,
        "stageVariables": None,
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "a1b2c3d4e5",
            "httpMethod": method,
            "path": PATH,
            "protocol": "HTTP/1.1",
            "requestId": "JKJaXmPLvHcESHA=",
            "requestTimeEpoch": _SIGNED_AT,
            "resourcePath": PATH,
            "stage": "$default",
            "identity": {"sourceIp": "192.0.2.1", "userAgent": "AppStore"},
        },
        "body": base64.b64encode(body.encode()).decode(),
        "isBase64Encoded": True,
    }
