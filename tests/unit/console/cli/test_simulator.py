"""The verbs of `retention simulator` on a simulator's data in a folder: no server is started."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from retention.request import PRODUCTION, SANDBOX
from typer.main import get_command

from console.cli.simulator import simulator
from console.simulator.database import Database
from console.simulator.endpoint_call import TIME_LIMIT_MS
from console.simulator.notification_delivery import Mishaps
from console.simulator.simulator import Simulator, TestConfig
from console.terminal.failure import Failure, Misuse
from tests.support.called_verb import Recorded
from tests.support.simulated_app import AUTHORITY, NOW, shelve
from tests.support.simulator_operator import APP_APPLE_ID, SAMPLE, Operator, granted_operator


@pytest.fixture
def operator(tmp_path: Path) -> Operator:
    return granted_operator(tmp_path)


def test_granting_from_a_file(operator: Operator) -> None:
    """`grant --file` takes app, products and the key's public half; the key's file is readable by its owner only."""
    with Simulator.open(operator.directory) as opened:
        (granted,) = opened.accounts.apps()
        key = opened.accounts.key("2X9R4HXF34")
        assert (granted.app_apple_id, granted.access) == (APP_APPLE_ID, True)
        assert key is not None
        assert b"PUBLIC" in key.public_pem
        assert opened.accounts.products(APP_APPLE_ID)["trailhead.courses"].advanced_commerce
    assert (operator.directory.parent / "key.p8").stat().st_mode & 0o077 == 0


def test_granting_again_without_the_key(operator: Operator, tmp_path: Path) -> None:
    """For an app and a key that are known, `grant --file` replaces the products alone."""
    file = tmp_path / "more.yaml"
    text = SAMPLE.read_text(encoding="utf-8")
    file.write_text(text.replace("products:\n", "products:\n  new.monthly: {group: app, period: P1M}\n", 1), "utf-8")
    with Simulator.open(operator.directory) as opened:
        before = opened.accounts.key("2X9R4HXF34")
    operator("grant", "--file", str(file))
    with Simulator.open(operator.directory) as opened:
        assert "new.monthly" in opened.accounts.products(APP_APPLE_ID)
        assert opened.accounts.key("2X9R4HXF34") == before


def test_granting_without_a_file(operator: Operator, tmp_path: Path) -> None:
    """A second app may be given by its ids; then the verbs ask which app is meant."""
    key = str(tmp_path / "key.p8")
    names = ["--bundle-id", "com.example.b", "--app-apple-id", "2", "--issuer-id", "i", "--key-id", "K"]
    assert "com.example.b may use the API" in operator("grant", "--key", key, *names)
    with pytest.raises(Failure, match="--bundle-id"):
        operator("list")
    assert operator("revoke", "--bundle-id", "com.example.b")


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["grant", "--key", "KEY"], "Name the app"),
        (["grant", "--file", str(SAMPLE), "--new-key"], "with --key"),
        (["grant", "--file", str(SAMPLE), "--key-id", "OTHER"], "does not know the key OTHER"),
        (["grant", "--file", str(SAMPLE), "--key", "KEY", "--new-key"], "is there already"),
        (["grant", "--file", str(SAMPLE), "--key", str(SAMPLE)], "not an unencrypted PEM key"),
        (["approve", "hello"], "not a UUID"),
        (["approve", "5f1f2a3e-0000-4000-8000-000000000000"], "no image and no message"),
        (["asc-message", "trailhead.pro.monthly"], "--header and --body"),
        (["cancel", "--product", "nothing"], "has no product"),
    ],
)
def test_a_verb_that_fails(operator: Operator, tmp_path: Path, words: list[str], reason: str) -> None:
    """A verb that fails reports the reason."""
    with pytest.raises(Failure, match=reason):
        operator(*[word.replace("KEY", str(tmp_path / "key.p8")) for word in words])


def test_a_simulator_without_apps(tmp_path: Path) -> None:
    """In a simulator without apps, a verb names `grant`, which adds one."""
    with pytest.raises(Failure, match="grant"):
        Operator(tmp_path / "simulator")("list")


def test_reviewing(operator: Operator) -> None:
    """`approve` and `reject` change the states in production's lists."""
    with Simulator.open(operator.directory) as opened:
        app_data = opened.app_data(APP_APPLE_ID, PRODUCTION)
        first, second = shelve(app_data, state="PENDING", header="One"), shelve(app_data, state="PENDING", header="Two")
    assert operator("reject", second) == "1 REJECTED in Production.\n"
    assert operator("approve") == "1 APPROVED in Production.\n"
    nothing = operator("reject")
    assert nothing.startswith("0 REJECTED in Production: nothing waits for review there.")
    assert "--env sandbox" in nothing
    assert "--env production" in operator("approve", "--env", "sandbox")
    listed = json.loads(operator("list", "--env", "production", "--json"))
    assert [(entry["identifier"], entry["state"], entry["text"]) for entry in listed] == [
        (first, "APPROVED", "One"),
        (second, "REJECTED", "Two"),
    ]
    assert first in operator("list")


