"""The template judged by cfn-lint and checkov, on what CloudFormation will get; each skipped check has its reason."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest

from tests.support import real_parts
from tests.support.required_parts import real
from tests.support.sam_template import ROOT, Document, decided, template

CHECKOV: Final = ROOT / ".venv-checkov" / "bin" / "checkov"

SMALL: Final = {"Environment": "Sandbox", "AppAppleIds": "1", "SigningKeyPrefix": "/retention/sandbox"}
LARGE: Final = {
    "Environment": "Production",
    "AppAppleIds": "1,22",
    "SigningKeyPrefix": "/retention/production",
    "PathSecret": "abcdefghijklmnop",
    "DomainName": "retention.example.com",
    "CertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/0f",
    "ReservedConcurrency": "10",
    "ProvisionedConcurrency": "2",
    "AlarmEmail": "a@example.com",
    "Notifications": "push",
    "RelayUrl": "https://receiver.example.com/asn",
    "Analysis": "on",
}


def skips() -> list[tuple[str, str, str]]:
    """Return (resource, check, reason) of every check that the template has checkov skip."""
    return [
        (name, skip["id"], skip["comment"])
        for name, found in template()["Resources"].items()
        for skip in found.get("Metadata", {}).get("checkov", {}).get("skip", [])
    ]


# Parameters that LARGE excludes, or leaves at their default.
GRADUAL: Final = {
    **SMALL,
    "Deployment": "Canary10Percent5Minutes",
    "SigningKeyKmsKeyArn": "arn:aws:kms:us-east-1:123456789012:key/0f3c2a10-cd1e-11f0-9a3b-0e1f2a3b4c5d",
    "PermissionsBoundary": "arn:aws:iam::123456789012:policy/boundary",
    "PathSecret": "abcdefghijklmnop",
    "PreviousPathSecret": "none",
    "AlarmTopicArn": "arn:aws:sns:us-east-1:123456789012:alarms",
}


@pytest.fixture(scope="module", params=[SMALL, LARGE, GRADUAL], ids=["small", "large", "gradual"])
def processed(request: pytest.FixtureRequest) -> Document:
    """The built template after SAM's transform."""
    artefact = real(lambda: real_parts.build_artefact(real_parts.machine()))
    document: Document = real(lambda: real_parts.processed_template(artefact, request.param))
    for name, value in request.param.items():  # checkov decides conditions by the defaults
        document["Parameters"][name]["Default"] = value
    return document


def made(document: Document) -> set[str]:
    """Return the logical ids of the resources that a processed template's defaults make."""
    values = {name: str(found.get("Default", "")) for name, found in document["Parameters"].items()}
    return {
        name
        for name, found in document["Resources"].items()
        if "Condition" not in found or decided({"Condition": found["Condition"]}, values)
    }


def judged(document: Document, folder: Path) -> dict[str, set[tuple[str, str]]]:
    """Return (resource, check) of what checkov skipped and of what failed. It makes no request to the network."""
    if not CHECKOV.exists():
        real(missing)
    file = folder / "template.json"
    # Of conditions checkov decides the simple ones alone, so what is not made is left out here.
    there = {name: found for name, found in document["Resources"].items() if name in made(document)}
    file.write_text(json.dumps({**document, "Resources": there}), encoding="utf-8")
    # a proxy that does not answer: a request would fail
    nowhere = {"HTTPS_PROXY": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9"}
    printed = subprocess.run(
        [str(CHECKOV), "--file", str(file), *"--framework cloudformation --skip-download --output json".split()],
        cwd=folder,
        env={**os.environ, **nowhere},
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    ).stdout
    results: dict[str, Any] = json.loads(printed)["results"]
    assert results["parsing_errors"] == []
    assert len(results["passed_checks"]) > 25  # of the smallest stack
    return {
        verdict: {(each["resource"].split(".")[-1], each["check_id"]) for each in results[f"{verdict}_checks"]}
        for verdict in ("skipped", "failed")
    }


def missing() -> None:
    raise real_parts.PartMissingError("checkov is missing (.venv-checkov): make template makes it")


def test_every_skipped_check_has_a_reason_in_one_line() -> None:
    """The reason of a skipped check is one line; no check is skipped for all resources, or twice."""
    assert skips()
    for _, check, reason in skips():
        assert re.fullmatch(r"CKV2?_AWS_\d+", check)
        assert 30 < len(reason) < 90
        assert "\n" not in reason
    assert len({(name, check) for name, check, _ in skips()}) == len(skips())
    assert not [path.name for path in ROOT.glob(".checkov.y*ml")]


def test_checkov_finds_nothing_and_every_skip_is_needed(processed: Document, tmp_path: Path) -> None:
    """Checkov finds nothing in what CloudFormation will get; without the skips, exactly the skipped checks fail."""
    argued = {(name, check) for name, check, _ in skips() if name in made(processed)}
    assert judged(processed, tmp_path) == {"skipped": argued, "failed": set()}
    for found in processed["Resources"].values():
        found.get("Metadata", {}).pop("checkov", None)
    assert judged(processed, tmp_path) == {"skipped": set(), "failed": argued}


def test_cfn_lint_finds_nothing_in_what_cloudformation_will_see(processed: Document, tmp_path: Path) -> None:
    """cfn-lint finds nothing in what SAM makes of the template, informational rules included."""
    file = tmp_path / "template.json"
    file.write_text(json.dumps(processed), encoding="utf-8")
    done = subprocess.run(
        [real_parts.SAM.parent / "cfn-lint", "--include-checks", "I", "--", file],
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (0, "")
