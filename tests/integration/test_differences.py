"""`retention diff` as an operator types it."""

from __future__ import annotations

import json
from pathlib import Path

from console.local.samples import SAMPLE
from tests.support.edited_sample import APP, Run, edited


def test_same_different_and_failed_have_their_exit_codes(run: Run, tmp_path: Path) -> None:
    """`diff` ends with 0 for the same, 3 for different, 1 for a failure and 2 for misuse."""
    other = str(edited(tmp_path, ("header: Keep your weekend walks", "header: Keep walking")))
    code, out, _ = run("diff", str(SAMPLE), str(SAMPLE))
    assert (code, "are the same." in out) == (0, True)
    code, out, _ = run("diff", str(SAMPLE), other)
    assert code == 3
    assert "~ keep-basic in en-US" in out
    assert "- header: Keep your weekend walks" in out
    code, out, _ = run("diff", str(SAMPLE), other, "--json")
    assert (code, json.loads(out)["same"], len(json.loads(out)["messages"])) == (3, False, 1)
    for arguments, ended, message in (
        ((str(SAMPLE), "none.yaml"), 1, "No such file"),
        ((str(SAMPLE), "12"), 2, "Name the environment with --env"),
        (("live", "12"), 2, "Name the environment with --env"),
    ):
        code, out, err = run("diff", *arguments)
        assert (code, out, err.count("\n"), message in err) == (ended, "", 1, True), err


def test_releases_of_a_table(run: Run, table: tuple[str, ...], tmp_path: Path) -> None:
    """`diff` compares two releases by number, the live one by name, and a file with either."""
    app = (*table, "--app", APP)
    other = edited(tmp_path, ("header: Keep your weekend walks", "header: Keep walking"))
    run("publish", str(SAMPLE), *table)
    run("publish", str(other), *table)
    code, out, _ = run("diff", "1", "2", *app, "--json")
    document = json.loads(out)
    assert (code, document["before"], document["after"]) == (3, "release 1", "release 2")
    assert [change["name"] for change in document["messages"]] == ["keep-basic in en-US"]
    assert run("diff", "live", str(other), *table)[0] == 0
    assert run("diff", str(SAMPLE), "1", *table)[0] == 0
    assert run("diff", "1", "live", *app)[0] == 3
    code, _, err = run("diff", "1", "9", *app)
    assert (code, err) == (1, "There is no complete release 9.\n")
