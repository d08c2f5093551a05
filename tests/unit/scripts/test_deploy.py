"""`make deploy`: what it refuses, what it builds for, and that it compares `live` with $LATEST afterwards."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import deploy
import pytest
import samconfig
from botocore.exceptions import ClientError
from deploy import DeployError, Deploying, profile_of, sam_arguments
from samconfig import Deployment

import build
from tests.support.lambda_versions import LATEST, live


def test_options_of_sam_are_passed_on() -> None:
    """SAM_ARGS is split as a shell would split it."""
    assert sam_arguments('--no-confirm-changeset --tags "team=a b"') == ["--no-confirm-changeset", "--tags", "team=a b"]


@pytest.mark.parametrize(
    "text",
    [
        "--parameter-overrides Architecture=x86_64",
        "--parameter-overrides=MemorySize=512",
        "--config-env production",
        "--stack-name other",
        "--template-file x.yaml",
        "--region eu-west-1",
        "--guided",
    ],
)
def test_options_that_the_build_depends_on_are_refused(text: str) -> None:
    """They belong in samconfig.toml: else build, deployment and comparison would use different values."""
    with pytest.raises(DeployError, match=r"write that into samconfig\.toml"):
        sam_arguments(text)


def test_an_unclosed_quotation_mark_is_a_plain_error() -> None:
    """The error is one sentence and no traceback."""
    with pytest.raises(DeployError, match="SAM_ARGS cannot be read"):
        sam_arguments('--tags "a')


def test_the_profile_is_the_one_that_sam_uses() -> None:
    """The profile of SAM_ARGS goes before the file's, and the file's before the shell's."""
    filed = Deployment("sandbox", "s", "", "filed", {})
    assert profile_of(["--profile", "typed"], filed) == "typed"
    assert profile_of(["--profile=typed"], filed) == "typed"
    assert profile_of([], filed) == "filed"
    assert profile_of([], Deployment("sandbox", "s", "", "", {})) is None


STACK_ID = "arn:aws:cloudformation:us-east-1:123456789012:stack/retention-sandbox/0f3c2a10"


def event(resource: str, status: str, reason: str = "") -> dict[str, str]:
    """Return one event of a stack; only a failure has a reason."""
    event = {"StackId": STACK_ID, "PhysicalResourceId": resource, "ResourceStatus": status}
    return event | ({"ResourceStatusReason": reason} if reason else {})


class Aws:
    """A fake of CloudFormation and Lambda with the calls that a deployment makes."""

    exceptions = SimpleNamespace(ResourceNotFoundException=KeyError)

    def __init__(self, version: dict[str, Any], *, there: bool = True, architecture: str = "arm64") -> None:
        self.version, self.there, self.architecture = version, there, architecture
        self.changed: list[str] = []  # the time of the stack's last change, one for each call
        self.reason = self.earlier = ""  # the reasons of this attempt's failure and of the one before

    def describe_stacks(self, StackName: str) -> dict[str, Any]:  # noqa: N803  # botocore's spelling
        if not self.there:
            message = f"Stack with id {StackName} does not exist"
            raise ClientError({"Error": {"Code": "ValidationError", "Message": message}}, "DescribeStacks")
        outputs = [
            {"OutputKey": "FunctionName", "OutputValue": "f"},
            {"OutputKey": "Url", "OutputValue": "https://u/v1"},
        ]
        parameters = [{"ParameterKey": "Architecture", "ParameterValue": self.architecture}]
        stack = {"StackName": StackName, "Outputs": outputs, "Parameters": parameters}
        return {"Stacks": [stack | ({"LastUpdatedTime": self.changed.pop(0)} if self.changed else {})]}

    def get_paginator(self, name: str) -> Aws:
        assert name == "describe_stack_events"
        return self

    def paginate(self, **_: str) -> list[dict[str, Any]]:
        """Return events newest first: a rollback of many resources, the failure's reason, the attempt's first event."""
        rollback = [event(f"Resource{number}", "UPDATE_COMPLETE") for number in range(150)]
        failed = [event("Version", "CREATE_FAILED", self.reason), event(STACK_ID, "UPDATE_IN_PROGRESS")]
        before = [event("Version", "CREATE_FAILED", self.earlier), event(STACK_ID, "CREATE_IN_PROGRESS")]
        return [{"StackEvents": page} for page in (rollback[:100], rollback[100:] + failed, before)]

    def get_function_configuration(self, FunctionName: str, Qualifier: str = "") -> dict[str, Any]:  # noqa: N803
        assert FunctionName == "f"
        return self.version if Qualifier == "live" else LATEST


class Steps(list[str]):
    """The commands that were run, in their order; `codes` maps a word of a command to its exit code."""

    def __init__(self) -> None:
        super().__init__()
        self.codes: dict[str, int] = {}

    def run(self, command: list[str], **_: Any) -> Any:
        self.append(" ".join([Path(command[2]).name, *command[3:]]))
        code = next((code for word, code in self.codes.items() if word in self[-1]), 0)
        return type("Done", (), {"returncode": code})

    def examine(self, _: Path, architecture: str) -> None:
        self.append(f"examined for {architecture}")


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Steps:
    steps = Steps()
    monkeypatch.setattr("subprocess.run", steps.run)
    monkeypatch.setattr(build, "examine", steps.examine)
    return steps


