"""The board of a PDF: resources in rows, days across, bars in the colours of their orders; cut into pages."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.platypus import Flowable

CATEGORIES = (
    ("#A9CCE3", "#4F8FB8"),
    ("#F3D19C", "#C08727"),
    ("#B5DDBD", "#559E68"),
    ("#F0BCC3", "#C4677A"),
    ("#CDC1E8", "#8571BF"),
    ("#A5DAD6", "#3F9C96"),
    ("#F5C3A2", "#CF7A3E"),
    ("#D3DBA1", "#8E9A3C"),
    ("#BFE3F5", "#4D9DCB"),
    ("#E3BEDF", "#AA68A4"),
    ("#DDD0BC", "#9C845C"),
    ("#C5CFD8", "#6F8494"),
)
KINDS = {
    "moved": ("#CDC1E8", "#6D4BB8", "moved"),
    "resource": ("#F5C3A2", "#C2601C", "other resource"),
    "added": ("#B5DDBD", "#1B7A4B", "added"),
    "changed": ("#BFE3F5", "#14708A", "changed fields"),
    "same": ("#E9EDF0", "#B4BFC7", "unchanged"),
}
_PLAIN = ("#D3DAE0", "#7F909D")
_ROW, _BAR, _HEAD, _SIDE, _FOOT = 19.0, 13.0, 26.0, 112.0, 16.0
_DAY_MS = 86_400_000
_WEEKS_A_PAGE = 2
MOST_BOARDS = 60
"""Pages of the board in one file."""
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class Part:
    """What one page shows: rows (resource and its bars, each with a lane) over a span of time."""

    data: dict[str, Any]
    rows: list[tuple[dict[str, Any], list[tuple[list[Any], int]], int]]
    start: int
    end: int


def board_pages(data: dict[str, Any], first_room: float, room: float) -> Iterator[tuple[Part, float]]:
    """Yield the pages of the board and their heights: at most two weeks a page, as many rows as have room.

    One more than ``MOST_BOARDS`` means that there would be still more.
    """
    span = data["to"] - data["from"]
    count = max(1, min(-(-span // (_WEEKS_A_PAGE * 7 * _DAY_MS)), MOST_BOARDS))
    step = -(-span // count)
    by_resource: dict[int | None, list[list[Any]]] = {}
    for op in data["operations"]:
        if op[4] is not None:
            by_resource.setdefault(op[2], []).append(op)
    left, pages = first_room, 0
    for number in range(count):
        start, end = data["from"] + number * step, min(data["from"] + (number + 1) * step, data["to"])
        rows = [_row(data, index, ops, start, end) for index, ops in _in_order(data, by_resource)]
        rows = [row for row in rows if row[1]]
        while rows and pages <= MOST_BOARDS:
            taken, used = 0, _HEAD + _FOOT
            while taken < len(rows) and used + _height(rows[taken]) <= left:
                used += _height(rows[taken])
                taken += 1
            taken = max(taken, 1)
            yield Part(data, rows[:taken], start, end), min(max(used, _HEAD + _FOOT + _ROW), left)
            rows, left, pages = rows[taken:], room, pages + 1


def _in_order(data: dict[str, Any], by: dict[int | None, list[list[Any]]]) -> Iterator[tuple[int | None, list[Any]]]:
    for index in range(len(data["resources"])):
        if index in by:
            yield index, by[index]
    if None in by:
        yield None, by[None]


def _row(
    data: dict[str, Any], index: int | None, ops: list[list[Any]], start: int, end: int
) -> tuple[dict[str, Any], list[tuple[list[Any], int]], int]:
    lanes: list[int] = []
    bars: list[tuple[list[Any], int]] = []
    for op in sorted((op for op in ops if op[4] < end and op[5] >= start), key=lambda op: op[4]):
        lane = next((n for n, until in enumerate(lanes) if until <= op[4]), None)
        if lane is None:
            lane = min(len(lanes), 7)
            lanes += [0] if len(lanes) < 8 else []
        lanes[lane] = op[5]
        bars.append((op, lane))
    resource = data["resources"][index] if index is not None else {"name": "No resource", "group": "", "breaks": 0}
    return resource, bars, max(1, len(lanes))


def _height(row: tuple[Any, Any, int]) -> float:
    return _ROW + (row[2] - 1) * (_BAR + 2)


class Board(Flowable):
    """Draws one page of the board."""

    def __init__(self, part: Part, width: float, height: float, plain: str, bold: str) -> None:
        super().__init__()
        self.width, self.height = width, height
        self._part, self._plain, self._bold = part, plain, bold
        self._data = part.data

    def draw(self) -> None:
        """Draw head, rows, lines and legend."""
        top = self.height - _HEAD
        y = top
        pen = self.canv
        places: list[float] = []
        for row in self._part.rows:
            y -= _height(row)
            places.append(y)
            self._background(row[0], y, _height(row))
        self._grid(top, y)
        for row, place in zip(self._part.rows, places, strict=True):
            self._row(row, place, _height(row))
        self._line(self._data["now"], "#D9480F", top, y)
        self._line(self._data["freeze"], "#4C63B6", top, y)
        pen.setStrokeColor("#BFC9D1")
        pen.setLineWidth(0.6)
        pen.rect(0, y, self.width, top - y + _HEAD, fill=0)
        pen.line(_SIDE, y, _SIDE, self.height)
        pen.line(0, top, self.width, top)
        self._legend(y - 11)

    def _x(self, at: int) -> float:
        share = (at - self._part.start) / max(1, self._part.end - self._part.start)
        return _SIDE + min(max(share, 0.0), 1.0) * (self.width - _SIDE)

    def _background(self, resource: dict[str, Any], y: float, height: float) -> None:
        pen = self.canv
        pen.setFillColor("#ECEFF2")
        for start, end in self._data["breaks"][resource["breaks"]]:
            if end > self._part.start and start < self._part.end:
                pen.rect(self._x(start), y, self._x(end) - self._x(start), height, stroke=0, fill=1)
        pen.setFillColor("#F8FAFB")
        pen.rect(0, y, _SIDE, height, stroke=0, fill=1)

    def _row(self, row: tuple[dict[str, Any], list[tuple[list[Any], int]], int], y: float, height: float) -> None:
        pen, (resource, bars, _) = self.canv, row
        pen.setFillColor("#1D2A35")
        pen.setFont(self._bold, 7.5)
        pen.drawString(5, y + height - 12, self._cut(resource["name"], self._bold, 7.5, _SIDE - 10))
        for op, lane in bars:
            self._bar(op, y + height - 3 - _BAR - lane * (_BAR + 2))
        pen.setStrokeColor("#DDE3E8")
        pen.setLineWidth(0.4)
        pen.line(0, y, self.width, y)

    def _bar(self, op: list[Any], y: float) -> None:
        pen = self.canv
        left, right = self._x(op[4]), self._x(op[5])
        right = max(right, left + 0.8)
        if op[6] is not None and self._x(op[6]) < left - 0.5:
            pen.setFillColor("#9AA7B2")
            pen.rect(self._x(op[6]), y + 4, left - self._x(op[6]), _BAR - 8, stroke=0, fill=1)
        if self._data["baseTitle"] is not None:
            fill, edge = KINDS.get(op[11], KINDS["same"])[:2]
        else:
            fill, edge = _PLAIN if op[3] is None else CATEGORIES[op[3] % len(CATEGORIES)]
        pen.setFillColor(fill)
        pen.setStrokeColor(edge)
        pen.setLineWidth(0.5)
        pen.roundRect(left, y, right - left, _BAR, min(2, (right - left) / 2), fill=1)
        if op[9] is not None and op[9] > 0:
            pen.setFillColor("#B9322A")
            pen.rect(left, y, right - left, 1.6, stroke=0, fill=1)
        if right - left > 16:
            pen.setFillColor("#1D2A35")
            pen.setFont(self._plain, 6.2)
            pen.drawString(left + 3, y + 4.2, self._cut(op[1] or op[0], self._plain, 6.2, right - left - 5))

    def _grid(self, top: float, bottom: float) -> None:
        pen = self.canv
        days = (self._part.end - self._part.start) / _DAY_MS
        stride = 1 if days <= 21 else 7
        pen.setFillColor("#F8FAFB")
        pen.rect(0, top, self.width, _HEAD, stroke=0, fill=1)
        for at, local in self._midnights():
            if stride == 7 and local.weekday() != 0:
                continue
            x = self._x(at)
            pen.setStrokeColor("#DDE3E8")
            pen.setLineWidth(0.4)
            if at >= self._part.start:
                pen.line(x, bottom, x, top + _HEAD)
            room = min(self._x(at + stride * _DAY_MS), self.width) - x
            if room > 22:
                pen.setFillColor("#1D2A35" if local.weekday() < 5 else "#56656F")
                pen.setFont(self._bold, 7)
                pen.drawString(x + 3, top + 15, _DAYS[local.weekday()])
                pen.setFont(self._plain, 7)
                pen.drawString(
                    x + 3, top + 5, self._cut(f"{local.day} {_MONTHS[local.month - 1]}", self._plain, 7, room)
                )

    def _midnights(self) -> Iterator[tuple[int, dt.datetime]]:
        """Yield the plant's midnights from the one before the page begins."""
        origin = self._data["origin"]
        day = (origin + self._part.start + self._offset(self._part.start)) // _DAY_MS
        while True:
            at = day * _DAY_MS - origin
            at -= self._offset(at - self._offset(at))
            if at >= self._part.end:
                return
            yield at, dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(days=day)
            day += 1

    def _offset(self, at: int) -> int:
        offsets = self._data["offsets"]
        return next((offset for start, offset in reversed(offsets) if start <= at), offsets[0][1])

    def _line(self, at: int | None, colour: str, top: float, bottom: float) -> None:
        if at is not None and self._part.start <= at <= self._part.end:
            self.canv.setStrokeColor(colour)
            self.canv.setLineWidth(1)
            self.canv.line(self._x(at), bottom, self._x(at), top)

    def _legend(self, y: float) -> None:
        pen, x = self.canv, 0.0
        if self._data["baseTitle"] is not None:
            entries = [(fill, edge, text) for fill, edge, text in KINDS.values()]
        else:
            names = [order["name"] or order["id"] for order in self._data["orders"][:8]]
            entries = [(*CATEGORIES[n % 12], name[:24]) for n, name in enumerate(names)]
            if len(self._data["orders"]) > 8:
                entries.append(("#FFFFFF", "#FFFFFF", f"and {len(self._data['orders']) - 8} more orders"))
        entries += [
            ("#9AA7B2", "#9AA7B2", "setup"),
            ("#B9322A", "#B9322A", "late"),
            ("#ECEFF2", "#BFC9D1", "not working"),
        ]
        entries += [("#D9480F", "#D9480F", "now")] if self._data["now"] is not None else []
        for fill, edge, text in entries:
            wide = stringWidth(text, self._plain, 7) + 22
            if x + wide > self.width:
                break
            pen.setFillColor(fill)
            pen.setStrokeColor(edge)
            pen.rect(x, y, 9, 7, fill=1)
            pen.setFillColor("#56656F")
            pen.setFont(self._plain, 7)
            pen.drawString(x + 12, y + 1, text)
            x += wide

    @staticmethod
    def _cut(text: str, font: str, size: float, room: float) -> str:
        """Return as much of a text as has room."""
        if stringWidth(text, font, size) <= room:
            return text
        while text and stringWidth(text + "…", font, size) > room:
            text = text[: max(0, min(len(text) - 1, int(len(text) * 0.9)))]
        return f"{text}…" if text else ""
