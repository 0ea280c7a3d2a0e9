"""Zip files of unknown origin: bounded before they are opened, and read with a cap, never unpacked to disk.

What is refused: too many entries, a table of contents out of proportion, entries that unpack to too much or hide how
much, two entries of one name, encrypted ones, links, folders where none belong, names that lead elsewhere, and
compression methods that nobody needs.
"""

from __future__ import annotations

import io
import stat
import struct
import zipfile
import zlib
from dataclasses import dataclass
from typing import NoReturn

from engine.errors import ErrorCode, TaktwerkError

_END = b"PK\x05\x06"
_END_BYTES = 22
_LOCATOR = b"PK\x06\x07"
_END_64 = b"PK\x06\x06"
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_STEP = 1024 * 1024
_MOST_NAME = 200


@dataclass(frozen=True, slots=True)
class Limits:
    """What a zip file may be: entries, bytes of one entry and of all of them unpacked, and how many times smaller.

    The ratio is asked of entries above a mebibyte only; a short text of one letter is no bomb.
    """

    entries: int
    entry_bytes: int
    total_bytes: int
    ratio: int = 400


class GuardedZip:
    """The entries of a zip file that is known to be harmless; ``read`` unpacks one within the limits.

    Parameters
    ----------
    content
        The file.
    name
        What it is called in messages.
    limits
        What it may be.

    Raises
    ------
    TaktwerkError
        E009 when it is damaged or looks made to harm; E006 when it is too large.
    """

    def __init__(self, content: bytes, name: str, limits: Limits) -> None:
        self.name = name
        self._limits = limits
        self._left = limits.total_bytes
        self._check_end(content)
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(content))
        except (zipfile.BadZipFile, ValueError, OSError, struct.error, EOFError, NotImplementedError) as error:
            self._damaged(f"it is no intact zip file ({error})")
        self.names = self._checked_names()

    def read(self, entry: str) -> bytes:
        """Return the content of an entry; errors as the class."""
        try:
            info = self._zip.getinfo(entry)
        except KeyError:
            self._damaged(f"the part {entry} is missing")
        chunks: list[bytes] = []
        size = 0
        try:
            with self._zip.open(info) as stream:
                while chunk := stream.read(_STEP):
                    size += len(chunk)
                    if size > min(self._limits.entry_bytes, self._left):
                        self._too_large(f"{entry} unpacks to more than it may")
                    chunks.append(chunk)
        except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError, OSError, struct.error) as error:
            self._damaged(f"{entry} cannot be unpacked ({error})")
        self._left -= size
        return b"".join(chunks)

    def _check_end(self, content: bytes) -> None:
        """Bound the table of contents before ``zipfile`` reads it: it makes an object of every entry."""
        if content[:2] != b"PK":
            self._damaged("it is no zip file")
        at = len(content) - _END_BYTES
        if content[at : at + 4] != _END or content[-2:] != b"\0\0":
            at = content.rfind(_END, max(0, len(content) - _END_BYTES - 65_535))
        if at < 0 or at + _END_BYTES > len(content):
            self._damaged("it is cut off: its table of contents is missing")
        entries, size = struct.unpack_from("<HI", content, at + 10)
        locator = at - 20
        if locator >= 0 and content[locator : locator + 4] == _LOCATOR:
            record = locator - 56
            if record < 0 or content[record : record + 4] != _END_64:
                self._damaged("its table of contents is damaged")
            entries, size = struct.unpack_from("<QQ", content, record + 32)
        if entries > self._limits.entries or size > self._limits.entries * (_MOST_NAME * 2 + 200):
            self._too_large(f"it has more than {self._limits.entries:,} entries")

    def _checked_names(self) -> tuple[str, ...]:
        infos = self._zip.infolist()
        if len(infos) > self._limits.entries:
            self._too_large(f"it has more than {self._limits.entries:,} entries")
        total = 0
        names: dict[str, None] = {}
        for info in infos:
            self._check_entry(info)
            folded = info.filename.casefold()
            if folded in names:
                self._damaged(f"it has two entries named {info.filename[:80]!r}")
            names[folded] = None
            total += info.file_size
        if total > self._limits.total_bytes:
            self._too_large(f"it unpacks to {total:,} bytes")
        self.has_folders = any(info.is_dir() for info in infos)
        return tuple(info.filename for info in infos if not info.is_dir())

    def _check_entry(self, info: zipfile.ZipInfo) -> None:
        name = info.filename
        shown = f"{name[:80]!r}"
        parts = name.rstrip("/").split("/")
        if not name or len(name) > _MOST_NAME or not name.isprintable() or any(sign in name for sign in '\\:<>"|?*'):
            self._damaged(f"it has an entry with the name {shown}")
        if name.startswith("/") or any(part in ("", ".", "..") for part in parts):
            self._damaged(f"the entry {shown} leads out of the file")
        kind = stat.S_IFMT(info.external_attr >> 16)
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            self._damaged(f"the entry {shown} is a link or a device")
        if info.flag_bits & 0x1 or info.flag_bits & 0x40:
            self._damaged(f"the entry {shown} is encrypted")
        if info.compress_type not in _METHODS:
            self._damaged(f"the entry {shown} is packed by a method that is not read here")
        if info.file_size > self._limits.entry_bytes:
            self._too_large(f"{shown} unpacks to {info.file_size:,} bytes")
        if info.file_size > _STEP and info.file_size > self._limits.ratio * max(1, info.compress_size):
            self._too_large(f"{shown} unpacks to more than {self._limits.ratio} times its size")

    def _damaged(self, what: str) -> NoReturn:
        raise damaged(self.name, what)

    def _too_large(self, what: str) -> NoReturn:
        raise TaktwerkError(
            ErrorCode.TOO_LARGE,
            f"{self.name} is not opened: {what}. Nothing was written.",
            {"file": self.name, "limits": {"entries": self._limits.entries, "bytes": self._limits.total_bytes}},
        )


def damaged(name: str, what: str) -> TaktwerkError:
    """Return E009 for a file that is damaged or not to be trusted; ``what`` follows a colon."""
    return TaktwerkError(
        ErrorCode.PACKAGE,
        f"{name} is not opened: {what}. Nothing was written. Ask the sender for the file again.",
        {"file": name, "reason": what},
    )
