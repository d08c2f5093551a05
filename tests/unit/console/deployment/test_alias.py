"""The version behind the alias `live`, compared with $LATEST."""

from __future__ import annotations

from typing import Any

import pytest

from console.deployment.alias import differences
from tests.support.lambda_versions import LATEST, live


def test_the_same_version_has_no_differences() -> None:
    """Version number, time and revision id are a version's own and do not count."""
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
def test_a_difference_is_named_without_its_value(changes: dict[str, Any], expected: list[str]) -> None:
    """A variable that differs is listed by its name alone, since its value may be a secret."""
    assert differences(live(**changes), LATEST) == expected
