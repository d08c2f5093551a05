"""The environment of the tests, made from scratch: the shell's variables have no influence on tests.

pytest loads this module as its first plugin (pyproject.toml), before it has captured anything or imported our code.
What Python itself read when it started (PYTHON*, an encoding other than UTF-8) cannot be undone from within: then the
same command is begun again without it.
"""

from __future__ import annotations

import locale
import os
import signal
import sys
import time
from pathlib import Path

_BEGUN_AGAIN = "RETENTION_TESTS_BEGUN_AGAIN"

# Our own variables go first: `console.terminal.shell` keeps the environment as it is when it is imported.
for _name in [name for name in os.environ if name.startswith("RETENTION_") and name != _BEGUN_AGAIN]:
    del os.environ[_name]

from console.terminal import shell  # noqa: E402  # see above

# A home of the tests' own: no ~/.netrc, ~/.aws or cache of the person who runs them. What fetches has the real one.
_HOME = Path(__file__).resolve().parents[2] / ".pytest_cache" / "home"

# Variables with which a person controls the tests: required parts, their size, and pytest's own options.
_ASKED = {"CI", "PROVE", "REQUIRE_REAL_PARTS", "EDITS_SEED", "PYTEST_ADDOPTS", "PYTEST_CURRENT_TEST"}

_FIXED = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "LANG": "C.UTF-8",
    "TZ": "UTC",
    "COLUMNS": "80",
    "LINES": "25",
}


def _begin_again() -> None:
    odd = [name for name in os.environ if name.startswith("PYTHON")]
    if _BEGUN_AGAIN in os.environ or not (odd or locale.getpreferredencoding(do_setlocale=False).lower() != "utf-8"):
        return
    environment = {name: value for name, value in os.environ.items() if name not in odd and name != "LC_ALL"}
    environment |= {"LANG": "C.UTF-8", _BEGUN_AGAIN: "1", "PYTHONUTF8": "1"}
    os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], environment)  # noqa: S606  # the same command


def _from_scratch() -> None:
    _HOME.mkdir(parents=True, exist_ok=True)
    kept = (shell.PLACES | _ASKED) - {"XDG_CACHE_HOME", "XDG_RUNTIME_DIR"}
    environment = {
        name: value for name, value in os.environ.items() if name in kept or name.startswith(("HYPOTHESIS_", "COV_"))
    }
    os.environ.clear()
    os.environ.update({**environment, **shell.LOCAL_AWS, **_FIXED, "HOME": str(_HOME)})
    os.umask(0o022)
    time.tzset()
    # A shell without job control lets what it starts with `&` ignore Ctrl-C, and so would every program of a test.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


_begin_again()
_from_scratch()
