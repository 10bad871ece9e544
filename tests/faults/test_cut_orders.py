"""A connection is cut at each COMMIT that an order and its refunds make: the answer is right, and nothing is double."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

import pytest

from services.database import Database
from services.discounts import DiscountService
from services.domain.charge import StripeIntent
from services.domain.checkout import Order, OrderStatus, StripeSession
from services.domain.refund import RefundStatus, StripeRefund
from services.gateways.ports import PaymentGateway
from services.payments import PaymentService
from services.refunds import RefundService
from services.runtime import Runtime
from services.sandbox import Sandbox
from tests.fakes import GatewayOver
from tests.ledger import proven_ledger
from tests.proxy import CommitProxy, Cut
from tests.scale import measured, rounds

CUTS = 50

T = TypeVar("T")

pytestmark = [pytest.mark.usefixtures("verified"), pytest.mark.parametrize("moment", Cut)]


class CuttingOnceMade(GatewayOver):
    """A gateway after whose creations the next COMMIT is cut: the one that writes Stripe's answer down."""

    def __init__(self, inner: PaymentGateway, cut: Callable[[], None]) -> None:
        super().__init__(inner)
        self._cut = cut

    def create_checkout_session(self, request: Mapping[str, Any], idempotency_key: str) -> StripeSession:
        return self._made(super().create_checkout_session(request, idempotency_key))

    def create_payment_intent(self, request: Mapping[str, Any], idempotency_key: str) -> StripeIntent:
        return self._made(super().create_payment_intent(request, idempotency_key))

    def create_refund(self, request: Mapping[str, Any], idempotency_key: str) -> StripeRefund:
        return self._made(super().create_refund(request, idempotency_key))

    def _made(self, made: T) -> T:
        self._cut()
        return made


@pytest.fixture
def database_url(postgresql_url: str) -> str:
    return postgresql_url


@pytest.fixture
def proxy(database_url: str) -> Iterator[CommitProxy]:
    with CommitProxy(database_url) as proxy:
        yield proxy


@pytest.fixture
def cut_off(paying_runtime: Runtime, proxy: CommitProxy) -> Iterator[Runtime]:
    """A desk whose database is behind the proxy; it does not wait between two runs."""
    database = Database(proxy.url, pause=lambda _seconds: None)
    yield replace(paying_runtime, database=database)
    database.close()


@pytest.fixture
def cut_off_once_made(cut_off: Runtime, proxy: CommitProxy, moment: Cut) -> Runtime:
    """The same, whose connection is cut when it writes down what Stripe made."""
    assert cut_off.gateway is not None
    return replace(cut_off, gateway=CuttingOnceMade(cut_off.gateway, partial(proxy.cut, moment)))


def test_a_new_order_is_stored_once(
    cut_off: Runtime, proxy: CommitProxy, sandbox: Sandbox, account_id: int, moment: Cut
) -> None:
    DiscountService.over(cut_off).create("MANY", percent_basis_points=1000, max_uses=rounds(CUTS))
    payments, opened = PaymentService.over(cut_off), []
    for _ in range(rounds(CUTS)):
        proxy.cut(moment)
        opened.append(asyncio.run(payments.create_checkout_session(account_id, "MANY")))
    assert proxy.landed == rounds(CUTS)
    assert_each_is_one_session(payments, sandbox, [(one.success, one.order_id, one.transaction_id) for one in opened])
    code = DiscountService.over(cut_off).get("MANY")
    assert code is not None
    assert (code.held, code.uses_left) == (rounds(CUTS), 0)
    measured(f"{proxy.landed} cuts {moment} at new orders: one order, one session and one use each")


def test_an_answer_is_written_down(
    cut_off_once_made: Runtime, proxy: CommitProxy, sandbox: Sandbox, account_id: int, moment: Cut
) -> None:
    payments, opened = PaymentService.over(cut_off_once_made), []
    for _ in range(rounds(CUTS)):
        opened.append(asyncio.run(payments.create_topup_checkout(account_id, 1000)))
    assert proxy.landed == rounds(CUTS)
    assert_each_is_one_session(payments, sandbox, [(one.success, one.order_id, one.transaction_id) for one in opened])
    measured(f"{proxy.landed} cuts {moment} at Stripe's answers: each order open, one session each")


def assert_each_is_one_session(
    payments: PaymentService, sandbox: Sandbox, answers: list[tuple[bool, int | None, str | None]]
) -> None:
    """The desk's answers, its orders and Stripe's sessions are the same ones."""
    orders = payments.list_orders()[::-1]
    assert {order.status for order in orders} == {OrderStatus.OPEN}
    assert answers == [(True, order.id, order.session_id) for order in orders]
    assert sorted((session.id, session.client_reference_id) for session in sandbox.sessions) == sorted(
        (order.session_id or "", order.reference) for order in orders
    )


def test_a_paid_order_is_credited_once(
    cut_off: Runtime, proxy: CommitProxy, database: Database, sandbox: Sandbox, account_id: int, moment: Cut
) -> None:
    DiscountService.over(cut_off).create("MANY", percent_basis_points=1000, max_uses=rounds(CUTS))
    payments = PaymentService.over(cut_off)
    for _ in range(rounds(CUTS)):
        created = asyncio.run(payments.create_checkout_session(account_id, "MANY"))
        assert created.transaction_id is not None
        assert created.order_id is not None
        sandbox.pay(created.transaction_id)
        proxy.cut(moment)
        assert asyncio.run(payments.refresh_order(created.order_id)).status is OrderStatus.PAID
    assert proxy.landed == rounds(CUTS)
    rows = proven_ledger(database, account_id)
    assert [row.order_id for row in rows] == [order.id for order in payments.list_orders()[::-1]]
    assert len(rows) == rounds(CUTS)
    code = DiscountService.over(cut_off).get("MANY")
    assert code is not None
    assert (code.held, code.redeemed) == (0, rounds(CUTS))
    measured(f"{proxy.landed} cuts {moment} at credits: one entry and one redemption each")


@pytest.mark.parametrize("once_made", [False, True], ids=["asked", "made"])
def test_a_refund_is_counted_and_posted_once(
    cut_off: Runtime,
    cut_off_once_made: Runtime,
    proxy: CommitProxy,
    database: Database,
    sandbox: Sandbox,
    paid_order: Order,
    moment: Cut,
    once_made: bool,
) -> None:
    refunds = RefundService.over(cut_off_once_made if once_made else cut_off)
    for number in range(rounds(CUTS)):
        if not once_made:
            proxy.cut(moment)
        refunded = refunds.refund(paid_order.id, 10, "too many", idempotency_key=f"form-{number}")
        assert refunded.success, refunded.error
    assert proxy.landed == rounds(CUTS)
    made = refunds.of_order(paid_order.id)
    assert [one.status for one in made] == [RefundStatus.DONE] * rounds(CUTS)
    (payment,) = sandbox.payments
    assert [one.id for one in payment.refunds] == [one.stripe_refund_id for one in made]
    _credit, *rows = proven_ledger(database, paid_order.draft.account_id)
    assert [row.id for row in rows] == [one.transaction_id for one in made]
    assert {row.amount_cents for row in rows} == {-10}
    assert PaymentService.over(cut_off).get_order(paid_order.id).refunded_cents == 10 * rounds(CUTS)
    what = "written down" if once_made else "asked for"
    measured(f"{proxy.landed} cuts {moment} at refunds that are {what}: one refund and one entry each")
