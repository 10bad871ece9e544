"""Stripe answers with what it never would: the services refuse it, keep what was asked for, and recover afterwards."""

import asyncio
import json
from collections import deque
from collections.abc import Callable, Collection
from copy import deepcopy
from typing import Any

import pytest

from services.domain.checkout import Order, OrderStatus
from services.domain.refund import RefundStatus
from services.payments import PaymentService
from services.reconciliation import ReconciliationService
from services.refunds import RefundService
from services.runtime import Runtime
from services.sandbox import MALFORMED, Fault, Sandbox
from tests.crew import Member
from tests.faults.workers import ask_many_times, charge, create_checkouts, refresh, refund
from tests.ledger import proven_ledger
from tests.scale import measured
from tests.stores.recycled import postgresql_url, recycled_url  # noqa: F401 - fixtures

LEAST_KINDS = 20
MOST_GROWTH_KILOBYTES = 50 * 1024

NOT_KNOWN_BEFORE = {"id_of_another"}
"""Nobody can tell the id of what was just made from another one."""

COMPARED_LATER = {"amount_of_another", "currency_changed"}
"""A charge with another amount is well formed; what credits it is a fresh retrieval, and only that."""

UNREADABLE_CARD = {"card_number_in_full", "card_brand_with_escapes", "card_expires_in_month_13"}
"""The payment counts without its card."""

pytestmark = pytest.mark.usefixtures("verified")


class Malformations:
    """Changes one answer after the other, each by the next malformation that there is something to change for."""

    def __init__(self, believed: Collection[str]) -> None:
        self.landed: list[str] = []
        self._waiting = deque(name for name in MALFORMED if name not in believed)

    def __call__(self, body: dict[str, Any]) -> object:
        while self._waiting:
            name = self._waiting.popleft()
            changed = MALFORMED[name](deepcopy(body))
            if isinstance(changed, bytes) or json.dumps(changed) != json.dumps(body):
                self.landed.append(name)
                return changed
        return body


class Liar:
    """A sandbox that answers the calls to one path with everything but what Stripe would; the first call is spared
    the ten megabytes, and spared altogether where `first_is_good`."""

    def __init__(
        self, sandbox: Sandbox, method: str, path: str, believed: Collection[str], *, first_is_good: bool
    ) -> None:
        self._malformations = Malformations(believed)
        self._huge = sandbox.faults.add(Fault.HUGE, skip=1, method=method, path=path)
        sandbox.faults.mutate(self._malformations, times=None, skip=int(first_is_good), method=method, path=path)

    @property
    def landed(self) -> int:
        """How many answers were not Stripe's."""
        return len(self._malformations.landed) + self._huge.landed

    def answer(self, *work: Any) -> list[tuple[bool, str | None]]:
        """What another process comes to in as many calls as there are lies, and one more, within its memory."""
        member = Member(ask_many_times, *work, len(MALFORMED) + 3)
        try:
            heard = [member.hear() for _ in range(len(MALFORMED) + 3)]
        finally:
            member.end()
        assert self._huge.landed == 1
        assert len(self._malformations.landed) >= LEAST_KINDS
        grown_kilobytes = heard[-1][2] - heard[0][2]
        assert grown_kilobytes < MOST_GROWTH_KILOBYTES
        measured(f"{self.landed} answers that are not Stripe's: {grown_kilobytes} kB more memory at the highest (RSS)")
        return [(success, error) for success, error, _ in heard]


Calls = Callable[[Runtime, int], Callable[[int], tuple[bool, str | None]]]


