"""Moments as SQLite stores them: whole microseconds since 1970. Without SQLAlchemy, for who reads a file directly."""

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def moment_of(micros: int) -> datetime:
    """The moment that a column of an SQLite file holds, in UTC."""
    return EPOCH + timedelta(0, 0, micros)
