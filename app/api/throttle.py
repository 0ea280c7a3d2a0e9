"""How often a user may ask for an optimisation."""

from __future__ import annotations

import math
import threading
import time
from typing import Final

import limits
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from app.api.errors import Refused
from engine.errors import ErrorCode

_MINUTE_S: Final = 60


class Throttle:
    """How often each user may ask, in a window that moves."""

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._item = limits.RateLimitItemPerMinute(per_minute)
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._lock = threading.Lock()

    def pass_or_refuse(self, user: str) -> None:
        """Count one request of a user (E011 with Retry-After when it is one too many)."""
        with self._lock:
            if self._limiter.hit(self._item, user):
                return
            reset_at = self._limiter.get_window_stats(self._item, user).reset_time
        wait_s = min(_MINUTE_S, max(1, math.ceil(reset_at - time.time())))
        raise Refused(
            ErrorCode.RATE_LIMIT,
            f"At most {self._per_minute} optimisations a minute for each user. Try again in {wait_s} s.",
            {"limit": self._per_minute, "retryAfter": wait_s},
            headers={"Retry-After": str(wait_s)},
        )
