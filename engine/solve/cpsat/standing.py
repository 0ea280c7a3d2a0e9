"""Setups that a model does not decide: of operations that stay, behind others that stay."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.solve.cpsat.setup_nodes import Changeover

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.solve.cpsat.frame import Frame
    from engine.solve.cpsat.setup_nodes import Node


def standing_setups(frame: Frame, circuits: dict[int, list[Node]], paired: set[int]) -> list[Changeover]:
    """Return the setups of operations that stay which no circuit has as arcs.

    Parameters
    ----------
    frame
        What the model covers.
    circuits
        The stops of each circuit by resource.
    paired
        Resources whose setups are pairs: what their operations need there is not known.
    """
    problem = frame.problem
    resource, start, end = _places(frame)
    ms, cost = frame.index.setup_sequences.of(resource, start, end)
    decided = {node.op for nodes in circuits.values() for node in nodes if not node.is_past}
    return [
        Changeover(int(o), int(resource[o]), True, int(ms[o]) // problem.tick_ms, int(ms[o]), float(cost[o]))
        for o in np.flatnonzero((ms > 0) | (cost > 0))
        if not frame.is_free[o] and int(o) not in decided and int(resource[o]) not in paired
    ]


def _places(frame: Frame) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return resource, start and end of each operation in the base plan; without one, of what is fixed."""
    base, n = frame.base, len(frame.problem.ops)
    if base is not None:
        return frame.index.mode_resource[np.arange(n), base.mode], base.start, base.end
    resource, start, end = (np.zeros(n, np.int64) for _ in range(3))
    for op in frame.problem.ops:
        if op.fixed is not None:
            at = op.fixed.placement
            resource[op.index], start[op.index], end[op.index] = at.resource, at.start, at.end
    return resource, start, end
