"""Building takes nothing from the shell's Python, and its result is checked: scripts/build.py and its parts."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import py_compile
import struct
import subprocess
import sys
from pathlib import Path

import artefact
import install
import layer
import pytest

import build
from tests.support.sam_template import ROOT
from tests.support.shell_variables import FOREIGN

OF_MAKE = {"MAKEFLAGS": "n", "MAKEFILES": "/elsewhere/Makefile", "MAKELEVEL": "3", "MFLAGS": "-n", "GNUMAKEFLAGS": "-n"}
OF_SAM = {"SAM_TEMPLATE_FILE": "other.yaml", "SAM_CLI_BETA_FEATURES": "1", "RETENTION_NONCE": "left over"}


def test_the_shell_s_python_make_and_sam_do_not_reach_the_build() -> None:
    """What they read is gone; credentials, proxies and the home folder are there."""
    kept = {"HOME": "/home/me", "HTTPS_PROXY": "http://proxy:3128", "AWS_PROFILE": "me", "SSL_CERT_FILE": "/ca.pem"}
    given = build.environment({**FOREIGN, **OF_MAKE, **OF_SAM, **kept, "PATH": "/usr/bin"})
    assert {name: given[name] for name in kept} == kept
    assert set(given) - set(kept) == {"PATH", "SAM_CLI_TELEMETRY", "RETENTION_NONCE"}
    assert given["PATH"] == f"{Path(sys.executable).parent}{os.pathsep}/usr/bin"
    assert given["RETENTION_NONCE"] == ""


def test_a_nonce_makes_another_version_of_the_same_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From what was typed to RELEASE: what Lambda has made already is not asked for again."""
    made = []
    for nonce in ("", "2", "3", "2"):
        monkeypatch.setattr("os.environ", build.environment({"ARTIFACTS_DIR": str(tmp_path)}, nonce=nonce))
        monkeypatch.setattr(artefact, "PYTHON", sys.version_info[:2])
        monkeypatch.setattr(
            artefact, "function", lambda _source, _target, nonce: made.append(artefact.release(ROOT, nonce))
        )
        artefact.main("function")
    assert made[0] == artefact.release(ROOT)
    assert len(set(made)) == 3
    assert made[1] == made[3]


# pip

# Put together, since nothing committed may set this option: where packages come from is each machine's business.
INDEX = "index_url".replace("_", "-")


def test_pip_is_told_where_packages_come_from_and_nothing_else() -> None:
    """Of shell and files alike: index and certificates stay, what would change the installation goes."""
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
    """As pip itself orders them, however they are listed."""
    listed = f"install.{INDEX}='https://install'\nglobal.{INDEX}='https://global'"
    assert install.settings({}, listed)["PIP_INDEX_URL"] == "https://install"


