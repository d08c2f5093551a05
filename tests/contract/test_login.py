"""Profiles that `aws login` makes: the console can read them, and the functions do not carry what that takes."""

from __future__ import annotations

import re
from importlib.metadata import requires, version

import pytest
from botocore.exceptions import MissingDependencyException
from packaging.requirements import Requirement

from console.deployment.failures import sentence
from tests.support.sam_template import ROOT

PINS = (ROOT / "requirements" / "dev.txt").read_text(encoding="utf-8")
PLATFORMS = [
    ({"sys_platform": "linux", "platform_machine": "x86_64"}, True),
    ({"sys_platform": "linux", "platform_machine": "aarch64"}, True),
    ({"sys_platform": "darwin", "platform_machine": "x86_64"}, True),
    ({"sys_platform": "darwin", "platform_machine": "arm64"}, True),
    ({"sys_platform": "linux", "platform_machine": "armv7l"}, False),
    ({"sys_platform": "linux", "platform_machine": "ppc64le"}, False),
    ({"sys_platform": "linux", "platform_machine": "riscv64"}, False),
    ({"sys_platform": "freebsd14", "platform_machine": "amd64"}, False),
]


def pinned(name: str) -> Requirement:
    (line,) = re.findall(rf"^{name}==.*?(?= \\$)", PINS, re.MULTILINE)
    return Requirement(line)


def test_the_pin_of_awscrt_is_botocores() -> None:
    """Its extra `crt` names one version of awscrt."""
    (wanted,) = [line for line in requires("botocore") or [] if line.startswith("awscrt")]
    assert pinned("botocore").specifier.contains(version("botocore"))
    assert pinned("awscrt").specifier == Requirement(wanted).specifier


@pytest.mark.parametrize(("platform", "installed"), PLATFORMS)
def test_awscrt_is_installed_only_where_it_has_a_wheel(platform: dict[str, str], installed: bool) -> None:  # noqa: FBT001  # a parameter
    """`make setup` takes wheels alone, so elsewhere the marker must leave it out."""
    marker = pinned("awscrt").marker
    assert marker is not None
    assert marker.evaluate(platform) is installed


def test_the_layer_has_no_awscrt() -> None:
    """The layer does not contain awscrt: Lambda uses a role, and the layer has a size limit."""
    for name in ("requirements.in", "requirements.txt"):
        assert "awscrt" not in (ROOT / "layers" / "dependencies" / name).read_text(encoding="utf-8")


def test_without_awscrt_the_error_names_another_way() -> None:
    """Without awscrt, the error names another way, and no package to install by hand."""
    text = sentence(MissingDependencyException(msg='using the login credential provider: pip install "botocore[crt]"'))
    assert text is not None
    assert "aws configure export-credentials" in text
    assert "pip install" not in text
