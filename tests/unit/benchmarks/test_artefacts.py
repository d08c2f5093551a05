"""The artefacts that are measured: copies, their sizes, and whom they trust. Nothing is built."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from retention.jws import APPLE_ROOT_FINGERPRINT

from benchmarks import artefacts
from console.simulator.authority import Authority
from tests.support import real_parts
from tests.support.real_parts import Artefact
from tests.support.sam_template import ROOT

AUTHORITY = Authority.create("Scene Root CA")


def test_a_size_is_that_of_all_files(tmp_path: Path) -> None:
    """Files in folders count, folders themselves do not."""
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "one").write_bytes(b"12345")
    (tmp_path / "a" / "b" / "two").write_bytes(b"123")
    assert artefacts.size_of(tmp_path) == 8


def test_an_empty_function_answers_with_200(tmp_path: Path) -> None:
    """The empty function is one module whose handler answers 200 to any event."""
    made = artefacts.empty(tmp_path)
    names: dict[str, object] = {}
    exec((made.function / "app.py").read_text(), names)  # noqa: S102  # the file that was just written
    handler = names["lambda_handler"]
    assert callable(handler)
    assert handler({}, None) == {"statusCode": 200}


def test_our_build_is_measured_as_a_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The copy has function, layer and template of the build; what an earlier run left is not in it."""
    built = Artefact(tmp_path / "b" / "Function", tmp_path / "b" / "Layer", tmp_path / "b" / "template.yaml")
    for folder in (built.function, built.layer, tmp_path / "builds" / "ours" / "left"):
        folder.mkdir(parents=True)
    built.template.touch()
    monkeypatch.setattr(artefacts, "BUILDS", tmp_path / "builds")
    monkeypatch.setattr(real_parts, "build_artefact", lambda _: built)
    made = artefacts.ours()
    assert made.template == tmp_path / "builds" / "ours" / "template.yaml"
    assert made.function.is_dir()
    assert made.layer.is_dir()
    assert not (tmp_path / "builds" / "ours" / "left").exists()


def test_a_copy_trusts_the_scenes_root_in_apples_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """File and fingerprint of Apple's root are the authority's in the copy; the build itself is unchanged."""
    built = Artefact(tmp_path / "built" / "Function", tmp_path / "layer", tmp_path / "template.yaml")
    shutil.copytree(ROOT / "handler", built.function, ignore=shutil.ignore_patterns("__pycache__"))
    compiled: list[Path] = []
    monkeypatch.setattr(artefacts, "_compile", lambda function, _tree: compiled.append(function))
    made = artefacts.in_apples_place(built, AUTHORITY, ROOT, tmp_path / "copy", known=False)
    assert compiled == [made.function] == [tmp_path / "copy" / "Function"]
    package = made.function / "retention"
    assert (package / "AppleRootCA-G3.cer").read_bytes() == AUTHORITY.root_der
    assert AUTHORITY.fingerprint in (package / "jws.py").read_text()
    assert APPLE_ROOT_FINGERPRINT not in (package / "jws.py").read_text()
    assert APPLE_ROOT_FINGERPRINT in (built.function / "retention" / "jws.py").read_text()
    assert (made.layer, made.template) == (built.layer, built.template)
