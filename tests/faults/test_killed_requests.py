"""A desk is killed at each step of asking Stripe for something: it is made once, and one reconciliation ends it."""

from collections import Counter
from collections.abc import Callable
from functools import partial

import pytest

from services.charges import ChargeService
from services.database import Database
from services.discounts import DiscountService
from services.domain.checkout import Order, OrderStatus
from services.domain.refund import RefundStatus
from services.payments import PaymentService
from services.reconciliation import Reconciliation, ReconciliationService
from services.refunds import RefundService
from services.runtime import Runtime
from services.sandbox import Fault, Sandbox
from tests.crew import Member, desk
from tests.faults.workers import Moment, charge_until, check_out_until, refund_until
from tests.ledger import proven_ledger
from tests.scale import measured, rounds
from tests.stores.recycled import postgresql_url, recycled_url  # noqa: F401 - fixtures

CHECKOUT_KILLS = 25
CHARGE_KILLS = 10
REFUND_KILLS = 10

Point = Moment | Fault
"""Where a desk is killed: where it stops by itself, or where the sandbox holds its request."""

POINTS: tuple[Point, ...] = (
    Moment.BEFORE_SENDING,
    Fault.TIMEOUT_BEFORE,
    Fault.HOLD_BEFORE,
    Fault.HOLD_AFTER,
    Moment.ANSWERED,
    Moment.WRITTEN,
)

pytestmark = [
    pytest.mark.usefixtures("verified"),
    pytest.mark.parametrize(
        "point", POINTS, ids=["not sent", "not executed", "executed late", "executed", "answered", "written"]
    ),
]


def kill_at(point: Point, sandbox: Sandbox, path: str, begin: Callable[[Moment | None], Member]) -> int:
    """Kills a desk that asks for something at `path`; how often it was at `point` then: once."""
    if isinstance(point, Moment):
        member = begin(point)
        try:
            return int(member.hear() == point and member.kill())
        finally:
            member.end()
    fault = sandbox.faults.add(point, method="POST", path=path)
    member = begin(None)
    try:
        fault.wait(timeout_seconds=60)
        assert member.kill(), "The desk had ended before it was killed."
    finally:
        member.end()
        fault.release()  # a request that was held has arrived, and goes on without its desk
    return fault.landed


def reconciled(database_url: str, stripe: tuple[str, str]) -> Reconciliation:
    """What a desk that was opened after the kills finds and does."""
    with desk(database_url, "ben", stripe) as runtime:
        return ReconciliationService.over(runtime).reconcile()


def made(sandbox: Sandbox, path: str) -> Counter[str]:
    """How many objects each reference made at Stripe."""
    return Counter(
        request.parameters["metadata"]["reference"]
        for request in sandbox.requests
        if request.executed and (request.method, request.path) == ("POST", path)
    )


def test_a_checkout_is_one_session(
    paying_runtime: Runtime,
    database_url: str,
    account_id: int,
    sandbox: Sandbox,
    stripe: tuple[str, str],
    point: Point,
) -> None:
    kills = rounds(CHECKOUT_KILLS)
    DiscountService.over(paying_runtime).create("MANY", percent_basis_points=1000, max_uses=kills)
    landed = sum(
        kill_at(
            point,
            sandbox,
            "/v1/checkout/sessions",
            lambda moment: Member(check_out_until, database_url, stripe, moment, account_id, "MANY"),
        )
        for _ in range(kills)
    )
    assert landed == kills
    payments = PaymentService.over(paying_runtime)
    left = OrderStatus.OPEN if point is Moment.WRITTEN else OrderStatus.CREATED
    assert [order.status for order in payments.list_orders()] == [left] * kills
    if point is not Fault.HOLD_BEFORE:  # that one is under way, at its own pace
        never_executed = point in (Moment.BEFORE_SENDING, Fault.TIMEOUT_BEFORE)
        assert len(sandbox.sessions) == (0 if never_executed else kills)

    after = reconciled(database_url, stripe)
    assert (after.findings, after.unanswered) == ((), ())
    orders = payments.list_orders()
    assert {order.status for order in orders} == {OrderStatus.OPEN}
    assert Counter(session.client_reference_id for session in sandbox.sessions) == {
        order.reference: 1 for order in orders
    }
    assert {session.id for session in sandbox.sessions} == {order.session_id for order in orders}

    for session in sandbox.sessions:
        sandbox.pay(session.id)
    reconciled(database_url, stripe)
    rows = proven_ledger(paying_runtime.database, account_id)
    assert sorted(row.order_id for row in rows) == sorted(order.id for order in orders)
    assert DiscountService.over(paying_runtime).list_codes()[0].redeemed == kills
    measured(f"{paying_runtime.database.label}: {landed} checkouts killed ({point}), one session and one credit each")


