"""ServiceEndpoint.of finds the same URL of a service as the sync's boto3, in every region."""

from __future__ import annotations

import itertools
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.endpoint_provider import EndpointProvider
from botocore.loaders import Loader
from hypothesis import given
from hypothesis import strategies as st
from retention.aws import sdk
from retention.aws.service_address import ServiceEndpoint
from retention.errors import ConfigurationError

LOADER = Loader()
PARTITIONS = LOADER.load_data("partitions")
REGIONS = sorted(
    region for partition in PARTITIONS["partitions"] for region in partition["regions"] if "-global" not in region
)
SWITCHES = ("AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT")


class RequestStoppedError(Exception):
    """Raised in the place of sending; its text is the URL that botocore was about to call."""


def url_of_the_sync(monkeypatch: pytest.MonkeyPatch, service: str) -> str:
    """Return the scheme and host that the sync's client calls in this environment."""

    def stop(request: Any, **_: object) -> None:
        raise RequestStoppedError(request.url)

    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)  # boto3 keeps a session with the environment of an earlier test
    client = sdk.client(service)
    client.meta.events.register("before-send", stop)
    with pytest.raises(RequestStoppedError) as stopped:
        client.list_tables() if service == "dynamodb" else client.get_parameter(Name="/x")
    return str(stopped.value).rstrip("/")


def url_of(endpoint: ServiceEndpoint) -> str:
    return f"{'https' if endpoint.secure else 'http'}://{endpoint.authority}"


@pytest.mark.parametrize("service", ["dynamodb", "ssm"])
@pytest.mark.parametrize(("fips", "dual"), [*itertools.product([False, True], repeat=2)])
def test_every_region_of_every_partition_has_the_sdks_url(service: str, *, fips: bool, dual: bool) -> None:
    """The URL is botocore's, with FIPS and IPv6 too, and for a region that is newer than botocore's list."""
    resolver = EndpointProvider(LOADER.load_service_model(service, "endpoint-rule-set-1"), PARTITIONS)
    assert len(REGIONS) > 40
    for region in [*REGIONS, "eu-newest-1", "us-gov-newest-1", "cn-newest-1"]:
        more: dict[str, Any] = {"AccountIdEndpointMode": "disabled"} if service == "dynamodb" else {}
        theirs = resolver.resolve_endpoint(Region=region, UseFIPS=fips, UseDualStack=dual, **more)
        variables = {"AWS_REGION": region, **dict(zip(SWITCHES, map(str, (fips, dual)), strict=True))}
        assert url_of(ServiceEndpoint.of(service, variables)) == theirs.url, region


@pytest.mark.parametrize("switch", SWITCHES)
@pytest.mark.parametrize("value", ["true", "TRUE", "false", "1", "yes", ""])
@pytest.mark.parametrize("region", ["eu-west-1", "us-gov-west-1"])
def test_fips_and_dual_stack_variables_mean_the_same_to_the_sync(
    monkeypatch: pytest.MonkeyPatch, switch: str, value: str, region: str
) -> None:
    """With the same environment, ServiceEndpoint.of and the sync's boto3 client choose the same host."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(name, region)
    monkeypatch.setenv(switch, value)
    for service in ("dynamodb", "ssm"):
        assert url_of(ServiceEndpoint.of(service)) == url_of_the_sync(monkeypatch, service)


def test_configured_endpoints_can_be_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS_IGNORE_CONFIGURED_ENDPOINT_URLS, a standard variable of AWS SDKs, has the same effect here as in boto3."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:8000")
    for value, ignored in (("true", True), ("false", False)):
        monkeypatch.setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", value)
        ours = url_of(ServiceEndpoint.of("dynamodb"))
        assert ours == url_of_the_sync(monkeypatch, "dynamodb")
        assert ours.endswith("amazonaws.com") == ignored


@pytest.mark.parametrize("switch", SWITCHES)
def test_a_configured_endpoint_is_called_as_written(monkeypatch: pytest.MonkeyPatch, switch: str) -> None:
    """FIPS and dual-stack variables do not change a URL from AWS_ENDPOINT_URL, here or in boto3."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://vpce.example.com")
    monkeypatch.setenv(switch, "true")
    assert url_of(ServiceEndpoint.of("ssm")) == url_of_the_sync(monkeypatch, "ssm") == "https://vpce.example.com"


