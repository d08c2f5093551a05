"""Where an AWS service is: what the SDKs' own variables make of a region, so that both functions call the same host.

The sync calls through botocore, the real-time function by hand; a test compares the two over every region.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from retention.aws.sigv4 import Scope
from retention.errors import ConfigurationError

# Partitions by the prefix of their regions: where services are, and where those are that answer over IPv6 too.
_PARTITIONS: Final = {
    "cn-": ("amazonaws.com.cn", "api.amazonwebservices.com.cn"),
    "eusc-": ("amazonaws.eu", "api.amazonwebservices.eu"),
    "us-iso-": ("c2s.ic.gov", "api.aws.ic.gov"),
    "us-isob-": ("sc2s.sgov.gov", "api.aws.scloud"),
    "eu-isoe-": ("cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"),
    "us-isof-": ("csp.hci.ic.gov", "api.aws.hci.ic.gov"),
}
_EVERYWHERE_ELSE: Final = ("amazonaws.com", "api.aws")

_HTTP_PORT: Final = 80
_HTTPS_PORT: Final = 443
_MAX_PORT: Final = 65535

# scheme, host (an IPv6 address in brackets), port, path. urllib's own parser would cost 2 ms of each cold start.
_URL: Final = r"(https?)://(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::([0-9]{1,5}))?(/[\x21-\x7e]*)?"


@dataclass(frozen=True, slots=True)
class ServiceEndpoint:
    """Where a service is, and what signatures to it are good for. `host`: a name or an address, IPv6 without brackets.

    `port` is None where it is the scheme's own.
    """

    secure: bool
    host: str
    port: int | None
    path: str
    scope: Scope

    @classmethod
    def of(cls, service: str, env: Mapping[str, str] = os.environ) -> ServiceEndpoint:
        """Read the SDKs' own variables: region, endpoint URLs, and whether FIPS or IPv6 endpoints are wanted.

        Raises ConfigurationError where they name no endpoint.
        """
        region = env.get("AWS_REGION") or env.get("AWS_DEFAULT_REGION") or ""
        if not region:
            raise ConfigurationError("endpoint_invalid", f"{service} has no endpoint: set AWS_REGION.")
        scope = Scope(region, service)
        given = env.get(f"AWS_ENDPOINT_URL_{service.upper()}") or env.get("AWS_ENDPOINT_URL")
        if given and not _is_true(env, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"):
            return cls(*_parts(service, given), scope)
        fips, dual = _is_true(env, "AWS_USE_FIPS_ENDPOINT"), _is_true(env, "AWS_USE_DUALSTACK_ENDPOINT")
        return cls(secure=True, host=_host(service, region, fips=fips, dual=dual), port=None, path="/", scope=scope)

    @property
    def authority(self) -> str:
        """Return the value of the `host` header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port is None else f"{host}:{self.port}"

    @property
    def address(self) -> tuple[str, int]:
        """Return where to connect to."""
        return self.host, self.port or (_HTTPS_PORT if self.secure else _HTTP_PORT)


def _is_true(env: Mapping[str, str], name: str) -> bool:
    # botocore's reading: `true` in any case, and nothing else
    return env.get(name, "").lower() == "true"


def _host(service: str, region: str, *, fips: bool, dual: bool) -> str:
    """Return the service's name in the region, as botocore's rules for DynamoDB and SSM have it."""
    suffixes = next((found for prefix, found in _PARTITIONS.items() if region.startswith(prefix)), _EVERYWHERE_ELSE)
    # In GovCloud the ordinary endpoints are FIPS endpoints.
    marked = fips and (dual or not region.startswith("us-gov-"))
    return f"{service}{'-fips' if marked else ''}.{region}.{suffixes[dual]}"


def _parts(service: str, url: str) -> tuple[bool, str, int | None, str]:
    found = re.fullmatch(_URL, url, re.IGNORECASE | re.ASCII)
    if found is None or int(found[3] or 0) > _MAX_PORT or not set("?#").isdisjoint(url):
        raise ConfigurationError(
            "endpoint_invalid",
            f"{service} has no endpoint: AWS_ENDPOINT_URL must be a URL like https://dynamodb.eu-west-1.amazonaws.com.",
        )
    scheme, host, port, path = found.groups()
    return scheme.lower() == "https", host.strip("[]").lower(), int(port) if port else None, path or "/"
