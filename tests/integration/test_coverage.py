"""`retention coverage` as an operator types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from retention.aws.app_table import AppTable

from console.local.samples import EVENTS, SAMPLE, SAMPLE_CLOCK
from console.releases.default_rows import record_default
from tests.support.covered_sample import BASIC, PRO
from tests.support.edited_sample import APP, Run, edited


def test_a_file_alone_needs_no_account(run: Run) -> None:
    """`coverage FILE` prints text and JSON for the sample; --check ends with 3 because defaults are missing."""
    at = ("--at", SAMPLE_CLOCK.isoformat())
    code, out, _ = run("coverage", str(SAMPLE), *at)
    assert code == 0
    assert "every text taken as approved" in out
    assert "    50 % switch: alternateProduct trailhead.pro.annual with switch-text in de-DE" in out
    assert "below it: App Store Connect's message, if it has one; else nothing: there is no default message" in out
    code, out, _ = run("coverage", str(SAMPLE), "--json", "--check", *at, "--product", PRO, "--locale", "fr-CA")
    document = json.loads(out)
    [only] = document["cells"]
    assert code == 3
    assert [shown["answer"] for shown in only["realTime"]] == [
        "fallback", "promotionalOffer", "message", "alternateProduct",
    ]  # fmt: skip
    assert only["realTime"][1]["offerIdentifier"] == "retention_half_3m"
    assert [below["from"] for below in only["below"]] == ["App Store Connect", "nothing"]
    assert document["withoutDefault"] == [{"product": PRO, "locale": "fr-CA"}]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((), "Name a file, or the environment with --env, or the table with --table."),
        (("none.yaml",), "No such file"),
        ((str(SAMPLE), "--product", "x"), "has no product `x`"),
    ],
)
def test_dead_ends_are_one_sentence(run: Run, arguments: tuple[str, ...], expected: str) -> None:
    """Neither file nor table, a file that does not exist and an unknown product each end with 1 and one sentence."""
    code, out, err = run("coverage", *arguments)
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert expected in err


def test_the_live_release_of_a_table(run: Run, endpoint: str, table: tuple[str, ...], tmp_path: Path) -> None:
    """For a table, states, defaults and predecessors are the table's, also texts that only an earlier release has."""
    app = (*table, "--app", APP)
    assert run("coverage", *app)[:2] == (1, "")
    first = json.loads(run("coverage", str(SAMPLE), *table, "--json", "--product", BASIC)[1])
    assert {text["state"] for text in first["waiting"]} == {"UNKNOWN"}  # nothing is published, nothing uploaded
    assert not any(shown["answer"] != "fallback" for cell in first["cells"] for shown in cell["realTime"])
    run("publish", str(SAMPLE), *table)
    run("import-states", *(str(EVENTS / "states" / name) for name in ("images.json", "messages.json")), *app)
    from console.deployment.aws import client  # noqa: PLC0415  # the command's own way to a table

    dynamodb = client("dynamodb", region=None, endpoint_url=endpoint)
    one = json.loads(run("coverage", *app, "--json", "--product", BASIC, "--locale", "fr-FR")[1])
    [keep] = [shown for shown in one["cells"][0]["realTime"] if shown["rule"] == "keep-basic"]
    record_default(AppTable(dynamodb, table[1], int(APP)), BASIC, "fr-FR", keep["message"], SAMPLE_CLOCK)

    better = edited(tmp_path, ("Gardez vos balades", "Gardez toutes vos balades"))
    run("publish", str(better), *table)
    document = json.loads(run("coverage", *app, "--json", "--product", BASIC, "--locale", "fr-FR")[1])
    assert document["source"] == "release 2"
    [keep] = [shown for shown in document["cells"][0]["realTime"] if shown["rule"] == "keep-basic"]
    assert keep["text"]["header"] == "Gardez vos balades"  # the correction is in review
    [waiting] = [text for text in document["waiting"] if text["messages"] == "keep-basic"]
    assert (waiting["state"], waiting["predecessor"]) == ("UNKNOWN", keep["message"])
    below = document["cells"][0]["below"]
    assert (below[1]["from"], below[1]["text"]["header"]) == ("default message", "Gardez vos balades")

    drafted = json.loads(run("coverage", str(better), *table, "--json", "--locale", "de-DE", "--product", PRO)[1])
    assert "keep-pro" in {text["messages"] for text in drafted["waiting"]}  # its German text is in review
    run("pause", *app)
    assert "Paused: no customer gets a real-time answer" in run("coverage", *app)[1]
