"""What `coverage`, `diff` and `replay` compare: files and releases, read from where the options name them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final, TypeAlias

from console.cli.options import DEFAULT_FILE
from console.decisions.coverage import CellChoice, Coverage, cover
from console.decisions.decision_log import Logged, read_log
from console.decisions.replay import Replayed, replay
from console.deployment.target import Target, find_target
from console.deployment.where import Where
from console.file.edition import Edition, Side, Standing, edition_from_file, side_of_file
from console.releases.editions import KeptEditions, earlier_texts
from console.releases.live import require_live, require_published
from console.releases.overview import TableOverview, look_at_table
from console.releases.read import StoredRelease, read_release
from console.terminal.failure import Failure
from console.terminal.output import ReportProgress

_STEP: Final = 10_000


@dataclass(frozen=True, slots=True)
class FoundTable:
    """A table that options name, and what it has of the app."""

    target: Target
    overview: TableOverview


# Finds and reads the table that options name; None where they name none.
FindTable: TypeAlias = Callable[[Where], "FoundTable | None"]


def find_table(where: Where) -> FoundTable | None:
    """Find and read a table. Raises Failure with what is missing, and AWS's errors."""
    target = _target(where)
    return None if target is None else FoundTable(target, look_at_table(target.app_table))


@dataclass(frozen=True, slots=True)
class ChosenEdition:
    """A draft, or the live release, and what its table has next to it; `target` None: no table was named.

    `live`: the table's live release, None where there is none.
    """

    edition: Edition
    known: Standing | None
    target: Target | None
    live: StoredRelease | None = None


def choose_edition(
    draft: Path | None, where: Where, now: datetime, report: ReportProgress, find: FindTable = find_table
) -> ChosenEdition:
    """Read a draft, or the live release where there is none. Raises Failure where neither is named."""
    found = find(replace(where, file=draft or where.file))
    table = None if found is None else found.overview
    known = None if table is None else table.standing
    if draft is not None:
        previous = None if known is None else known.previous
        edition = edition_from_file(draft, now=now, environment=where.env, previous=previous, progress=report)
    elif table is not None:
        edition = require_published(table.live).edition()
    else:
        raise Failure("Name a file, or the environment with --env, or the table with --table.")
    return ChosenEdition(edition, known, None if found is None else found.target, None if table is None else table.live)


def cover_chosen(
    draft: Path | None, where: Where, choice: CellChoice, now: datetime, report: ReportProgress
) -> Coverage:
    """Cover a draft, or the live release where there is none. Raises Failure where neither is named."""
    return cover_edition(choose_edition(draft, where, now, report), choice, now, report)


def cover_edition(chosen: ChosenEdition, choice: CellChoice, now: datetime, report: ReportProgress) -> Coverage:
    """Cover an edition by what its table has, with the texts of earlier releases that customers may still see."""
    found = cover(chosen.edition, chosen.known, now, choice, report)
    if chosen.target is None:
        return found
    # Predecessors that still serve, and defaults, may have texts that only earlier releases have.
    return replace(found, texts={**found.texts, **earlier_texts(chosen.target.app_table, found.unknown_texts)})


def sides(before: str, after: str, where: Where) -> tuple[Side, Side]:
    """Return what two names stand for: a release's number, `live`, or a file."""
    files = [name for name in (before, after) if not _is_release(name)]
    if files and where.file == DEFAULT_FILE:
        where = replace(where, file=Path(files[0]))
    target = find_target(where) if len(files) < 2 else None  # noqa: PLR2004  # the two sides
    return _side(before, target), _side(after, target)


def side_to_compare(name: str, where: Where) -> Side:
    """Return what one name stands for: a release's number, `live`, or a file."""
    return _side(name, find_target(where) if _is_release(name) else None)


def _is_release(name: str) -> bool:
    return name == "live" or (name.isascii() and name.isdigit())


def _side(name: str, target: Target | None) -> Side:
    if target is None or not _is_release(name):
        return side_of_file(Path(name))
    release = require_live(target.app_table) if name == "live" else read_release(target.app_table, int(name))
    return release.edition().side()


def replay_logs(logs: Sequence[Path], where: Where, now: datetime, report: ReportProgress) -> Replayed:
    """Judge every decision in `logs` by the file of `where`. Raises Failure where they hold none."""
    target = _target(where)
    known = None if target is None else look_at_table(target.app_table).standing
    previous = None if known is None else known.previous
    draft = edition_from_file(where.file, now=now, environment=where.env, previous=previous, progress=report)
    lines = (logged for path in logs for logged in read_log(path))
    kept = KeptEditions(None if target is None else target.app_table)
    found = replay(_counted(lines, report), draft, None if known is None else known.states, kept)
    if not found.requests:
        names = ", ".join(map(str, logs))
        raise Failure(f"There is no logged decision in {names}: export the log group of the function.")
    return found


def _counted(lines: Iterable[Logged], report: ReportProgress) -> Iterator[Logged]:
    for number, logged in enumerate(lines, 1):
        if number % _STEP == 0:
            report("replaying", number, number)
        yield logged


def _target(where: Where) -> Target | None:
    """Return the table that is named, None where a file alone is asked about."""
    return None if where.env is None and where.table is None else find_target(where)
