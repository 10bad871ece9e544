from datetime import timedelta

import sqlalchemy as sa

from services.database import Database
from services.domain.checkout import OrderStatus, StripeSession
from services.domain.ledger import Posting, TransactionKind
from services.domain.refund import Refund, RefundOrigin, RefundStatus
from services.stores.accounts import AccountStore
from services.stores.balances import BalanceStore
from services.stores.orders import OrderStore
from services.stores.refunds import RefundStore
from tests.clock import ManualClock
from tests.stores.drafts import access_draft
from tests.stores.test_orders import SESSION

NOW = ManualClock().moment

store, orders = RefundStore(), OrderStore()


def new_order(connection: sa.Connection, number: int = 1) -> int:
    """An order that Stripe was not asked about yet."""
    account = AccountStore().create(connection, f"{number}@example.com", "", NOW)
    draft = access_draft(account.id)
    keys = {"reference": f"r{number}", "idempotency_key": f"k{number}"}
    order_id = orders.create(connection, draft, **keys, actor="anna", now=NOW)
    assert order_id is not None
    return order_id


def paid_order(connection: sa.Connection, number: int = 1, at_stripe: StripeSession = SESSION) -> int:
    """An order that was paid 2399."""
    order_id, created = new_order(connection, number), (OrderStatus.CREATED,)
    paid = {"at_stripe": at_stripe, "paid_cents": 2399, "settled_at": NOW}
    assert orders.move(connection, order_id, OrderStatus.PAID, only_from=created, **paid)  # type: ignore[arg-type]
    return order_id


def create(connection: sa.Connection, order_id: int, number: int = 1, credit_cents: int = 100) -> int | None:
    return store.create(
        connection,
        order_id,
        amount_cents=100 + number,
        credit_cents=credit_cents,
        reason="late “Ü”",
        origin=RefundOrigin.DESK,
        reference=f"ref{number}",
        idempotency_key=f"key{number}",
        request={"amount": 100 + number, "metadata": {"reference": f"ref{number}"}},
        stripe_key="mark",
        actor="anna",
        now=NOW,
    )


def stored(connection: sa.Connection, refund_id: int | None) -> Refund:
    refund = store.get(connection, refund_id or 0)
    assert refund is not None
    return refund


def test_a_refund_comes_back_as_it_was_stored(database: Database) -> None:
    with database.write() as connection:
        order_id = paid_order(connection)
        refund_id = create(connection, order_id)
        assert stored(connection, refund_id) == Refund(
            id=refund_id or 0,
            order_id=order_id,
            amount_cents=101,
            credit_cents=100,
            reason="late “Ü”",
            origin=RefundOrigin.DESK,
            status=RefundStatus.CREATED,
            status_reason=None,
            reference="ref1",
            idempotency_key="key1",
            request={"amount": 101, "metadata": {"reference": "ref1"}},
            stripe_key="mark",
            stripe_refund_id=None,
            transaction_id=None,
            actor="anna",
            created_at=NOW,
            settled_at=None,
        )
        assert create(connection, order_id) is None
        assert store.by_key(connection, "key1") == stored(connection, refund_id)
        assert (store.by_key(connection, "key2"), store.get(connection, 99)) == (None, None)


def test_a_refund_moves_only_from_where_it_may(database: Database) -> None:
    with database.write() as connection:
        order_id, other_id = paid_order(connection), new_order(connection, 2)
        first, second, third = (create(connection, order_id, number) or 0 for number in (1, 2, 3))
        assert [refund.id for refund in store.unfinished(connection)] == [first, second, third]
        created, done, failed = RefundStatus
        assert not store.move(connection, first, failed, only_from=done)
        assert store.move(connection, first, done, only_from=created, stripe_refund_id="re_1", settled_at=NOW)
        assert not store.move(connection, first, failed, only_from=created, reason="no")
        assert store.move(connection, second, failed, only_from=created, reason="no", settled_at=NOW)
        assert [(refund.status, refund.status_reason) for refund in store.of_order(connection, order_id)] == [
            (done, None),
            (failed, "no"),
            (created, None),
        ]
        assert store.by_stripe_id(connection, "re_1") == stored(connection, first)
        assert store.by_stripe_id(connection, "re_2") is None
        assert [refund.id for refund in store.unfinished(connection)] == [third]
        assert store.of_order(connection, other_id) == []
        assert store.credit_taken(connection, order_id) == 200
        assert store.credit_taken(connection, other_id) == 0
        assert store.move(connection, first, failed, only_from=done, reason="came back", settled_at=NOW)
        assert stored(connection, first).stripe_refund_id == "re_1"
        assert store.credit_taken(connection, order_id) == 100


def test_a_refund_names_the_entry_that_took_the_credit(database: Database) -> None:
    with database.write() as connection:
        order_id = paid_order(connection)
        refund_id = create(connection, order_id) or 0
        entry = BalanceStore().post(
            connection, Posting(1, -100, TransactionKind.REFUND, "Refund", "anna", order_id, "k"), NOW
        )
        store.link(connection, refund_id, entry.id)
        assert stored(connection, refund_id).transaction_id == entry.id


def test_no_more_is_counted_than_was_paid(database: Database) -> None:
    with database.write() as connection:
        order_id, unpaid = paid_order(connection), new_order(connection, 2)
        first = orders.reserve_refund(connection, order_id, 2000)
        assert first is not None
        assert (first.refunded_cents, first.refundable_cents) == (2000, 399)
        assert orders.reserve_refund(connection, order_id, 400) is None
        assert orders.reserve_refund(connection, unpaid, 1) is None
        last = orders.reserve_refund(connection, order_id, 399)
        assert last is not None
        assert last.refundable_cents == 0
        orders.release_refund(connection, order_id, 2000)
        order = orders.get(connection, order_id)
        assert order is not None
        assert (order.refunded_cents, order.paid_cents) == (399, 2399)


def test_orders_that_may_have_moved_on_at_stripe(database: Database) -> None:
    with database.write() as connection:
        paid, refused, closed = paid_order(connection), new_order(connection, 2), new_order(connection, 3)
        for order_id in (refused, closed):
            created = (OrderStatus.CREATED,)
            assert orders.move(connection, order_id, OrderStatus.FAILED, only_from=created, settled_at=NOW)
        for order_id, name in ((paid, "cs_late"), (closed, "cs_closed"), (closed, "cs_other")):
            orders.note_ids(connection, order_id, session_id=name, payment_intent_id=None)
        assert orders.movable_since(connection, NOW) == [paid, closed]
        assert orders.movable_since(connection, NOW + timedelta(seconds=1)) == []
        assert [orders.ids_of_stripe_object(connection, name) for name in ("cs_1", "pi_1", "cs_closed", "cs_late")] == [
            [paid],
            [paid],
            [closed],
            [],
        ]
        assert orders.first_created_at(connection) == NOW
