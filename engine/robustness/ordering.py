"""The order in which the operations of a plan can be simulated."""

from __future__ import annotations

import heapq
from collections.abc import Sequence

Times = tuple[int, int, int]


def ordered(
    times: Sequence[Times], links: Sequence[set[int]], unit_orders: Sequence[Sequence[int]]
) -> tuple[list[int], bool]:
    """Return an order in which each comes after what it waits for, and whether circles of waits had to be cut.

    Planned time decides where that leaves a choice. The order in which units are taken gives way before a link does:
    an operation may be set up with a unit before what it waits for takes another, so that neither order would do.

    Parameters
    ----------
    times
        When each is planned: occupied from, start, end.
    links
        What each waits for.
    unit_orders
        Who takes units of the same resource before each.
    """
    queue = _Queue(times, links, unit_orders)
    order: list[int] = []
    has_circles = False
    while len(order) < len(times):
        i, is_cut = queue.next()
        has_circles = has_circles or is_cut
        order.append(i)
    return order, has_circles


class _Queue:
    """Operations whose predecessors are done, the earliest planned one first."""

    def __init__(self, times: Sequence[Times], links: Sequence[set[int]], unit_orders: Sequence[Sequence[int]]) -> None:
        waits = [befores | set(others) for befores, others in zip(links, unit_orders, strict=True)]
        self._after_link, self._after = _reversed(links), _reversed(waits)
        self._links_left, self._left = [len(w) for w in links], [len(w) for w in waits]
        self._keys = [(*time, i) for i, time in enumerate(times)]
        self._is_done = [False] * len(times)
        self._ready = [key for key in self._keys if not self._left[key[-1]]]
        self._nearly = [key for key in self._keys if not self._links_left[key[-1]]]
        self._rest = list(self._keys)
        for heap in (self._ready, self._nearly, self._rest):
            heapq.heapify(heap)

    def next(self) -> tuple[int, bool]:
        """Take the next operation out; also whether that cuts a circle of waits."""
        for heap in (self._ready, self._nearly, self._rest):
            while heap:
                i = heapq.heappop(heap)[-1]
                if not self._is_done[i]:
                    self._finish(i)
                    return i, heap is self._rest
        raise IndexError("no operation is left")

    def _finish(self, i: int) -> None:
        self._is_done[i] = True
        for after, left, heap in (
            (self._after_link[i], self._links_left, self._nearly),
            (self._after[i], self._left, self._ready),
        ):
            for other in after:
                left[other] -= 1
                if not left[other]:
                    heapq.heappush(heap, self._keys[other])


def _reversed(waits: Sequence[set[int]]) -> list[list[int]]:
    after: list[list[int]] = [[] for _ in waits]
    for i, befores in enumerate(waits):
        for before in sorted(befores):
            after[before].append(i)
    return after
