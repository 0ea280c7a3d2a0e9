"""Setups: what may follow what on each resource with a setup matrix, and the gap between.

Two forms. A *circuit* has an arc for each operation that can be the next with a family after another, and knows each
setup: exact, but CP-SAT finds little with it beyond a dozen operations on a resource. *Pairs* have one literal for each
two operations, which of them is first, and keep the shortest chain of setups between them: exact where setups obey the
triangle inequality and nothing but the gap depends on them; else a relaxation, whose plans are repaired by decoding.

Everything is on the clock of the resource, where a setup that pauses over breaks is simply so long. Operations without
a family may run between two with one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.solve.cpsat.circuits import Circuit, Measures
from engine.solve.cpsat.model import Model
from engine.solve.cpsat.setup_nodes import Changeover, Node, make_nodes, stay_in_conflict
from engine.solve.cpsat.setup_pairs import add_pairs, closure, is_metric
from engine.solve.cpsat.standing import standing_setups
from engine.solve.problem.problem import NO_FAMILY
from engine.solve.problem.timeline import FOREVER

if TYPE_CHECKING:
    from engine.solve.cpsat.capacity import Capacity
    from engine.solve.cpsat.frame import Frame
    from engine.solve.cpsat.variables import OpVars
    from engine.solve.problem.problem import ResourceData

MOST_ARCS = 60
MOST_ARCS_FOR_AMOUNTS = 20_000


class Setups:
    """Requires setups on every resource with a matrix that a free operation with a family can use.

    Parameters
    ----------
    model, frame, made
        The model, what it covers, and the variables of its free operations.
    need_amounts, need_arcs
        Whether the objective weighs the length of setups with something else than their arcs; whether it weighs them
        at all.
    must_be_exact
        Whether to use circuits wherever pairs would be a relaxation, however large they get.

    Attributes
    ----------
    is_relaxed
        Whether plans of the model may lack room for setups.
    changeovers
        The possible setups with their literals, where there are circuits.
    standing
        The setups that the model does not decide, where the objective weighs setups.
    """

    def __init__(
        self,
        model: Model,
        frame: Frame,
        made: dict[int, OpVars],
        *,
        need_amounts: bool = False,
        need_arcs: bool = False,
        must_be_exact: bool = False,
    ) -> None:
        self._model = model
        self._frame = frame
        self._made = made
        self._need_amounts = need_amounts
        self._need_arcs = need_arcs or need_amounts
        self._most_arcs = MOST_ARCS_FOR_AMOUNTS if self._need_arcs else FOREVER if must_be_exact else MOST_ARCS
        self.is_relaxed = False
        self.changeovers: list[Changeover] = []
        self.standing: list[Changeover] = []

    def add_all(self, capacity: Capacity) -> None:
        """Require sequences and setups; tell ``capacity``, which comes later, what holds resources before a start."""
        problem, circuits, paired = self._frame.problem, dict[int, list[Node]](), set[int]()
        for resource in sorted(self._frame.touched()):
            data = problem.resources[resource]
            if data.setup is None:
                continue
            nodes = make_nodes(self._model, self._frame, self._made, data)
            if not any(node.track is not None or (node.held is not None and node.held.is_lock) for node in nodes):
                continue
            in_conflict = self._stay_in_conflict(data, nodes)
            is_exact = not in_conflict and is_metric(data.setup, nodes)
            is_exact = is_exact and not self._depends_on_lengths(data, nodes, capacity)
            if _count_arcs(nodes) > self._most_arcs or (is_exact and not self._need_arcs):
                gaps = closure(data.setup, nodes)
                add_pairs(self._model, self._frame, data, nodes, gaps, with_held=not in_conflict)
                self.is_relaxed = self.is_relaxed or not is_exact
                paired.add(resource)
            else:
                circuits[resource] = nodes
        self._add_circuits(circuits, capacity)
        if self._need_arcs:
            self.standing = standing_setups(self._frame, circuits, paired)

    def _add_circuits(self, circuits: dict[int, list[Node]], capacity: Capacity) -> None:
        problem = self._frame.problem
        measures = Measures(self._model, self._frame, self._made)
        measured = {r for r, nodes in circuits.items() if self._is_explicit(problem.resources[r], nodes, capacity)}
        for resource in measured:
            for node in circuits[resource]:
                measures.add(node, circuits)
        for resource, nodes in circuits.items():
            circuit = Circuit(self._model, self._frame, problem.resources[resource], nodes)
            circuit.add()
            self.changeovers += circuit.changeovers
        measures.require(circuits)
        for resource in measured:
            for node in circuits[resource]:
                measures.hold(resource, node, capacity)

    def _is_explicit(self, data: ResourceData, nodes: list[Node], capacity: Capacity) -> bool:
        """Whether setup lengths matter beyond the gaps that arcs keep."""
        return self._need_amounts or self._stay_in_conflict(data, nodes) or self._is_shared(data, nodes, capacity)

    def _stay_in_conflict(self, data: ResourceData, nodes: list[Node]) -> bool:
        assert data.setup is not None
        return stay_in_conflict(data.setup, nodes, self._frame.clocks.of(data.index).first_start(0))

    def _depends_on_lengths(self, data: ResourceData, nodes: list[Node], capacity: Capacity) -> bool:
        """Whether more than the gap between two operations depends on a setup's length; a release date for one."""
        if self._is_shared(data, nodes, capacity):
            return True
        clock = self._frame.clocks.of(data.index)
        return any(node.needs_setup and clock.first_start(node.release) > 0 for node in nodes if node.held is None)

    def _is_shared(self, data: ResourceData, nodes: list[Node], capacity: Capacity) -> bool:
        """Whether a setup could meet something that is not in the sequence, here or on a secondary resource."""
        frame = self._frame
        if data.outages or data.blocked or frame.secondary.get(data.index):
            return True
        if any(frame.problem.ops[node.op].demands for node in nodes):
            return True
        if any(h.op.family == NO_FAMILY and h.end > h.start for h in frame.primary.get(data.index, [])):
            return True
        return any(use.mode is None or use.made.op.family == NO_FAMILY for use in capacity.uses.get(data.index, []))


def _count_arcs(nodes: list[Node]) -> int:
    kept = sum(node.keeps_order for node in nodes)
    free = len(nodes) - kept
    return free * free + 2 * free * kept + kept
