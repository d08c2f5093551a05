"""AWS's settings in the shell and in profiles: a wrong one is named with its place and what to write."""

from __future__ import annotations

import pytest

from console.deployment.aws_settings import (
    check_profile,
    check_services,
    check_variables,
    endpoints,
    fault_of,
    is_proxy,
)
from console.terminal.failure import Failure

SECRET = "hush-hush"


def refusal(variable: str, value: str) -> str:
    """Return the text with which a variable is refused, which must be on one line."""
    with pytest.raises(Failure) as failed:
        check_variables({variable: value})
    assert "\n" not in str(failed.value)
    return str(failed.value)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("AWS_ENDPOINT_URL", "localhost:8000"),
        ("AWS_ENDPOINT_URL", "127.0.0.1"),
        ("AWS_ENDPOINT_URL", "http://"),
        ("AWS_ENDPOINT_URL", "http://local host:8000"),
        ("AWS_ENDPOINT_URL", " http://127.0.0.1:8000"),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:8000\n"),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:99999"),
        ("AWS_ENDPOINT_URL", "http://[::1"),
        ("AWS_ENDPOINT_URL", "ftp://127.0.0.1"),
        ("AWS_ENDPOINT_URL_DYNAMODB", "localhost:8000"),
        ("AWS_ENDPOINT_URL_SSM", "nonsense"),
        ("AWS_DEFAULT_REGION", "us east"),
        ("AWS_DEFAULT_REGION", "us_east_1"),
        ("AWS_MAX_ATTEMPTS", "many"),
        ("AWS_MAX_ATTEMPTS", "-1"),
        ("AWS_MAX_ATTEMPTS", "0"),
        ("AWS_RETRY_MODE", "sometimes"),
        ("AWS_STS_REGIONAL_ENDPOINTS", "odd"),
        ("AWS_DEFAULTS_MODE", "odd"),
        ("AWS_USE_FIPS_ENDPOINT", "yes"),
        ("AWS_USE_DUALSTACK_ENDPOINT", "1"),
        ("AWS_ACCOUNT_ID_ENDPOINT_MODE", "odd"),
        ("AWS_REQUEST_CHECKSUM_CALCULATION", "odd"),
        ("AWS_RESPONSE_CHECKSUM_VALIDATION", "odd"),
        ("AWS_REQUEST_MIN_COMPRESSION_SIZE_BYTES", "x"),
        ("AWS_METADATA_SERVICE_TIMEOUT", "x"),
        ("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "x"),
    ],
)
def test_an_invalid_variable_is_named(variable: str, value: str) -> None:
    """The text has the variable, its value and what to write; botocore raises an opaque ValueError, or nothing."""
    text = refusal(variable, value)
    assert text.startswith(f"{variable}={value}".replace("\n", "\\n"))
    assert "write " in text


@pytest.mark.parametrize("name", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"])
@pytest.mark.parametrize("damage", ["{} ", "{}\n", '"{}"', "{} x", "{}é"])
def test_a_key_with_extra_characters_is_named_and_not_quoted(name: str, damage: str) -> None:
    """The clipboard often adds a line end; AWS would only answer that the signature is wrong."""
    if damage == '"{}"':  # plain quotation marks can be part of a session token
        damage = "“{}”"
    text = refusal(name, damage.format(SECRET))
    assert name in text
    assert SECRET not in text


def test_good_variables_are_taken() -> None:
    """Empty variables, and those of others, are not checked."""
    good = {"AWS_ENDPOINT_URL": "http://127.0.0.1:8000", "AWS_RETRY_MODE": "standard", "AWS_MAX_ATTEMPTS": "3"}
    check_variables({**good, "AWS_DEFAULT_REGION": "eu-isoe-west-1", "AWS_DEFAULTS_MODE": "", "OTHER": "x y"})


def test_a_profiles_setting_is_named_with_its_file() -> None:
    """Settings of a profile have other names than variables, and some are nested."""
    with pytest.raises(Failure, match=r"`max_attempts = many` in the profile dev of /c cannot be: write a number"):
        check_profile("dev", "/c", {"max_attempts": "many"})
    with pytest.raises(Failure, match=r"`endpoint_url = localhost:1` in the profile dev of /c is not an address"):
        check_profile("dev", "/c", {"dynamodb": {"endpoint_url": "localhost:1"}})
    check_profile("dev", "/c", {"region": "us-east-1", "endpoint_url": "http://127.0.0.1:1", "s3": {"x": 1}})


def test_a_services_section_is_named() -> None:
    """A profile may name a section with the addresses of single services."""
    config = {"services": {"local": {"dynamodb": {"endpoint_url": "localhost:8123"}}}}
    with pytest.raises(Failure, match=r"`endpoint_url = localhost:8123` in \[services local\] of /c is not an address"):
        check_services("local", "/c", config)
    check_services("another", "/c", config)
    check_services("local", "/c", {})


def test_the_shells_addresses_are_those_of_all_services() -> None:
    """Any service's variable counts, and an empty one is none."""
    environ = {"AWS_ENDPOINT_URL": "http://a", "AWS_ENDPOINT_URL_SSM": "http://b", "AWS_ENDPOINT_URL_S3": "", "X": "y"}
    assert endpoints(environ) == ["http://a", "http://b"]


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("http://127.0.0.1:8000", None),
        ("https://dynamodb.us-east-1.amazonaws.com", None),
        ("localhost:8000", "it does not begin with http:// or https://"),
    ],
)
def test_the_address_of_a_service_needs_a_scheme(url: str, fault: str | None) -> None:
    """`localhost:8000` is read as a scheme by botocore, which then fails with an error about something else."""
    assert fault_of(url) == fault


@pytest.mark.parametrize(
    ("url", "good"),
    [
        ("http://proxy.example.com:3128", True),
        ("http://user:password@proxy.example.com:3128", True),
        ("https://proxy.example.com", True),
        ("socks5://127.0.0.1:1080", False),
        ("http://", False),
        ("http://a b:3128", False),
        ("http://a:0", False),
        ("http://[::1", False),
        ("http://a:99999", False),
    ],
)
def test_a_proxy_is_one_that_awss_library_can_use(url: str, *, good: bool) -> None:
    """It takes an HTTP proxy, and no other kind."""
    assert is_proxy(url) is good
