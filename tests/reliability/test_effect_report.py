"""The report itself: spoiled logs are named, its document is the same everywhere, and its page is one safe file."""

from __future__ import annotations

import gzip
import json
import os
import random
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from tests.support.analysis_parts import needs_analysis
from tests.support.evidence_page import keep
from tests.support.made_logs import AT, KEY, PLANNED, MadeLog
from tests.support.sam_template import ROOT

pytestmark = needs_analysis
Lines = list[dict[str, Any]]
LOG: Final = MadeLog({"control": 400, "switch": 600}, 1000)
DAY: Final = "2026-10-14"


def unheard(_: Lines, outcomes: Lines) -> tuple[Lines, Lines]:
    """Leave out the outcomes of every customer of one arm."""
    own = {line["customerHash"] for line in LOG.exposures() if line["arm"] == "switch"}
    return list(LOG.exposures()), [line for line in outcomes if line.get("customerHash") not in own]


def silent_day(exposures: Lines, outcomes: Lines) -> tuple[Lines, Lines]:
    """Leave out the notifications of one day."""
    return exposures, [line for line in outcomes if not str(line.get("signedAt", "")).startswith(DAY)]


def other_key(exposures: Lines, outcomes: Lines) -> tuple[Lines, Lines]:
    """Hash the customers of the second half under another key."""
    later = [dict(line, keyId="ffffffff") if line["timestamp"] > DAY else line for line in exposures]
    return later, outcomes


def rehearsed(exposures: Lines, outcomes: Lines) -> tuple[Lines, Lines]:
    """Add the requests of a rehearsal."""
    played = replace(LOG, kept={"control": 0}, customers=50, anchor="ab" * 32)
    return [*exposures, *played.exposures()], outcomes


def wrong_split(exposures: Lines, outcomes: Lines) -> tuple[Lines, Lines]:
    """Lose a third of the lines of one arm."""
    return [line for at, line in enumerate(exposures) if line["arm"] == "control" or at % 3], outcomes


def two_arms(exposures: Lines, outcomes: Lines) -> tuple[Lines, Lines]:
    """Show a twentieth of the customers the other arm as well."""
    again = [
        dict(line, arm="control", requestIdentifier=f"again-{at}", timestamp="2026-10-28 10:00:00,000+0000")
        for at, line in enumerate(exposures)
        if line["arm"] == "switch" and at % 20 == 0
    ]
    return [*exposures, *again], outcomes


SPOILED: Final[dict[str, tuple[Callable[[Lines, Lines], tuple[Lines, Lines]], str]]] = {
    "outcomes withheld for one arm": (unheard, "heardOf"),
    "a day without notifications": (silent_day, "notifiedDaily"),
    "another customerKey": (other_key, "oneKey"),
    "a rehearsal in the log": (rehearsed, "rehearsals"),
    "a third of one arm's lines lost": (wrong_split, "sampleRatio"),
    "a twentieth seen in both arms": (two_arms, "crossedOver"),
}


def written(folder: Path, exposures: Iterable[dict[str, Any]], outcomes: Iterable[dict[str, Any]]) -> tuple[str, ...]:
    folder.mkdir(parents=True)
    words: list[str] = []
    for name, lines in (("exposures", exposures), ("outcomes", outcomes)):
        text = "".join(json.dumps(line) + "\n" for line in lines)
        (folder / f"{name}.gz").write_bytes(gzip.compress(text.encode(), mtime=0))
        words += [f"--{name}", str(folder / f"{name}.gz")]
    return tuple(words)


def reported(folder: Path, *words: str, code: int, seed: str = "0", zone: str = "UTC") -> str:
    """Return what `retention report` prints in a process of its own, which must end with `code`."""
    environment = {
        **{name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "SYSTEMROOT"}},
        "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'handler'}", "PYTHONHASHSEED": seed, "TZ": zone,
        "XDG_CACHE_HOME": str(folder / f"cache-{seed}"),
    }  # fmt: skip
    command = [sys.executable, "-P", "-m", "console.cli.main", "report", KEY, *words]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    return done.stdout


