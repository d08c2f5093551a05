"""`make deploy`: what it refuses, what it builds for, and that `live` is compared with $LATEST afterwards."""

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


def test_options_of_sam_are_handed_on() -> None:
    """As a shell would part them."""
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
def test_what_the_build_must_know_belongs_into_the_file(text: str) -> None:
    """Otherwise one thing is built, another deployed, and a third compared."""
    with pytest.raises(DeployError, match=r"write that into samconfig\.toml"):
        sam_arguments(text)


def test_an_unclosed_quotation_is_a_sentence() -> None:
    """No traceback."""
    with pytest.raises(DeployError, match="SAM_ARGS cannot be read"):
        sam_arguments('--tags "a')


def test_the_profile_is_sam_s() -> None:
    """Typed, else the file's, else the shell's."""
    filed = Deployment("sandbox", "s", "", "filed", {})
    assert profile_of(["--profile", "typed"], filed) == "typed"
    assert profile_of(["--profile=typed"], filed) == "typed"
    assert profile_of([], filed) == "filed"
    assert profile_of([], Deployment("sandbox", "s", "", "", {})) is None


STACK_ID = "arn:aws:cloudformation:us-east-1:123456789012:stack/retention-sandbox/0f3c2a10"


def event(resource: str, status: str, reason: str = "") -> dict[str, str]:
    """One of a stack's events, which has a reason only where something failed."""
    event = {"StackId": STACK_ID, "PhysicalResourceId": resource, "ResourceStatus": status}
    return event | ({"ResourceStatusReason": reason} if reason else {})


class Aws:
    """CloudFormation and Lambda, as far as deploying asks them."""

    exceptions = SimpleNamespace(ResourceNotFoundException=KeyError)

    def __init__(self, version: dict[str, Any], *, there: bool = True, architecture: str = "arm64") -> None:
        self.version, self.there, self.architecture = version, there, architecture
        self.changed: list[str] = []  # when the stack was last changed, by question
        self.reason = self.earlier = ""  # of this attempt's failure, and of the one before

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
        """Newest first, as CloudFormation has it: a rollback of many resources, the reason, the attempt's beginning."""
        rollback = [event(f"Resource{number}", "UPDATE_COMPLETE") for number in range(150)]
        failed = [event("Version", "CREATE_FAILED", self.reason), event(STACK_ID, "UPDATE_IN_PROGRESS")]
        before = [event("Version", "CREATE_FAILED", self.earlier), event(STACK_ID, "CREATE_IN_PROGRESS")]
        return [{"StackEvents": page} for page in (rollback[:100], rollback[100:] + failed, before)]

    def get_function_configuration(self, FunctionName: str, Qualifier: str = "") -> dict[str, Any]:  # noqa: N803
        assert FunctionName == "f"
        return self.version if Qualifier == "live" else LATEST


class Steps(list[str]):
    """What was run, in its order; `codes` are the exit codes of programs by a word of theirs."""

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


def test_it_builds_looks_deploys_and_compares(begin: Callable[..., str], steps: Steps) -> None:
    """In this order, for the architecture of the file."""
    printed = begin(Aws(live(), architecture="arm64"), {"Architecture": "x86_64"})
    assert steps == [
        "build.py --machine x86_64 --nonce ",
        "examined for x86_64",
        "-m samcli deploy --config-env sandbox --no-confirm-changeset",
    ]
    assert "`live` serves what was deployed, version 7" in printed
    assert "Url: https://u/v1" in printed


def test_a_change_set_that_was_declined_is_no_deployment(begin: Callable[..., str]) -> None:
    """SAM ends well where its question was answered with no, and where there was nothing to change."""
    for changed, nothing in ((["10:00", "10:00"], True), (["10:00", "10:05"], False), ([], False)):
        aws = Aws(live())
        aws.changed = changed
        assert ("nothing was changed" in begin(aws)) == nothing


def test_an_alias_that_is_behind_fails(begin: Callable[..., str]) -> None:
    """The rehearsal's root would stay trusted by what answers Apple."""
    trusting = live(Environment={"Variables": {"RETENTION_APP_APPLE_IDS": "1", "RETENTION_TRUST_ANCHOR": "MIIB"}})
    with pytest.raises(DeployError, match=r"`live` still serves version 7, which differs in: RETENTION_TRUST_ANCHOR\."):
        begin(Aws(trusting))


def test_what_the_file_leaves_out_the_stack_keeps(begin: Callable[..., str], steps: Steps) -> None:
    """A stack deployed for x86_64 stays so when the line is deleted: the build follows the stack."""
    begin(Aws(live(), architecture="x86_64"))
    assert steps[0] == "build.py --machine x86_64 --nonce "


def test_the_first_deployment_is_the_template_s_default(begin: Callable[..., str], steps: Steps) -> None:
    """With no stack there is nothing to follow; the text says that it was not made."""
    assert "retention-sandbox does not exist" in begin(Aws(live(), there=False))
    assert steps[0] == "build.py --machine arm64 --nonce "


def test_nothing_is_deployed_that_was_not_built(begin: Callable[..., str], steps: Steps) -> None:
    """A failed build ends it."""
    steps.codes["build.py"] = 1
    with pytest.raises(DeployError, match="Nothing was deployed"):
        begin(Aws(live()))
    assert len(steps) == 1


def test_a_layer_of_another_machine_is_not_deployed(
    begin: Callable[..., str], steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What lies there is looked at before SAM takes it."""
    monkeypatch.setattr(build, "examine", lambda *_: sys.exit("_rust.abi3.so is for ELF machine 183, not x86_64."))
    with pytest.raises(SystemExit, match="ELF machine 183"):
        begin(Aws(live()), {"Architecture": "x86_64"})
    assert not [step for step in steps if "samcli" in step]


def test_the_same_build_after_a_failed_update_is_told_how_to_go_on(begin: Callable[..., str], steps: Steps) -> None:
    """CloudFormation finds the version there already, and Lambda nothing new; other failures are SAM's to tell."""
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
    ("arguments", "variables", "said"),
    [
        ([], {}, "No environment is named: write ENV=sandbox or ENV=production."),
        (["--env", "prod"], {}, "samconfig.toml has no `prod`"),
        (["--env", "sandbox"], {"SAM_ARGS": "--guided"}, "SAM_ARGS has --guided"),
        (["--env", "sandbox"], {"SAM_ARGS": "--profile nowhere"}, "(nowhere)"),
    ],
)
def test_what_is_wrong_is_a_sentence(
    arguments: list[str], variables: dict[str, str], said: str, monkeypatch: pytest.MonkeyPatch, steps: Steps
) -> None:
    """Before anything is built."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as ended:
        deploy.main(arguments)
    assert said in str(ended.value.code)
    assert steps == []


def test_sam_s_python_is_the_project_s() -> None:
    """Not the one of the shell."""
    assert Path(deploy.SAM_PYTHON) == samconfig.ROOT / ".venv-sam" / "bin" / "python"