def test_pip_itself_is_asked_for_its_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With a file of pip's and variables that disagree: what pip lists is what is sifted."""
    (tmp_path / "pip.conf").write_text(f"[global]\n{INDEX} = https://file.example/simple\nuser = true\nquiet = 3\n")
    for name, value in {**FOREIGN, "PIP_PREFIX": "/elsewhere", "PIP_QUIET": "3", "PIP_TIMEOUT": "7"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    given = install.environment()
    assert (given["PIP_INDEX_URL"], given["PIP_TIMEOUT"]) == ("https://file.example/simple", "7")
    assert not {"PIP_USER", "PIP_PREFIX", *FOREIGN} & set(given)


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
    """At once, before pip looks for what is not there; README names the machines that are meant."""
    found = install.refusal(system, machine)
    assert found is None if expected is None else expected in str(found)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert all(part in readme for part in ("Apple silicon", "Intel", "WSL", "ARM64"))


# What was made


def compiled(folder: Path, *names: str) -> Path:
    """Make modules with the bytecode that Lambda reads."""
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


def test_what_is_whole_passes(tmp_path: Path) -> None:
    """A function and a layer as they should be."""
    layer.check_function(a_function(tmp_path / "function"))
    layer.check(a_layer(tmp_path / "layer"), "aarch64")


@pytest.mark.parametrize("held", ["", "\n", "d41d8cd98f00b204\n", None])
def test_a_release_that_is_no_digest_is_refused(tmp_path: Path, held: str | None) -> None:
    """Empty as after a missing sha256sum, cut, or not there at all."""
    function = a_function(tmp_path)
    (function / "RELEASE").unlink()
    if held is not None:
        (function / "RELEASE").write_text(held)
    with pytest.raises(SystemExit, match="RELEASE holds no SHA-256"):
        layer.check_function(function)


def test_bytecode_that_lambda_would_not_read_is_refused(tmp_path: Path) -> None:
    """None, of another optimisation, of another Python, or one that is checked against the source's time."""
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
    """As importlib has it, in the Python that builds."""
    if sys.version_info[:2] == artefact.PYTHON:
        assert importlib.util.MAGIC_NUMBER == layer.MAGIC


@pytest.mark.parametrize(("found", "wanted"), [(62, "aarch64"), (183, "x86_64"), (0, "x86_64")])
def test_a_layer_of_another_machine_is_refused(tmp_path: Path, found: int, wanted: str) -> None:
    """Whichever way round."""
    with pytest.raises(SystemExit, match=f"is for ELF machine {found}, not {wanted}"):
        layer.check(a_layer(tmp_path, found), wanted)


def test_an_object_that_is_no_elf_is_refused(tmp_path: Path) -> None:
    """A Mac's own library, say."""
    path = a_layer(tmp_path) / "python" / "cryptography" / "_rust.abi3.so"
    path.write_bytes(b"\xcf\xfa\xed\xfe" + b"\xb7" * 60)
    with pytest.raises(SystemExit, match="is for ELF machine 0"):
        layer.check(tmp_path, "aarch64")


def test_a_layer_without_native_code_is_refused(tmp_path: Path) -> None:
    """Cryptography is what a wrong installation leaves out first."""
    with pytest.raises(SystemExit, match="no native code"):
        layer.check(compiled(tmp_path, "python/six.py"), "x86_64")


def test_both_functions_and_the_layer_are_looked_at(tmp_path: Path) -> None:
    """The sync's folder as well as the endpoint's."""
    for name in build.FUNCTIONS:
        a_function(tmp_path / name)
    a_layer(tmp_path / build.LAYER)
    build.examine(tmp_path, "arm64")
    (tmp_path / "SyncStates" / "RELEASE").write_text("")
    with pytest.raises(SystemExit, match="SyncStates"):
        build.examine(tmp_path, "arm64")


# RELEASE


def test_release_changes_with_parameters_and_with_the_nonce_alone(tmp_path: Path) -> None:
    """The same files give the same digest; another parameter another one, and so does a repetition's nonce."""
    (tmp_path / "template.yaml").write_text("a")
    (tmp_path / "samconfig.toml").write_text("b")
    first = artefact.release(tmp_path)
    assert first == artefact.release(tmp_path) == hashlib.sha256(b"ab").hexdigest()
    assert artefact.release(tmp_path, "2") not in {first, artefact.release(tmp_path, "3")}
    (tmp_path / "samconfig.toml").write_text("c")
    assert artefact.release(tmp_path) != first


def test_no_tool_of_the_shell_takes_the_digest() -> None:
    """The build's recipes run Python and dirname: sha256sum, for one, is not everywhere."""
    for path in (ROOT / "build").rglob("Makefile"):
        recipes = [line for line in path.read_text().splitlines() if line.startswith("\t")]
        assert recipes
        assert all(line.startswith('\t@exec python3.13 -Es "$$(dirname "$${MAKEFILE# }")/') for line in recipes)


@pytest.mark.parametrize("name", ["a b", "it's", "é", "#1", "50%", "a  b;c&d"])
def test_a_function_is_built_in_a_folder_of_any_name(tmp_path: Path, name: str) -> None:
    """As SAM calls make: the recipe finds its way by its own file's name alone, and leaves the shell's Python out."""
    root, target = tmp_path / name / "project", tmp_path / f"{name} out"
    for part in ("build", "scripts"):
        _copy(ROOT / part, root / part)
    for part in ("template.yaml", "samconfig.toml"):
        (root / part).write_text("x")
    (root / "handler" / "retention").mkdir(parents=True)
    (root / "handler" / "app.py").write_text("A = 1\n")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python3.13").symlink_to(sys.executable)
    shell = {name: value for name, value in FOREIGN.items() if name.startswith("PYTHON")}
    environ = {**os.environ, **shell, "PATH": f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        ["make", "-s", "--makefile", root / "build" / "arm64" / "Makefile", "build-GetRetentionMessage"],
        cwd=root / "handler",
        env={**environ, "ARTIFACTS_DIR": str(target)},
        check=False,
        capture_output=True,
        text=True,
    )
    if sys.version_info[:2] != artefact.PYTHON:
        assert "Lambda runs 3.13" in done.stderr
        return
    assert not done.returncode, done.stderr
    layer.check_function(target)


def _copy(source: Path, target: Path) -> None:
    for path in source.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            copy = target / path.relative_to(source)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
