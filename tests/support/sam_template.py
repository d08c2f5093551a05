"""template.yaml as data: short-form intrinsics become their long form (`!Ref X` is `{"Ref": "X"}`)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

from cfnlint.decode import cfn_yaml

Document: TypeAlias = dict[str, Any]

ROOT = Path(__file__).resolve().parents[2]


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


def decided(condition: Any, values: Mapping[str, str]) -> Any:
    """Return what CloudFormation makes of a condition, or of a text in one. `values`: parameters by name, all of them.

    As far as the template uses conditions: Ref, FindInMap, Equals, Not, And, Or, Condition.
    """
    match condition:
        case {"Ref": name}:
            return values[name]
        case {"Fn::FindInMap": [name, key, inner]}:
            return template()["Mappings"][name][decided(key, values)][inner]
        case {"Condition": name}:
            return decided(template()["Conditions"][name], values)
        case {"Fn::Equals": [left, right]}:
            return str(decided(left, values)) == str(decided(right, values))
        case {"Fn::Not": [inner]}:
            return not decided(inner, values)
        case {"Fn::And": inner}:
            return all(decided(each, values) for each in inner)
        case {"Fn::Or": inner}:
            return any(decided(each, values) for each in inner)
    assert isinstance(condition, str), condition
    return condition


def defaults() -> dict[str, str]:
    """Return the parameters that have a default, with it, as CloudFormation would fill them in."""
    return {name: str(found["Default"]) for name, found in template()["Parameters"].items() if "Default" in found}


def plain(node: Any) -> Any:
    """Return cfn-lint's nodes, which remember their line, as ordinary dicts, lists and scalars."""
    if isinstance(node, dict):
        return {str(key): plain(value) for key, value in node.items()}
    if isinstance(node, list):
        return [plain(item) for item in node]
    return str(node) if isinstance(node, str) else node
