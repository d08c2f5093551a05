"""How code and tests are laid out: names of classes, a unit test for each module, what make test may not need."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

import pytest

from tests.support.sam_template import ROOT

TESTS: Final = ROOT / "tests"
QUICK: Final = ("unit", "property", "conformance", "contract", "integration")

# Modules without a unit test of their own, by pattern: the test that runs them, and why there.
TESTED_THROUGH: Final[dict[str, str]] = {
    # handler/
    "handler/retention/verification/known_chains.py": "conformance/test_known_chains.py: data only",
    # the simulator
    "console/simulator/place.py": "integration/test_simulator_commands.py: two constants",
    "console/cli/simulator_options.py": "unit/console/cli/test_simulator.py: options of the verbs that it types",
    # a command from end to end
    "console/rollout/backfill_run.py": "programs/test_backfill.py: against the simulator, with its options",
    # a server
    "console/pages/live_server.py": "integration/test_preview_watch.py: asked over HTTP",
    # parts of a larger document
    "console/decisions/log_export.py": "unit/console/decisions/test_decision_log.py: every form of an export",
    "console/effect/rows.py": "unit/console/effect/test_tables.py: data classes without logic",
    "console/effect/athena_errors.py": "unit/console/effect/test_athena_engine.py: every reason, as a query ends in it",
    "console/cli/report_run.py": "unit/console/cli/test_effect.py: the verbs that call it, over logs in files",
    "console/effect/findings.py": "unit/console/effect/test_report.py: data classes without logic",
    "console/effect/studied.py": "unit/console/effect/test_report.py: data classes without logic",
    "console/file/release.py": "unit/console/file/test_compile.py: two data classes without logic",
    "console/deployment/where.py": "unit/console/deployment/test_target.py: two data classes without logic",
    "console/terminal/failure.py": "integration/test_main.py: two exceptions without logic",
    # measurements
    "benchmarks/plot.py": "real/test_benchmarks.py: only `make bench` has matplotlib, and draws",
    "benchmarks/reference/app.py": "real/test_benchmarks.py: only `make bench` installs what it needs, and runs it",
}

# In tests/unit nothing of these is called: a server, a process, or a verb with all that it calls (`runner`). A verb
# whose room is replaced or in memory may be called there (tests/support/called_verb.py, simulator_operator.py): in this
# process it reads its options and prints, which is what its module is about. A server or process that a test reaches
# by other names is refused when it runs (tests/unit/conftest.py).
NOT_IN_UNIT: Final = {
    "ThreadingHTTPServer", "HTTPServer", "SimulatorServer", "create_server", "embedded_dynamodb", "runner",
    "subprocess.run", "subprocess.Popen", "check_call", "check_output", "execve", "listen",
}  # fmt: skip
# A test that asks for one of these needs a program which pip does not install.
REAL_PARTS: Final = {"dynamodb_local", "artefact", "emulator", "fuzzer", "tests.support.required_parts"}


def modules() -> list[str]:
    """Return the paths of all modules that have code."""
    folders = ("handler", "console", "scripts", "benchmarks")
    found = [path.relative_to(ROOT) for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    return [str(path) for path in found if path.name not in {"__init__.py", "__main__.py"}]


def unit_test_of(module: str) -> Path:
    path = Path(module)
    return TESTS / "unit" / path.parent / f"test_{path.name}"


WITHOUT: Final = [module for module in modules() if not unit_test_of(module).exists()]


def test_every_module_has_a_unit_test_or_a_test_that_runs_it() -> None:
    """tests/unit/<path>/test_<module>.py, or a line of TESTED_THROUGH."""
    patterns = list(TESTED_THROUGH)
    assert [module for module in WITHOUT if not any(fnmatchcase(module, pattern) for pattern in patterns)] == []


@pytest.mark.parametrize("pattern", TESTED_THROUGH)
def test_every_pattern_names_modules_without_a_unit_test(pattern: str) -> None:
    """Each pattern names a module without a unit test, and each reason begins with a test that is there."""
    assert any(fnmatchcase(module, pattern) for module in WITHOUT)
    first, *_ = TESTED_THROUGH[pattern].replace(":", ",").split(",")
    assert (TESTS / first).exists()


def test_every_unit_test_has_its_module() -> None:
    """A unit test is found from its module, and a module from its unit test."""
    known = {unit_test_of(module) for module in modules()}
    assert [path for path in sorted((TESTS / "unit").rglob("test_*.py")) if path not in known] == []


def called(path: Path) -> Iterator[str]:
    """Yield the names of what a file calls (without its object), of modules it imports from, and of parameters."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            yield name if name.startswith("subprocess.") else name.rpartition(".")[2]
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
        elif isinstance(node, ast.arg):
            yield node.arg


def test_a_unit_test_starts_no_server_no_process_and_no_verb() -> None:
    """Those are in tests/integration; a verb whose room is replaced may be called in this process."""
    found = {path: NOT_IN_UNIT & set(called(path)) for path in (TESTS / "unit").rglob("*.py")}
    assert {str(path): names for path, names in found.items() if names} == {}


@pytest.mark.parametrize("folder", QUICK)
def test_make_test_needs_no_real_part(folder: str) -> None:
    """What needs DynamoDB Local, Lambda's runtime, `sam build`, checkov, zsh or atheris is in real or reliability."""
    arguments = {
        path: {name for name in called(path) if name in REAL_PARTS} for path in (TESTS / folder).rglob("test_*.py")
    }
    assert {str(path): names for path, names in arguments.items() if names} == {}


def test_every_class_has_a_name_of_its_own() -> None:
    """No two classes of `console/` and `handler/` share a name, so that a name means one thing wherever it is read."""
    modules_of: dict[str, list[str]] = {}
    for folder in ("console", "handler"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ClassDef):
                    modules_of.setdefault(node.name, []).append(str(path.relative_to(ROOT)))
    assert {name: paths for name, paths in modules_of.items() if len(paths) > 1} == {}
