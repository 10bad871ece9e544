"""Every kind of entry is explained by what is stored about it, and nothing that belongs to another one."""

from dataclasses import replace

import pytest

from services.accounts import AccountService
from services.balance import BalanceService
from services.database import Database
from services.discounts import DiscountService
from services.domain.checkout import Order, Paid
from services.domain.refund import Refund, RefundOrigin, StripeRefund
from services.errors import NotFound
from services.explanations import Explanation, ExplanationService, StripeObject
from services.orders import OrderService
from services.refund_records import RefundDraft, RefundRecords
from services.runtime import Runtime
from tests.clock import ManualClock
from tests.fakes import FakeGateway
from tests.stores.drafts import access_draft, no_request


@pytest.fixture
def explanations(runtime: Runtime) -> ExplanationService:
    for name in ("maria", "ben"):
        AccountService.over(runtime).create(f"{name}@example.com")
    return ExplanationService.over(runtime)


@pytest.fixture
def balance(runtime: Runtime) -> BalanceService:
    return BalanceService.over(runtime)


def paid_order(runtime: Runtime, account_id: int = 1) -> Order:
    orders = OrderService.over(runtime)
    DiscountService.over(runtime).create(f"SAVE{account_id}", amount_off_cents=999)
    order = orders.create(access_draft(account_id, discount_code=f"SAVE{account_id}", discount_cents=999), no_request)
    request = {
        "line_items": [{"price_data": {"unit_amount": 2000, "currency": "usd"}}],
        "client_reference_id": order.reference,
    }
    session = replace(
        FakeGateway().create_checkout_session(request, order.idempotency_key),
        id=f"cs_test_{account_id}",
        payment_intent_id=f"pi_{account_id}",
        customer_id=f"cus_{account_id}",
    )
    return orders.settle(orders.opened(order, session), session, Paid(2000, 0))


def refunded(runtime: Runtime, order: Order) -> Refund:
    records = RefundRecords.over(runtime)
    draft = RefundDraft(order.id, 500, "kind word", f"k{order.id}", RefundOrigin.DESK, "0123456789ab")
    refund, _ = records.create(draft)
    return records.done(refund, f"re_{order.id}")


def explained(explanations: ExplanationService, transaction_id: int | None) -> Explanation:
    assert transaction_id is not None
    return explanations.explain(transaction_id)


def test_a_usage_stands_for_itself(explanations: ExplanationService, balance: BalanceService) -> None:
    explanation = explained(explanations, balance.deduct(1, 7, "SMS").transaction_id)
    assert (explanation.entry.description, explanation.account.email) == ("SMS", "maria@example.com")
    assert (explanation.order, explanation.order_entries, explanation.refund) == (None, (), None)
    assert (explanation.reverses, explanation.reversed_by) == (None, None)
    assert (explanation.audit, explanation.stripe) == ((), ())


def test_a_correction_names_who_made_it_and_why(explanations: ExplanationService, balance: BalanceService) -> None:
    # the same moment on the same account, and on another one: each has its own row
    first, second, _ = (
        balance.add_credits(account_id, 500, text) for account_id, text in ((1, "a"), (1, "b"), (2, "c"))
    )
    for result, text in ((first, "a"), (second, "b")):
        (change,) = explained(explanations, result.transaction_id).audit
        assert (change.actor, change.action, change.reason) == ("anna", "adjust", text)


def test_a_reversal_and_what_it_takes_back_name_each_other(
    explanations: ExplanationService, balance: BalanceService
) -> None:
    usage_id = balance.deduct(1, 7, "SMS").transaction_id
    assert usage_id is not None
    reversal = explained(explanations, balance.reverse(usage_id, "sent twice").transaction_id)
    usage = explained(explanations, usage_id)
    assert reversal.reverses == usage.entry
    assert usage.reversed_by == reversal.entry
    assert (reversal.reversed_by, usage.reverses) == (None, None)
    assert [change.action for change in reversal.audit] == ["reverse"]
    assert usage.audit == ()


def test_a_purchase_has_its_order_its_price_and_its_pages_at_stripe(
    explanations: ExplanationService, balance: BalanceService, runtime: Runtime
) -> None:
    order, other = paid_order(runtime), paid_order(runtime, account_id=2)
    (entry,) = balance.entries_of_order(order.id)
    explanation = explanations.explain(entry.id)
    assert explanation.order == order
    assert (order.draft.base_cents, order.draft.discount_code, order.draft.total_cents) == (2999, "SAVE1", 2000)
    assert explanation.order_entries == (entry,)
    assert explanation.stripe == (
        StripeObject("checkout session", "cs_test_1", "https://dashboard.stripe.com/test/search?query=cs_test_1"),
        StripeObject("payment", "pi_1", "https://dashboard.stripe.com/test/payments/pi_1"),
        StripeObject("customer", "cus_1", "https://dashboard.stripe.com/test/customers/cus_1"),
    )
    assert other.id not in {related.order_id for related in explanation.order_entries}


def test_a_refund_and_its_return_have_the_refund_and_who_made_it(
    explanations: ExplanationService, balance: BalanceService, runtime: Runtime, clock: ManualClock
) -> None:
    order = paid_order(runtime)
    clock.advance(minutes=1)
    refund = refunded(runtime, order)
    purchase, taken = balance.entries_of_order(order.id)
    explanation = explanations.explain(taken.id)
    assert (explanation.refund, explanation.entry.amount_cents) == (refund, -500)
    assert [change.action for change in explanation.audit] == ["refund"]
    assert explanation.stripe[-1] == StripeObject(
        "refund", "re_1", "https://dashboard.stripe.com/test/search?query=re_1"
    )
    assert explanations.explain(purchase.id).refund is None
    clock.advance(minutes=1)
    failed = StripeRefund("re_1", 500, "usd", "failed", "pi_1", refund.reference, "lost_or_stolen_card")
    RefundRecords.over(runtime).returned(refund, failed)
    returned = explanations.explain(balance.entries_of_order(order.id)[-1].id)
    assert returned.refund is not None
    assert (returned.refund.id, returned.reverses) == (refund.id, taken)
    assert [change.action for change in returned.audit] == ["refund", "reverse"]


def test_a_sandbox_has_no_pages(database: Database, runtime: Runtime, explanations: ExplanationService) -> None:
    order = paid_order(runtime)
    (entry,) = BalanceService.over(runtime).entries_of_order(order.id)
    found = ExplanationService(database, dashboard=False).explain(entry.id).stripe
    assert [(there.id, there.url) for there in found] == [("cs_test_1", None), ("pi_1", None), ("cus_1", None)]


@pytest.mark.parametrize("transaction_id", [99, 0, -1, 2**63, True])
def test_an_entry_that_is_not_there_is_named(transaction_id: int, explanations: ExplanationService) -> None:
    with pytest.raises(NotFound, match="There is no entry"):
        explanations.explain(transaction_id)
