"""A desk is killed between its own commit and Stripe's answer: asking again settles it, with one session per order."""

import asyncio
import time
from collections import Counter
from random import Random

import pytest
import sqlalchemy as sa

from services.discounts import DiscountService
from services.domain.checkout import OrderStatus
from services.models.tables import orders
from services.payments import PaymentService
from services.runtime import Runtime
from services.sandbox import Sandbox
from tests.crew import Member
from tests.faults.workers import (
    BEGUN,
    Moment,
    check_out_forever,
    check_out_until,
    refresh_forever,
    refresh_until,
)
from tests.ledger import proven_ledger
from tests.scale import measured, rounds

KILLS = 100

pytestmark = pytest.mark.usefixtures("verified")


@pytest.fixture
def payments(paying_runtime: Runtime) -> PaymentService:
    DiscountService.over(paying_runtime).create("ONCE", percent_basis_points=1000, max_uses=1)
    return PaymentService.over(paying_runtime)


def uses(runtime: Runtime) -> tuple[int, int]:
    """How often the code is held and redeemed."""
    code = DiscountService.over(runtime).get("ONCE")
    assert code is not None
    return code.held, code.redeemed


def sessions_created(sandbox: Sandbox) -> Counter[str | None]:
    """How many sessions each idempotency key made at the sandbox."""
    return Counter(
        request.idempotency_key for request in sandbox.requests if request.method == "POST" and request.executed
    )


def kill_at(member: Member, moment: Moment) -> None:
    """Kill a process once it says that it reached a moment."""
    try:
        assert member.hear() == moment
        assert member.kill(), "The desk had ended before it was killed."
    finally:
        member.end()


@pytest.mark.parametrize(("moment", "known_to_stripe"), [(Moment.BEFORE_SENDING, 0), (Moment.ANSWERED, 1)])
def test_a_checkout_cut_off_is_settled_by_asking_again(
    payments: PaymentService,
    paying_runtime: Runtime,
    database_url: str,
    account_id: int,
    sandbox: Sandbox,
    stripe: tuple[str, str],
    moment: Moment,
    known_to_stripe: int,
) -> None:
    kill_at(Member(check_out_until, database_url, stripe, moment, account_id, "ONCE"), moment)

    (order,) = payments.list_orders()
    assert order.status is OrderStatus.CREATED
    assert order.session_id is None
    assert uses(paying_runtime) == (1, 0), "The order does not hold its code."
    assert sum(sessions_created(sandbox).values()) == known_to_stripe

    settled = asyncio.run(payments.refresh_order(order.id))
    assert settled.status is OrderStatus.OPEN
    assert settled.session_id is not None
    assert sessions_created(sandbox) == {order.idempotency_key: 1}
    assert settled.draft == order.draft

    sandbox.pay(settled.session_id)
    assert asyncio.run(payments.refresh_order(order.id)).status is OrderStatus.PAID
    (row,) = proven_ledger(paying_runtime.database, account_id)
    assert (row.order_id, row.amount_cents) == (order.id, 2699)
    assert uses(paying_runtime) == (0, 1)


def test_a_poller_cut_off_leaves_the_order_to_the_next_one(
    payments: PaymentService,
    paying_runtime: Runtime,
    database_url: str,
    account_id: int,
    sandbox: Sandbox,
    stripe: tuple[str, str],
) -> None:
    created = asyncio.run(payments.create_checkout_session(account_id, "ONCE"))
    assert created.order_id is not None
    assert created.transaction_id is not None
    sandbox.pay(created.transaction_id)
    kill_at(Member(refresh_until, database_url, stripe, Moment.RETRIEVED, created.order_id), Moment.RETRIEVED)

    assert payments.get_order(created.order_id).status is OrderStatus.OPEN
    assert proven_ledger(paying_runtime.database, account_id) == []
    for _ in range(2):
        assert asyncio.run(payments.refresh_order(created.order_id)).status is OrderStatus.PAID
    (row,) = proven_ledger(paying_runtime.database, account_id)
    assert row.amount_cents == 2699
    assert uses(paying_runtime) == (0, 1)


def test_desks_killed_at_any_moment_make_one_session_and_one_credit_per_order(
    payments: PaymentService,
    paying_runtime: Runtime,
    database_url: str,
    account_id: int,
    sandbox: Sandbox,
    stripe: tuple[str, str],
    random: Random,
) -> None:
    handed_out = []
    for _ in range(rounds(KILLS)):
        said = killed_at_random(Member(check_out_forever, database_url, stripe, account_id), random)
        handed_out += said
    assert handed_out, "No desk had created a checkout before it was killed."

    with paying_runtime.database.read() as connection:
        order_ids = list(connection.execute(sa.select(orders.c.id).order_by(orders.c.id)).scalars())
    cut_off = [order_id for order_id in order_ids if payments.get_order(order_id).status is OrderStatus.CREATED]
    opened = [asyncio.run(payments.refresh_order(order_id)) for order_id in order_ids]
    assert {order.status for order in opened} == {OrderStatus.OPEN}
    assert sessions_created(sandbox) == {order.idempotency_key: 1 for order in opened}
    session_of = {order.id: order.session_id for order in opened}
    assert [pair for pair in handed_out if session_of[pair[0]] != pair[1]] == [], "A link that was handed out is lost."

    for session_id in session_of.values():
        assert session_id is not None
        sandbox.pay(session_id)
    settled: list[tuple[int, str]] = []
    for _ in range(rounds(KILLS)):
        random.shuffle(order_ids)
        settled += killed_at_random(Member(refresh_forever, database_url, stripe, order_ids), random)
    assert {status for _, status in settled} == {"paid"}, "No desk had settled an order before it was killed."
    finished = [asyncio.run(payments.refresh_order(order_id)) for order_id in order_ids]
    assert {order.status for order in finished} == {OrderStatus.PAID}
    rows = proven_ledger(paying_runtime.database, account_id)
    assert sorted(row.order_id for row in rows) == sorted(order_ids), "An order was not credited exactly once."
    measured(
        f"{paying_runtime.database.label}: {2 * rounds(KILLS)} kills landed; {len(order_ids)} orders, {len(cut_off)} "
        f"of them cut off before Stripe's answer was saved; one session and one credit each"
    )


def killed_at_random(member: Member, random: Random) -> list[tuple[int, str]]:
    """Kill a process at a random moment after it began, and return what it said until then."""
    try:
        assert member.hear() == BEGUN
        said = list(member.hear_until(time.monotonic() + random.uniform(0, 0.25)))
        assert member.kill(), "The desk had ended before it was killed."
        return said + member.hear_rest()
    finally:
        member.end()
