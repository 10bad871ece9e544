from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.domain.checkout import (
    UNSETTLED,
    WAITING,
    Channel,
    Expired,
    NeedsReview,
    Order,
    OrderDraft,
    OrderPurpose,
    OrderStatus,
    Paid,
    StillOpen,
    StripeSession,
    charge_refusal,
    checkout_request,
    judge,
    purpose_title,
)
from services.domain.ledger import TransactionKind
from services.domain.pricing import PriceMode

NOW = datetime(2026, 11, 23, 14, 3, 7, tzinfo=UTC)

ACCESS = OrderDraft(
    account_id=7,
    purpose=OrderPurpose.INITIAL_ACCESS,
    currency="usd",
    livemode=False,
    price_version=3,
    price_mode=PriceMode.LAUNCH,
    base_cents=2999,
    discount_code="SAVE10",
    discount_cents=300,
    total_cents=2699,
    credit_cents=None,
)
TOP_UP = replace(
    ACCESS,
    purpose=OrderPurpose.TOP_UP,
    price_version=None,
    price_mode=None,
    base_cents=1000,
    discount_code=None,
    discount_cents=0,
    total_cents=1000,
    credit_cents=1000,
)
ORDER = Order(
    id=42,
    draft=ACCESS,
    status=OrderStatus.OPEN,
    status_reason=None,
    reference="paydesk_42",
    idempotency_key="checkout_42",
    request={},
    session_id="cs_test_42",
    checkout_url="https://checkout.stripe.com/42",
    expires_at=NOW + timedelta(hours=24),
    stripe_customer_id=None,
    payment_intent_id=None,
    paid_cents=None,
    promotion_cents=0,
    actor="anna",
    created_at=NOW,
    settled_at=None,
)
OPEN = StripeSession(
    id="cs_test_42",
    url="https://checkout.stripe.com/42",
    status="open",
    payment_status="unpaid",
    amount_total_cents=2699,
    amount_discount_cents=0,
    currency="usd",
    livemode=False,
    client_reference_id="paydesk_42",
    customer_id=None,
    payment_intent_id=None,
    expires_at=NOW + timedelta(hours=24),
)
PAID = replace(OPEN, url=None, status="complete", payment_status="paid", payment_intent_id="pi_42")


def request(
    draft: OrderDraft, *, allow_promotion_codes: bool = True, stripe_customer_id: str | None = None
) -> dict[str, Any]:
    return checkout_request(
        draft,
        order_id=42,
        reference="paydesk_42",
        product_name="Thunderbird Access",
        success_url="https://shop/ok?session_id={CHECKOUT_SESSION_ID}",
        cancel_url="https://shop/no",
        allow_promotion_codes=allow_promotion_codes,
        stripe_customer_id=stripe_customer_id,
    )


def test_the_request_of_an_initial_purchase_to_the_letter() -> None:
    assert request(ACCESS) == {
        "mode": "payment",
        "line_items": [
            {
                "price_data": {
                    "currency": "usd",
                    "unit_amount": 2699,
                    "product_data": {"name": "Thunderbird Access"},
                },
                "quantity": 1,
            }
        ],
        "payment_intent_data": {"setup_future_usage": "off_session"},
        "allow_promotion_codes": True,
        "metadata": {"account_id": "7", "order_id": "42", "purchase_type": "initial_access"},
        "client_reference_id": "paydesk_42",
        "customer_creation": "always",
        "success_url": "https://shop/ok?session_id={CHECKOUT_SESSION_ID}",
        "cancel_url": "https://shop/no",
    }


def test_a_known_customer_takes_the_place_of_a_new_one() -> None:
    expected = request(ACCESS) | {"customer": "cus_1"}
    del expected["customer_creation"]
    assert request(ACCESS, stripe_customer_id="cus_1") == expected


def test_without_promotion_codes_the_parameter_is_left_out() -> None:
    expected = request(ACCESS)
    del expected["allow_promotion_codes"]
    assert request(ACCESS, allow_promotion_codes=False) == expected


def test_the_request_of_a_top_up_allows_nothing_to_be_taken_off() -> None:
    top_up = request(TOP_UP)
    assert "allow_promotion_codes" not in top_up
    assert top_up["metadata"] == {"account_id": "7", "order_id": "42", "purchase_type": "top_up"}
    assert top_up["line_items"] == [
        {
            "price_data": {
                "currency": "usd",
                "unit_amount": 1000,
                "product_data": {"name": "Thunderbird Access credit"},
            },
            "quantity": 1,
        }
    ]


