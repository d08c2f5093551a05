"""An embedded DynamoDB with one app, and the function that reads it: for `make run` and `make serve`.

The function is the deployed one, unchanged. The table is moto's, in this process, and the function trusts the test
authority in addition to Apple.
"""

from __future__ import annotations

import base64
import importlib
import logging
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from threading import Lock, Thread
from types import ModuleType
from typing import Any, Final

from retention.aws.app_table import AppTable
from retention.catalog import APPROVED
from retention.request import SANDBOX
from retention.review.snapshot import ImageState, SnapshotReport, apply_snapshot

from console.appstore.saved_lists import read_lists
from console.deployment.aws import client
from console.file.compile import Compiled, compile_document
from console.file.document import read_document
from console.file.entries import Document
from console.local.rows import create_table, write_profile
from console.local.samples import CUSTOMERS, EVENTS, SAMPLE
from console.releases.default_rows import record_default
from console.releases.publish import Published, publish_release
from console.simulator.authority import Authority
from console.simulator.ports import LOOPBACK, check_port

TABLE: Final = "retention-local"
REGION: Final = "us-east-1"


@contextmanager
def embedded_dynamodb(port: int = 0) -> Iterator[str]:
    """Run moto's DynamoDB in this process, on 127.0.0.1; give its URL. Port 0 finds a free port. Raises Failure."""
    check_port(port, "DYNAMODB_PORT=…")  # werkzeug would end the program for a port that is taken
    # Imported here because it takes a third of a second.
    from moto.moto_server.werkzeug_app import (  # noqa: PLC0415
        DomainDispatcherApplication,
        MotoRequestHandler,
        create_backend_app,
    )
    from werkzeug.serving import make_server  # noqa: PLC0415

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    application = OneTableCallAtATime(DomainDispatcherApplication(create_backend_app))
    server = make_server(LOOPBACK, port, application, threaded=True, request_handler=MotoRequestHandler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://{LOOPBACK}:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass(frozen=True, slots=True)
class OneTableCallAtATime:
    """Answers one call of DynamoDB at a time, and all other calls of AWS at once, since SQS may wait for a message.

    For a transaction moto copies its tables, and puts the copies back if it fails. What another thread writes meanwhile
    would make the copying fail, or be lost.
    """

    application: Callable[[Any, Any], Iterable[bytes]]
    _lock: Lock = field(default_factory=Lock)

    def __call__(self, environ: Mapping[str, Any], start_response: Any) -> Iterable[bytes]:  # noqa: ANN401  # WSGI's
        """Answer one request. The parameters are those of WSGI (PEP 3333)."""
        of_a_table = str(environ.get("HTTP_X_AMZ_TARGET", "")).startswith("DynamoDB_")
        with self._lock if of_a_table else nullcontext():
            return self.application(environ, start_response)


class LocalTable:
    """The table of one app in a local DynamoDB, filled from one retention.yaml."""

    def __init__(self, endpoint_url: str, file: Path = SAMPLE) -> None:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            os.environ.setdefault(name, "local")
        self.endpoint_url, self.file = endpoint_url, file
        self._dynamodb: Any = client("dynamodb", region=REGION, endpoint_url=endpoint_url)
        with suppress(
            self._dynamodb.exceptions.ResourceInUseException
        ):  # a DynamoDB that was not started here can have it already
            create_table(self._dynamodb, TABLE)

    def publish(self, now: datetime) -> tuple[Compiled, Published]:
        """Compile the file as of `now`, and make it live. Raises Mistakes."""
        document = read_document(self.file)
        compiled = compile_document(document, now=now)
        app_table = self._rows_of(compiled.release.app_apple_id)
        published = publish_release(app_table, compiled.release, who="local", commit=None, now=now)
        for product, locale, message in _defaults(document, compiled):
            record_default(app_table, product, locale, message, now)
        return compiled, published

    def import_states(self, compiled: Compiled) -> SnapshotReport:
        """Import review states: the sample's from its two files; for another file, all are APPROVED."""
        if self.file == SAMPLE:
            messages, images = read_lists([EVENTS / "states" / "messages.json", EVENTS / "states" / "images.json"])
        else:
            release = compiled.release
            messages = dict.fromkeys(release.messages, APPROVED)
            images = {image: ImageState(APPROVED, facts.size) for image, facts in release.images.items()}
        return apply_snapshot(self._rows_of(compiled.release.app_apple_id), messages, images)

    def write_customers(self, app_apple_id: int) -> None:
        """Write the profiles of the sample's customers."""
        for transaction, facts in CUSTOMERS.items():
            write_profile(self._rows_of(app_apple_id), transaction, facts)

    def _rows_of(self, app_apple_id: int) -> AppTable:
        return AppTable(self._dynamodb, TABLE, app_apple_id)


def load_function(
    endpoint_url: str, app_apple_id: int, clock: str = "", trust_anchor: bytes | None = None
) -> ModuleType:
    """Set the function's variables and import its module `app`, which starts as in Lambda."""
    os.environ.update(function_environment(endpoint_url, app_apple_id, clock, trust_anchor))
    return importlib.import_module("app")


def function_environment(
    endpoint_url: str, app_apple_id: int, clock: str = "", trust_anchor: bytes | None = None
) -> Mapping[str, str]:
    """Return the function's environment variables on this machine, in the sandbox.

    `clock` is a fixed time in ISO 8601, "" for the real time. `trust_anchor` is the DER of the root that is trusted in
    addition to Apple's, by default the test authority's.
    """
    anchor = Authority.load(EVENTS / "ca").root_der if trust_anchor is None else trust_anchor
    return {
        "AWS_ENDPOINT_URL_DYNAMODB": endpoint_url,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "RETENTION_TABLE": TABLE,
        "RETENTION_ENVIRONMENT": SANDBOX,
        "RETENTION_APP_APPLE_IDS": str(app_apple_id),
        "RETENTION_KEY_PREFIX": "/retention/sandbox",
        "RETENTION_TRUST_ANCHOR": base64.b64encode(anchor).decode(),
        "RETENTION_CLOCK": clock,
        "POWERTOOLS_SERVICE_NAME": "retention-local",
        "POWERTOOLS_METRICS_NAMESPACE": "Retention",
    }


def _defaults(document: Document, compiled: Compiled) -> Iterator[tuple[str, str, str]]:
    """Yield product, locale and message id of each default in the file, as if they had been configured at Apple."""
    for name, product in document.products.items():
        if product.default is not None:
            for locale, message in compiled.content.messages[product.default].items():
                yield name, locale, message.identifier
