"""Periods in UTC, and the words that name them."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from services.errors import InvalidInput

_DAY = timedelta(days=1)
_RULE = "A period is written like 2026-10, 2026-10-05 or 2026-10..2026-11-05, in UTC."
_MOMENT = re.compile(
    r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})"
    r"(?:-(?P<day>[0-9]{2})(?:T(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})"
    r"(?::(?P<second>[0-9]{2})(?:\.(?P<fraction>[0-9]{1,6}))?)?Z?)?)?",
    re.ASCII,
)
_BEGIN, _END = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)
_YEARS = "A period is within the years 1970 to 9998."


@dataclass(frozen=True)
class Period:
    """From `first` until `last`, which is not in it; None: without an end on that side.

    Raises `InvalidInput` for moments without a time zone or outside of the years 1970 to 9998, and where `last` does
    not come after `first`.
    """

    first: datetime | None = None
    last: datetime | None = None

    def __post_init__(self) -> None:
        if any(moment is not None and moment.tzinfo is None for moment in (self.first, self.last)):
            raise InvalidInput("A period is in a time zone.", field="period")
        if self.first is not None and not _BEGIN <= self.first < _END:
            raise InvalidInput(_YEARS, field="period")
        if self.last is not None and not _BEGIN < self.last <= _END:
            raise InvalidInput(_YEARS, field="period")
        if self.first is not None and self.last is not None and self.first >= self.last:
            raise InvalidInput("A period ends after it begins.", field="period")


def parse_period(word: str) -> Period:
    """The period that a word names: a month, a day, or two of them with `..` between, of which one may be left out.

    The end is in it as a whole: `2026-10-01..2026-10-05` has five days. A moment, such as `2026-10-05T14:03:07Z`, may
    stand at either end of the dots and is not in it where it is the end. Raises `InvalidInput`.
    """
    first_word, dots, last_word = word.partition("..")
    if not dots:
        if "T" in word:
            raise InvalidInput("A moment stands before or after the two dots of a period.", field="period")
        return Period(*_span(word))
    if not first_word and not last_word:
        raise InvalidInput(_RULE, field="period")
    return Period(_span(first_word)[0] if first_word else None, _span(last_word)[1] if last_word else None)


def parse_moment(word: str) -> datetime:
    """The last instant, to the microsecond, of the month, day or moment that a word names. Raises `InvalidInput`."""
    first, last = _span(word)
    return first if first == last else last - timedelta(microseconds=1)


def period_word(period: Period) -> str:
    """The word that `parse_period` reads as this period, which has at least one end."""
    first = None if period.first is None else period.first.astimezone(UTC)
    last = None if period.last is None else period.last.astimezone(UTC)
    if first is not None and last is not None and _is_midnight(first):
        for word in (f"{first:%Y-%m}", f"{first:%Y-%m-%d}"):
            if _span(word) == (first, last):
                return word
    return f"{_end_word(first, _DAY * 0)}..{_end_word(last, _DAY)}"


def _end_word(moment: datetime | None, back: timedelta) -> str:
    if moment is None:
        return ""
    return f"{moment - back:%Y-%m-%d}" if _is_midnight(moment) else f"{moment:%Y-%m-%dT%H:%M:%S.%fZ}"


def _is_midnight(moment: datetime) -> bool:
    return moment.timetz() == datetime.min.time().replace(tzinfo=UTC)


def _span(word: str) -> tuple[datetime, datetime]:
    """When a month or a day begins and when it is over; twice the same for a moment."""
    match = _MOMENT.fullmatch(word)
    if match is None:
        raise InvalidInput(_RULE, field="period")
    if not _BEGIN.year <= int(match["year"]) < _END.year:
        raise InvalidInput(_YEARS, field="period")
    try:
        first = date(int(match["year"]), int(match["month"]), int(match["day"] or 1))
        if match["hour"] is not None:
            fraction = int((match["fraction"] or "0").ljust(6, "0"))
            clock = (int(match["hour"]), int(match["minute"]), int(match["second"] or 0), fraction)
            moment = datetime(first.year, first.month, first.day, *clock, tzinfo=UTC)
            return moment, moment
    except ValueError:
        raise InvalidInput("The calendar has no such day or hour.", field="period") from None
    begins = datetime(first.year, first.month, first.day, tzinfo=UTC)
    if match["day"] is not None:
        return begins, begins + _DAY
    return begins, (begins.replace(day=28) + 4 * _DAY).replace(day=1)
