"""The artefact: built once for each state of the sources, and what is missing where it cannot be built."""

from __future__ import annotations

import os
import platform
import subprocess
from pathlib import Path

import pytest

from console.local import artefact
from console.local.artefact import base_interpreter, build_artefact, machine, run_sam
from console.local.processes import PartMissingError

BUILD = artefact._build


@pytest.mark.parametrize(
    ("name", "expected"), [("x86_64", "x86_64"), ("AMD64", "x86_64"), ("aarch64", "arm64"), ("arm64", "arm64")]
)
def test_the_architecture_has_lambdas_name(monkeypatch: pytest.MonkeyPatch, name: str, expected: str) -> None:
    """Each name that systems give an architecture becomes Lambda's."""
    monkeypatch.setattr(platform, "machine", lambda: name)
    assert machine() == expected


@pytest.fixture
def builds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The architectures built so far, from sources in `tmp_path`, by a build that only makes its folder."""
    done: list[str] = []

    def build(architecture: str, target: Path) -> None:
        done.append(architecture)
        target.mkdir()

    (tmp_path / "handler").mkdir()
    (tmp_path / "handler" / "app.py").write_text("first")
    (tmp_path / "template.yaml").write_text("Resources: {}")
    (tmp_path / "python").touch()
    for name, value in {
        "ROOT": tmp_path,
        "PYTHON": tmp_path / "python",
        "_BUILDS": tmp_path / "builds",
        "_SOURCES": ("handler", "template.yaml"),
        "_build": build,
    }.items():
        monkeypatch.setattr(artefact, name, value)
    return done


def test_the_same_sources_are_built_once(builds: list[str]) -> None:
    """A second build of the same sources is the first one, with function, layer and template in one folder."""
    first, second = build_artefact("arm64"), build_artefact("arm64")
    assert first == second
    assert builds == ["arm64"]
    assert {first.function.parent, first.layer.parent} == {first.template.parent}
    assert first.template.parent.is_dir()


def test_other_sources_or_another_architecture_are_another_build(tmp_path: Path, builds: list[str]) -> None:
    """A changed file, a moved file and another architecture each have their own folder; bytecode changes nothing."""
    made = [build_artefact("arm64"), build_artefact("x86_64")]
    (tmp_path / "handler" / "app.py").write_text("second")
    made.append(build_artefact("arm64"))
    (tmp_path / "handler" / "app.py").rename(tmp_path / "handler" / "main.py")
    made.append(build_artefact("arm64"))
    (tmp_path / "handler" / "__pycache__").mkdir()
    (tmp_path / "handler" / "__pycache__" / "app.pyc").touch()
    assert build_artefact("arm64") == made[-1]
    assert len({each.template for each in made}) == len(builds) == 4


def test_a_build_anew_is_always_made(builds: list[str]) -> None:
    """With `anew` the sources are built again, in a folder of their own."""
    kept = build_artefact("arm64")
    assert build_artefact("arm64", anew=True) == build_artefact("arm64", anew=True) != kept
    assert builds == ["arm64"] * 3
    assert kept.template.parent.is_dir()


def test_the_last_four_builds_are_kept(tmp_path: Path, builds: list[str]) -> None:
    """Of one architecture the four newest builds stay, and those of another architecture are not counted."""
    other, made = build_artefact("x86_64"), []
    for number in range(6):
        (tmp_path / "template.yaml").write_text(f"Resources: {{}}  # {number}")
        made.append(build_artefact("arm64").template.parent)
        os.utime(made[-1], (number, number))
    assert [folder.is_dir() for folder in made] == [False, False, True, True, True, True]
    assert other.template.parent.is_dir()
    assert len(builds) == 7


def test_without_python_3_13_nothing_is_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, builds: list[str]
) -> None:
    """Without Python 3.13 or SAM CLI, the error names the command that installs it."""
    monkeypatch.setattr(artefact, "PYTHON", tmp_path / "none")
    monkeypatch.setattr(artefact, "SAM", tmp_path / "none")
    for missing in (lambda: build_artefact("arm64"), base_interpreter, run_sam):
        with pytest.raises(PartMissingError, match=r"make (clean )?setup"):
            missing()
    assert builds == []


def test_a_failed_build_shows_what_the_program_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, builds: list[str]
) -> None:
    """If scripts/build.py fails, the error has its output, and no folder is kept as a build."""
    monkeypatch.setattr(artefact, "_build", BUILD)
    failed = subprocess.CompletedProcess([], 1, "out of ", "disk")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: failed)
    with pytest.raises(RuntimeError, match="not built:\nout of disk"):
        build_artefact("arm64")
    assert (list((tmp_path / "builds").iterdir()), builds) == ([], [])


def test_sam_is_run_without_telemetry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SAM CLI runs in the project, isolated from the shell's Python settings, and sends no usage data."""
    (tmp_path / "sam").touch()
    started: list[tuple[list[str], dict[str, str]]] = []

    def run(command: list[str], *, env: dict[str, str], **_: object) -> subprocess.CompletedProcess[str]:
        started.append((command, env))
        return subprocess.CompletedProcess(command, 0, "Build Succeeded")

    monkeypatch.setattr(artefact, "SAM", tmp_path / "sam")
    monkeypatch.setattr(subprocess, "run", run)
    assert run_sam("build", "--cached") == "Build Succeeded"
    ((command, variables),) = started
    assert command == [str(tmp_path / "python"), "-Es", "-m", "samcli", "build", "--cached"]
    assert variables["SAM_CLI_TELEMETRY"] == "0"
    assert variables["PATH"].startswith(f"{tmp_path}{os.pathsep}")
