"""One customer from the first purchase to the end of auto-renew, on `make sandbox`, as an owner would try it."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.programs.test_readme_commands import at_a_terminal, commands_shown, running, typed
from tests.support.waiting import attempts

CANCEL = "retention simulator cancel --product pro.monthly --limit-ms 60000"
OFFER = """
offers:
  half-price: {productId: pro.monthly, offerIdentifier: half, limit: {times: 1, days: 365}}
rules:
  - name: half-price-once
    when: {subscription.tenureDays: {atLeast: 90}}
    answer: {promotionalOffer: half-price, message: keep}
  - name: keep-everyone
    answer: {message: keep}
"""


def read(folder: Path, environment: dict[str, str], command: str) -> Any:
    """Return the JSON document of a command, also of one that fails."""
    done = subprocess.run(
        [sys.executable, "-m", "console.cli.main", *shlex.split(command)[1:], "--json"],
        cwd=folder,
        env=environment,
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    return json.loads(done.stdout)


def learned(folder: Path, environment: dict[str, str], customer: str, **expected: object) -> bool:
    """Return True once the stack knows these facts of the customer; False if it does not learn them in time."""
    for _ in attempts(0.5):
        document = read(folder, environment, f"retention facts show {customer} --env sandbox")
        known = document.get("facts", {})
        if all(known.get(name) == value for name, value in expected.items()):
            return True
    return False


def asked(folder: Path, environment: dict[str, str], then: str = "") -> Any:
    """Let the customer cancel until the endpoint knew the facts: on a busy machine, its 60 ms may be too short.

    Return the document of `simulator cancel`. Where the screen did not offer what `then` takes, nothing happened.
    """
    for _ in attempts(0.5):
        before = len(answers(folder))
        document = read(folder, environment, f"{CANCEL} {then}")
        made = answers(folder)[before:]  # none where not even the release could be read in time
        if made and "degraded" not in made[-1]:
            return document
    raise AssertionError(log(folder))


def answers(folder: Path) -> list[dict[str, Any]]:
    """Return the lines of the requests that the endpoint has answered."""
    return [json.loads(line) for line in log(folder).splitlines() if '"message":"answered"' in line]


def log(folder: Path) -> str:
    """Return what the functions have logged."""
    return (folder / "sandbox.out").read_text(encoding="utf-8")


def test_an_offer_is_made_redeemed_and_not_made_again(tmp_path: Path) -> None:
    """Apple's notifications reach the stack: who has redeemed the offer is not made it at the next cancellation."""
    environment = at_a_terminal()
    typed(tmp_path, environment, commands_shown()[1][0])
    file = tmp_path / "retention.yaml"
    written = re.sub(r"^# The first rule.*", "", file.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    file.write_text(written + OFFER, encoding="utf-8")
    with running(tmp_path, environment) as heard:
        environment |= dict(re.findall(r"(\w+)=(\S+)", next(line for line in heard.splitlines() if "export" in line)))
        for command in ("apply --env sandbox", "endpoint set --env sandbox"):
            typed(tmp_path, environment, f"retention {command}")
        customer = typed(tmp_path, environment, "retention simulator subscribe pro.monthly --days-ago 100").strip()
        assert learned(tmp_path, environment, customer, tenureDays=100, renewals=3, offersRedeemed=0)
        offered = asked(tmp_path, environment, "--then redeem")
        assert (offered["kind"], offered["then"][-1]["type"]) == ("promotionalOffer", "OFFER_REDEEMED")
        assert learned(tmp_path, environment, customer, nextOffer="half")
        assert asked(tmp_path, environment)["kind"] == "message"
        read(tmp_path, environment, "retention simulator renew")
        assert learned(tmp_path, environment, customer, offersRedeemed=1, lastOffer="half", renewals=4)
        assert asked(tmp_path, environment)["kind"] == "message"
        last = read(tmp_path, environment, f"{CANCEL} --then cancel")
        assert (last["kind"], last["then"][-1]["subtype"]) == ("message", "AUTO_RENEW_DISABLED")
        assert learned(tmp_path, environment, customer, autoRenew=False, timesTurnedOff=1)