def test_cancelling(operator: Operator) -> None:
    """`cancel` prints what the customer sees, and with --json everything about it."""
    product = "trailhead.pro.monthly"
    assert "sees no retention message" in operator("cancel", "--product", product)
    operator("asc-message", product, "--header", "Stay", "--body", "Half price", "--offer", "half")
    seen = json.loads(operator("cancel", "--product", product, "--json"))
    assert (seen["source"], seen["shown"]["offer"]) == ("App Store Connect", "half")
    operator("asc-message", product, "--remove")
    assert "sees no retention message" in operator("cancel", "--product", product)


def test_subscribing(operator: Operator) -> None:
    """`subscribe` prints a transaction id and nothing else, so that `performance-test` can use it."""
    transaction = operator("subscribe", "trailhead.pro.monthly").strip()
    with Simulator.open(operator.directory) as opened:
        assert opened.accounts.purchase(APP_APPLE_ID, transaction) is not None
    assert operator("subscribe", "trailhead.pro.monthly", "--kind", "family").strip() != transaction


def test_advancing_the_clock(operator: Operator) -> None:
    """`advance` moves the simulator's clock forward for every process that has it open."""
    with Simulator.open(operator.directory, clock=lambda: NOW) as opened:
        operator("advance", "1.5")
        assert opened.now() == NOW + 5400


def test_options_and_modules_agree() -> None:
    """The defaults that the options repeat, so that --help imports little, are those of the modules."""
    defaults = {parameter.name: parameter.default for parameter in command("serve").params}
    assert TestConfig() == TestConfig(
        defaults["concurrency"],
        defaults["requests"],
        defaults["duration"],
        defaults["limit_ms"],
        defaults["success_rate"],
    )
    of_cancel = {parameter.name: parameter.default for parameter in command("cancel").params}
    assert of_cancel["limit_ms"] == TIME_LIMIT_MS
    assert SANDBOX == "Sandbox"


def command(name: str) -> Any:
    return get_command(simulator).commands[name]  # type: ignore[attr-defined]  # Typer's app is a group


@pytest.mark.parametrize(
    "words", [("approve", "notauuid"), ("reject", "notauuid"), ("asc-message", "p"), ("grant", "--key", "k")]
)
def test_wrong_arguments_are_a_misuse(operator: Operator, words: tuple[str, ...]) -> None:
    """Wrong arguments raise Misuse, which ends a command with 2."""
    with pytest.raises(Misuse):
        operator(*words)


@pytest.mark.parametrize(("words", "strict"), [((), False), (("--strict",), True)])
def test_what_is_served_has_the_limits_of_the_options(
    operator: Operator, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, *, strict: bool
) -> None:
    """`serve` opens the data with the performance test's figures, and serves it on the port with the mishaps."""
    served, opened = Recorded(), Recorded()
    monkeypatch.setattr("console.simulator.staff_actions.serve", served)
    monkeypatch.setattr("console.simulator.simulator.Simulator.open", opened)
    opened.answer = Simulator(Database(":memory:"), AUTHORITY)
    monkeypatch.setattr("console.simulator.simulator.Simulator.__enter__", lambda self: self)
    monkeypatch.setattr("console.simulator.simulator.Simulator.__exit__", lambda *_: None)
    operator(
        "serve", "--port", "8701", "--requests", "7", "--duration", "9", "--success-rate", "50", "--drop", "2", *words
    )
    [named] = opened.named
    assert (named["test_config"], named["strict"]) == (TestConfig(10, 7, 9, TIME_LIMIT_MS, 50), strict)
    assert served.given == [(opened.answer, 8701, Mishaps(drop=2))]
    opened.answer.close()
