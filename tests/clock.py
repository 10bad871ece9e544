"""A clock that a test moves."""

from datetime import UTC, datetime, timedelta


class ManualClock:
    """Stands still at `moment` until it is moved. Implements `services.clock.Clock`."""

    def __init__(self, moment: datetime = datetime(2026, 11, 23, 14, 3, 7, tzinfo=UTC)) -> None:
        self.moment = moment

    def __call__(self) -> datetime:
        return self.moment

    def advance(self, **parts: float) -> None:
        """Moves on by a `timedelta` of these parts, such as `minutes=5`."""
        self.moment += timedelta(**parts)
