"""A model of IAM: the template's policies with their parameters filled in, and whether they allow a call.

    rights = Rights.of("FunctionRole", {"Table.Arn": "arn:…:table/t", "AppAppleIds": "1,22", …})
    [asked.action for asked in asks("dynamodb", "get_item", request) if not rights.allow(asked)]

As far as the template uses IAM: statements that allow, and one kind that denies; `Ref`, `GetAtt`, `Sub`, `Join`,
`Split`, `If`; `dynamodb:LeadingKeys`, `kms:ViaService`. A queue's ARN ends in the last part of its URL.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from botocore.session import get_session

from tests.support.sam_template import Document, decided, defaults, template

ACCOUNT: Final = "123456789012"
REGION: Final = "us-east-1"
PSEUDO: Final = {
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::AccountId": ACCOUNT,
    "AWS::URLSuffix": "amazonaws.com",
}

_LEADING_KEYS: Final = "dynamodb:LeadingKeys"
_VIA_SERVICE: Final = "kms:ViaService"
# A transaction needs the right of each action in it.
_IN_TRANSACTION: Final = {
    "ConditionCheck": "ConditionCheckItem",
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
}


@dataclass(frozen=True, slots=True)
class ApiCall:
    """One right that a call needs. `keys` are the partition keys it names, none for a Scan.

    `via` is the service that asks KMS in the caller's name, empty where the caller asks itself.
    """

    action: str
    resource: str
    keys: tuple[str, ...] = ()
    via: str = ""


def arn(service: str, name: str) -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{name}"


# What calls ask for -------------------------------------------------------------------------------------------------


@cache
def operations(service: str) -> dict[str, str]:
    """Return the SDK's method names of a service, each with the service's own name for it."""
    model = get_session().get_service_model(service)
    return {re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower(): name for name in model.operation_names}


def asks(service: str, operation: str, request: Mapping[str, Any]) -> Iterator[ApiCall]:
    """Yield the rights that a call needs. `operation` is the service's name or the SDK's."""
    name = operations(service).get(operation, operation)
    if service == "dynamodb":
        yield from _of_dynamodb(name, request)
        return
    assert service in _JUDGED, f"it is not known what right {service}:{name} needs"
    # a batch of SQS's needs the right of one message; S3 names the right to list after the bucket
    action = "ListBucket" if name.startswith("ListObjects") else name.removesuffix("Batch" if service == "sqs" else "")
    yield ApiCall(f"{service}:{action}", _JUDGED[service](name, request))


def _of_s3(_: str, request: Mapping[str, Any]) -> str:
    bucket = f"arn:aws:s3:::{request['Bucket']}"
    return f"{bucket}/{request['Key']}" if "Key" in request else bucket


def _of_ssm(name: str, request: Mapping[str, Any]) -> str:
    if name == "GetServiceSetting":
        return arn("ssm", f"servicesetting{request['SettingId']}")
    return arn("ssm", f"parameter{request['Name']}")


def _of_lambda(name: str, request: Mapping[str, Any]) -> str:
    """Return the resource that IAM judges a call of Lambda against."""
    match name:
        case "GetAccountSettings":
            return "*"
        case "GetLayerVersion":
            return f"{request['LayerName']}:{request['VersionNumber']}"
    qualified = f":{request['Qualifier']}" if "Qualifier" in request else ""
    return arn("lambda", f"function:{request['FunctionName']}{qualified}")


# The resource that IAM judges a call against, by service: from the operation's name and the request.
_JUDGED: Final[dict[str, Callable[[str, Mapping[str, Any]], str]]] = {
    "lambda": _of_lambda,
    "sqs": lambda _, request: arn("sqs", request["QueueUrl"].rpartition("/")[2]),
    "cloudwatch": lambda *_: "*",
    "ssm": _of_ssm,
    "logs": lambda _, request: arn("logs", f"log-group:{request['logGroupName']}:*"),
    "sns": lambda _, request: request["TopicArn"],
    "cloudformation": lambda _, request: stack_asked_for(request["StackName"]),
    "firehose": lambda _, request: arn("firehose", f"deliverystream/{request['DeliveryStreamName']}"),
    "s3": _of_s3,
    "athena": lambda _, request: arn("athena", f"workgroup/{request['WorkGroup']}"),
}


def stack_asked_for(name: str) -> str:
    """Return the resource IAM judges. A stack asked for by its name has no id yet: it is `stack/NAME/*`, literally."""
    return name if name.startswith("arn:") else arn("cloudformation", f"stack/{name}/*")


def _of_dynamodb(name: str, request: Mapping[str, Any]) -> Iterator[ApiCall]:
    if name == "TransactWriteItems":
        for each in request["TransactItems"]:
            ((kind, inner),) = each.items()
            yield from _of_dynamodb(_IN_TRANSACTION[kind], inner)
    elif name == "BatchGetItem":
        for table, wanted in request["RequestItems"].items():
            keys = tuple(key["pk"]["S"] for key in wanted["Keys"])
            yield ApiCall(f"dynamodb:{name}", arn("dynamodb", f"table/{table}"), keys)
    else:
        yield ApiCall(f"dynamodb:{name}", arn("dynamodb", f"table/{request['TableName']}"), _keys(name, request))


def _keys(name: str, request: Mapping[str, Any]) -> tuple[str, ...]:
    match name:
        case "Query":
            return (request["ExpressionAttributeValues"][":pk"]["S"],)
        case "Scan":
            return ()
        case "PutItem":
            return (request["Item"]["pk"]["S"],)
    return (request["Key"]["pk"]["S"],)


# What policies allow ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement. `leading` are patterns for partition keys, `via` a service; None for any.

    One that denies has `others`: it denies where a partition key is like none of them.
    """

    sid: str
    actions: frozenset[str]
    resources: tuple[str, ...]
    leading: tuple[str, ...] | None
    via: str | None = None
    others: tuple[str, ...] | None = None

    def allows(self, ask: ApiCall) -> bool:
        return (
            self.others is None
            and ask.action in self.actions
            and any(_like(one, ask.resource) for one in self.resources)
            and (self.leading is None or all(any(_like(one, key) for one in self.leading) for key in ask.keys))
            and (self.via is None or self.via == ask.via)
        )

    def denies(self, ask: ApiCall) -> bool:
        return (
            self.others is not None
            and ask.action in self.actions
            and any(_like(one, ask.resource) for one in self.resources)
            and any(not any(_like(one, key) for one in self.others) for key in ask.keys)
        )


