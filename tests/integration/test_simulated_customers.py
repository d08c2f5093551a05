"""Many customers by a script, through the function and the intake on a simulated clock: what both logs then hold."""

from __future__ import annotations

import gzip
import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from retention.aws.app_table import AppTable
from retention.request import SANDBOX

from console.local.simulated_customers import EXPOSURES, OUTCOMES, PlayedAt, play
from console.simulator.scripted.reading import BUILT_IN, parse_script
from console.terminal.failure import Failure
from tests.support.counted_experiment import counted, misclassified
from tests.support.experiment_stack import (
    EXPERIMENT,
    FILE,
    PUBLISHED,
    TO_OFFER,
    TO_SWITCH,
    experiment_stack,
    options,
)
from tests.support.fake_table import TABLE
from tests.support.writable_table import WritableTable

CUSTOMERS = settings().max_examples * 3 // 2  # 150, and 60 in a developer's `make test` (tests/conftest.py)
TRANSACTION = re.compile(r"(?<![.\w])2[0-9]{15}(?!\w)")


def lines(folder: Path, name: str) -> list[dict[str, Any]]:
    with gzip.open(folder / name, "rt", encoding="utf-8") as log:
        return [json.loads(line) for line in log]


def played_lines(folder: Path, seed: int) -> list[list[dict[str, Any]]]:
    """Return both logs of a run without the members that the machine's speed decides."""
    with experiment_stack() as at:
        play(at, options("switch-keeps-more", 40, seed), folder)
    unlike = {"times", "catalogAge", "coldStart", "_aws"}
    return [
        [{k: v for k, v in line.items() if k not in unlike and not k.endswith(("Time", "Age"))} for line in found]
        for found in (lines(folder, EXPOSURES), lines(folder, OUTCOMES))
    ]


@pytest.mark.parametrize("script", BUILT_IN)
def test_the_logs_prove_what_became_of_every_customer(script: str, tmp_path: Path) -> None:
    """For each built-in script, arm and outcome of every customer are in the logs as in the subscription."""
    with experiment_stack(TO_OFFER if script == "offer-accepted" else TO_SWITCH) as at:
        made = play(at, options(script, CUSTOMERS), tmp_path)
    assert len(made.truths) == CUSTOMERS
    assert misclassified(counted(tmp_path, 30), made.truths) == []


def test_everything_is_dated_by_the_simulated_clock(tmp_path: Path) -> None:
    """Exposures are within the script's days, outcomes are taken in as they are signed, and the last line ends both."""
    with experiment_stack() as at:
        made = play(at, options("no-effect", 40), tmp_path)
    exposed, (*outcomes, last) = lines(tmp_path, EXPOSURES), lines(tmp_path, OUTCOMES)
    days = [line["timestamp"][:10] for line in exposed if line["experiment"] == EXPERIMENT]
    assert days == sorted(days)
    assert f"{PUBLISHED:%Y-%m-%d}" <= days[0] <= days[-1] < f"{PUBLISHED + timedelta(days=51):%Y-%m-%d}"
    assert {line["message"] for line in outcomes} == {"merged"}
    assert all(line["timestamp"][:23].replace(",", ".") == line["signedAt"] for line in outcomes)
    assert (last["message"], last["completeUntil"]) == ("complete until", f"{made.ended:%Y-%m-%d %H:%M:%S.%f}"[:23])
    assert len(exposed) == made.page_views
    assert len(outcomes) == made.notifications


def test_the_same_seed_plays_the_same_customers(tmp_path: Path) -> None:
    """Two runs with one seed write the same lines, apart from measured times; another seed has other customers."""
    first, again, other = (played_lines(tmp_path / name, seed) for name, seed in (("a", 1), ("b", 1), ("c", 2)))
    assert first == again
    hashes = [{line["customerHash"] for line in found[0]} for found in (first, other)]
    assert not hashes[0] & hashes[1]


def test_no_plain_id_is_in_the_logs(tmp_path: Path) -> None:
    """Neither log has a transaction id or a token."""
    with experiment_stack() as at:
        play(at, options("switch-keeps-more", 40), tmp_path)
    for name in (EXPOSURES, OUTCOMES):
        text = gzip.decompress((tmp_path / name).read_bytes()).decode()
        assert not TRANSACTION.search(text)
        assert "eyJ" not in text


def test_the_stack_and_the_simulator_have_none_of_the_customers(tmp_path: Path) -> None:
    """Afterwards the table has the rows that it had, and the simulator no subscription and no notification."""
    with experiment_stack() as at:
        before = list(at.app_table.of_app())
        play(at, options("no-effect", 20), tmp_path)
        assert list(at.app_table.of_app()) == before
        assert at.simulator.subscriptions(at.app.app_apple_id, SANDBOX).all() == []
        assert at.simulator.outbox(at.app.app_apple_id, SANDBOX).due(1e12) == []


