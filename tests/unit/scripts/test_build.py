"""A build does not depend on the shell's settings of Python, make and SAM: scripts/build.py."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import build
from tests.support.shell_variables import FOREIGN

OF_MAKE = {"MAKEFLAGS": "n", "MAKEFILES": "/elsewhere/Makefile", "MAKELEVEL": "3", "MFLAGS": "-n", "GNUMAKEFLAGS": "-n"}


OF_SAM = {"SAM_TEMPLATE_FILE": "other.yaml", "SAM_CLI_BETA_FEATURES": "1", "RETENTION_NONCE": "left over"}


def test_the_shell_s_python_make_and_sam_do_not_reach_the_build() -> None:
    """Variables that Python, make and SAM read are removed; credentials, proxies and the home folder stay."""
    kept = {"HOME": "/home/me", "HTTPS_PROXY": "http://proxy:3128", "AWS_PROFILE": "me", "SSL_CERT_FILE": "/ca.pem"}
    given = build.environment({**FOREIGN, **OF_MAKE, **OF_SAM, **kept, "PATH": "/usr/bin"})
    assert {name: given[name] for name in kept} == kept
    assert set(given) - set(kept) == {"PATH", "SAM_CLI_TELEMETRY", "RETENTION_NONCE"}
    assert given["PATH"] == f"{Path(sys.executable).parent}{os.pathsep}/usr/bin"
    assert given["RETENTION_NONCE"] == ""