def test_each_purpose_has_its_title_and_its_kind_of_entry() -> None:
    assert [purpose_title(purpose, "X") for purpose in OrderPurpose] == ["X", "X credit"]
    assert OrderPurpose.INITIAL_ACCESS.transaction_kind is TransactionKind.PURCHASE
    assert OrderPurpose.TOP_UP.transaction_kind is TransactionKind.TOP_UP


def test_a_paid_order_credits_what_was_paid_unless_it_says_otherwise() -> None:
    assert ACCESS.credit_for(2159) == 2159
    assert replace(ACCESS, credit_cents=500).credit_for(2159) == 500
    assert replace(ACCESS, credit_cents=0).credit_for(2159) == 0


@pytest.mark.parametrize("status", ["open", "complete"])
def test_an_unpaid_session_waits_even_when_it_is_complete(status: str) -> None:
    assert judge(ORDER, replace(OPEN, status=status)) == StillOpen()


def test_a_paid_session_that_adds_up_is_paid() -> None:
    assert judge(ORDER, PAID) == Paid(2699, 0)


def test_an_amount_that_stripes_own_promotion_explains_is_paid() -> None:
    promoted = replace(PAID, amount_total_cents=2159, amount_discount_cents=540)
    assert judge(ORDER, promoted) == Paid(2159, 540)


@pytest.mark.parametrize(
    ("session", "named"),
    [
        (replace(PAID, amount_total_cents=2698), "amount: Stripe has $26.98, the order has $26.99"),
        (replace(PAID, amount_total_cents=2700), "amount: Stripe has $27.00, the order has $26.99"),
        (replace(PAID, amount_discount_cents=540), "amount: Stripe has $26.99, the order has $21.59"),
        (replace(PAID, currency="eur"), "currency: Stripe has eur, the order has usd"),
        (replace(PAID, livemode=True), "live mode"),
        (replace(PAID, client_reference_id="paydesk_43"), "reference"),
        (replace(PAID, client_reference_id=None), "reference"),
        (replace(OPEN, currency="eur"), "currency"),
    ],
)
def test_a_session_that_does_not_add_up_is_for_a_person(session: StripeSession, named: str) -> None:
    verdict = judge(ORDER, session)
    assert isinstance(verdict, NeedsReview)
    assert named in verdict.reason


def test_every_difference_is_named() -> None:
    verdict = judge(ORDER, replace(PAID, currency="eur", amount_total_cents=1))
    assert isinstance(verdict, NeedsReview)
    assert "currency" in verdict.reason
    assert "amount" in verdict.reason


def test_an_expired_session_ends_the_order() -> None:
    assert judge(ORDER, replace(OPEN, status="expired", url=None)) == Expired()


def test_nothing_to_pay_counts_only_when_nothing_is_due() -> None:
    free = replace(PAID, payment_status="no_payment_required", payment_intent_id=None)
    assert judge(ORDER, replace(free, amount_total_cents=0, amount_discount_cents=2699)) == Paid(0, 2699)
    assert judge(ORDER, free) == StillOpen()
    assert isinstance(judge(ORDER, replace(free, amount_total_cents=0)), NeedsReview)
    promoted = replace(free, amount_total_cents=0, amount_discount_cents=2699, status="open")
    assert judge(ORDER, promoted) == StillOpen()


@pytest.mark.parametrize("cents", [0, 50, 2699, 99_999_999])
def test_what_stripe_charges_is_not_refused(cents: int) -> None:
    assert charge_refusal(cents) is None


@pytest.mark.parametrize(("cents", "sentence"), [(1, "would be $0.01"), (49, "would be $0.49"), (10**8, "above $9999")])
def test_what_stripe_would_not_charge_is_refused_with_the_reason(cents: int, sentence: str) -> None:
    assert sentence in (charge_refusal(cents) or "")


def test_what_is_left_to_refund() -> None:
    assert ORDER.refundable_cents == 0
    paid = replace(ORDER, status=OrderStatus.PAID, paid_cents=2699)
    assert [replace(paid, refunded_cents=cents).refundable_cents for cents in (0, 1, 2699)] == [2699, 2698, 0]


def test_a_top_up_credits_what_it_costs_on_either_channel() -> None:
    for channel in Channel:
        draft = OrderDraft.top_up(7, 1000, currency="usd", livemode=False, channel=channel)
        assert draft == replace(TOP_UP, channel=channel)
    assert TOP_UP.channel is Channel.CHECKOUT


def test_an_order_that_a_person_looks_at_may_still_be_settled() -> None:
    assert OrderStatus.NEEDS_REVIEW in UNSETTLED - WAITING
    assert UNSETTLED.isdisjoint({OrderStatus.PAID, OrderStatus.EXPIRED, OrderStatus.FAILED})
