from datetime import UTC, datetime, timedelta, timezone

import pytest

from services.domain.period import Period, parse_moment, parse_period, period_word
from services.errors import InvalidInput


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]


@pytest.mark.parametrize(
    ("word", "period"),
    [
        ("2026-12", Period(at(2026, 12, 1), at(2027, 1, 1))),
        ("2024-02", Period(at(2024, 2, 1), at(2024, 3, 1))),
        ("2024-02-29", Period(at(2024, 2, 29), at(2024, 3, 1))),
        ("2026-10-01..2026-10-05", Period(at(2026, 10, 1), at(2026, 10, 6))),
        ("2026-10-05T14:03:07.25Z..", Period(at(2026, 10, 5, 14, 3, 7, 250_000), None)),
        ("..2026-10-05T14:03", Period(None, at(2026, 10, 5, 14, 3))),
        ("9998-12", Period(at(9998, 12, 1), at(9999, 1, 1))),
    ],
)
def test_a_word_names_a_period_and_the_period_a_word(word: str, period: Period) -> None:
    assert parse_period(word) == period
    assert parse_period(period_word(period)) == period


def test_a_period_of_another_time_zone_is_named_in_utc() -> None:
    plus_two = timezone(timedelta(hours=2))
    period = Period(datetime(2026, 10, 1, 2, tzinfo=plus_two), datetime(2026, 11, 1, 2, tzinfo=plus_two))
    assert period_word(period) == "2026-10"


@pytest.mark.parametrize("word", ["", "2026", "2026-10-05T14:03", "2026-10-5", "٢٠٢٦-10", "2026-10-05T24:00.."])
def test_what_is_no_period_is_refused(word: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_period(word)
    assert refused.value.field == "period"


@pytest.mark.parametrize(
    ("first", "last"),
    [
        (datetime(2026, 1, 1), None),  # noqa: DTZ001 - it has no time zone, which is the point
        (at(2026, 1, 1), at(2026, 1, 1)),
        (at(1969, 12, 31), None),
        (None, at(9999, 1, 2)),
    ],
)
def test_a_period_that_cannot_be_is_refused(first: datetime | None, last: datetime | None) -> None:
    with pytest.raises(InvalidInput):
        Period(first, last)


def test_a_moment_is_the_last_instant_of_what_names_it() -> None:
    assert parse_moment("2026-10") == at(2026, 10, 31, 23, 59, 59, 999_999)
    assert parse_moment("2026-10-05") == at(2026, 10, 5, 23, 59, 59, 999_999)
    assert parse_moment("2026-10-05T14:03:07Z") == at(2026, 10, 5, 14, 3, 7)
