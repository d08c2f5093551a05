"""`retention publish`, step by step: compile before anything is asked of AWS, compile with what is live, write."""

from __future__ import annotations

import getpass
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from console.deployment.target import Target, find_target
from console.deployment.where import Where
from console.file.compile import Compiled, compile_document
from console.file.document import read_document
from console.file.mistakes_report import as_documents
from console.releases.cleanup import delete_old_releases
from console.releases.overview import look_at_table
from console.releases.publish import Published, publish_release
from console.releases.read import ReleaseError
from console.terminal.output import Output, ReportProgress, no_progress


@dataclass(frozen=True, slots=True)
class Draft:
    """A compiled file, its target, and the number of the live release that it was compiled against (`based_on`).

    `directory` is the file's folder, from which the git commit is read.
    """

    compiled: Compiled
    target: Target
    based_on: int | None
    now: datetime
    directory: Path


def prepare(
    where: Where, *, reshuffle: bool = False, progress: ReportProgress = no_progress, now: datetime | None = None
) -> Draft:
    """Compile the file of `where` for its table. Raises Mistakes before it calls AWS, then Failure and AWS's errors."""
    instant = now or datetime.now(UTC)
    document = read_document(where.file, progress=progress)
    compiled = compile_document(document, environment=where.env, now=instant, progress=progress)
    target = find_target(where, document)
    known = look_at_table(target.app_table).standing
    if known.release is not None:
        compiled = compile_document(
            document,
            environment=where.env,
            previous=known.previous,
            now=instant,
            reshuffle=reshuffle,
            progress=progress,
        )
    return Draft(compiled, target, known.release, instant, where.file.resolve().parent)


def publish_draft(draft: Draft, progress: ReportProgress = no_progress) -> Published:
    """Write a draft and make it live. Raises PublishConflictError if another release went live meanwhile."""
    target: Target = draft.target
    published = publish_release(
        target.app_table,
        draft.compiled.release,
        who=_who(),
        commit=_commit(draft.directory),
        now=draft.now,
        based_on=draft.based_on,
        progress=progress,
    )
    # The release is live: old rows that cannot be deleted now are deleted by the next publish.
    with suppress(ReleaseError, BotoCoreError, ClientError):
        delete_old_releases(target.app_table, now=datetime.now(UTC))
    return published


def show(published: Published, draft: Draft, file: Path, out: Output) -> None:
    """Print which release is live now."""
    before = "the first" if published.previous is None else f"after {published.previous}"
    out.print(
        f"Release {published.number} is live ({before}): {published.sheets} sheets, table {draft.target.table}.",
        "green",
    )
    out.document(
        {
            "release": published.number,
            "previous": published.previous,
            "digest": published.digest,
            "table": draft.target.table,
            "url": draft.target.stack.url,
            "warnings": as_documents(str(file), draft.compiled.warnings),
        }
    )


def _who() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return "unknown"


def _commit(directory: Path) -> str | None:
    """Return the git commit of the folder, with "-dirty" if it has changes; None outside git."""
    try:
        described = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"],
            cwd=directory,
            capture_output=True,
            text=True,
            check=True,
            timeout=10,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return described.stdout.strip() or None
