"""Many processes refund one order at once: never more than was paid goes back."""

from functools import partial

import pytest

from services.database import Database
from services.domain.refund import RefundStatus
from services.payments import PaymentService
from services.refunds import RefundResult, RefundService
from services.runtime import Runtime
from services.sandbox import Sandbox
from tests.crew import Start, desk, race
from tests.ledger import proven_ledger
from tests.proof import assert_verified

PROCESSES = 8


def refund_once(
    url: str, stripe: tuple[str, str], order_id: int, amount_cents: int, key: str, start: Start
) -> RefundResult:
    """Refunds a part of an order that others refund too."""
    with desk(url, "anna", stripe) as runtime:
        refunds = RefundService.over(runtime)
        refunds.of_order(order_id)
        start()
        return refunds.refund(order_id, amount_cents, "late", idempotency_key=key)


def act_once(url: str, stripe: tuple[str, str], order_id: int, at_stripe: str, start: Start) -> int | None:
    """Records a refund of the dashboard that others record too; answers with the entry that it made."""
    with desk(url, "anna", stripe) as runtime:
        refunds = RefundService.over(runtime)
        refunds.of_order(order_id)
        start()
        return refunds.record(order_id, at_stripe).transaction_id


@pytest.fixture
async def paid(paying_runtime: Runtime, sandbox: Sandbox, account_id: int) -> int:
    """An order of $30.00 that was paid and credited."""
    payments = PaymentService.over(paying_runtime)
    result = await payments.create_topup_checkout(account_id, 3000)
    sandbox.pay(result.transaction_id or "")
    return (await payments.refresh_order(result.order_id or 0)).id


async def test_three_of_eight_tens_fit_into_thirty(
    paying_runtime: Runtime, database: Database, database_url: str, account_id: int, paid: int, sandbox: Sandbox
) -> None:
    stripe = (sandbox.secret_key, sandbox.api_base)
    refunds = race(partial(refund_once, database_url, stripe, paid, 1000, f"k{n}") for n in range(PROCESSES))
    assert refunds.most_at_once > 1, "The processes did not refund at the same time."
    refused = [answer for answer in refunds.answers if not answer.success]
    sentence = f"Order {paid} was paid $30.00, and $0.00 of it can still be refunded."
    assert [answer.refund for answer in refused] == [None] * (PROCESSES - 3)
    assert {answer.error for answer in refused} == {sentence}
    stored = RefundService.over(paying_runtime).of_order(paid)
    assert [refund.status for refund in stored] == [RefundStatus.DONE] * 3
    assert sandbox.payments[-1].refunded_cents == 3000
    assert [row.amount_cents for row in proven_ledger(database, account_id)] == [3000, -1000, -1000, -1000]
    assert_verified(database)


async def test_one_key_from_many_processes_is_one_refund(
    paying_runtime: Runtime, database: Database, database_url: str, account_id: int, paid: int, sandbox: Sandbox
) -> None:
    stripe = (sandbox.secret_key, sandbox.api_base)
    refunds = race(partial(refund_once, database_url, stripe, paid, 1000, "form-1") for _ in range(PROCESSES))
    assert refunds.most_at_once > 1, "The processes did not refund at the same time."
    assert len({answer.refund.id for answer in refunds.answers if answer.refund is not None}) == 1
    assert [answer.success for answer in refunds.answers if answer.refund is None] == []
    (refund,) = RefundService.over(paying_runtime).of_order(paid)
    assert refund.status is RefundStatus.DONE
    assert [refund.amount_cents for refund in sandbox.payments[-1].refunds] == [1000]
    assert [row.amount_cents for row in proven_ledger(database, account_id)] == [3000, -1000]
    assert_verified(database)


async def test_a_refund_of_the_dashboard_is_recorded_by_one_process(
    database: Database, database_url: str, account_id: int, paid: int, sandbox: Sandbox
) -> None:
    stripe = (sandbox.secret_key, sandbox.api_base)
    at_stripe = sandbox.refund(sandbox.payments[-1].id, 700)
    acts = race(partial(act_once, database_url, stripe, paid, at_stripe) for _ in range(PROCESSES))
    assert acts.most_at_once > 1, "The processes did not record at the same time."
    _, entry = proven_ledger(database, account_id)
    assert set(acts.answers) == {entry.id}
    assert entry.amount_cents == -700
    assert_verified(database)
