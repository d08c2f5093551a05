"""What ends a command: one sentence, for people and for `--json`. Exit code 1; 2 where it was called wrongly."""

from __future__ import annotations


class Failure(Exception):  # noqa: N818  # it is an outcome
    """A command cannot do what it was asked; the message states why and what to do."""


class Misuse(Failure):
    """A command was called wrongly: an option or argument is missing, or is none of what it can be. Exit code 2."""
