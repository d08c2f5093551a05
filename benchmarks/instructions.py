"""Count the instructions that the import of a function takes, with valgrind: other load does not change the figure.

Cachegrind counts what the process executes in user space, without the kernel and the disk. Counts vary by 0.1 %.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping
from typing import Final

from tests.support import real_parts
from tests.support.real_parts import Artefact, Emulator

_COUNTED: Final = re.compile(r"I\s+refs:\s+([0-9,]+)")
_MILLION: Final = 1_000_000


def of_import(artefact: Artefact, variables: Mapping[str, str]) -> float | None:
    """Return the millions of instructions that `import app` adds to the runtime's own imports; None without valgrind.

    This includes init, with a table that cannot be reached: waiting for a real one would vary.
    """
    valgrind = shutil.which("valgrind")
    if valgrind is None:
        return None
    nowhere = {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{real_parts.free_port()}", "PYTHONDONTWRITEBYTECODE": "1"}
    environment = Emulator(artefact, {**variables, **nowhere, "PYTHONHASHSEED": "0"}).environment

    def counted(program: str) -> int:
        command = [valgrind, "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]
        python = [str(real_parts.base_interpreter()), "-S", "-c", program]
        done = subprocess.run([*command, *python], env=environment, check=True, capture_output=True, text=True)
        return int(_COUNTED.findall(done.stderr)[-1].replace(",", ""))

    return (counted("import awslambdaric.__main__, app") - counted("import awslambdaric.__main__")) / _MILLION