@pytest.fixture
def begin(monkeypatch: pytest.MonkeyPatch, steps: Steps) -> Callable[..., str]:
    assert steps == []

    def begin(aws: Aws, parameters: dict[str, str] | None = None, nonce: str = "") -> str:
        monkeypatch.setattr(deploy, "client", lambda *_, **__: aws)
        deployment = Deployment("sandbox", "retention-sandbox", "us-east-1", "", parameters or {})
        return Deploying(deployment, ["--no-confirm-changeset"], nonce).run()

    return begin


def test_it_builds_checks_deploys_and_compares(begin: Callable[..., str], steps: Steps) -> None:
    """The steps run in this order, for the architecture in samconfig.toml."""
    printed = begin(Aws(live(), architecture="arm64"), {"Architecture": "x86_64"})
    assert steps == [
        "build.py --machine x86_64 --nonce ",
        "examined for x86_64",
        "-m samcli deploy --config-env sandbox --no-confirm-changeset",
    ]
    assert "`live` serves what was deployed, version 7" in printed
    assert "Url: https://u/v1" in printed


def test_a_declined_change_set_is_reported(begin: Callable[..., str]) -> None:
    """SAM exits with 0 also if its question was answered with no, or if there was nothing to change."""
    for changed, nothing in ((["10:00", "10:00"], True), (["10:00", "10:05"], False), ([], False)):
        aws = Aws(live())
        aws.changed = changed
        assert ("nothing was changed" in begin(aws)) == nothing


def test_an_alias_that_is_behind_fails(begin: Callable[..., str]) -> None:
    """Otherwise the version that answers Apple would still trust the rehearsal's root."""
    trusting = live(Environment={"Variables": {"RETENTION_APP_APPLE_IDS": "1", "RETENTION_TRUST_ANCHOR": "MIIB"}})
    with pytest.raises(DeployError, match=r"`live` still serves version 7, which differs in: RETENTION_TRUST_ANCHOR\."):
        begin(Aws(trusting))


def test_without_an_architecture_in_the_file_the_stacks_is_kept(begin: Callable[..., str], steps: Steps) -> None:
    """If the line is deleted from samconfig.toml, the build follows the architecture of the deployed stack."""
    begin(Aws(live(), architecture="x86_64"))
    assert steps[0] == "build.py --machine x86_64 --nonce "


def test_the_first_deployment_uses_the_template_s_default(begin: Callable[..., str], steps: Steps) -> None:
    """Without a stack the build uses the template's architecture; SAM made no stack here, and the text states that."""
    assert "retention-sandbox does not exist" in begin(Aws(live(), there=False))
    assert steps[0] == "build.py --machine arm64 --nonce "


def test_nothing_is_deployed_after_a_failed_build(begin: Callable[..., str], steps: Steps) -> None:
    """If the build fails, SAM is not called."""
    steps.codes["build.py"] = 1
    with pytest.raises(DeployError, match="Nothing was deployed"):
        begin(Aws(live()))
    assert len(steps) == 1


def test_a_layer_of_another_machine_is_not_deployed(
    begin: Callable[..., str], steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The built layer is checked before SAM is called."""
    monkeypatch.setattr(build, "examine", lambda *_: sys.exit("_rust.abi3.so is for ELF machine 183, not x86_64."))
    with pytest.raises(SystemExit, match="ELF machine 183"):
        begin(Aws(live()), {"Architecture": "x86_64"})
    assert not [step for step in steps if "samcli" in step]


def test_a_repeated_build_after_a_failed_update_needs_a_nonce(begin: Callable[..., str], steps: Steps) -> None:
    """If CloudFormation already has the version, the error names NONCE; for other failures it points to SAM's text."""
    steps.codes["samcli"] = 1
    aws = Aws(live())
    with pytest.raises(DeployError, match="retention-sandbox was not deployed"):
        begin(aws)
    aws.earlier = "A version for this Lambda function exists ( 7 ). Modify the function to create a new version."
    with pytest.raises(DeployError, match="see SAM's error above"):
        begin(aws)
    aws.reason = aws.earlier
    with pytest.raises(DeployError, match="make deploy ENV=sandbox NONCE=2"):
        begin(aws)
    steps.codes.clear()
    begin(aws, nonce="2")
    assert steps[-3] == "build.py --machine arm64 --nonce 2"


@pytest.mark.parametrize(
    ("arguments", "variables", "message"),
    [
        ([], {}, "No environment is named: write ENV=sandbox or ENV=production."),
        (["--env", "prod"], {}, "samconfig.toml has no `prod`"),
        (["--env", "sandbox"], {"SAM_ARGS": "--guided"}, "SAM_ARGS has --guided"),
        (["--env", "sandbox"], {"SAM_ARGS": "--profile nowhere"}, "(nowhere)"),
    ],
)
def test_a_wrong_argument_is_a_plain_error(
    arguments: list[str], variables: dict[str, str], message: str, monkeypatch: pytest.MonkeyPatch, steps: Steps
) -> None:
    """The command ends with one sentence before anything is built."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as ended:
        deploy.main(arguments)
    assert message in str(ended.value.code)
    assert steps == []


def test_sam_s_python_is_the_project_s() -> None:
    """`make deploy` runs SAM from the project's .venv-sam."""
    assert Path(deploy.SAM_PYTHON) == samconfig.ROOT / ".venv-sam" / "bin" / "python"