hosts = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9.-]{0,20}|\[(::1|fe80::1|2001:DB8::7)\]", fullmatch=True)


@given(
    st.sampled_from(["http", "https", "HTTP", "Https"]),
    hosts,
    st.none() | st.integers(0, 65535),
    st.sampled_from(["", "/", "/path", "/a/b%20c/"]),
)
def test_a_url_is_split_as_the_standard_library_splits_it(scheme: str, host: str, port: int | None, path: str) -> None:
    """Scheme, host, port and path are those of `urllib.parse.urlsplit`."""
    url = f"{scheme}://{host}{'' if port is None else f':{port}'}{path}"
    found = ServiceEndpoint.of("ssm", {"AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL_SSM": url})
    theirs = urlsplit(url)
    assert (found.secure, found.host, found.path) == (theirs.scheme == "https", theirs.hostname, theirs.path or "/")
    assert found.address[1] == (theirs.port or (443 if found.secure else 80))


def test_an_ipv6_address_keeps_its_brackets_in_the_host_header() -> None:
    """Without brackets `::1:8000` would be another address."""
    found = ServiceEndpoint.of("ssm", {"AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL": "http://[::1]:8000"})
    assert (found.authority, found.address) == ("[::1]:8000", ("::1", 8000))


@pytest.mark.parametrize(
    "url",
    [
        *("ftp://x", "http://", "http://[::1", "http://x:y", "http://x:65536", "http://x:-1", "x:8000", "//x"),
        *("http://x/?a=b", "http://x/#a", "http://x?", "http://a@x", "http://x y", "http://x\n", "http://ü.example"),
    ],
)
def test_an_endpoint_that_is_no_url_stops_the_start(url: str) -> None:
    """The error names the service and the variable, before any call is made."""
    with pytest.raises(ConfigurationError, match="dynamodb has no endpoint: AWS_ENDPOINT_URL must be"):
        ServiceEndpoint.of("dynamodb", {"AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL": url})


@pytest.mark.parametrize(
    ("variables", "place"),
    [
        ({"AWS_REGION": "eu-west-1"}, "https://dynamodb.eu-west-1.amazonaws.com"),
        ({"AWS_DEFAULT_REGION": "us-gov-west-1"}, "https://dynamodb.us-gov-west-1.amazonaws.com"),
        ({"AWS_REGION": "cn-north-1"}, "https://dynamodb.cn-north-1.amazonaws.com.cn"),
        ({"AWS_REGION": "eusc-de-east-1"}, "https://dynamodb.eusc-de-east-1.amazonaws.eu"),
        ({"AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL": "http://localhost:8000"}, "http://localhost:8000"),
        (
            {"AWS_REGION": "a", "AWS_ENDPOINT_URL": "http://x", "AWS_ENDPOINT_URL_DYNAMODB": "http://y:1"},
            "http://y:1",
        ),
        ({"AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL_DYNAMODB": ""}, "https://dynamodb.us-east-1.amazonaws.com"),
    ],
)
def test_the_endpoint_is_the_one_of_the_sdks(variables: dict[str, str], place: str) -> None:
    """Region, partition and the AWS SDKs' own variables decide the URL."""
    found = ServiceEndpoint.of("dynamodb", variables)
    assert f"{'https' if found.secure else 'http'}://{found.authority}" == place


@pytest.mark.parametrize(
    "variables",
    [{}, *({"AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL": url} for url in ("ftp://x", "http://[::1", "http://x:y"))],
)
def test_without_a_region_or_with_a_bad_endpoint_nothing_starts(variables: dict[str, str]) -> None:
    """Without a region, or with an endpoint that is no http or https URL, the function does not start."""
    with pytest.raises(ConfigurationError):
        ServiceEndpoint.of("dynamodb", variables)
