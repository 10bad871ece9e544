from collections import Counter
from datetime import timedelta

import pytest
import sqlalchemy as sa

from services.database import Database
from services.domain.discount import AccountFacts, CodeStatus, CodeTerms, DiscountCode, RedemptionStatus
from services.errors import Conflict
from services.models.tables import discount_codes, redemptions
from services.models.tables import orders as order_table
from services.stores.accounts import AccountStore
from services.stores.discounts import DiscountStore
from services.stores.orders import OrderStore
from tests.clock import ManualClock
from tests.stores.drafts import access_draft

store = DiscountStore()
NOW = ManualClock().moment
DAY, TICK = timedelta(days=1), timedelta(microseconds=1)


def create(connection: sa.Connection, code: str = "SAVE10", max_uses: int | None = None) -> DiscountCode:
    return store.create(connection, code, CodeTerms(1000, max_uses=max_uses), NOW)


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
        assert [bool(store.take(connection, "SAVE10", NOW)) for _ in range(4)] == [True, True, False, False]
        assert (found(connection).held, found(connection).status_at(NOW)) == (2, CodeStatus.SOLD_OUT)


def test_a_code_without_a_limit_is_never_sold_out(database: Database) -> None:
    with database.write() as connection:
        create(connection)
        for _ in range(5):
            assert store.take(connection, "SAVE10", NOW)
        assert (found(connection).held, found(connection).uses_left) == (5, None)


def test_a_disabled_or_unknown_code_is_not_taken(database: Database) -> None:
    with database.write() as connection:
        code = create(connection)
        assert store.set_active(connection, code.id, False).active is False
        assert store.take(connection, "SAVE10", NOW) is None
        assert store.take(connection, "NOPE", NOW) is None
        assert store.take(connection, "save10", NOW) is None
        assert found(connection).held == 0


def test_a_held_use_is_settled_once(database: Database) -> None:
    with database.write() as connection:
        account_id = AccountStore().create(connection, "maria@example.com", "", NOW).id
        code = create(connection, max_uses=2)
        orders = [order(connection, account_id, number) for number in (1, 2)]
        for order_id in orders:
            store.take(connection, "SAVE10", NOW)
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


def test_a_code_comes_back_with_all_its_terms(database: Database) -> None:
    terms = CodeTerms(None, 500, 7, 2, NOW, NOW + DAY, 1000, True, False, "[/] Ü")
    others = CodeTerms(percent_basis_points=1)
    with database.write() as connection:
        code = store.create(connection, "OFF5", terms, NOW)
        assert (code.terms, store.get(connection, "OFF5")) == (terms, code)
        assert store.locked(connection, "OFF5") == code
        assert store.set_terms(connection, code.id, others).terms == others
        assert store.locked(connection, "NOPE") is None


def test_many_codes_are_stored_at_once_or_none(database: Database) -> None:
    terms = CodeTerms(1000, max_uses=1, ends_at=NOW, note="batch")
    with database.write() as connection:
        store.create_many(connection, ["A1", "B1"], terms, NOW)
        assert [(code.code, code.terms, code.active) for code in store.all(connection)] == [
            ("B1", terms, True),
            ("A1", terms, True),
        ]
        assert store.existing(connection, ["B1", "C1", "A1"]) == {"A1", "B1"}
        assert store.existing(connection, []) == set()
    with pytest.raises(Conflict), database.write() as connection:
        store.create_many(connection, ["C1", "B1"], terms, NOW)
    with database.read() as connection:
        assert store.existing(connection, ["B1", "C1", "A1"]) == {"A1", "B1"}


STATUSES = [
    (CodeTerms(1000), True, 0),
    (CodeTerms(1000), False, 0),
    (CodeTerms(1000, max_uses=2), True, 1),
    (CodeTerms(1000, max_uses=2), True, 2),
    (CodeTerms(1000, max_uses=2), True, 3),
    (CodeTerms(1000, max_uses=1, ends_at=NOW), True, 1),
    (CodeTerms(1000, starts_at=NOW), True, 0),
    (CodeTerms(1000, starts_at=NOW, ends_at=NOW + DAY, max_uses=1), True, 1),
    (CodeTerms(1000, starts_at=NOW, ends_at=NOW + DAY), False, 0),
]


