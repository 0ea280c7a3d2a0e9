"""Setups between pairs: the gap that two operations keep, whichever of them is first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.solve.cpsat.model import Lit, Model, negated
from engine.solve.problem.problem import FORBIDDEN, NO_FAMILY

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.solve.cpsat.frame import Frame
    from engine.solve.cpsat.setup_nodes import Node
    from engine.solve.problem.problem import ResourceData, SetupData

_FAR = 1 << 40


def closure(setup: SetupData, nodes: list[Node]) -> NDArray[np.int64]:
    """Return the least time between the end of one family and the start of another, with any families in between.

    ``_FAR`` where there is no way. In between, the shortest operation of a family counts with its setups.
    """
    ticks = np.where(setup.ticks == FORBIDDEN, _FAR, setup.ticks).astype(np.int64)
    shortest = np.full(len(ticks), _FAR, np.int64)
    for node in nodes:
        length = min((m.data.work for m in node.modes), default=node.end.low - node.start.low)
        shortest[node.family] = min(shortest[node.family], length if node.needs_setup else 0)
    least = ticks.copy()
    for between in np.flatnonzero(shortest < _FAR):
        least = np.minimum(least, least[:, [between]] + shortest[between] + least[[between], :])
    return least


def is_metric(setup: SetupData, nodes: list[Node]) -> bool:
    """Whether keeping the gap between every two operations is the same as keeping each setup."""
    families = sorted({node.family for node in nodes} | ({setup.initial} if setup.initial != NO_FAMILY else set()))
    used = setup.ticks[np.ix_(families, families)]
    if (used == FORBIDDEN).any() or not all(node.needs_setup or node.held is not None for node in nodes):
        return False
    return bool((closure(setup, nodes)[np.ix_(families, families)] == used).all())


def add_pairs(
    model: Model,
    frame: Frame,
    data: ResourceData,
    nodes: list[Node],
    gaps: NDArray[np.int64],
    *,
    with_held: bool = True,
) -> None:
    """Require the gap between every two operations that can run on a resource, and after its initial family.

    Without ``with_held`` only between those that are free: next to what stays in conflict with its like, a gap says
    nothing about what comes behind.
    """
    assert data.setup is not None
    present = [_presence(model, frame, node) for node in nodes]
    zero = frame.clocks.of(data.index).first_start(0)
    has_begun = any(node.held is not None and node.start.low <= zero for node in nodes)
    if data.setup.initial != NO_FAMILY and with_held and not has_begun:
        for node, lit in zip(nodes, present, strict=True):
            first = int(gaps[data.setup.initial, node.family])
            if node.track is not None and node.needs_setup and first:
                low = zero + first
                model.within(node.start, [(low, max(low, node.start.high))], lit)
    last_kept: Node | None = None
    for i, one in enumerate(nodes):
        if one.keeps_order:
            is_open = last_kept is not None and (one.track is not None or last_kept.track is not None)
            if last_kept is not None and is_open and (with_held or (one.held is None and last_kept.held is None)):
                model.before(last_kept.end, one.start, _gap(gaps, last_kept, one))
            last_kept = one
        for j in range(i + 1, len(nodes)):
            other = nodes[j]
            is_open = with_held or (one.held is None and other.held is None)
            if is_open and not (one.keeps_order and other.keeps_order):
                _add_pair(model, one, other, gaps, present[i], present[j])


def _add_pair(model: Model, one: Node, other: Node, gaps: NDArray[np.int64], here: Lit, there: Lit) -> None:
    there_gap, back_gap = _gap(gaps, one, other), _gap(gaps, other, one)
    if not there_gap and not back_gap:
        return
    can_go = one.end.low + there_gap <= other.start.high
    can_return = other.end.low + back_gap <= one.start.high
    if not can_go or not can_return:
        if can_go:
            model.before(one.end, other.start, there_gap, here, there)
        elif can_return:
            model.before(other.end, one.start, back_gap, here, there)
        else:
            model.any_of([negated(here), negated(there)])
        return
    hint = None if one.start.hint is None or other.start.hint is None else one.start.hint < other.start.hint
    first = model.boolean(hint)
    model.before(one.end, other.start, there_gap, first, here, there)
    model.before(other.end, one.start, back_gap, negated(first), here, there)


def _gap(gaps: NDArray[np.int64], one: Node, other: Node) -> int:
    return int(gaps[one.family, other.family]) if other.needs_setup else 0


def _presence(model: Model, frame: Frame, node: Node) -> Lit:
    if node.held is not None:
        return True
    lits = [mode.lit for mode in node.modes]
    return model.either(lits, any(model.is_hinted(lit) for lit in lits) if frame.base is not None else None)
