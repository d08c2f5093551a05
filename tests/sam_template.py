"""template.yaml as data: short-form intrinsics become their long form (`!Ref X` is `{"Ref": "X"}`)."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

from cfnlint.decode import cfn_yaml

Document: TypeAlias = dict[str, Any]

ROOT = Path(__file__).resolve().parent.parent


def read_template(path: Path = ROOT / "template.yaml") -> Document:
    document: Document = plain(cfn_yaml.load(str(path)))
    return document


@cache
def template() -> Document:
    """Return the project's template, read once; not to be changed."""
    return read_template()


def resources(kind: str) -> dict[str, Document]:
    """Return the resources of one type, by logical id."""
    return {name: found for name, found in template()["Resources"].items() if found["Type"] == kind}


def table_definition() -> Document:
    """Return the properties of the one DynamoDB table."""
    (table,) = resources("AWS::DynamoDB::Table").values()
    properties: Document = table["Properties"]
    return properties


def plain(node: Any) -> Any:
    """Return cfn-lint's nodes, which remember their line, as ordinary dicts, lists and scalars."""
    if isinstance(node, dict):
        return {str(key): plain(value) for key, value in node.items()}
    if isinstance(node, list):
        return [plain(item) for item in node]
    return str(node) if isinstance(node, str) else node
