"""`retention replay` as an operator types it."""

from __future__ import annotations

import io
import json
import re
import sys
from pathlib import Path

import pytest
from retention.rules import NO_FACTS

from console.file.edition import Edition
from console.local.samples import EVENTS, SAMPLE
from tests.support.edited_sample import APP, Run, edited, empty_table
from tests.support.logged_decisions import (
    ANNUAL,
    BASIC,
    NO_FACTS_ASKED,
    lines,
)


def test_a_replay_from_a_file(run: Run, plain: Edition, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A replay ends with 3 if answers change, else with 0; it reads files and standard input, and has a JSON form."""
    same = str(edited(tmp_path, *NO_FACTS_ASKED, name="same.yaml"))
    other = str(edited(tmp_path, *NO_FACTS_ASKED, ("answer: {message: keep-basic}", "answer: fallback")))
    content = "".join(json.dumps(one) + "\n" for one in lines(plain, [(BASIC, "fr-FR", NO_FACTS)] * 2))
    log = tmp_path / "log"
    log.write_text(content)
    code, out, _ = run("replay", str(log), "--against", same)
    assert (code, "2 of 2 are answered as before (100 %)." in out) == (0, True)
    code, out, _ = run("replay", str(log), str(log), "--against", other)
    assert code == 3
    assert re.search(
        r"4 +100 % +keep-basic: message +keep-basic: no answer +trailhead.basic.monthly +fr-FR +request-0", out
    )
    code, out, _ = run("replay", str(log), "--against", other, "--json")
    document = json.loads(out)
    assert (code, document["changed"], document["changes"][0]["share"]) == (3, 2, 100.0)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(content.encode()))))
    assert run("replay", "-", "--against", same)[0] == 0


def test_dead_ends_are_one_sentence(run: Run, tmp_path: Path) -> None:
    """A missing log, an empty one, a missing draft and one with mistakes end with 1, no draft at all with 2."""
    empty, bad = tmp_path / "empty", tmp_path / "bad.yaml"
    empty.write_text("")
    bad.write_text("rules: []\n")
    for arguments, message in (
        ((str(tmp_path / "none"), "--against", str(SAMPLE)), "No such file"),
        ((str(tmp_path), "--against", str(SAMPLE)), "Is a directory"),
        ((str(empty), "--against", str(SAMPLE)), "There is no logged decision in"),
        ((str(empty), "--against", str(tmp_path / "none.yaml")), "No such file"),
    ):
        code, out, err = run("replay", *arguments)
        assert (code, out, err.count("\n"), message in err) == (1, "", 1, True), err
    assert run("replay", str(empty), "--against", str(bad))[0] == 1
    assert run("replay", str(empty))[0] == 2


def test_a_replay_with_a_table(run: Run, endpoint: str, tmp_path: Path, sample: Edition) -> None:
    """With a table, a replay takes the table's states, and the release that decided is read from it."""
    options, _ = empty_table(endpoint, "replayed")
    run("publish", str(SAMPLE), *options)
    lists = (str(EVENTS / "states" / name) for name in ("images.json", "messages.json"))
    run("import-states", *lists, *options, "--app", APP)
    log = tmp_path / "log"
    asked = [(ANNUAL, "en-US", NO_FACTS), (ANNUAL, "de-DE", NO_FACTS)]
    log.write_text("".join(json.dumps(one) + "\n" for one in lines(sample, asked)))
    code, out, _ = run("replay", str(log), "--against", str(SAMPLE), *options, "--json")
    document = json.loads(out)
    assert (code, document["undecidable"], document["provedByDecision"]) == (3, [], 2)
    [change] = document["changes"]  # the German text is in review: today the English one would serve
    assert (change["locales"], change["after"]["says"]) == (["de-DE"], "message, a text in another locale")
