"""The sample requests and these tests, started from shells with every odd variable: nothing of it reaches them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.sam_template import ROOT
from tests.support.shell_variables import STEERING
from tests.support.waiting import PATIENCE


@pytest.fixture(scope="module")
def plain() -> list[str]:
    return _answers({})


def _answers(more: dict[str, str]) -> list[str]:
    """Run `make run`'s program as the Makefile does; return the requests with their statuses."""
    done = subprocess.run(
        [sys.executable, "-I", "-m", "console.local.demo"],
        env={"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], **more},
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=PATIENCE,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    shown = re.sub("\x1b\\[[0-9;]*m", "", done.stdout)
    return [f"{name} {status}" for name, status in re.findall(r"^(\S+) .* (\d{3}) +[\d.]+$", shown, re.MULTILINE)]


@pytest.mark.parametrize("one_by_one", [False, True])
def test_the_samples_are_answered_alike_in_every_shell(plain: list[str], one_by_one: bool) -> None:  # noqa: FBT001  # a parameter
    """All at once, and, since one could hide another, the ones that broke a run by themselves."""
    alone = ("HTTP_PROXY", "ALL_PROXY", "AWS_REGION", "AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_MAX_ATTEMPTS")
    shells = [{name: STEERING[name]} for name in alone] if one_by_one else [STEERING]
    assert len(plain) > 10
    for variables in shells:
        assert _answers(variables) == plain


INSIDE = """
import locale, os, sys, time, warnings

def test_inside():
    assert not [name for name in os.environ if name.startswith(("PYTHON", "RETENTION_", "POWERTOOLS_"))]
    assert not [name for name in os.environ if name.lower().endswith("_proxy")]
    assert not {"FORCE_COLOR", "GITHUB_ACTIONS", "SSL_CERT_FILE", "LOG_LEVEL", "NETRC"} & set(os.environ)
    assert (os.environ["AWS_REGION"], os.environ["AWS_ACCESS_KEY_ID"]) == ("us-east-1", "test")
    assert (os.environ["COLUMNS"], os.environ["TZ"], time.timezone) == ("80", "UTC", 0)
    assert locale.getpreferredencoding(False).lower() == "utf-8"
    assert os.path.basename(os.environ["HOME"]) == "home"
    assert os.environ["REQUIRE_REAL_PARTS"] == "1"
    mask = os.umask(0)
    os.umask(mask)
    assert mask == 0o022
"""


@pytest.mark.parametrize(
    "variables",
    [
        {name: value for name, value in STEERING.items() if name not in {"PYTHONHOME", "PYTHONOPTIMIZE"}},
        {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"PYTHONIOENCODING": "ascii", "TERM": "dumb"},
    ],
)
def test_tests_see_nothing_of_the_shell(tmp_path: Path, variables: dict[str, str]) -> None:
    """The tests see none of its variables, nor its umask; the folder for temporary files may be any, blanks too."""
    (tmp_path / "test_inside.py").write_text(INSIDE)
    blanks = tmp_path / "temporary é files"
    blanks.mkdir()
    options = ["-q", "-p", "no:cacheprovider", "-c", "pyproject.toml", "--rootdir", "."]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, str(tmp_path / "test_inside.py")],
        env={"PATH": os.environ["PATH"], "REQUIRE_REAL_PARTS": "1", "TMPDIR": str(blanks), **variables},
        cwd=ROOT,
        umask=0o077,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stdout.decode(errors="replace") + done.stderr.decode(errors="replace")
