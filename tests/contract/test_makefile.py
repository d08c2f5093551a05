"""make in any shell and any folder: what recipes see of the environment, and folders with odd names."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.make_checkout import make, small_project
from tests.support.sam_template import ROOT
from tests.support.shell_variables import FOREIGN


def test_no_recipe_sees_what_the_shell_sets_for_python() -> None:
    """No recipe gets the shell's variables for Python, except PYTHON, which names an interpreter."""
    shell = {**FOREIGN, "PYTHON": "/named", "HOME": "/home/me"}
    shown = make("--eval", "shown: ; @env", "shown", environment=shell).stdout.splitlines()
    names = {line.partition("=")[0] for line in shown}
    assert not names & set(FOREIGN)
    assert {"PYTHON=/named", "HOME=/home/me"} <= set(shown)


def test_env_and_arch_come_from_the_command_line_only() -> None:
    """ENV and ARCH are used from make's command line only, never from the shell's variables."""
    show = ("--eval", "shown: ; @echo $(call given,ENV) $(call given,ARCH)", "shown")
    assert make(*show, environment={"ENV": "/home/me/.shrc", "ARCH": "sparc"}).stdout.split() == []
    assert make(*show, "ENV=sandbox", environment={"ENV": "/home/me/.shrc"}).stdout.split() == ["sandbox"]


@pytest.mark.parametrize("text", ["a b", "it's", 'a"b', "a;b&c", "#1", "(x)", "é", "`x`", "a\\b", "*"])
def test_a_name_is_passed_to_the_shell_as_one_word(text: str) -> None:
    """A file, an anchor or an environment is passed as one word, with any characters in its name."""
    program = f"{shlex.quote(sys.executable)} -c 'import sys; print(sys.argv[1:])'"
    shown = make("--eval", f"shown: ; @{program} $(call quoted,$(FILE))", "shown", f"FILE={text}")
    assert shown.stdout.strip() == repr([text]), shown.stderr


def prerequisites(verb: str, **environment: str) -> set[str]:
    database = make("-pnq", verb, environment=environment).stdout
    (found,) = [line.split()[1:] for line in database.splitlines() if line.startswith(f"{verb}:")]
    return set(found)


@pytest.mark.parametrize(("required", "made"), [("1", True), ("", False)])
def test_parts_that_are_required_are_made(required: str, *, made: bool) -> None:
    """With REQUIRE_REAL_PARTS, `make check` makes every environment that its tests need."""
    found = prerequisites("check", REQUIRE_REAL_PARTS=required)
    assert {"lint", "template", ".venv/.installed", ".venv-sam/.made"} <= found
    parts = {".venv-fuzz/.made", ".venv-ministack/.made", ".venv/.analysis", ".venv/.browsers"}
    assert (parts <= found) == made
    assert parts.isdisjoint(found) != made
    assert ".venv-checkov/.made" in prerequisites("template")


def test_the_quick_tests_need_only_python() -> None:
    """`make test` makes only one environment, also with REQUIRE_REAL_PARTS."""
    assert prerequisites("test", REQUIRE_REAL_PARTS="1") == {".venv/.installed"}


def test_check_runs_every_test_and_both_coverage_gates() -> None:
    """All directories but e2e, which `make e2e` runs; handler/ and console/ each have a floor."""
    printed = make("-n", "check", "--assume-old=.venv/.installed").stdout
    assert "-m pytest tests --ignore tests/e2e --cov --cov-report=" in printed
    assert "coverage report --include 'handler/*' --fail-under 95" in printed
    assert "coverage report --include 'console/*' --fail-under 90" in printed


@pytest.mark.parametrize("name", ["a:b", 'a"b', "a`b", "a$b", "a\\b", "a\nb"])
def test_an_unusable_path_is_refused_at_once(tmp_path: Path, name: str) -> None:
    """A path in which a virtual environment cannot work is refused before anything is made."""
    project = small_project(tmp_path / name)
    refused = make(".venv-sam/.made", folder=project)
    assert refused.returncode != 0
    assert "Move the checkout" in refused.stderr
    assert not (project / ".venv-sam").exists()


def test_an_interpreter_is_found_without_a_home() -> None:
    """An interpreter is found in a container without HOME."""
    found = subprocess.run(
        [ROOT / "scripts" / "find-python"],
        env={"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (found.returncode, found.stderr) == (0, "")
    assert Path(found.stdout.strip()).is_file()
