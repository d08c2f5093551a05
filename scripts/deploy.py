"""Builds, deploys, and compares the alias `live` with what was deployed: `make deploy ENV=sandbox|production`.

deploy.py [--env ENV] [--nonce NONCE]      the variable SAM_ARGS has more options for `sam deploy`

The Python of .venv runs it, which has the console; that of .venv-sam runs the build and SAM.
"""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import samconfig
from samconfig import ConfigError, Deployment

import build
from console.deployment.alias import configurations, differences
from console.deployment.aws import client
from console.deployment.failures import sentence

SAM_PYTHON = str(samconfig.ROOT / ".venv-sam" / "bin" / "python")
# Options that must be in samconfig.toml, which the build and the final comparison read too.
IN_THE_FILE = (
    *("--parameter-overrides", "--config-env", "--config-file", "--stack-name", "--region"),
    *("--template", "--template-file", "-t", "--guided", "-g"),
)
REPEATED = "A version for this Lambda function exists"  # CloudFormation's reason if the code has not changed


class DeployError(Exception):
    """The deployment failed; the message is a sentence that states why."""


def sam_arguments(text: str) -> list[str]:
    """Split SAM_ARGS as a shell does. Raises DeployError for options that belong in samconfig.toml."""
    try:
        arguments = shlex.split(text)
    except ValueError as error:
        raise DeployError(f"SAM_ARGS cannot be read ({error}): {text}") from None
    for argument in arguments:
        if argument.partition("=")[0] in IN_THE_FILE:
            raise DeployError(f"SAM_ARGS has {argument}: write that into samconfig.toml, which the build reads too.")
    return arguments


def profile_of(arguments: Sequence[str], deployment: Deployment) -> str | None:
    """Return the AWS profile that SAM will use, None if the shell's variables decide."""
    for argument, following in zip(arguments, [*arguments, ""][1:], strict=True):
        name, separator, value = argument.partition("=")
        if name == "--profile":
            return value if separator else following
    return deployment.profile or None


class Deploying:
    """One run of `make deploy`."""

    def __init__(self, deployment: Deployment, arguments: Sequence[str], nonce: str = "") -> None:
        self.deployment, self.arguments, self.nonce = deployment, arguments, nonce

    def run(self) -> str:
        """Build, deploy, compare. Returns the text to print. Raises DeployError."""
        described = self._described()
        architecture = self.deployment.architecture or _parameter(described, "Architecture") or "arm64"
        self._build(architecture)
        build.examine(build.BUILT, architecture)
        self._deploy()
        return self._compare(_changed_at(described))

    def _client(self, service: str) -> Any:  # noqa: ANN401  # boto3 makes clients at run time
        return client(service, region=self.deployment.region or None, endpoint_url=None)

    def _described(self) -> dict[str, Any] | None:
        """Return the stack as CloudFormation describes it, None before the first deployment."""
        from botocore.exceptions import ClientError  # noqa: PLC0415  # takes half a second; the arguments are checked first

        try:
            found = self._client("cloudformation").describe_stacks(StackName=self.deployment.stack)
        except ClientError as error:
            if "does not exist" in str(error):
                return None
            raise
        described: dict[str, Any] = found["Stacks"][0]
        return described

    def _build(self, architecture: str) -> None:
        command = [SAM_PYTHON, "-Es", str(samconfig.ROOT / "scripts" / "build.py"), "--machine", architecture]
        if subprocess.run([*command, "--nonce", self.nonce], check=False).returncode:
            raise DeployError("Nothing was deployed.")

    def _deploy(self) -> None:
        command = [SAM_PYTHON, "-Es", "-m", "samcli", "deploy", "--config-env", self.deployment.env, *self.arguments]
        kept = ("SAM_CLI_POLL_DELAY",)
        environment = build.environment(os.environ) | {name: os.environ[name] for name in kept if name in os.environ}
        if not subprocess.run(command, cwd=samconfig.ROOT, env=environment, check=False).returncode:
            return
        if self._was_repeated():
            raise DeployError(
                "An earlier attempt failed after Lambda had published this version, so there is nothing new to publish."
                f" Make another build: make deploy ENV={self.deployment.env} NONCE=2"
            )
        raise DeployError(f"{self.deployment.stack} was not deployed: see SAM's error above.")

    def _was_repeated(self) -> bool:
        try:
            return any(REPEATED in event.get("ResourceStatusReason", "") for event in self._events_of_this_attempt())
        except Exception as error:
            if sentence(error) is None:
                raise
            return False  # SAM has printed the reason

    def _events_of_this_attempt(self) -> Iterator[dict[str, Any]]:
        """Yield the stack's events, newest first, back to the one that began this attempt."""
        pages = self._client("cloudformation").get_paginator("describe_stack_events")
        for page in pages.paginate(StackName=self.deployment.stack):
            for event in page["StackEvents"]:
                yield event
                begun = event.get("ResourceStatus") in {"CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS"}
                if begun and event.get("PhysicalResourceId") == event.get("StackId"):
                    return

    def _compare(self, before: object = None) -> str:
        """Compare `live` with $LATEST; return the text to print. `before` is the stack's last change, if known.

        Raises DeployError if they differ.
        """
        described = self._described()
        outputs = {one["OutputKey"]: one["OutputValue"] for one in (described or {}).get("Outputs", [])}
        if "FunctionName" not in outputs:
            return f"{self.deployment.stack} does not exist: the change set was not executed."
        live, latest = configurations(self._client("lambda"), outputs["FunctionName"])
        behind = differences(live, latest)
        if behind:
            raise DeployError(
                f"{self.deployment.stack} is deployed, but `live` still serves version {live['Version']}, which differs"
                f" in: {', '.join(behind)}. Publish what was deployed: make deploy ENV={self.deployment.env} NONCE=2"
            )
        untouched = before is not None and before == _changed_at(described)
        unchanged = "nothing was changed; " if untouched else ""
        return f"{self.deployment.stack}: {unchanged}`live` serves what was deployed, version {live['Version']}.\n" + (
            f"Url: {outputs['Url']}" if outputs.get("Url") else ""
        )


def _changed_at(described: dict[str, Any] | None) -> object:
    """Return when the stack was last changed. A declined or empty change set does not change it."""
    return (described or {}).get("LastUpdatedTime")


def _parameter(described: dict[str, Any] | None, name: str) -> str | None:
    """Return a parameter's value on the stack, which stays if samconfig.toml does not name the parameter."""
    given = (described or {}).get("Parameters", [])
    return next((str(one["ParameterValue"]) for one in given if one["ParameterKey"] == name), None)


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="deploy.py")
    for name in ("--env", "--nonce"):
        parser.add_argument(name, default="")
    given = parser.parse_args(arguments)
    try:
        handed_on = sam_arguments(os.environ.get("SAM_ARGS", ""))
        deployment = samconfig.deployment(given.env)
        profile = profile_of(handed_on, deployment)
        if profile:
            import boto3  # noqa: PLC0415  # takes half a second; the arguments are checked first

            boto3.setup_default_session(profile_name=profile)  # as SAM does: it has precedence over the shell's keys
        sys.stdout.write(Deploying(deployment, handed_on, given.nonce).run() + "\n")
    except (ConfigError, DeployError) as error:
        sys.exit(str(error))
    except Exception as error:
        text = sentence(error)
        if text is None:
            raise
        sys.exit(text)


if __name__ == "__main__":
    main(sys.argv[1:])
