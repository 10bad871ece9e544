from dataclasses import replace

import sqlalchemy as sa

from services.database import Database
from services.domain.checkout import Order, OrderDraft, OrderPurpose, OrderStatus, StripeSession
from services.stores.accounts import AccountStore
from services.stores.orders import OrderStore
from tests.clock import ManualClock
from tests.stores.drafts import access_draft

store = OrderStore()
NOW = ManualClock().moment
SESSION = StripeSession(
    id="cs_1",
    url="https://checkout.example/cs_1",
    status="open",
    payment_status="unpaid",
    amount_total_cents=2399,
    amount_discount_cents=600,
    currency="usd",
    livemode=False,
    client_reference_id="r1",
    customer_id="cus_1",
    payment_intent_id="pi_1",
    expires_at=NOW,
)


def account(connection: sa.Connection, email: str = "maria@example.com") -> int:
    return AccountStore().create(connection, email, "", NOW).id


def create(connection: sa.Connection, draft: OrderDraft, number: int = 1) -> int:
    order_id = store.create(
        connection, draft, reference=f"r{number}", idempotency_key=f"k{number}", actor="anna", now=NOW
    )
    assert order_id is not None
    return order_id


def stored(connection: sa.Connection, order_id: int) -> Order:
    order = store.get(connection, order_id)
    assert order is not None
    return order


def test_a_draft_comes_back_as_it_was(database: Database) -> None:
    with database.write() as connection:
        drafts = [
            access_draft(account(connection), discount_code="SAVE10", discount_cents=300),
            replace(access_draft(1), livemode=True, credit_cents=0),
            replace(
                access_draft(1), purpose=OrderPurpose.TOP_UP, price_version=None, price_mode=None, credit_cents=2999
            ),
        ]
        for number, draft in enumerate(drafts):
            order_id = create(connection, draft, number)
            store.set_request(connection, order_id, {"number": number, "nested": [{"flag": True, "text": "Ü"}]})
            order = stored(connection, order_id)
            assert (order.draft, order.status) == (draft, OrderStatus.CREATED)
            assert order.request == {"number": number, "nested": [{"flag": True, "text": "Ü"}]}
            assert (order.reference, order.idempotency_key) == (f"r{number}", f"k{number}")
        assert store.get(connection, 99) is None


def test_an_order_moves_only_from_where_it_may(database: Database) -> None:
    with database.write() as connection:
        order_id = create(connection, access_draft(account(connection)))
        assert not store.move(connection, order_id, OrderStatus.EXPIRED, only_from=(OrderStatus.OPEN,))
        assert not store.move(connection, 99, OrderStatus.OPEN, only_from=(OrderStatus.CREATED,), at_stripe=SESSION)
        assert store.move(connection, order_id, OrderStatus.OPEN, only_from=(OrderStatus.CREATED,), at_stripe=SESSION)
        assert not store.move(connection, order_id, OrderStatus.FAILED, only_from=(OrderStatus.CREATED,), reason="no")
        assert stored(connection, order_id).status is OrderStatus.OPEN


def test_what_the_session_tells_is_kept_with_the_order(database: Database) -> None:
    with database.write() as connection:
        order_id = create(connection, access_draft(account(connection)))
        store.move(connection, order_id, OrderStatus.OPEN, only_from=(OrderStatus.CREATED,), at_stripe=SESSION)
        opened = stored(connection, order_id)
        assert (opened.session_id, opened.checkout_url, opened.expires_at) == ("cs_1", SESSION.url, NOW)
        assert (opened.stripe_customer_id, opened.payment_intent_id, opened.promotion_cents) == ("cus_1", "pi_1", 600)
        paid = replace(SESSION, status="complete", url=None)
        store.move(
            connection,
            order_id,
            OrderStatus.PAID,
            only_from=(OrderStatus.OPEN,),
            at_stripe=paid,
            paid_cents=2399,
            settled_at=NOW,
        )
        settled = stored(connection, order_id)
        assert (settled.status, settled.paid_cents, settled.settled_at) == (OrderStatus.PAID, 2399, NOW)
        assert (settled.checkout_url, settled.session_id) == (None, "cs_1")


def test_orders_are_listed_newest_first_and_by_account(database: Database) -> None:
    with database.write() as connection:
        maria, ben = account(connection), account(connection, "ben@example.com")
        made = [create(connection, access_draft(who), number) for number, who in enumerate((maria, ben, maria))]
        assert [order.id for order in store.newest(connection, 10)] == made[::-1]
        assert [order.id for order in store.newest(connection, 1)] == made[2:]
        assert [order.id for order in store.newest(connection, 10, maria)] == [made[2], made[0]]
        assert store.newest(connection, 10, 99) == []
