"""Working time as a coordinate: every position against a count of the working ticks one by one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.solve.cpsat.clock import Clock
from engine.solve.problem.timeline import Timeline

UNTIL, SINCE = 60, -20


@st.composite
def timelines(draw: st.DrawFn) -> Timeline:
    edges = sorted(draw(st.sets(st.integers(SINCE, UNTIL), min_size=2, max_size=10)))
    edges = edges[: len(edges) // 2 * 2]
    return Timeline(np.array(edges[::2]), np.array(edges[1::2]), UNTIL)


def worked(timeline: Timeline, relaxed_from: int) -> dict[int, bool]:
    return {t: t >= relaxed_from or timeline.is_working(t) for t in range(SINCE, UNTIL)}


@given(timelines(), st.sampled_from([0, 25, 1_000]))
def test_positions_count_the_ticks_that_are_worked(timeline: Timeline, relaxed_from: int) -> None:
    clock, works = Clock(timeline, UNTIL, relaxed_from, SINCE), worked(timeline, relaxed_from)
    for tick in range(SINCE, UNTIL):
        low, high = min(0, tick), max(0, tick)
        count = sum(works[t] for t in range(low, high))
        assert clock.work_at(tick) == (count if tick >= 0 else -count)


@given(timelines(), st.sampled_from([0, 25, 1_000]))
def test_starts_stand_behind_a_break_and_ends_before_it(timeline: Timeline, relaxed_from: int) -> None:
    clock, works = Clock(timeline, UNTIL, relaxed_from, SINCE), worked(timeline, relaxed_from)
    ticks = [t for t in range(UNTIL) if works[t]]
    for position, tick in enumerate(ticks):
        assert clock.start_at(position) == tick
        assert clock.end_at(position + 1) == tick + 1
        assert clock.first_start(tick) == clock.last_start(tick) == position
        assert clock.first_end(tick + 1) == clock.last_end(tick + 1) == position + 1
    assert clock.last == len(ticks)


@given(timelines())
def test_breaks_and_gaps_are_what_is_not_worked(timeline: Timeline) -> None:
    clock, works = Clock(timeline, UNTIL, since=SINCE), worked(timeline, 1_000)
    idle = {t for t in range(UNTIL) if not works[t]}
    assert {t for a, b in clock.gaps(0, UNTIL) for t in range(a, b)} == idle
    for pause in clock.breaks(1, clock.last - 1):
        assert clock.end_at(pause.at) == pause.start and clock.start_at(pause.at) == pause.end
        assert not any(works[t] for t in range(pause.start, pause.end))


@pytest.mark.parametrize(("since", "is_real"), [(0, True), (-10, False)])
def test_what_stops_only_in_the_past_is_the_real_clock_if_nobody_asks_for_the_past(since: int, is_real: bool) -> None:
    timeline = Timeline(np.array([0]), np.array([UNTIL]), UNTIL)
    clock = Clock(timeline, UNTIL, since=since)
    assert clock.is_real == is_real
    assert clock.work_at(30) == 30
    assert clock.work_at(-10) == (-10 if is_real else 0)
