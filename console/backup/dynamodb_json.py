"""Attribute values of DynamoDB as JSON, in DynamoDB's own form: binary values are base64."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from retention.table import Item


def json_of(item: Item) -> dict[str, Any]:
    """Return a row as JSON can hold it."""
    return {name: _written(value) for name, value in item.items()}


def item_of(document: object) -> Item:
    """Return the row that `json_of` wrote. Raises ValueError with a clause for anything else."""
    return {name: _read(value) for name, value in _mapping(document).items()}


def _written(value: Any) -> dict[str, Any]:  # noqa: ANN401  # an attribute value, as botocore gives it
    ((kind, held),) = value.items()
    match kind:
        case "B":
            return {kind: base64.b64encode(held).decode()}
        case "BS":
            return {kind: [base64.b64encode(each).decode() for each in held]}
        case "L":
            return {kind: [_written(each) for each in held]}
        case "M":
            return {kind: {name: _written(each) for name, each in held.items()}}
    return {kind: held}


def _read(value: object) -> dict[str, Any]:
    document = _mapping(value)
    if len(document) != 1:
        raise ValueError("a row has an attribute that DynamoDB does not know")
    ((kind, held),) = document.items()
    match kind, held:
        case ("S" | "N", str()) | (("BOOL" | "NULL"), bool()):
            return {kind: held}
        case "SS" | "NS", list() if all(isinstance(each, str) for each in held):
            return {kind: held}
        case "B", str():
            return {kind: _bytes(held)}
        case "BS", list() if all(isinstance(each, str) for each in held):
            return {kind: [_bytes(each) for each in held]}
        case "L", list():
            return {kind: [_read(each) for each in held]}
        case "M", dict():
            return {kind: {name: _read(each) for name, each in held.items()}}
    raise ValueError("a row has an attribute that DynamoDB does not know")


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error) as error:
        raise ValueError("a binary value is not base64") from error


def _mapping(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("a line is not a row")  # noqa: TRY004  # the file is wrong, not the program
    return value