def test_a_charge_is_made_once(
    paying_runtime: Runtime,
    database: Database,
    database_url: str,
    paid_order: Order,
    card_id: str,
    sandbox: Sandbox,
    stripe: tuple[str, str],
    point: Point,
) -> None:
    kills, account_id = rounds(CHARGE_KILLS), paid_order.draft.account_id
    for number in range(kills):
        key = f"charge-{number}"
        begin = partial(_charging, database_url, stripe, account_id, card_id, key)
        assert kill_at(point, sandbox, "/v1/payment_intents", begin) == 1

    after = reconciled(database_url, stripe)
    assert (after.findings, after.unanswered) == ((), ())
    *charged, _paid = PaymentService.over(paying_runtime).list_orders()
    assert [order.status for order in charged] == [OrderStatus.PAID] * kills
    assert made(sandbox, "/v1/payment_intents") == {order.reference: 1 for order in charged}
    _topped_up, *rows = proven_ledger(database, account_id)
    assert sorted(row.order_id for row in rows) == sorted(order.id for order in charged)

    again = ChargeService.over(paying_runtime).charge(
        account_id, 500, payment_method_id=card_id, idempotency_key="charge-0"
    )
    assert again.order in charged
    measured(f"{database.label}: {kills} charges killed ({point}), one payment and one credit each")


def _charging(
    url: str, stripe: tuple[str, str], account_id: int, card_id: str, key: str, moment: Moment | None
) -> Member:
    return Member(charge_until, url, stripe, moment, account_id, card_id, key)


def test_a_refund_is_made_once(
    paying_runtime: Runtime,
    database: Database,
    database_url: str,
    paid_order: Order,
    sandbox: Sandbox,
    stripe: tuple[str, str],
    point: Point,
) -> None:
    kills = rounds(REFUND_KILLS)
    for number in range(kills):
        begin = partial(_refunding, database_url, stripe, paid_order.id, f"refund-{number}")
        assert kill_at(point, sandbox, "/v1/refunds", begin) == 1

    after = reconciled(database_url, stripe)
    assert (after.findings, after.unanswered) == ((), ())
    refunds = RefundService.over(paying_runtime).of_order(paid_order.id)
    assert [refund.status for refund in refunds] == [RefundStatus.DONE] * kills
    assert made(sandbox, "/v1/refunds") == {refund.reference: 1 for refund in refunds}
    (payment,) = sandbox.payments
    assert {refund.id for refund in payment.refunds} == {refund.stripe_refund_id for refund in refunds}
    assert len(payment.refunds) == kills
    _topped_up, *rows = proven_ledger(database, paid_order.draft.account_id)
    assert [(row.kind, row.amount_cents) for row in rows] == [("refund", -10)] * kills
    measured(f"{database.label}: {kills} refunds killed ({point}), one refund and one entry each")


def _refunding(url: str, stripe: tuple[str, str], order_id: int, key: str, moment: Moment | None) -> Member:
    return Member(refund_until, url, stripe, moment, order_id, key)
