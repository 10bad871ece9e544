from dataclasses import replace

import pytest

from services.domain.card import Card, SavedCard
from services.domain.charge import StripeIntent, charge_request, judge_charge
from services.domain.checkout import Channel, Declined, NeedsReview, Paid, StillOpen
from tests.domain.test_checkout import NOW, ORDER, TOP_UP

CHARGE = replace(ORDER, draft=replace(TOP_UP, channel=Channel.SAVED_CARD), session_id=None, payment_intent_id="pi_1")
INTENT = StripeIntent(
    id="pi_1",
    status="succeeded",
    amount_cents=1000,
    received_cents=1000,
    refunded_cents=0,
    currency="usd",
    livemode=False,
    reference="paydesk_42",
    customer_id="cus_1",
    card=None,
    decline_code=None,
    decline_reason=None,
    created_at=NOW,
)


def test_a_charge_that_adds_up_is_paid() -> None:
    assert judge_charge(CHARGE, INTENT) == Paid(1000, 0)
    assert judge_charge(CHARGE, replace(INTENT, refunded_cents=1000)) == Paid(1000, 0)


@pytest.mark.parametrize("status", ["processing", "requires_capture"])
def test_a_charge_that_the_bank_has_is_waited_for(status: str) -> None:
    assert judge_charge(CHARGE, replace(INTENT, status=status, received_cents=0)) == StillOpen()


@pytest.mark.parametrize("status", ["requires_payment_method", "requires_action", "requires_confirmation", "canceled"])
def test_a_charge_that_nobody_will_complete_is_declined(status: str) -> None:
    over = replace(INTENT, status=status, received_cents=0)
    assert judge_charge(CHARGE, over) == Declined(status, "The card was not charged.")
    told = replace(over, decline_code="insufficient_funds", decline_reason="Not enough.")
    assert judge_charge(CHARGE, told) == Declined("insufficient_funds", "Not enough.")


@pytest.mark.parametrize(
    ("intent", "named"),
    [
        (replace(INTENT, amount_cents=999), "amount: Stripe has $9.99, the order has $10.00"),
        (replace(INTENT, received_cents=999), "another amount received"),
        (replace(INTENT, currency="eur"), "currency: Stripe has eur, the order has usd"),
        (replace(INTENT, livemode=True), "live mode"),
        (replace(INTENT, reference=None), "reference"),
        (replace(INTENT, reference="paydesk_43"), "reference"),
        (replace(INTENT, status="canceled", amount_cents=1), "amount"),
    ],
)
def test_a_charge_that_does_not_add_up_is_for_a_person(intent: StripeIntent, named: str) -> None:
    verdict = judge_charge(CHARGE, intent)
    assert isinstance(verdict, NeedsReview)
    assert named in verdict.reason


def test_the_request_of_a_charge_to_the_letter() -> None:
    saved = SavedCard(7, "cus_1", False, Card("pm_1", "visa", "4242", 1, 2031))
    assert charge_request(CHARGE.draft, saved, order_id=42, reference="paydesk_42", description="Access credit") == {
        "amount": 1000,
        "currency": "usd",
        "customer": "cus_1",
        "payment_method": "pm_1",
        "confirm": True,
        "off_session": True,
        "error_on_requires_action": True,
        "description": "Access credit",
        "metadata": {
            "account_id": "7",
            "order_id": "42",
            "purchase_type": "top_up",
            "reference": "paydesk_42",
        },
    }
