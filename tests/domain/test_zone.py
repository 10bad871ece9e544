"""Local times and the instants they stand for, on both switches of the clocks in two zones."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain.zone import end_of_day, format_end, format_start, instant, last_day, parse_end, parse_start
from services.errors import AmbiguousTime, InvalidInput, NonexistentTime, UnclearTime

LONDON = ZoneInfo("Europe/London")
NEW_YORK = ZoneInfo("America/New_York")
HAVANA = ZoneInfo("America/Havana")
ZONES = st.sampled_from([LONDON, NEW_YORK, HAVANA, ZoneInfo("Australia/Lord_Howe"), ZoneInfo("Asia/Kathmandu")])
DAYS = st.dates(date(2005, 1, 1), date(2030, 12, 31))
MOMENTS = st.datetimes(datetime(2005, 1, 1), datetime(2030, 12, 31), timezones=st.just(UTC)).map(  # noqa: DTZ001
    lambda moment: moment.replace(microsecond=0)
)
SWITCHES = ("2026-03-29", "2026-10-25", "2026-03-08", "2026-11-01", "2026-04-05", "2026-10-04")
WALLS = st.builds(
    lambda day, minutes: datetime.fromisoformat(day) + timedelta(minutes=minutes),
    st.sampled_from(SWITCHES),
    st.integers(-60, 300),
)
"""Local times around the switches of these zones' clocks in 2026."""


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "wall", "expected"),
    [
        (LONDON, "2026-03-29 00:59", "2026-03-29 00:59"),
        (LONDON, "2026-03-29 02:00", "2026-03-29 01:00"),
        (LONDON, "2026-10-25 00:59", "2026-10-24 23:59"),
        (LONDON, "2026-10-25 02:00", "2026-10-25 02:00"),
        (LONDON, "2026-10-25 01:30+01:00", "2026-10-25 00:30"),
        (LONDON, "2026-10-25 01:30+00:00", "2026-10-25 01:30"),
        (LONDON, "2026-07-01 09:00", "2026-07-01 08:00"),
        (NEW_YORK, "2026-03-08 01:59", "2026-03-08 06:59"),
        (NEW_YORK, "2026-03-08 03:00", "2026-03-08 07:00"),
        (NEW_YORK, "2026-11-01 00:59", "2026-11-01 04:59"),
        (NEW_YORK, "2026-11-01 02:00", "2026-11-01 07:00"),
        (NEW_YORK, "2026-11-01 01:30-05:00", "2026-11-01 06:30"),
        (NEW_YORK, "2026-12-01T09:00:05Z", "2026-12-01 09:00:05"),
    ],
)
def test_a_local_time_stands_for_one_instant(zone: ZoneInfo, wall: str, expected: str) -> None:
    assert parse_start(wall, zone) == utc(expected)
    assert parse_end(wall, zone) == utc(expected)


@pytest.mark.parametrize(
    ("zone", "wall", "before", "after"),
    [
        (LONDON, "2026-03-29 01:00", "2026-03-29 00:59", "2026-03-29 01:00"),
        (LONDON, "2026-03-29 01:59:59", "2026-03-29 00:59", "2026-03-29 01:00"),
        (NEW_YORK, "2026-03-08 02:00", "2026-03-08 06:59", "2026-03-08 07:00"),
        (NEW_YORK, "2026-03-08 02:59", "2026-03-08 06:59", "2026-03-08 07:00"),
    ],
)
def test_a_time_that_clocks_skip_is_refused_with_the_times_next_to_it(
    zone: ZoneInfo, wall: str, before: str, after: str
) -> None:
    with pytest.raises(NonexistentTime, match="does not exist") as refused:
        parse_start(wall, zone, field="effective_at")
    assert refused.value.candidates == (utc(before), utc(after))
    assert refused.value.field == "effective_at"
    for fold in (0, 1):
        with pytest.raises(NonexistentTime):
            instant(datetime.fromisoformat(wall), zone, fold=fold)


def test_the_sentences_name_both_candidates() -> None:
    with pytest.raises(NonexistentTime) as skipped:
        parse_start("2026-03-29 01:30", LONDON)
    assert skipped.value.sentence == (
        "01:30 does not exist on 29 Mar 2026 in Europe/London: the clocks go forward. The times next to it are "
        "00:59 GMT (00:59 UTC) and 02:00 BST (01:00 UTC)."
    )
    with pytest.raises(AmbiguousTime) as twice:
        parse_start("2026-10-25 01:30", LONDON)
    assert twice.value.sentence == (
        "01:30 comes twice on 25 Oct 2026 in Europe/London: 01:30 BST (00:30 UTC) and 01:30 GMT (01:30 UTC). "
        "Add the offset of the one that is meant."
    )


