"""The scene of all measurements: two tables in DynamoDB Local, catalogs, an authority that signs, and requests."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

from botocore.session import get_session
from retention.aws.app_table import AppTable
from retention.locales import APPLE_LOCALES
from retention.review.snapshot import apply_snapshot

from benchmarks import catalogs
from benchmarks.catalogs import Shape
from benchmarks.timing import taken
from console.file.compile import compile_release
from console.file.document import read_document
from console.file.release import CompiledRelease
from console.releases.publish import publish_release
from console.simulator.authority import Authority, request_claims
from tests.support import real_parts

TABLE: Final = "retention"
REFERENCE_TABLE: Final = "reference"
SMALL_APP: Final = 6745974591
LARGE_APP: Final = 6745974592
EVERYWHERE_APP: Final = 6745974593
REGION: Final = "us-east-1"
CREDENTIALS: Final = {
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "AWS_EC2_METADATA_DISABLED": "true",
}

Event = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Scene:
    """What all contestants use. `url` is DynamoDB Local's; `publish_seconds` is catalog → seconds to publish it."""

    url: str
    client: Any
    authority: Authority
    publish_seconds: Mapping[str, float]

    def token(self, app_apple_id: int = SMALL_APP, product: str = catalogs.product_id(0)) -> str:
        """Return a signedPayload of the usual size, signed now; by default for the small catalog's product."""
        claims = request_claims(
            app_apple_id=app_apple_id, product_id=product, user_locale=catalogs.ASKED_LOCALE, environment="Sandbox"
        )
        return self.authority.sign(claims)

    def event(self, app_apple_id: int = SMALL_APP, product: str = catalogs.product_id(0)) -> Event:
        """Return a newly signed request as an event of API Gateway's HTTP API (payload format 2.0)."""
        return http_event(json.dumps({"signedPayload": self.token(app_apple_id, product)}))

    @property
    def ours(self) -> dict[str, str]:
        """The variables of our function, for a copy that trusts the scene's authority in place of Apple."""
        return {
            **CREDENTIALS,
            "AWS_ENDPOINT_URL": self.url,
            "AWS_DEFAULT_REGION": REGION,
            "RETENTION_TABLE": TABLE,
            "RETENTION_ENVIRONMENT": "Sandbox",
            "RETENTION_APP_APPLE_IDS": str(SMALL_APP),
            "RETENTION_KEY_PREFIX": "/retention/sandbox",
            "RETENTION_CLOCK": "",
            "POWERTOOLS_SERVICE_NAME": "retention",
            "POWERTOOLS_METRICS_NAMESPACE": "Retention",
        }

    @property
    def rehearsing(self) -> dict[str, str]:
        """The variables with which our unchanged code trusts the scene's authority."""
        return {**self.ours, "RETENTION_TRUST_ANCHOR": base64.b64encode(self.authority.root_der).decode()}

    @property
    def reference(self) -> dict[str, str]:
        """The variables of the reference."""
        return {
            **CREDENTIALS,
            "AWS_ENDPOINT_URL": self.url,
            "AWS_DEFAULT_REGION": REGION,
            "TABLE_NAME": REFERENCE_TABLE,
            "APP_APPLE_ID": str(SMALL_APP),
            "BUNDLE_ID": "com.example.app",
            "APP_STORE_ENVIRONMENT": "Sandbox",
            "EXTRA_ROOT": base64.b64encode(self.authority.root_der).decode(),
            "CACHE_SECONDS": "0",
            "POWERTOOLS_SERVICE_NAME": "reference",
            "POWERTOOLS_METRICS_NAMESPACE": "Reference",
        }


