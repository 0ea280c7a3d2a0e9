"""Setup circuits: an arc for each operation that can be the next with a family after another; it knows the setup."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from engine.solve.cpsat.model import Lit, Model, negated
from engine.solve.cpsat.setup_nodes import Amount, Amounts, Changeover, Node
from engine.solve.cpsat.variables import demand_zones, span_zones

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.solve.cpsat.calendars import Zone
    from engine.solve.cpsat.capacity import Capacity
    from engine.solve.cpsat.frame import Frame
    from engine.solve.cpsat.variables import OpVars, Track
    from engine.solve.problem.problem import ResourceData

Arc = tuple[int, int, Lit]


class Circuit:
    """The circuit of one resource; ``changeovers`` are its possible setups."""

    def __init__(self, model: Model, frame: Frame, data: ResourceData, nodes: list[Node]) -> None:
        assert data.setup is not None
        self._model = model
        self._frame = frame
        self._resource = data.index
        self._nodes = nodes
        self._amounts = Amounts(frame, data, data.setup)
        self._order = self._hinted_order()
        self.changeovers: list[Changeover] = []

    def add(self) -> None:
        """Require the circuit and the gap along each arc."""
        arcs = self._ends()
        for one, other in self._pairs():
            amount = self._amounts.between(one, other)
            if amount is None:
                continue
            lit = self._literal(one.op, other.op)
            arcs.append((one.position + 1, other.position + 1, lit))
            if one.held is None or other.held is None:
                self._model.before(one.end, other.start, amount[0], lit)
            self._after_release(other, amount[0], lit)
            self._note(other, lit, amount)
        for node in self._nodes:
            absent = negated(self._presence(node))
            if absent is not False:
                arcs.append((node.position + 1, node.position + 1, absent))
        self._model.cp.add_circuit(arcs)

    def _after_release(self, node: Node, ticks: int, lit: Lit) -> None:
        """A setup begins no earlier than its operation's release."""
        if node.track is not None and ticks:
            low = node.track.clock.first_start(node.release) + ticks
            if low > node.start.low:
                self._model.within(node.start, [(low, max(low, node.start.high))], lit)

    def _literal(self, one: int, other: int) -> Lit:
        """Return a new arc; -1 stands before the first operation and after the last."""
        return self._model.boolean(None if self._order is None else self._order.get(one) == other)

    def _presence(self, node: Node) -> Lit:
        if node.held is not None:
            return True
        lits = [mode.lit for mode in node.modes]
        return self._model.either(lits, any(self._model.is_hinted(lit) for lit in lits) if self._frame.base else None)

    def _ends(self) -> list[Arc]:
        """Return the arcs from and to the depot: to the operation that comes first, and from the last."""
        kept = [node for node in self._nodes if node.keeps_order]
        arcs: list[Arc] = []
        for node in self._nodes:
            if (not node.keeps_order or node is kept[0]) and (amount := self._amounts.first(node)) is not None:
                lit = self._literal(-1, node.op)
                arcs.append((0, node.position + 1, lit))
                self._after_release(node, amount[0], lit)
                self._note(node, lit, amount)
            if not node.keeps_order or node is kept[-1]:
                arcs.append((node.position + 1, 0, self._literal(node.op, -1)))
        if not any(node.held is not None or any(mode.lit is True for mode in node.modes) for node in self._nodes):
            arcs.append((0, 0, self._model.boolean(None if self._order is None else not self._order)))
        return arcs

    def _pairs(self) -> Iterator[tuple[Node, Node]]:
        """Yield the pairs that may follow each other."""
        kept = [node for node in self._nodes if node.keeps_order]
        following = {a.position: b for a, b in pairwise(kept)}
        for one in self._nodes:
            for other in self._nodes:
                if one is other:
                    continue
                if one.keeps_order and other.keeps_order:
                    if following.get(one.position) is other:
                        yield one, other
                elif one.end.low <= other.start.high:
                    yield one, other

    def _note(self, node: Node, lit: Lit, amount: Amount) -> None:
        if any(amount):
            change = Changeover(node.op, self._resource, lit, *amount)
            node.incoming.append(change)
            self.changeovers.append(change)

    def _hinted_order(self) -> dict[int, int] | None:
        """Return the base plan's successor of each operation; -1 stands before the first and after the last."""
        if self._frame.base is None:
            return None
        nodes = [n for n in self._nodes if n.held is not None or any(self._model.is_hinted(m.lit) for m in n.modes)]
        row = [node.op for node in nodes]
        return dict(zip([-1, *row], [*row, -1], strict=True)) if row else {}


class Measures:
    """Setup lengths as variables, where more than a gap depends on them."""

    def __init__(self, model: Model, frame: Frame, made: dict[int, OpVars]) -> None:
        self._model = model
        self._frame = frame
        self._made = made

    def add(self, node: Node, circuits: dict[int, list[Node]]) -> None:
        """Give the track of a free operation the length of its setup, from wherever on its clock it may come."""
        track = node.track
        if track is None or not node.needs_setup or track.held_from is not track.start:
            return
        matrices = [self._frame.problem.resources[resource].setup for resource in circuits]
        longest = max((int(matrix.ticks.max(initial=0)) for matrix in matrices if matrix is not None), default=0)
        if longest <= 0:
            return
        hint = self._hinted_setup(node, track, circuits)
        track.setup = self._model.integer(0, longest, hint)
        first = None if hint is None or track.start.hint is None else track.start.hint - hint
        low = max(track.clock.first_start(node.release), track.start.low - longest)
        track.held_from = self._model.point(min(low, track.start.low), track.start.high, first)
        self._model.require(track.held_from.expr + track.setup == track.start.expr)

    def require(self, circuits: dict[int, list[Node]]) -> None:
        """Require each length to be that of the arc which is taken, and setups to cover nothing that they must not."""
        measured: dict[tuple[int, int], list[tuple[Track, Node]]] = {}
        for nodes in circuits.values():
            for node in nodes:
                if node.track is not None and node.track.held_from is not node.track.start:
                    measured.setdefault((node.op, id(node.track.clock)), []).append((node.track, node))
        for pairs in measured.values():
            track = pairs[0][0]
            arcs = [change for _, node in pairs for change in node.incoming]
            self._model.require(track.setup == sum(c.ticks * c.lit for c in arcs))
            for _, node in pairs:
                self._keep_clear(track, node)

    def hold(self, resource: int, node: Node, capacity: Capacity) -> None:
        """Keep the setup of an operation that stays apart from all else on what it holds meanwhile."""
        model, held = self._model, node.held
        if held is None:
            return
        capacity.decide(held.op.index)
        if not any(c.ticks for c in node.incoming):
            return
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

    def _hinted_setup(self, node: Node, track: Track, circuits: dict[int, list[Node]]) -> int | None:
        """Return its setup in the base plan if it runs there on a resource with a circuit, else 0."""
        base = self._frame.base
        if base is None:
            return None
        if not any(self._model.is_hinted(mode.lit) and mode.data.resource in circuits for mode in track.modes):
            return 0
        return track.clock.work_at(int(base.start[node.op])) - track.clock.work_at(int(base.setup_start[node.op]))

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
                    last = a if a < b else a - 1  # within a break: from position a on it starts behind that
                    model.require(track.start.expr <= last, negated(after), lit, mode.lit)
