"""Many pollers ask about one order at once: it is sent once, and credited once."""

import asyncio
from collections import Counter
from functools import partial

import pytest
import sqlalchemy as sa

from services.database import Database
from services.discounts import DiscountService
from services.domain.checkout import OrderStatus
from services.models.tables import transactions
from services.payments import PaymentService
from services.runtime import Runtime
from services.sandbox import Sandbox
from tests.crew import race
from tests.ledger import proven_ledger
from tests.races.workers import poll, poll_all, send_again
from tests.scale import measured

PROCESSES = 8
POLLERS = 4
PAID_ORDERS = 200

pytestmark = pytest.mark.usefixtures("verified")


def test_a_paid_order_is_credited_once(
    paying_runtime: Runtime, database: Database, database_url: str, account_id: int, sandbox: Sandbox
) -> None:
    payments = PaymentService.over(paying_runtime)
    discounts = DiscountService.over(paying_runtime)
    discounts.create("ONCE", percent_basis_points=1000, max_uses=5)
    created = asyncio.run(payments.create_checkout_session(account_id, "ONCE"))
    assert created.transaction_id is not None
    assert created.order_id is not None
    sandbox.pay(created.transaction_id)

    # Each process holds Stripe's answer, that the order is paid, before any of them settles it.
    stripe = (sandbox.secret_key, sandbox.api_base)
    polls = race(partial(poll, database_url, stripe, created.order_id) for _ in range(PROCESSES))
    assert polls.most_at_once > 1, "The processes did not settle at the same time."
    assert polls.answers == ["paid"] * PROCESSES

    (row,) = proven_ledger(database, account_id)
    assert (row.order_id, row.amount_cents, row.kind) == (created.order_id, 2699, "purchase")
    code = discounts.get("ONCE")
    assert code is not None
    assert (code.held, code.redeemed) == (0, 1)


def test_four_pollers_credit_two_hundred_paid_orders_once(
    paying_runtime: Runtime, database: Database, database_url: str, account_id: int, sandbox: Sandbox
) -> None:
    payments = PaymentService.over(paying_runtime)
    for _ in range(PAID_ORDERS):
        created = asyncio.run(payments.create_topup_checkout(account_id, 1000))
        assert created.transaction_id is not None
        sandbox.pay(created.transaction_id)
    order_ids = [order.id for order in payments.list_orders()]
    asked_before = len(sandbox.requests)

    stripe = (sandbox.secret_key, sandbox.api_base)
    polls = race(partial(poll_all, database_url, stripe, order_ids, mark, POLLERS) for mark in range(POLLERS))
    assert polls.most_at_once == POLLERS, "The pollers were not all at work at the same time."
    assert polls.answers == [["paid"] * PAID_ORDERS] * POLLERS

    rows = proven_ledger(database, account_id)
    assert sorted(row.order_id for row in rows) == sorted(order_ids)
    assert {row.amount_cents for row in rows} == {1000}
    # Who settled an order is told by the clock of the poller that did.
    settled = [order.settled_at for order in payments.list_orders()]
    wins = Counter(moment.microsecond % POLLERS for moment in settled if moment is not None)
    assert sum(wins.values()) == PAID_ORDERS
    assert set(wins) == set(range(POLLERS)), "A poller settled nothing."
    beaten = len(sandbox.requests) - asked_before - PAID_ORDERS
    assert beaten > 0, "No two pollers asked about the same order at the same time."
    measured(
        f"{database.label}: {len(rows)} credits by {POLLERS} pollers, "
        f"{', '.join(str(wins[mark]) for mark in range(POLLERS))} each; {beaten} times another one was first"
    )


def test_an_unanswered_order_is_sent_as_one_session(
    paying_runtime: Runtime, database: Database, database_url: str, account_id: int, sandbox: Sandbox
) -> None:
    payments = PaymentService.over(paying_runtime)
    sandbox.stop()
    lost = asyncio.run(payments.create_topup_checkout(account_id, 1000))
    assert lost.order_id is not None
    assert payments.get_order(lost.order_id).status is OrderStatus.CREATED
    sandbox.start()

    stripe = (sandbox.secret_key, sandbox.api_base)
    sent = race(partial(send_again, database_url, stripe, lost.order_id) for _ in range(PROCESSES))
    assert sent.most_at_once > 1, "The processes did not send at the same time."
    (session_id,) = set(sent.answers)
    assert session_id == payments.get_order(lost.order_id).session_id
    posts = [request for request in sandbox.requests if request.method == "POST"]
    assert {request.idempotency_key for request in posts} == {payments.get_order(lost.order_id).idempotency_key}
    assert [request.executed for request in posts].count(True) == 1
    with database.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(transactions)).scalar_one() == 0
