"""The uses of a code by day as a chart of text: a line for each outcome, a cell for each day."""

from collections.abc import Sequence
from datetime import date, timedelta

from textual.content import Content

from services.domain.code_report import DayOfUses
from services.domain.discount import RedemptionStatus
from tui.present import MONTHS

DAYS = 56
"""How many days are shown: eight weeks, as many as the smallest window has room for."""

LABEL = 10
_BARS = " ▁▂▃▄▅▆▇█"
_STYLES = {
    RedemptionStatus.HELD: "$text-primary",
    RedemptionStatus.REDEEMED: "$text-success",
    RedemptionStatus.RELEASED: "$muted",
}


def outcome(status: RedemptionStatus) -> Content:
    """What became of a use, as a word in its colour."""
    return Content.styled(status.value, _STYLES[status])


def chart_of(days: Sequence[DayOfUses], last: date, zone: str) -> Content:
    """The `DAYS` days up to `last` (in `zone`), all lines on one scale: the highest bar is the busiest outcome."""
    first = last - timedelta(days=DAYS - 1)
    by_day = {day.day: day for day in days if first <= day.day <= last}
    counts = {
        status: [getattr(by_day[day], status.value) if day in by_day else 0 for day in _each(first)]
        for status in (RedemptionStatus.REDEEMED, RedemptionStatus.HELD, RedemptionStatus.RELEASED)
    }
    highest = max((number for line in counts.values() for number in line), default=0)
    lines = [
        Content.assemble(
            (f"{status.value:<{LABEL}}", "$muted"), ("".join(_bar(n, highest) for n in line), _STYLES[status])
        )
        for status, line in counts.items()
    ]
    axis = f"{'':<{LABEL}}{_text(first):<{DAYS - 6}}{_text(last):>6}"
    scale = f"{'':<{LABEL}}a full bar is {highest:,} on a day; days are those of {zone}"
    return Content("\n").join([*lines, Content.styled(axis, "$muted"), Content.styled(scale, "$muted")])


def _each(first: date) -> list[date]:
    return [first + timedelta(days=number) for number in range(DAYS)]


def _bar(number: int, highest: int) -> str:
    """A bar in eighths of a cell, rounded up: a single use is always seen."""
    return _BARS[-(-number * 8 // highest)] if number else _BARS[0]


def _text(day: date) -> str:
    return f"{day.day} {MONTHS[day.month - 1]}"
