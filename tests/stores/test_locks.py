import pytest
from sqlalchemy.exc import OperationalError

from services.database import Database
from services.stores.locks import lock


def test_one_subject_is_held_by_one_writer_until_it_ends(postgresql_url: str) -> None:
    database = Database(postgresql_url)
    with database.write() as first:
        lock(first, "prices")
        with database.write() as second:
            lock(second, "codes")
            second.exec_driver_sql("SET LOCAL lock_timeout = '20ms'")
            nested = second.begin_nested()
            with pytest.raises(OperationalError, match="lock timeout"):
                lock(second, "prices")
            nested.rollback()
    with database.write() as third:
        third.exec_driver_sql("SET LOCAL lock_timeout = '20ms'")
        lock(third, "prices")
    database.close()


def test_on_sqlite_a_writer_holds_everything_already(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    with database.write() as connection:
        lock(connection, "prices")
    database.close()
