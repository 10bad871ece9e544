"""Stripe's answers time out or ask for a pause: nothing is made twice, and nothing is called failed that is not."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from services.charges import ChargeOutcome, ChargeService
from services.domain.checkout import Order, OrderStatus
from services.domain.refund import RefundStatus
from services.gateways.stripe_gateway import StripeGateway
from services.gateways.transport import MAX_REPEATS
from services.payments import PaymentService
from services.reconciliation import ReconciliationService
from services.refunds import RefundService
from services.runtime import Runtime
from services.sandbox import Fault, Sandbox
from tests.ledger import proven_ledger
from tests.scale import measured, rounds
from tests.stores.recycled import postgresql_url, recycled_url  # noqa: F401 - fixtures

TIMEOUTS = 100
TIMEOUT_SECONDS = (5.0, 0.1)

pytestmark = pytest.mark.usefixtures("verified")


@pytest.fixture
def pauses() -> list[float]:
    """The pauses that the gateway made between two requests, in seconds; none of them is waited for."""
    return []


@pytest.fixture
def hasty(paying_runtime: Runtime, sandbox: Sandbox) -> Runtime:
    """A desk that hardly waits for an answer, and asks no second time by itself where none came."""
    key, api_base = paying_runtime.settings.stripe_secret_key, sandbox.api_base
    gateway = StripeGateway(key, api_base=api_base, max_network_retries=0, timeout_seconds=TIMEOUT_SECONDS)
    return replace(paying_runtime, gateway=gateway)


@pytest.fixture
def restless(paying_runtime: Runtime, sandbox: Sandbox, pauses: list[float]) -> Runtime:
    """A desk that waits for every answer, and not between two requests."""
    key, api_base = paying_runtime.settings.stripe_secret_key, sandbox.api_base
    return replace(paying_runtime, gateway=StripeGateway(key, api_base=api_base, pause=pauses.append))


def test_checkouts_whose_answers_timed_out_are_open_and_none_failed(
    hasty: Runtime, paying_runtime: Runtime, sandbox: Sandbox, account_id: int
) -> None:
    timeouts = rounds(TIMEOUTS)
    fault = sandbox.faults.add(Fault.TIMEOUT_AFTER_SUCCESS, times=timeouts, method="POST")
    payments = PaymentService.over(hasty)
    for _ in range(timeouts):
        created = asyncio.run(payments.create_topup_checkout(account_id, 1000))
        assert (created.success, created.checkout_url) == (False, None)
        assert "Whether the checkout exists is unknown" in (created.error or "")
    assert fault.landed == timeouts
    assert [order.status for order in payments.list_orders()] == [OrderStatus.CREATED] * timeouts
    assert len(sandbox.sessions) == timeouts

    after = ReconciliationService.over(paying_runtime).reconcile()
    assert (after.findings, after.unanswered) == ((), ())
    assert [(moved.before, moved.order.status) for moved in after.moved] == [
        (OrderStatus.CREATED, OrderStatus.OPEN)
    ] * timeouts
    orders = payments.list_orders()
    assert {session.id: session.client_reference_id for session in sandbox.sessions} == {
        order.session_id: order.reference for order in orders
    }
    assert len(orders) == len(sandbox.sessions) == timeouts
    measured(f"{hasty.database.label}: {fault.landed} time-outs after success, as many sessions, all open, none failed")


Ask = Callable[[str], tuple[bool, str | None]]
"""Asks Stripe for one thing, under a key; whether it is there, and the sentence about it."""


@pytest.fixture
def asks(restless: Runtime, paid_order: Order, card_id: str) -> dict[str, Ask]:
    """What a desk asks for, by the path that it is asked at."""
    account_id = paid_order.draft.account_id

    def check_out(_key: str) -> tuple[bool, str | None]:
        created = asyncio.run(PaymentService.over(restless).create_topup_checkout(account_id, 1000))
        return created.success, created.error

    def charge(key: str) -> tuple[bool, str | None]:
        charged = ChargeService.over(restless).charge(account_id, 500, payment_method_id=card_id, idempotency_key=key)
        return charged.outcome is ChargeOutcome.CREDITED, charged.error

    def refund(key: str) -> tuple[bool, str | None]:
        refunded = RefundService.over(restless).refund(paid_order.id, 10, "too many", idempotency_key=key)
        return refunded.success, refunded.error

    return {"/v1/checkout/sessions": check_out, "/v1/payment_intents": charge, "/v1/refunds": refund}


PATHS = ("/v1/checkout/sessions", "/v1/payment_intents", "/v1/refunds")


@pytest.mark.parametrize("path", PATHS)
def test_a_request_that_has_to_wait_up_to_four_times_succeeds(
    asks: dict[str, Ask], sandbox: Sandbox, pauses: list[float], path: str
) -> None:
    for refusals in range(1, MAX_REPEATS + 1):
        pauses.clear()
        fault = sandbox.faults.add(Fault.RATE_LIMITED, times=refusals, method="POST", path=path)
        assert asks[path](f"form-{refusals}") == (True, None)
        assert fault.landed == len(pauses) == refusals
        sent = [one for one in sandbox.requests if (one.method, one.path) == ("POST", path)][-refusals - 1 :]
        assert [one.executed for one in sent] == [False] * refusals + [True]
        assert len({one.idempotency_key for one in sent}) == 1


@pytest.mark.parametrize("path", PATHS)
def test_a_request_that_has_to_wait_longer_is_kept_and_resumed(
    asks: dict[str, Ask], paying_runtime: Runtime, paid_order: Order, sandbox: Sandbox, path: str
) -> None:
    fault = sandbox.faults.add(Fault.RATE_LIMITED, times=None, method="POST", path=path)
    success, error = asks[path]("form-1")
    assert not success
    assert ("Nothing was given back" if path == "/v1/refunds" else "Nothing was charged") in (error or "")
    assert fault.landed == MAX_REPEATS + 1
    payments, refunds = PaymentService.over(paying_runtime), RefundService.over(paying_runtime)
    kept = [payments.list_orders()[0].status.value, *(one.status.value for one in refunds.of_order(paid_order.id))]
    assert kept[-1] == "created"
    assert len(proven_ledger(paying_runtime.database, paid_order.draft.account_id)) == 1

    fault.cancel()
    after = ReconciliationService.over(paying_runtime).reconcile()
    assert (after.findings, after.unanswered) == ((), ())
    if path == "/v1/refunds":
        assert [one.status for one in refunds.of_order(paid_order.id)] == [RefundStatus.DONE]
    else:
        resumed = OrderStatus.OPEN if path == "/v1/checkout/sessions" else OrderStatus.PAID
        assert payments.list_orders()[0].status is resumed
    executed = [one for one in sandbox.requests if one.executed and (one.method, one.path) == ("POST", path)]
    assert len(executed) == (2 if path == "/v1/checkout/sessions" else 1), "One, and the one that was paid before."
