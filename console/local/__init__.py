"""Everything on this machine: an embedded table, the function that reads it, samples, Lambda's runtime."""

from __future__ import annotations

import sys

# `python -m console.local.…` runs this before it imports the program itself. So the program, boto3 and the function
# never see the shell's variables, and Ctrl-C during the imports prints no traceback.
if sys.argv[:1] == ["-m"]:
    from console.terminal import program

    def _sentence(error: Exception) -> str | None:
        from console.deployment import failures

        return failures.sentence(error)

    program.begin(_sentence, local=True)
