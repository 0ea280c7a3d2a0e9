"""Compiled arithmetic on calendars in flat arrays (``calendar_ptr``, ``_start``, ``_end``, ``_sum`` of ``g``).

``_sum`` is the work done before each interval. A resource without intervals always works.
"""

from __future__ import annotations

from numba import njit

JIT = {"cache": True, "nogil": True}
"""For functions that make arrays."""
HOT = JIT | {"_nrt": False}
"""For functions that make none: without reference counting, which else takes most of the time of short functions that
are given many arrays (measured: 8 times as many moves a second)."""
FAR = 1 << 50


@njit(**HOT)
def interval_after(g, r, t):
    """Return the first working interval of ``r`` that ends after ``t``."""
    lo, hi = g.calendar_ptr[r], g.calendar_ptr[r + 1]
    while lo < hi:
        mid = (lo + hi) >> 1
        if g.calendar_end[mid] > t:
            hi = mid
        else:
            lo = mid + 1
    return lo


@njit(**HOT)
def span(g, r, t, work, interruptible):
    """Return (start, end) of the work begun on ``r`` as early as possible from ``t`` on; FAR where it never can."""
    first, stop = g.calendar_ptr[r], g.calendar_ptr[r + 1]
    if first == stop or work == 0:
        return t, t + work
    i = interval_after(g, r, t)
    if i >= stop:
        return FAR, FAR
    s = max(t, g.calendar_start[i])
    if s + work <= g.calendar_end[i]:
        return s, s + work
    if not interruptible:
        i += 1
        while i < stop and g.calendar_end[i] - g.calendar_start[i] < work:
            i += 1
        if i >= stop:
            return FAR, FAR
        return g.calendar_start[i], g.calendar_start[i] + work
    goal = g.calendar_sum[i] + s - g.calendar_start[i] + work
    lo, hi = i + 1, stop
    while lo < hi:  # the last interval with less done before it than the goal
        mid = (lo + hi) >> 1
        if g.calendar_sum[mid] < goal:
            lo = mid + 1
        else:
            hi = mid
    i = lo - 1
    e = g.calendar_start[i] + goal - g.calendar_sum[i]
    if e > g.calendar_end[i]:
        return FAR, FAR
    return s, e


@njit(**HOT)
def latest(g, r, t, work, interruptible):
    """Return the latest start of the work on ``r`` that ends by ``t``; -FAR where there is none."""
    first, stop = g.calendar_ptr[r], g.calendar_ptr[r + 1]
    if first == stop or work == 0:
        return t - work
    lo, hi = first, stop
    while lo < hi:
        mid = (lo + hi) >> 1
        if g.calendar_start[mid] < t:
            lo = mid + 1
        else:
            hi = mid
    i = lo - 1
    if i < first:
        return -FAR
    e = min(t, g.calendar_end[i])
    if e - work >= g.calendar_start[i]:
        return e - work
    if not interruptible:
        i -= 1
        while i >= first and g.calendar_end[i] - g.calendar_start[i] < work:
            i -= 1
        return g.calendar_end[i] - work if i >= first else -FAR
    goal = g.calendar_sum[i] + e - g.calendar_start[i] - work
    if goal < g.calendar_sum[first]:
        return -FAR
    lo, hi = first, i
    while lo < hi:  # the last interval with no more done before it than the goal
        mid = (lo + hi + 1) >> 1
        if g.calendar_sum[mid] <= goal:
            lo = mid
        else:
            hi = mid - 1
    return g.calendar_start[lo] + goal - g.calendar_sum[lo]


@njit(**HOT)
def idle_within(g, c, r, start, end):
    """Return -1 when ``c`` works whenever ``r`` does within ``[start, end)``.

    Otherwise the first tick behind such a clash at which ``c`` works again; FAR where it never does.
    """
    c_first, c_stop = g.calendar_ptr[c], g.calendar_ptr[c + 1]
    if c_first == c_stop or start >= end:
        return -1
    r_first, r_stop = g.calendar_ptr[r], g.calendar_ptr[r + 1]
    i = interval_after(g, r, start) if r_first < r_stop else 0
    while True:
        if r_first == r_stop:
            a, b = start, end
        else:
            if i >= r_stop or g.calendar_start[i] >= end:
                return -1
            a, b = max(start, g.calendar_start[i]), min(end, g.calendar_end[i])
        k = interval_after(g, c, a)
        if k >= c_stop:
            return FAR
        if g.calendar_start[k] > a:
            return g.calendar_start[k]
        if g.calendar_end[k] < b:
            return g.calendar_start[k + 1] if k + 1 < c_stop else FAR
        if r_first == r_stop:
            return -1
        i += 1
