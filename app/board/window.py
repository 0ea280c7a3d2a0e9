"""The bars of the part of the plan that is on the screen, and a margin around it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from app.board.entries import Indices, rows_of
from app.board.heat import heat_json
from app.board.snapshot import BoardSnapshot
from engine.instants import to_ms
from engine.model import Operation
from engine.plan import is_history

MOST_BARS: Final = 1600
"""Loading a window costs the page about 0.1 ms a bar, so this many keep scrolling fluent."""
_MOST_PAUSES: Final = 40
_MOST_DEPENDENCIES: Final = 4000
_GAP_PX: Final = 1.5
_SEVERITY: Final = {"no due date": 0, "on time": 1, "at risk": 2, "late": 3}


@dataclass(frozen=True)
class WindowRequest:
    """What the page shows and would like around it. Times in ms, rows as half-open ranges, ``px_ms`` ms per pixel."""

    from_ms: int
    to_ms: int
    row_from: int
    row_to: int
    view_from: int
    view_to: int
    px_ms: float

    def narrowed(self, share: float) -> WindowRequest:
        """Return the request with its margins cut to a share of what they are."""
        above, below = self.view_from - self.row_from, self.row_to - self.view_to
        third = (self.to_ms - self.from_ms) // 3
        cut = int(third * (1 - share))
        return WindowRequest(
            self.from_ms + cut,
            self.to_ms - cut,
            self.view_from - int(above * share),
            self.view_to + int(below * share),
            self.view_from,
            self.view_to,
            self.px_ms,
        )


@dataclass(frozen=True)
class _Plan:
    """How to draw a request: which part of it, and from which width on operations stand alone."""

    request: WindowRequest
    merge_px: float
    tight: bool


_TRIALS: Final = ((1.0, 0.0), (1.0, 3.0), (0.5, 3.0), (0.0, 3.0), (0.0, 8.0), (0.0, 20.0), (0.0, 60.0))
"""(share of the margins, px below which neighbours are drawn as one block), tried until the bars are few enough."""


def window_json(snapshot: BoardSnapshot, request: WindowRequest) -> dict[str, Any]:
    """Return the bars of a window as plain JSON data, at most about ``MOST_BARS``.

    When there are more, the margins around the view are given up first; then narrow neighbours on a row are drawn as
    one block (``q`` = how many).
    """
    snapshot.prepare()
    plan, picked, blocks = _choose(snapshot, request)
    part = plan.request
    maker = _BarMaker(snapshot)
    bars = [maker.bar(snapshot.operations[i]) for i in picked]
    bars += [maker.block(members) for members in blocks]
    shown = {bar["id"] for bar in bars}
    return {
        "revision": snapshot.revision,
        "from": part.from_ms,
        "to": part.to_ms,
        "rowFrom": part.row_from,
        "rowTo": part.row_to,
        "msPerPx": part.px_ms,
        "plan": dict(zip(("from", "to"), snapshot.plan_span, strict=True)),
        "span": dict(zip(("from", "to"), snapshot.axis_span, strict=True)),
        "merged": bool(blocks),
        "tight": plan.tight,
        "bars": bars,
        "modes": maker.mode_sets,
        "deps": _dependencies(snapshot, shown),
        "ghosts": _ghosts(snapshot, part),
        "lanes": snapshot.row_lanes,
        "loads": snapshot.loads,
        "heat": heat_json(snapshot, part.from_ms, part.to_ms, _rows_of_part(snapshot, part), part.px_ms),
    }


def _rows_of_part(snapshot: BoardSnapshot, part: WindowRequest) -> tuple[int, int]:
    return part.row_from, min(part.row_to, len(snapshot.rows))


def bars_json(snapshot: BoardSnapshot, event_ids: Iterable[str]) -> tuple[list[dict[str, Any]], list[list[str]]]:
    """Return single bars, and the sets of possible rows that they refer to.

    Computes no more than they need: it runs in the interface's thread, between a gesture and its answer.
    """
    maker = _BarMaker(snapshot)
    operations = snapshot.facts.operations
    bars = [maker.bar(operations[k]) for k in event_ids if k in snapshot.facts.starts]
    return [bar for bar in bars if bar["r"] or bar.get("x")], maker.mode_sets


def _choose(snapshot: BoardSnapshot, request: WindowRequest) -> tuple[_Plan, list[int], list[list[int]]]:
    plan, picked, blocks = _Plan(request, 0.0, False), list[int](), list[list[int]]()
    for share, merge_px in _TRIALS:
        part = request if share == 1.0 else request.narrowed(share)
        plan = _Plan(part, merge_px, share == 0.0)
        inside = _inside(snapshot, part)
        if merge_px == 0.0:
            picked = np.unique(snapshot.entries.operation[inside]).tolist()
            blocks = []
        else:
            picked, blocks = _merged(snapshot, inside, part.px_ms, merge_px)
        if len(picked) + len(blocks) <= MOST_BARS:
            break
    return plan, picked, blocks


def _inside(snapshot: BoardSnapshot, part: WindowRequest) -> Indices:
    entries = snapshot.entries
    first, last = np.searchsorted(entries.row, [part.row_from, part.row_to])
    start, end = entries.start[first:last], entries.end[first:last]
    return (np.flatnonzero((start < part.to_ms) & (end >= part.from_ms)) + first).astype(np.int32)


def _merged(
    snapshot: BoardSnapshot, inside: Indices, px_ms: float, merge_px: float
) -> tuple[list[int], list[list[int]]]:
    """Return the operations that stand alone, and the runs of narrow neighbours that are drawn as one."""
    entries = snapshot.entries
    inside = inside[entries.main[inside]]
    alone: list[int] = []
    blocks: list[list[int]] = []
    run: list[int] = []
    run_row, run_end = -1, 0
    widest, gap = merge_px * px_ms, max(_GAP_PX, merge_px / 4) * px_ms
    rows, starts, ends = entries.row[inside].tolist(), entries.start[inside].tolist(), entries.end[inside].tolist()
    for op, row, start, end in zip(entries.operation[inside].tolist(), rows, starts, ends, strict=True):
        narrow = end - start < widest
        if narrow and row == run_row and start - run_end <= gap:
            run.append(op)
            run_end = max(run_end, end)
            continue
        _close(run, alone, blocks)
        run, run_row, run_end = ([op], row, end) if narrow else ([], -1, 0)
        if not narrow:
            alone.append(op)
    _close(run, alone, blocks)
    return alone, blocks


def _close(run: list[int], alone: list[int], blocks: list[list[int]]) -> None:
    if len(run) > 1:
        blocks.append(run)
    else:
        alone.extend(run)


class _BarMaker:
    """Makes the bars of one answer; alternatives are sent once per distinct set."""

    def __init__(self, snapshot: BoardSnapshot) -> None:
        self._snapshot = snapshot
        self._facts = snapshot.facts
        self._kinds = snapshot.diff.kinds if snapshot.diff else {}
        self._sets: dict[tuple[str, ...], int] = {}

    @property
    def mode_sets(self) -> list[list[str]]:
        """The sets of possible rows, by the index that bars refer to."""
        return [list(ids) for ids in self._sets]

    def bar(self, op: Operation) -> dict[str, Any]:
        """One operation; the keys are those of ``Bar`` in ``resources/web/bars.js``."""
        facts, snapshot = self._facts, self._snapshot
        rows = rows_of(op)
        bar: dict[str, Any] = {
            "id": op.id,
            "r": op.resource_id or "",
            "s": facts.starts[op.id],
            "e": facts.ends[op.id],
            "n": op.name or op.id,
            "c": (
                snapshot.order_index.get(op.order_id or "", -1),
                snapshot.lateness.get(op.id, "no due date"),
                snapshot.family_index.get(op.setup_family or "", -1),
                op.status.value,
            ),
        }
        others = rows[1:] if op.resource_id is not None else rows
        if others:
            bar["x"] = others
        if lanes := self._lanes(op, rows):
            bar["l"] = lanes
        if op.order_id is not None:
            bar["o"] = op.order_id
            text = self._second_line(op)
            if text:
                bar["t"] = text
        if op.percent_done:
            bar["p"] = op.percent_done
        if op.locked:
            bar["lk"] = 1
        if is_history(op):
            bar["fx"] = 1
        if broken := snapshot.violations_by_operation.get(op.id):
            bar["v"] = len(broken)
        if kind := self._kinds.get(op.id):
            bar["k"] = kind
        self._add_time(op, bar)
        return bar

    def block(self, members: list[int]) -> dict[str, Any]:
        """A run of narrow neighbours as one bar; it keeps what all have in common, and the worst marks."""
        bars = [self.bar(self._snapshot.operations[i]) for i in members]
        colours = [bar["c"] for bar in bars]
        worst = max((c[1] for c in colours), key=lambda key: _SEVERITY[key])
        block: dict[str, Any] = {
            "id": f"block:{bars[0]['id']}",
            "r": bars[0]["r"],
            "s": min(bar["s"] for bar in bars),
            "e": max(bar["e"] for bar in bars),
            "n": f"{len(bars)} operations",
            "q": len(bars),
            "c": (
                _common([c[0] for c in colours], -1),
                worst,
                _common([c[2] for c in colours], -1),
                _common([c[3] for c in colours], "planned"),
            ),
        }
        if broken := sum(bar.get("v", 0) for bar in bars):
            block["v"] = broken
        kinds = {bar.get("k") for bar in bars} - {None}
        if kinds:
            block["k"] = kinds.pop() if len(kinds) == 1 else "moved"
        return block

    def _lanes(self, op: Operation, rows: list[str]) -> dict[str, tuple[int, int]]:
        index, position = self._snapshot.row_index, self._facts.position[op.id]
        of = self._snapshot.lanes.of
        return {row: place for row in rows if (place := of[index[row]].get(position))}

    def _second_line(self, op: Operation) -> str:
        order = self._facts.orders.get(op.order_id or "")
        if order is None:
            return ""
        name = order.name or order.id
        parts = [] if name in (op.name or "") else [name]
        if order.product:
            parts.append(order.product)
        return " \u00b7 ".join(parts)

    def _add_time(self, op: Operation, bar: dict[str, Any]) -> None:
        if len(op.alternatives) > 1 or (op.modes and op.alternatives):
            ids = tuple(mode.resource_id for mode in op.alternatives)
            bar["m"] = self._sets.setdefault(ids, len(self._sets))
        if op.resource_id is None:
            return
        start, end = bar["s"], bar["e"]
        if setup := self._facts.setups.get(op.id):
            pauses = self._pauses(op.resource_id, setup.start_ms, start)
            bar["su"] = (setup.start_ms, setup.from_family, setup.to_family, setup.duration_ms, pauses)
        if pauses := self._pauses(op.resource_id, start, end):
            bar["z"] = pauses

    def _pauses(self, resource_id: str, start_ms: int, end_ms: int) -> list[tuple[int, int]]:
        """The breaks of a resource within a span; none when there are too many to be seen."""
        working = self._facts.working_time(resource_id)
        if start_ms >= end_ms or working.is_uninterrupted(start_ms, end_ms):
            return []
        edges = [start_ms, *(t for span in working.intervals_in(start_ms, end_ms) for t in span), end_ms]
        pauses = [(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True) if a < b]
        return pauses if len(pauses) <= _MOST_PAUSES else []


def _common(values: list[Any], otherwise: Any) -> Any:
    return values[0] if all(v == values[0] for v in values) else otherwise


def _dependencies(snapshot: BoardSnapshot, shown: set[str]) -> list[tuple[str, str, str, int]]:
    """The dependencies between shown bars."""
    successors = snapshot.facts.successors
    found: list[tuple[str, str, str, int]] = []
    for key in shown:
        for dependency in successors.get(key, ()):
            if dependency.to_event in shown:
                found.append((dependency.id, key, dependency.to_event, int(dependency.type)))
                if len(found) >= _MOST_DEPENDENCIES:
                    return found
    return found


def _ghosts(snapshot: BoardSnapshot, part: WindowRequest) -> list[tuple[str, int, int, str, str]]:
    """In a preview or comparison, the places of operations in the other plan: row, start, end, kind, operation."""
    if snapshot.diff is None or not (snapshot.diff.comparison is None or snapshot.diff.comparison.has_ghosts):
        return []
    base, out = snapshot.diff.base, list[tuple[str, int, int, str, str]]()
    for key, kind in snapshot.diff.kinds.items():
        start = None if kind == "fields" else base.starts.get(key)
        resource_id = base.operations[key].resource_id if key in base.operations else None
        if start is None or resource_id is None or resource_id not in snapshot.row_index:
            continue
        row, end = snapshot.row_index[resource_id], base.ends[key]
        visible = start < part.to_ms and end > part.from_ms and part.row_from <= row < part.row_to
        if visible and end - start >= part.px_ms * 2:
            out.append((resource_id, start, end, kind, key))
            if len(out) >= MOST_BARS:
                break
    return out


def row_span(snapshot: BoardSnapshot, event_id: str) -> tuple[int, int, int] | None:
    """Return (row, start, end) of a placed operation, for scrolling to it."""
    op = snapshot.facts.operations.get(event_id)
    if op is None or op.start_date is None or op.end_date is None:
        return None
    rows = rows_of(op)
    if not rows:
        return None
    return snapshot.row_index[rows[0]], to_ms(op.start_date), to_ms(op.end_date)
