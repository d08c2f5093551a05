"""Installs requirement files, and checks hashes; the Makefile calls it, and `artefact.py` for the layer.

install.py FILE …              into the environment of the Python that runs it
install.py --project FOLDER    a project itself, editable, without downloads

Of pip's settings, in the shell (PIP_…) and in its configuration files, it uses only those for the source of packages
and the network. The others, such as PIP_TARGET, PIP_USER or `platform`, would change what is installed.
"""

from __future__ import annotations

import ast
import os
import platform
import subprocess
import sys
from collections.abc import Mapping

# pip's variables. Its configuration files have the same names in lower case, with hyphens and without PIP_.
KEPT = frozenset(
    "PIP_INDEX_URL PIP_EXTRA_INDEX_URL PIP_FIND_LINKS PIP_NO_INDEX PIP_TRUSTED_HOST PIP_KEYRING_PROVIDER PIP_CERT"
    " PIP_CLIENT_CERT PIP_PROXY PIP_TIMEOUT PIP_DEFAULT_TIMEOUT PIP_RETRIES PIP_USE_FEATURE PIP_USE_DEPRECATED"
    " PIP_CACHE_DIR PIP_NO_CACHE_DIR PIP_NO_INPUT".split()
)
PROJECT = ("--no-deps", "--no-build-isolation", "--no-index", "-e")
HASHED = ("--require-hashes", "--no-deps", "--only-binary", ":all:")


def refusal(system: str, machine: str) -> str | None:
    """Return why the packages cannot be installed on a machine, None if they can.

    `system` is sys.platform and `machine` platform.machine().
    """
    if system == "darwin" and machine == "x86_64":
        return (
            "This Python is for a Mac with an Intel processor, for which cryptography has published no wheel since"
            " release 49. On Apple silicon, use a Python for arm64; on an Intel Mac, Linux in a virtual machine."
        )
    if system in {"win32", "cygwin", "msys"}:
        return "This is a Python for Windows: use Linux in WSL, with its own checkout and Python."
    return None


def without_python(environ: Mapping[str, str]) -> dict[str, str]:
    """Return a shell's variables without pip's and without those that change how Python behaves."""
    return {
        name: value
        for name, value in environ.items()
        if not name.startswith(("PYTHON", "PIP_", "__PYVENV_")) and name not in {"SOURCE_DATE_EPOCH", "VIRTUAL_ENV"}
    }


def settings(environ: Mapping[str, str], listed: str) -> dict[str, str]:
    """Return the variables for a pip that uses only the settings `KEPT`.

    `listed` is the output of `pip config list`: lines like `global.cert='/file.pem'`; the shell's begin with `:env:.`.
    """
    kept: dict[str, str] = {}
    for line in sorted(listed.splitlines(), key=_rank):
        name, separator, value = line.partition("=")
        variable = f"PIP_{name.rpartition('.')[2].upper().replace('-', '_')}"
        if separator and variable in KEPT:
            # several values are on separate lines in a file, and separated by blanks in a variable
            kept[variable] = " ".join(str(ast.literal_eval(value)).split())
    return {**without_python(environ), **kept, "PIP_CONFIG_FILE": os.devnull, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


def _rank(line: str) -> int:
    """Return pip's precedence: 0 for settings of all commands, 1 for those of `pip install`, 2 for the shell's."""
    return 2 if line.startswith(":env:") else 1 if line.startswith("install.") else 0


def environment() -> dict[str, str]:
    """Return `settings` for this shell and this Python's pip."""
    mine = {name: os.environ[name] for name in {*KEPT, "PIP_CONFIG_FILE"} if name in os.environ}
    asking = {**without_python(os.environ), **mine}
    # in a configuration file, these settings would make pip list less, or nothing
    plainly = dict.fromkeys(("PIP_USER", "PIP_GLOBAL", "PIP_SITE", "PIP_QUIET", "PIP_VERBOSE"), "0")
    listed = subprocess.run(
        [sys.executable, "-Es", "-m", "pip", "config", "list"],
        env={**asking, **plainly},
        check=False,
        stdout=subprocess.PIPE,
        text=True,
    )
    return settings(os.environ, listed.stdout)


def install(*arguments: str) -> int:
    """Run `pip install` with `arguments`, and check every package's hash. Returns pip's exit code."""
    return pip_install(*HASHED, *arguments)


def pip_install(*arguments: str) -> int:
    command = [sys.executable, "-Es", "-m", "pip", "install", "-q", *arguments]
    return subprocess.run(command, check=False, env=environment()).returncode


if __name__ == "__main__":
    if refused := refusal(sys.platform, platform.machine()):
        sys.exit(f"ERROR: {refused}")
    match sys.argv[1:]:
        case ["--project", folder]:
            sys.exit(pip_install(*PROJECT, folder))
        case [_, *_]:
            sys.exit(install(*(part for file in sys.argv[1:] for part in ("-r", file))))
        case _:
            sys.exit(__doc__)
