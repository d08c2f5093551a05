"""AWS's own settings, in the shell and in a profile, checked before botocore reads them.

botocore's errors name most values only as invalid, some not at all, and never the place where a value is set.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from console.terminal.addresses import read_base
from console.terminal.failure import Failure


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its variable, its name in a profile, what it may be, and that in words."""

    variable: str
    key: str
    pattern: str
    wanted: str


_BOOLEAN: Final = ("(?i:true|false)", "true or false")
_WHOLE: Final = ("[0-9]{1,9}", "a whole number")
_CHECKSUM: Final = ("(?i:when_supported|when_required)", "when_supported or when_required")
_KEY: Final = (r"[!-~]+", "what AWS gave, without blanks, line ends and quotation marks around it")

SETTINGS: Final = (
    Setting("AWS_DEFAULT_REGION", "region", r"(?![0-9]+$)(?!-)[A-Za-z0-9-]{1,63}(?<!-)", "a region such as us-east-1"),
    Setting("AWS_MAX_ATTEMPTS", "max_attempts", "[1-9][0-9]{0,3}", "a number from 1 on"),
    Setting("AWS_RETRY_MODE", "retry_mode", "legacy|standard|adaptive", "legacy, standard or adaptive"),
    Setting("AWS_STS_REGIONAL_ENDPOINTS", "sts_regional_endpoints", "(?i:legacy|regional)", "legacy or regional"),
    Setting(
        "AWS_DEFAULTS_MODE",
        "defaults_mode",
        "(?i:legacy|auto|standard|in-region|cross-region|mobile)",
        "legacy, auto, standard, in-region, cross-region or mobile",
    ),
    Setting("AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint", *_BOOLEAN),
    Setting("AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint", *_BOOLEAN),
    Setting("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "ignore_configured_endpoint_urls", *_BOOLEAN),
    Setting(
        "AWS_ACCOUNT_ID_ENDPOINT_MODE",
        "account_id_endpoint_mode",
        "(?i:preferred|disabled|required)",
        "preferred, disabled or required",
    ),
    Setting("AWS_REQUEST_CHECKSUM_CALCULATION", "request_checksum_calculation", *_CHECKSUM),
    Setting("AWS_RESPONSE_CHECKSUM_VALIDATION", "response_checksum_validation", *_CHECKSUM),
    Setting("AWS_REQUEST_MIN_COMPRESSION_SIZE_BYTES", "request_min_compression_size_bytes", *_WHOLE),
    Setting(
        "AWS_METADATA_SERVICE_TIMEOUT", "metadata_service_timeout", r"[0-9]{1,9}(\.[0-9]+)?", "a number of seconds"
    ),
    Setting("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "metadata_service_num_attempts", *_WHOLE),
    Setting("AWS_ACCESS_KEY_ID", "aws_access_key_id", *_KEY),
    Setting("AWS_SECRET_ACCESS_KEY", "aws_secret_access_key", *_KEY),
    Setting("AWS_SESSION_TOKEN", "aws_session_token", *_KEY),
)
_SECRET: Final = frozenset({"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"})
_ENDPOINT: Final = "AWS_ENDPOINT_URL"


def fault_of(url: str) -> str | None:
    """Return what is wrong with the address of a service, as a clause; None where it can be called."""
    try:
        read_base(url)
    except ValueError as error:
        return str(error) if "://" in url else "it does not begin with http:// or https://"
    return None


def is_proxy(url: str) -> bool:
    """Return whether a proxy can be asked: http or https, with a name and a password or without; no blank anywhere."""
    try:
        parts = urlsplit(url)
        good = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return good and not re.search(r"[\s\x00-\x20\x7f]", url)


def check_variables(environ: Mapping[str, str]) -> None:
    """Raise Failure for the first variable of AWS's that cannot be meant, naming it and what to write."""
    _check({setting.variable: setting for setting in SETTINGS}, environ, "")
    for name, value in environ.items():
        if (name == _ENDPOINT or name.startswith(f"{_ENDPOINT}_")) and value and fault_of(value):
            raise Failure(
                f"{name}={_visible(value)} is not an address: write one like http://127.0.0.1:8000, or unset it"
                f" ({fault_of(value)})."
            )


def check_profile(profile: str, file: str, values: Mapping[str, object]) -> None:
    """Likewise, for a profile's settings in a configuration file."""
    texts = {name: value for name, value in values.items() if isinstance(value, str)}
    where = f" in the profile {profile} of {file}"
    _check({setting.key: setting for setting in SETTINGS}, texts, where)
    for name, value in _endpoints(values):
        if fault_of(value):
            raise Failure(f"`{name} = {value}`{where} is not an address: write one like http://127.0.0.1:8000.")


def check_services(name: object, file: str, config: Mapping[str, object]) -> None:
    """Likewise, for the section [services `name`] of a profile; `config` is the file as botocore reads it."""
    sections = config.get("services")
    values = sections.get(name) if isinstance(sections, Mapping) else None
    for key, value in _endpoints(values if isinstance(values, Mapping) else {}):
        if fault_of(value):
            raise Failure(
                f"`{key} = {value}` in [services {name}] of {file} is not an address: write one like http://127.0.0.1:8000."
            )


def endpoints(environ: Mapping[str, str]) -> list[str]:
    """Return the addresses that the shell names instead of AWS's own."""
    return [value for name, value in environ.items() if name.startswith(_ENDPOINT) and value]


def _endpoints(values: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        if name == "endpoint_url" and isinstance(value, str):
            yield name, value
        elif isinstance(value, Mapping):  # the nested settings of one service
            yield from _endpoints(value)


def _check(known: Mapping[str, Setting], given: Mapping[str, str], where: str) -> None:
    for name, setting in known.items():
        value = given.get(name, "")
        if value and not re.fullmatch(setting.pattern, value):
            secret = setting.variable in _SECRET
            written = f"`{name} = {_visible(value)}`" if where else f"{name}={_visible(value)}"
            if secret:
                raise Failure(f"{name}{where} holds a character that no key has: write {setting.wanted}.")
            raise Failure(f"{written}{where} cannot be: write {setting.wanted}{'' if where else ', or unset it'}.")


def _visible(text: str) -> str:
    """Return a value on one line: a line's end or another control character as its escape."""
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)