@contextmanager
def staged(tick: Callable[[], None] = lambda: None) -> Iterator[Scene]:
    """Start DynamoDB Local, publish all catalogs with the console's code, and write the small one for the reference."""
    with real_parts.dynamodb_local() as url:
        client: Any = get_session().create_client(
            "dynamodb",
            endpoint_url=url,
            region_name=REGION,
            aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        )
        for table in (TABLE, REFERENCE_TABLE):
            real_parts.create_table(client, table)
        put_reference(client, put_live(client, catalogs.SMALL, SMALL_APP), catalogs.product_id(0))
        tick()
        seconds = {}
        for name, shape, app in (
            ("large", catalogs.LARGE, LARGE_APP),
            ("everywhere", catalogs.EVERYWHERE, EVERYWHERE_APP),
        ):
            seconds[name] = taken(partial(put_live, client, shape, app))
            tick()
        yield Scene(url, client, Authority.create("Retention Benchmark Root CA"), seconds)


def compiled(shape: Shape, app_apple_id: int) -> CompiledRelease:
    """Validate and compile a catalog, as `retention publish` does."""
    document = read_document(catalogs.write(shape, app_apple_id).encode())
    return compile_release(document, environment="sandbox", now=datetime.now(UTC))


def put_live(client: Any, shape: Shape, app_apple_id: int) -> CompiledRelease:  # noqa: ANN401  # botocore makes the class
    """Publish a catalog, and set every message to APPROVED."""
    release = compiled(shape, app_apple_id)
    publish_release(
        AppTable(client, TABLE, release.app_apple_id), release, who="benchmark", commit=None, now=datetime.now(UTC)
    )
    apply_snapshot(AppTable(client, TABLE, app_apple_id), dict.fromkeys(release.messages, "APPROVED"), {})
    return release


def put_reference(client: Any, release: CompiledRelease, product: str) -> None:  # noqa: ANN401  # botocore makes the class
    """Write a product's rules, and the states of its messages, in the reference's format."""
    sheet = release.sheets[product]
    for number, rule in enumerate(sheet["rules"], 1):
        texts = sheet["sets"][rule["answer"]["set"]]
        item: dict[str, Any] = {
            "pk": {"S": f"product#{product}"},
            "sk": {"S": f"rule#{number:04}"},
            "messages": {"M": {locale: {"S": ids[0]} for locale, ids in texts.items()}},
        }
        if rule["when"] is not None:
            item["locales"] = {"L": [{"S": locale} for locale in locales_in(rule["when"])]}
        client.put_item(TableName=REFERENCE_TABLE, Item=item)
    for message in release.messages:
        item = {"pk": {"S": f"message#{message}"}, "sk": {"S": "state"}, "state": {"S": "APPROVED"}}
        client.put_item(TableName=REFERENCE_TABLE, Item=item)


def locales_in(condition: Any) -> list[str]:  # noqa: ANN401  # a condition document is JSON
    """Return the locales that a compiled condition names."""
    if isinstance(condition, str):
        return [condition] if condition in APPLE_LOCALES else []
    return [locale for part in condition for locale in locales_in(part)] if isinstance(condition, list) else []


def http_event(body: str) -> Event:
    """Return an HTTP API event with this body, about as long as a real one."""
    now = datetime.now(UTC)
    return {
        "version": "2.0",
        "routeKey": "POST /retention",
        "rawPath": "/retention",
        "rawQueryString": "",
        "headers": {
            "accept": "application/json",
            "content-length": str(len(body)),
            "content-type": "application/json",
            "host": "abcdefghij.execute-api.us-east-1.amazonaws.com",
            "user-agent": "App Store/1.0",
            "x-amzn-trace-id": "Root=1-6743a1b2-0123456789abcdef01234567",
            "x-forwarded-for": "17.0.0.1",
            "x-forwarded-port": "443",
            "x-forwarded-proto": "https",
        },
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "abcdefghij",
            "domainName": "abcdefghij.execute-api.us-east-1.amazonaws.com",
            "domainPrefix": "abcdefghij",
            "http": {
                "method": "POST",
                "path": "/retention",
                "protocol": "HTTP/1.1",
                "sourceIp": "17.0.0.1",
                "userAgent": "App Store/1.0",
            },
            "requestId": "JKJaXmPLvHcESHA=",
            "routeKey": "POST /retention",
            "stage": "$default",
            "time": now.strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "timeEpoch": int(now.timestamp() * 1000),
        },
        "body": body,
        "isBase64Encoded": False,
    }
