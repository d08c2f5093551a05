"""`retention validate`: what is in a file, and everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from console.file.compile import compile_document
from console.file.document import read_document
from console.file.mistakes import Mistake
from console.file.mistakes_report import as_documents, warn
from console.terminal.output import Output, ReportProgress
from console.terminal.words import plural


@dataclass(frozen=True, slots=True)
class ValidFile:
    """A file without a mistake: how many there are of each thing in it, and what was probably not meant."""

    file: Path
    counts: Mapping[str, int]
    warnings: tuple[Mistake, ...]


def validate(file: Path, environment: str | None, now: datetime, progress: ReportProgress) -> ValidFile:
    """Read and compile a file for an environment. Raises Mistakes."""
    document = read_document(file, progress=progress)
    compiled = compile_document(document, environment=environment, now=now, progress=progress)
    counts = {
        "rules": len(document.rules),
        "products": len(document.products),
        "messages": len(compiled.release.messages),
        "images": len(compiled.release.images),
    }
    return ValidFile(file, counts, tuple(compiled.warnings))


def show(found: ValidFile, out: Output) -> None:
    """Print a valid file's figures and warnings."""
    warn(str(found.file), found.warnings, out)
    counts = ", ".join(plural(number, what.removesuffix("s")) for what, number in found.counts.items())
    out.print(f"{found.file} is good: {counts}.", "green")
    warnings = as_documents(str(found.file), found.warnings)
    out.document({"file": str(found.file), "ok": True, **found.counts, "warnings": warnings})
