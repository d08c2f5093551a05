"""Everything on one machine: an embedded table, the function over it, samples, Lambda's runtime."""

from __future__ import annotations

import sys

# `python -m console.local.…` comes here before it imports the program itself: nothing of that program, boto3 and the
# function included, sees what the shell holds, and an interruption meanwhile is no traceback.
if sys.argv[:1] == ["-m"]:
    from console.terminal import program

    def _sentence(error: Exception) -> str | None:
        from console.deployment import failures

        return failures.sentence(error)

    program.begin(_sentence, local=True)
