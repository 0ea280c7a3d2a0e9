"""The formats by name, and how a file's format is told from its content."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from app.exchange import (
    fajsp,
    fjsp,
    flow_shop,
    jsp,
    jsp_setups,
    patterson,
    psplib,
    psplib_mm,
    taktwerk_json,
)
from app.exchange.share import SHARE_FORMATS, Sharing, format_of_content, format_of_suffix
from app.exchange.text import STANDARD_STREAM, decode, lines_of, read_bytes, write_bytes
from engine.errors import ErrorCode, Fault, TaktwerkError, invalid_schedule
from engine.model import OptimizationRequest, Schedule
from engine.validate import faults_of
from engine.validation.reading import uncollected


@dataclass(frozen=True)
class TextFormat:
    """A text format: how to read it, how to write it if it can be written, and the ending of its files.

    ``note`` says what a planner must know of a schedule that was read from it.
    """

    name: str
    title: str
    parse: Callable[[str, str], Schedule]
    render: Callable[[Schedule], tuple[str, list[str]]] | None = None
    suffix: str | None = None
    note: str = ""


JSON_FORMAT = "taktwerk"
_PERMUTATION = flow_shop.PERMUTATION_NOTE
TEXT_FORMATS = {
    entry.name: entry
    for entry in (
        TextFormat("jsp", "job shop", jsp.parse, jsp.render, ".jsp"),
        TextFormat("jsp_reentrant", "job shop, any jobs", jsp.parse_reentrant, jsp.render_reentrant, ".jspr"),
        TextFormat("fjsp", "flexible job shop", fjsp.parse, fjsp.render, ".fjs"),
        TextFormat(
            "fjsp_sdst", "flexible job shop with setups", fjsp.parse_with_setups, fjsp.render_with_setups, ".fjss"
        ),
        TextFormat("fajsp", "flexible assembly job shop", fajsp.parse),
        TextFormat("jsp_sdst_json", "job shop with setups", jsp_setups.parse),
        TextFormat("naderi_npfsp", "flow shop", flow_shop.parse),
        TextFormat("naderi_hfsp", "hybrid flow shop", flow_shop.parse_hybrid),
        TextFormat("naderi_tt_pfsp", "flow shop with due dates", flow_shop.parse_tardiness, note=_PERMUTATION),
        TextFormat("naderi_sdst_pfsp", "flow shop with setups", flow_shop.parse_setups, note=_PERMUTATION),
        TextFormat("psplib", "project, single mode", psplib.parse, psplib.render, ".sm"),
        TextFormat("psplib_mm", "project, several modes", psplib_mm.parse),
        TextFormat("patterson_rcp", "project, Patterson format", patterson.parse),
    )
}
ALIASES = {"jsp_standard": "jsp", "psplib_sm": "psplib", "json": JSON_FORMAT}
NAMES = (JSON_FORMAT, *TEXT_FORMATS, *(entry.name for entry in SHARE_FORMATS.values() if entry.can_read))
"""Every format that can be read."""
WRITABLE = (
    JSON_FORMAT,
    *(entry.name for entry in TEXT_FORMATS.values() if entry.render),
    *(entry.name for entry in SHARE_FORMATS.values() if entry.can_write),
)
"""Every format that can be written."""

_MOST_INDENTED = 50_000
"""Above so many operations and setup rules JSON is written without indentation, in half the bytes."""
_TABLES = ("jsp", "fjsp", "fjsp_sdst", "jsp_reentrant", "fajsp", "patterson_rcp")
_FLOW_SHOPS = ("naderi_npfsp", "naderi_hfsp", "naderi_tt_pfsp", "naderi_sdst_pfsp")


def _canonical(name: str, known_names: tuple[str, ...] = NAMES) -> str:
    name = ALIASES.get(name, name)
    if name not in known_names:
        known = ", ".join((*known_names, *ALIASES))
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
    return read_noted(path, format)[0]


def read_noted(path: Path | str, format: str | None = None) -> tuple[Schedule | OptimizationRequest, list[str]]:
    """Return what ``read_input`` does, and what a planner must know of it. Parameters and errors as there."""
    if str(path) != STANDARD_STREAM and Path(path).is_dir():
        from app.exchange import csv_tables

        content = csv_tables.zipped_folder(Path(path))
    else:
        content = read_bytes(path)
    name = "standard input" if str(path) == STANDARD_STREAM else Path(path).name
    return parse_noted(content, name, format)


def read(path: Path | str, format: str | None = None) -> Schedule:
    """Return the schedule in a file, that of a request too; parameters and errors as ``read_input``."""
    data = read_input(path, format)
    return data.schedule_data if isinstance(data, OptimizationRequest) else data


def parse_bytes(content: bytes, name: str, format: str | None = None) -> Schedule | OptimizationRequest:
    """Return the schedule or the request in ``content``; ``name`` is for messages. Errors as ``read_input``."""
    return _parse(content, name, format)[0]


def parse_noted(
    content: bytes, name: str, format: str | None = None
) -> tuple[Schedule | OptimizationRequest, list[str]]:
    """Return what ``parse_bytes`` does, and what a planner must know of it."""
    data, _, notes = _parse(content, name, format)
    return data, notes


def _parse(content: bytes, name: str, format: str | None) -> tuple[Schedule | OptimizationRequest, str, list[str]]:
    chosen = _canonical(format) if format else format_of_content(content, name) or _recognise(content)
    if chosen == JSON_FORMAT:
        return taktwerk_json.parse(content, name), JSON_FORMAT, []
    if chosen in SHARE_FORMATS:
        return _checked_share(content, name, chosen)
    text = decode(content, name)
    with uncollected():
        schedule, chosen = (TEXT_FORMATS[chosen].parse(text, name), chosen) if chosen else _try_tables(text, name)
        faults = faults_of(schedule)
    if faults:
        raise invalid_schedule(list(faults))
    note = TEXT_FORMATS[chosen].note
    return schedule, chosen, [note] if note else []


def _checked_share(content: bytes, name: str, chosen: str) -> tuple[Schedule, str, list[str]]:
    with uncollected():
        schedule, notes = SHARE_FORMATS[chosen].parse(content, name)
        faults = faults_of(schedule)
    if faults:
        raise invalid_schedule(list(faults))
    return schedule, chosen, notes


def _recognise(content: bytes) -> str | None:
    """Return the format that the content shows by itself: JSON by its brace, a project by its sections' titles."""
    if content[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"["):
        return "jsp_sdst_json" if jsp_setups.is_one(content) else JSON_FORMAT
    if b"PRECEDENCE RELATIONS" not in content[:20_000].upper():
        return None
    return "psplib_mm" if psplib_mm.has_modes(decode(content, "")) else "psplib"


