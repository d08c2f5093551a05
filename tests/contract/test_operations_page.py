"""docs/operations.md names existing parameters and resources, and JSON documents that AWS accepts."""

from __future__ import annotations

import json
import re
import shlex
from itertools import pairwise
from typing import Any, Final

from tests.contract.test_template import PARAMETERS, acceptable
from tests.support.sam_template import ROOT, resources, template

PAGE: Final = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
BLOCKS: Final = [
    block.replace("\\\n", " ") for block in re.findall(r"^```\w*\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
]
SPANS: Final = re.findall(r"`([^`\n]+)`", PAGE)


def arguments(option: str) -> list[Any]:
    """Return the JSON documents that commands of the page give to an option."""
    words = [word for block in BLOCKS if option in block for word in shlex.split(block, comments=True)]
    return [json.loads(following) for word, following in pairwise(words) if word == option]


def test_every_parameter_on_the_page_exists_and_accepts_the_value() -> None:
    """What is written as `Name=value` can be written into samconfig.toml."""
    given = [found.groups() for span in SPANS if (found := re.fullmatch(r'"?([A-Z][a-z]\w+)=([^…<>]*?)"?', span))]
    named = {name for name, _ in given}
    assert {"DefaultEndpoint", "Deployment", "PreviousPathSecret", "PathSecret"} <= named
    assert named <= set(PARAMETERS)
    for name, value in given:
        assert acceptable(name, value.replace('\\"', "").rstrip('"')), (name, value)


def test_the_stack_policy_protects_existing_resources() -> None:
    """It allows updates, and denies the replacement and deletion of the URL, the table and the log of answers."""
    (policy,) = arguments("--stack-policy-body")
    allow, deny = policy["Statement"]
    assert (allow["Effect"], allow["Action"]) == ("Allow", "Update:*")
    assert (deny["Effect"], deny["Action"]) == ("Deny", ["Update:Replace", "Update:Delete"])
    names = {resource.removeprefix("LogicalResourceId/") for resource in deny["Resource"]}
    assert names == {"Api", "Table", "FunctionLogs"}
    assert names <= set(template()["Resources"])


def test_the_budget_goes_by_the_tag_of_samconfig() -> None:
    """The budget's tag is one that both stacks have."""
    (budget,) = arguments("--budget")
    (tag,) = budget["CostFilters"]["TagKeyValue"]
    key, value = tag.removeprefix("user:").split("$")
    config = (ROOT / "samconfig.toml").read_text(encoding="utf-8")
    assert len(re.findall(rf'^tags = "{key}={value} ', config, re.MULTILINE)) == 2
    assert arguments("--notifications-with-subscribers")


def test_the_page_explains_every_alarm_and_no_other() -> None:
    """The table of alarms has each of the template's by its name, once."""
    section = PAGE.split("\n## Alarms\n")[1].split("\n## ")[0]
    named = [
        name for row in re.findall(r"^\| ([A-Z][A-Za-z, ]+) \|", section, re.MULTILINE) for name in row.split(", ")
    ]
    assert sorted(f"{name}Alarm" for name in named) == sorted(resources("AWS::CloudWatch::Alarm"))


def test_the_first_hour_has_every_step() -> None:
    """The first hour has eleven steps, each with the expected result."""
    section = PAGE.split("\n## The first hour on a real account\n")[1]
    steps = re.split(r"^\d+\. ", section, flags=re.MULTILINE)[1:]
    assert len(steps) == 11
    assert [step for step in steps if "*expect*" not in step.lower()] == []
