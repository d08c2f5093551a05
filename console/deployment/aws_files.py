"""What is wrong in AWS's two files, `~/.aws/config` and `~/.aws/credentials`, as a sentence that names the place.

botocore's own errors are only that a file cannot be parsed, or that a profile is not there.
"""

from __future__ import annotations

import codecs
import configparser
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from console.terminal.characters import describe_character, invisible_in_name
from console.terminal.ordinary_file import read_ordinary

_WIDE: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_MAX_BYTES: Final = 2**20
_DEFAULT: Final = "default"


def config_file(environ: Mapping[str, str] = os.environ) -> str:
    """Return the path of the configuration file as the shell has it."""
    return environ.get("AWS_CONFIG_FILE") or str(Path("~/.aws/config"))


def credentials_file(environ: Mapping[str, str] = os.environ) -> str:
    """Return the path of the credentials file as the shell has it."""
    return environ.get("AWS_SHARED_CREDENTIALS_FILE") or str(Path("~/.aws/credentials"))


def unparsed(path: str, cause: BaseException | None) -> str:
    """Return what is wrong in a file that botocore could not parse; `cause` is what its parser raised."""
    head = _content(path)
    line = getattr(cause, "lineno", None) or next((number for number, _ in getattr(cause, "errors", [])), None)
    place = f"{path}:{line}" if isinstance(line, int) else path
    if isinstance(cause, configparser.DuplicateSectionError):
        return f"{place} has the section [{cause.section}] a second time: put all its settings under the first."
    if isinstance(cause, configparser.DuplicateOptionError):
        return f"{place} has `{cause.option}` of [{cause.section}] a second time: keep one of the two."
    if isinstance(cause, UnicodeDecodeError) or head.startswith(_WIDE):
        return f"{path} is not UTF-8 text: save it as UTF-8."
    if head.startswith(codecs.BOM_UTF8):
        return f"{path} begins with a byte order mark, which AWS's tools do not take: save it as UTF-8 without one."
    return f"{place} is no setting of AWS's: each line is `[profile name]`, `name = value` or a # comment."


def no_profile(name: str, variable: str, known: Iterable[str]) -> str:
    """Return why there is no profile called `name`, which `variable` asks for; `known` are those there are."""
    unseen = invisible_in_name(name)
    if unseen is not None:
        return f"{variable} has {describe_character(unseen)} in it: write the profile's name alone."
    config, credentials = config_file(), credentials_file()
    if name != _DEFAULT and name in _sections(config):
        return f"{config} has a section [{name}]: write [profile {name}] there."
    if f"profile {name}" in _sections(credentials):
        return f"{credentials} has a section [profile {name}]: write [{name}] there."
    listed = ", ".join(sorted(known))
    others = f"one of {listed}" if listed else "one that is there"
    return f"There is no profile {name} in {config}: set AWS_PROFILE to {others}."


def _sections(path: str) -> set[str]:
    """Return the names of a file's sections as they are written, blanks around them aside."""
    found = re.findall(r"^\[([^\]\r\n]*)\]", _content(path).decode("utf-8", "replace"), re.MULTILINE)
    return {" ".join(name.replace('"', "").split()) for name in found}


def _content(path: str) -> bytes:
    try:
        return read_ordinary(Path(path).expanduser(), _MAX_BYTES)
    except (OSError, RuntimeError, ValueError):
        return b""
