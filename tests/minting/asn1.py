"""Take DER apart and put it together again, also in forms that no correct encoder writes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

SEQUENCE = 0x30
SET = 0x31
INTEGER = 0x02
BIT_STRING = 0x03
OCTET_STRING = 0x04
UTC_TIME = 0x17
GENERALIZED_TIME = 0x18


def tlv(tag: int, content: bytes) -> bytes:
    if len(content) < 0x80:
        return bytes([tag, len(content)]) + content
    length = len(content).to_bytes((len(content).bit_length() + 7) // 8)
    return bytes([tag, 0x80 | len(length)]) + length + content


def opened(element: bytes) -> tuple[int, bytes]:
    """Return the tag and the content of the one element that `element` is; ValueError if it is not one."""
    tag, content, after = _first(element)
    if after != len(element):
        raise ValueError("bytes after the element")
    return tag, content


def children(content: bytes) -> list[bytes]:
    """Return the elements that stand one after the other in `content`; ValueError if it is not elements."""
    found = []
    while content:
        _, _, after = _first(content)
        found.append(content[:after])
        content = content[after:]
    return found


def edited(element: bytes, path: Sequence[int], change: Callable[[bytes], bytes]) -> bytes:
    """Exchange the element at `path` (the number of a child, level by level) for what `change` makes of it."""
    if not path:
        return change(element)
    tag, content = opened(element)
    inside = children(content)
    inside[path[0]] = edited(inside[path[0]], path[1:], change)
    return tlv(tag, b"".join(inside))


def _first(raw: bytes) -> tuple[int, bytes, int]:
    """Return tag, content and end of the first element of `raw`: tags of one byte and definite lengths."""
    if len(raw) < 2 or raw[0] & 0x1F == 0x1F or raw[1] == 0x80:
        raise ValueError("not an element of DER")
    begin, length = 2, raw[1]
    if length > 0x80:
        begin = 2 + (length & 0x7F)
        length = int.from_bytes(raw[2:begin])
    end = begin + length
    if len(raw) < end:
        raise ValueError("an element is cut short")
    return raw[0], raw[begin:end], end
