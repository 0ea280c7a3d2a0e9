"""Reading text of unknown origin: bounded in size, and every fault named by its line."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from engine.errors import ErrorCode, Fault, TaktwerkError, invalid_schedule

MAX_BYTES = 128 * 1024 * 1024
MAX_OPERATIONS = 100_000
MAX_SETUP_RULES = 2_000_000
MAX_NUMBER = 50_000_000
"""The greatest duration in a benchmark file, in its time units (95 years of minutes)."""

STANDARD_STREAM = "-"


def read_bytes(path: Path | str) -> bytes:
    """Return the content of a file, or of standard input for ``-``.

    Raises
    ------
    TaktwerkError
        E012 when there is no such file or it cannot be read; E006 when it is over 128 MiB.
    """
    try:
        if str(path) == STANDARD_STREAM:
            content = sys.stdin.buffer.read(MAX_BYTES + 1)
        else:
            with Path(path).open("rb") as stream:
                content = stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise TaktwerkError(
            ErrorCode.NOT_FOUND,
            f"{path} cannot be read: {reason}. Check the path and the rights.",
            {"path": str(path)},
        ) from None
    if len(content) > MAX_BYTES:
        raise too_large(f"{path} is larger than {MAX_BYTES // 2**20} MiB.")
    return content


def write_bytes(content: bytes, path: Path | str) -> None:
    """Write a file, or standard output for ``-``; a file is replaced only when the new one is complete.

    Raises
    ------
    TaktwerkError
        E008 when it cannot be written.
    """
    if str(path) == STANDARD_STREAM:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return
    target = Path(path)
    beside = target.with_name(f".{target.name}.part")
    try:
        if target.exists() and not target.is_file():
            target.write_bytes(content)  # a device or a pipe cannot be replaced
            return
        with beside.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())  # the name must not be there before what it names
        beside.replace(target)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise TaktwerkError(
            ErrorCode.STORAGE,
            f"{path} cannot be written: {error.strerror or error}. Check the folder, its rights and the free space.",
            {"path": str(path)},
        ) from None


def decode(content: bytes, name: str) -> str:
    """Return the text of ``content`` (UTF-8, a byte order mark is dropped); E001 when it is not text."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    if "\0" in text:
        raise invalid_schedule([Fault(name, "binary data", "this is not a text file")])
    return text


def too_large(message: str) -> TaktwerkError:
    """Return E006 with ``message`` and the limits."""
    limits = {"bytes": MAX_BYTES, "operations": MAX_OPERATIONS, "setupRules": MAX_SETUP_RULES}
    return TaktwerkError(ErrorCode.TOO_LARGE, message, {"limits": limits})


@dataclass
class Faults:
    """The faults of one file, collected so that all are told at once."""

    name: str
    found: list[Fault] = field(default_factory=list)

    def add(self, line: int, value: object, reason: str) -> None:
        """Note a fault on ``line`` (1-based)."""
        if len(self.found) < 100:
            shown = value if isinstance(value, int | float) else str(value)[:80]
            self.found.append(Fault(f"{self.name}, line {line}", shown, reason))

    def add_at(self, path: str, value: object, reason: str) -> None:
        """Note a fault at a path of a JSON file."""
        if len(self.found) < 100:
            shown = value if isinstance(value, int | float) else str(value)[:80]
            self.found.append(Fault(f"{self.name}: {path}", shown, reason))

    def raise_any(self) -> None:
        """Raise E001 if a fault was noted."""
        if self.found:
            raise invalid_schedule(self.found)


class LineFault(Exception):
    """A line that cannot be read on; caught where the line is."""

    def __init__(self, value: object, reason: str) -> None:
        super().__init__(reason)
        self.value = value
        self.reason = reason


@dataclass(frozen=True)
class Line:
    """One line that is neither empty nor a comment: its number in the file and its words."""

    number: int
    words: list[str]

    def integers(self, first: int = 0) -> list[int]:
        """Return the words from ``first`` on as integers; LineFault names the first that is none."""
        try:
            return [int(word) for word in self.words[first:]]
        except ValueError:
            return [self.integer(index) for index in range(first, len(self.words))]

    def integer(self, index: int) -> int:
        """Return one word as an integer; a decimal that is whole (``2.0``) counts as one."""
        word = self.words[index]
        try:
            return int(word)
        except ValueError:
            pass
        try:
            value = float(word)
        except ValueError:
            value = 0.5
        if not value.is_integer() or abs(value) > 1e15:
            raise LineFault(word, f"{word[:40]!r} is not a whole number")
        return int(value)


def lines_of(text: str) -> Iterator[Line]:
    """Yield the lines of a table of numbers; ``#`` begins a comment."""
    for number, raw in enumerate(text.splitlines(), start=1):
        words = raw.split("#", 1)[0].split()
        if words:
            yield Line(number, words)


def header(lines: list[Line], names: tuple[str, ...], faults: Faults, least: tuple[int, ...] = ()) -> list[int]:
    """Return the counts on the first line, each at least 1, or as ``least`` says; E001 names what is wrong."""
    wanted = " ".join(f"<{name}>" for name in names)
    if not lines:
        faults.add(1, "", f"the file is empty; its first line must be {wanted}")
    elif len(lines[0].words) < len(names):
        faults.add(lines[0].number, " ".join(lines[0].words), f"the first line must be {wanted}")
    else:
        for index, (name, bound) in enumerate(zip(names, least or (1,) * len(names), strict=True)):
            try:
                if lines[0].integer(index) < bound:
                    faults.add(lines[0].number, lines[0].words[index], f"{name} must be at least {bound}")
            except LineFault as fault:
                faults.add(lines[0].number, fault.value, f"{name}: {fault.reason}")
    faults.raise_any()
    return [lines[0].integer(index) for index in range(len(names))]


def check_duration(value: int, what: str) -> None:
    """Raise LineFault unless ``value`` can be a duration in minutes."""
    if not 0 <= value <= MAX_NUMBER:
        raise LineFault(value, f"{what} is {value}; it must lie between 0 and {MAX_NUMBER:,}")
