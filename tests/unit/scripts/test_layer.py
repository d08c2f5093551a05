"""The built functions and layer are checked: scripts/layer.py."""

from __future__ import annotations

import importlib.util
import py_compile
import struct
import sys
from pathlib import Path

import artefact
import layer
import pytest

import build


def compiled(folder: Path, *names: str) -> Path:
    """Write modules with the bytecode that Lambda reads."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("A = 1\n")
        target = path.parent / "__pycache__" / f"{path.stem}.cpython-313.pyc"
        py_compile.compile(str(path), str(target), invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
        target.write_bytes(layer.MAGIC + target.read_bytes()[4:])
    return folder


def elf(path: Path, machine: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\x7fELF".ljust(18, b"\0") + struct.pack("<H", machine) + b"\0" * 44)
    return path


def a_function(folder: Path) -> Path:
    compiled(folder, "app.py", "retention/jws.py")
    (folder / "RELEASE").write_text("0" * 64 + "\n")
    return folder


def a_layer(folder: Path, machine: int = 183) -> Path:
    compiled(folder, "python/jwt/__init__.py", "python/six.py")
    elf(folder / "python" / "cryptography" / "_rust.abi3.so", machine)
    return folder


def test_a_complete_function_and_layer_pass(tmp_path: Path) -> None:
    """A function and a layer with all their parts are accepted."""
    layer.check_function(a_function(tmp_path / "function"))
    layer.check(a_layer(tmp_path / "layer"), "aarch64")


@pytest.mark.parametrize("held", ["", "\n", "d41d8cd98f00b204\n", None])
def test_a_release_file_without_a_digest_is_refused(tmp_path: Path, held: str | None) -> None:
    """RELEASE may be empty after a missing sha256sum, cut off, or missing."""
    function = a_function(tmp_path)
    (function / "RELEASE").unlink()
    if held is not None:
        (function / "RELEASE").write_text(held)
    with pytest.raises(SystemExit, match="RELEASE has no SHA-256"):
        layer.check_function(function)


def test_bytecode_that_lambda_would_not_read_is_refused(tmp_path: Path) -> None:
    """Bytecode is missing, optimised, of another Python, or checked against the source's time."""
    for number, spoil in enumerate((_missing, _optimised, _of_another_python, _checked_by_time)):
        function = a_function(tmp_path / str(number))
        spoil(function / "retention" / "__pycache__" / "jws.cpython-313.pyc")
        with pytest.raises(SystemExit, match=r"1 of 2 modules have no bytecode .*retention/jws\.py"):
            layer.check_function(function)


def _missing(path: Path) -> None:
    path.unlink()


def _optimised(path: Path) -> None:
    path.rename(path.with_name("jws.cpython-313.opt-2.pyc"))


def _of_another_python(path: Path) -> None:
    path.write_bytes(b"\xa7\x0d\x0d\x0b" + path.read_bytes()[4:])


def _checked_by_time(path: Path) -> None:
    path.write_bytes(layer.MAGIC + (0).to_bytes(4, "little") + path.read_bytes()[8:])


def test_the_magic_number_is_that_of_lambda_s_python() -> None:
    """It is the number in importlib of the Python that builds."""
    if sys.version_info[:2] == artefact.PYTHON:
        assert importlib.util.MAGIC_NUMBER == layer.MAGIC


@pytest.mark.parametrize(("found", "wanted"), [(62, "aarch64"), (183, "x86_64"), (0, "x86_64")])
def test_a_layer_of_another_machine_is_refused(tmp_path: Path, found: int, wanted: str) -> None:
    """A layer for x86_64 is refused for arm64, and one for arm64 for x86_64."""
    with pytest.raises(SystemExit, match=f"is for ELF machine {found}, not {wanted}"):
        layer.check(a_layer(tmp_path, found), wanted)


def test_an_object_that_is_no_elf_is_refused(tmp_path: Path) -> None:
    """A library for macOS, for example, is refused."""
    path = a_layer(tmp_path) / "python" / "cryptography" / "_rust.abi3.so"
    path.write_bytes(b"\xcf\xfa\xed\xfe" + b"\xb7" * 60)
    with pytest.raises(SystemExit, match="is for ELF machine 0"):
        layer.check(tmp_path, "aarch64")


def test_a_layer_without_native_code_is_refused(tmp_path: Path) -> None:
    """cryptography's library is what a wrong installation leaves out first."""
    with pytest.raises(SystemExit, match="no native code"):
        layer.check(compiled(tmp_path, "python/six.py"), "x86_64")


def test_every_function_and_the_layer_are_checked(tmp_path: Path) -> None:
    """The folder of each function is checked like that of the endpoint."""
    for name in build.FUNCTIONS:
        a_function(tmp_path / name)
    a_layer(tmp_path / build.LAYER)
    build.examine(tmp_path, "arm64")
    for name in build.FUNCTIONS:
        good = (tmp_path / name / "RELEASE").read_text()
        (tmp_path / name / "RELEASE").write_text("")
        with pytest.raises(SystemExit, match=name):
            build.examine(tmp_path, "arm64")
        (tmp_path / name / "RELEASE").write_text(good)
