"""Heads and tails: the real ticks within which each free operation can start and end."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from engine.solve.cpsat.frame import Window
from engine.solve.problem.timeline import FOREVER

if TYPE_CHECKING:
    from engine.solve.cpsat.clock import Clock
    from engine.solve.cpsat.frame import Frame
    from engine.solve.problem.problem import ArcData, OpData

_ROUNDS = 30


def compute_windows(frame: Frame) -> dict[int, Window]:
    """Return the window of each free operation by its own bounds, its modes, and the dependencies around it.

    Windows only ever leave out places that no plan can use. An empty one proves that there is no plan.
    """
    windows = {o: _own(frame, o) for o in frame.free}
    queue = deque(frame.free)
    waiting = set(frame.free)
    left = _ROUNDS * len(frame.free) + 1000
    while queue and left:
        left -= 1
        o = queue.popleft()
        waiting.discard(o)
        window = windows[o]
        _fit_modes(frame, frame.problem.ops[o], window)
        if window.is_empty:
            return windows
        for arc in frame.index.arcs[o]:
            for touched in _follow(frame, windows, arc):
                if touched not in waiting:
                    waiting.add(touched)
                    queue.append(touched)
    return windows


def earliest(clock: Clock, w: int, work: int, interruptible: bool) -> int:
    """Return the first position from ``w`` on at which ``work`` fits."""
    if interruptible or clock.is_real or work <= 1:
        return w
    while True:
        inside = clock.breaks(w + 1, w + work - 1)
        if not inside or w > clock.last:
            return w
        w = inside[-1].at


def latest(clock: Clock, w: int, work: int, interruptible: bool) -> int:
    """Return the last position up to ``w`` at which ``work`` fits."""
    if interruptible or clock.is_real or work <= 1:
        return w
    while True:
        inside = clock.breaks(w + 1, w + work - 1)
        if not inside or w < 0:
            return w
        w = inside[0].at - work


def _own(frame: Frame, o: int) -> Window:
    op = frame.problem.ops[o]
    end_high = min(op.let, frame.high)
    if frame.latest_end is not None:
        end_high = min(end_high, int(frame.latest_end[o]))
    start_low = max(op.release, op.est, frame.low)
    if o in frame.kept and frame.base is not None:
        start_low = max(start_low, int(frame.base.start[o]) - frame.shift)
        end_high = min(end_high, int(frame.base.end[o]) + frame.shift)
    return Window(start_low, min(op.lst, frame.high), max(op.eet, -FOREVER), end_high)


def _fit_modes(frame: Frame, op: OpData, window: Window) -> None:
    """Shrink a window to what the modes leave of it."""
    start_low = end_low = FOREVER
    start_high = end_high = -FOREVER
    for mode in op.modes:
        clock = frame.clocks.real if mode.work == 0 else frame.clocks.of(mode.resource)
        low = max(clock.first_start(window.start_low), clock.first_end(window.end_low) - mode.work)
        high = min(clock.last_start(window.start_high), clock.last_end(window.end_high) - mode.work)
        low = earliest(clock, low, mode.work, op.interruptible)
        high = latest(clock, high, mode.work, op.interruptible)
        if low > high:
            continue
        start_low, end_low = min(start_low, clock.start_at(low)), min(end_low, clock.end_at(low + mode.work))
        start_high, end_high = max(start_high, clock.start_at(high)), max(end_high, clock.end_at(high + mode.work))
    window.start_low, window.end_low = max(window.start_low, start_low), max(window.end_low, end_low)
    window.start_high, window.end_high = min(window.start_high, start_high), min(window.end_high, end_high)


def _follow(frame: Frame, windows: dict[int, Window], arc: ArcData) -> list[int]:
    """Carry the bounds of one end of a dependency to the other; return whose window shrank."""
    pred, succ = windows.get(arc.pred), windows.get(arc.succ)
    pred_low, pred_high = _range(frame, pred, arc.pred, arc.pred_end)
    succ_low, succ_high = _range(frame, succ, arc.succ, arc.succ_end)
    out: list[int] = []
    most = FOREVER if arc.max_lag is None else arc.max_lag
    if succ is not None and _narrow(succ, arc.succ_end, pred_low + arc.min_lag, pred_high + most):
        out.append(arc.succ)
    if pred is not None and _narrow(pred, arc.pred_end, succ_low - most, succ_high - arc.min_lag):
        out.append(arc.pred)
    return out


def _range(frame: Frame, window: Window | None, o: int, at_end: bool) -> tuple[int, int]:
    if window is None:
        held = frame.held(o)
        point = held.end if at_end else held.start
        return point, point
    return (window.end_low, window.end_high) if at_end else (window.start_low, window.start_high)


def _narrow(window: Window, at_end: bool, low: int, high: int) -> bool:
    changed = False
    if at_end:
        if low > window.end_low:
            window.end_low, changed = low, True
        if high < window.end_high:
            window.end_high, changed = high, True
    else:
        if low > window.start_low:
            window.start_low, changed = low, True
        if high < window.start_high:
            window.start_high, changed = high, True
    return changed
