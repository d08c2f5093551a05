"""The commands that docs/experiments.md shows, typed one after another: they print what is shown."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import boto3
from retention import table as rows

from console.local.embedded_stack import REGION, TABLE
from tests.programs.test_readme_commands import PORTS, Terminal, as_here, as_usual, at_a_terminal, compare, running
from tests.support.analysis_parts import MISSING
from tests.support.fake_table import CUSTOMER_KEY
from tests.support.sam_template import ROOT

# What a command prints once a minute on a slow machine.
WAITING: Final = re.compile(r"^[a-z ]+: \d+ of \d+\n", re.MULTILINE)
APP: Final = 6745974591
PAGE: Final = ROOT / "docs" / "experiments.md"


def steps_shown() -> list[tuple[str, str]]:
    """Return the page's commands, each with the output below it; without the packages of an analysis no report."""
    blocks = re.findall(r"^```console\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    parts = re.split(r"^\$ (.*)\n", "".join(blocks).replace("\\\n", " "), flags=re.MULTILINE)
    assert parts[0] == ""
    steps = zip(parts[1::2], parts[2::2], strict=True)
    return [step for step in steps if not (MISSING and step[0].startswith("retention report"))]


def fix_the_arms(aws: str) -> None:
    """Write the key that assigns customers to arms: with one in some hundred drawn keys, the report has a warning."""
    made = boto3.client("dynamodb", endpoint_url=aws, region_name=REGION)
    made.put_item(TableName=TABLE, Item={**rows.head_key(APP), "customerKey": {"B": CUSTOMER_KEY}})


def test_an_experiment_is_tried_from_an_empty_folder_to_a_report(tmp_path: Path) -> None:
    """init, sandbox, apply, the customers, and what is made of their logs: each prints what the page shows."""
    *prepared, (make, up) = steps_shown()[:4]
    second = steps_shown()[4:]
    environment = {**at_a_terminal(), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    terminal = Terminal(tmp_path, environment)
    for command, expected in prepared:
        compare(command, expected, terminal.type(command))
    assert make == "make sandbox"
    with running(tmp_path, environment) as heard:
        addresses = dict.fromkeys(re.findall(r"127\.0\.0\.1:\d+", heard))
        here = dict(zip((PORTS[0], PORTS[2], PORTS[1]), addresses, strict=False))
        compare(make, up, as_usual(heard, here))
        fix_the_arms(f"http://{here[PORTS[1]]}")
        terminal = Terminal(tmp_path, environment)
        for command, expected in second:
            printed = WAITING.sub("", terminal.type(as_here(command, here)))
            compare(command, expected, as_usual(printed, here))