@pytest.mark.parametrize(
    ("calls", "path", "believed", "settled"),
    [
        (create_checkouts, "/v1/checkout/sessions", NOT_KNOWN_BEFORE, OrderStatus.OPEN),
        (charge, "/v1/payment_intents", NOT_KNOWN_BEFORE | COMPARED_LATER, OrderStatus.PAID),
    ],
    ids=["checkout", "charge"],
)
def test_an_order_stays_created_until_stripe_makes_sense(
    paying_runtime: Runtime,
    database_url: str,
    stripe: tuple[str, str],
    paid_order: Order,
    sandbox: Sandbox,
    calls: Calls,
    path: str,
    believed: set[str],
    settled: OrderStatus,
) -> None:
    account_id = paid_order.draft.account_id
    liar = Liar(sandbox, "POST", path, believed, first_is_good=True)
    first, *said = liar.answer(database_url, stripe, calls, account_id)
    lies, truths = said[: liar.landed], said[liar.landed :]
    assert {success for success, _ in lies} == {False}
    assert {"unknown" in (error or "") or "not known yet" in (error or "") for _, error in lies} == {True}
    assert set(truths) == {first} == {(True, None)}

    payments = PaymentService.over(paying_runtime)
    *orders, _paid = payments.list_orders()
    kept = [order for order in orders if order.status is not settled]
    assert len(kept) == liar.landed
    assert {(order.status, order.session_id, order.payment_intent_id) for order in kept} == {
        (OrderStatus.CREATED, None, None)
    }
    entries = len(orders) - len(kept) if settled is OrderStatus.PAID else 0
    assert len(proven_ledger(paying_runtime.database, account_id)) == 1 + entries

    sandbox.faults.clear()
    after = ReconciliationService.over(paying_runtime).reconcile()
    assert (after.findings, after.unanswered) == ((), ())
    *orders, _paid = payments.list_orders()
    assert {order.status for order in orders} == {settled}
    executed = [one for one in sandbox.requests if one.executed and (one.method, one.path) == ("POST", path)]
    assert {one.idempotency_key for one in executed} >= {order.idempotency_key for order in orders}
    assert len(executed) == len(orders) + (path == "/v1/checkout/sessions"), "One each, and the one paid before."


def test_a_refund_stays_created_until_stripe_makes_sense(
    paying_runtime: Runtime, database_url: str, stripe: tuple[str, str], paid_order: Order, sandbox: Sandbox
) -> None:
    liar = Liar(sandbox, "POST", "/v1/refunds", NOT_KNOWN_BEFORE, first_is_good=True)
    first, *said = liar.answer(database_url, stripe, refund, paid_order.id)
    lies, truths = said[: liar.landed], said[liar.landed :]
    assert {success for success, _ in lies} == {False}
    assert {"Whether the refund was made is unknown" in (error or "") for _, error in lies} == {True}
    assert set(truths) == {first} == {(True, None)}
    refunds = RefundService.over(paying_runtime)
    kept = [one for one in refunds.of_order(paid_order.id) if one.status is RefundStatus.CREATED]
    assert [one.stripe_refund_id for one in kept] == [None] * liar.landed
    done = len(refunds.of_order(paid_order.id)) - len(kept)
    assert len(proven_ledger(paying_runtime.database, paid_order.draft.account_id)) == 1 + done

    sandbox.faults.clear()
    after = ReconciliationService.over(paying_runtime).reconcile()
    assert (after.findings, after.unanswered) == ((), ())
    made = refunds.of_order(paid_order.id)
    assert {one.status for one in made} == {RefundStatus.DONE}
    (payment,) = sandbox.payments
    assert {one.id for one in payment.refunds} == {one.stripe_refund_id for one in made}
    assert len(payment.refunds) == len(made)


def test_a_payment_is_not_credited_until_stripe_makes_sense(
    paying_runtime: Runtime, database_url: str, stripe: tuple[str, str], account_id: int, sandbox: Sandbox
) -> None:
    payments = PaymentService.over(paying_runtime)
    created = asyncio.run(payments.create_topup_checkout(account_id, 1000))
    assert created.order_id is not None
    assert created.transaction_id is not None
    sandbox.pay(created.transaction_id)
    liar = Liar(sandbox, "GET", "/v1/checkout/sessions/*", UNREADABLE_CARD, first_is_good=False)
    said = liar.answer(database_url, stripe, refresh, created.order_id)
    lies, truths = said[: liar.landed], said[liar.landed :]
    # what is well formed and does not agree with the order is for a person, until it does
    assert [answer for answer in lies if answer[0] and answer[1] != "needs_review"] == []
    assert len([answer for answer in lies if not answer[0]]) >= LEAST_KINDS
    assert set(truths) == {(True, "paid")}
    (row,) = proven_ledger(paying_runtime.database, account_id)
    assert (row.order_id, row.amount_cents) == (created.order_id, 1000)
