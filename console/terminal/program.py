"""How a program begins and ends: streams that accept any text, and one sentence instead of a traceback.

This module imports very little, so that Ctrl-C during slow imports is reported like at any other time. The parameter
`sentence` is a function that returns the sentence for an error that it knows, and None for any other.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Final, TypeAlias

from console.terminal.controls import without_controls

# A variable: with any value, unexpected errors print their traceback.
TRACEBACK: Final = "RETENTION_TRACEBACK"

Sentence: TypeAlias = Callable[[Exception], "str | None"]

_FAILED: Final = 1


def begin(sentence: Sentence, *, local: bool = False) -> None:
    """Prepare this process before slow imports. With `local`, it ignores the shell's settings for AWS and proxies."""

    def uncaught(_kind: type[BaseException], error: BaseException, _trace: TracebackType | None) -> None:
        if isinstance(error, KeyboardInterrupt):
            write_error("Interrupted.")
        elif not isinstance(error, BrokenPipeError):
            write_error(explanation(error, sentence))
        flush()

    sys.excepthook = uncaught
    if local:
        from console.terminal import shell

        shell.stay_local()
    from console.terminal.output import prepare_streams

    prepare_streams()


def carry_out(do: Callable[[], int], sentence: Sentence) -> int:
    """Run a program and return its exit code. An error that ends it is printed as one sentence, with exit code 1."""
    try:
        return do()
    except Exception as error:  # noqa: BLE001  # the entry point
        write_error(explanation(error, sentence))
        return _FAILED
    finally:
        flush()


def explanation(error: BaseException, sentence: Sentence) -> str:
    """Return the sentence for any error. For one that `sentence` does not know, it names how to see the traceback.

    Of an unexpected error, only class and place are shown: its message could quote a key. With RETENTION_TRACEBACK set,
    the traceback is written to standard error first.
    """
    import traceback

    from console.terminal import shell

    if os.environ.get(TRACEBACK) or shell.GIVEN.get(TRACEBACK):
        write_error("".join(traceback.format_exception(error)).rstrip())
    known = sentence(error) if isinstance(error, Exception) else None
    if known is not None:
        return known
    return (
        f"This is a bug of this program, not a mistake in its input: {type(error).__name__}{_place(error)}. "
        f"Set {TRACEBACK}=1 and repeat the command to see the traceback."
    )


def write_error(text: str) -> None:
    """Write a line to standard error; do nothing if that is closed."""
    with suppress(OSError, ValueError, AttributeError):
        sys.stderr.write(f"{without_controls(text)}\n")
        sys.stderr.flush()


def flush() -> None:
    """Flush both streams. If that fails, discard the output, so that Python prints no error when it ends."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            with suppress(OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _place(error: BaseException) -> str:
    """Return where an exception was raised, as ` at file:line`."""
    import traceback

    frames = traceback.extract_tb(error.__traceback__)
    return f" at {os.path.basename(frames[-1].filename)}:{frames[-1].lineno}" if frames else ""  # noqa: PTH119  # no path
