from datetime import UTC, datetime, timedelta, timezone

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import StatementError

from services.database import Database
from services.models.tables import accounts

MOMENTS = [
    datetime(2026, 11, 23, 14, 3, 7, 123456, tzinfo=UTC),
    datetime(2026, 11, 23, 14, 3, 7, 999999, tzinfo=UTC),
    datetime(2026, 3, 29, 1, 30, tzinfo=timezone(timedelta(hours=-9, minutes=-30))),
    datetime(1970, 1, 1, tzinfo=UTC),
    datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
    datetime(2, 1, 1, tzinfo=UTC),
    datetime(9999, 12, 31, 0, 0, 0, 1, tzinfo=UTC),
]


def put(connection: sa.Connection, moment: datetime, number: int = 0) -> None:
    values = {"email": f"a{number}@b", "password_hash": "", "created_at": moment}
    connection.execute(sa.insert(accounts).values(**values))


def test_a_moment_comes_back_in_utc_exactly_to_the_microsecond(database: Database) -> None:
    with database.write() as connection:
        for number, moment in enumerate(MOMENTS):
            put(connection, moment, number)
    with database.read() as connection:
        stored = connection.execute(sa.select(accounts.c.created_at).order_by(accounts.c.id)).scalars().all()
        ordered = connection.execute(sa.select(accounts.c.created_at).order_by(accounts.c.created_at)).scalars().all()
        found = connection.execute(sa.select(accounts.c.email).where(accounts.c.created_at == MOMENTS[0])).scalar_one()
    assert list(stored) == MOMENTS
    assert {moment.tzinfo for moment in stored} == {UTC}
    assert list(ordered) == sorted(MOMENTS)
    assert found == "a0@b"


def test_a_moment_without_a_zone_is_refused(database: Database) -> None:
    naive = MOMENTS[0].replace(tzinfo=None)
    with pytest.raises(StatementError, match="needs a time zone"), database.write() as connection:
        put(connection, naive)
    with pytest.raises(StatementError, match="needs a time zone"), database.read() as connection:
        connection.execute(sa.select(accounts.c.id).where(accounts.c.created_at < naive))