def _try_tables(text: str, name: str) -> tuple[Schedule, str]:
    """Return what the reader of number tables that takes ``text`` whole makes of it, and the format.

    Flow shops begin with a line of one number, the others with two or more. Raises E001 when no reader takes it, with
    what each says, or when more than one flow shop format does.
    """
    first = next(lines_of(text), None)
    is_flow_shop = first is not None and len(first.words) == 1
    reasons: list[Fault] = []
    too_large: TaktwerkError | None = None
    taken: list[tuple[Schedule, str]] = []
    for candidate in _FLOW_SHOPS if is_flow_shop else _TABLES:
        try:
            taken.append((TEXT_FORMATS[candidate].parse(text, name), candidate))
        except TaktwerkError as error:
            if error.code is not ErrorCode.INVALID_SCHEDULE:
                too_large = too_large or error
                continue
            fault = error.details["faults"][0]
            reasons.append(Fault(fault["path"], fault["value"], f"read as {candidate}: {fault['reason']}"))
        if taken and not is_flow_shop:
            break
    if len(taken) == 1:
        return taken[0]
    if too_large:
        raise too_large
    known = [candidate for _, candidate in taken] or NAMES
    hint = f"the format cannot be told from the content; name it (one of {', '.join(known)})"
    raise invalid_schedule([Fault(name, text[:60], hint), *reasons])


def write(schedule: Schedule, path: Path | str, format: str | None = None, sharing: Sharing | None = None) -> list[str]:
    """Write a schedule to a file, or to standard output for ``-``.

    Parameters
    ----------
    schedule
        What to write.
    path
        The file. Its ending tells the format when ``format`` is None; an unknown one means Taktwerk's JSON.
    format
        A name of ``WRITABLE``.
    sharing
        What goes with it: a base to compare with, a title, a signature ...

    Returns
    -------
    list of str
        What the format does not hold and the file therefore lacks, in plain words.

    Raises
    ------
    TaktwerkError
        E001 when the format cannot hold this problem, with every reason, or can only be read; E008 when the file cannot
        be written.
    """
    chosen = _canonical(format, (*NAMES, *WRITABLE)) if format else format_by_ending(path)
    if chosen in SHARE_FORMATS and SHARE_FORMATS[chosen].can_write:
        from app.exchange import csv_tables

        sharing = sharing or Sharing()
        if chosen == "csv" and csv_tables.is_folder(path):
            return csv_tables.write_folder(schedule, Path(path), sharing)
        content, notes = SHARE_FORMATS[chosen].render(schedule, csv_tables.for_path(path, chosen, sharing))
        write_bytes(content, path)
        return notes
    if chosen == JSON_FORMAT:
        shot = schedule.snapshot
        size = len(shot.events) + sum(len(matrix.rules) for matrix in shot.setup_matrices)
        write_bytes(taktwerk_json.render(schedule, indent=size <= _MOST_INDENTED), path)
        return []
    render = TEXT_FORMATS[chosen].render if chosen in TEXT_FORMATS else None
    if render is None:
        known = ", ".join(WRITABLE)
        raise invalid_schedule(
            [Fault("format", chosen, f"this format can only be read; these can be written: {known}")]
        )
    text, notes = render(schedule)
    write_bytes(text.encode(), path)
    return notes


def format_by_ending(path: Path | str) -> str:
    """Return the format that a path's ending names; Taktwerk's JSON when it names none."""
    suffix = Path(path).suffix.lower()
    by_suffix = next((entry.name for entry in TEXT_FORMATS.values() if entry.suffix == suffix), None)
    return by_suffix or format_of_suffix(path) or JSON_FORMAT
