"""`preview --watch` next to `make sandbox`: what `apply` and App Review do turns the chips of the page."""

from __future__ import annotations

import json
import os
import re
import shlex
from pathlib import Path

from tests.support.command_process import commands
from tests.support.edited_sample import edited
from tests.support.recorded_forms import running
from tests.support.sam_template import ROOT
from tests.support.watched_pages import watching

HEADER = "Keep your weekend walks"
ANY_PORT = ("--port", "0", "--aws-port", "0", "--apple-port", "0")


def test_app_review_turns_chips_while_one_watches(tmp_path: Path) -> None:
    """The line that `make sandbox` prints is typed; the page then follows apply, reject and approve by itself."""
    edited(tmp_path, name="retention.yaml")
    (tmp_path / "events").symlink_to(ROOT / "events")
    with running(ROOT, tmp_path, ("-m", "console.local.sandbox", *ANY_PORT)) as sandbox:
        printed = sandbox(r"--watch --open\n")
        settings = {**os.environ, **dict(re.findall(r"(\w+)=(http\S+|local)", printed))}
        program, verb, *options = shlex.split(re.findall(r"  (\S+retention preview .*)\n", printed)[0])
        assert (program, verb, options[-2:]) == (".venv/bin/retention", "preview", ["--watch", "--open"])
        with (
            commands(ROOT, tmp_path, settings) as typed,
            watching(tmp_path, *options[:-2], environment=settings) as page,
        ):
            assert "Not uploaded yet" in page.good(HEADER)["drawn"]
            assert typed.run("apply", "--env", "sandbox", "--yes").code == 0
            page.version(lambda event: "Approved" in event["drawn"] and "Not uploaded yet" not in event["drawn"])
            listed = json.loads(typed.run("simulator", "list", "--json").out)
            first = next(one["identifier"] for one in listed if one["text"] == HEADER)
            assert typed.run("simulator", "reject", first, "--env", "sandbox").code == 0
            page.version(lambda event: "Rejected" in event["drawn"])
            assert typed.run("simulator", "approve", first, "--env", "sandbox").code == 0
            page.version(lambda event: "Rejected" not in event["drawn"])
