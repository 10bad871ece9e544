"""Local times in the business's time zone, and the instants in UTC that they stand for.

A time that clocks skip, or show twice, is refused with the two times that may be meant. A bare date as an end is the
end of that day: it is stored as the start of the next one, and read back as the date.
"""

import re
from datetime import UTC, date, datetime, timedelta
from typing import NoReturn
from zoneinfo import ZoneInfo

from services.errors import AmbiguousTime, InvalidInput, NonexistentTime

_TIME = re.compile(
    r"(?P<day>2[0-9]{3}-[0-9]{2}-[0-9]{2})"
    r"(?:[T ](?P<time>[0-9]{2}:[0-9]{2}(?::[0-9]{2})?) ?(?P<offset>Z|[+-][0-9]{2}:[0-9]{2})?)?",
    re.ASCII,
)
_RULE = "A time is written like 2026-12-01 09:00, or 2026-12-01 for the day; add +01:00 or Z where it is not local."
_DAY = timedelta(days=1)


def instant(wall: datetime, zone: ZoneInfo, *, fold: int | None = None, field: str = "time") -> datetime:
    """The instant, in UTC, at which clocks in `zone` show `wall`, a datetime without a zone.

    `fold` picks one of two instants that show the same time: 0 the first, 1 the second. Raises `AmbiguousTime` where it
    is needed and not given, and `NonexistentTime` where clocks skip that time; both name the two candidates.
    """
    first, second = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if first == second:
        return first
    if first > second:  # before the clocks go forward a skipped time has the smaller offset, and so the later instant
        _refuse_skipped(wall, zone, second, first, field)
    if fold is None:
        raise AmbiguousTime(
            f"{wall:%H:%M} comes twice on {_day(wall)} in {zone.key}: {_both(first, zone)} and {_both(second, zone)}. "
            "Add the offset of the one that is meant.",
            field=field,
            candidates=(first, second),
        )
    return second if fold else first


def start_of_day(day: date, zone: ZoneInfo) -> datetime:
    """The instant, in UTC, at which `day` begins in `zone`; where clocks skip midnight, when they do so."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def end_of_day(day: date, zone: ZoneInfo) -> datetime:
    """The end of `day` in `zone` as a half-open instant in UTC: the start of the next day."""
    return start_of_day(day + _DAY, zone)


def parse_start(text: str, zone: ZoneInfo, *, field: str = "starts_at") -> datetime:
    """The instant that `text` names as a start: a local time, a time with an offset, or the start of a bare date.

    Raises `InvalidInput` for what is none, and what `instant` raises.
    """
    return _parse(text, zone, field, end=False)


def parse_end(text: str, zone: ZoneInfo, *, field: str = "ends_at") -> datetime:
    """The instant that `text` names as a half-open end: as `parse_start`, but a bare date is the end of that day."""
    return _parse(text, zone, field, end=True)


def format_start(moment: datetime, zone: ZoneInfo) -> str:
    """The text that `parse_start` reads as `moment`: a local time, with its offset where it comes twice."""
    local = moment.astimezone(zone)
    text = f"{local:%Y-%m-%d %H:%M:%S}".removesuffix(":00")
    twice = local.utcoffset() != local.replace(fold=1 - local.fold).utcoffset()
    return text + local.isoformat()[-6:] if twice else text


def format_end(moment: datetime, zone: ZoneInfo) -> str:
    """The text that `parse_end` reads as `moment`: the day that ends with it, else as `format_start`."""
    day = last_day(moment, zone)
    return format_start(moment, zone) if day is None else day.isoformat()


def last_day(ends_at: datetime, zone: ZoneInfo) -> date | None:
    """The last whole day before a half-open end; None where the end is in the middle of a day."""
    day = ends_at.astimezone(zone).date() - _DAY
    return day if end_of_day(day, zone) == ends_at else None


def _parse(text: str, zone: ZoneInfo, field: str, *, end: bool) -> datetime:
    match = _TIME.fullmatch(text.strip())
    if match is None:
        raise InvalidInput(_RULE, field=field)
    try:
        day = date.fromisoformat(match["day"])
        if match["time"] is None:
            return end_of_day(day, zone) if end else start_of_day(day, zone)
        wall = datetime.fromisoformat(f"{day}T{match['time']}")
        if match["offset"] is None:
            return instant(wall, zone, field=field)
        return datetime.fromisoformat(f"{wall.isoformat()}{match['offset']}").astimezone(UTC)
    except ValueError:
        raise InvalidInput(_RULE, field=field) from None


def _refuse_skipped(wall: datetime, zone: ZoneInfo, low: datetime, high: datetime, field: str) -> NoReturn:
    """Refuses a time that clocks skip somewhere between two instants, naming the minutes before and after the gap."""
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) // 2
        if middle.astimezone(zone).utcoffset() == low.astimezone(zone).utcoffset():
            low = middle
        else:
            high = middle
    skip = high.replace(microsecond=0)
    before = skip - timedelta(minutes=1)
    raise NonexistentTime(
        f"{wall:%H:%M} does not exist on {_day(wall)} in {zone.key}: the clocks go forward. The times next to it are "
        f"{_both(before, zone)} and {_both(skip, zone)}.",
        field=field,
        candidates=(before, skip),
    )


def _both(moment: datetime, zone: ZoneInfo) -> str:
    """An instant as the zone and as UTC show it: `"01:30 BST (00:30 UTC)"`."""
    return f"{moment.astimezone(zone):%H:%M %Z} ({moment:%H:%M} UTC)"


def _day(wall: datetime) -> str:
    return f"{wall.day} {wall:%b %Y}"
