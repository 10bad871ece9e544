import pytest
import sqlalchemy as sa

from services.database import Database
from services.domain.discount import CodeStatus, DiscountCode, RedemptionStatus
from services.errors import Conflict
from services.models.tables import redemptions
from services.stores.accounts import AccountStore
from services.stores.discounts import DiscountStore
from services.stores.orders import OrderStore
from tests.clock import ManualClock
from tests.stores.drafts import access_draft

store = DiscountStore()
NOW = ManualClock().moment


def create(connection: sa.Connection, code: str = "SAVE10", max_uses: int | None = None) -> DiscountCode:
    return store.create(connection, code, 1000, None, max_uses, NOW)


def order(connection: sa.Connection, account_id: int, number: int) -> int:
    order_id = OrderStore().create(
        connection,
        access_draft(account_id),
        reference=f"r{number}",
        idempotency_key=f"k{number}",
        actor="anna",
        now=NOW,
    )
    assert order_id is not None
    return order_id


def found(connection: sa.Connection) -> DiscountCode:
    code = store.get(connection, "SAVE10")
    assert code is not None
    return code


def test_uses_are_taken_until_none_is_left(database: Database) -> None:
    with database.write() as connection:
        create(connection, max_uses=2)
        assert [bool(store.take(connection, "SAVE10")) for _ in range(4)] == [True, True, False, False]
        assert (found(connection).held, found(connection).status) == (2, CodeStatus.SOLD_OUT)


def test_a_code_without_a_limit_is_never_sold_out(database: Database) -> None:
    with database.write() as connection:
        create(connection)
        for _ in range(5):
            assert store.take(connection, "SAVE10")
        assert (found(connection).held, found(connection).uses_left) == (5, None)


def test_a_disabled_or_unknown_code_is_not_taken(database: Database) -> None:
    with database.write() as connection:
        code = create(connection)
        assert store.set_active(connection, code.id, False).active is False
        assert store.take(connection, "SAVE10") is None
        assert store.take(connection, "NOPE") is None
        assert store.take(connection, "save10") is None
        assert found(connection).held == 0


def test_a_held_use_is_settled_once(database: Database) -> None:
    with database.write() as connection:
        account_id = AccountStore().create(connection, "maria@example.com", "", NOW).id
        code = create(connection, max_uses=2)
        orders = [order(connection, account_id, number) for number in (1, 2)]
        for order_id in orders:
            store.take(connection, "SAVE10")
            store.hold(connection, code.id, order_id, account_id, 300, NOW)
        store.settle(connection, orders[0], RedemptionStatus.REDEEMED, NOW)
        store.settle(connection, orders[0], RedemptionStatus.RELEASED, NOW)
        store.settle(connection, orders[1], RedemptionStatus.RELEASED, NOW)
        store.settle(connection, orders[1], RedemptionStatus.REDEEMED, NOW)
        store.settle(connection, 99, RedemptionStatus.REDEEMED, NOW)
        assert (found(connection).held, found(connection).redeemed, found(connection).uses_left) == (0, 1, 1)
        settled = connection.execute(sa.select(redemptions.c.status, redemptions.c.settled_at)).all()
        assert {row.status for row in settled} == {"redeemed", "released"}
        assert {row.settled_at for row in settled} == {NOW}


def test_a_code_exists_once_and_all_are_listed_newest_first(database: Database) -> None:
    with database.write() as connection:
        made = [create(connection, code) for code in ("A1", "B1")]
        assert store.all(connection) == made[::-1]
        assert store.get(connection, "A1") == made[0]
        assert store.get(connection, "a1") is None
    with pytest.raises(Conflict), database.write() as connection:
        create(connection, "A1")