def spoiled(folder: Path) -> Iterator[tuple[object, ...]]:
    for number, (what, (spoil, name)) in enumerate(SPOILED.items()):
        lines = spoil(list(LOG.exposures()), list(LOG.outcomes()))
        document = json.loads(reported(folder, *written(folder / str(number), *lines), "--at", AT, "--json", code=4))
        failed = [one["name"] for one in document["checks"] if not one["ok"]]
        assert failed == [name]
        assert document["state"] == "withheld"
        yield what, f"`{name}`", document["sentence"]


def test_a_spoiled_log_is_named_and_its_sentence_withheld(tmp_path: Path) -> None:
    """Each by its own check alone, with exit code 4; the same log without the fault can be read."""
    assert json.loads(reported(tmp_path, *LOG.write(tmp_path / "good"), "--at", AT, "--json", code=0))["exitCode"] == 0
    text = (
        "The logs of an experiment with 2 000 customers and a true difference of 20 points, spoiled in one way each."
        " Each fault fails its own check and no other, and the sentence is withheld (exit code 4). An edited plan is"
        " found in the releases: `tests/unit/console/effect/test_plan_checks.py`."
    )
    keep("spoiled", text, ("spoiled by", "found by", "the report's sentence"), list(spoiled(tmp_path)))


def test_the_document_is_the_same_everywhere(tmp_path: Path) -> None:
    """Two processes with other hash seeds and time zones, two days apart, lines in another order and in other files."""
    exposures, outcomes = list(LOG.exposures()), list(LOG.outcomes())
    (tmp_path / "planned.yaml").write_text(PLANNED, encoding="utf-8")
    one = reported(
        tmp_path, "planned.yaml", *written(tmp_path / "one", exposures, outcomes), "--at", AT, "--json", code=0
    )
    words = written(tmp_path / "other", exposures, outcomes)
    later = ("--at", "2026-12-02T12:00:00Z", "--json")
    two = reported(tmp_path, "planned.yaml", *words, *later, code=0, seed="7", zone="Asia/Tokyo")
    assert one.replace("2026-11-30T12:00:00Z", "2026-12-02T12:00:00Z") == two
    random.Random(1).shuffle(exposures)
    random.Random(2).shuffle(outcomes)
    words = written(tmp_path / "shuffled", [*exposures, *exposures[:500]], [*outcomes, *outcomes[:900]])
    shuffled = reported(tmp_path, "planned.yaml", *words, *later, code=0, seed="9")
    first, last = (json.loads(text) for text in (two, shuffled))
    assert first.pop("inputs")["digest"] != last.pop("inputs")["digest"]
    assert first == last
    keep(
        "document",
        "`retention report --json` in processes of their own, with other hash seeds, time zones and caches. All members"
        " are compared.",
        ("compared with the first run", "members that differ"),
        [
            ("two days later, same files", "`asOf`"),
            ("lines shuffled, some of them twice", "`inputs.digest`, of the files"),
        ],
    )


def test_the_page_is_one_small_file(tmp_path: Path) -> None:
    """No script, no address, no request, at most 60 KB."""
    (tmp_path / "planned.yaml").write_text(PLANNED, encoding="utf-8")
    words = ("planned.yaml", *LOG.write(tmp_path / "logs"), "--at", AT, "--html", "report.html")
    reported(tmp_path, *words, code=0)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert not re.search(r"https?:|(?:src|href)=\"(?!#|data:)", page)
    assert len(page.encode()) <= 60_000
    keep(
        "page",
        "The page of `retention report --html` for a planned experiment of 2 000 customers. The numbers of its"
        " drawings, read back from the places of lines and dots, are those of its tables and of the JSON"
        " (`tests/unit/console/pages/test_report_page.py`); axe finds nothing in light, dark and on a phone"
        " (`tests/real/test_report_page.py`).",
        ("bytes", "gzipped", "scripts", "addresses"),
        [(len(page.encode()), len(gzip.compress(page.encode(), mtime=0)), 0, 0)],
    )