def test_the_database_and_the_code_tell_the_same_status_at_any_moment(database: Database) -> None:
    with database.write() as connection:
        for number, (terms, active, uses) in enumerate(STATUSES):
            code = store.create(connection, f"C{number}", terms, NOW)
            store.set_active(connection, code.id, active)
            connection.execute(sa.update(discount_codes).where(discount_codes.c.id == code.id).values(redeemed=uses))
        seen: set[CodeStatus] = set()
        for moment in (NOW - TICK, NOW, NOW + DAY - TICK, NOW + DAY):
            told = {code.code: code.status_at(moment) for code in store.all(connection)}
            for status in CodeStatus:
                page = store.page(connection, 99, status=status, now=moment)
                assert {code.code for code in page} == {name for name, its in told.items() if its is status}
            counts = Counter(told.values())
            assert store.counts(connection, moment) == {status: counts[status] for status in CodeStatus}
            taken = {name for name in told if store.take(connection, name, moment)}
            assert taken == {name for name, its in told.items() if its is CodeStatus.ACTIVE}
            connection.execute(sa.update(discount_codes).values(held=0))
            seen |= counts.keys()
        assert seen == set(CodeStatus)


def test_pages_follow_each_other_without_gap_or_repeat(database: Database) -> None:
    names = ["AB", "AB-1", "ABZ", "AC", "A_9", "B1", "AB_"]
    with database.write() as connection:
        for name in names:
            create(connection, name)
        for prefix, expected in (
            ("", names[::-1]),
            ("A", ["AB", "AB-1", "ABZ", "AB_", "AC", "A_9"]),
            ("AB", ["AB", "AB-1", "ABZ", "AB_"]),
            ("AB-", ["AB-1"]),
            ("X", []),
        ):
            pages: list[DiscountCode] = []
            while page := store.page(connection, 2, prefix=prefix, after=pages[-1] if pages else None, now=NOW):
                pages += page
            assert [code.code for code in pages] == expected
            assert store.count_with_prefix(connection, prefix) == len(expected)


def test_codes_are_switched_at_once_and_only_those_that_change_are_told(database: Database) -> None:
    with database.write() as connection:
        for name in ("A1", "B1", "C1"):
            create(connection, name)
        assert sorted(store.set_all_active(connection, ["A1", "B1", "NOPE"], False)) == ["A1", "B1"]
        assert store.set_all_active(connection, ["A1", "C1"], False) == ["C1"]
        assert store.set_all_active(connection, [], True) == []
        assert [code.active for code in store.all(connection)] == [False] * 3


def test_an_account_is_known_by_its_uses_and_purchases(database: Database) -> None:
    with database.write() as connection:
        maria, ben = (AccountStore().create(connection, f"{name}@example.com", "", NOW).id for name in ("maria", "ben"))
        code, first = create(connection), create(connection, "FIRST")
        store.set_terms(connection, first.id, CodeTerms(1000, first_purchase_only=True))

        def facts(of: DiscountCode, account_id: int) -> AccountFacts:
            return store.account_facts(connection, of.id, account_id)

        assert facts(code, maria) == AccountFacts(0, False)
        orders = [order(connection, maria, number) for number in range(3)]
        for order_id in orders[:2]:
            assert store.take(connection, code.code, NOW)
            store.hold(connection, code.id, order_id, maria, 300, NOW)
        assert (facts(code, maria), facts(code, ben)) == (AccountFacts(2, False), AccountFacts(0, False))
        store.settle(connection, orders[0], RedemptionStatus.RELEASED, NOW)
        assert facts(code, maria) == AccountFacts(1, False)
        assert store.take(connection, first.code, NOW)
        store.hold(connection, first.id, orders[2], maria, 300, NOW)
        assert facts(code, maria) == AccountFacts(1, True)
        store.settle(connection, orders[2], RedemptionStatus.RELEASED, NOW)
        assert facts(first, maria) == AccountFacts(0, False)
        store.settle(connection, orders[1], RedemptionStatus.REDEEMED, NOW)
        paid = sa.update(order_table).where(order_table.c.id == orders[1])
        connection.execute(paid.values(status="paid", paid_cents=2999, session_id="cs_1"))
        assert (facts(code, maria), facts(first, maria)) == (AccountFacts(1, True), AccountFacts(0, True))
        assert facts(first, ben) == AccountFacts(0, False)
