"""The real-time URL: which URLs Apple could call, and how one is shown without its secret."""

from __future__ import annotations

import pytest

from console.appstore.realtime_url import check_url, shown

UNREACHABLE = [
    f"https://{host}/x"
    for host in (
        "localhost LOCALHOST api.localhost localhost.localdomain printer.local ip-10-0-0-1.ec2.internal api.internal"
        " api.example api.invalid api.test api.home.arpa nas.lan api.corp api.home api.intranet hidden.onion"
        " api retention-api 127.0.0.1 127.8.8.8 0.0.0.0 0.1.2.3 10.0.0.1 172.16.0.1 172.31.255.255 192.168.1.10"
        " 169.254.169.254 100.64.0.1 100.127.255.255 192.0.0.1 192.0.2.1 198.51.100.7 203.0.113.9 198.18.0.1"
        " 192.88.99.1 224.0.0.1 240.0.0.1 255.255.255.255 [::1] [::] [fe80::1] [fc00::1] [fd12:3456::1] [ff02::1]"
        " [2001:db8::1] [3fff::1] [::ffff:127.0.0.1] [::ffff:10.0.0.1] [::127.0.0.1] [64:ff9b::7f00:1]"
        " [2002:7f00:1::] [2001:0:1::1] [fec0::1] [100::1]"
    ).split()
]


@pytest.mark.parametrize("url", UNREACHABLE)
def test_a_url_that_apple_cannot_reach_is_refused(url: str) -> None:
    """Apple would accept a private name or address, and every call to it would fail."""
    with pytest.raises(ValueError, match=r".+"):
        check_url(url)


@pytest.mark.parametrize("host", ["localhost:8443", "10.0.0.1", "api.internal", "[::1]"])
def test_a_rehearsal_may_use_a_private_address(host: str) -> None:
    """A rehearsal is called from this machine, through a tunnel or in a private network."""
    check_url(f"https://{host}/x", from_here=True)


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080/x", "http://localhost:8080/", "http://[::1]:8080/"])
def test_plain_http_is_for_this_machine_alone(url: str) -> None:
    """The simulator and `make sandbox` use it; no request goes over a network without TLS."""
    check_url(url)
    for other in (
        "http://127.1/",
        "http://localhost.example.com/",
        "http://127.0.0.1.example.com/",
        "http://10.0.0.1/",
    ):
        with pytest.raises(ValueError, match=r".+"):
            check_url(other, from_here=True)


@pytest.mark.parametrize(
    "url",
    [
        "https://api.example.com/v1/retention-message",
        "https://example.com:8443/?app=1",
        "http://127.0.0.1:8080/v1/retention-message",
        "http://localhost:8080/",
        "http://[::1]:8080/",
    ],
)
def test_urls_that_are_taken(url: str) -> None:
    """A rehearsal takes HTTPS anywhere, as Apple does, and plain HTTP on this machine."""
    check_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "http://10.0.0.1/",
        "http://localhost.example.com/",
        "http://127.0.0.1@example.com/",
        "https://user:password@example.com/",
        "https://example.com/#top",
        "https://example.com:port/",
        "https:///path",
        "ftp://example.com/",
        "example.com",
        "",
        "https://example.com/" + "x" * 240,
    ],
)
def test_urls_that_are_refused(url: str) -> None:
    """A rehearsal refuses URLs that Apple would not take, and plain HTTP to another machine."""
    with pytest.raises(ValueError, match=r".+"):
        check_url(url)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "https://a.example.com/v1/retention-message/s3cr3t",
            "https://a.example.com/v1/retention-message/<PathSecret>",
        ),
        (
            'Apple refuses "https://a.example.com/v1/retention-message/s3cr3t".',
            'Apple refuses "https://a.example.com/v1/retention-message/<PathSecret>".',
        ),
        ("https://a.example.com/v1/retention-message", "https://a.example.com/v1/retention-message"),
        ("https://a.example.com/other/s3cr3t", "https://a.example.com/other/s3cr3t"),
    ],
)
def test_the_path_secret_is_not_shown(text: str, expected: str) -> None:
    """What a command prints ends in logs and issues; only our own path has a secret."""
    assert shown(text) == expected
