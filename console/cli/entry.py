"""The entry point of the `retention` script: it prepares the process before it imports the commands.

So an interruption during the imports is reported in one word, and not as a traceback.
"""

from __future__ import annotations

from typing import NoReturn

from console.cli.sentences import sentence
from console.terminal import program


def retention() -> NoReturn:
    """Run the `retention` command and exit."""
    program.begin(sentence)
    from console.cli.main import main

    main()
