"""What ends a command: one sentence, for people and for `--json`. The exit code is 1, or 2 after wrong usage."""

from __future__ import annotations


class Failure(Exception):  # noqa: N818  # it is an outcome
    """A command cannot do its work; the message is a sentence that states why and what to do. Exit code 1."""


class Misuse(Failure):
    """A command was called wrongly: an option or argument is missing or invalid. Exit code 2."""
