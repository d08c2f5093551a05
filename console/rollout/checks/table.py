"""Checks of the owner's file, the table, and the release in it."""

from __future__ import annotations

from dataclasses import replace
from shlex import quote

from console.deployment.target import find_target
from console.file.compile import compile_document
from console.file.document import read_named
from console.file.mistakes import Mistakes
from console.releases.overview import look_at_table
from console.rollout.checks.finding import BAD, GOOD, Finding, not_looked
from console.rollout.checks.known import Known, Step
from console.terminal.words import plural


def file(known: Known) -> Step:
    """Read and compile the file. If it has mistakes, later checks still get it as a document."""
    name = known.where.file
    document = read_named(name)
    try:
        compiled = compile_document(document, environment=known.where.env, now=known.now)
    except Mistakes as mistakes:
        first = mistakes.mistakes[0]
        yield Finding(
            "file",
            BAD,
            f"{name} has {plural(len(mistakes.mistakes), 'mistake')}, the first on line {first.line}: {first}",
            f"`retention validate {quote(str(name))}` lists them all.",
        )
        return replace(known, document=document)
    yield Finding("file", GOOD, f"{name} is good.")
    return replace(known, document=document, compiled=compiled)


def target(known: Known) -> Step:
    """Find the stack and its table. Yields no finding: the check `table` reports next."""
    yield from ()
    return replace(known, target=find_target(known.where, known.document))


def table(known: Known) -> Step:
    """Read the row `head`."""
    target = known.target
    if target is None:
        return known  # the check before has reported why
    head = target.app_table.head()
    yield Finding("table", GOOD, f"The table {target.table} is there and readable.")
    return replace(known, head=head)


def release(known: Known) -> Step:
    """Read the live release and everything else that the table has for the app."""
    target = known.target
    if target is None or known.head is None:
        yield not_looked("release", "the live release", "the table")
        return known
    table = look_at_table(target.app_table)
    if table.live is None:
        yield Finding("release", BAD, "Nothing has been published.", "Publish with `retention apply`.")
    else:
        yield Finding("release", GOOD, f"Release {table.live.number} is live and complete.")
    return replace(known, table=table)
