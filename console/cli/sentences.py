"""The sentence for an error that ends a command; the module that has them is imported when there is an error."""

from __future__ import annotations


def sentence(error: Exception) -> str | None:
    """Return the sentence for an error that a command may meet, None for one that is a fault of the program."""
    from console.deployment import failures

    return failures.sentence(error)
