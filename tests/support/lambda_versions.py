"""Lambda's descriptions of $LATEST and of a version published from it."""

from __future__ import annotations

import copy
from typing import Any

LATEST: dict[str, Any] = {
    "Version": "$LATEST",
    "FunctionArn": "arn:aws:lambda:us-east-1:123456789012:function:f",
    "CodeSha256": "abc",
    "Layers": [{"Arn": "arn:aws:lambda:us-east-1:123456789012:layer:l:1", "CodeSize": 1}],
    "Architectures": ["arm64"],
    "MemorySize": 1769,
    "Timeout": 5,
    "LastModified": "2026-11-30T10:00:00",
    "RevisionId": "1",
    "SnapStart": {"ApplyOn": "PublishedVersions", "OptimizationStatus": "Off"},
    "Environment": {"Variables": {"RETENTION_APP_APPLE_IDS": "1", "RETENTION_TRUST_ANCHOR": ""}},
}


def live(**changes: Any) -> dict[str, Any]:
    """A version made of LATEST, with `changes`."""
    version = {
        "Version": "7",
        "FunctionArn": f"{LATEST['FunctionArn']}:7",
        "LastModified": "2026-11-30T10:00:09",
        "RevisionId": "2",
        "SnapStart": {"ApplyOn": "PublishedVersions", "OptimizationStatus": "On"},
    }
    return {**copy.deepcopy(LATEST), **version, **changes}
