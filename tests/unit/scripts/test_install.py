"""pip gets the settings that name its index and its certificates, and no others: scripts/install.py."""

from __future__ import annotations

import os

import install
import pytest

from tests.support.sam_template import ROOT
from tests.support.shell_variables import FOREIGN, INDEX


def test_pip_gets_its_index_and_certificates_and_nothing_else() -> None:
    """Of the shell and of pip's files, settings that would change the installation are removed."""
    listed = rf"""global.{INDEX}='https://files.example/simple'
global.extra-{INDEX}='https://one.example/simple\nhttps://two.example/simple'
global.user='true'
install.no-deps='false'
install.target='/elsewhere'
install.platform='win32'
global.cert='/file.pem'
:env:.cert='/shell.pem'
:env:.no-binary=':all:'
:env:.constraint='/c.txt'
"""
    given = install.settings({**FOREIGN, "PIP_TARGET": "/elsewhere", "PIP_USER": "1", "HOME": "/home/me"}, listed)
    assert given == {
        "HOME": "/home/me",
        "PIP_INDEX_URL": "https://files.example/simple",
        "PIP_EXTRA_INDEX_URL": "https://one.example/simple https://two.example/simple",
        "PIP_CERT": "/shell.pem",
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }


def test_a_command_s_own_setting_goes_before_the_general_one() -> None:
    """A setting of `install` goes before a global one, as in pip, in whichever order they are listed."""
    listed = f"install.{INDEX}='https://install'\nglobal.{INDEX}='https://global'"
    assert install.settings({}, listed)["PIP_INDEX_URL"] == "https://install"


@pytest.mark.parametrize(
    ("system", "machine", "expected"),
    [
        ("linux", "x86_64", None),
        ("linux", "aarch64", None),
        ("darwin", "arm64", None),
        ("darwin", "x86_64", "a Mac with an Intel processor"),
        ("win32", "AMD64", "use Linux in WSL"),
    ],
)
def test_a_machine_without_wheels_is_told_so(system: str, machine: str, expected: str | None) -> None:
    """It is refused before pip runs; README names the supported machines."""
    found = install.refusal(system, machine)
    assert found is None if expected is None else expected in str(found)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert all(part in readme for part in ("Apple silicon", "Intel", "WSL", "ARM64"))
