"""The workflow of GitHub Actions: its commands exist, variables control it, and it has the least rights."""

from __future__ import annotations

import re
import sys
from typing import Any, Final

import pytest
import samconfig
from ruamel.yaml import YAML

from tests.support.sam_template import ROOT

WORKFLOWS: Final = sorted((ROOT / ".github" / "workflows").glob("*.y*ml"))
PATH: Final = ROOT / ".github" / "workflows" / "deploy.yml"
STAGES: Final = ("sandbox", "production")
CREDENTIALS: Final = "aws-actions/configure-aws-credentials"


def workflow() -> dict[str, Any]:
    """Read it as GitHub does, by YAML 1.2: `on` is a text there, and true in YAML 1.1."""
    reader = YAML(typ="safe", pure=True)
    reader.version = (1, 2)
    document: dict[str, Any] = reader.load(PATH.read_text(encoding="utf-8"))
    return document


JOBS: Final[dict[str, Any]] = workflow()["jobs"]


def steps(job: str, action: str) -> list[dict[str, Any]]:
    return [step for step in JOBS[job]["steps"] if step.get("uses", "").partition("@")[0] == action]


def test_it_is_the_only_workflow() -> None:
    """There is no other workflow than the one that these tests check."""
    assert WORKFLOWS == [PATH]


def test_every_push_is_checked() -> None:
    """On every branch, and every pull request; nothing is asked for by name, time or another's comment."""
    triggers = workflow()["on"]
    assert triggers == {"push": None, "pull_request": None}


def test_sandbox_comes_before_production_and_both_after_the_check() -> None:
    """One after the other, from main alone, and never two deployments of a stack at once."""
    assert set(JOBS) == {"check", *STAGES}
    assert (JOBS["sandbox"]["needs"], JOBS["production"]["needs"]) == ("check", "sandbox")
    for stage in STAGES:
        job = JOBS[stage]
        assert job["environment"] == stage  # production's has required reviewers
        conditions = job["if"].split(" && ")
        assert {"github.event_name == 'push'", "github.ref == 'refs/heads/main'"} <= set(conditions)
        assert not re.search(r"\|\||always|failure", job["if"])
        assert job["concurrency"] == {"group": f"deploy-{stage}", "cancel-in-progress": False}


def test_rights_are_the_least() -> None:
    """No job may write anything; only what deploys may ask for an identity, and has an environment."""
    assert workflow()["permissions"] == {"contents": "read"}
    for name, job in JOBS.items():
        deploys = name in STAGES
        assert job.get("permissions", {}) == ({"contents": "read", "id-token": "write"} if deploys else {})
        assert ("environment" in job, bool(steps(name, CREDENTIALS))) == (deploys, deploys)


@pytest.mark.parametrize("stage", STAGES)
def test_the_role_is_a_variable_and_no_key_is_stored(stage: str) -> None:
    """By OIDC: credentials that end with the job, of a role of its own for each stage."""
    (step,) = steps(stage, CREDENTIALS)
    variable = f"vars.{stage.upper()}_ROLE_ARN"
    assert step["with"]["role-to-assume"] == f"${{{{ {variable} }}}}"
    assert f"{variable} != ''" in JOBS[stage]["if"]
    text = PATH.read_text(encoding="utf-8")
    assert not re.search(r"secrets\.|aws-access-key-id|aws-secret-access-key|arn:aws", text)


def test_commands_are_verbs_of_make() -> None:
    """Each with its environment, one that samconfig.toml has; nothing of an event gets into a shell's line."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    commands = {name: [step["run"] for step in job["steps"] if "run" in step] for name, job in JOBS.items()}
    for command in (line for lines in commands.values() for line in lines):
        assert "${{" not in command
        if not command.startswith("sudo apt-get "):
            program, verb, *settings = command.split()
            assert program == "make"
            assert re.search(rf"^{verb}:.*##", makefile, re.MULTILINE), verb
            assert all(re.fullmatch(r"(ENV|SAM_ARGS)=\S+", setting) for setting in settings)
    assert [command for command in commands["check"] if command.startswith("make")] == ["make check", "make e2e"]
    for stage in STAGES:
        assert commands[stage] == [f"make deploy ENV={stage} SAM_ARGS=--no-confirm-changeset"]
    assert samconfig.environments() == list(STAGES)


def test_a_missing_part_fails_the_check() -> None:
    """Java, npm and Python 3.13 are set up, and a missing one fails the tests."""
    (check,) = [step for step in JOBS["check"]["steps"] if step.get("run") == "make check"]
    assert check["env"] == {"REQUIRE_REAL_PARTS": "1"}
    for action in ("actions/setup-java", "actions/setup-node"):
        assert steps("check", action)
    for name in JOBS:
        (python,) = steps(name, "actions/setup-python")
        assert python["with"] == {"python-version": "3.13"}
    assert sys.version_info >= (3, 11)


def test_every_action_has_a_version_and_every_job_an_end() -> None:
    """Every action has a version tag, every job a time limit, and no checkout keeps the token."""
    for name, job in JOBS.items():
        assert 0 < job["timeout-minutes"] <= 60
        assert re.fullmatch(r"ubuntu-\d\d\.\d\d", job["runs-on"])
        for step in job["steps"]:
            if "uses" in step:
                assert re.fullmatch(r"(actions|aws-actions)/[a-z-]+@(v\d+|[0-9a-f]{40})", step["uses"])
        (checkout,) = steps(name, "actions/checkout")
        assert checkout["with"] == {"persist-credentials": False}
    assert "version tags" in PATH.read_text(encoding="utf-8")
