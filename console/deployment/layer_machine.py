"""For which machine a deployed layer's native code was made, read from the layer itself.

Lambda compares nothing: the architecture it shows is the one that was declared. So the zip file is asked for in parts:
its directory, and the first bytes of one shared object.
"""

from __future__ import annotations

import io
import zipfile
from typing import Any, Final

from console.terminal import trust
from console.terminal.failure import Failure

_BLOCK: Final = 64 * 1024
_TIMEOUT: Final = (5.0, 20.0)
_PARTIAL, _WHOLE = 206, 200
# Field e_machine of an ELF header (System V ABI), in Lambda's terms.
_MACHINES: Final = {62: "x86_64", 183: "arm64"}


def machine_of(url: str) -> str | None:
    """Return `arm64`, `x86_64` or another machine's number, None for a layer without native code.

    `url` is the Content.Location of a GetLayerVersion: it lets every holder read, so no message repeats it. Raises
    Failure where it cannot be read.
    """
    try:
        with zipfile.ZipFile(io.BufferedReader(_Remote(url), _BLOCK)) as layer:
            objects = (name for name in layer.namelist() if ".so" in name.rpartition("/")[2])
            for name in objects:
                with layer.open(name) as found:
                    header = found.read(20)
                if header.startswith(b"\x7fELF"):
                    machine = int.from_bytes(header[18:20], "little")
                    return _MACHINES.get(machine, f"ELF machine {machine}")
    except (OSError, zipfile.BadZipFile, zipfile.LargeZipFile) as error:
        raise Failure(f"The layer could not be read from where Lambda keeps it ({type(error).__name__}).") from None
    return None


class _Remote(io.RawIOBase):
    """A file behind a URL, of which only what is read is fetched; all of it at once where the server knows no parts."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url, self._at = url, 0
        self._all: bytes | None = None
        answer = self._get("bytes=-1")
        if self._all is None:
            self._size = int(str(answer.headers["content-range"]).rpartition("/")[2])

    def _get(self, part: str) -> Any:  # noqa: ANN401  # requests' Response, imported late
        import requests  # noqa: PLC0415  # half a second that one command needs

        roots = trust.bundle(aws=True) or True
        answer = requests.get(self._url, headers={"Range": part}, timeout=_TIMEOUT, verify=roots)
        if answer.status_code == _WHOLE:
            self._all, self._size = answer.content, len(answer.content)
        elif answer.status_code != _PARTIAL or "content-range" not in answer.headers:
            raise OSError(f"HTTP {answer.status_code}")
        return answer

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = base + offset
        if self._at < 0:
            raise OSError("a place before the file's beginning")
        return self._at

    def readinto(self, buffer: Any, /) -> int:  # noqa: ANN401  # what can be written to
        wanted = min(len(buffer), self._size - self._at)
        if wanted <= 0:
            return 0
        last = self._at + wanted
        part = self._all[self._at : last] if self._all else self._get(f"bytes={self._at}-{last - 1}").content
        buffer[: len(part)] = part
        self._at += len(part)
        return len(part)
