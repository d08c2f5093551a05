"""The steps of `simulator customers`: find the stack on this machine, play, print."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Final

from console.deployment.session import app_store
from console.deployment.target import find_target
from console.deployment.where import Where
from console.file.document import read_named
from console.file.entries import Document
from console.local.simulated_customers import PlayedAt, SimulationOptions, play
from console.local.simulated_customers_report import show
from console.simulator.accounts import SimulatedApp
from console.simulator.scripted.script import CustomerScript
from console.simulator.simulator import Simulator
from console.simulator.staff_actions import find_app, open_simulator
from console.terminal import shell
from console.terminal.addresses import read_url
from console.terminal.failure import Failure
from console.terminal.output import Output

_SANDBOX: Final = "sandbox"
# The verbs of the simulator run without the shell's variables of AWS; this one names the stack's address.
_GIVEN: Final = "AWS_ENDPOINT_URL"
# Where `make sandbox` has its AWS.
_USUAL: Final = "http://127.0.0.1:8000"


def run(
    script: CustomerScript,
    count: int,
    seed: int,
    starts: datetime,
    where: Where,
    directory: Path,
    logs: Path,
    out: Output,
) -> None:
    """Play `count` customers at the stack that `where` names, and write its logs into the folder `logs`.

    `directory` has the simulator's data. Raises Failure where the stack is not on this machine.
    """
    address = where.endpoint_url or os.environ.get(_GIVEN) or shell.GIVEN.get(_GIVEN) or _USUAL
    if not _is_here(address):
        raise Failure(
            f"{address} is not on this machine, and simulated customers are for stacks on this machine: start"
            " `make sandbox`, and export the variables that it prints."
        )
    named = replace(where, env=where.env or _SANDBOX, endpoint_url=address)
    document = read_named(named.file)
    target = find_target(named, document)
    with open_simulator(directory) as simulator, out.progress() as progress:
        at = PlayedAt(simulator, _app(simulator, document), app_store(target), target.app_table, address)
        played = play(at, SimulationOptions(script, count, seed, starts), logs, progress)
    show(played, script, logs, named.file, out)


def _is_here(address: str) -> bool:
    try:
        return read_url(address).is_loopback
    except ValueError:
        return False


def _app(simulator: Simulator, document: Document) -> SimulatedApp:
    """Return the app of the file as the simulator has it."""
    return find_app(simulator, None if document.app is None else document.app.bundle_id)
