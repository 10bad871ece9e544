"""Moments as the pricing screen writes them: as clocks of the business show them."""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from services.domain.zone import last_day
from tui.present import MONTHS


@dataclass(frozen=True)
class LocalClock:
    """The present and the business's time zone, which the screen names once."""

    now: datetime
    zone: ZoneInfo

    def at(self, moment: datetime) -> str:
        """A moment: `1 Dec 09:00`, with the year where it is not this one, and the zone where that time comes twice."""
        local = moment.astimezone(self.zone)
        twice = local.utcoffset() != local.replace(fold=1 - local.fold).utcoffset()
        return f"{self._day(local)} {local:%H:%M}{f' {local:%Z}' if twice else ''}"

    def until(self, ends_at: datetime) -> str:
        """An end: `7 Dec 24:00` where it is that of a day, else the moment."""
        day = last_day(ends_at, self.zone)
        if day is None:
            return self.at(ends_at)
        return f"{self._day(day)} 24:00"

    def _day(self, day: date) -> str:
        year = "" if day.year == self.now.astimezone(self.zone).year else f" {day.year}"
        return f"{day.day} {MONTHS[day.month - 1]}{year}"
