"""What the benchmark measures: the built artefact, with the benchmark's own App Store in Apple's place."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from retention.jws import APPLE_ROOT_FINGERPRINT

from benchmarks import artefacts
from console.simulator.authority import Authority, request_claims
from tests.support import real_parts
from tests.support.real_parts import Artefact
from tests.support.required_parts import real
from tests.support.sam_template import ROOT

HANDLER = ROOT / "handler"


def test_the_measured_copy_trusts_the_benchmarks_app_store(tmp_path: Path) -> None:
    """The copy trusts the benchmark's root as Apple's, with its chain known or not; the built function is unchanged."""
    real(real_parts.base_interpreter)  # it compiles the copy
    authority = Authority.create("Scene")
    function = tmp_path / "built" / "GetRetentionMessage"
    shutil.copytree(HANDLER, function, ignore=shutil.ignore_patterns("__pycache__"))
    built = Artefact(function, tmp_path, tmp_path)
    program = (
        "from retention import jws; from retention.verification import known_chains;"
        "from datetime import datetime, UTC; import sys;"
        "verifier = jws.SignedPayloadVerifier([jws.apple_root()]);"
        "verifier.verify(sys.argv[1], datetime.now(UTC));"
        "checked = 'retention.verification.certificates' in sys.modules;"
        "print(checked, *(chain.anchor for chain in known_chains.KNOWN_CHAINS.values()))"
    )
    token = authority.sign(request_claims(environment="Sandbox"))
    for known in (True, False):
        made = artefacts.in_apples_place(built, authority, ROOT, tmp_path / "copy", known=known)
        done = subprocess.run(
            [sys.executable, "-c", program, token],
            env={"PYTHONPATH": str(made.function)},
            check=True,
            capture_output=True,
            text=True,
        )
        assert done.stdout.split() == [str(not known), authority.fingerprint if known else APPLE_ROOT_FINGERPRINT]
        assert (function / "retention" / "jws.py").read_bytes() == (HANDLER / "retention" / "jws.py").read_bytes()
