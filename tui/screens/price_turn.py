"""Waiting for the moment at which the prices change by themselves."""

from datetime import datetime
from functools import partial

from textual.timer import Timer

from tui.messages import PricingChanged
from tui.screens.desk_screen import DeskScreen

LONGEST_WAIT_SECONDS = 3600.0
"""How long a planned change is waited for at a time."""

SHORTEST_WAIT_SECONDS = 1.0
"""How soon the prices are read again at the earliest, where the clock is behind the timer."""


class PriceTurn:
    """Has every screen read the prices again once a planned change takes effect, or one has ended."""

    def __init__(self, screen: DeskScreen) -> None:
        self._screen = screen
        self._timer: Timer | None = None

    def expect(self, next_at: datetime | None) -> None:
        """Wait for this moment, and no longer for the one before it; None: nothing is planned."""
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        if next_at is not None:
            app = self._screen.app
            seconds = (next_at - app.clock()).total_seconds()
            wait = min(max(seconds, SHORTEST_WAIT_SECONDS), LONGEST_WAIT_SECONDS)
            self._timer = self._screen.set_timer(wait, partial(app.facts.publish, PricingChanged()))
