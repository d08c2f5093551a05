"""What samconfig.toml deploys, and the architecture that `make build` builds for: scripts/samconfig.py."""

from __future__ import annotations

from pathlib import Path

import pytest
import samconfig
from samconfig import ConfigError, architecture_of, deployment

from tests.support.sam_template import ROOT, template


def config(folder: Path, sandbox: str = "", production: str = "") -> Path:
    (folder / "samconfig.toml").write_text(
        "version = 0.1\n[default.build.parameters]\ncached = true\n"
        f'[sandbox.deploy.parameters]\nstack_name = "s"\nregion = "eu-west-1"\n{sandbox}\n'
        f'[production.deploy.parameters]\nstack_name = "p"\n{production}\n'
    )
    return folder


def overrides(architecture: str) -> str:
    return f'parameter_overrides = ["Environment=Sandbox", "Architecture={architecture}"]'


def test_the_file_that_comes_with_the_project() -> None:
    """The project's file deploys a sandbox and a production stack of one architecture."""
    assert samconfig.environments() == ["sandbox", "production"]
    found = deployment("sandbox")
    assert (found.stack, found.parameters["Environment"]) == ("retention-sandbox", "Sandbox")
    assert template()["Parameters"]["Architecture"]["Default"] == samconfig.DEFAULT_ARCHITECTURE
    assert set(samconfig.ARCHITECTURES) == set(template()["Parameters"]["Architecture"]["AllowedValues"])
    assert {path.name for path in (ROOT / "build").iterdir()} == set(samconfig.ARCHITECTURES)


@pytest.mark.parametrize(
    "written",
    [
        'parameter_overrides = ["A=1", "Architecture=x86_64"]',
        'parameter_overrides = ["Architecture=\\"x86_64\\""]',
        'parameter_overrides = "A=1 Architecture=x86_64 B=\\"c d\\""',
        'parameter_overrides = "ParameterKey=A,ParameterValue=1 ParameterKey=Architecture,ParameterValue=x86_64"',
        'parameter_overrides = ["ParameterKey=Architecture,ParameterValue=x86_64"]',
        'parameter_overrides = {A = "1", Architecture = "x86_64"}',
        'parameter_overrides = [["A=1", "Architecture=x86_64"]]',
        '[sandbox.global.parameters]\nparameter_overrides = ["Architecture=x86_64"]',
    ],
)
def test_every_form_that_sam_takes_is_followed(tmp_path: Path, written: str) -> None:
    """parameter_overrides may be a list, a text, CloudFormation's form, a table, or stand under `global`."""
    assert deployment("sandbox", config(tmp_path, written)).architecture == "x86_64"


def test_a_form_that_cannot_be_followed_is_refused(tmp_path: Path) -> None:
    """A parameter file is refused, since it could name another architecture than the build's."""
    written = 'parameter_overrides = ["file://parameters.yaml"]'
    with pytest.raises(ConfigError, match=r"`file://parameters\.yaml` .* is not of the form Name=value"):
        deployment("sandbox", config(tmp_path, written))


def test_the_build_follows_the_file(tmp_path: Path) -> None:
    """If the stacks have one architecture it is that one, otherwise that of the named environment."""
    assert architecture_of("", "", config(tmp_path)) == "arm64"
    assert architecture_of("", "", config(tmp_path, overrides("x86_64"), overrides("x86_64"))) == "x86_64"
    apart = config(tmp_path, overrides("x86_64"))
    assert architecture_of("sandbox", "", apart) == "x86_64"
    assert architecture_of("production", "", apart) == "arm64"
    with pytest.raises(ConfigError, match=r"two architectures \(sandbox is x86_64, production is arm64 by default\)"):
        architecture_of("", "", apart)


def test_arch_counts_only_without_an_architecture_in_the_file(tmp_path: Path) -> None:
    """If ARCH contradicts the file it is refused: layer and stack would have different architectures."""
    assert architecture_of("", "x86_64", config(tmp_path)) == "x86_64"
    both = config(tmp_path, overrides("arm64"), overrides("arm64"))
    assert architecture_of("", "arm64", both) == "arm64"
    with pytest.raises(ConfigError, match=r"ARCH=x86_64, but samconfig\.toml deploys for arm64"):
        architecture_of("", "x86_64", both)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (("", "arm"), "ARCH is `arm`, neither arm64 nor x86_64"),
        (("staging", ""), r"has no `staging`: write ENV=sandbox or ENV=production"),
    ],
)
def test_an_unknown_architecture_or_environment_is_refused(
    tmp_path: Path, given: tuple[str, str], message: str
) -> None:
    """The error names the value and the possible ones."""
    with pytest.raises(ConfigError, match=message):
        architecture_of(*given, config(tmp_path))


@pytest.mark.parametrize(
    ("written", "message"),
    [
        (overrides("arm"), r"samconfig\.toml, sandbox: Architecture is `arm`"),
        ("stack_name", r"samconfig\.toml cannot be read"),
        ('stack_name = ""', r"cannot be read"),
    ],
)
def test_a_file_with_a_mistake_is_a_plain_error(tmp_path: Path, written: str, message: str) -> None:
    """The error names samconfig.toml and shows no traceback of the TOML reader."""
    with pytest.raises(ConfigError, match=message):
        _ = deployment("sandbox", config(tmp_path, written)).architecture


def test_a_missing_file_is_a_plain_error(tmp_path: Path) -> None:
    """Without samconfig.toml the error is one sentence that names the file."""
    with pytest.raises(ConfigError, match=r"There is no samconfig\.toml"):
        deployment("sandbox", tmp_path)
