"""The models of Apple's App Store Server Library as the list of the fields that Apple documents, with a value for each.

The library keeps an enum's unknown value in a second attribute, `raw…`; on the wire there is one field.
"""

from __future__ import annotations

import importlib
from enum import Enum
from typing import Any, get_args, get_origin

import attr

from tests.minting import APP_ID, NOW_MS
from tests.minting.notifications import BUNDLE, data_claims, renewal_claims, transaction_claims


def model(name: str) -> Any:
    """Return a class of the library by its name."""
    return getattr(importlib.import_module(f"appstoreserverlibrary.models.{name}"), name)


def fields(name: str) -> dict[str, Any]:
    """Return field → type of a model, without Optional; an enum is its class."""
    return {
        each.name: next(kind for kind in get_args(each.type) or (each.type,) if kind is not type(None))
        for each in attr.fields(model(name))
        if not each.name.startswith("raw")
    }


def unknown(kind: Any) -> Any:
    """Return a value of the wire type of an enum that the enum does not have."""
    return 4711 if isinstance(next(iter(kind)).value, int) else "OF_THE_FUTURE"


def is_enum(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Enum)


def value_of(kind: Any) -> Any:
    """Return a value of a field's type."""
    if is_enum(kind):
        return next(iter(kind)).value
    if get_origin(kind) is list:
        return [value_of(*get_args(kind))]
    if attr.has(kind):
        return {name: value_of(inner) for name, inner in fields(kind.__name__).items()}
    return {str: "a text", int: NOW_MS, bool: True}[kind]


def full(name: str, known: dict[str, Any]) -> dict[str, Any]:
    """Return claims with every field of a model: those of `known`, and a value of its type for each other."""
    return {field: value_of(kind) for field, kind in fields(name).items()} | known


def full_transaction() -> dict[str, Any]:
    return full("JWSTransactionDecodedPayload", transaction_claims())


def full_renewal() -> dict[str, Any]:
    return full("JWSRenewalInfoDecodedPayload", renewal_claims())


def full_data() -> dict[str, Any]:
    """Return the claims of `data` with every field but the two tokens."""
    tokens = {"signedTransactionInfo", "signedRenewalInfo"}
    return {name: value for name, value in full("Data", data_claims()).items() if name not in tokens}


def full_object(name: str) -> dict[str, Any]:
    """Return the claims of one of the other three objects, by the name of its model, for the tests' app."""
    ours = {"appAppleId": APP_ID, "bundleId": BUNDLE, "environment": "Production"}
    return full(name, {field: value for field, value in ours.items() if field in fields(name)})
