"""Whether the alias `live` serves what was deployed: SAM publishes a version only where it sees a change.

A version is a copy. What CloudFormation changes on the function ($LATEST) reaches Apple's requests when a version is
made of it and `live` points there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from console.terminal.failure import Failure

ALIAS: Final = "live"

# Fields of a FunctionConfiguration that decide what a request meets, with the words for them.
_COMPARED: Final = {
    "CodeSha256": "code",
    "Layers": "layers",
    "Architectures": "architecture",
    "Runtime": "runtime",
    "Handler": "handler",
    "MemorySize": "memory",
    "Timeout": "timeout",
    "Role": "role",
    "LoggingConfig": "log settings",
    "SnapStart": "SnapStart",
}


def configurations(client: Any, function: str) -> tuple[dict[str, Any], dict[str, Any]]:  # noqa: ANN401  # boto3 makes clients at run time
    """Ask Lambda for the FunctionConfiguration of `live` and of $LATEST, in this order. Raises Failure without them."""
    try:
        live = client.get_function_configuration(FunctionName=function, Qualifier=ALIAS)
        return live, client.get_function_configuration(FunctionName=function)
    except client.exceptions.ResourceNotFoundException:
        raise Failure(f"Lambda has no function {function} with an alias `{ALIAS}`: deploy it again.") from None


def differences(live: Mapping[str, Any], latest: Mapping[str, Any]) -> list[str]:
    """Return in what `live` differs from $LATEST, in words: of variables the names, never the values."""
    found = [word for field, word in _COMPARED.items() if _of(live, field) != _of(latest, field)]
    old, new = (dict(each.get("Environment", {}).get("Variables", {})) for each in (live, latest))
    return found + sorted(name for name in {*old, *new} if old.get(name) != new.get(name))


def _of(configuration: Mapping[str, Any], field: str) -> Any:  # noqa: ANN401  # JSON
    """Return a field as it is compared: of layers their versions, of SnapStart what was asked for."""
    value = configuration.get(field)
    if field == "Layers":
        return [layer["Arn"] for layer in value or []]
    if field == "SnapStart":
        return (value or {}).get("ApplyOn", "None")
    return value
