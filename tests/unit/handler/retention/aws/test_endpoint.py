"""Where a service is: the real-time function asks where the sync's boto3 would, in every region there is."""

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
from retention.aws.endpoint import ServiceEndpoint
from retention.errors import ConfigurationError

LOADER = Loader()
PARTITIONS = LOADER.load_data("partitions")
REGIONS = sorted(
    region for partition in PARTITIONS["partitions"] for region in partition["regions"] if "-global" not in region
)
SWITCHES = ("AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT")


class Asked(Exception):  # noqa: N818  # no failure: the end of what a test wants to see
    """Where botocore was about to send a request."""


def asked_by_the_sync(monkeypatch: pytest.MonkeyPatch, service: str) -> str:
    """Return the host that the sync's client asks in this environment, with its scheme."""

    def stop(request: Any, **_: object) -> None:
        raise Asked(request.url)

    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)  # the one that is kept has read another environment
    client = sdk.client(service)
    client.meta.events.register("before-send", stop)
    with pytest.raises(Asked) as asked:
        client.list_tables() if service == "dynamodb" else client.get_parameter(Name="/x")
    return str(asked.value).rstrip("/")


def url_of(endpoint: ServiceEndpoint) -> str:
    return f"{'https' if endpoint.secure else 'http'}://{endpoint.authority}"


@pytest.mark.parametrize("service", ["dynamodb", "ssm"])
@pytest.mark.parametrize(("fips", "dual"), [*itertools.product([False, True], repeat=2)])
def test_every_region_of_every_partition_is_where_the_sdk_has_it(service: str, *, fips: bool, dual: bool) -> None:
    """FIPS and IPv6 endpoints too; also a region that is newer than any list."""
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
def test_the_switches_mean_what_they_mean_to_the_sync(
    monkeypatch: pytest.MonkeyPatch, switch: str, value: str, region: str
) -> None:
    """The same environment, the same host: by the client that the sync makes of it."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(name, region)
    monkeypatch.setenv(switch, value)
    for service in ("dynamodb", "ssm"):
        assert url_of(ServiceEndpoint.of(service)) == asked_by_the_sync(monkeypatch, service)


def test_endpoints_that_are_configured_may_be_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS_IGNORE_CONFIGURED_ENDPOINT_URLS is one of the SDKs' own variables as well."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:8000")
    for value, ignored in (("true", True), ("false", False)):
        monkeypatch.setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", value)
        ours = url_of(ServiceEndpoint.of("dynamodb"))
        assert ours == asked_by_the_sync(monkeypatch, "dynamodb")
        assert ours.endswith("amazonaws.com") == ignored


@pytest.mark.parametrize("switch", SWITCHES)
def test_an_endpoint_of_ones_own_is_asked_as_it_is(monkeypatch: pytest.MonkeyPatch, switch: str) -> None:
    """What is configured by its URL is of no other kind, to both."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://vpce.example.com")
    monkeypatch.setenv(switch, "true")
    assert url_of(ServiceEndpoint.of("ssm")) == asked_by_the_sync(monkeypatch, "ssm") == "https://vpce.example.com"


hosts = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9.-]{0,20}|\[(::1|fe80::1|2001:DB8::7)\]", fullmatch=True)


@given(
    st.sampled_from(["http", "https", "HTTP", "Https"]),
    hosts,
    st.none() | st.integers(0, 65535),
    st.sampled_from(["", "/", "/path", "/a/b%20c/"]),
)
def test_a_url_is_taken_apart_as_the_standard_library_does(scheme: str, host: str, port: int | None, path: str) -> None:
    """Scheme, name or address, port and path."""
    url = f"{scheme}://{host}{'' if port is None else f':{port}'}{path}"
    found = ServiceEndpoint.of("ssm", {"AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL_SSM": url})
    theirs = urlsplit(url)
    assert (found.secure, found.host, found.path) == (theirs.scheme == "https", theirs.hostname, theirs.path or "/")
    assert found.address[1] == (theirs.port or (443 if found.secure else 80))


def test_an_address_of_ipv6_keeps_its_brackets_in_the_host_header() -> None:
    """`::1:8000` would be another address."""
    found = ServiceEndpoint.of("ssm", {"AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL": "http://[::1]:8000"})
    assert (found.authority, found.address) == ("[::1]:8000", ("::1", 8000))


@pytest.mark.parametrize(
    "url",
    [
        *("ftp://x", "http://", "http://[::1", "http://x:y", "http://x:65536", "http://x:-1", "x:8000", "//x"),
        *("http://x/?a=b", "http://x/#a", "http://x?", "http://a@x", "http://x y", "http://x\n", "http://ü.example"),
    ],
)
def test_what_is_no_url_of_a_service_stops_the_start(url: str) -> None:
    """With the service and the variable's name, before anything is called."""
    with pytest.raises(ConfigurationError, match="dynamodb has no endpoint: AWS_ENDPOINT_URL must be"):
        ServiceEndpoint.of("dynamodb", {"AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL": url})
