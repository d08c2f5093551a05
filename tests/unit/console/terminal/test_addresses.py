"""A URL is sent exactly as it was checked, and Apple gets none that it cannot reach."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from console.appstore.realtime_url import check_url
from console.deployment.aws import client
from console.deployment.session import base_url
from console.terminal.addresses import read_url
from console.terminal.failure import Misuse

ACCEPTED = [
    "https://abc123.execute-api.us-east-1.amazonaws.com/v1/retention-message/s3cr3t",
    "https://api.example.com",
    "https://api.example.com/",
    "https://api.example.com:8443/v1?app=1&x=%C3%A4",
    "https://xn--mnchen-3ya.example.com/a_b~c",
    "https://8.8.8.8/x",
    "https://[2606:4700:4700::1111]/x",
    "https://[2606:4700:4700::1111]:8443/x",
    "https://localhost.example.com/",
    "https://my_host.example.com/",
    "https://1and1.com/",
    "https://api.example.com/.well-known/a..b/v1.2/...?x=/../",
]

# URLs that different programs trim, decode or parse differently.
AMBIGUOUS = [
    " https://api.example.com/x",
    "https://api.example.com/x ",
    "https://api.example.com/x\n",
    "\thttps://api.example.com/x",
    "https://api.example.com/a/../b",
    "https://api.example.com/./a",
    "https://api.example.com/a/..",
    "https://api.example.com/a/%2e%2E/b?c",
    "https://api.example.com/a b",
    "https://api.example.com/a\tb",
    "https://api.exam\nple.com/",
    "https://api.example.com/a\r\nX-Other: 1",
    "https://api.example.com\\x",
    "https:\\\\api.example.com/x",
    "https:/api.example.com/x",
    "https:api.example.com/x",
    "https:///api.example.com/x",
    "HTTPS://api.example.com/x",
    "//api.example.com/x",
    "api.example.com/x",
    "https://api.example.com:0/x",
    "https://api.example.com:/x",
    "https://api.example.com:65536/x",
    "https://api.example.com:0443/x",
    "https://api.example.com:+443/x",
    "https://api.example.com:٤٤٣/x",
    "https://user@api.example.com/x",
    "https://user:word@api.example.com/x",
    "https://:@api.example.com/x",
    "https://api.example.com#/x",
    "https://api.example.com/x#",
    "https://api.example.com/x#top",
    "https://münchen.example.com/x",
    "https://api.example.com/größe",
    "https://api。example。com/x",
    "https://ⓔxample.com/x",
    "https://api.example.com/\u200bx",
    "https://api.example.com/\u00a0",
    "\ufeffhttps://api.example.com/",
    "https://api.example.com/%",
    "https://api.example.com/%zz",
    "https://api.example.com/%0d%0aX:1",
    "https://api.example.com/%00",
    "https://api%2eexample.com/",
    "https://api.example.com/\x00",
    "https://api.example.com/\x7f",
    'https://api.example.com/"x"',
    "https://api.example.com/<x>",
    "https://api.example.com/{x}",
    "https://api.example.com/a|b",
    "https://api.example.com/a^b",
    "https://api..example.com/",
    "https://.example.com/",
    "https://api.example.com./",
    "https://-api.example.com/",
    f"https://{'a' * 64}.example.com/",
    "https://[::1/",
    "https://[fe80::1%25en0]/",
    "https://[1.2.3.4]/",
    "https://2606:4700::1111/",
    "https://[2606:4700::1111]x/",
    "https://127.1/",
    "https://0x7f.1/",
    "https://0x7f000001/",
    "https://2130706433/",
    "https://0177.0.0.1/",
    "https://8.8.8/",
    "https://8.8.8.8.8/",
    "https://256.1.1.1/",
    "https://08.8.8.8/",
    "ftp://api.example.com/",
    "javascript:alert(1)",
    "",
]


@pytest.mark.parametrize("url", ACCEPTED)
def test_a_public_url_is_accepted(url: str) -> None:
    """Such a URL has one form, which every program reads in the same way."""
    check_url(url)
    assert read_url(url).host == (urlsplit(url).hostname or "")
    assert read_url(url).port == urlsplit(url).port


@pytest.mark.parametrize("url", AMBIGUOUS)
def test_an_ambiguous_url_is_refused(url: str) -> None:
    """It is refused also if only this machine would call it, since the checked URL must be the one that is sent."""
    for from_here in (False, True):
        with pytest.raises(ValueError, match=r".+"):
            check_url(url, from_here=from_here)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://münchen.example.com/x", "as xn--mnchen-3ya.example.com"),
        ("https://api.example.com/x\n", "ends with U\\+000A LINE FEED"),
        ("https://api.example.com/a b", "has U\\+0020 SPACE"),
        ("https://api.example.com:0/x", "from 1 to 65535, not `0`"),
        ("https://192.168.1.10/x", "192.168.1.10 is not a public address"),
        ("https://printer.local/x", "end in `local`"),
        ("https://retention/x", "`retention` is a name in your own network"),
    ],
)
def test_a_refusal_has_its_reason(url: str, expected: str) -> None:
    """The error does not quote the path, which may end in a secret."""
    with pytest.raises(ValueError, match=expected):
        check_url(url)


@pytest.mark.parametrize("url", [*AMBIGUOUS, "http://127.0.0.1:8000/?x=1"])
def test_other_addresses_are_read_the_same_way(url: str) -> None:
    """Addresses of AWS and of Apple's API may come from a shell variable with a line end."""
    with pytest.raises(Misuse, match="is not an address"):
        client("dynamodb", region="us-east-1", endpoint_url=url)
    with pytest.raises(Misuse, match="is not an address"):
        base_url(url, "Sandbox")


@pytest.mark.parametrize(
    ("url", "became"),
    [
        ("http://127.0.0.1:8700", "http://127.0.0.1:8700/sandbox"),
        ("http://localhost:8700/", "http://localhost:8700/sandbox"),
        ("http://[::1]:8700", "http://[::1]:8700/sandbox"),
        ("http://127.0.0.1:8700/sandbox/", "http://127.0.0.1:8700/sandbox"),
        ("https://apple.internal/x", "https://apple.internal/x"),
    ],
)
def test_the_simulators_address_stands_for_both_environments(url: str, became: str) -> None:
    """Private addresses are allowed here, since the option is for simulators and proxies."""
    assert base_url(url, "Sandbox") == became
