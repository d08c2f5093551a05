"""What `live` runs, compared with $LATEST."""

from __future__ import annotations

from typing import Any

import pytest

from console.deployment.alias import differences
from tests.support.lambda_versions import LATEST, live


def test_a_version_of_the_same_is_not_behind() -> None:
    """Number, time and revision are a version's own."""
    assert differences(live(), LATEST) == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"MemorySize": 1024}, ["memory"]),
        ({"CodeSha256": "old"}, ["code"]),
        ({"Layers": [{"Arn": "arn:aws:lambda:us-east-1:123456789012:layer:l:0"}]}, ["layers"]),
        ({"Layers": []}, ["layers"]),
        ({"Architectures": ["x86_64"]}, ["architecture"]),
        ({"SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"}}, ["SnapStart"]),
        ({"Environment": {"Variables": {"RETENTION_APP_APPLE_IDS": "1"}}}, ["RETENTION_TRUST_ANCHOR"]),
        (
            {"Environment": {"Variables": {"RETENTION_APP_APPLE_IDS": "1,2", "RETENTION_TRUST_ANCHOR": "MIIB"}}},
            ["RETENTION_APP_APPLE_IDS", "RETENTION_TRUST_ANCHOR"],
        ),
        ({"Environment": {}}, ["RETENTION_APP_APPLE_IDS", "RETENTION_TRUST_ANCHOR"]),
    ],
)
def test_what_differs_is_named_and_no_value_is(changes: dict[str, Any], expected: list[str]) -> None:
    """Whatever a request would meet; a variable by its name alone."""
    assert differences(live(**changes), LATEST) == expected
