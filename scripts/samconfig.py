"""Reads samconfig.toml for `build.py` and `deploy.py`; standard library only.

`deployment("sandbox")` has the stack's name, region and parameters that `sam deploy --config-env sandbox` uses.
"""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
ARCHITECTURES = ("arm64", "x86_64")
DEFAULT_ARCHITECTURE = "arm64"  # the template's default

_ONE = re.compile(r"(?:ParameterKey=)?(\w+)(?:,ParameterValue)?=(.*)", re.DOTALL)


class ConfigError(Exception):
    """samconfig.toml cannot be used; the message is a sentence that states why and what to do."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """What is deployed for an environment of samconfig.toml. `region` and `profile` are "" if it names none."""

    env: str
    stack: str
    region: str
    profile: str
    parameters: Mapping[str, str]

    @property
    def architecture(self) -> str | None:
        """The parameter Architecture, None if the file does not name it. Raises ConfigError."""
        given = self.parameters.get("Architecture")
        if given is not None and given not in ARCHITECTURES:
            raise ConfigError(f"samconfig.toml, {self.env}: Architecture is `{given}`, neither arm64 nor x86_64.")
        return given


def environments(root: Path = ROOT) -> list[str]:
    """Return the names of the environments that can be deployed, in the file's order. Raises ConfigError."""
    return [name for name, section in _read(root).items() if isinstance(section, dict) and "deploy" in section]


def deployment(env: str, root: Path = ROOT) -> Deployment:
    """Read one environment. Raises ConfigError."""
    known = environments(root)
    if env not in known:
        asked = f"samconfig.toml has no `{env}`" if env else "No environment is named"
        raise ConfigError(f"{asked}: write {' or '.join(f'ENV={name}' for name in known)}.")
    section = _read(root)[env]
    # SAM uses what is under `global` for every command
    given = {**section.get("global", {}).get("parameters", {}), **section["deploy"].get("parameters", {})}
    if not given.get("stack_name"):
        raise ConfigError(
            f"samconfig.toml, {env}: it names no stack. Write `stack_name` under [{env}.deploy.parameters]."
        )
    return Deployment(
        env,
        str(given["stack_name"]),
        str(given.get("region", "")),
        str(given.get("profile", "")),
        dict(_parameters(env, given.get("parameter_overrides", []))),
    )


def architecture_of(env: str, asked: str, root: Path = ROOT) -> str:
    """Return the architecture for `make build`: the file's for `env`, or for all environments if `env` is "".

    `asked` (ARCH=…) is used if the file names none. Raises ConfigError if they contradict each other.
    """
    if asked and asked not in ARCHITECTURES:
        raise ConfigError(f"ARCH is `{asked}`, neither arm64 nor x86_64.")
    named = {name: deployment(name, root).architecture for name in ([env] if env else environments(root))}
    wanted = {found or asked or DEFAULT_ARCHITECTURE for found in named.values()}
    if len(wanted) > 1:
        each = ", ".join(f"{name} is {found or f'{DEFAULT_ARCHITECTURE} by default'}" for name, found in named.items())
        raise ConfigError(f"samconfig.toml deploys for two architectures ({each}): name one with ENV=….")
    (found,) = wanted or {asked or DEFAULT_ARCHITECTURE}
    if asked and asked != found:
        raise ConfigError(
            f"ARCH={asked}, but samconfig.toml deploys for {found}: leave ARCH out, or change Architecture there."
        )
    return found


def _read(root: Path) -> dict[str, Any]:
    path = root / "samconfig.toml"
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"There is no {path.name}: it names the stacks and their parameters.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"samconfig.toml cannot be read: {error}.") from None


def _parameters(env: str, given: object) -> Iterator[tuple[str, str]]:
    """Yield name and value of what `parameter_overrides` sets: a list of `Name=value`, or one of SAM's other forms."""
    if isinstance(given, Mapping):
        yield from ((str(name), str(value)) for name, value in given.items())
        return
    for text in shlex.split(given) if isinstance(given, str) else given if isinstance(given, list) else [given]:
        if isinstance(text, list | Mapping):
            yield from _parameters(env, text)
        elif found := _ONE.fullmatch(str(text)):
            yield found[1], _unquoted(found[2])
        else:
            raise ConfigError(
                f"samconfig.toml, {env}: `{text}` under parameter_overrides is not of the form Name=value."
                " Write each parameter there in this form, so that the build can read it."
            )


def _unquoted(value: str) -> str:
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'" else value
