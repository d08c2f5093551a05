"""Which table and app a command is about, and the question before it changes production."""

from __future__ import annotations

import io
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from console.deployment import stack, target
from console.deployment.stack import Stack
from console.deployment.where import Where
from console.local.samples import SAMPLE
from console.terminal.failure import Failure, Misuse

NOWHERE = Path("/nonexistent/retention.yaml")
NAMED = target.Target(None, Stack("", "t", "", ""), 1, "com.example.app", production=True)


@pytest.fixture(autouse=True)
def without_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clients of AWS are names alone, and the shell names no endpoint."""
    monkeypatch.setattr(target, "client", lambda service, **_: service)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)


@pytest.mark.parametrize(
    ("env", "url", "asked"),
    [("live", None, True), (None, None, True), ("sandbox", None, False), ("live", "http://127.0.0.1:9", False)],
)
def test_a_table_that_may_be_productions_counts_as_production(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, env: str | None, url: str | None, *, asked: bool
) -> None:
    """A named table counts as production, unless it is on this machine or the named environment is a sandbox."""
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    file = tmp_path / "retention.yaml"
    file.write_text(SAMPLE.read_text().replace("  production: {", "  live: {"))
    where = Where(env=env, file=file, table="t", endpoint_url=url, region="us-east-1")
    assert target.find_target(where).production is asked


def test_the_bundle_id_must_be_typed_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal, a write to production asks for the bundle id, and any other answer changes nothing."""
    production = target.Target(None, Stack("", "t", "", ""), 1, "com.example.app", production=True)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    target.confirm(production, "publish", yes=False, ask=lambda _: " com.example.app ")
    with pytest.raises(Failure, match="Nothing was changed"):
        target.confirm(production, "publish", yes=False, ask=lambda _: "y")


def test_a_question_is_no_output(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The question goes to standard error, so that redirected output has only the result."""
    production = target.Target(None, Stack("", "t", "", ""), 1, "com.example.app", production=True)
    terminal = io.StringIO("com.example.app\n")
    terminal.isatty = lambda: True  # type: ignore[method-assign]  # as if a person sat there
    monkeypatch.setattr(sys, "stdin", terminal)
    target.confirm(production, "publish", yes=False)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "Type com.example.app to go on" in printed.err


def test_a_stacks_outputs_name_table_and_url(monkeypatch: pytest.MonkeyPatch) -> None:
    """Table, URL and whether it is production come from the stack that the file names."""
    description: dict[str, Any] = {
        "StackName": "retention-sandbox",
        "Outputs": [{"OutputKey": "TableName", "OutputValue": "T"}, {"OutputKey": "Url", "OutputValue": "https://u"}],
        "Parameters": [{"ParameterKey": "Environment", "ParameterValue": "Sandbox"}],
    }
    asked: list[str | None] = []

    def find_stack(name: str, *, region: str | None, endpoint_url: str | None) -> stack.Stack:
        asked.extend((name, region, endpoint_url))
        return stack.read_stack(description)

    monkeypatch.setattr(target, "find_stack", find_stack)
    found = target.find_target(Where(env="sandbox", file=SAMPLE))
    assert asked == ["retention-sandbox", "us-east-1", None]
    assert (found.table, found.stack.url, found.production, found.app_name) == (
        "T",
        "https://u",
        False,
        "com.example.trailhead",
    )
    description["Parameters"][0]["ParameterValue"] = "Production"
    assert target.find_target(Where(env="sandbox", file=SAMPLE)).production
    with pytest.raises(Failure, match="no output TableName"):
        stack.read_stack({"StackName": "other"})


def test_a_named_table_and_app_need_no_file() -> None:
    """With --table and --app the file is not read, and the app is called by its number."""
    found = target.find_target(Where(table="t", app=7, file=NOWHERE))
    assert (found.table, found.app_apple_id, found.app_name, found.stack.url) == ("t", 7, "7", "")
    assert (found.dynamodb, found.stack.name, found.app_table.name) == ("dynamodb", "", "t")


@pytest.mark.parametrize(
    ("where", "error", "expected"),
    [
        (Where(file=SAMPLE), Misuse, "Name the environment with --env, or the table with --table."),
        (Where(table="t", file=NOWHERE), Failure, "or the app and the table with --app and --table."),
        (Where(env="sandbx", file=SAMPLE), Failure, "has no environment `sandbx`. Did you mean `sandbox`?"),
    ],
)
def test_what_is_missing_is_named_with_its_option(where: Where, error: type[Failure], expected: str) -> None:
    """The sentence names the option or the environment that was probably meant."""
    with pytest.raises(error, match=expected.replace("?", r"\?")):
        target.find_target(where)


def test_a_file_without_an_app_or_a_stack_is_refused(tmp_path: Path) -> None:
    """The sentence has what to write in the file."""
    file = tmp_path / "retention.yaml"
    file.write_text("environments: {sandbox: {region: us-east-1}}\n")
    with pytest.raises(Failure, match=r"names no app: write `app: \{appAppleId"):
        target.find_target(Where(env="sandbox", file=file))
    with pytest.raises(Failure, match=r"names no stack for `sandbox`: write `stack: …`"):
        target.find_target(Where(env="sandbox", app=7, file=file))


def test_no_question_where_nothing_can_be_harmed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sandbox is changed without a question, and so is production with --yes."""
    monkeypatch.setattr(sys, "stdin", None)
    target.confirm(replace(NAMED, production=False), "publish", yes=False)
    target.confirm(NAMED, "publish", yes=True)
    target.confirm_deletion(NAMED, "two messages", yes=True)


def test_without_a_terminal_production_needs_yes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A job of a CI system cannot be asked, so that it must pass --yes."""
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    with pytest.raises(Failure, match=r"would publish in production \(table t\). Add --yes"):
        target.confirm(NAMED, "publish", yes=False)
    with pytest.raises(Failure, match=r"would delete two messages \(the table t\). Add --yes"):
        target.confirm_deletion(NAMED, "two messages", yes=False)


def test_a_deletion_is_asked_for_in_every_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is deleted cannot be had again, in the sandbox either."""
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    sandbox = replace(NAMED, production=False, stack=Stack("s", "t", "", "Sandbox"))
    asked: list[str] = []

    def ask(question: str) -> str:
        asked.append(question)
        return "no"

    with pytest.raises(Failure, match="Nothing was deleted"):
        target.confirm_deletion(sandbox, "two messages", yes=False, ask=ask)
    assert "delete two messages (Sandbox)" in asked[0]
