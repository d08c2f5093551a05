"""`retention simulator customers`: many customers by a script, so that an experiment can be tried on one machine."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from console.cli.options import AtStack, MadeBy, Out, read_instant, verb
from console.cli.simulator_options import Directory
from console.simulator.place import DIRECTORY
from console.terminal.output import Output

verbs = typer.Typer()

_FOLDER: Final = Path("simulated-logs")
# A test compares it with the most that a plan has numbers for.
_MOST: Final = 200_000


def _played(
    script: Annotated[
        str, typer.Option(help="How they behave: the name of a built-in script, or a file.", metavar="NAME|FILE")
    ] = "no-effect",
    count: Annotated[int, typer.Option(help="How many customers.", min=1, max=_MOST)] = 2000,
    seed: Annotated[int, typer.Option(help="Other customers; the same seed has the same ones.", min=0)] = 0,
    starts: Annotated[
        datetime | None,
        typer.Option(parser=read_instant, metavar="INSTANT", help="When the first page views are: now, if left out."),
    ] = None,
) -> tuple[str, int, int, datetime]:
    """Return script, count and seed, and when it starts."""
    return script, count, seed, starts or datetime.now(UTC)


@verb(
    verbs,
    "customers",
    "retention simulator customers --count 2000 --script switch-keeps-more",
    "retention simulator customers --count 2000 --script my-script.yaml --seed 7 --logs week-1",
    "retention simulator customers --script no-effect --show",
)
def customers(
    played: Annotated[tuple[str, int, int, datetime], MadeBy(_played)],
    where: AtStack,
    logs: Annotated[Path, typer.Option(help="The folder for the two logs, which replace earlier ones.")] = _FOLDER,
    directory: Directory = DIRECTORY,
    *,
    show: Annotated[bool, typer.Option("--show", help="Print the script, and play nothing.")] = False,
    out: Out,
) -> None:
    """Play many customers against what is published in the sandbox on this machine, and write both of its logs.

    They open the page, are answered by the function, act as the script demands, and Apple's notifications of it are
    taken in. The clock goes from one event to the next, so that weeks take seconds. Scripts: no-effect,
    switch-keeps-more, offer-accepted, small-effect.
    """
    from console.simulator.scripted.reading import read_script, script_text

    script, count, seed, starts = played
    if show:
        Output().print(script_text(script).rstrip())
        return
    from console.cli.simulator_customers_run import run

    run(read_script(script), count, seed, starts, where, directory, logs, out)
