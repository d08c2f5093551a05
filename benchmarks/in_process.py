"""Measurements in one process, without Lambda's runtime: verifying, the complete warm handler, deciding, look-ups."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from importlib import import_module
from itertools import cycle
from types import ModuleType
from typing import Final

from appstoreserverlibrary.models.Environment import Environment
from appstoreserverlibrary.signed_data_verifier import SignedDataVerifier
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from retention.aws import connection
from retention.aws.deadline import Deadline
from retention.catalog import Catalog
from retention.decision import Outcome, decide
from retention.jws import SignedPayloadVerifier, apple_root
from retention.lookup.app import Loaded
from retention.lookup.store import Store
from retention.request import RetentionRequest

from benchmarks import catalogs
from benchmarks.catalogs import Shape
from benchmarks.scene import EVERYWHERE_APP, LARGE_APP, SMALL_APP, TABLE, Scene
from benchmarks.timing import in_turns

Times = dict[str, list[float]]

# Seconds. Long, so that no look-up is abandoned while its duration is measured.
_PATIENCE: Final = 10.0

# Calls in a row of what takes only microseconds.
_MANY: Final = 20


def verification(scene: Scene, rounds: int) -> Times:
    """Measure a bare ECDSA verification, ours with and without cached paths, Apple's, and our complete handler."""
    token, event, now = scene.token(), scene.event(), datetime.now(UTC)
    roots = [apple_root(), scene.authority.root_der]
    known, apples = SignedPayloadVerifier(roots), _apples(roots)
    uncached = iter([SignedPayloadVerifier(roots) for _ in range(rounds + 1)])
    function = started(scene)
    works: dict[str, Callable[[], object]] = {
        "ecdsa": _bare(scene),
        "verify": lambda: known.verify(token, now),
        "handler": lambda: function.get_retention_message(event, None),
        "verify_uncached": lambda: next(uncached).verify(token, now),
        "apple": lambda: apples.verify_and_decode_realtime_request(token),
    }
    if known.verify(token, now) != _claims_of(apples, token):
        raise RuntimeError("ours and Apple's library do not read the same claims")
    with discarded_output():
        if function.get_retention_message(event, None)["statusCode"] != 200:
            raise RuntimeError("our handler does not answer 200 here")
        return in_turns(works, rounds, {"ecdsa": _MANY, "verify": _MANY, "handler": _MANY})


def _bare(scene: Scene) -> Callable[[], None]:
    """Return a function that only verifies a signature, over as many bytes as a token's."""
    signed = scene.token().rpartition(".")[0].encode()
    algorithm, public = ec.ECDSA(hashes.SHA256()), scene.authority.leaf_key.public_key()
    signature = scene.authority.leaf_key.sign(signed, algorithm)
    return lambda: public.verify(signature, signed, algorithm)


def _apples(roots: list[bytes]) -> SignedDataVerifier:
    return SignedDataVerifier(roots, False, Environment.SANDBOX, "com.example.app", SMALL_APP)  # noqa: FBT003  # Apple's


def _claims_of(verifier: SignedDataVerifier, token: str) -> dict[str, object]:
    body = verifier.verify_and_decode_realtime_request(token)
    return {
        "originalTransactionId": body.originalTransactionId,
        "appAppleId": body.appAppleId,
        "productId": body.productId,
        "userLocale": body.userLocale,
        "requestIdentifier": str(body.requestIdentifier),
        "environment": body.rawEnvironment,
        "signedDate": body.signedDate,
    }


def started(scene: Scene) -> ModuleType:
    """Import our function in this process, with the scene's variables."""
    os.environ |= {"AWS_LAMBDA_FUNCTION_NAME": "GetRetentionMessage", "AWS_SAM_LOCAL": "true"}
    os.environ |= scene.rehearsing
    return import_module("app")


@contextmanager
def discarded_output() -> Iterator[None]:
    """Discard what the function writes; the time for writing it still counts."""
    sys.stdout.flush()
    kept, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)


def decisions(scene: Scene, rounds: int) -> Times:
    """Measure deciding by the last of 20 rules, in a small and in a large catalog."""
    works = {
        "decide_small": _decision(scene, SMALL_APP, catalogs.SMALL),
        "decide_large": _decision(scene, LARGE_APP, catalogs.LARGE),
    }
    return in_turns(works, rounds, dict.fromkeys(works, _MANY))


def _decision(scene: Scene, app_apple_id: int, shape: Shape) -> Callable[[], object]:
    product = catalogs.product_id(shape.products // 2)
    catalog = looked_up(fresh_store(scene), app_apple_id, product, shape).catalog
    request, now = made_request(app_apple_id, product), datetime.now(UTC)
    decision = decide(request, catalog, now)
    if decision.outcome is not Outcome.ANSWERED or decision.rule != _last_rule(catalog):
        raise RuntimeError(f"the last rule should answer, but the decision is {decision}")
    return lambda: decide(request, catalog, now)


def _last_rule(catalog: Catalog) -> str:
    return catalog.sheet.rules[-1].name


def made_request(app_apple_id: int, product: str) -> RetentionRequest:
    return RetentionRequest(
        original_transaction_id="99371282",
        app_apple_id=app_apple_id,
        product_id=product,
        user_locale=catalogs.ASKED_LOCALE,
        request_identifier="1ef8a6a2-0000-4000-8000-000000000000",
        environment="Sandbox",
        signed_date=0,
    )


def lookups(scene: Scene, rounds: int) -> Times:
    """Measure a look-up in each catalog, by a store with a connection and an empty cache."""
    os.environ |= scene.ours
    client = connection.connect("dynamodb")
    sizes = {
        "lookup_small": (SMALL_APP, catalogs.SMALL),
        "lookup_large": (LARGE_APP, catalogs.LARGE),
        "lookup_everywhere": (EVERYWHERE_APP, catalogs.EVERYWHERE),
    }

    def look_up(app_apple_id: int, shape: Shape, numbers: Iterator[int]) -> None:
        looked_up(Store(lambda: client, TABLE), app_apple_id, catalogs.product_id(next(numbers)), shape)

    return in_turns(
        {name: partial(look_up, app, shape, cycle(range(shape.products))) for name, (app, shape) in sizes.items()},
        rounds,
    )


def fresh_store(scene: Scene) -> Store:
    os.environ |= scene.ours
    return Store(lambda: connection.connect("dynamodb"), TABLE)


def looked_up(store: Store, app_apple_id: int, product: str, shape: Shape) -> Loaded:
    loaded = store.catalog(app_apple_id, product, catalogs.ASKED_LOCALE, Deadline.after(_PATIENCE))
    if loaded.degraded or len(loaded.catalog.sheet.rules) != shape.rules + shape.shared:
        raise RuntimeError(f"the sheet differs from the published one: {loaded.degraded}")
    return loaded
