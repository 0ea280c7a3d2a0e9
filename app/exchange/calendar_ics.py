"""``.ics`` calendars (RFC 5545): the work of one resource, or of all with the resource as place and category."""

from __future__ import annotations

import datetime as dt
import hashlib

from app import __version__
from app.exchange.share import Rendered, Sharing
from engine.errors import ErrorCode, TaktwerkError
from engine.instants import from_ms
from engine.model import Operation, Schedule, Status
from engine.plan import PlanFacts, chosen

_STATES = {Status.PLANNED: "TENTATIVE", Status.RELEASED: "CONFIRMED", Status.STARTED: "CONFIRMED"}


def render_file(schedule: Schedule, sharing: Sharing) -> Rendered:
    """Return the calendar of a plan, or of ``sharing.resource`` alone: an appointment an operation, setup told.

    Raises
    ------
    TaktwerkError
        E012 when there is no such resource.
    """
    facts = PlanFacts(schedule)
    wanted = sharing.resource
    if wanted is not None and wanted not in facts.resources:
        known = ", ".join(list(facts.resources)[:10])
        raise TaktwerkError(ErrorCode.NOT_FOUND, f"There is no resource {wanted!r}. Known: {known}.", {"id": wanted})
    title = sharing.title or schedule.metadata.name or schedule.metadata.plant_id
    name = f"{facts.resource_label(wanted)} – {title}" if wanted else title
    stamp = _utc(schedule.metadata.timestamp)
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        f"PRODID:-//Taktwerk//Taktwerk {__version__}//EN",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        f"NAME:{_text(name)}",
        f"X-WR-CALNAME:{_text(name)}",
        f"X-WR-TIMEZONE:{_text(schedule.metadata.time_zone)}",
    ]
    shown = [op for op in schedule.snapshot.events if op.is_placed and (wanted is None or wanted in _held(op))]
    for op in shown:
        lines += _event(op, facts, stamp, schedule.metadata.plant_id)
    lines.append("END:VCALENDAR")
    notes = ["A calendar file holds when and where work is planned; everything else is left out."]
    missing = len(schedule.snapshot.events) - sum(op.is_placed for op in schedule.snapshot.events)
    if missing:
        notes.append(f"{missing:,} operations without a time are not in it.")
    return "".join(f"{folded(line)}\r\n" for line in lines).encode(), notes


def folded(line: str) -> str:
    """Return a content line in pieces of at most 75 octets, no character torn apart (RFC 5545, 3.1)."""
    pieces: list[str] = []
    piece, size = "", 0
    for sign in line:
        octets = len(sign.encode("utf-8", "replace"))
        if size + octets > 75:
            pieces.append(piece)
            piece, size = " ", 1
        piece += sign
        size += octets
    return "\r\n".join([*pieces, piece])


def _event(op: Operation, facts: PlanFacts, stamp: str, plant: str) -> list[str]:
    assert op.start_date is not None and op.end_date is not None
    label = facts.resource_label(op.resource_id) if op.resource_id else ""
    order = facts.orders.get(op.order_id or "")
    uid = hashlib.sha256(f"{plant}\n{op.id}".encode("utf-8", "replace")).hexdigest()[:32]
    lines = [
        "BEGIN:VEVENT",
        f"UID:{uid}@taktwerk",
        f"DTSTAMP:{stamp}",
        f"DTSTART:{_utc(op.start_date)}",
        f"DTEND:{_utc(op.end_date)}" if op.end_date > op.start_date else "DURATION:PT0S",
        f"SUMMARY:{_text(op.name or op.id)}",
    ]
    if label:
        lines += [f"LOCATION:{_text(label)}", f"CATEGORIES:{_text(label)}"]
    lines.append(f"DESCRIPTION:{_text(_description(op, facts, order.name if order else ''))}")
    lines.append(f"STATUS:{_STATES.get(op.status, 'CONFIRMED')}")
    lines += ["TRANSP:OPAQUE", "END:VEVENT"]
    return lines


def _description(op: Operation, facts: PlanFacts, order: str) -> str:
    parts = [f"Operation {op.id}"]
    if op.order_id:
        parts.append(f"Order {order or op.order_id}")
    setup = facts.setups.get(op.id)
    if setup is not None and setup.duration_ms:
        parts.append(f"Setup from {from_ms(setup.start_ms).astimezone(facts.zone):%Y-%m-%d %H:%M}")
    with_what = [facts.resource_label(key) for need in op.needs if (key := chosen(need)) is not None]
    if with_what:
        parts.append("With " + ", ".join(with_what))
    if op.status is Status.COMPLETED:
        parts.append("Completed")
    return "\n".join(parts)


def _held(op: Operation) -> set[str | None]:
    return {op.resource_id, *(chosen(need) for need in op.needs)}


def _utc(instant: dt.datetime) -> str:
    return instant.astimezone(dt.UTC).strftime("%Y%m%dT%H%M%SZ")


def _text(text: str) -> str:
    """Return a text value: backslash, comma, semicolon and line ends escaped, other control signs left out."""
    plain = text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    plain = plain.replace("\r\n", "\\n").replace("\n", "\\n").replace("\r", "\\n")
    return "".join(sign for sign in plain if sign >= " " and sign != "\x7f").encode("utf-8", "replace").decode()