def test_an_arm_that_is_held_out_or_falls_back_is_followed_too(tmp_path: Path) -> None:
    """Customers of a `fallback` arm see Apple's next source, and their outcomes are counted like the others'."""
    with experiment_stack("fallback") as at:
        made = play(at, options("no-effect", 60), tmp_path)
    assert {truth.decision.names["kind"] for truth in made.truths} == {"message", "fallback"}
    assert misclassified(counted(tmp_path, 30), made.truths) == []


SHARES = """
confirm: 100
days: 2
horizonDays: 5
products: {PRODUCTS}
reactions: [{when: {message: switch-text}, switch: 100}, {keep: 100}]
"""


def test_a_reaction_is_chosen_by_what_is_shown(tmp_path: Path) -> None:
    """With shares of 100 %, all who are shown the switch take it, and all others keep their plan."""
    script = parse_script(SHARES.replace("{PRODUCTS}", "{pro.monthly: 3, pro.annual: 1}"), "shares.yaml")
    with experiment_stack() as at:
        made = play(at, options(script, 60), tmp_path)
    assert all(truth.switched is (truth.decision.names.get("arm") == "switch") for truth in made.truths)
    assert all(truth.kept for truth in made.truths)
    assert any("experiment" not in truth.decision.names for truth in made.truths)


@pytest.mark.parametrize(
    ("products", "failure"),
    [("{nothing: 1}", "has no product nothing"), ("{pro.monthly: 1}", None)],
)
def test_products_of_a_script_are_the_apps(products: str, failure: str | None, tmp_path: Path) -> None:
    """A product that the app does not have is refused before anything is written."""
    script = parse_script(SHARES.replace("{PRODUCTS}", products), "shares.yaml")
    with experiment_stack() as at:
        if failure is None:
            play(at, options(script, 3), tmp_path)
            return
        with pytest.raises(Failure, match=failure):
            play(at, options(script, 3), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_logs_of_an_earlier_run_stay_where_a_run_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that ends early leaves the two logs of the run before it."""
    with experiment_stack() as at:
        play(at, options("no-effect", 5), tmp_path)
        before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
        monkeypatch.setattr("console.local.simulated_customers._note_complete", _fails)
        with pytest.raises(KeyboardInterrupt):
            play(at, options("no-effect", 6), tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def _fails(*_: object) -> None:
    raise KeyboardInterrupt


def test_nothing_is_played_before_the_first_publishing(tmp_path: Path) -> None:
    """Without a live release there is nothing to play against."""
    with experiment_stack(file=FILE) as at:
        empty = PlayedAt(
            at.simulator,
            at.app,
            at.environment,
            AppTable(WritableTable().client(), TABLE, at.app.app_apple_id),
            at.endpoint_url,
        )
        with pytest.raises(Failure, match="Nothing has been published"):
            play(empty, options("no-effect", 5), tmp_path)


RAMP = FILE.replace(
    "      key: switch-1\n", "      key: switch-1\n      traffic: {timeZone: UTC, 2026-12-01: 10, 2026-12-11: 100}\n"
)
HOLDOUT = FILE + "holdout: {key: h-2026h2, percent: 25, answer: fallback}\n"


def test_a_ramp_lets_in_more_customers_from_its_day_on(tmp_path: Path) -> None:
    """Before the second date of `traffic`, few customers are in the experiment, and from it on all are."""
    with experiment_stack(file=RAMP) as at:
        made = play(at, options("no-effect", 200), tmp_path)
    second = (PUBLISHED + timedelta(days=10)).timestamp() * 1000
    early, late = (
        [truth.decision.names.get("experiment") for truth in made.truths if (truth.seen_at < second) is before]
        for before in (True, False)
    )
    assert 0 < early.count(EXPERIMENT) < len(early) / 3
    assert late.count(EXPERIMENT) == len(late)


def test_who_is_held_out_is_followed_too(tmp_path: Path) -> None:
    """Customers of the holdout see Apple's fallback, and both its arms are in the exposures."""
    with experiment_stack(file=HOLDOUT) as at:
        made = play(at, options("no-effect", 120), tmp_path)
    arms = [truth.decision.names["holdout"] for truth in made.truths]
    assert 10 < arms.count("held") < 60
    assert {line["holdoutArm"] for line in lines(tmp_path, EXPOSURES)} == {"held", "served"}
    assert all(
        (truth.decision.names["kind"] == "fallback") is (truth.decision.names["holdout"] == "held")
        for truth in made.truths
    )
    assert {truth.decision.names.get("arm") for truth in made.truths} == {None, "control", "switch"}
