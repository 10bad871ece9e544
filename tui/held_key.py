"""A key that is held down. Terminals tell of no release: the same key just comes again, soon."""

from datetime import datetime, timedelta

from services.clock import Clock

LONGEST_GAP = timedelta(seconds=1)
"""A key that is held comes again within this: keyboards wait for up to 0.75 s before the first repeat."""


class HeldKey:
    """Tells a key that is still held down from one that is pressed anew."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last_at: datetime | None = None

    def press(self) -> None:
        """Note that the key came."""
        self._last_at = self._clock()

    def is_still_down(self) -> bool:
        """Whether the key, which has come now, has been down since it was last noted; that is noted too."""
        down = self._last_at is not None and timedelta() <= self._clock() - self._last_at < LONGEST_GAP
        if down:
            self.press()
        return down
