"""Setups: a circuit through the operations with a family on each resource that has a setup matrix.

An arc says that one operation is the next with a family after another; operations without a family may run between
them. Arcs carry the setup before their head. Everything is on the clock of the resource, where a setup that pauses
over breaks is simply so long.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.solve.cpsat.model import Lit, Model, negated
from engine.solve.cpsat.setup_nodes import Amount, Amounts, Changeover, Node, make_nodes
from engine.solve.cpsat.variables import demand_zones, span_zones
from engine.solve.problem import NO_FAMILY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.solve.cpsat.calendars import Zone
    from engine.solve.cpsat.capacity import Capacity
    from engine.solve.cpsat.frame import Frame
    from engine.solve.cpsat.variables import OpVars, Track
    from engine.solve.problem import ResourceData

Arc = tuple[int, int, Lit]


class Setups:
    """Requires setups on every resource with a matrix that a free operation with a family can use.

    Parameters
    ----------
    model, frame, made
        The model, what it covers, and the variables of its free operations.
    need_amounts
        Whether the objective needs to know each setup.
    reach
        None: any operation may follow any. Else only operations at most so many places apart in the base plan may,
        which keeps big models small but leaves out plans (``is_restricted``).
    """

    def __init__(
        self, model: Model, frame: Frame, made: dict[int, OpVars], need_amounts: bool, reach: int | None = None
    ) -> None:
        self._model = model
        self._frame = frame
        self._made = made
        self._need_amounts = need_amounts
        self._reach = reach
        self.is_restricted = False
        self.changeovers: list[Changeover] = []
        self._rows: dict[int, list[Node]] = {}
        self._explicit: set[int] = set()
        self._measured: dict[tuple[int, int], list[tuple[Track, Node]]] = {}

    def add_all(self, capacity: Capacity) -> None:
        """Require sequences and setups; tell ``capacity``, which must come later, what holds resources before a start."""
        problem = self._frame.problem
        for resource in sorted(self._frame.touched()):
            data = problem.resources[resource]
            if data.setup is not None:
                nodes = make_nodes(self._model, self._frame, self._made, data)
                if any(node.track is not None for node in nodes) or self._has_locks(nodes):
                    self._rows[resource] = nodes
        matrices = [problem.resources[resource].setup for resource in self._rows]
        longest = max((int(matrix.ticks.max(initial=0)) for matrix in matrices if matrix is not None), default=0)
        for resource, nodes in self._rows.items():
            if longest and self._is_explicit(problem.resources[resource], nodes, capacity):
                self._explicit.add(resource)
                for node in nodes:
                    if node.track is not None and node.needs_setup:
                        self._measure(node, node.track, longest)
        self._gather()
        for resource, nodes in self._rows.items():
            self._add_circuit(problem.resources[resource], nodes)
        for pairs in self._measured.values():
            track = pairs[0][0]
            arcs = [change for _, node in pairs for change in node.incoming]
            self._model.require(track.setup == sum(c.ticks * c.lit for c in arcs))
            for _, node in pairs:
                self._keep_clear(track, node)
        for resource in self._explicit:
            for node in self._rows[resource]:
                if node.held is not None and any(c.ticks for c in node.incoming):
                    self._hold(resource, node, capacity)

    def _has_locks(self, nodes: list[Node]) -> bool:
        return any(node.held is not None and node.held.is_lock for node in nodes)

    def _is_explicit(self, data: ResourceData, nodes: list[Node], capacity: Capacity) -> bool:
        """Whether setup lengths matter beyond the gaps that arcs keep."""
        if self._need_amounts or data.outages or data.blocked:
            return True
        if any(self._frame.problem.ops[node.op].demands for node in nodes):
            return True
        if any(h.op.family == NO_FAMILY and h.end > h.start for h in self._frame.primary.get(data.index, [])):
            return True
        if self._frame.secondary.get(data.index):
            return True
        return any(use.mode is None or use.made.op.family == NO_FAMILY for use in capacity.uses.get(data.index, []))

    def _measure(self, node: Node, track: Track, longest: int) -> None:
        """Give a track the length of its setup as a variable."""
        if track.held_from is not track.start:
            return
        hint = self._hinted_setup(node, track)
        track.setup = self._model.integer(0, longest, hint)
        first = None if hint is None or track.start.hint is None else track.start.hint - hint
        low = max(track.clock.first_start(node.release), track.start.low - longest)
        track.held_from = self._model.point(min(low, track.start.low), track.start.high, first)
        self._model.require(track.held_from.expr + track.setup == track.start.expr)

    def _gather(self) -> None:
        """Note all stops of the operations whose setup is a variable: it may come from any resource of the clock."""
        for nodes in self._rows.values():
            for node in nodes:
                if node.track is not None and node.track.held_from is not node.track.start:
                    self._measured.setdefault((node.op, id(node.track.clock)), []).append((node.track, node))

    def _hinted_setup(self, node: Node, track: Track) -> int | None:
        base = self._frame.base
        if base is None:
            return None
        if not any(self._model.is_hinted(mode.lit) for mode in track.modes):
            return 0
        return track.clock.work_at(int(base.start[node.op])) - track.clock.work_at(int(base.setup_start[node.op]))

    def _add_circuit(self, data: ResourceData, nodes: list[Node]) -> None:
        assert data.setup is not None
        amounts = Amounts(self._frame, data, data.setup)
        order = self._hinted_order(nodes)
        arcs = self._ends(data, nodes, amounts, order)
        for one, other in self._pairs(nodes):
            amount = amounts.between(one, other)
            if amount is None:
                continue
            lit = self._model.boolean(None if order is None else order.get(one.op) == other.op)
            arcs.append((one.position + 1, other.position + 1, lit))
            if one.held is None or other.held is None:
                self._model.before(one.end, other.start, amount[0], lit)
            self._note(data.index, other, lit, amount)
        for node in nodes:
            absent = negated(self._presence(node))
            if absent is not False:
                arcs.append((node.position + 1, node.position + 1, absent))
        self._model.cp.add_circuit(arcs)

    def _presence(self, node: Node) -> Lit:
        if node.held is not None:
            return True
        lits = [mode.lit for mode in node.modes]
        return self._model.either(lits, any(self._model.is_hinted(lit) for lit in lits) if self._frame.base else None)

    def _ends(self, data: ResourceData, nodes: list[Node], amounts: Amounts, order: dict[int, int] | None) -> list[Arc]:
        """Return the arcs from and to the depot: to the operation that comes first, and from the last."""
        model = self._model
        kept = [node for node in nodes if node.keeps_order]
        arcs: list[Arc] = []
        for node in nodes:
            if (not node.keeps_order or node is kept[0]) and (amount := amounts.first(node)) is not None:
                lit = model.boolean(None if order is None else order.get(-1) == node.op)
                arcs.append((0, node.position + 1, lit))
                if node.track is not None and amount[0]:
                    low = node.track.clock.first_start(node.release) + amount[0]
                    model.within(node.start, [(low, max(low, node.start.high))], lit)
                self._note(data.index, node, lit, amount)
            if not node.keeps_order or node is kept[-1]:
                lit = model.boolean(None if order is None else order.get(node.op) == -1)
                arcs.append((node.position + 1, 0, lit))
        if not any(node.held is not None or any(mode.lit is True for mode in node.modes) for node in nodes):
            arcs.append((0, 0, model.boolean(None if order is None else not order)))
        return arcs

    def _pairs(self, nodes: list[Node]) -> Iterator[tuple[Node, Node]]:
        """Yield the pairs that may follow each other."""
        kept = [node for node in nodes if node.keeps_order]
        following = {a.position: b for a, b in zip(kept, kept[1:], strict=False)}
        for one in nodes:
            for other in nodes:
                if one is other:
                    continue
                if one.keeps_order and other.keeps_order:
                    if following.get(one.position) is other:
                        yield one, other
                elif one.end.low <= other.start.high:
                    if self._reach is not None and abs(one.position - other.position) > self._reach:
                        self.is_restricted = True
                    else:
                        yield one, other

    def _note(self, resource: int, node: Node, lit: Lit, amount: Amount) -> None:
        if any(amount):
            change = Changeover(node.op, resource, lit, *amount)
            node.incoming.append(change)
            self.changeovers.append(change)

    def _hinted_order(self, nodes: list[Node]) -> dict[int, int] | None:
        """Return the base plan's successor of each operation; -1 stands before the first and after the last."""
        if self._frame.base is None:
            return None
        row = [n.op for n in nodes if n.held is not None or any(self._model.is_hinted(m.lit) for m in n.modes)]
        return dict(zip([-1, *row], [*row, -1], strict=True)) if row else {}

    def _keep_clear(self, track: Track, node: Node) -> None:
        """A setup covers nothing that its operation's span must not cover."""
        made, model, frame = self._made[node.op], self._model, self._frame
        zones: list[tuple[Zone, Lit]] = []
        for demand, lits in zip(made.op.demands, made.choices, strict=True):
            for resource, lit in lits.items():
                if demand.quantity:
                    zones += [(zone, lit) for zone in demand_zones(frame, resource, track.clock, made.window)]
        for mode in node.modes:
            own = [(zone, True) for zone in span_zones(frame, mode.data.resource, track.clock, made.window)]
            for (a, b), lit in own + zones:
                if track.held_from.low < b and track.start.high > a:
                    after = model.boolean(None if track.held_from.hint is None else track.held_from.hint >= b)
                    model.require(track.held_from.expr >= b, after, lit, mode.lit)
                    model.require(track.start.expr <= a, negated(after), lit, mode.lit)

    def _hold(self, resource: int, node: Node, capacity: Capacity) -> None:
        """Keep the setup of an operation that stays apart from all else on what it holds meanwhile."""
        model, held = self._model, node.held
        assert held is not None
        clock = self._frame.clocks.of(resource)
        longest = max(c.ticks for c in node.incoming)
        setup = model.integer(0, longest, sum(c.ticks for c in node.incoming if model.is_hinted(c.lit)))
        model.require(setup == sum(c.ticks * c.lit for c in node.incoming))
        hint = None if self._frame.base is None else node.start.low - (model.hint_of(setup) or 0)
        first = model.point(node.start.low - longest, node.start.low, hint)
        model.require(first.expr + setup == node.start.low)
        chosen = [(d, r) for d, r in zip(held.op.demands, held.choices, strict=True) if d.quantity and r >= 0]
        capacity.hold(resource, clock, first, node.start.low, held.start, 1)
        for demand, secondary in chosen:
            capacity.hold(secondary, clock, first, node.start.low, held.start, demand.quantity)