@dataclass(frozen=True, slots=True)
class Rights:
    """The rights of one role or policy of the template."""

    statements: tuple[Statement, ...]

    @classmethod
    def of(cls, name: str, values: Mapping[str, str]) -> Rights:
        """`values`: what `!Ref X` gives under "X", what `!GetAtt X.Y` gives under "X.Y"; the rest has its default."""
        filled = {**PSEUDO, **defaults(), **values}
        properties = template()["Resources"][name]["Properties"]
        documents = [each["PolicyDocument"] for each in properties.get("Policies", [properties])]
        chosen = [_chosen(each, filled) for one in documents for each in one["Statement"]]
        return cls(tuple(_statement(each, filled) for each in chosen if each != {"Ref": "AWS::NoValue"}))

    @property
    def actions(self) -> frozenset[str]:
        """What is allowed somewhere."""
        return frozenset().union(*(each.actions for each in self.statements if each.others is None))

    def allow(self, ask: ApiCall) -> bool:
        denied = any(statement.denies(ask) for statement in self.statements)
        return not denied and any(statement.allows(ask) for statement in self.statements)


def written(name: str, values: Mapping[str, str]) -> str:
    """Return a role's or policy's documents as CloudFormation hands them over, without blanks: IAM counts these."""
    filled = {**PSEUDO, **defaults(), **values}
    properties = template()["Resources"][name]["Properties"]
    documents = [each["PolicyDocument"] for each in properties.get("Policies", [properties])]
    return "".join(json.dumps(_filled(one, filled), separators=(",", ":")) for one in documents)


def _filled(node: Any, values: Mapping[str, str]) -> Any:
    match node:
        case {"Ref": _} | {"Fn::GetAtt": _} | {"Fn::Split": _} | {"Fn::Join": _} | {"Fn::Sub": _}:
            return _resolved(node, values)
        case {"Fn::If": _}:
            return _filled(_chosen(node, values), values)
        case dict():
            return {key: _filled(value, values) for key, value in node.items()}
        case list():
            chosen = [_chosen(each, values) if isinstance(each, dict) else each for each in node]
            return [_filled(each, values) for each in chosen if each != {"Ref": "AWS::NoValue"}]
    return node


def _chosen(node: Document, values: Mapping[str, str]) -> Document:
    """Return a statement, or the branch of the `If` that is in its place."""
    if "Fn::If" not in node:
        return node
    condition, first, second = node["Fn::If"]
    return _chosen(first if decided({"Condition": condition}, values) else second, values)


def _statement(document: Document, values: Mapping[str, str]) -> Statement:
    actions = document["Action"]
    leading = via = others = None
    for operator, condition in document.get("Condition", {}).items():
        if operator == "StringEquals":
            assert list(condition) == [_VIA_SERVICE]
            via = _resolved(condition[_VIA_SERVICE], values)
            continue
        assert list(condition) == [_LEADING_KEYS]
        if operator == "ForAnyValue:StringNotLike":
            others = tuple(condition[_LEADING_KEYS])
            continue
        leading = tuple(_resolved(condition[_LEADING_KEYS], values))
        assert operator == "ForAllValues:StringLike" or not any("*" in key for key in leading)
    given = document["Resource"]
    chosen = [_chosen(one, values) if isinstance(one, dict) else one for one in _listed(given)]
    resources = tuple(_resolved(one, values) for one in chosen if one != {"Ref": "AWS::NoValue"})
    named = frozenset([actions] if isinstance(actions, str) else actions)
    assert document["Effect"] == ("Allow" if others is None else "Deny")
    return Statement(document["Sid"], named, resources, leading, via, others)


def _listed(node: Any) -> list[Any]:
    return node if isinstance(node, list) else [node]


def _resolved(node: Any, values: Mapping[str, str]) -> Any:
    """Return what CloudFormation makes of a value."""
    match node:
        case {"Ref": name}:
            return values[name]
        case {"Fn::If": [condition, first, second]}:
            return _resolved(first if decided({"Condition": condition}, values) else second, values)
        case {"Fn::GetAtt": [name, attribute]}:
            return values[f"{name}.{attribute}"]
        case {"Fn::Split": [separator, inner]}:
            return _resolved(inner, values).split(separator)
        case {"Fn::Join": [separator, inner]}:
            return separator.join(_resolved(inner, values))
        case {"Fn::Sub": [text, own]}:
            filled = {**values, **{name: _resolved(value, values) for name, value in own.items()}}
            return _resolved({"Fn::Sub": text}, filled)
        case {"Fn::Sub": str(text)}:
            return re.sub(r"\$\{([^}]+)\}", lambda found: values[found[1]], text)
    assert isinstance(node, str), node
    return node


def _like(pattern: str, text: str) -> bool:
    """Compare as IAM does: `*` is any text, `?` any character."""
    quoted = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(quoted, text, re.DOTALL) is not None
