"""Check URLs from options and variables. They are used exactly as written: never trimmed, decoded or normalised.

Programs read a URL with a blank, a backslash or an unusual number differently. So only the form that all of them read
alike is accepted (RFC 3986, and RFC 1123 for the host). Errors are ValueError, with a clause that states the reason.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Final

from console.terminal.characters import describe_character

# RFC 3986, section 2: unreserved and reserved characters, and the sign of an encoded one.
_FORBIDDEN: Final = re.compile(r"[^A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]")
_BROKEN_ENCODING: Final = re.compile("%(?![0-9A-Fa-f]{2})")
_ENCODED_CONTROL: Final = re.compile("%(?:[01][0-9A-Fa-f]|7[Ff])")
# `.` and `..` in a path, which some programs remove and others send: RFC 3986, section 6.2.2.3.
_DOTS: Final = re.compile("/(?:[.]|%2[Ee]){1,2}(?=[/?]|$)")
_AUTHORITY: Final = re.compile(r"(https?)://([^/?#]*)([/?#].*)?", re.DOTALL)
_HOST_AND_PORT: Final = re.compile(r"(\[[^\]]*\]|[^:\[\]]*)(?::(.*))?", re.DOTALL)
_LABEL: Final = re.compile("[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
# Browsers read a host whose last label is a number, in any base, as an IPv4 address: 127.1, 0x7f.1, 2130706433.
_NUMBER: Final = re.compile("[0-9]+|0[xX][0-9A-Fa-f]*")
_MAX_HOST: Final = 253
LAST_PORT: Final = 65_535

# Names that public DNS does not have: reserved ones (RFC 2606, 6761, 6762, 7686, 8375, 9476; ICANN for `internal`), and
# names that private networks use and that are not top-level domains.
_NOT_PUBLIC: Final = (
    "localhost local localdomain internal intranet private corp home lan test example invalid onion alt home.arpa"
    " in-addr.arpa ip6.arpa"
).split()
# Public IPv6 addresses are in 2000::/3, except those for documentation (RFC 9637) and those that embed an IPv4 address.
_PUBLIC_6: Final = ipaddress.IPv6Network("2000::/3")
_NOT_PUBLIC_6: Final = tuple(map(ipaddress.IPv6Network, ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")))
_NOT_PUBLIC_4: Final = tuple(map(ipaddress.IPv4Network, ("192.0.0.0/24", "192.88.99.0/24")))

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class UrlParts:
    """An accepted URL. `host` is without brackets; `port` is None if none is written; `rest` is path and query."""

    scheme: str
    host: str
    port: int | None
    rest: str

    @property
    def is_loopback(self) -> bool:
        """Whether the host is this machine."""
        address = _address(self.host)
        return self.host.lower() == "localhost" if address is None else address.is_loopback


def read_url(url: str) -> UrlParts:
    """Return the parts of a URL. Raises ValueError with a clause unless all programs read it alike."""
    _check_characters(url)
    found = _AUTHORITY.fullmatch(url)
    if found is None:
        raise ValueError("write it like https://api.example.com/v1/retention-message")
    scheme, authority, rest = found[1], found[2], found[3] or ""
    if "@" in authority or "#" in rest:
        raise ValueError("write it without user name and fragment")
    if _DOTS.search(rest.partition("?")[0]):
        raise ValueError("write its path without `.` and `..`")
    split = _HOST_AND_PORT.fullmatch(authority)
    if split is None:
        raise ValueError(f"`{authority}` is not a host with a port")
    _check_host(split[1])
    return UrlParts(scheme, split[1].strip("[]"), _port(split[2]), rest)


def read_base(url: str) -> UrlParts:
    """Return the parts of a service's base URL, to which paths are appended. Raises ValueError with a clause."""
    parts = read_url(url)
    if "?" in parts.rest:
        raise ValueError("write it without a query")
    return parts


def refusal(url: str, like: str, error: ValueError) -> str:
    """Return the sentence for an address that `read_base` refused. `like` is a good example."""
    shown = "".join(character if character.isprintable() else "\ufffd" for character in url)
    unseen = "" if url.isascii() and url.isprintable() and " " not in url else f" ({error})"
    return f"`{shown}` is not an address: write one like {like}{unseen}."


def check_public(parts: UrlParts) -> None:
    """Raise ValueError with a clause if Apple could not reach the host from the internet."""
    host = parts.host.lower()
    address = _address(host)
    if address is not None:
        if not _is_public(address):
            raise ValueError(f"{host} is not a public address, so Apple cannot reach it")
        return
    for name in _NOT_PUBLIC:
        if host == name or host.endswith(f".{name}"):
            raise ValueError(f"public DNS has no names that end in `{name}`, so Apple cannot reach {host}")
    if "." not in host:
        raise ValueError(f"`{host}` is a name in your own network: Apple needs the full name, like api.example.com")


def _check_characters(url: str) -> None:
    forbidden = _FORBIDDEN.search(url)
    if forbidden is not None:
        character, position = forbidden[0], forbidden.start()
        host = re.match(r"https?://([^/?#]*)", url)
        if not character.isascii() and host is not None and position < host.end():
            raise ValueError(f"write its host in ASCII{_punycode(host[1])}, not with {describe_character(character)}")
        where = "begins or ends with" if url.strip() != url and position in {0, len(url.rstrip())} else "has"
        raise ValueError(f"it {where} {describe_character(character)}, which a URL must not have")
    broken = _BROKEN_ENCODING.search(url)
    if broken is not None:
        raise ValueError("a % in it is not followed by two hex digits")
    if _ENCODED_CONTROL.search(url):
        raise ValueError("it has an encoded control character")


def _punycode(authority: str) -> str:
    name = authority.rpartition("@")[2].partition(":")[0]
    try:
        return f", as {name.encode('idna').decode()}"
    except UnicodeError:
        return ""


def _check_host(host: str) -> None:
    if host.startswith("["):
        try:
            address = ipaddress.IPv6Address(host.strip("[]"))
        except ValueError:
            address = None
        if address is None or address.scope_id is not None:
            raise ValueError(f"`{host}` is not an IPv6 address")
        return
    if not host:
        raise ValueError("it names no host: write it like https://api.example.com/v1/retention-message")
    labels = host.split(".")
    if len(host) > _MAX_HOST or not all(map(_LABEL.fullmatch, labels)):
        raise ValueError(f"`{host}` is not a host name")
    if _NUMBER.fullmatch(labels[-1]) and _address(host) is None:
        raise ValueError(f"`{host}` is not an IPv4 address: write four numbers from 0 to 255, without leading zeros")


def _port(written: str | None) -> int | None:
    if written is None:
        return None
    if not re.fullmatch("[1-9][0-9]{0,4}", written) or int(written) > LAST_PORT:
        raise ValueError(f"a port is a number from 1 to {LAST_PORT}, not `{written}`")
    return int(written)


def _address(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _is_public(address: Address) -> bool:
    if address.is_multicast or address.is_reserved or not address.is_global:
        return False
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in network for network in _NOT_PUBLIC_4)
    return address in _PUBLIC_6 and not any(address in network for network in _NOT_PUBLIC_6)
