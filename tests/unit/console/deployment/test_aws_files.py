"""What is wrong in AWS's two files is one sentence with the file and the line."""

from __future__ import annotations

import configparser
from pathlib import Path

import pytest

from console.deployment.aws_files import config_file, credentials_file, no_profile, unparsed


def cause_of(content: bytes) -> Exception:
    """Return what the parser that botocore uses raises for a file's content."""
    try:
        configparser.RawConfigParser(default_section="").read_string(content.decode())
    except (configparser.Error, UnicodeDecodeError) as error:
        return error
    raise AssertionError("the content can be parsed")


def test_the_shell_decides_where_the_files_are() -> None:
    """Without a variable they are in the home directory."""
    assert config_file({"AWS_CONFIG_FILE": "/c"}) == "/c"
    assert credentials_file({"AWS_SHARED_CREDENTIALS_FILE": "/s"}) == "/s"
    assert (config_file({}), credentials_file({"AWS_CONFIG_FILE": "/c"})) == ("~/.aws/config", "~/.aws/credentials")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"[a]\n[b]\n[a]\n", ":3 has the section [a] a second time: put all its settings under the first."),
        (b"[a]\nregion = x\nregion = y\n", ":3 has `region` of [a] a second time: keep one of the two."),
        (b"region = x\n", ":1 is no setting of AWS's: each line is"),
        (b"[a]\nregion x\n", ":2 is no setting of AWS's: each line is"),
        (b"[a]\nregion = \xe9\n", " is not UTF-8 text: save it as UTF-8."),
        (b"\xef\xbb\xbf[a]\n", " begins with a byte order mark"),
    ],
)
def test_a_damaged_file_is_named_with_its_cause(tmp_path: Path, content: bytes, expected: str) -> None:
    """The sentence begins with the path, and with the line where the parser knows it."""
    file = tmp_path / "config"
    file.write_bytes(content)
    assert unparsed(str(file), cause_of(content)).startswith(f"{file}{expected}")


def test_a_wide_encoding_is_named_without_a_cause(tmp_path: Path) -> None:
    """A file in UTF-16 is recognised by its first bytes; one that cannot be read has no line."""
    file = tmp_path / "config"
    file.write_bytes("[a]\n".encode("utf-16"))
    assert unparsed(str(file), None) == f"{file} is not UTF-8 text: save it as UTF-8."
    assert unparsed(str(tmp_path / "none"), None).startswith(f"{tmp_path / 'none'} is no setting of AWS's")


@pytest.mark.parametrize(
    ("name", "config", "credentials", "expected"),
    [
        ("dev", "", "", "There is no profile dev in {config}: set AWS_PROFILE to one of a, b."),
        ("dev", "[dev]\n", "", "{config} has a section [dev]: write [profile dev] there."),
        ("dev", '[ "dev" ]\n', "", "{config} has a section [dev]: write [profile dev] there."),
        ("dev", "", "[profile dev]\n", "{credentials} has a section [profile dev]: write [dev] there."),
        ("default", "[default]\n", "", "There is no profile default in {config}: set AWS_PROFILE to one of a, b."),
        ("dev\r", "[dev]\n", "", "AWS_PROFILE has U+000D CARRIAGE RETURN in it: write the profile's name alone."),
    ],
)
def test_a_profile_that_is_not_there_is_named_with_the_reason(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, config: str, credentials: str, expected: str
) -> None:
    """A section in the wrong spelling or an invisible character is the likely reason; else the profiles are listed."""
    for variable, file, content in (
        ("AWS_CONFIG_FILE", "config", config),
        ("AWS_SHARED_CREDENTIALS_FILE", "credentials", credentials),
    ):
        (tmp_path / file).write_text(content)
        monkeypatch.setenv(variable, str(tmp_path / file))
    found = no_profile(name, "AWS_PROFILE", ["b", "a"])
    assert found == expected.format(config=tmp_path / "config", credentials=tmp_path / "credentials")
