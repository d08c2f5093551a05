"""Plans and holdouts of every release, read back as they were published."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from retention import table as rows
from retention.aws.app_table import AppTable

from console.backup.archive import inspect
from console.backup.export import export
from console.backup.restore import import_app
from console.file.compile import compile_document
from console.file.document import read_document
from console.file.entries import ExperimentPlan
from console.local.rows import create_table
from console.local.samples import EVENTS
from console.releases.experiments import PublishedExperiment, plan_digest, read_trials
from console.releases.head import rollback
from console.releases.publish import publish_release
from tests.support.compiled_file import HEAD
from tests.support.fake_table import APP
from tests.support.release_table import TABLE
from tests.support.small_release import NOW

ARMS = "arms: {x: {weight: %s, answer: fallback}, y: {weight: %s, answer: {message: keep}}}"
PLAN = ", control: y, plan: {metric: kept, customers: 62000, guardrails: [refunded]}"
PART = ", layer: {name: plans, slots: [0, 4999]}, traffic: {timeZone: UTC, 2026-12-01: 5}"


def file_of(more: str = PLAN, shares: tuple[int, int] = (50, 50), holdout: str = "") -> bytes:
    rule = f"  - {{name: a, experiment: {{key: k, {ARMS % shares}{more}}}}}\n"
    return (holdout + HEAD.replace("appAppleId: 1", f"appAppleId: {APP}") + rule).encode()


def publish(client: Any, source: bytes, days: int = 0) -> None:
    document = read_document(source, EVENTS)
    release = compile_document(document, now=NOW).release
    publish_release(AppTable(client, TABLE, APP), release, who="ada", commit=None, now=NOW + timedelta(days=days))


def test_a_plan_is_read_back_with_its_release(client: Any) -> None:
    """Each release has the plan, the control and the arms of its file, and when it was published."""
    publish(client, file_of(PLAN + PART))
    [found] = read_trials(AppTable(client, TABLE, APP)).experiments
    assert (found.release, found.published_at, found.went_live) == (1, NOW, True)
    assert (found.key, found.control, found.arms) == ("k", "y", (("x", 5_000), ("y", 5_000)))
    assert found.plan == ExperimentPlan("kept", 30, 62_000, ("refunded",))
    assert found.layer is not None
    assert (found.layer.name, found.layer.last) == ("plans", 4_999)
    assert [(step.day, step.slots) for step in found.traffic or ()] == [("2026-12-01", 500)]


def test_every_release_has_its_own_plan(client: Any) -> None:
    """A plan that was edited has another digest; other shares, or a rollback, leave the digest as it is."""
    publish(client, file_of())
    publish(client, file_of(shares=(60, 40)), days=1)
    publish(client, file_of(PLAN.replace("62000", "62001")), days=2)
    publish(client, file_of(""), days=3)
    rollback(AppTable(client, TABLE, APP), to=1)
    found = read_trials(AppTable(client, TABLE, APP)).experiments
    assert [one.release for one in found] == [1, 2, 3, 4]
    assert [dict(one.arms)["x"] for one in found] == [5_000, 6_000, 5_000, 5_000]
    assert found[0].digest == found[1].digest
    assert len({one.digest for one in found}) == 3
    assert found[0].digest == plan_digest(read_document(file_of()).experiments["k"])
    assert (found[3].plan, found[3].control) == (None, "x")


def test_holdouts_are_read_back(client: Any) -> None:
    """Share and answer are those of each release; another share is another comparison."""
    publish(client, file_of())
    publish(client, file_of(holdout="holdout: {key: h, percent: 5, answer: fallback}\n"))
    publish(client, file_of(holdout="holdout: {key: h, percent: 2.5, answer: keep}\n"))
    first, second = read_trials(AppTable(client, TABLE, APP)).holdouts
    assert (first.release, first.key, first.messages, first.arms) == (2, "h", "", (("held", 500), ("served", 9_500)))
    assert (second.release, second.messages, second.slots) == (3, "keep", 250)
    assert first.digest != second.digest


def test_a_table_without_releases_has_no_experiments(client: Any) -> None:
    """Before the first publishing, there is nothing to read."""
    assert read_trials(AppTable(client, TABLE, APP)).experiments == ()


def test_a_release_that_another_version_published_is_named(client: Any) -> None:
    """Its file has a field that this version does not know, so its plan is not guessed."""
    table = AppTable(client, TABLE, APP)
    publish(client, file_of())
    source = file_of().replace(b"metric: kept", b"metrics: kept")
    release = compile_document(read_document(file_of(), EVENTS), now=NOW).release
    publish_release(table, replace(release, source=source), who="ada", commit=None, now=NOW)
    found = read_trials(table)
    assert ([one.release for one in found.experiments], found.unreadable) == ([1], (2,))


@pytest.mark.parametrize("damage", ["other", "cut", "none"])
def test_a_damaged_file_is_named(client: Any, damage: str) -> None:
    """A plan counts only where it is the published one, by the digest of the file."""
    table = AppTable(client, TABLE, APP)
    publish(client, file_of())
    key = rows.key(rows.release_pk(APP, 1), f"{rows.SOURCE}0")
    packed = rows.pack(file_of(PLAN.replace("62000", "30")))
    if damage == "none":
        table.delete(key)
    else:
        client.put_item(TableName=TABLE, Item={**key, "document": {"B": packed if damage == "other" else packed[:20]}})
    assert read_trials(table).unreadable == (1,)


def test_plans_survive_a_backup(client: Any, tmp_path: Path) -> None:
    """An export restored into another table has the same experiments."""
    publish(client, file_of(PLAN + PART, holdout="holdout: {key: h, percent: 5, answer: keep}\n"))
    table = AppTable(client, TABLE, APP)
    export(table, tmp_path / "backup", environment="Sandbox", now=NOW)
    create_table(client, "other")
    other = AppTable(client, "other", APP)
    import_app(other, tmp_path / "backup", inspect(tmp_path / "backup"), now=NOW)
    assert read_trials(other) == read_trials(table)
    assert isinstance(read_trials(other).experiments[0], PublishedExperiment)
