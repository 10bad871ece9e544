"""How fast Stripe may be called: one limit for everything in the process that shares a gateway."""

import threading
import time
from collections.abc import Callable

CALLS_PER_SECOND = 20.0
"""Below the 25 that Stripe allows each endpoint in live mode, and a whole account in test mode.

A sweep calls one endpoint again and again, so the 100 that a live account has in all are of no use to it.
Source: https://docs.stripe.com/rate-limits
"""

BURST = 5
"""How many calls may follow each other at once after a rest: with them no second has more than 25."""


class RateLimit:
    """A token bucket, safe from any thread: `take` returns once the next call may be made, first come, first served.

    `clock` gives seconds that only go forward; `pause` waits for a number of them.
    """

    def __init__(
        self,
        calls_per_second: float = CALLS_PER_SECOND,
        burst: int = BURST,
        *,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._spacing = 1 / calls_per_second
        self._slack = (burst - 1) * self._spacing
        self._clock = clock
        self._pause = pause
        self._lock = threading.Lock()
        self._next = float("-inf")

    def take(self) -> None:
        """Waits for a turn. Each call books the moment of its own turn, so nobody waits while holding the lock."""
        with self._lock:
            now = self._clock()
            turn = max(self._next, now - self._slack)
            self._next = turn + self._spacing
        if turn > now:
            self._pause(turn - now)
