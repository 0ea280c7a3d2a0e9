"""The formats by name, and how a file's format is told from its content."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from app.exchange import fjsp, jsp, psplib, taktwerk_json
from app.exchange.text import STANDARD_STREAM, decode, read_bytes, write_bytes
from engine.errors import ErrorCode, Fault, TaktwerkError, invalid_schedule
from engine.model import OptimizationRequest, Schedule
from engine.validate import faults_of


@dataclass(frozen=True)
class TextFormat:
    """A text format: how to read it, how to write it, and the ending of its files."""

    name: str
    title: str
    parse: Callable[[str, str], Schedule]
    render: Callable[[Schedule], tuple[str, list[str]]]
    suffix: str


JSON_FORMAT = "taktwerk"
TEXT_FORMATS = {
    entry.name: entry
    for entry in (
        TextFormat("jsp", "job shop", jsp.parse, jsp.render, ".jsp"),
        TextFormat("jsp_reentrant", "job shop, any jobs", jsp.parse_reentrant, jsp.render_reentrant, ".jspr"),
        TextFormat("fjsp", "flexible job shop", fjsp.parse, fjsp.render, ".fjs"),
        TextFormat(
            "fjsp_sdst", "flexible job shop with setups", fjsp.parse_with_setups, fjsp.render_with_setups, ".fjss"
        ),
        TextFormat("psplib", "project, single mode", psplib.parse, psplib.render, ".sm"),
    )
}
ALIASES = {"jsp_standard": "jsp", "psplib_sm": "psplib", "json": JSON_FORMAT}
NAMES = (JSON_FORMAT, *TEXT_FORMATS)
"""Every format that can be read and written."""


def _canonical(name: str) -> str:
    name = ALIASES.get(name, name)
    if name not in NAMES:
        known = ", ".join((*NAMES, *ALIASES))
        raise invalid_schedule([Fault("format", name, f"unknown format; known are {known}")])
    return name


def read_input(path: Path | str, format: str | None = None) -> Schedule | OptimizationRequest:
    """Return the schedule or the request in a file.

    Parameters
    ----------
    path
        The file, or ``-`` for standard input.
    format
        A name of ``NAMES`` or of the benchmark manifest; None tells it from the content.

    Raises
    ------
    TaktwerkError
        E001 with every fault, by line or path; E006 when it is too large; E012 when it cannot be read.
    """
    content = read_bytes(path)
    name = "standard input" if str(path) == STANDARD_STREAM else Path(path).name
    return parse_bytes(content, name, format)


def read(path: Path | str, format: str | None = None) -> Schedule:
    """Return the schedule in a file, that of a request too; parameters and errors as ``read_input``."""
    data = read_input(path, format)
    return data.schedule_data if isinstance(data, OptimizationRequest) else data


def parse_bytes(content: bytes, name: str, format: str | None = None) -> Schedule | OptimizationRequest:
    """Return the schedule or the request in ``content``; ``name`` is for messages. Errors as ``read_input``."""
    chosen = _canonical(format) if format else _recognise(content)
    if chosen == JSON_FORMAT:
        return taktwerk_json.parse(content, name)
    text = decode(content, name)
    schedule = TEXT_FORMATS[chosen].parse(text, name) if chosen else _try_tables(text, name)
    faults = faults_of(schedule)
    if faults:
        raise invalid_schedule(list(faults))
    return schedule


def _recognise(content: bytes) -> str | None:
    """Return the format that the content shows by itself: JSON by its brace, a project by its sections' titles."""
    if content[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"["):
        return JSON_FORMAT
    return "psplib" if b"PRECEDENCE RELATIONS" in content[:20_000].upper() else None


def _try_tables(text: str, name: str) -> Schedule:
    """Return what the first reader of number tables makes of ``text`` that takes it whole.

    Raises E001 when none does, with what each says.
    """
    reasons: list[Fault] = []
    too_large: TaktwerkError | None = None
    for candidate in ("jsp", "fjsp", "fjsp_sdst", "jsp_reentrant"):
        try:
            return TEXT_FORMATS[candidate].parse(text, name)
        except TaktwerkError as error:
            if error.code is not ErrorCode.INVALID_SCHEDULE:
                too_large = too_large or error
                continue
            first = error.details["faults"][0]
            reasons.append(Fault(first["path"], first["value"], f"read as {candidate}: {first['reason']}"))
    if too_large:
        raise too_large
    hint = f"the format cannot be told from the content; name it (one of {', '.join(NAMES)})"
    raise invalid_schedule([Fault(name, text[:60], hint), *reasons])


def write(schedule: Schedule, path: Path | str, format: str | None = None) -> list[str]:
    """Write a schedule to a file, or to standard output for ``-``.

    Parameters
    ----------
    schedule
        What to write.
    path
        The file. Its ending tells the format when ``format`` is None; an unknown one means Taktwerk's JSON.
    format
        A name of ``NAMES``.

    Returns
    -------
    list of str
        What the format does not hold and the file therefore lacks, in plain words.

    Raises
    ------
    TaktwerkError
        E001 when the format cannot hold this problem, with every reason; E008 when it cannot be written.
    """
    suffix = Path(path).suffix.lower()
    by_suffix = next((entry.name for entry in TEXT_FORMATS.values() if entry.suffix == suffix), JSON_FORMAT)
    chosen = _canonical(format) if format else by_suffix
    if chosen == JSON_FORMAT:
        write_bytes(taktwerk_json.render(schedule), path)
        return []
    text, notes = TEXT_FORMATS[chosen].render(schedule)
    write_bytes(text.encode(), path)
    return notes
