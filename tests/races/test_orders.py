"""Many pollers ask about one order at once: it is sent once, and credited once."""

import asyncio
from functools import partial

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
from tests.races.workers import poll, send_again

PROCESSES = 8


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
