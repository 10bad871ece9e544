from datetime import timedelta

from services.database import Database
from services.domain.pricing import PriceChange, PriceMode, Prices
from services.stores.prices import PriceStore
from tests.clock import ManualClock

store = PriceStore()
NOW = ManualClock().moment


def change(version: int, minutes: int) -> PriceChange:
    prices = Prices(PriceMode.SALE, 4999, 2999, version)
    return PriceChange(version, prices, "why", "anna", NOW + timedelta(minutes=minutes), NOW)


def test_the_newest_change_whose_moment_has_come_is_in_force(database: Database) -> None:
    first, planned, later, same = change(1, 0), change(2, 60), change(3, 10), change(4, 10)
    with database.write() as connection:
        assert store.in_force(connection, NOW) is None
        assert store.last_version(connection) == 0
        for stored in (first, planned, later, same):
            store.append(connection, stored)
        assert store.in_force(connection, NOW - timedelta(microseconds=1)) is None
        assert store.in_force(connection, NOW) == first
        assert store.in_force(connection, NOW + timedelta(minutes=10)) == same
        assert store.in_force(connection, NOW + timedelta(minutes=60)) == planned
        assert store.last_version(connection) == 4
        assert store.newest(connection, 3) == [same, later, planned]