@pytest.mark.parametrize(
    ("zone", "wall", "first", "second"),
    [
        (LONDON, "2026-10-25 01:00", "2026-10-25 00:00", "2026-10-25 01:00"),
        (LONDON, "2026-10-25 01:59:59", "2026-10-25 00:59:59", "2026-10-25 01:59:59"),
        (NEW_YORK, "2026-11-01 01:00", "2026-11-01 05:00", "2026-11-01 06:00"),
        (NEW_YORK, "2026-11-01 01:30", "2026-11-01 05:30", "2026-11-01 06:30"),
    ],
)
def test_a_time_that_comes_twice_is_refused_unless_one_is_picked(
    zone: ZoneInfo, wall: str, first: str, second: str
) -> None:
    with pytest.raises(AmbiguousTime, match="comes twice") as refused:
        parse_start(wall, zone)
    assert refused.value.candidates == (utc(first), utc(second))
    local = datetime.fromisoformat(wall)
    assert [instant(local, zone, fold=fold) for fold in (0, 1)] == [utc(first), utc(second)]


@pytest.mark.parametrize(
    ("zone", "day", "hours", "ends"),
    [
        (LONDON, date(2026, 3, 29), 23, "2026-03-29 23:00"),
        (LONDON, date(2026, 10, 25), 25, "2026-10-26 00:00"),
        (LONDON, date(2026, 7, 1), 24, "2026-07-01 23:00"),
        (NEW_YORK, date(2026, 3, 8), 23, "2026-03-09 04:00"),
        (NEW_YORK, date(2026, 11, 1), 25, "2026-11-02 05:00"),
        # Havana's clocks skip midnight, and in November show it twice: a day begins when its date first shows
        (HAVANA, date(2026, 3, 7), 24, "2026-03-08 05:00"),
        (HAVANA, date(2026, 10, 31), 24, "2026-11-01 04:00"),
        (HAVANA, date(2026, 11, 1), 25, "2026-11-02 05:00"),
    ],
)
def test_a_bare_date_as_an_end_is_the_end_of_that_day(zone: ZoneInfo, day: date, hours: int, ends: str) -> None:
    ends_at = parse_end(day.isoformat(), zone)
    assert ends_at == utc(ends)
    assert ends_at - parse_start(day.isoformat(), zone) == timedelta(hours=hours)
    assert (ends_at - timedelta(microseconds=1)).astimezone(zone).date() == day
    assert format_end(ends_at, zone) == day.isoformat()


@given(DAYS, ZONES)
def test_a_day_saved_again_and_again_does_not_drift(day: date, zone: ZoneInfo) -> None:
    ends_at = end_of_day(day, zone)
    assert last_day(ends_at, zone) == day
    text = day.isoformat()
    for _ in range(3):
        ends_at = parse_end(text, zone)
        text = format_end(ends_at, zone)
    assert (ends_at, text) == (end_of_day(day, zone), day.isoformat())


@given(MOMENTS, ZONES)
def test_an_instant_is_read_back_from_its_text(moment: datetime, zone: ZoneInfo) -> None:
    assert parse_start(format_start(moment, zone), zone) == moment
    assert parse_end(format_end(moment, zone), zone) == moment


def candidates(wall: datetime, zone: ZoneInfo) -> tuple[datetime, ...]:
    """The one instant of a local time, or the two that its refusal names."""
    try:
        return (instant(wall, zone),)
    except UnclearTime as refused:
        return refused.candidates


@given(WALLS, ZONES)
def test_clocks_show_a_local_time_at_its_instant_or_it_is_refused(wall: datetime, zone: ZoneInfo) -> None:
    found = candidates(wall, zone)
    shown = [moment.astimezone(zone).replace(tzinfo=None, fold=0) for moment in found]
    assert sorted(found) == list(found)
    if len(found) == 1 or shown[0] == wall:
        assert set(shown) == {wall}
    else:
        assert shown[0] < wall < shown[1]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tomorrow",
        "2026-13-01",
        "2026-02-30 09:00",
        "2026-12-01 24:00",
        "2026-12-01 9:00",
        "2026-12-01 09:00 CET",
        "2026-12-01 09:00+25:00",
        "1999-12-01",
        "２０２６-12-01",
    ],
)
def test_what_is_no_time_is_refused(text: str) -> None:
    for parse in (parse_start, parse_end):
        with pytest.raises(InvalidInput, match="is written like") as refused:
            parse(text, LONDON, field="from")
        assert refused.value.field == "from"
