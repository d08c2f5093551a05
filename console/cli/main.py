"""The `retention` command: it runs a verb, and ends in an exit code and one sentence.

Exit codes: 0 done or in agreement, 1 failed, 2 misused, 3 changes to apply or reviews to wait for, 130 interrupted.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any, Final, NoReturn

import typer

from console.cli.sentences import sentence
from console.cli.verbs import Verbs, find
from console.terminal import shell
from console.terminal.output import Output, prepare_streams
from console.terminal.program import explanation, flush

# What shells return for a command that was called wrongly.
_MISUSED: Final = 2
# What Typer makes of Ctrl-C, without a word.
_INTERRUPTED: Final = 130


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run one command and exit."""
    prepare_streams()
    given = list(sys.argv[1:] if arguments is None else arguments)
    if arguments is None and given[:1] == ["simulator"]:
        shell.stay_local()
    as_json = False
    try:
        call = find(Verbs(), given)
        as_json = call.asks_for_json()
        code = call.run(standalone=not as_json)
    except Exception as error:  # noqa: BLE001  # the entry point
        code = _ended(Output(as_json=as_json), error)
    except SystemExit as end:  # Typer ends so where it prints by itself
        code = end.code
    finally:
        flush()
    if code == _INTERRUPTED:
        Output(as_json=as_json).failure("Interrupted.")
    sys.exit(code if isinstance(code, int) else 0)


def _ended(out: Output, error: Exception) -> int:
    """Print why a command ended, as far as its streams can be written, and return the exit code."""
    from console.terminal.failure import Misuse

    try:
        if isinstance(error, typer.Abort):
            interrupted = isinstance(error.__cause__, KeyboardInterrupt)
            out.failure("Interrupted." if interrupted else "The question was not answered; nothing was changed.")
            return 1
        misused = _misused(out, error)
        if misused is not None:
            return misused
        _fail(out, error)
    except OSError as unwritten:  # a pipe that was closed, a disk that is full
        out.warn(f"This could not be printed: {unwritten.strerror}.")
        return 1
    return _MISUSED if isinstance(error, Misuse) else 1


def _misused(out: Output, error: Exception) -> int | None:
    """Print which options are wrong, and return the exit code; None for every other error.

    Typer does so itself, except with `--json`. Its exceptions have no public base class.
    """
    message = getattr(error, "format_message", None)
    if message is None:
        return None
    out.failure(message())
    return int(getattr(error, "exit_code", _MISUSED))


def _fail(out: Output, error: Exception) -> None:
    """Print why a command failed."""
    from retention.errors import RetentionError

    from console.file.mistakes import Mistakes
    from console.file.mistakes_report import as_documents

    if isinstance(error, Mistakes):
        number = len(error.mistakes)
        summary = f"{number} mistake{'s' if number > 1 else ''} in {error.file}."
        if not out.as_json:
            out.failure(str(error))
        found = as_documents(error.file, error.mistakes)
        out.failure(summary, {"ok": False, "file": error.file, "mistakes": found})
        return
    details: Mapping[str, Any] = getattr(error, "evidence", {})
    if isinstance(error, RetentionError):
        details = {"code": error.code, **details}
    out.failure(explanation(error, sentence), details)


if __name__ == "__main__":
    main()
